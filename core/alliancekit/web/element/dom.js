/**
 * Builds one element without any text parsed as HTML, so that pages may require Trusted Types.
 * `on…` properties become listeners, `true` an empty attribute, `null`, `undefined` and `false` nothing.
 */
function make(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** A button that submits nothing by itself; `look` is `primary`, `plain` or `quiet`. */
function button(look, text, onclick, more = {}) {
  return make("button", { type: "button", class: look, onclick, ...more }, text);
}

/** Ids are unique within the page, so that a copy of a card never borrows another card's label. */
let lastId = 0;
function newId(prefix) {
  lastId += 1;
  return `${prefix}-${lastId}`;
}
