/**
 * The element in a frame: talks with the page that holds it, and with nobody else.
 *
 * Every message is `{alliancekit: 1, type, …}` from and to the one origin that the service allowed for this page.
 * In: `token` {token}; `theme` {properties: {"--ak-…": value}}; `ask`; `hint` {hint: {type, prompt}}.
 * Out: `ready` {title}; `height` {height} in CSS pixels; `event` {name, detail}: the element's events, which carry
 * ids and status only.
 */
const VERSION = 1;
const EVENTS = ["ak-ready", "ak-prompt", "ak-answered", "ak-queued", "ak-dismissed", "ak-error"];
const { parent: holder } = window;
const origin = document.documentElement.dataset.parent;
const feedback = document.querySelector("alliance-feedback");

const doing = {
  token: ({ token }) => {
    if (typeof token === "string") feedback.setAttribute("token", token);
  },
  theme: ({ properties }) => {
    for (const [name, value] of Object.entries(properties ?? {})) {
      if (/^--ak-[a-z-]+$/.test(name)) document.documentElement.style.setProperty(name, String(value));
    }
  },
  ask: () => feedback.ask(),
  hint: ({ hint }) => feedback.hint(hint),
};

function tell(type, more) {
  holder.postMessage({ alliancekit: VERSION, type, ...more }, origin);
}

function hear({ source, origin: sender, data }) {
  if (source !== holder || sender !== origin || data?.alliancekit !== VERSION) return;
  if (Object.hasOwn(doing, data.type)) doing[data.type](data);
}

// Opened by itself, the page has nobody to talk with: it stays empty.
if (holder !== window) {
  addEventListener("message", hear);
  for (const name of EVENTS) feedback.addEventListener(name, ({ detail }) => tell("event", { name, detail }));
  new ResizeObserver(() => tell("height", { height: Math.ceil(document.body.getBoundingClientRect().height) }))
    .observe(document.body);
  tell("ready", { title: document.title });
}
