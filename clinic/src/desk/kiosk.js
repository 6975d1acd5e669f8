"use strict";
// The kiosk: whatever is typed goes into the one field, and a number can be printed.
const code = document.getElementById("code");
if (code) addEventListener("click", (event) => { if (!event.target.closest("button, a")) code.focus(); });
for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => print());

// Whoever went away leaves nothing for the next one to see.
const { seconds, back } = document.body.dataset;
if (back) {
  let leaving;
  const wait = () => { clearTimeout(leaving); leaving = setTimeout(() => location.replace(back), seconds * 1000); };
  for (const touched of ["pointerdown", "keydown"]) addEventListener(touched, wait);
  wait();
}
