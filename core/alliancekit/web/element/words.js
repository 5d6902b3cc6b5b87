/** Words and numbers in the person's language; `KEYS` and `CATALOGUES` are put in front of this file by `embed.py`. */
const RIGHT_TO_LEFT = new Set(["ar", "fa", "he", "ur"]);

class Words {
  #catalogue;
  #numbers;

  /** Falls back from `zh-Hans` to `zh`, then to English. */
  constructor(language, direction) {
    const tag = String(language || "en");
    const primary = tag.split("-")[0].toLowerCase();
    const known = [tag, primary, "en"].find((name) => Object.hasOwn(CATALOGUES, name));
    this.language = tag;
    this.direction = direction || (RIGHT_TO_LEFT.has(primary) ? "rtl" : "ltr");
    this.#catalogue = CATALOGUES[known];
    this.#numbers = new Intl.NumberFormat(known);
  }

  /**
   * The wording of `key`, its `{names}` filled in; numbers are written as the language writes them. A moment or
   * visibility that a newer service sends shows its bare key.
   */
  say(key, values = {}) {
    return (this.#catalogue[KEYS.indexOf(key)] ?? key).replace(/\{(\w+)\}/g, (_, name) => {
      const value = values[name];
      return typeof value === "number" ? this.#numbers.format(value) : String(value ?? "");
    });
  }
}
