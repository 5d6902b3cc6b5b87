import { bridge } from "SERVICE/v1/plugins/bridge/bridge.js";
import { platforms } from "/fakes.js";

const query = new URLSearchParams(location.search);
const name = query.get("platform");
window.states = [];
window.pressed = [];
const options = { token: location.hash.slice(1), onState: (state) => states.push(state) };
if (query.has("consent")) options.consent = true;
if (query.has("into")) options.into = document.querySelector("#questions");
if (query.has("avoid")) options.avoid = query.get("avoid");
if (query.has("own")) document.querySelector("#questions").append(document.createElement("alliance-feedback"));
if (query.has("rtl")) document.documentElement.dir = "rtl";
window.platform = platforms[name]?.();
if (query.has("early")) platform.join();
window.call = bridge(options);
if (platform) call[name](platform.sdk, JSON.parse(query.get("more") ?? "{}"));
document.querySelector("#leave").addEventListener("click", () => {
  pressed.push("leave");
  platform?.leave();
});
document.querySelector("#microphone").addEventListener("click", () => document.querySelector("main").requestFullscreen());
window.ready = true;
