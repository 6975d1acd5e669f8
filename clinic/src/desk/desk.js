"use strict";
// The desk's page: lists the bookings, and lists them again whenever the clinic says that something changed.

const byId = (id) => document.getElementById(id);
const zone = "Asia/Ho_Chi_Minh";
const time = new Intl.DateTimeFormat("vi-VN", { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone });
const date = new Intl.DateTimeFormat("vi-VN", { weekday: "long", day: "2-digit", month: "2-digit", year: "numeric", timeZone: zone });
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
  "applied": "Đã ghi nhận thanh toán",
  "already-counted": "Khoản này đã được ghi nhận từ trước",
  "to-settle": "Đã nhận tiền nhưng hóa đơn không còn chờ thanh toán: cần đối soát",
  "conflict": "Đã có một khoản khác cùng mã: cần đối soát",
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
  "unknown": () => "không có lịch khám này",
  "cancelled": () => "lịch khám đã bị hủy",
  "another-day": (said) => "lịch khám vào ngày " + said.day.split("-").reverse().join("/"),
  "over": () => "lượt khám này đã kết thúc",
  "bad-ticket": () => "phiếu không hợp lệ hoặc không phải của giờ này",
  "ticket-used": (said) => "phiếu đã dùng lúc " + time.format(said.at) + (said.number ? ", số " + said.number : ""),
  "ticket-outdated": () => "phiếu cũ: lịch khám đã đổi giờ",
  "stands-elsewhere": () => "tình trạng vừa thay đổi, hãy xem lại danh sách",
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
    if (!answer.ok) throw new Error(String(answer.status));
    notice.textContent = "";
    return await answer.json();
  } catch {
    notice.textContent = what + ": chưa thực hiện được, hãy thử lại";
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
  if (came) byId("queue-notice").textContent = `${what}: số thứ tự ${came.number}`;
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
  "waiting": "Đang chờ",
  "called": "Đã gọi",
  "in-room": "Đang khám",
  "missed": "Đã gọi nhưng vắng mặt",
};

function queueActions(person) {
  const of = { appointment: person.appointment };
  const what = "Số " + person.number;
  const step = (path, text) => button(text, () => queueStep(path, of, what));
  switch (person.state) {
    case "called": return [step("begin", "Vào khám"), step("call-again", "Gọi lại"), step("missed", "Vắng mặt")];
    case "in-room": return [step("finish", "Khám xong")];
    case "missed": return [button("Đã quay lại", () => checkIn(of, what)), step("take-back", "Hủy báo đến")];
    case "waiting": return [step("take-back", "Hủy báo đến")];
    default: return [];
  }
}

function queueRow(person) {
  const element = byId("queue-row").content.firstElementChild.cloneNode(true);
  const set = (name, text) => { element.querySelector("." + name).textContent = text; };
  set("number", person.number);
  set("name", person.name || "(không rõ tên)");
  const said = [states[person.state] || person.state];
  if (person.state === "called") said.push(person.station, time.format(person.called));
  if (person.state === "waiting" && person.priority) said.push("Ưu tiên");
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
  title.textContent = `${line.room} · ${line.practitioner}: ${waiting} người chờ, ${line.done} đã xong`;
  const next = button("Gọi tiếp", async () => {
    const what = line.room;
    const called = await queueStep("next", { schedule: line.schedule, station: line.room }, what);
    if (called) byId("queue-notice").textContent = `${what}: mời số ${called.number}`;
  });
  next.disabled = waiting === 0;
  head.append(title, next);
  const table = document.createElement("table");
  const body = document.createElement("tbody");
  body.append(...line.people.map(queueRow));
  table.append(body);
  return [head, table];
}

async function listQueue() {
  const answer = await fetch("/desk/queue");
  if (!answer.ok) throw new Error(String(answer.status));
  const { lines } = await answer.json();
  byId("lines").replaceChildren(...lines.flatMap(lineParts));
  byId("queue-empty").hidden = lines.length > 0;
}

function arrival(booking, now) {
  if (booking.number !== null) return [tag("Số " + booking.number)];
  if (booking.status !== "booked" || dayKey.format(booking.start) !== dayKey.format(now)) return [];
  const what = booking.patient_name || time.format(booking.start);
  return [button("Báo đã đến", () => checkIn({ appointment: booking.id }, what))];
}

function action(booking) {
  if (booking.status === "cancelled") {
    const paid = booking.invoice_status === "balanced" && booking.amount > 0;
    return paid ? tag("Phải hoàn tiền", false, true) : tag("Đã hủy lịch", true);
  }
  if (booking.invoice_status === "balanced") return tag("Đã thanh toán");
  if (booking.invoice_status !== "issued") return tag("—", true);
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Đã nhận tiền";
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const { outcome } = await post("/desk/payments", { reference: booking.reference, amount: booking.amount });
      tell(booking.reference, outcomes[outcome] || outcome);
      await list();
    } catch {
      tell(booking.reference, "Chưa ghi nhận được");
      button.disabled = false;
      button.textContent = "Chưa được, thử lại";
    }
  });
  return button;
}

function row(booking, now) {
  const element = byId("row").content.firstElementChild.cloneNode(true);
  const set = (name, text) => { element.querySelector("." + name).textContent = text; };
  set("time", time.format(booking.start));
  set("name", booking.patient_name || "(không rõ tên)");
  set("service", booking.service);
  set("doctor", booking.practitioner);
  set("room", booking.room);
  set("amount", booking.amount === null ? "" : dong(booking.amount));
  set("reference", booking.reference || "");
  if (booking.helped_by) element.querySelector(".action").append(tag("Đặt giúp: " + booking.helped_by, true));
  if (booking.status === "noshow") element.querySelector(".action").append(tag("Không đến", true));
  element.querySelector(".action").append(...arrival(booking, now), ...changes(booking, now), action(booking));
  if (booking.status === "cancelled") element.classList.add("cancelled");
  if (seen && !seen.has(booking.id)) element.classList.add("new");
  return element;
}

function dayName(key, now) {
  const shift = (days) => dayKey.format(now + days * 86400000);
  const noon = Date.parse(key + "T12:00:00+07:00");
  const name = date.format(noon);
  if (key === shift(0)) return "Hôm nay · " + name;
  if (key === shift(1)) return "Ngày mai · " + name;
  return name;
}

async function list() {
  const answer = await fetch("/desk/bookings");
  if (answer.status === 401) { location.reload(); return; }
  if (!answer.ok) throw new Error(String(answer.status));
  const { now, bookings } = await answer.json();
  const days = new Map();
  for (const booking of bookings) {
    const key = dayKey.format(booking.start);
    if (!days.has(key)) days.set(key, []);
    days.get(key).push(booking);
  }
  const parts = [];
  for (const [key, ofDay] of days) {
    const title = document.createElement("h3");
    title.textContent = dayName(key, now);
    const table = document.createElement("table");
    const body = document.createElement("tbody");
    body.append(...ofDay.map((booking) => row(booking, now)));
    table.append(body);
    parts.push(title, table);
  }
  byId("days").replaceChildren(...parts);
  const live = bookings.filter((booking) => booking.status !== "cancelled");
  const paid = live.filter((booking) => booking.invoice_status === "balanced");
  byId("empty").hidden = bookings.length > 0;
  byId("totals").textContent = live.length ? `${live.length} lịch khám, ${paid.length} đã thanh toán` : "";
  seen = new Set(bookings.map((booking) => booking.id));
}

function listen() {
  const state = byId("live");
  const events = new EventSource("/desk/events");
  const show = (on) => {
    state.classList.toggle("on", on);
    state.textContent = on ? "Trực tuyến" : "Mất kết nối, đang thử lại…";
  };
  const again = () => Promise.all([list(), listQueue()]).catch(() => show(false));
  events.addEventListener("open", () => { show(true); again(); });
  events.addEventListener("error", () => show(false));
  for (const name of ["bookings", "payments", "queue", "everything"]) events.addEventListener(name, again);
  again();
}

async function find() {
  const answer = await fetch("/desk/patients?q=" + encodeURIComponent(byId("q").value));
  if (!answer.ok) return;
  const people = await answer.json();
  byId("people").replaceChildren(...people.map((person) => {
    const item = document.createElement("li");
    const who = document.createElement("span");
    who.textContent = person.name || person.id;
    const born = document.createElement("small");
    born.textContent = person.born ? "Sinh " + person.born.split("-").reverse().join("/") : "";
    who.append(born);
    const actions = document.createElement("span");
    actions.className = "person-actions";
    actions.append(
      button("Đặt lịch", () => planBooking(person)),
      button("Lấy số", () => planWalkIn(person)),
      button("Mã QR", () => enrol(person)),
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

byId("scan").addEventListener("submit", async (event) => {
  event.preventDefault();
  const input = byId("ticket");
  const ticket = input.value.trim();
  input.value = "";
  if (ticket) await checkIn({ ticket }, "Phiếu khám");
  input.focus();
});

let typing;
byId("q").addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(find, 200); });
addEventListener("DOMContentLoaded", () => { listen(); find(); });
