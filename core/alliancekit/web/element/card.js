/**
 * All items of a prompt on one card, who may see them, and Send, Later, Skip (and in a call: Not in calls).
 *
 * A card, the steps and a pulse have `node`, `touched`, `answers()`, `visibility` and call `on.begin()` at every
 * answer, `on.send()` and `on.dismiss(reason)`; card and steps also call `on.remind(text, show)` when items are
 * left out.
 */
class Card {
  #words;
  #on;
  #questions;
  #choice;
  #progress;
  #bar;
  #send;
  #reminded = false;

  constructor(words, prompt, on) {
    this.#words = words;
    this.#on = on;
    this.touched = false;
    this.#questions = new Questions(words, prompt, () => this.#changed());
    const title = make("h2", { id: newId("title") }, words.say(`heading_${prompt.moment}`));
    const sections = prompt.instruments.map((instrument) => this.#section(instrument));
    this.#choice = prompt.visibility && new VisibilityChoice(words, prompt.visibility);
    this.#progress = make("p", { class: "progress" });
    this.#bar = make("progress", { max: this.#questions.total, value: 0, "aria-hidden": "true" });
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

  answers() {
    return this.#questions.answers();
  }

  #section(instrument) {
    const { heading, node } = about(this.#words, instrument);
    const mine = this.#questions.entries.filter((entry) => entry.instrument === instrument);
    return make("div", { role: "group", class: "measure", "aria-labelledby": heading.id },
      node, instructions(instrument), ...mine.map(({ field }) => field.node),
    );
  }

  #count() {
    const { n } = this.#questions.progress;
    this.#bar.value = n;
    this.#progress.textContent = this.#words.say("progress", this.#questions.progress);
  }

  #changed() {
    this.touched = true;
    this.#on.begin();
    this.#count();
    if (this.#reminded) this.#on.remind("", null);
    this.#send.textContent = this.#words.say("send");
  }

  #trySend() {
    const { open, total } = this.#questions;
    const show = () => open[0].field.focus();
    if (open.length === total) {
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
