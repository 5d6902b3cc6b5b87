// Waiting room and desk: who is here, which visit is due, and how the earlier ones went.
const { who } = document.body.dataset;
const $ = (selector) => document.querySelector(selector);
const PERSON = { client: "the client", therapist: "you" };

function badge(kind, text) {
  const made = document.createElement("span");
  made.className = `badge ${kind}`;
  made.textContent = text;
  return made;
}

function row(visit) {
  const made = document.createElement("li");
  const title = document.createElement("span");
  title.textContent = `Visit ${visit.number}`;
  made.append(title);
  if (visit.rated.length) made.append(badge("rated", `rated by ${visit.rated.map((role) => PERSON[role]).join(" and ")}`));
  if (visit.worth_a_look) made.append(badge("look", "worth a look"));
  return made;
}

function show(news) {
  $("[data-visit]").textContent = news.visit;
  $("[data-enter]").href = `/${who}/visits/${news.visit}`;
  const state = $("[data-other]");
  const there = news.here.includes(state.dataset.other);
  state.textContent = there ? state.dataset.there : state.dataset.away;
  state.classList.toggle("there", there);
  $("[data-past]")?.replaceChildren(...news.past.map(row));
}

function listen() {
  const url = new URL(`/${who}/news`, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  const socket = new WebSocket(url);
  socket.onmessage = ({ data }) => show(JSON.parse(data));
  socket.onclose = () => setTimeout(listen, 1000);
}

listen();
