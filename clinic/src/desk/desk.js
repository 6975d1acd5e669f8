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

function row(booking) {
  const element = byId("row").content.firstElementChild.cloneNode(true);
  const set = (name, text) => { element.querySelector("." + name).textContent = text; };
  set("time", time.format(booking.start));
  set("name", booking.patient_name || "(không rõ tên)");
  set("service", booking.service);
  set("doctor", booking.practitioner);
  set("room", booking.room);
  set("amount", booking.amount === null ? "" : dong(booking.amount));
  set("reference", booking.reference || "");
  element.querySelector(".action").append(action(booking));
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
    body.append(...ofDay.map(row));
    table.append(body);
    parts.push(title, table);
  }
  byId("days").replaceChildren(...parts);
  const live = bookings.filter((booking) => booking.status === "booked");
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
  const again = () => list().catch(() => show(false));
  events.addEventListener("open", () => { show(true); again(); });
  events.addEventListener("error", () => show(false));
  for (const name of ["bookings", "payments", "everything"]) events.addEventListener(name, again);
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
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Mã QR";
    button.addEventListener("click", () => enrol(person, button));
    item.append(who, button);
    return item;
  }));
}

async function enrol(person, button) {
  button.disabled = true;
  try {
    const code = await post("/desk/enrolments", { patients: [person.id] });
    byId("code-name").textContent = person.name;
    byId("code-image").src = "data:image/svg+xml," + encodeURIComponent(code.svg);
    byId("code-until").textContent = time.format(code.expires);
    byId("code-text").value = code.text;
    byId("code").hidden = false;
  } finally {
    button.disabled = false;
  }
}

let typing;
byId("q").addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(find, 200); });
listen();
find();
