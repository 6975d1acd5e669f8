"use strict";
// The board: lists the numbers, and lists them again whenever the clinic says that the queue moved.
const byId = (id) => document.getElementById(id);
const words = JSON.parse(byId("words").textContent);
const say = (key, values = {}) => (words[key] || key).replace(/%(\w+)%/g, (_, name) => values[name]);
const made = (name, kind, text) => {
  const element = document.createElement(name);
  element.className = kind;
  element.textContent = text;
  return element;
};
// Calls that were spoken, or were there when the board was switched on.
let spoken = null;

function speak(called, room) {
  if (!("speechSynthesis" in window)) return;
  const said = new SpeechSynthesisUtterance(say("board-speak", { number: called.number, room: called.station || room }));
  said.lang = document.documentElement.lang === "en" ? "en-GB" : "vi-VN";
  speechSynthesis.speak(said);
}

function lineOf(line) {
  const part = made("section", "board-line", "");
  part.append(made("h2", "", line.room));
  const [last] = line.called;
  part.append(made("p", last ? "big" : "big none", last ? last.number : "–"));
  if (last && last.station && last.station !== line.room) part.append(made("p", "station", last.station));
  if (line.called.length > 1) part.append(made("p", "also", say("board-also", { numbers: line.called.slice(1).map((it) => it.number).join(", ") })));
  part.append(made("p", "next", line.next.length ? say("board-next", { numbers: line.next.join(", ") }) : say("board-nobody")));
  return part;
}

async function list() {
  const answer = await fetch("/desk/board/lines");
  if (answer.status === 401) { location.reload(); return; }
  if (!answer.ok) throw new Error(String(answer.status));
  const lines = await answer.json();
  byId("board").replaceChildren(...lines.map(lineOf));
  byId("board-empty").hidden = lines.length > 0;
  const now = new Set();
  for (const line of lines) {
    for (const called of line.called) {
      const key = `${called.number} ${called.at}`;
      now.add(key);
      if (spoken && !spoken.has(key)) speak(called, line.room);
    }
  }
  spoken = now;
}

const state = byId("live");
const show = (on) => {
  state.classList.toggle("on", on);
  state.textContent = on ? "" : say("offline");
};
const again = () => list().then(() => show(true)).catch(() => show(false));
let events;
let missed;
function connect() {
  if (events) events.close();
  events = new EventSource("/desk/events");
  const heard = () => { clearTimeout(missed); missed = setTimeout(() => { show(false); connect(); }, 40000); };
  heard();
  events.addEventListener("open", () => { heard(); again(); });
  events.addEventListener("error", () => {
    show(false);
    if (events.readyState === EventSource.CLOSED) setTimeout(connect, 3000);
  });
  events.addEventListener("beat", heard);
  for (const name of ["queue", "everything"]) events.addEventListener(name, () => { heard(); again(); });
}
connect();
again();
