/**
 * One choice item: native radios in a fieldset, nothing chosen at first.
 *
 * Every item (this and the slider) has `node`, `value` (null = not answered), `focus()` and `missing(shown)`, and
 * calls `changed()` after the person did something.
 */
class Choice {
  #words;
  #item;
  #radios;
  #clear;
  #mark;

  constructor(words, item, group, number, changed) {
    this.#words = words;
    this.#item = item;
    this.#mark = missingMark();
    this.#clear = clearButton(words, () => {
      this.#radios.forEach((radio) => (radio.checked = false));
      this.focus();
      this.#changed(changed);
    });
    this.#radios = item.options.map((option, index) =>
      make("input", {
        type: "radio", name: group, value: index, autocomplete: "off", onchange: () => this.#changed(changed),
      }),
    );
    const labels = item.options.map((option, index) =>
      make("label", { class: "option" }, this.#radios[index], ...wording(option)),
    );
    this.node = make("fieldset", { class: "item", "aria-describedby": this.#mark.id },
      ...asked(legend(number, make("span", {}, item.text)), labels),
      this.#mark,
      this.#clear,
    );
  }

  get value() {
    const index = this.#radios.findIndex((radio) => radio.checked);
    return index < 0 ? null : this.#item.options[index].value;
  }

  focus() {
    (this.#radios.find((radio) => radio.checked) ?? this.#radios[0]).focus();
  }

  missing(shown) {
    this.#mark.textContent = shown ? this.#words.say("missing_mark") : "";
  }

  #changed(changed) {
    this.#clear.hidden = this.value === null;
    this.missing(false);
    changed();
  }
}

/** An option's label, behind its symbol where it has one; a screen reader reads the label only. */
function wording(option) {
  const { symbol, label } = option;
  return [symbol ? make("span", { class: "symbol", "aria-hidden": "true" }, symbol) : null, make("span", {}, label)];
}

/** The question with its place in the card above it. */
function legend(number, question) {
  return make("legend", {}, number ? make("span", { class: "number" }, number) : null, question);
}

function missingMark() {
  return make("span", { class: "missing", id: newId("missing") });
}

/** There only while something can be cleared: an answer may be taken back, also a radio's. */
function clearButton(words, onclick) {
  return button("quiet small", words.say("clear"), onclick, { hidden: true });
}

/** A question with its options: up to seven stand in a row where their words fit side by side, else in a list. */
function asked(question, labels) {
  FITTING.observe(question);
  return [question, make("div", { class: labels.length <= 7 ? "options row" : "options" }, ...labels)];
}

/**
 * Watches questions, not options: a row that became a list changes its own height, and would be reported as
 * changing again. What makes room for the words, width and text size, changes the question as well.
 */
const FITTING = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const options = target.nextElementSibling;
    options.classList.remove("list");
    options.classList.toggle("list", options.scrollWidth > options.clientWidth);
  }
});
