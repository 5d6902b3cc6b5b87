/**
 * Measures the colours that a page sets by `--ak-…`, and warns on the console of pairs that WCAG 2.2 forbids:
 * text below 4.5:1 (1.4.3), controls below 3:1 (1.4.11), in each scheme that the element may be shown in.
 */
const TEXT_PAIRS = [
  ["text", "surface"], ["muted", "surface"], ["warn", "surface"], ["bad", "surface"],
  ["text", "chosen"], ["muted", "chosen"], ["on-accent", "accent"],
];
const CONTROL_PAIRS = [["line", "surface"], ["accent", "surface"], ["focus", "surface"]];
const COLOURS = [...new Set([...TEXT_PAIRS, ...CONTROL_PAIRS].flat())];
const told = new Set();

/** Once a page and pair; a page that sets no colour costs nothing. */
function warnOfContrast(host, box) {
  const style = getComputedStyle(host);
  const set = new Set(COLOURS.filter((name) => style.getPropertyValue(`--ak-${name}`)));
  if (!set.size || matchMedia("(forced-colors: active)").matches) return;
  const probe = make("i", { hidden: true });
  box.append(probe);
  const schemes = ["light", "dark"].filter((scheme) => style.colorScheme.split(" ").includes(scheme));
  const poor = (schemes.length ? schemes : ["light"]).flatMap((scheme) => {
    probe.style.colorScheme = scheme;
    const ground = scheme === "dark" ? [0, 0, 0, 1] : [1, 1, 1, 1];
    return [...tooLow(TEXT_PAIRS, 4.5), ...tooLow(CONTROL_PAIRS, 3)];

    function tooLow(pairs, least) {
      return pairs.filter((pair) => pair.some((name) => set.has(name))).flatMap(([one, other]) => {
        const below = over(colour(probe, other), over(colour(probe, "surface"), ground));
        const ratio = contrast(over(colour(probe, one), below), below);
        if (ratio >= least) return [];
        return [`${scheme}: --ak-${one} on --ak-${other} has ${ratio.toFixed(2)}:1, least ${least}:1`];
      });
    }
  });
  probe.remove();
  const news = poor.filter((line) => !told.has(line));
  news.forEach((line) => told.add(line));
  if (news.length) console.warn(["alliance-feedback: too little contrast for many people.", ...news].join("\n"));
}

/** `[red, green, blue, alpha]`, each 0 to 1, whatever way it was written in. */
function colour(probe, name) {
  const value = name === "focus" ? "var(--ak-focus, var(--accent))" : `var(--${name})`;
  probe.style.color = `color-mix(in srgb, ${value}, ${value})`;
  const [red, green, blue, alpha = 1] = getComputedStyle(probe).color.match(/-?[\d.]+(?:e-?\d+)?/g).map(Number);
  return [red, green, blue, alpha];
}

function over(top, ground) {
  return [...[0, 1, 2].map((i) => top[i] * top[3] + ground[i] * (1 - top[3])), 1];
}

/** WCAG 2.2, "contrast ratio" and "relative luminance". */
function contrast(one, other) {
  const [low, high] = [one, other].map((rgb) => {
    const [red, green, blue] = rgb.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }).sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}
