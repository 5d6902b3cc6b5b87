/** The client's choice who sees the answers. A therapist has none: the service sends null then. */
class VisibilityChoice {
  #radios;

  /** `changed(label)` hears the plain words of the choice. */
  constructor(words, visibility, changed = () => {}) {
    this.words = words;
    this.#radios = visibility.choices.map((choice) => {
      const radio = make("input", {
        type: "radio", name: "visibility", value: choice, autocomplete: "off",
        onchange: () => changed(this.label),
      });
      radio.checked = choice === visibility.default;
      return radio;
    });
    this.node = make("fieldset", { class: "visibility" },
      make("legend", {}, words.say("visibility")),
      ...this.#radios.map((radio) =>
        make("label", { class: "option" }, radio, make("span", {},
          make("b", {}, words.say(`visibility_${radio.value}`)),
          make("small", {}, words.say(`visibility_${radio.value}_means`)),
        )),
      ),
    );
  }

  get value() {
    return this.#radios.find((radio) => radio.checked)?.value ?? null;
  }

  get label() {
    return this.value ? this.words.say(`visibility_${this.value}`) : "";
  }
}
