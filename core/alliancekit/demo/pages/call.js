// The demo's call page: a two-party call, peer to peer, with the feedback element and its side connection.
import { connectSide } from "/v1/plugins/webrtc/side.js";

const role = new URLSearchParams(location.search).get("role") === "client" ? "client" : "therapist";
const other = role === "client" ? "therapist" : "client";
const $ = (selector) => document.querySelector(selector);
const element = $("alliance-feedback");
const say = (text) => { $("#status").textContent = text; };

const WORDS = {
  client: {
    beside: "Short questions appear here, never over the picture. You may skip every one of them.",
    ended: "If you like, answer a few quick questions. You can close this page at any time.",
    answered: "Thank you, that is all. You can close this page now.",
  },
  therapist: {
    beside: "After the call you are asked for your own view, here. During the call you can ask the client for a pulse: one tap, and they may skip it.",
    ended: "Your own view belongs beside the client’s: a few quick questions. What the client shares with you appears on your page.",
    answered: "Thank you. Your answers are on your page, beside what the client shares.",
  },
}[role];
const PULSE_TOLD = {
  open: "The client is asked for a pulse: one tap.",
  answered: "The client has answered the pulse. If they share it, it is on your page.",
  dismissed: "The client would rather not answer now.",
  expired: "No answer came. That is all right.",
  cancelled: "No answer came. That is all right.",
};
const PULSE_LOOK_MS = 2000;

let join, stream, peer, signal, side;
let over = false;

async function post(path, body) {
  const reply = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body ?? {}) });
  if (!reply.ok) throw new Error(`${path} answered ${reply.status}`);
  return reply.status === 204 ? null : reply.json();
}

// Without a camera the call is by voice; without a microphone the person can still see and hear.
async function openMedia() {
  for (const wanted of [{ audio: true, video: { width: 640, height: 360 } }, { audio: true }]) {
    try { return await navigator.mediaDevices.getUserMedia(wanted); } catch (error) { console.info("media:", error.name); }
  }
  say("No microphone or camera: you can watch and listen.");
  return new MediaStream();
}

function newPeer() {
  peer?.close();
  peer = new RTCPeerConnection({ iceServers: [] });
  for (const kind of ["audio", "video"]) {
    const track = stream.getTracks().find((t) => t.kind === kind);
    // Only tracks added this way take their place in the other side's offer.
    if (track) peer.addTrack(track, stream);
    else if (role === "therapist") peer.addTransceiver(kind, { direction: "recvonly" });
  }
  peer.onicecandidate = ({ candidate }) => candidate && send({ candidate });
  peer.ontrack = ({ streams, track }) => {
    const remote = $("#remote");
    if (streams[0]) remote.srcObject = streams[0];
    else remote.srcObject = new MediaStream([...(remote.srcObject?.getTracks() ?? []), track]);
  };
  peer.onconnectionstatechange = () => {
    if (over) return;
    const together = peer.connectionState === "connected";
    document.body.dataset.state = together ? "together" : "alone";
    if (together) say(`In the call with the ${other}.`);
    else if (["disconnected", "failed"].includes(peer.connectionState)) say(`The connection to the ${other} was lost. Waiting for them.`);
  };
  return peer;
}

const send = (message) => { if (signal?.readyState === WebSocket.OPEN) signal.send(JSON.stringify(message)); };

// The therapist offers, the client answers: with fixed parts the two offers can never cross.
async function offer() {
  const connection = newPeer();
  await connection.setLocalDescription(await connection.createOffer());
  send({ description: connection.localDescription });
}

async function onSignal(message) {
  if (message.type === "peer" && message.here && role === "therapist") await offer();
  else if (message.type === "peer" && !message.here && !over) {
    document.body.dataset.state = "alone";
    say(`The ${other} is not here. Waiting for them.`);
  } else if (message.type === "over") finish(`The ${other} ended the call.`);
  else if (message.description?.type === "offer") {
    const connection = newPeer();
    await connection.setRemoteDescription(message.description);
    await connection.setLocalDescription(await connection.createAnswer());
    send({ description: connection.localDescription });
  } else if (message.description) await peer.setRemoteDescription(message.description);
  else if (message.candidate) await peer?.addIceCandidate(message.candidate);
}

function openSignal() {
  const url = new URL("/demo/signal", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  signal = new WebSocket(url);
  signal.onopen = () => signal.send(JSON.stringify({ type: "hello", token: join.seat }));
  // Messages are handled one after the other: a candidate must not overtake the description it belongs to.
  let chain = Promise.resolve();
  signal.onmessage = ({ data }) => { chain = chain.then(() => onSignal(JSON.parse(data))).catch((error) => console.warn("signalling:", error.name)); };
  signal.onclose = () => { if (!over) setTimeout(openSignal, 1000); };
}

function finish(text) {
  if (over) return;
  over = true;
  peer?.close();
  for (const track of stream.getTracks()) track.stop();
  $(".stage").hidden = true;
  $(".aftermath").hidden = false;
  $(".thanks").textContent = WORDS.ended;
  $(".links").hidden = role === "client";
  $("#asked").textContent = $(".beside").textContent = "";
  document.body.dataset.state = "ended";
  say(text);
  // The side connection stays for the end-of-call check-in, without the microphone.
  side?.setConsent(false);
}

/** The button says what a press does. */
function toggle(button, kind, off, on) {
  const track = stream.getTracks().find((t) => t.kind === kind);
  button.addEventListener("click", () => {
    track.enabled = !track.enabled;
    button.textContent = track.enabled ? off : on;
    button.classList.toggle("off", !track.enabled);
  });
  button.disabled = !track;
}

/** Asks for a pulse, then tells the therapist what became of it; the answer itself is on their page only. */
async function askPulse() {
  const told = $("#asked");
  $("#pulse").disabled = true;
  try {
    const { prompts } = await post("/demo/pulse", { session: join.session });
    if (!prompts.length) {
      told.textContent = "Not asked: the client has a question open already, or wants none during calls.";
      return;
    }
    for (let status = "open"; status === "open" && !over;) {
      told.textContent = PULSE_TOLD[status];
      await new Promise((resolve) => setTimeout(resolve, PULSE_LOOK_MS));
      ({ status } = await post("/demo/pulse/status", { session: join.session, prompt: prompts[0] }));
      if (!over) told.textContent = PULSE_TOLD[status];
    }
  } catch (error) {
    console.warn("pulse:", error.name);
    if (!over) told.textContent = "The service did not answer. You can try again.";
  } finally {
    $("#pulse").disabled = false;
  }
}

async function main() {
  $(".who").textContent = role === "client" ? "You are the client" : "You are the therapist";
  join = await post("/demo/join", { role });
  stream = await openMedia();
  $("#local").srcObject = stream;
  toggle($("#microphone"), "audio", "Mute", "Unmute");
  toggle($("#camera"), "video", "Camera off", "Camera on");
  $(".beside").textContent = WORDS.beside;
  element.addEventListener("ak-answered", () => { if (over) $(".thanks").textContent = WORDS.answered; });
  element.setAttribute("src", location.origin);
  element.setAttribute("token", join.token);
  side = await connectSide({ token: join.token, baseUrl: location.origin, microphone: stream.getAudioTracks()[0] ?? null, element });
  $("#consent").addEventListener("change", (event) => side.setConsent(event.target.checked));
  $("#hangup").addEventListener("click", () => {
    finish("You ended the call.");
    send({ type: "over" });
    post("/demo/end", { session: join.session }).catch(() => say("The call has ended; the service could not be told."));
  });
  if (role === "therapist") {
    $("#pulse").hidden = false;
    $("#pulse").addEventListener("click", askPulse);
  }
  openSignal();
  document.body.dataset.state = "alone";
  say(`Waiting for the ${other}.`);
}

main().catch((error) => { console.error(error); say("The demo could not start here. Reload the page to try again."); });
