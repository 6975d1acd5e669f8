"use strict";
// What somebody who calls, or stands there, wants: a time, another one, none at all, or a number without a booking.

const requestRefusals = {
  "slot-taken": () => say("refused-slot-taken"),
  "not-offered": () => say("refused-not-offered"),
  "too-many": () => say("refused-too-many"),
  "checked-in": () => say("refused-checked-in"),
};

let plan = null;

// A key under which something is done once, also when its answer is lost and it is asked again.
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

const by = () => document.querySelector("#plan input[name=by]:checked").value;

// Whether it was done; what was refused is said.
const request = async (wish, notice, what) => (await ask("/desk/requests", wish, notice, what, requestRefusals)) !== undefined;

function closePlan() {
  plan = null;
  byId("plan").hidden = true;
}

async function openPlan(of, title, what) {
  plan = of;
  byId("code").hidden = true;
  byId("plan-title").textContent = title;
  byId("plan-what").textContent = what;
  byId("plan-notice").textContent = "";
  byId("plan-times").replaceChildren();
  byId("plan-by").hidden = of.kind === "walk-in";
  byId("plan").hidden = false;
  const answer = await fetch("/desk/offers");
  if (!answer.ok) { byId("plan-notice").textContent = say("not-loaded"); return; }
  const offers = await answer.json();
  const options = new Map();
  for (const offer of offers) {
    const isWalkIn = of.kind === "walk-in";
    const key = isWalkIn ? offer.schedule + " " + offer.service : offer.service;
    const text = isWalkIn ? `${offer.service_name}: ${offer.practitioner}, ${offer.room}` : offer.service_name;
    options.set(key, { text, offer });
  }
  const select = byId("plan-service");
  select.replaceChildren(...[...options].map(([key, { text }]) => new Option(text, key)));
  plan.options = options;
  if (of.service) select.value = of.service;
  select.disabled = of.kind === "move";
  await listTimes();
  byId("plan").scrollIntoView({ block: "nearest" });
  select.focus();
}

const planBooking = (person) => openPlan({ kind: "book", patient: person.id }, person.name, say("plan-book"));
const planWalkIn = (person) => openPlan({ kind: "walk-in", patient: person.id, name: person.name }, person.name, say("plan-walk-in"));
const planMove = (booking) => openPlan(
  { kind: "move", patient: booking.patient, booking: booking.id, service: booking.service_id },
  booking.patient_name,
  say("plan-move", { service: booking.service, time: time.format(booking.start), day: date.format(booking.start) }),
);

// What can be pressed: free times, or the number.
async function listTimes() {
  const now = plan;
  const times = byId("plan-times");
  const chosen = now.options.get(byId("plan-service").value);
  const item = (...parts) => { const one = document.createElement("li"); one.append(...parts); return one; };
  if (!chosen) { times.replaceChildren(); return; }
  if (now.kind === "walk-in") {
    const { schedule, service } = chosen.offer;
    times.replaceChildren(item(button(say("take-number"), async () => {
      await checkIn({ patient: now.patient, schedule, service }, now.name);
      closePlan();
      byId("queue-title").scrollIntoView({ block: "nearest" });
    })));
    return;
  }
  const query = new URLSearchParams({ service: chosen.offer.service, by: by() });
  const answer = await fetch("/desk/free?" + query);
  if (plan !== now) return;
  if (!answer.ok) { byId("plan-notice").textContent = say("not-loaded"); return; }
  const free = await answer.json();
  times.replaceChildren(...free.map((slot) => {
    const key = newKey();
    const text = `${time.format(slot.start)} · ${date.format(slot.start)}`;
    const where = document.createElement("small");
    where.textContent = `${slot.practitioner}, ${slot.room}`;
    return item(button(text, async () => {
      const wish = { what: now.kind, patient: now.patient, by: by(), key, time: slot.id };
      if (now.kind === "move") wish.booking = now.booking;
      const done = await request(wish, byId("plan-notice"), text);
      if (done) {
        closePlan();
        byId("notice").textContent = say("booked", { who: byId("plan-title").textContent, text });
      } else {
        await listTimes();
      }
    }), where);
  }));
  if (free.length === 0) byId("plan-notice").textContent = say("no-times");
}

// What the desk can change of a booking that has not begun. Calling off is asked twice.
function changes(booking, now) {
  if (!may("book") || booking.status !== "booked" || booking.start <= now) return [];
  const key = newKey();
  const what = booking.patient_name || time.format(booking.start);
  const cancel = button(say("cancel"), async () => {
    if (cancel.dataset.sure !== "yes") {
      cancel.dataset.sure = "yes";
      cancel.textContent = say("cancel-sure");
      return;
    }
    const wish = { what: "cancel", patient: booking.patient, by: by(), key, booking: booking.id };
    const done = await request(wish, byId("notice"), what);
    if (done) byId("notice").textContent = say("cancel-done", { what, time: time.format(booking.start) });
  });
  cancel.className = "plain";
  const move = button(say("move"), () => planMove(booking));
  move.className = "plain";
  return [move, cancel];
}

if (may("book")) {
  byId("plan").addEventListener("submit", (event) => event.preventDefault());
  byId("plan").addEventListener("change", () => listTimes());
  byId("plan-close").addEventListener("click", closePlan);
}
