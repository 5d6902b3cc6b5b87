/**
 * All items of a prompt on one card, who may see them, and Send, Later, Skip (and in a call: Not in calls).
 *
 * A card and a pulse have `node`, `touched`, `answers()`, `visibility` and call `on.send()` and
 * `on.dismiss(reason)`; the card also calls `on.remind(text, show)` once when items are left out.
 */
class Card {
  #words;
  #on;
  #entries = [];
  #choice;
  #progress;
  #bar;
  #send;
  #reminded = false;

  constructor(words, prompt, on) {
    this.#words = words;
    this.#on = on;
    this.touched = false;
    const total = prompt.instruments.reduce((sum, instrument) => sum + instrument.items.length, 0);
    const title = make("h2", { id: newId("title") }, words.say(`heading_${prompt.moment}`));
    const sections = prompt.instruments.map((instrument) => this.#section(instrument, total));
    this.#choice = prompt.visibility && new VisibilityChoice(words, prompt.visibility);
    this.#progress = make("p", { class: "progress" });
    this.#bar = make("progress", { max: total, value: 0, "aria-hidden": "true" });
    this.#send = button("primary", words.say("send"), () => this.#trySend());
    this.node = make("section", { class: "card", "aria-labelledby": title.id },
      title, ...sections, this.#choice?.node,
      make("div", { class: "sum" }, this.#bar, this.#progress),
      make("div", { class: "actions" }, this.#send, ...dismissals(words, prompt, on)),
    );
    this.#count();
  }

  get visibility() {
    return this.#choice ? this.#choice.value : null;
  }

  /** `{instrument: {item: value}}`, without the items left out. */
  answers() {
    const answers = {};
    for (const { instrument, item, field } of this.#entries) {
      answers[instrument] ??= {};
      if (field.value !== null) answers[instrument][item] = field.value;
    }
    return answers;
  }

  #section(instrument, total) {
    const heading = make("h3", { id: newId("measure") }, instrument.title);
    const fields = instrument.items.map((item) => {
      const number = this.#words.say("item_number", { n: this.#entries.length + 1, total });
      const changed = () => this.#changed();
      const field = item.kind === "slider"
        ? new Slider(this.#words, item, number, changed)
        : new Choice(this.#words, item, `${instrument.name}.${item.id}`, number, changed);
      this.#entries.push({ instrument: instrument.name, item: item.id, field });
      return field.node;
    });
    return make("div", { role: "group", class: "measure", "aria-labelledby": heading.id },
      make("div", { class: "about" }, heading, validity(this.#words, instrument)),
      instrument.instructions ? make("p", { class: "instructions" }, instrument.instructions) : null,
      ...fields,
    );
  }

  #open() {
    return this.#entries.filter(({ field }) => field.value === null);
  }

  #count() {
    const total = this.#entries.length;
    const n = total - this.#open().length;
    this.#bar.value = n;
    this.#progress.textContent = this.#words.say("progress", { n, total });
  }

  #changed() {
    this.touched = true;
    this.#count();
    if (this.#reminded) this.#on.remind("", null);
    this.#send.textContent = this.#words.say("send");
  }

  #trySend() {
    const open = this.#open();
    const show = () => open[0].field.focus();
    if (open.length === this.#entries.length) {
      this.#on.remind(this.#words.say("nothing_answered"), show);
    } else if (open.length && !this.#reminded) {
      this.#reminded = true;
      open.forEach(({ field }) => field.missing(true));
      this.#send.textContent = this.#words.say("send_anyway");
      this.#on.remind(this.#words.say("missing", { n: open.length }), show);
    } else {
      this.#on.send();
    }
  }
}

/** The label that an unvalidated measure carries wherever it is shown. */
function validity(words, instrument) {
  return instrument.validated ? null : make("small", { class: "validity" }, words.say("not_validated"));
}

function dismissals(words, prompt, on) {
  const reasons = prompt.moment === "in_call" ? ["later", "skip", "not_in_calls"] : ["later", "skip"];
  return reasons.map((reason) =>
    button(reason === "not_in_calls" ? "quiet" : "plain", words.say(reason), () => on.dismiss(reason)),
  );
}
