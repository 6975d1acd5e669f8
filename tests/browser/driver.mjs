// Chromium, told what to do by lines of JSON on standard input; each is answered by one on standard output. What the plays are is
// in Rust, where the clinic and the phones are.
import { createInterface } from "node:readline";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PATIENCE = 15000;
const [program, origin] = process.argv.slice(2);

const browser = await chromium.launch({
  executablePath: program,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--mute-audio"],
});
// People's browsers, by their names: each with cookies of its own.
const pages = new Map();
// What went wrong in a page, and what it asked of others.
const complaints = [];

async function page(name) {
  if (pages.has(name)) return pages.get(name);
  const context = await browser.newContext({ viewport: { width: 1366, height: 768 }, locale: "vi-VN" });
  const one = await context.newPage();
  one.setDefaultTimeout(PATIENCE);
  one.on("pageerror", (error) => complaints.push(`${name}: ${error}`));
  one.on("console", (said) => {
    // A page asks and is refused: that is what plays are about.
    if (said.type() === "error" && !said.text().includes("Failed to load resource")) complaints.push(`${name}: ${said.text()}`);
  });
  await context.route("**", (route) => {
    const url = route.request().url();
    if (url.startsWith(origin + "/") || url.startsWith("data:")) return route.continue();
    complaints.push(`${name} asked for ${url}`);
    return route.abort();
  });
  pages.set(name, one);
  return one;
}

const one = (place, { role, name, label, css, exact }) => {
  if (role) return place.getByRole(role, { name, exact: exact ?? false });
  if (label) return place.getByLabel(label, { exact: exact ?? false });
  return place.locator(css);
};

// What is meant: in the whole page, or in the part that says something.
function meant(of, told) {
  const place = told.within ? of.locator(told.of ?? "tr, li, section, aside, form").filter({ hasText: told.within }).last() : of;
  return one(place, told).first();
}

const doings = {
  goto: async (of, { url }) => ({ status: (await of.goto(origin + url)).status() }),
  fill: (of, told) => meant(of, told).fill(told.text),
  press: (of, told) => meant(of, told).click(),
  check: (of, told) => meant(of, told).check(),
  select: (of, told) => meant(of, told).selectOption({ label: told.text }),
  // As a scanner or a person types, into whatever has the focus.
  type: (of, { text }) => of.keyboard.type(text),
  key: (of, { key }) => of.keyboard.press(key),
  ready: (of) => of.waitForLoadState("domcontentloaded"),
  see: (of, { text }) => of.getByText(text).first().waitFor({ state: "visible" }),
  gone: (of, { text }) => of.getByText(text).first().waitFor({ state: "hidden" }),
  text: async (of, told) => ({ text: await meant(of, told).innerText() }),
  count: async (of, told) => ({ count: await one(of, told).count() }),
  url: (of) => ({ url: of.url().slice(origin.length) }),
  size: (of, { width, height }) => of.setViewportSize({ width, height }),
  shot: (of, { file }) => of.screenshot({ path: file, fullPage: true }),
  run: async (of, { script }) => ({ value: await of.evaluate(script) }),
  axe: async (of) => {
    await of.evaluate(axe);
    const { violations } = await of.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] }));
    const bad = violations.filter((it) => ["serious", "critical"].includes(it.impact));
    return { bad: bad.map((it) => `${it.id}: ${it.help}: ${it.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`) };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const told = JSON.parse(line);
  let answer;
  try {
    const done = told.do === "complaints" ? { complaints: complaints.splice(0) } : await doings[told.do](await page(told.at), told);
    answer = { ok: true, ...done };
  } catch (error) {
    const shown = pages.has(told.at) ? await pages.get(told.at).innerText("body").catch(() => "") : "";
    answer = { ok: false, error: `${error}`.slice(0, 2000), shown: shown.slice(0, 4000) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
await browser.close();
