"use strict";
// A page of the cashier's: shows what changed without a reload, unless somebody is filling something in.
const isFilledIn = () => [...document.querySelectorAll("main input, main select")].some((field) =>
  field.type === "radio" || field.type === "checkbox" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue);

async function show() {
  const answer = await fetch(location.href);
  if (answer.status === 401) { location.reload(); return; }
  if (!answer.ok || isFilledIn()) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const main = page.querySelector("main");
  const focused = document.activeElement && document.activeElement.id;
  if (main) document.querySelector("main").replaceWith(main);
  const again = focused && document.getElementById(focused);
  if (again) again.focus();
}

const events = new EventSource("/desk/events");
for (const name of ["payments", "everything"]) events.addEventListener(name, () => show().catch(() => {}));
