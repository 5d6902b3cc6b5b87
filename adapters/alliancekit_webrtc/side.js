/**
 * The page's end of the side connection: prompt hints in, and the microphone out while both sides consent.
 *
 * The vendor's own call is not touched. No STUN server is asked, nothing is loaded, nothing runs inline.
 */

const LABEL = "alliancekit";
const GATHER_MS = 1500;
const OPEN_MS = 10_000;
const SILENT_MS = 6_000;
const BACKOFF_MS = [500, 1000, 2000, 4000, 8000, 15_000];

/**
 * Connect, and stay connected until `leave()`.
 *
 * @param {object} options
 * @param {string} options.token - the participant's token
 * @param {string} [options.baseUrl] - the service's origin; empty for the page's own
 * @param {MediaStreamTrack|null} [options.microphone] - the call's microphone track. It is sent as it is, so that
 *   muting it in the call mutes it here in the same instant; it is never altered or stopped
 * @param {{hint: function(object): void}|null} [options.element] - the `<alliance-feedback>` element
 * @param {boolean} [options.consent] - whether the participant agreed to have speaking time observed
 * @param {function(string): void} [options.onState] - told "connecting", "open", "waiting", "closed"
 * @returns {Promise<{setConsent: function(boolean): void, setMicrophone: function(MediaStreamTrack|null): void,
 *   leave: function(): Promise<void>, observed: boolean, state: string}>} resolves when first connected; rejects when the service refuses (bad token, bad request)
 */
export async function connectSide({
  token, baseUrl = "", microphone = null, element = null, consent = false, onState = () => {},
}) {
  const side = new Side({ token, baseUrl, microphone, element, consent, onState });
  await side.start();
  return {
    setConsent: (agreed) => side.setConsent(agreed),
    setMicrophone: (track) => side.setMicrophone(track),
    leave: () => side.leave(),
    get observed() { return side.observed; },
    get state() { return side.state; },
  };
}

/** The service refused for good: trying again would not help. */
class Refused extends Error {}

class Side {
  constructor({ token, baseUrl, microphone, element, consent, onState }) {
    Object.assign(this, { token, baseUrl, microphone, element, consent, onState });
    this.state = "closed";
    this.observed = false;
    this.ended = false;
    this.attempt = 0;
    this.link = null;
    this.timer = null;
  }

  async start() {
    for (;;) {
      try {
        await this.connect();
        return;
      } catch (error) {
        if (error instanceof Refused || this.ended) { this.end(); throw error; }
        await new Promise((resolve) => { this.timer = setTimeout(resolve, this.pause()); });
      }
    }
  }

  setState(state) {
    if (state !== this.state) { this.state = state; this.onState(state); }
  }

  pause() {
    const step = BACKOFF_MS[Math.min(this.attempt, BACKOFF_MS.length - 1)];
    this.attempt += 1;
    this.setState("waiting");
    return step * (0.75 + Math.random() / 2);
  }

  async connect() {
    this.setState("connecting");
    const peer = new RTCPeerConnection({ iceServers: [], bundlePolicy: "max-bundle" });
    const link = { peer, channel: peer.createDataChannel(LABEL), sender: null, asked: false, told: null, watch: null };
    this.link = link;
    try {
      link.sender = peer.addTransceiver("audio", { direction: "sendonly" }).sender;
      const opened = new Promise((resolve, reject) => {
        link.fail = reject;
        link.channel.onopen = resolve;
        link.channel.onclose = () => reject(new Error("The side connection closed before it was open."));
        link.watch = setTimeout(() => reject(new Error("The side connection did not open in time.")), OPEN_MS);
      });
      opened.catch(() => {});
      link.channel.onmessage = (event) => this.receive(link, event.data);
      await peer.setLocalDescription(await peer.createOffer());
      await gathered(peer);
      await peer.setRemoteDescription(await this.post(peer.localDescription));
      await opened;
    } catch (error) {
      this.drop(link);
      throw error;
    }
    if (this.ended) { this.drop(link); throw new Error("The participant left while connecting."); }
    this.attempt = 0;
    link.channel.onclose = () => this.broken(link);
    peer.onconnectionstatechange = () => {
      if (peer.connectionState === "failed" || peer.connectionState === "closed") this.broken(link);
    };
    this.heard(link);
    if (this.consent !== link.told) this.tellConsent(link);
    this.setState("open");
  }

  async post(description) {
    this.link.told = this.consent;
    const reply = await fetch(`${this.baseUrl}/v1/plugins/webrtc/offer`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${this.token}` },
      body: JSON.stringify({ type: description.type, sdp: description.sdp, call: { consent: this.consent } }),
      cache: "no-store",
      credentials: "omit",
    });
    if (reply.ok) return reply.json();
    const problem = await reply.json().catch(() => ({}));
    const text = problem.detail || `The service answered with status ${reply.status}.`;
    const later = [408, 425, 429].includes(reply.status) || reply.status >= 500;
    throw later ? new Error(text) : new Refused(text);
  }

  /** The service pings every second; when it falls silent the connection is made anew. */
  heard(link) {
    clearTimeout(link.watch);
    link.watch = setTimeout(() => this.broken(link), SILENT_MS);
  }

  receive(link, data) {
    if (link !== this.link || typeof data !== "string") return;
    let message;
    try { message = JSON.parse(data); } catch { return; }
    if (this.state === "open") this.heard(link);
    switch (message.type) {
      case "ping":
        send(link, { type: "pong", n: message.n });
        break;
      case "prompt":
        if (this.element) {
          this.element.hint({ type: "prompt", prompt: message.prompt, moment: message.moment });
          send(link, { type: "ack", prompt: message.prompt });
        }
        break;
      case "withdraw":
        this.element?.hint({ type: "prompt_closed", prompt: message.prompt });
        break;
      case "observe":
        this.observe(link, message.on === true);
        break;
      case "replaced":
        this.end();
        break;
    }
  }

  observe(link, on) {
    link.asked = on;
    if (!link.sender) return;
    const track = on && this.consent ? this.microphone : null;
    this.observed = track !== null;
    link.sender.replaceTrack(track).catch(() => { this.observed = false; });
  }

  setMicrophone(track) {
    this.microphone = track;
    if (this.link) this.observe(this.link, this.link.asked);
  }

  setConsent(agreed) {
    this.consent = agreed === true;
    if (!this.consent && this.link) this.observe(this.link, false);
    if (this.link && this.state === "open") this.tellConsent(this.link);
  }

  tellConsent(link) {
    link.told = this.consent;
    send(link, { type: "consent", talk_balance: this.consent });
  }

  broken(link) {
    if (link !== this.link) return;
    this.drop(link);
    if (!this.ended) this.timer = setTimeout(() => this.again(), this.pause());
  }

  async again() {
    if (this.ended) return;
    try {
      await this.connect();
    } catch (error) {
      if (error instanceof Refused) this.end();
      else if (!this.ended) this.timer = setTimeout(() => this.again(), this.pause());
    }
  }

  drop(link) {
    clearTimeout(link.watch);
    link.channel.onclose = link.channel.onmessage = link.peer.onconnectionstatechange = null;
    link.fail?.(new Error("The side connection was closed."));
    link.peer.close();
    if (this.link === link) { this.link = null; this.observed = false; }
  }

  end() {
    this.ended = true;
    clearTimeout(this.timer);
    if (this.link) this.drop(this.link);
    this.setState("closed");
  }

  async leave() {
    this.ended = true;
    const link = this.link;
    if (link && send(link, { type: "leave" })) {
      for (let waited = 0; waited < 500 && link.channel.readyState === "open"; waited += 50) {
        await new Promise((resolve) => { setTimeout(resolve, 50); });
      }
    }
    this.end();
  }
}

function send(link, message) {
  if (link.channel.readyState !== "open") return false;
  link.channel.send(JSON.stringify(message));
  return true;
}

/** Own addresses only, so gathering takes milliseconds; a stuck interface must not hold up the call. */
function gathered(peer) {
  if (peer.iceGatheringState === "complete") return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, GATHER_MS);
    peer.addEventListener("icegatheringstatechange", () => {
      if (peer.iceGatheringState === "complete") { clearTimeout(timer); resolve(); }
    });
  });
}
