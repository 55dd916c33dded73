// The citizen's whole journey in headless Chromium, as a person walks it: both languages, a phone and
// a desk, without JavaScript; axe on every page there is. Run by pli/tests/demo.rs against `pli demo`:
//
//     node journey.mjs DEMO-DIR PICTURES-DIR
//
// Every failure is printed with the page it happened on; the exit code says whether there was one.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import axe from "axe-core";
import {
  SIZES, citizens, conversation, demo, doctor, end, fail, launch, logIn, post, web,
} from "./site.mjs";

const pictures = process.argv[3];
const professionals = demo.accounts.filter((one) => one.kind !== "citizen").map((one) => one.address);
mkdirSync(pictures, { recursive: true });

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

/** Sends the first form of the page that ends so, as it is, whatever the browser itself would ask for. */
async function send(page, action, button = "button[type=submit]") {
  const form = page.locator(`form[action$='${action}']`).first();
  await form.evaluate((form) => form.setAttribute("novalidate", ""));
  await form.locator(button).first().click();
  await page.waitForLoadState();
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
  await logIn(page, citizen, lang, (at) => look(page, `${name}-${at}`, lang));
  await look(page, `${name}-4-conversations`, lang);

  await conversation(page, "Lettre de liaison");
  await look(page, `${name}-5-conversation`, lang);
  await page.fill("#text", lang === "fr" ? "Merci" : "Thank you");
  await page.click("[data-draft]");
  await look(page, `${name}-5b-draft`, lang);
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
  await send(page, "/undo");
  await look(page, `${name}-6b-undone`, lang);
  if (!(await page.inputValue("#text"))) fail(name, "what was undone is no draft");
  await send(page, "/reply");
  await page.click("main a[href$='/print']");
  await look(page, `${name}-6c-print`, lang);
  await page.emulateMedia({ media: "print" });
  await page.screenshot({ path: join(pictures, `${name}-6d-paper.png`), fullPage: true });
  await page.emulateMedia({ media: "screen" });

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
  await post(doctor, subject, [], {
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
  const first = await post(other, subject, [], { text: "Bonjour." });
  await conversation(page, subject);
  const fin = ["X-MSS-MES: FIN", `In-Reply-To: ${first}`, `References: ${first}`];
  await post(other, `Re: ${subject}`, fin, { text: "Le suivi est terminé." });
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
  await page.goto(`${web}/search?q=ordonnance`);
  await look(page, `${name}-29-found`, lang);
  await page.goto(`${web}/search?q=zygomycose`);
  await look(page, `${name}-30-found-nothing`, lang);
  await page.goto(`${web}/record/00000000000000000000000000000000`);
  await look(page, `${name}-25-not-found`, lang);
  await page.goto(`${web}/account`);
  await page.locator("form[action='/logout'] input[name=csrf]").evaluate((field) => (field.value = "0"));
  await page.locator("form[action='/logout'] button").click();
  await look(page, `${name}-26-forged`, lang);
  await page.goto(`${web}/conversations`);
}

/** What the script adds, under the policy as it is: the draft saved by itself, mail that arrives, the session's end. */
async function comfort(browser, lang) {
  const name = `${lang}-script`;
  const t = {
    fr: { saved: "Brouillon enregistré", arrived: "nouveau message", ending: "se termine bientôt", stayed: "continue", sent: "est parti" },
    en: { saved: "Draft saved", arrived: "new message", ending: "ends soon", stayed: "continues", sent: "has been sent" },
  }[lang];
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: SIZES.phone, reducedMotion: "reduce" });
  const page = await context.newPage();
  page.on("pageerror", (error) => fail(name, error));
  const says = async (where, words) => {
    const found = page.locator(where, { hasText: words });
    await found.first().waitFor({ timeout: 20000 }).catch(() => fail(name, `${where} does not say “${words}”`));
  };
  await page.clock.install();
  await logIn(page, citizens[0], lang);
  // What the policy refuses is an error of the console.
  page.on("console", (message) => message.type() === "error" && fail(name, message.text()));
  await post(doctor, `Script ${name}`, [], { text: "Bonjour." });
  await conversation(page, `Script ${name}`);
  await page.locator("#text").pressSequentially("Docteur");
  await page.clock.runFor(3000);
  await says("[data-saved]", t.saved);
  await look(page, `${name}-1-saved`, lang);
  await page.reload();
  if ((await page.inputValue("#text")) !== "Docteur") fail(name, "the draft is not there again");
  await post(doctor, `Encore ${name}`, [], { text: "Bonjour." });
  await says("#live", t.arrived);
  await look(page, `${name}-2-arrived`, lang);
  await page.clock.fastForward("28:30");
  await says("#live", t.ending);
  await look(page, `${name}-3-ending`, lang);
  await page.click("#live button");
  await says("#live", t.stayed);
  await page.clock.fastForward("00:11");
  if (await page.locator("#live").textContent()) fail(name, "what is over is still said");
  await page.fill("#text", "Docteur, merci.");
  await page.click("form[action$='/reply'] button.primary");
  await page.locator("[data-leaving] form").waitFor();
  await page.clock.fastForward("00:12");
  await says("[data-leaving] h2", t.sent);
  if ((await page.locator("[data-leaving] form").count()) > 0) fail(name, "what has left is offered to be undone");
  await page.goto(`${page.url().split("?")[0]}/print`);
  await page.locator("[data-print]").waitFor();
  await context.close();
}

async function empty(browser, lang) {
  const name = `${lang}-phone-empty`;
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: SIZES.phone, bypassCSP: true });
  const page = await context.newPage();
  await logIn(page, citizens[1], lang, (at) => look(page, `${name}-${at}`, lang));
  await look(page, `${name}-conversations`, lang);
  await page.click("nav.places a[href='/record']");
  await look(page, `${name}-record`, lang);
  await page.goto(`${web}/conversations/new`);
  await look(page, `${name}-new`, lang);
  await context.close();
}

const browser = await launch();
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
      await comfort(browser, lang);
    } catch (error) {
      fail(`${lang} script`, error.message);
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
end(`pictures in ${pictures}`);
