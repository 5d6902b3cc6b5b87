/**
 * What is on the screen: a form or nothing, a notice above it, the status region below it, and its buttons.
 *
 * The status region is there from the start, so that screen readers announce what is written into it.
 */
class Screen {
  #box;
  #sheet = new CSSStyleSheet();
  #notice = make("p", { class: "notice" });
  #content = make("div");
  #status = make("p", { role: "status", tabindex: "-1", class: "status" });
  #after = make("div", { class: "actions" });
  #root;

  constructor(root) {
    this.#root = root;
    this.words = new Words(document.documentElement.lang);
    this.state = "idle";
    this.#sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [this.#sheet];
    this.#box = make("div", { class: "box", "data-state": "idle" },
      this.#notice, this.#content, this.#status, this.#after);
    root.append(this.#box);
    this.#flow();
    this.#keepEventsInside();
  }

  shows(form) {
    return Boolean(form) && this.#content.firstChild === form.node;
  }

  /**
   * Nothing to show: as an element that no script has defined yet, so that the script's arrival moves nothing,
   * whatever the page has around it. The first rule of the sheet is that of the host.
   */
  #flow() {
    const nothing = this.state === "idle" && !this.#status.textContent;
    this.#sheet.cssRules[0].style.display = nothing ? "inline" : "block";
    this.#box.classList.toggle("nothing", nothing);
  }

  /** After what is due first: the person is not to wait for it. */
  checkColours() {
    setTimeout(() => warnOfContrast(this.#root.host, this.#box));
  }

  /** What the person has to know before they answer; gone with the form. */
  notify(text) {
    this.#notice.textContent = text;
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
    if (state !== "asking") this.notify("");
    this.tell(tone, text, buttons);
    const lost = focused && (!focused.isConnected || state === "saving");
    if (lost && state !== "idle") this.#status.focus({ preventScroll: true });
  }

  /** Says a text without changing the state; `buttons`: pairs of a catalogue key and what a press does. */
  tell(tone, text, buttons = []) {
    this.#status.dataset.tone = tone;
    this.#status.textContent = text;
    this.#after.replaceChildren(...buttons.map(([key, onclick]) => button("plain", this.words.say(key), onclick)));
    this.#flow();
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
