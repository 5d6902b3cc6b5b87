/**
 * What is on the screen: a form or nothing, the status region below it, and the status region's buttons.
 *
 * The status region is there from the start, so that screen readers announce what is written into it.
 */
class Screen {
  #box;
  #content = make("div");
  #status = make("p", { role: "status", tabindex: "-1", class: "status" });
  #after = make("div", { class: "actions" });
  #root;

  constructor(root) {
    this.#root = root;
    this.words = new Words(document.documentElement.lang);
    this.state = "idle";
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    this.#box = make("div", { class: "box", "data-state": "idle" }, this.#content, this.#status, this.#after);
    root.append(this.#box);
    this.#keepEventsInside();
  }

  shows(form) {
    return Boolean(form) && this.#content.firstChild === form.node;
  }

  /** The one place where the screen changes. Focus never moves, unless what had it goes away: then it stays here. */
  become(state, form, tone = "", text = "", buttons = []) {
    const focused = this.#root.activeElement;
    this.state = state;
    this.#box.dataset.state = state;
    this.#box.lang = this.words.language;
    this.#box.dir = this.words.direction;
    if (!form) this.#content.replaceChildren();
    else if (!this.shows(form)) this.#content.replaceChildren(form.node);
    if (form) form.node.inert = state === "saving";
    this.tell(tone, text, buttons);
    const lost = focused && (!focused.isConnected || state === "saving");
    if (lost && state !== "idle") this.#status.focus({ preventScroll: true });
  }

  /** Says a text without changing the state; `buttons`: pairs of a catalogue key and what a press does. */
  tell(tone, text, buttons = []) {
    this.#status.dataset.tone = tone;
    this.#status.textContent = text;
    this.#after.replaceChildren(...buttons.map(([key, onclick]) => button("plain", this.words.say(key), onclick)));
  }

  /** Outside, these events seem to come from a plain element: a call page's "space = unmute" would hear them. */
  #keepEventsInside() {
    for (const name of ["keydown", "keyup", "keypress"]) {
      this.#box.addEventListener(name, (event) => {
        const modified = event.ctrlKey || event.metaKey || event.altKey;
        if (!modified && !["Tab", "Escape"].includes(event.key)) event.stopPropagation();
      });
    }
    this.#box.addEventListener("input", (event) => event.stopPropagation());
  }
}
