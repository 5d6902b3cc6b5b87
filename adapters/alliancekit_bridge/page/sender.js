/**
 * Tells the service what happens to this participant, in order, and keeps what could not be told yet in memory.
 *
 * Times are sent as ages by the page's own stopwatch: a wrong clock does no harm. `here()` says which presence is
 * going on, if any; a beat tells it every 15 s.
 */
const BEAT_MS = 15_000;
const REQUEST_LIMIT_MS = 10_000;
const MOST_IN_ONE_REPORT = 50;
const MOST_WAITING = 400;
const OLDEST_MS = 12 * 3_600_000 - 60_000;

class Sender {
  #address;
  #token;
  #here;
  #waiting = [];
  #sending = false;
  #refused = false;
  #failures = 0;
  #timer = 0;

  constructor(base, token, here) {
    this.#address = `${base}/v1/plugins/bridge/report`;
    this.#here = here;
    this.consent = false;
    this.renew(token);
  }

  /** Goes on with another token. */
  renew(token) {
    this.#token = token;
    this.#refused = !token;
    if (this.#refused) warn("there is no token, so nothing is reported");
    this.flush();
  }

  /** `at` and everything else of a time is in milliseconds of `performance.now()`. */
  add(connection, kind, at, more = {}) {
    this.#waiting.push({ connection, kind, at, more });
    // Of a very long outage the oldest speaking times are forgotten first, then the oldest of anything.
    if (this.#waiting.length > MOST_WAITING) {
      const spoke = this.#waiting.findIndex((one) => one.kind === "spoke");
      this.#waiting.splice(Math.max(0, spoke), 1);
    }
    if (kind !== "spoke") this.flush();
  }

  /** Sends what waits, or else a beat. */
  async flush() {
    if (this.#sending || this.#refused) return;
    clearTimeout(this.#timer);
    const batch = this.#batch();
    if (!batch) return;
    this.#sending = true;
    const status = await this.#post(batch);
    this.#sending = false;
    if (status === 401 || status === 403) {
      this.#refused = true;
      warn(`the service refuses the token (${status}); give a new one to call.renew(token)`);
      return;
    }
    if (status === 0 || status === 408 || status === 425 || status === 429 || status >= 500) {
      this.#failures += 1;
      this.#again(Math.min(30_000, 500 * 2 ** this.#failures) * (0.5 + Math.random() / 2));
      return;
    }
    if (status >= 300) warn(`the service does not take a report (${status}); it is left out`);
    this.#failures = 0;
    this.#waiting = this.#waiting.filter((one) => !batch.events.includes(one));
    if (this.#waiting.length) this.flush();
    else if (this.#here()) this.#again(BEAT_MS);
  }

  /** The page goes away: everything at once with `last`, without a beat and without waiting for an answer. */
  leave(last) {
    if (last) this.#waiting.push(last);
    if (this.#refused) return;
    const before = this.#waiting;
    for (let batch; (batch = this.#batch(false));) {
      this.#post(batch);
      this.#waiting = this.#waiting.filter((one) => !batch.events.includes(one));
    }
    // A page that comes back tells it again: twice does no harm.
    this.#waiting = before;
  }

  #again(ms) {
    this.#timer = setTimeout(() => this.flush(), ms);
  }

  /** The next report: events of one presence, and the beat if that is the one going on. */
  #batch(beat = true) {
    const here = this.#here();
    this.#waiting = this.#waiting.filter((one) => performance.now() - one.at < OLDEST_MS);
    const connection = this.#waiting[0]?.connection ?? (beat ? here : null);
    if (!connection) return null;
    const other = this.#waiting.findIndex((one) => one.connection !== connection);
    const mine = this.#waiting.slice(0, Math.min(other < 0 ? Infinity : other, MOST_IN_ONE_REPORT - 1));
    const all = mine.length === this.#waiting.length;
    return { connection, events: mine, beat: beat && all && here === connection };
  }

  /** The status of the answer; 0 where there was none. */
  async #post({ connection, events, beat }) {
    const now = performance.now();
    const said = events.map(({ kind, at, more }) => ({ kind, ago: Math.max(0, Math.round(now - at)), ...more }));
    if (beat) said.push({ kind: "here", ago: 0 });
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), REQUEST_LIMIT_MS);
    try {
      const answer = await fetch(this.#address, {
        method: "POST",
        headers: { Authorization: `Bearer ${this.#token}`, "Content-Type": "application/json" },
        body: JSON.stringify({ connection, consent: this.consent, events: said }),
        // Goes on when the page is closed, and so never holds up hanging up.
        keepalive: true,
        signal: abort.signal,
        cache: "no-store", credentials: "omit", redirect: "error", referrerPolicy: "no-referrer",
      });
      return answer.status;
    } catch {
      // The network failed, or the limit was reached.
      return 0;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The page's own console is the only place that hears of trouble; the call goes on. */
function warn(text) {
  console.warn(`AllianceKit bridge: ${text}.`);
}

/** `crypto.randomUUID` exists in secure contexts only. */
function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}
