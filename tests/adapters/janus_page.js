// A vendor's page in a VideoRoom, without janus.js: publishes the microphone, joins the TextRoom beside it.
class Session {
  #socket; #waiting = new Map(); #number = 0; #session; #proof; handlers = new Map();
  static async open({ url, secret }) {
    const session = new Session();
    session.#proof = { apisecret: secret };
    session.#socket = new WebSocket(url, "janus-protocol");
    session.#socket.onmessage = ({ data }) => session.#take(JSON.parse(data));
    await new Promise((done, failed) => Object.assign(session.#socket, { onopen: done, onerror: failed }));
    session.#session = (await session.ask({ janus: "create" })).data.id;
    setInterval(() => session.#send({ janus: "keepalive", transaction: "k" }), 5000);
    return session;
  }
  #send(message) {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    const session = this.#session ? { session_id: this.#session } : {};
    this.#socket.send(JSON.stringify({ ...message, ...session, ...this.#proof }));
  }
  ask(message) {
    const transaction = `t${++this.#number}`;
    this.#send({ ...message, transaction });
    return new Promise((done) => this.#waiting.set(transaction, done));
  }
  close() { this.#socket.close(); }
  #take(message) {
    if (message.janus === "ack") return;
    const done = this.#waiting.get(message.transaction);
    if (done) { this.#waiting.delete(message.transaction); done(message); }
  }
  async attach(plugin) {
    const handle_id = (await this.ask({ janus: "attach", plugin })).data.id;
    return (body, jsep) => this.ask({ janus: "message", handle_id, body, ...(jsep && { jsep }) });
  }
}

const candidates = (sdp) => [...sdp.matchAll(/^a=candidate:\S+ \d+ \S+ \d+ (\S+)/gm)].map((found) => found[1]);
const loopback = (sdp) => sdp.split("\r\n")
  .filter((line) => !line.startsWith("a=candidate:") || line.split(" ")[4] === "127.0.0.1").join("\r\n");

const call = (window.call = { heard: [], candidates: [], state: "new" });

async function described(peer) {
  if (peer.iceGatheringState !== "complete") {
    await new Promise((done) => { peer.onicegatheringstatechange = () => peer.iceGatheringState === "complete" && done(); });
  }
  return { type: peer.localDescription.type, sdp: loopback(peer.localDescription.sdp) };
}

call.join = async ({ url, secret, room, pin, id }) => {
  const session = (call.session = await Session.open({ url, secret }));
  const video = (call.video = await session.attach("janus.plugin.videoroom"));
  const joined = await video({ request: "join", ptype: "publisher", room, pin, id, display: "Anna Example" });
  if (joined.plugindata?.data?.videoroom !== "joined") throw new Error(JSON.stringify(joined));
  const media = call.media ?? new AudioContext().createMediaStreamDestination().stream;
  const peer = (call.peer = new RTCPeerConnection({ iceServers: [] }));
  peer.onconnectionstatechange = () => (call.state = peer.connectionState);
  call.sender = peer.addTrack(media.getAudioTracks()[0], media);
  await peer.setLocalDescription();
  const published = await video({ request: "publish", audiocodec: "opus" }, await described(peer));
  call.candidates.push(...candidates(published.jsep.sdp));
  await peer.setRemoteDescription(published.jsep);
  return joined.plugindata.data;
};

// The fake microphone plays its file from here on; until then the page is silent.
call.speak = async () => {
  call.media = await navigator.mediaDevices.getUserMedia({
    audio: { autoGainControl: false, echoCancellation: false, noiseSuppression: false },
  });
  await call.sender.replaceTrack(call.media.getAudioTracks()[0]);
};

call.chat = async ({ room, pin, username }) => {
  const text = await call.session.attach("janus.plugin.textroom");
  const offered = await text({ request: "setup" });
  call.candidates.push(...candidates(offered.jsep.sdp));
  const peer = (call.side = new RTCPeerConnection({ iceServers: [] }));
  const channel = peer.createDataChannel("JanusDataChannel");
  const open = new Promise((done) => (channel.onopen = done));
  await peer.setRemoteDescription(offered.jsep);
  await peer.setLocalDescription();
  await text({ request: "ack" }, await described(peer));
  await open;
  let joined;
  const entered = new Promise((done) => (joined = done));
  channel.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.textroom === "message") call.heard.push(JSON.parse(message.text));
    if (message.transaction === "join") joined(message);
  };
  channel.send(JSON.stringify({ textroom: "join", transaction: "join", room, pin, username }));
  return await entered;
};

call.leave = async () => {
  await call.video({ request: "leave" });
  call.peer.close();
  call.side?.close();
  call.session.close();
};
call.ready = true;
