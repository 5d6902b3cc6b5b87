/* Keeps the page current: a hint arrives over the WebSocket, the same page is fetched, changed parts are replaced.

   The fetched page is parsed by XMLHttpRequest (`responseType = "document"`), which runs nothing in it and needs
   no Trusted Types policy. What is said stands in the page, in the reader's language. Focus, open details and the scroll position stay where they are. Without this script
   the page works as well; reloading shows what is new. */

const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30000;
const GATHER = 250;
const BAD_TOKEN = 4401;

const note = document.getElementById("live-note");
const liveMeta = (root) => root.querySelector('meta[name="alliancekit-live"]');

let seq = 0;
let wait = FIRST_WAIT;
let connectedBefore = false;
let gathering = 0;
let fetching = false;
let again = false;
let clearing = 0;
let socket = null;

function say(text, link = false) {
  clearTimeout(clearing);
  note.replaceChildren(text);
  if (link) {
    const reload = document.createElement("a");
    reload.href = location.href;
    reload.textContent = note.dataset.open;
    note.append(" ", reload);
  } else {
    clearing = setTimeout(() => note.replaceChildren(), 8000);
  }
}

function fetchPage() {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("GET", location.pathname + location.search);
    request.responseType = "document";
    request.timeout = 20000;
    request.onload = () => resolve(request.response);
    request.onerror = request.ontimeout = () => reject(new Error("the page cannot be reached"));
    request.send();
  });
}

/* What may differ without being news: which details the reader has open. */
function content(part) {
  const copy = part.cloneNode(true);
  for (const element of copy.querySelectorAll("details")) element.removeAttribute("open");
  return copy.outerHTML;
}

/* The first part that is in sight, to hold the page still by. */
function anchorOf(parts) {
  const part = parts.find((element) => element.getBoundingClientRect().bottom > 0);
  return part && { id: part.id, top: part.getBoundingClientRect().top };
}

function swap(old, fresh) {
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  for (const element of old.querySelectorAll("details[id][open]")) {
    const twin = fresh.querySelector("#" + CSS.escape(element.id));
    if (twin) twin.open = true;
  }
  const scrolled = [...old.querySelectorAll(".scroll[id]")].map((e) => [e.id, e.scrollTop, e.scrollLeft]);
  old.replaceWith(fresh);
  for (const [id, top, left] of scrolled) document.getElementById(id)?.scrollTo(left, top);
  if (!focused) return;
  const next = focused.id && document.getElementById(focused.id);
  if (next) {
    next.focus({ preventScroll: true });
  } else {
    fresh.tabIndex = -1;
    fresh.focus({ preventScroll: true });
  }
}

/* Returns whether anything changed. */
function take(page) {
  const main = document.querySelector("main");
  const incoming = page?.querySelector("main");
  if (!incoming || incoming.dataset.page !== main.dataset.page) return null;
  const parts = [...main.querySelectorAll("[data-part]")];
  const fresh = [...incoming.querySelectorAll("[data-part]")];
  const meta = liveMeta(page);
  if (meta) liveMeta(document).dataset.token = meta.dataset.token;
  const anchor = anchorOf(parts);
  let changed = false;
  if (parts.map((p) => p.id).join() !== fresh.map((p) => p.id).join()) {
    main.replaceChildren(...[...incoming.childNodes].map((node) => document.importNode(node, true)));
    if (document.activeElement === document.body) main.focus({ preventScroll: true });
    changed = true;
  } else {
    parts.forEach((old, index) => {
      const twin = document.importNode(fresh[index], true);
      if (content(old) === content(twin)) return;
      swap(old, twin);
      changed = true;
    });
  }
  const held = changed && anchor && document.getElementById(anchor.id);
  if (held) scrollBy({ top: held.getBoundingClientRect().top - anchor.top, behavior: "instant" });
  return changed;
}

async function refresh() {
  if (fetching) {
    again = true;
    return;
  }
  fetching = true;
  try {
    const changed = take(await fetchPage());
    if (changed === null) say(note.dataset.stale, true);
    else if (changed) say(note.dataset.news);
  } catch {
    say(note.dataset.unreachable, true);
  } finally {
    fetching = false;
    if (again) {
      again = false;
      refresh();
    }
  }
}

function soon() {
  clearTimeout(gathering);
  gathering = setTimeout(refresh, GATHER);
}

function connect() {
  const url = new URL(liveMeta(document).content, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  socket = new WebSocket(url);
  socket.addEventListener("open", () => {
    socket.send(JSON.stringify({ type: "hello", token: liveMeta(document).dataset.token, seq }));
  });
  socket.addEventListener("message", (event) => {
    const hint = JSON.parse(event.data);
    if (Number.isInteger(hint.seq)) seq = Math.max(seq, hint.seq);
    if (hint.type === "ready") {
      wait = FIRST_WAIT;
      if (connectedBefore) soon(); /* hints may have been lost while the line was down */
      connectedBefore = true;
    } else if (hint.type === "updated") {
      soon();
    }
  });
  socket.addEventListener("close", (event) => {
    if (event.code === BAD_TOKEN) {
      say(note.dataset.ended, true);
      return;
    }
    setTimeout(connect, wait * (0.5 + Math.random() / 2));
    wait = Math.min(wait * 2, LONGEST_WAIT);
  });
}

if (liveMeta(document)) connect();
