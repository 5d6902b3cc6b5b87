/**
 * The items of a prompt one at a time, then a last screen with who may see them and Send.
 *
 * Next and Back, and Enter in an item, go on and back; every item may be left out. Only that moves the focus: to
 * the item that comes, whose question a screen reader then says with its place ("3 of 10"). All items lie in one
 * cell, which is as high as the highest, so that Next stays where it is.
 */
class Steps {
  #words;
  #on;
  #questions;
  #choice;
  #screens;
  #last;
  #heading;
  #left;
  #show;
  #bar;
  #progress;
  #hint;
  #next;
  #back;
  #send;
  #at = 0;

  /** A prompt of a tenant that chose steps; a single item needs none. */
  static fits(prompt) {
    return prompt.layout === "steps" && prompt.instruments.flatMap((one) => one.items).length > 1;
  }

  constructor(words, prompt, on) {
    this.#words = words;
    this.#on = on;
    this.touched = false;
    this.#questions = new Questions(words, prompt, () => this.#changed());
    const title = make("h2", { id: newId("title") }, words.say(`heading_${prompt.moment}`));
    this.#screens = this.#questions.entries.map((entry) => this.#screen(entry));
    this.#choice = prompt.visibility && new VisibilityChoice(words, prompt.visibility);
    this.#bar = make("progress", { max: this.#questions.total, value: 0, "aria-hidden": "true" });
    this.#progress = make("p", { class: "progress" });
    this.#hint = make("p", { class: "hint", id: newId("hint") }, words.say("may_leave_out"));
    this.#next = button("primary", words.say("next"), () => this.#go(this.#at + 1));
    this.#send = button("primary", words.say("send"), () => this.#trySend());
    this.#back = button("plain", words.say("back"), () => this.#go(this.#at - 1));
    this.#heading = make("h3", { tabindex: "-1", id: newId("last") }, words.say("last_step"));
    this.#left = make("p", { class: "hint" });
    this.#show = button("plain", words.say("show_missing"), () => this.#toOpen());
    this.#last = make("div", { role: "group", class: "last", "aria-labelledby": this.#heading.id },
      this.#heading, this.#left, this.#show, this.#choice?.node,
    );
    this.node = make("section", { class: "card steps", "aria-labelledby": title.id },
      title,
      make("div", { class: "sum" }, this.#bar, this.#progress),
      make("div", { class: "screens", onkeydown: (event) => this.#key(event) }, ...this.#screens),
      this.#last,
      this.#hint,
      make("div", { class: "actions" }, this.#next, this.#send, this.#back),
      make("div", { class: "actions" }, ...dismissals(words, prompt, on)),
    );
    this.#draw();
  }

  get visibility() {
    return this.#choice ? this.#choice.value : null;
  }

  answers() {
    return this.#questions.answers();
  }

  #screen({ instrument, field }) {
    const { heading, node } = about(this.#words, instrument);
    return make("div", { role: "group", "aria-labelledby": heading.id }, node, instructions(instrument), field.node);
  }

  /** Shows the screen in hand; the last one comes after all items. */
  #draw() {
    const { entries, open, total, progress } = this.#questions;
    const last = this.#at === total;
    this.#screens.forEach((screen, index) => screen.classList.toggle("off", index !== this.#at));
    this.#screens[0].parentNode.hidden = this.#next.hidden = last;
    this.#last.hidden = this.#send.hidden = !last;
    this.#back.hidden = this.#at === 0;
    this.#hint.hidden = last;
    const answered = last || entries[this.#at].field.value !== null;
    this.#hint.classList.toggle("off", answered);
    if (answered) this.#next.removeAttribute("aria-describedby");
    else this.#next.setAttribute("aria-describedby", this.#hint.id);
    this.#bar.value = this.#at;
    this.#progress.textContent = last
      ? this.#words.say("progress", progress)
      : this.#words.say("item_number", { n: this.#at + 1, total });
    const some = open.length > 0 && open.length < total;
    this.#left.textContent = some ? this.#words.say("missing", { n: open.length }) : "";
    this.#left.hidden = this.#show.hidden = !some;
    this.#send.textContent = this.#words.say(some ? "send_anyway" : "send");
  }

  /** The person's own doing, so the focus goes along. */
  #go(to) {
    this.#at = to;
    this.#on.remind("", null);
    this.#draw();
    const entry = this.#questions.entries[to];
    if (entry) entry.field.focus();
    else this.#heading.focus();
    this.node.scrollIntoView({ block: "nearest" });
  }

  #toOpen() {
    const { entries, open } = this.#questions;
    this.#go(entries.indexOf(open[0]));
  }

  #changed() {
    this.touched = true;
    this.#on.begin();
    this.#draw();
  }

  #key(event) {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
    event.preventDefault();
    if (!event.repeat) this.#go(this.#at + 1);
  }

  #trySend() {
    const { open, total } = this.#questions;
    if (open.length === total) this.#on.remind(this.#words.say("nothing_answered"), () => this.#toOpen());
    else this.#on.send();
  }
}
