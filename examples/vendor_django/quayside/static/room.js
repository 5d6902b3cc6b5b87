/** A call of two browsers over plain HTTP. What belongs to AllianceKit stands in `feedback` and where `there` is used. */
const { role, alliance } = document.body.dataset;
const $ = (selector) => document.querySelector(selector);
const status = $("#status");
const POLL_MS = 500;
const GATHER_MS = 2000;
let stream = new MediaStream();
let peer = null;
let after = 0;
let attempt = ""; // which page of the client the connection is with
const page = crypto.randomUUID();

const state = (to) => { document.body.dataset.state = to; };
const over = () => document.body.dataset.state === "over";
const post = (path, body) => fetch(path, {
  method: "POST",
  headers: { "X-CSRFToken": $("[name=csrfmiddlewaretoken]").value, "Content-Type": "application/json" },
  body: JSON.stringify(body ?? {}),
  keepalive: true,
});

/** AllianceKit hears from this page who is there; without it the call goes on. */
async function feedback() {
  const token = $("alliance-feedback").getAttribute("token");
  const { bridge } = await import(`${alliance}/v1/plugins/bridge/bridge.js`);
  return bridge({ token });
}
const there = feedback().catch(() => null);

async function openMedia() {
  for (const wanted of [{ audio: true, video: { width: 640, height: 360 } }, { audio: true }]) {
    try { return await navigator.mediaDevices.getUserMedia(wanted); } catch { /* then with less */ }
  }
  return new MediaStream();
}

function connect(withPage) {
  peer?.close();
  attempt = withPage;
  peer = new RTCPeerConnection({ iceServers: [] }); // yours: your STUN and TURN servers
  for (const kind of ["audio", "video"]) {
    const track = stream.getTracks().find((one) => one.kind === kind);
    if (track) peer.addTrack(track, stream);
    else if (role === "therapist") peer.addTransceiver(kind, { direction: "recvonly" });
  }
  peer.ontrack = ({ streams }) => { $("#remote").srcObject = streams[0]; };
  peer.onconnectionstatechange = () => {
    if (over()) return;
    const together = peer.connectionState === "connected";
    state(together ? "together" : "call");
    status.textContent = together ? `You are with ${status.dataset.name}.` : `Waiting for ${status.dataset.name}.`;
  };
  return peer;
}

/** Says what was agreed with all its addresses in one message: single ones could come before what they belong to. */
async function say(made) {
  const complete = new Promise((done) => {
    made.onicegatheringstatechange = () => made.iceGatheringState === "complete" && done();
    setTimeout(done, GATHER_MS);
  });
  await made.setLocalDescription();
  await complete;
  await post("signal/", { description: made.localDescription, of: attempt });
}

/** The therapist offers, once to each page of the client; the client answers. Two offers can never cross. */
async function heard({ here, description, of }) {
  if (here && role === "therapist") {
    if (here !== attempt) await say(connect(here));
  } else if (here) {
    await post("signal/", { here: page });
  } else if (description?.type === "offer" && of === page) {
    const made = connect(page);
    await made.setRemoteDescription(description);
    await say(made);
  } else if (description?.type === "answer" && of === attempt) {
    await peer.setRemoteDescription(description);
  }
}

async function listen() {
  while (!over()) {
    try {
      const news = await (await fetch(`signal/?after=${after}`)).json();
      for (const { id, message } of news.said) {
        after = id;
        await heard(message);
      }
      if (news.over) finish();
    } catch (error) {
      console.warn("signalling:", error.name);
    }
    await new Promise((then) => setTimeout(then, POLL_MS));
  }
}

async function finish() {
  if (over()) return;
  state("over");
  $(".over h1").focus();
  peer?.close();
  for (const track of stream.getTracks()) track.stop();
  (await there)?.left();
}

$("#enter").addEventListener("click", async () => {
  state("call");
  stream = await openMedia();
  $("#local").srcObject = stream;
  (await there)?.joined();
  after = (await (await fetch("signal/?after=0")).json()).last; // what was said before is over
  await post("signal/", { here: page });
  listen();
});
$("#leave").addEventListener("click", () => {
  finish();
  post("end/").catch(() => console.warn("Quayside could not be told that you have hung up."));
});
