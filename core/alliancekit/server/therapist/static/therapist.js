/* Keeps the page current: a hint arrives over the WebSocket, the same page is fetched, changed parts are replaced.

   The fetched page is parsed by XMLHttpRequest (`responseType = "document"`), which runs nothing in it and needs
   no Trusted Types policy. Focus, open details and the scroll position stay where they are, and a part in which
   somebody is writing waits until they are done. Without this script the page works as well; reloading shows what
   is new. */

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
let refreshed = -Infinity;
let held = false;
let fetching = false;
let again = false;
let clearing = 0;
let socket = null;
let news = false; /* answers arrived, and not only settings changed */

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

/* Whether a field has the writer's cursor, or says something else than the server sent. */
function writtenIn(field) {
  if (field.type === "hidden") return false;
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field === document.activeElement) return true;
  if (field.options) return [...field.options].some((one, n) => one.selected !== selectedAtFirst(field, one, n));
  return field.value !== field.defaultValue;
}

function selectedAtFirst(field, option, n) {
  const named = [...field.options].some((one) => one.defaultSelected);
  return named ? option.defaultSelected : n === 0;
}

function written(part) {
  return [...part.querySelectorAll("input, select, textarea")].some(writtenIn);
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
  const same = parts.map((p) => p.id).join() === fresh.map((p) => p.id).join();
  held = false;
  if (!same && !parts.some(written)) {
    main.replaceChildren(...[...incoming.childNodes].map((node) => document.importNode(node, true)));
    if (document.activeElement === document.body) main.focus({ preventScroll: true });
    changed = true;
  } else {
    held = !same;
    for (const old of parts) {
      const incomingPart = fresh.find((one) => one.id === old.id);
      if (!incomingPart) continue;
      const twin = document.importNode(incomingPart, true);
      if (content(old) === content(twin)) continue;
      if (written(old)) {
        held = true;
        continue;
      }
      swap(old, twin);
      changed = true;
    }
  }
  const anchored = changed && anchor && document.getElementById(anchor.id);
  if (anchored) scrollBy({ top: anchored.getBoundingClientRect().top - anchor.top, behavior: "instant" });
  return changed;
}

async function refresh() {
  if (fetching) {
    again = true;
    return;
  }
  fetching = true;
  refreshed = performance.now();
  try {
    const changed = take(await fetchPage());
    if (changed === null) say(note.dataset.stale, true);
    else if (changed && news) say(note.dataset.news);
    news = again && news;
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

/* At once; when hints come in a row, at most one a quarter of a second. */
function soon() {
  clearTimeout(gathering);
  gathering = setTimeout(refresh, Math.max(0, refreshed + GATHER - performance.now()));
}

function newsCame() {
  news = true;
  soon();
}

/* Who has written and thought better of it sees what is new as soon as they go elsewhere. */
document.addEventListener("focusout", () => {
  if (held) soon();
});

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
      if (connectedBefore) newsCame(); /* hints may have been lost while the line was down */
      connectedBefore = true;
    } else if (hint.type === "updated") {
      newsCame();
    } else if (hint.type === "settings") {
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
