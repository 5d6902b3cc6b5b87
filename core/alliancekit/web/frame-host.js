/* AllianceKit, Apache-2.0 */
/**
 * Holds the feedback in a frame, for pages that run no script of others: import this module from the service, or
 * copy it. No dependency; works under `frame-src https://your.service` without any other change of a policy.
 *
 *     import { allianceFrame } from "./frame-host.js";
 *     const feedback = allianceFrame({ src: "https://your.service", token: fetchToken, into: element });
 *
 * `src`: the service. `token`: a participant's token, or a function (it may be asynchronous) that gets one; only a
 * function is asked again when the token has run out. `into`: the element that takes the frame; give it the
 * `min-block-size` that is to be kept free, then nothing on your page moves when a question comes. `title`: the
 * frame's name for screen readers; without one, the service's in the browser's language. `theme`: `--ak-…`
 * properties.
 *
 * Returns `{frame, ask(), hint(message), setToken(token), remove()}`. The element's events (`ak-prompt`, …; ids and
 * status only, never an answer) are dispatched on the frame and bubble.
 */
const VERSION = 1;
const EVENT = /^ak-(ready|prompt|answered|queued|dismissed|error)$/;
const LONGEST_WAIT_MS = 60_000;

export function allianceFrame({ src, token, into, title = "", theme = {} }) {
  const service = new URL(src, document.baseURI);
  const frame = document.createElement("iframe");
  let failures = 0;
  let timer = 0;

  function tell(type, more) {
    frame.contentWindow?.postMessage({ alliancekit: VERSION, type, ...more }, service.origin);
  }

  async function hand() {
    let value = token;
    try {
      if (typeof token === "function") value = await token();
    } catch {
      renew();
      return;
    }
    if (typeof value === "string") tell("token", { token: value });
  }

  /** At once the first time, then after 2, 4, 8 … 60 seconds, until the service takes a token. */
  function renew() {
    if (typeof token !== "function") return;
    clearTimeout(timer);
    timer = setTimeout(hand, failures ? Math.min(LONGEST_WAIT_MS, 1000 * 2 ** failures) : 0);
    failures += 1;
  }

  const doing = {
    ready: (message) => {
      if (!title) frame.title = String(message.title);
      tell("theme", { properties: theme });
      hand();
    },
    height: ({ height }) => {
      if (Number.isFinite(height)) frame.style.blockSize = `${Math.max(0, height)}px`;
    },
    event: ({ name, detail }) => {
      if (!EVENT.test(name)) return;
      if (name === "ak-ready") failures = 0;
      if (name === "ak-error" && detail?.code === "token") renew();
      frame.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, detail }));
    },
  };

  function hear({ source, origin, data }) {
    if (source !== frame.contentWindow || origin !== service.origin || data?.alliancekit !== VERSION) return;
    if (Object.hasOwn(doing, data.type)) doing[data.type](data);
  }

  addEventListener("message", hear);
  frame.title = title || "Feedback";
  frame.setAttribute("sandbox", "allow-scripts allow-same-origin allow-forms");
  frame.referrerPolicy = "no-referrer";
  const look = { display: "block", border: "0", inlineSize: "100%", blockSize: "0", maxBlockSize: "100%", background: "none" };
  Object.assign(frame.style, look);
  frame.src = `${service.origin}${service.pathname.replace(/\/+$/, "")}/frame?parent=${encodeURIComponent(location.origin)}`;
  into.append(frame);

  return {
    frame,
    ask: () => tell("ask"),
    hint: (hint) => tell("hint", { hint }),
    setToken: (next) => {
      token = next;
      failures = 0;
      hand();
    },
    remove: () => {
      clearTimeout(timer);
      removeEventListener("message", hear);
      frame.remove();
    },
  };
}
