/**
 * Where the person is asked: the page's own `<alliance-feedback>`, or one that is put into `into`, or a card in a
 * corner of the page.
 *
 * The card is no dialog and takes no focus. While the call lasts it stays in the upper part of the window, for
 * every platform has its button for hanging up at the bottom, and goes where it covers nothing of `avoid`.
 */
const CORNERS = [["top", "right"], ["top", "left"], ["bottom", "right"], ["bottom", "left"]];
const GAP = "8px";

class Prompt {
  #base;
  #avoid;
  #card = null;
  #givesToken;
  #inCall = false;
  #seen = new Set();
  #watch = new ResizeObserver(() => this.#place());
  #placing = () => this.#place();
  #raising = () => this.#raise();

  constructor({ base, token, element, into, avoid }) {
    this.#base = base;
    this.#avoid = avoid;
    this.element = element ?? document.querySelector("alliance-feedback") ?? this.#make(into);
    if (!this.element.hasAttribute("src")) this.element.setAttribute("src", base);
    this.#givesToken = !this.element.hasAttribute("token");
    this.renew(token);
    this.element.addEventListener("ak-prompt", ({ detail }) => this.#confirm(detail.prompt));
    if (!customElements.get("alliance-feedback")) {
      import(`${base}/embed.js`).catch(() => warn("embed.js did not load, so nothing can be asked in this page"));
    }
  }

  renew(token) {
    this.token = token;
    if (this.#givesToken) this.element.setAttribute("token", token);
  }

  set inCall(inCall) {
    this.#inCall = inCall;
    if (!inCall) this.element.hidden = false;
    this.#place();
  }

  /** The person wants to answer now. */
  open() {
    this.element.hidden = false;
    this.element.ask?.();
    this.element.scrollIntoView({ block: "nearest" });
    this.element.shadowRoot?.querySelector("input, button")?.focus();
  }

  close() {
    this.#watch.disconnect();
    removeEventListener("resize", this.#placing);
    document.removeEventListener("fullscreenchange", this.#raising);
    this.#card?.remove();
  }

  #make(into) {
    const element = document.createElement("alliance-feedback");
    if (into) {
      into.append(element);
      return element;
    }
    this.#card = document.createElement("div");
    this.#card.className = "alliancekit-bridge";
    this.#card.append(element);
    this.#place();
    document.body.append(this.#card);
    this.#watch.observe(this.#card);
    addEventListener("resize", this.#placing);
    document.addEventListener("fullscreenchange", this.#raising);
    return element;
  }

  /** Into what fills the screen, for nothing else is seen then; a frame that does takes nothing in. */
  #raise() {
    const full = document.fullscreenElement;
    const home = full && !["IFRAME", "VIDEO"].includes(full.tagName) ? full : document.body;
    if (this.#card.parentNode === home) return;
    if (home.moveBefore) home.moveBefore(this.#card, null);
    else home.append(this.#card);
  }

  /** By the style object, which a content policy against inline styles allows. */
  #place() {
    if (!this.#card) return;
    const right = getComputedStyle(document.documentElement).direction === "ltr";
    const corners = right ? CORNERS : CORNERS.map(([block, side]) => [block, side === "right" ? "left" : "right"]);
    const avoid = typeof this.#avoid === "string" ? [...document.querySelectorAll(this.#avoid)] : [this.#avoid ?? []].flat();
    const free = this.#inCall && avoid.length
      ? corners.find((corner) => this.#put(corner) && !avoid.some((one) => overlap(this.#card, one)))
      : null;
    this.#put(free ?? corners[0]);
  }

  #put([block, side]) {
    const inCall = this.#inCall;
    Object.assign(this.#card.style, {
      position: "fixed",
      zIndex: "2147483000",
      inset: "auto",
      [block]: GAP,
      [side]: inCall ? GAP : "0",
      ...(!inCall && { left: "0", right: "0" }),
      margin: inCall ? "0" : "0 auto",
      borderRadius: "var(--ak-radius, 16px)",
      boxSizing: "border-box",
      boxShadow: this.#card.clientHeight ? "0 6px 24px rgb(0 0 0 / 25%)" : "none",
      inlineSize: `min(${inCall ? "24rem" : "42rem"}, 100vw - 2 * ${GAP})`,
      maxBlockSize: inCall ? "min(60dvh, 100dvh - 9rem)" : `calc(100dvh - 2 * ${GAP})`,
      overflow: "auto",
    });
    return true;
  }

  async #confirm(prompt) {
    if (this.#seen.has(prompt)) return;
    this.#seen.add(prompt);
    const headers = { Authorization: `Bearer ${this.token}`, "Content-Type": "application/json" };
    try {
      await fetch(`${this.#base}/v1/prompts/${encodeURIComponent(prompt)}/seen`, {
        method: "POST", headers, body: JSON.stringify({ channel: "bridge" }), keepalive: true,
        cache: "no-store", credentials: "omit", redirect: "error", referrerPolicy: "no-referrer",
      });
    } catch {
      // Only the delivery report lacks it; the answer itself says that the prompt arrived.
      this.#seen.delete(prompt);
    }
  }
}

function overlap(one, other) {
  const a = one.getBoundingClientRect();
  const b = other.getBoundingClientRect();
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
