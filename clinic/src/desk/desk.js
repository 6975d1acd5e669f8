"use strict";
// The desk's page: lists the bookings, and lists them again whenever the clinic says that something changed.

const byId = (id) => document.getElementById(id);
const words = JSON.parse(byId("words").textContent);
// A message; `%name%` in it is a value.
const say = (key, values = {}) => (words[key] || key).replace(/%(\w+)%/g, (_, name) => values[name]);
// What whoever is signed in may do here.
const may = (what) => byId("may").dataset.may.split(" ").includes(what);
const language = document.documentElement.lang === "en" ? "en-GB" : "vi-VN";
const zone = "Asia/Ho_Chi_Minh";
const time = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone });
const date = new Intl.DateTimeFormat(language, { weekday: "long", day: "2-digit", month: "2-digit", year: "numeric", timeZone: zone });
const dayKey = new Intl.DateTimeFormat("en-CA", { timeZone: zone });
const money = new Intl.NumberFormat("vi-VN");
const dong = (amount) => money.format(amount).replace(/,/g, ".") + " đ";
let seen = null;

async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "Sokhoe-Desk": "1" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

const outcomes = {
  "applied": say("paid-applied"),
  "already-counted": say("paid-already-counted"),
  "to-settle": say("paid-to-settle"),
  "conflict": say("paid-conflict"),
};

function tell(reference, text) {
  byId("notice").textContent = `${reference}: ${text}`;
}

function tag(text, off, due) {
  const element = document.createElement("span");
  element.className = off ? "tag off" : due ? "tag due" : "tag";
  element.textContent = text;
  return element;
}

const queueRefusals = {
  "unknown": () => say("refused-unknown"),
  "cancelled": () => say("refused-cancelled"),
  "another-day": (said) => say("refused-another-day", { day: said.day.split("-").reverse().join("/") }),
  "over": () => say("refused-over"),
  "bad-ticket": () => say("refused-bad-ticket"),
  "ticket-used": (said) => say("refused-ticket-used", { time: time.format(said.at) }) + (said.number ? say("refused-ticket-number", { number: said.number }) : ""),
  "ticket-outdated": () => say("refused-ticket-outdated"),
  "stands-elsewhere": () => say("refused-stands-elsewhere"),
};

// Asks for something that may be refused. What it answers; nothing when it was refused or failed, which is said.
async function ask(path, body, notice, what, refusals) {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Sokhoe-Desk": "1" },
      body: JSON.stringify(body),
    });
    if (answer.status === 409) {
      const said = await answer.json();
      const why = refusals[said.refusal];
      notice.textContent = `${what}: ${why ? why(said) : said.refusal}`;
      return undefined;
    }
    if (answer.status === 401) { location.reload(); return undefined; }
    if (!answer.ok) throw new Error(String(answer.status));
    notice.textContent = "";
    return await answer.json();
  } catch {
    notice.textContent = say("not-done", { what });
    return undefined;
  } finally {
    await Promise.all([listQueue(), list()]).catch(() => {});
  }
}

// A step of the queue.
const queueStep = (path, body, what) => ask("/desk/queue/" + path, body, byId("queue-notice"), what, queueRefusals);

async function checkIn(body, what) {
  const first = byId("goes-first");
  const came = await queueStep("check-in", { ...body, goes_first: first.checked }, what);
  if (came) first.checked = false;
  if (came) byId("queue-notice").textContent = say("number-given", { what, number: came.number });
}

function button(text, press) {
  const element = document.createElement("button");
  element.type = "button";
  element.textContent = text;
  element.addEventListener("click", async () => {
    element.disabled = true;
    try { await press(); } finally { element.disabled = false; }
  });
  return element;
}

const states = {
  "waiting": say("state-waiting"),
  "called": say("state-called"),
  "in-room": say("state-in-room"),
  "missed": say("state-missed"),
};

function queueActions(person) {
  const of = { appointment: person.appointment };
  const what = say("number", { number: person.number });
  const step = (path, text) => button(text, () => queueStep(path, of, what));
  if (!may("call")) return [];
  const returned = may("check-in") ? [button(say("returned"), () => checkIn(of, what))] : [];
  switch (person.state) {
    case "called": return [step("begin", say("begin")), step("call-again", say("call-again")), step("missed", say("missed"))];
    case "in-room": return [step("finish", say("finish"))];
    case "missed": return [...returned, step("take-back", say("take-back"))];
    case "waiting": return [step("take-back", say("take-back"))];
    default: return [];
  }
}

function queueRow(person) {
  const element = byId("queue-row").content.firstElementChild.cloneNode(true);
  const set = (name, text) => { element.querySelector("." + name).textContent = text; };
  set("number", person.number);
  set("name", person.name || say("no-name"));
  const said = [states[person.state] || person.state];
  if (person.state === "called") said.push(person.station, time.format(person.called));
  if (person.state === "waiting" && person.priority) said.push(say("priority"));
  set("state", said.join(" · "));
  element.querySelector(".action").append(...queueActions(person));
  if (person.state === "called") element.classList.add("called");
  if (person.state === "missed") element.classList.add("done-with");
  return element;
}

function lineParts(line) {
  const head = document.createElement("div");
  head.className = "line-head";
  const title = document.createElement("h3");
  const waiting = line.people.filter((person) => person.state === "waiting").length;
  title.textContent = say("line", { room: line.room, practitioner: line.practitioner, waiting, done: line.done });
  const next = button(say("next"), async () => {
    const what = line.room;
    const called = await queueStep("next", { schedule: line.schedule, station: line.room }, what);
    if (called) byId("queue-notice").textContent = say("called", { what, number: called.number });
  });
  next.disabled = waiting === 0;
  head.append(title, ...(may("call") ? [next] : []));
  const table = document.createElement("table");
  const body = document.createElement("tbody");
  body.append(...line.people.map(queueRow));
  table.append(body);
  return [head, table];
}

async function listQueue() {
  if (!may("queue")) return;
  const answer = await fetch("/desk/queue");
  if (answer.status === 401) { location.reload(); return; }
  if (!answer.ok) throw new Error(String(answer.status));
  const { lines } = await answer.json();
  byId("lines").replaceChildren(...lines.flatMap(lineParts));
  byId("queue-empty").hidden = lines.length > 0;
}

function arrival(booking, now) {
  if (booking.number !== null) return [tag(say("number", { number: booking.number }))];
  if (!may("check-in") || booking.status !== "booked" || dayKey.format(booking.start) !== dayKey.format(now)) return [];
  const what = booking.patient_name || time.format(booking.start);
  return [button(say("here"), () => checkIn({ appointment: booking.id }, what))];
}

function action(booking) {
  if (booking.status === "cancelled") {
    const paid = booking.invoice_status === "balanced" && booking.amount > 0;
    return paid ? tag(say("to-refund"), false, true) : tag(say("cancelled"), true);
  }
  if (booking.invoice_status === "balanced") return tag(say("paid"));
  if (booking.invoice_status !== "issued") return tag("—", true);
  if (!may("pay")) return tag(say("unpaid"), false, true);
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = say("take-money");
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const { outcome } = await post("/desk/payments", { reference: booking.reference, amount: booking.amount });
      tell(booking.reference, outcomes[outcome] || outcome);
      await list();
    } catch {
      tell(booking.reference, say("not-recorded"));
      button.disabled = false;
      button.textContent = say("try-again");
    }
  });
  return button;
}

function row(booking, now) {
  const element = byId("row").content.firstElementChild.cloneNode(true);
  const set = (name, text) => { element.querySelector("." + name).textContent = text; };
  set("time", time.format(booking.start));
  const name = element.querySelector(".name");
  if (may("book")) {
    const link = document.createElement("a");
    link.href = "/desk/persons/" + encodeURIComponent(booking.patient);
    link.textContent = booking.patient_name || say("no-name");
    name.append(link);
  } else {
    name.textContent = booking.patient_name || say("no-name");
  }
  set("service", booking.service);
  set("doctor", booking.practitioner);
  set("room", booking.room);
  set("amount", booking.amount === null ? "" : dong(booking.amount));
  set("reference", booking.reference || "");
  if (booking.helped_by) element.querySelector(".action").append(tag(say("helped-by", { name: booking.helped_by }), true));
  if (booking.status === "noshow") element.querySelector(".action").append(tag(say("no-show"), true));
  element.querySelector(".action").append(...arrival(booking, now), ...changes(booking, now), action(booking));
  if (booking.status === "cancelled") element.classList.add("cancelled");
  if (seen && !seen.has(booking.id)) element.classList.add("new");
  return element;
}

function dayName(key, now) {
  const shift = (days) => dayKey.format(now + days * 86400000);
  const noon = Date.parse(key + "T12:00:00+07:00");
  const name = date.format(noon);
  if (key === shift(0)) return say("today") + " · " + name;
  if (key === shift(1)) return say("tomorrow") + " · " + name;
  return name;
}

// Days with so many bookings that they are listed only when somebody asks.
const opened = new Set();

async function bookingsOf(day) {
  const answer = await fetch("/desk/bookings" + (day ? "?day=" + day : ""));
  if (answer.status === 401) { location.reload(); return { now: 0, bookings: [], later: [] }; }
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

function dayParts(key, ofDay, now) {
  const title = document.createElement("h3");
  title.textContent = dayName(key, now);
  const table = document.createElement("table");
  const body = document.createElement("tbody");
  body.append(...ofDay.map((booking) => row(booking, now)));
  table.append(body);
  return [title, table];
}

function foldedDay({ day, count }, now) {
  const title = document.createElement("h3");
  title.textContent = dayName(day, now) + " ";
  const show = button(say("show-day", { count }), async () => { opened.add(day); await list(); });
  show.className = "plain";
  title.append(show);
  return title;
}

async function list() {
  const { now, bookings, later } = await bookingsOf();
  const days = new Map();
  for (const booking of bookings) {
    const key = dayKey.format(booking.start);
    if (!days.has(key)) days.set(key, []);
    days.get(key).push(booking);
  }
  const more = await Promise.all(later.filter(({ day }) => opened.has(day)).map(async ({ day }) => [day, (await bookingsOf(day)).bookings]));
  for (const [day, ofDay] of more) days.set(day, ofDay);
  const folded = new Map(later.filter(({ day }) => !days.has(day)).map((one) => [one.day, one]));
  const keys = [...days.keys(), ...folded.keys()].sort();
  byId("days").replaceChildren(...keys.flatMap((key) => days.has(key) ? dayParts(key, days.get(key), now) : [foldedDay(folded.get(key), now)]));
  const shown = [...days.values()].flat();
  const live = shown.filter((booking) => booking.status !== "cancelled");
  const paid = live.filter((booking) => booking.invoice_status === "balanced");
  byId("empty").hidden = keys.length > 0;
  byId("totals").textContent = live.length ? say("totals", { count: live.length, paid: paid.length }) : "";
  seen = new Set(shown.map((booking) => booking.id));
}

// Beats of the clinic's that may be missed.
const silence = 40000;

function listen() {
  const state = byId("live");
  const show = (on) => {
    state.classList.toggle("on", on);
    state.textContent = on ? say("online") : say("offline");
  };
  // In a busy hour one list answers several changes.
  let running = false;
  let due = false;
  const again = async () => {
    due = true;
    if (running) return;
    running = true;
    while (due) {
      due = false;
      await Promise.all([list(), listQueue()]).catch(() => show(false));
      await new Promise((later) => setTimeout(later, 250));
    }
    running = false;
  };
  let events;
  let missed;
  const heard = () => {
    clearTimeout(missed);
    missed = setTimeout(() => { show(false); connect(); }, silence);
  };
  const connect = () => {
    if (events) events.close();
    events = new EventSource("/desk/events");
    heard();
    events.addEventListener("open", () => { heard(); show(true); again(); });
    events.addEventListener("error", () => {
      show(false);
      // Where somebody else answered, the browser does not try again by itself.
      if (events.readyState === EventSource.CLOSED) setTimeout(connect, 3000);
    });
    events.addEventListener("beat", heard);
    for (const name of ["bookings", "payments", "queue", "everything"]) events.addEventListener(name, () => { heard(); again(); });
  };
  connect();
  again();
}

// So much as tells somebody from others: two words of a name, or a whole number.
const tells = (query) => query.trim().split(/\s+/).length > 1 || query.replace(/\D/g, "").length >= 9;

async function find() {
  const query = byId("q").value;
  byId("q-hint").hidden = tells(query);
  if (!tells(query)) { byId("people").replaceChildren(); return; }
  const answer = await fetch("/desk/patients?q=" + encodeURIComponent(query));
  if (answer.status === 401) { location.reload(); return; }
  if (!answer.ok || query !== byId("q").value) return;
  const people = await answer.json();
  byId("people").replaceChildren(...people.map((person) => {
    const item = document.createElement("li");
    const who = document.createElement("a");
    who.href = "/desk/persons/" + encodeURIComponent(person.id);
    who.textContent = person.name || person.id;
    const born = document.createElement("small");
    born.textContent = person.born ? say("born", { day: person.born.split("-").reverse().join("/") }) : "";
    who.append(born);
    const actions = document.createElement("span");
    actions.className = "person-actions";
    actions.append(
      button(say("book"), () => planBooking(person)),
      ...(may("check-in") ? [button(say("take-number"), () => planWalkIn(person))] : []),
      ...(may("enrol") ? [button(say("code"), () => enrol(person))] : []),
    );
    item.append(who, actions);
    return item;
  }));
}

async function enrol(person) {
  closePlan();
  const code = await post("/desk/enrolments", { patients: [person.id] });
  byId("code-name").textContent = person.name;
  byId("code-image").src = "data:image/svg+xml," + encodeURIComponent(code.svg);
  byId("code-until").textContent = time.format(code.expires);
  byId("code-text").value = code.text;
  byId("code").hidden = false;
}

if (may("check-in")) byId("scan").addEventListener("submit", async (event) => {
  event.preventDefault();
  const input = byId("ticket");
  const ticket = input.value.trim();
  input.value = "";
  if (ticket) await checkIn({ ticket }, say("ticket"));
  input.focus();
});

let typing;
if (may("book")) byId("q").addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(find, 200); });
addEventListener("DOMContentLoaded", listen);
