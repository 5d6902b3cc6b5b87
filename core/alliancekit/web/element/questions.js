/**
 * The items of a prompt as fields, numbered through all its measures; `changed()` hears every answer.
 *
 * `entries`: `{instrument, item, field}` in the order asked.
 */
class Questions {
  constructor(words, prompt, changed) {
    const asked = prompt.instruments.flatMap((instrument) => instrument.items.map((item) => ({ instrument, item })));
    const total = asked.length;
    this.entries = asked.map(({ instrument, item }, index) => {
      const number = words.say("item_number", { n: index + 1, total });
      const field = item.kind === "slider"
        ? new Slider(words, item, number, changed)
        : new Choice(words, item, `${instrument.name}.${item.id}`, number, changed);
      return { instrument, item, field };
    });
  }

  get total() {
    return this.entries.length;
  }

  /** The entries without an answer. */
  get open() {
    return this.entries.filter(({ field }) => field.value === null);
  }

  /** `{n, total}` as the texts about progress want it. */
  get progress() {
    return { n: this.total - this.open.length, total: this.total };
  }

  /** `{instrument: {item: value}}`, without the items left out. */
  answers() {
    const answers = {};
    for (const { instrument, item, field } of this.entries) {
      answers[instrument.name] ??= {};
      if (field.value !== null) answers[instrument.name][item.id] = field.value;
    }
    return answers;
  }
}

/** A measure's title, with the label that an unvalidated one carries wherever it is shown. */
function about(words, instrument) {
  const heading = make("h3", { id: newId("measure") }, instrument.title);
  return { heading, node: make("div", { class: "about" }, heading, validity(words, instrument)) };
}

function validity(words, instrument) {
  return instrument.validated ? null : make("small", { class: "validity" }, words.say("not_validated"));
}

function instructions(instrument) {
  return instrument.instructions ? make("p", { class: "instructions" }, instrument.instructions) : null;
}

function dismissals(words, prompt, on) {
  const reasons = prompt.moment === "in_call" ? ["later", "skip", "not_in_calls"] : ["later", "skip"];
  return reasons.map((reason) =>
    button(reason === "not_in_calls" ? "quiet" : "plain", words.say(reason), () => on.dismiss(reason)),
  );
}
