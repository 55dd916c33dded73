// The citizen's whole journey in headless Chromium, as a person walks it: both languages, a phone and
// a desk, without JavaScript; axe on every page. Run by pli/tests/browser.rs against `pli demo`:
//
//     node journey.mjs DEMO-DIR PICTURES-DIR
//
// Every failure is printed with the page it happened on; the exit code says whether there was one.
import { readFileSync, readdirSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import axe from "axe-core";

const [demoDir, pictures] = process.argv.slice(2);
const demo = JSON.parse(readFileSync(join(demoDir, "demo.json"), "utf8"));
const web = demo.operators.citizens.web.replace(/\/$/, "");
const citizens = demo.accounts.filter((one) => one.kind === "citizen" && one.password);
const professionals = demo.accounts.filter((one) => one.kind !== "citizen").map((one) => one.address);
mkdirSync(pictures, { recursive: true });

const SIZES = { phone: { width: 360, height: 780 }, desk: { width: 1280, height: 900 } };
const failures = [];
const fail = (where, what) => failures.push(`${where}: ${what}`);

const outbox = join(demoDir, demo.notifications, "new");
const notices = () => (existsSync(outbox) ? readdirSync(outbox) : []);

/** The code of the notice that came after `before`. */
async function codeSince(before) {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const fresh = notices().filter((name) => !before.includes(name));
    if (fresh.length > 0) {
      const text = readFileSync(join(outbox, fresh[0]), "utf8");
      const found = text.slice(text.indexOf("\r\n\r\n")).match(/\b\d{6}\b/);
      if (found) return found[0];
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("no one-time code came");
}

/** Looks at a page: axe, width, language, no address of a professional, the picture. */
async function look(page, name, lang) {
  const where = `${name} ${page.url().replace(web, "")}`;
  if ((await page.getAttribute("html", "lang")) !== lang) fail(where, `lang is not ${lang}`);
  const html = await page.content();
  for (const address of professionals) {
    if (html.includes(address)) fail(where, `shows ${address}`);
  }
  if (html.includes("XDM/1.0/DDM+")) fail(where, "shows the technical prefix of a subject");
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  if (wide > 0) fail(where, `is ${wide} px too wide`);
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const result = await window.axe.run(document, { iframes: false });
    return result.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" | ")}`);
  });
  for (const violation of found) fail(where, `axe: ${violation}`);
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}

async function logIn(page, citizen, lang, name) {
  const before = notices();
  await page.goto(`${web}/login?lang=${lang}`);
  await look(page, `${name}-1-login`, lang);
  await page.fill("#identifier", citizen.login);
  await page.fill("#password", `${citizen.password}x`);
  await page.click("main button[type=submit]");
  await look(page, `${name}-2-wrong`, lang);
  await page.fill("#identifier", citizen.login);
  await page.fill("#password", citizen.password);
  await page.click("main button[type=submit]");
  await page.waitForSelector("#code");
  await look(page, `${name}-3-code`, lang);
  await page.fill("#code", await codeSince(before));
  await page.click("main button[type=submit]");
  await page.waitForURL(/\/conversations/);
}

async function journey(browser, lang, size) {
  const name = `${lang}-${size}`;
  const citizen = citizens[0];
  // No script of the site runs: everything works as plain pages. axe comes in all the same.
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport: SIZES[size],
    locale: lang === "fr" ? "fr-FR" : "en-GB",
    bypassCSP: true,
    acceptDownloads: true,
  });
  await context.route("**/*", (route) =>
    route.request().resourceType() === "script" ? route.abort() : route.continue(),
  );
  const page = await context.newPage();
  await logIn(page, citizen, lang, name);
  await look(page, `${name}-4-conversations`, lang);

  await page.click("main .who a");
  await look(page, `${name}-5-conversation`, lang);
  await page.fill("#text", lang === "fr" ? "Merci beaucoup." : "Thank you very much.");
  await page.setInputFiles("#files", {
    name: "ordonnance.txt",
    mimeType: "text/plain",
    buffer: Buffer.from("Bisoprolol 2,5 mg"),
  });
  await page.click("form[action$='/reply'] button[type=submit]");
  await page.waitForLoadState();
  if (!(await page.textContent("main")).includes(lang === "fr" ? "Merci beaucoup." : "Thank you very much.")) {
    fail(name, "the answer is not shown in the conversation");
  }
  await look(page, `${name}-6-answered`, lang);

  await page.click("nav.places a[href='/record']");
  await look(page, `${name}-7-record`, lang);
  await page.click("main a[href^='/record/']");
  await look(page, `${name}-8-document`, lang);
  const main = await page.textContent("main");
  for (const word of ["fibrillation atriale", "Apixaban", "Hémoglobine"]) {
    if (!main.includes(word)) {
      const frames = await Promise.all(page.frames().map((frame) => frame.textContent("body").catch(() => "")));
      if (!frames.some((text) => text.includes(word))) fail(name, `the document lacks “${word}”`);
    }
  }

  await page.click("nav.places a[href='/account']");
  await look(page, `${name}-9-account`, lang);
  const out = page.locator("form[action='/logout'] button");
  await out.first().click();
  await look(page, `${name}-10-out`, lang);
  await page.goto(`${web}/record`);
  if (!page.url().includes("/login")) fail(name, "the record opens after logging out");
  await context.close();
}

async function empty(browser, lang) {
  const name = `${lang}-phone-empty`;
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: SIZES.phone, bypassCSP: true });
  const page = await context.newPage();
  await logIn(page, citizens[1], lang, name);
  await look(page, `${name}-conversations`, lang);
  await page.click("nav.places a[href='/record']");
  await look(page, `${name}-record`, lang);
  await page.setViewportSize({ width: 320, height: 640 });
  await look(page, `${name}-record-320`, lang);
  await context.close();
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
try {
  for (const lang of ["fr", "en"]) {
    for (const size of Object.keys(SIZES)) {
      try {
        await journey(browser, lang, size);
      } catch (error) {
        fail(`${lang}-${size}`, error.message);
      }
    }
    try {
      await empty(browser, lang);
    } catch (error) {
      fail(`${lang} empty`, error.message);
    }
  }
} finally {
  await browser.close();
}
for (const failure of failures) console.error(failure);
console.log(`${failures.length} failures, pictures in ${pictures}`);
process.exit(failures.length > 0 ? 1 : 0);
