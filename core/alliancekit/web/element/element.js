/**
 * `<alliance-feedback src="https://service" token="…">`: asks, sends, and says what became of it, in its own box.
 *
 * Attributes: `src` (the service; default: the page's origin), `token` (changing it connects anew).
 * Property `state`: idle, asking, saving, saved, offline, dismissed, error.
 * Methods: `hint({type, prompt})` from another channel, `ask()` re-opens what was put off.
 * Events (bubbling, composed; ids and status only): ak-ready, ak-prompt, ak-answered, ak-queued, ak-dismissed,
 * ak-error with `code` token, closed, refused, unavailable or setup.
 */
const PUT_OFF_AT_LEAST_MS = 120_000;
const STILL_ON_ITS_WAY_MS = 1_500;
const TOKEN_WITHIN_MS = 5_000;
const warn = (text) => console.warn(`alliance-feedback: ${text}`);
const BACK = ["online", "pageshow"];

class AllianceFeedback extends HTMLElement {
  static observedAttributes = ["src", "token"];

  #screen = new Screen(this.attachShadow({ mode: "open" }));
  #prompt = null;
  #form = null;
  #reopened = false;
  #putOff = null;
  #finished = new Set();
  #outbox = new Outbox((job, outcome, detail) => this.#reported(job, outcome, detail));
  #service = null;
  #live = null;
  #looking = null;
  #lookAgain = false;
  #ready = false;
  #unavailable = false;
  #refusedToken = false;
  #restarting = false;
  #doubted = new Map();
  #back = () => {
    this.#outbox.wake();
    this.#live?.wake();
  };
  #leaving = () => this.#outbox.flush();

  connectedCallback() {
    for (const name of BACK) addEventListener(name, this.#back);
    addEventListener("pagehide", this.#leaving);
    this.#restart();
  }

  disconnectedCallback() {
    for (const name of BACK) removeEventListener(name, this.#back);
    removeEventListener("pagehide", this.#leaving);
    this.#live?.stop();
    this.#live = null;
  }

  attributeChangedCallback() {
    if (this.isConnected) this.#restart();
  }

  get state() {
    return this.#screen.state;
  }

  /** A hint from another channel; the same prompt may be hinted at any number of times. */
  hint(message) {
    const { type, prompt } = message ?? {};
    if (!this.#service || this.#finished.has(prompt)) return;
    if (type === "prompt") {
      if (this.#prompt?.id === prompt && this.#screen.shows(this.#form)) this.#live?.ack(prompt);
      else this.#look();
    } else if (type === "prompt_closed") {
      this.#closed(prompt);
    }
  }

  /** Shows the prompt that was put off again, with what was already answered; false when there is none. */
  ask() {
    if (!this.#putOff) return false;
    const { prompt, form } = this.#putOff;
    this.#putOff = null;
    this.#reopened = true;
    this.#show(prompt, form);
    return true;
  }

  /** Attributes set one after the other make one connection. */
  #restart() {
    if (this.#restarting) return;
    this.#restarting = true;
    queueMicrotask(() => {
      this.#restarting = false;
      if (this.isConnected) this.#start();
    });
  }

  #start() {
    this.#live?.stop();
    this.#live = null;
    this.#service = null;
    this.#looking = null;
    const token = this.getAttribute("token");
    if (!token) {
      setTimeout(() => this.isConnected && !this.getAttribute("token") && warn("there is no token; it is in the answer to POST /v1/sessions"), TOKEN_WITHIN_MS);
      return;
    }
    let address;
    try {
      address = new URL(this.getAttribute("src") || "/", document.baseURI);
    } catch {
      address = null;
    }
    if (!address || !/^https?:$/.test(address.protocol)) {
      this.#emit("ak-error", { code: "setup" });
      return;
    }
    this.#service = new Service(address.origin + address.pathname, token);
    this.#ready = this.#unavailable = false;
    if (this.#refusedToken) {
      this.#refusedToken = false;
      if (this.#screen.shows(this.#form)) this.#screen.become("asking", this.#form);
      else if (!this.#outbox.has(this.#prompt?.id)) this.#rest();
    }
    this.#outbox.use(this.#service);
    this.#live = new Live(this.#service, {
      hint: (message) => this.hint(message),
      look: () => this.#look(),
      token: () => this.#tokenRefused(401),
    });
    this.#look();
  }

  /** Asks the service what to ask; one request at a time, once more when a hint came meanwhile. */
  async #look() {
    const service = this.#service;
    if (!service) return;
    if (this.#looking === service) {
      this.#lookAgain = true;
      return;
    }
    this.#looking = service;
    try {
      do {
        this.#lookAgain = false;
        const answer = await service.current();
        if (service !== this.#service) return;
        this.#unavailable = false;
        if (!this.#ready) {
          this.#ready = true;
          this.#emit("ak-ready", { status: "ready" });
        }
        this.#consider(answer);
      } while (this.#lookAgain);
    } catch (failure) {
      if (!(failure instanceof Failure)) throw failure;
      if (service !== this.#service) return;
      if (failure.kind === "token") {
        this.#tokenRefused(failure.status);
      } else if (!this.#unavailable) {
        this.#unavailable = true;
        warn(`nothing readable came from ${service.base}. If it runs, does its setting allowed_origins name ${location.origin}?`);
        this.#emit("ak-error", { code: "unavailable", status: failure.status });
      }
    } finally {
      if (this.#looking === service) this.#looking = null;
    }
  }

  #consider({ prompt, language, direction }) {
    const asking = this.#screen.shows(this.#form);
    if (!asking && language) this.#screen.words = new Words(language, direction);
    if (!prompt) {
      if (asking && this.state === "asking" && !this.#form.touched && !this.#reopened) this.#closed(this.#prompt.id);
      return;
    }
    if (this.#finished.has(prompt.id) || this.#outbox.has(prompt.id)) return;
    if (asking && prompt.id === this.#prompt.id) {
      this.#live?.ack(prompt.id);
      return;
    }
    if (asking && (this.#form.touched || this.state === "saving")) return;
    if (this.#putOff?.prompt.id === prompt.id) {
      if (Date.now() >= this.#putOff.until) this.ask();
      return;
    }
    const mark = markOf(prompt.id);
    if (mark === "confirmed" && this.#mayStillArrive(prompt.id)) return;
    const words = new Words(language, direction);
    this.#screen.words = words;
    this.#putOff = null;
    this.#reopened = false;
    const on = {
      begin: () => setMark(prompt.id, "begun"),
      send: () => this.#send(),
      dismiss: (reason) => this.#dismiss(reason),
      remind: (text, show) => this.#screen.tell("hint", text, show ? [["show_missing", show]] : []),
    };
    const Form = [Pulse, Steps].find((one) => one.fits(prompt)) ?? Card;
    this.#show(prompt, new Form(words, prompt, on), mark);
  }

  /** What the closing page sent may come in just after this page has asked; then there is nothing lost to tell. */
  #mayStillArrive(prompt) {
    const waited = this.#doubted.get(prompt);
    if (waited === undefined) {
      this.#doubted.set(prompt, false);
      setTimeout(() => {
        this.#doubted.set(prompt, true);
        this.#look();
      }, STILL_ON_ITS_WAY_MS);
    }
    return !waited;
  }

  #show(prompt, form, mark = null) {
    this.#prompt = prompt;
    this.#form = form;
    const { title } = prompt.instruments[0];
    const lost = mark ? this.#say(`lost_${mark}`, { title }) : "";
    const announced = this.#say("announce", { title });
    this.#screen.become("asking", form, "announce", lost ? `${lost} ${announced}` : announced);
    this.#screen.notify(lost);
    this.#screen.checkColours();
    if (mark) setMark(prompt.id, null);
    this.#live?.ack(prompt.id);
    this.#emit("ak-prompt", { prompt: prompt.id, moment: prompt.moment, session: prompt.session, status: "asking" });
  }

  #send() {
    if (this.state === "saving") return;
    const { id } = this.#prompt;
    const visibility = this.#form.visibility;
    const body = { prompt: id, ...(visibility && { visibility }), answers: this.#form.answers() };
    this.#screen.become("saving", this.#form, "wait", this.#say("saving"));
    setMark(id, "confirmed");
    this.#outbox.add({
      kind: "answer", prompt: id, path: "/v1/responses", body: JSON.stringify(body), key: newKey(),
    });
  }

  #dismiss(reason) {
    const { id } = this.#prompt;
    if (reason === "later") {
      this.#putOff = { prompt: this.#prompt, form: this.#form, until: Date.now() + PUT_OFF_AT_LEAST_MS };
    } else {
      this.#finished.add(id);
      setMark(id, null);
    }
    const buttons = [["close", () => this.#rest()]];
    if (reason === "later") buttons.unshift(["answer_now", () => this.ask()]);
    this.#screen.become("dismissed", null, "quiet", this.#say(`${reason}_done`), buttons);
    this.#emit("ak-dismissed", { prompt: id, reason, status: "dismissed" });
    const path = `/v1/prompts/${encodeURIComponent(id)}/dismiss`;
    this.#outbox.add({ kind: "dismiss", prompt: reason === "later" ? null : id, path, body: JSON.stringify({ reason }) });
  }

  /** Closed or answered through another channel; what is being sent is left for the service to judge. */
  #closed(prompt) {
    if (this.#outbox.has(prompt)) return;
    if (this.#putOff?.prompt.id === prompt) this.#putOff = null;
    this.#finished.add(prompt);
    setMark(prompt, null);
    if (this.#prompt?.id !== prompt || this.state === "idle") return;
    this.#done("dismissed", "quiet", this.#say("closed"));
  }

  #reported(job, outcome, detail) {
    const mine = this.#prompt?.id === job.prompt;
    if (outcome === "token") {
      this.#tokenRefused(detail.status);
      return;
    }
    if (job.kind === "dismiss") return;
    const { prompt } = job;
    if (outcome === "waiting") {
      const why = detail.kind === "network" ? "offline" : "unanswering";
      if (mine) this.#screen.become("offline", null, "warn", this.#say(why), [["try_now", () => this.#outbox.wake()]]);
      if (job.queued) return;
      job.queued = true;
      this.#emit("ak-queued", { prompt, status: "queued" });
    } else if (outcome === "stored") {
      this.#finished.add(prompt);
      setMark(prompt, null);
      if (mine) this.#done("saved", "good", this.#say("saved"));
      else this.#screen.tell("good", this.#say("earlier_saved"));
      this.#emit("ak-answered", { prompt, responses: detail?.responses ?? [], status: "stored" });
      this.#look();
    } else {
      if (outcome === "closed") this.#finished.add(prompt);
      setMark(prompt, outcome === "refused" && mine ? "begun" : null);
      if (!mine) this.#screen.tell("bad", this.#say("earlier_refused"));
      else if (outcome === "closed") this.#done("error", "quiet", this.#say("closed"));
      else this.#screen.become("error", this.#form, "bad", this.#say("refused"));
      this.#emit("ak-error", { code: outcome, status: detail.status, prompt });
    }
  }

  #tokenRefused(status) {
    if (this.#refusedToken) return;
    this.#refusedToken = true;
    warn(`the token was refused (${status}). It is a participant's, lasts four hours, and is never your tenant key`);
    this.#live?.stop();
    const waiting = this.#outbox.has(this.#prompt?.id);
    const form = !waiting && this.state === "asking" ? this.#form : null;
    this.#screen.become("error", form, "bad", this.#say(waiting ? "token_waiting" : "token"));
    this.#emit("ak-error", { code: "token", status });
  }

  #done(state, tone, text) {
    this.#screen.become(state, null, tone, text, [["close", () => this.#rest()]]);
  }

  /** Nothing to show: the box takes no room. */
  #rest() {
    this.#screen.become("idle", null);
  }

  #say(key, values) {
    return this.#screen.words.say(key, values);
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, detail }));
  }
}

if (!customElements.get("alliance-feedback")) customElements.define("alliance-feedback", AllianceFeedback);
