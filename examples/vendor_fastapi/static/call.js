// A call of two browsers, with AllianceKit's element beside it. The four places that know of AllianceKit say so.
import { connectSide } from "/alliance/v1/plugins/webrtc/side.js"; // AllianceKit: who is here, and hints

const { who, role, visit } = document.body.dataset;
const $ = (selector) => document.querySelector(selector);
const name = $("#status").dataset.name;
const say = (text) => { $("#status").textContent = text; };
const here = `/${who}/visits/${visit}`;

let stream = new MediaStream();
let peer, signal, side;

const state = (to) => { document.body.dataset.state = to; };
const over = () => document.body.dataset.state === "over";
const send = (message) => { if (signal?.readyState === WebSocket.OPEN) signal.send(JSON.stringify(message)); };

// Without a camera the call is by voice; without a microphone one can still see and hear.
async function openMedia() {
  for (const wanted of [{ audio: true, video: { width: 640, height: 360 } }, { audio: true }]) {
    try { return await navigator.mediaDevices.getUserMedia(wanted); } catch (error) { console.info("media:", error.name); }
  }
  return new MediaStream();
}

function newPeer() {
  peer?.close();
  peer = new RTCPeerConnection({ iceServers: [] }); // yours: your STUN and TURN servers
  for (const kind of ["audio", "video"]) {
    const track = stream.getTracks().find((one) => one.kind === kind);
    if (track) peer.addTrack(track, stream);
    else if (role === "therapist") peer.addTransceiver(kind, { direction: "recvonly" });
  }
  peer.onicecandidate = ({ candidate }) => candidate && send({ candidate });
  peer.ontrack = ({ streams, track }) => {
    $("#remote").srcObject = streams[0] ?? new MediaStream([...($("#remote").srcObject?.getTracks() ?? []), track]);
  };
  peer.onconnectionstatechange = () => {
    if (over()) return;
    const together = peer.connectionState === "connected";
    state(together ? "together" : "alone");
    say(together ? `You are with ${name}.` : `Waiting for ${name}.`);
  };
  return peer;
}

// The therapist offers, the client answers: two offers can never cross.
async function onSignal(message) {
  if (over()) return;
  if (message.over) finish(`${name} has hung up.`);
  else if (message.here === false) { state("alone"); say(`Waiting for ${name}.`); }
  else if (message.here && role === "therapist") {
    const connection = newPeer();
    await connection.setLocalDescription(await connection.createOffer());
    send({ description: connection.localDescription });
  } else if (message.description?.type === "offer") {
    const connection = newPeer();
    await connection.setRemoteDescription(message.description);
    await connection.setLocalDescription(await connection.createAnswer());
    send({ description: connection.localDescription });
  } else if (message.description) await peer.setRemoteDescription(message.description);
  else if (message.candidate) await peer?.addIceCandidate(message.candidate);
}

function openSignal() {
  const url = new URL(`${here}/room`, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  signal = new WebSocket(url);
  // One after the other: a candidate must not overtake the description that it belongs to.
  let chain = Promise.resolve();
  signal.onmessage = ({ data }) => {
    chain = chain.then(() => onSignal(JSON.parse(data))).catch((error) => console.warn("signalling:", error.name));
  };
  signal.onclose = () => { if (!over()) setTimeout(openSignal, 1000); };
}

function finish(text) {
  if (over()) return;
  state("over");
  say(text);
  peer?.close();
  signal?.close();
  for (const track of stream.getTracks()) track.stop();
  side?.setConsent(false); // AllianceKit: the side connection stays, for the questions after the call
  $(".after h1").scrollIntoView();
}

function toggle(id, kind, on, off) {
  const button = $(id);
  const track = stream.getTracks().find((one) => one.kind === kind);
  button.disabled = !track;
  button.addEventListener("click", () => {
    track.enabled = !track.enabled;
    button.textContent = track.enabled ? on : off;
    button.setAttribute("aria-pressed", String(!track.enabled));
  });
}

async function main() {
  const element = $("alliance-feedback");
  element.addEventListener("ak-answered", () => { // AllianceKit: the answers are stored
    if (over()) $("#thanks").textContent = "Thank you, that is all.";
  });
  if (over()) { say("This visit is over."); return; }
  say(`Waiting for ${name}.`);
  stream = await openMedia();
  $("#local").srcObject = stream;
  toggle("#microphone", "audio", "Mute", "Unmute");
  toggle("#camera", "video", "Camera off", "Camera on");
  $("#leave").addEventListener("click", () => {
    send({ over: true });
    finish("You have hung up.");
    fetch(`${here}/end`, { method: "POST" }).catch(() => say("You have hung up; Birch Lane could not be told."));
  });
  openSignal();
  $("#consent").addEventListener("change", ({ target }) => side?.setConsent(target.checked));
  side = await connectSide({ // AllianceKit: with both sides' consent it hears who speaks, and never what
    token: element.getAttribute("token"), baseUrl: "/alliance", microphone: stream.getAudioTracks()[0] ?? null, element,
  });
  side.setConsent($("#consent").checked);
}

main().catch((error) => console.warn("call:", error.name));
