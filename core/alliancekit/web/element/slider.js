/**
 * One slider item: a native range that starts without a thumb and counts only after the person moved it.
 *
 * Values are integers; with `decimals` 1 the person is told 8.5 and 85 is sent.
 * A native range always has a value; `#answered` says whether anybody gave it. The buttons move by a twentieth of
 * the range, so that a slider needs no dragging.
 */
class Slider {
  #words;
  #item;
  #range;
  #answered = false;
  #clear;
  #empty;
  #mark;
  #after;

  constructor(words, item, number, changed) {
    this.#words = words;
    this.#item = item;
    this.#after = changed;
    this.#mark = missingMark();
    this.#clear = clearButton(words, () => {
      this.#range.value = this.#middle;
      this.#answer(false);
      this.focus();
    });
    this.#empty = make("span", { class: "small", "aria-hidden": "true" }, words.say("not_answered"));
    const ids = { text: newId("question"), low: newId("low"), high: newId("high") };
    this.#range = make("input", {
      type: "range", min: item.minimum, max: item.maximum, step: item.step || 1, autocomplete: "off",
      "aria-labelledby": ids.text, "aria-describedby": this.#mark.id,
      oninput: () => this.#answer(true),
      // A tap on the very value that the empty range holds changes nothing, so no input event comes.
      onpointerup: () => this.#answer(true),
    });
    this.#range.value = this.#middle;
    const steps = (item.maximum - item.minimum) / (item.step || 1);
    const stride = (item.step || 1) * Math.max(1, Math.round(steps / 20));
    const move = (by) => {
      this.#range.value = Number(this.#range.value) + by;
      this.#answer(true);
    };
    this.node = make("fieldset", { class: "item" },
      legend(number, make("span", { id: ids.text }, item.text)),
      this.#range,
      make("div", { class: "ends" },
        button("step", "−", () => move(-stride), { "aria-label": words.say("less"), "aria-describedby": ids.text }),
        make("span", { id: ids.low }, item.low),
        make("span", { id: ids.high, class: "high" }, item.high),
        button("step", "+", () => move(stride), { "aria-label": words.say("more"), "aria-describedby": ids.text }),
      ),
      this.#mark,
      this.#empty,
      this.#clear,
    );
    this.#describe();
  }

  get #middle() {
    return (this.#item.minimum + this.#item.maximum) / 2;
  }

  get value() {
    return this.#answered ? Number(this.#range.value) : null;
  }

  focus() {
    this.#range.focus();
  }

  missing(shown) {
    this.#mark.textContent = shown ? this.#words.say("missing_mark") : "";
  }

  #answer(given) {
    this.#answered = given;
    this.#clear.hidden = !given;
    this.#empty.hidden = given;
    this.missing(false);
    this.#describe();
    this.#after();
  }

  #describe() {
    this.#range.classList.toggle("empty", !this.#answered);
    const { minimum, maximum, low, high, decimals = 0 } = this.#item;
    const published = (value) => value / 10 ** decimals;
    this.#range.setAttribute("aria-valuetext", this.#answered
      ? this.#words.say("slider_value", {
          value: published(Number(this.#range.value)), minimum: published(minimum), maximum: published(maximum),
          low, high,
        })
      : this.#words.say("not_answered"));
  }
}
