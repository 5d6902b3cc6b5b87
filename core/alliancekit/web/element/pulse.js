/**
 * One tap in the call: the only item is sent by a click, Enter or Space on an option.
 *
 * Arrow keys move and choose, as in every radio group, but send nothing. They are handled here because browsers
 * report an arrow key in a radio group as a click.
 */
const FORWARD = { ArrowDown: 1, ArrowUp: -1 };

class Pulse {
  #item;
  #instrument;
  #radios;
  #choice;
  #on;
  #rightToLeft;

  /** A prompt that can be answered by one tap. */
  static fits(prompt) {
    const items = prompt.instruments.flatMap((instrument) => instrument.items);
    return prompt.moment === "in_call" && items.length === 1 && items[0].kind === "choice";
  }

  constructor(words, prompt, on) {
    this.#on = on;
    this.#rightToLeft = words.direction === "rtl";
    this.touched = false;
    this.#instrument = prompt.instruments[0];
    this.#item = this.#instrument.items[0];
    const title = make("h2", { id: newId("title"), class: "number" }, words.say("heading_in_call"));
    const hint = make("p", { class: "hint", id: newId("hint") },
      make("span", {}, words.say("tap_hint")), make("span", { class: "keys" }, words.say("keys_hint")));
    this.#radios = this.#item.options.map((option, index) =>
      make("input", { type: "radio", name: "pulse", value: index, autocomplete: "off" }));
    const labels = this.#item.options.map((option, index) =>
      make("label", { class: "option" }, this.#radios[index], ...wording(option)));
    this.node = make("section", { class: "card pulse", "aria-labelledby": title.id },
      make("div", { class: "about" }, title, validity(words, this.#instrument)),
      make("fieldset", { class: "item", "aria-describedby": hint.id, onkeydown: (event) => this.#key(event),
        onclick: (event) => this.#radios.includes(event.target) && this.#send() },
        ...asked(legend(null, make("span", {}, this.#item.text)), labels),
      ),
      hint,
      prompt.visibility && this.#whoSees(words, prompt.visibility),
      make("div", { class: "actions" }, ...dismissals(words, prompt, on)),
    );
  }

  get visibility() {
    return this.#choice ? this.#choice.value : null;
  }

  answers() {
    const index = this.#radios.findIndex((radio) => radio.checked);
    return { [this.#instrument.name]: index < 0 ? {} : { [this.#item.id]: this.#item.options[index].value } };
  }

  #whoSees(words, visibility) {
    const summary = make("summary");
    const tell = (who) => (summary.textContent = words.say("seen_by", { who }));
    this.#choice = new VisibilityChoice(words, visibility, tell);
    tell(this.#choice.label);
    return make("details", {}, summary, this.#choice.node);
  }

  #send() {
    this.touched = true;
    this.#on.send();
  }

  #key(event) {
    const at = this.#radios.indexOf(event.target);
    if (at < 0 || event.ctrlKey || event.altKey || event.metaKey) return;
    const sideways = { ArrowRight: this.#rightToLeft ? -1 : 1, ArrowLeft: this.#rightToLeft ? 1 : -1 };
    const by = FORWARD[event.key] ?? sideways[event.key];
    if (by) {
      event.preventDefault();
      const next = this.#radios.at((at + by) % this.#radios.length);
      next.checked = true;
      next.focus();
      this.touched = true;
      this.#on.begin();
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      if (event.repeat) return;
      event.target.checked = true;
      this.#send();
    }
  }
}
