/**
 * The live channel: hints only, over a WebSocket that comes back by itself; polling where there is none.
 *
 * `on.hint(message)` for every hint, `on.look()` whenever it is time to ask the service, `on.token()` when the
 * token is refused. Polls every 15 s without a socket, every 60 s with one: a socket can be dead unnoticed.
 */
const POLL_MS = 15_000;
const POLL_BESIDE_SOCKET_MS = 60_000;
const READY_LIMIT_MS = 10_000;
const CLOSED_BAD_TOKEN = 4401;

class Live {
  #service;
  #on;
  #socket = null;
  #ready = false;
  #seq = 0;
  #failures = 0;
  #timers = {};
  #stopped = false;

  constructor(service, on) {
    this.#service = service;
    this.#on = on;
    this.#open();
  }

  stop() {
    this.#stopped = true;
    Object.values(this.#timers).forEach(clearTimeout);
    this.#socket?.close();
  }

  /** Connects now instead of when the wait is over. */
  wake() {
    if (!this.#stopped && !this.#socket) this.#open();
  }

  /** Tells the service that the prompt is on the screen. */
  ack(prompt) {
    if (this.#ready) this.#socket.send(JSON.stringify({ type: "ack", prompt }));
  }

  #after(name, ms, action) {
    clearTimeout(this.#timers[name]);
    this.#timers[name] = setTimeout(action, ms);
  }

  #poll() {
    this.#after("poll", this.#ready ? POLL_BESIDE_SOCKET_MS : POLL_MS, () => {
      this.#on.look();
      this.#poll();
    });
  }

  #open() {
    clearTimeout(this.#timers.open);
    let socket;
    try {
      socket = new WebSocket(this.#service.liveAddress);
    } catch {
      this.#lost();
      return;
    }
    this.#socket = socket;
    this.#after("ready", READY_LIMIT_MS, () => this.#drop(socket));
    socket.onopen = () => {
      socket.send(JSON.stringify({ type: "hello", token: this.#service.token, seq: this.#seq }));
    };
    socket.onmessage = (event) => this.#hear(event.data);
    socket.onclose = (event) => {
      if (this.#stopped || socket !== this.#socket) return;
      if (event.code === CLOSED_BAD_TOKEN) {
        this.stop();
        this.#on.token();
      } else {
        this.#lost();
      }
    };
  }

  /** A socket that hangs may take minutes to report its close: it is given up at once. */
  #drop(socket) {
    if (this.#stopped || socket !== this.#socket) return;
    socket.onclose = null;
    socket.close();
    this.#lost();
  }

  #lost() {
    clearTimeout(this.#timers.ready);
    this.#socket = null;
    this.#failures += 1;
    this.#after("open", backoff(this.#failures), () => this.#open());
    // Not at every failed try: tries come more often than polls and would put them off for ever.
    if (this.#ready || !this.#timers.poll) {
      this.#ready = false;
      this.#poll();
    }
  }

  #hear(data) {
    if (this.#stopped) return;
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return;
    }
    if (Number.isInteger(message.seq)) this.#seq = Math.max(this.#seq, message.seq);
    if (message.type === "ready") {
      clearTimeout(this.#timers.ready);
      this.#ready = true;
      this.#failures = 0;
      this.#poll();
      this.#on.look();
    } else {
      this.#on.hint(message);
    }
  }
}
