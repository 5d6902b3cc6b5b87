const CORRECTED_WITHIN_MS = 10_000;
const SHORTEST_SPEECH_MS = 200;

/**
 * One participant's presence in the vendor's page. Everything is safe to call at any time and any number of times.
 *
 * `state`: waiting, in_call, reconnecting, left.
 */
class Call {
  #sender;
  #onState;
  #connection = null;
  #before = null;
  #cutOff = null;
  #speakingSince = null;
  #undo = [];

  constructor({ base, token, element, into, avoid, consent, onState }) {
    this.state = "waiting";
    this.#onState = onState;
    this.#sender = new Sender(base, token, () => this.#here());
    this.#sender.consent = consent === true;
    if (token) this.prompt = new Prompt({ base, token, element, into, avoid });
    const events = {
      pagehide: () => this.#hidden(),
      pageshow: () => this.#sender.flush(),
      online: () => this.#sender.flush(),
      // A page in the background may have been late with its beat.
      visibilitychange: () => document.visibilityState === "visible" && this.#sender.flush(),
    };
    for (const [name, act] of Object.entries(events)) {
      const target = name === "visibilitychange" ? document : window;
      target.addEventListener(name, act);
      this.undo(() => target.removeEventListener(name, act));
    }
  }

  joined() {
    if (this.#connection) {
      this.reconnected();
      return;
    }
    this.#connection = newId();
    this.#become("in_call");
    this.#sender.add(this.#connection, "joined", performance.now());
  }

  /** `how`: left (on purpose), dropped, ejected (sent out by somebody), declined (never let in). */
  left(how = "left") {
    const now = performance.now();
    if (this.#connection) {
      this.#go("left", how === "dropped" ? this.#cutOff ?? now : now, { how });
    } else if (how === "ejected" || how === "declined") {
      // Some platforms say first that one left, and then why; or that one was never let in.
      const corrects = this.#before && now - this.#before.at < CORRECTED_WITHIN_MS;
      if (corrects) this.#sender.add(this.#before.connection, "left", this.#before.at, { how });
      else if (this.state === "waiting") {
        this.#connection = newId();
        this.#go("left", now, { how: "declined" });
      }
    }
  }

  /** The call is over for everybody; from anybody but a therapist it counts as leaving. */
  ended() {
    if (this.#connection) this.#go("ended", performance.now());
  }

  /** The platform tries to come back: no leave, unless it says so later. */
  reconnecting() {
    if (!this.#connection || this.#cutOff !== null) return;
    this.speaking(false);
    this.#cutOff = performance.now();
    this.#become("reconnecting");
  }

  reconnected() {
    if (this.#cutOff === null) return;
    this.#cutOff = null;
    this.#become("in_call");
    this.#sender.flush();
  }

  /** Whether the participant speaks now, for speaking times; heeded only with `consent`. */
  speaking(on) {
    const since = this.#speakingSince;
    const now = performance.now();
    if (since !== null) this.#spoke(since, now);
    this.#speakingSince = on && this.#here() && this.#sender.consent ? now : null;
  }

  consent(agreed) {
    this.speaking(false);
    this.#sender.consent = agreed === true;
    this.#sender.flush();
  }

  renew(token) {
    this.prompt?.renew(token);
    this.#sender.renew(token);
  }

  /** For pages that go on without a call: leaves, forgets the platform and takes the card away. */
  close() {
    this.left();
    this.#undo.splice(0).forEach((undo) => undo());
    this.prompt?.close();
  }

  undo(action) {
    this.#undo.push(action);
  }

  /** The presence to tell in a beat, with what was spoken up to now. */
  #here() {
    if (!this.#connection || this.#cutOff !== null) return null;
    if (this.#speakingSince !== null) {
      const now = performance.now();
      if (now - this.#speakingSince >= SHORTEST_SPEECH_MS) {
        const since = this.#speakingSince;
        this.#speakingSince = now;
        this.#spoke(since, now);
      }
    }
    return this.#connection;
  }

  #spoke(since, now) {
    const ms = Math.round(now - since);
    if (ms >= SHORTEST_SPEECH_MS) this.#sender.add(this.#connection, "spoke", now, { ms });
  }

  #go(kind, at, more) {
    this.speaking(false);
    const connection = this.#connection;
    this.#before = { connection, at };
    this.#connection = this.#cutOff = null;
    this.#become("left");
    this.#sender.add(connection, kind, at, more);
  }

  /** A page that is closed, reloaded or left was not left on purpose as far as anybody can tell. */
  #hidden() {
    this.speaking(false);
    const at = this.#cutOff ?? performance.now();
    const last = { connection: this.#connection, kind: "left", at, more: { how: "dropped" } };
    this.#sender.leave(this.#connection ? last : null);
  }

  #become(state) {
    if (state === this.state) return;
    this.state = state;
    if (this.prompt) this.prompt.inCall = state === "in_call" || state === "reconnecting";
    try {
      this.#onState?.(state);
    } catch (error) {
      warn(`onState failed (${error.name})`);
    }
  }
}

/**
 * Reports this participant's call and shows what is asked.
 *
 * @param {object} options
 * @param {string} options.token - the participant's token
 * @param {string} [options.src] - the service; where this script came from, when left out
 * @param {HTMLElement} [options.element] - the `<alliance-feedback>` to use; the page's first one, when left out
 * @param {HTMLElement} [options.into] - where to put one, if the page has none; a card in a corner, when left out
 * @param {string|HTMLElement|HTMLElement[]} [options.avoid] - what the card must not cover, such as the button
 *   for hanging up; with a platform in a frame the lowest part of the window stays free anyway
 * @param {boolean} [options.consent] - whether the participant agreed to have speaking times observed
 * @param {function(string): void} [options.onState] - told waiting, in_call, reconnecting, left
 * @returns {Call} with `jitsi(api)`, `daily(frame)`, `whereby(element)`, `twilio(room)`, `livekit(room)`,
 *   `zoom(client)`, and for every other platform `joined()`, `left(how)`, `ended()`, `reconnecting()`,
 *   `reconnected()`, `speaking(on)`
 */
export function bridge({ token, src, ...options } = {}) {
  const base = src ? new URL(src, document.baseURI).href : import.meta.url.split("/v1/plugins/")[0];
  const call = new Call({ ...options, token, base: base.replace(/\/+$/, "") });
  for (const [name, bind] of Object.entries(BINDINGS)) {
    call[name] = (platform, more) => {
      try {
        bind(call, platform, more);
      } catch (error) {
        warn(`this is not what ${name}() takes (${error.name})`);
      }
      return call;
    };
  }
  return call;
}
