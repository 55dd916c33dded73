// The citizen's whole journey in headless Chromium, as a person walks it: both languages, a phone and
// a desk, without JavaScript; axe on every page there is. Run by pli/tests/demo.rs against `pli demo`:
//
//     node journey.mjs DEMO-DIR PICTURES-DIR
//
// Every failure is printed with the page it happened on; the exit code says whether there was one.
import { readFileSync, readdirSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import axe from "axe-core";
import { post } from "./letter.mjs";

const [demoDir, pictures] = process.argv.slice(2);
const demo = JSON.parse(readFileSync(join(demoDir, "demo.json"), "utf8"));
const web = demo.operators.citizens.web.replace(/\/$/, "");
const citizens = demo.accounts.filter((one) => one.kind === "citizen" && one.password);
const professionals = demo.accounts.filter((one) => one.kind !== "citizen").map((one) => one.address);
mkdirSync(pictures, { recursive: true });

/** The practice's doctor, who writes to the citizen on the way. */
const doctor = demo.accounts.find((one) => one.operator === "practice" && one.kind === "PER");

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
  await width(page, where);
  await page.evaluate(axe.source);
  await rules(page, where);
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
  const size = page.viewportSize();
  if (size.width < 400) {
    // The narrowest there is, which is also a desk at 400 %.
    await page.setViewportSize({ width: 320, height: 640 });
    await width(page, `${where} at 320 px`);
    await page.setViewportSize(size);
  } else {
    await page.emulateMedia({ colorScheme: "dark" });
    await rules(page, `${where} in the dark`);
    await page.emulateMedia({ colorScheme: "light" });
  }
}

async function width(page, where) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  if (wide > 0) fail(where, `is ${wide} px too wide`);
}

async function rules(page, where) {
  const found = await page.evaluate(async () => {
    const result = await window.axe.run(document, { iframes: false });
    return result.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" | ")}`);
  });
  for (const violation of found) fail(where, `axe: ${violation}`);
}

/** Opens the conversation of that subject once it has arrived. */
async function conversation(page, subject) {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    await page.goto(`${web}/conversations`);
    const row = page.locator("main article.row", { hasText: subject });
    if ((await row.count()) > 0) return row.first().locator(".who a").click();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`“${subject}” did not arrive`);
}

/** Sends the first form of the page that ends so, as it is, whatever the browser itself would ask for. */
async function send(page, action, button = "button[type=submit]") {
  const form = page.locator(`form[action$='${action}']`).first();
  await form.evaluate((form) => form.setAttribute("novalidate", ""));
  await form.locator(button).first().click();
  await page.waitForLoadState();
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
    // Colours are looked at when they have arrived.
    reducedMotion: "reduce",
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
  await page.locator("main .who a", { hasText: "Lettre de liaison" }).first().click();
  await look(page, `${name}-8-document`, lang);
  const main = await page.textContent("main");
  for (const word of ["fibrillation atriale", "Apixaban", "Hémoglobine"]) {
    if (!main.includes(word)) {
      const frames = await Promise.all(page.frames().map((frame) => frame.textContent("body").catch(() => "")));
      if (!frames.some((text) => text.includes(word))) fail(name, `the document lacks “${word}”`);
    }
  }

  await filing(page, lang, name);
  await closed(page, lang, name);
  await beginning(page, lang, name);
  await elsewhere(page, lang, name);

  await page.click("nav.places a[href='/account']");
  await look(page, `${name}-9-account`, lang);
  const out = page.locator("form[action='/logout'] button");
  await out.first().click();
  await look(page, `${name}-10-out`, lang);
  await page.goto(`${web}/record`);
  if (!page.url().includes("/login")) fail(name, "the record opens after logging out");
  await look(page, `${name}-27-ended`, lang);
  await page.click("footer a[href='/help']");
  await look(page, `${name}-28-help-outside`, lang);
  await context.close();
}

/** Files an attachment by hand, takes it back out of the record, and puts it back. */
async function filing(page, lang, name) {
  const subject = `Ordonnance ${name}`;
  await post(demoDir, demo, doctor, citizens[0].address, subject, [], {
    text: "Bonjour,\nvoici votre ordonnance.",
    html: "<h1>Ordonnance</h1><p>Bonjour,<br>voici votre <b>ordonnance</b>.</p>",
    pdf: `%PDF-1.4\n% ${name}\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n` +
      "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n" +
      "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n",
  });
  await conversation(page, subject);
  await page.locator("details.fold summary").first().click();
  await look(page, `${name}-11-attachment`, lang);
  const frame = await page.getAttribute("iframe.frame", "src");
  await page.click("a.button[href*='/file/']");
  await look(page, `${name}-12-file`, lang);
  await page.fill("#name", "");
  await send(page, new URL(page.url()).pathname);
  await look(page, `${name}-13-file-wrong`, lang);
  await page.fill("#name", subject);
  await page.selectOption("#kind", { index: 1 });
  await send(page, new URL(page.url()).pathname);
  await look(page, `${name}-14-filed`, lang);
  await page.goto(`${web}/record?by=date`);
  await look(page, `${name}-15-record-by-date`, lang);
  await page.locator("main .who a", { hasText: subject }).click();
  await look(page, `${name}-16-document-by-hand`, lang);
  await page.click("details.fold summary");
  await look(page, `${name}-17-taking-back`, lang);
  await send(page, "/take-back");
  await look(page, `${name}-18-taken-back`, lang);
  await send(page, "/undo");
  await look(page, `${name}-19-put-back`, lang);
  await page.goto(`${web}${frame}`);
  await width(page, `${name} a letter's own layout`);
}

/** A professional ends a conversation. */
async function closed(page, lang, name) {
  const other = demo.accounts.find((one) => one.operator === "practice" && one.kind === "CAB");
  const subject = `Suivi ${name}`;
  const first = await post(demoDir, demo, other, citizens[0].address, subject, [], { text: "Bonjour." });
  await conversation(page, subject);
  const end = ["X-MSS-MES: FIN", `In-Reply-To: ${first}`, `References: ${first}`];
  await post(demoDir, demo, other, citizens[0].address, `Re: ${subject}`, end, { text: "Le suivi est terminé." });
  for (let attempt = 0; attempt < 200 && (await page.locator("form[action$='/reply']").count()) > 0; attempt += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    await page.reload();
  }
  await look(page, `${name}-20-closed`, lang);
}

/** A new conversation, with what is missing first. */
async function beginning(page, lang, name) {
  await page.goto(`${web}/conversations`);
  await page.click("main a[href='/conversations/new']");
  await look(page, `${name}-21-new`, lang);
  await send(page, "/conversations/new");
  await look(page, `${name}-22-new-wrong`, lang);
  await page.locator("main .choice", { hasText: "" }).first().click();
  await page.fill("#subject", `Question ${name}`);
  await page.fill("#text", lang === "fr" ? "Puis-je reprendre le sport ?" : "May I take up sport again?");
  await send(page, "/conversations/new");
  await look(page, `${name}-23-begun`, lang);
}

/** Help, and the pages of what went wrong. */
async function elsewhere(page, lang, name) {
  await page.click("footer a[href='/help']");
  await look(page, `${name}-24-help`, lang);
  await page.goto(`${web}/record/00000000000000000000000000000000`);
  await look(page, `${name}-25-not-found`, lang);
  await page.goto(`${web}/account`);
  await page.locator("form[action='/logout'] input[name=csrf]").evaluate((field) => (field.value = "0"));
  await page.locator("form[action='/logout'] button").click();
  await look(page, `${name}-26-forged`, lang);
  await page.goto(`${web}/conversations`);
}

async function empty(browser, lang) {
  const name = `${lang}-phone-empty`;
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: SIZES.phone, bypassCSP: true });
  const page = await context.newPage();
  await logIn(page, citizens[1], lang, name);
  await look(page, `${name}-conversations`, lang);
  await page.click("nav.places a[href='/record']");
  await look(page, `${name}-record`, lang);
  await page.goto(`${web}/conversations/new`);
  await look(page, `${name}-new`, lang);
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
