// Letters that mean harm, read in headless Chromium: each case of evasion.txt is the layout of a letter of its own. What
// runs, what loads, what is reported against the policy, what leads away, fails. Run by pli/tests/demo.rs.
//
//     node evasion.mjs DEMO-DIR
import { readFileSync } from "node:fs";
import { SIZES, citizens, conversation, doctor, end, fail, launch, logIn, post, web } from "./site.mjs";

const ESCAPES = { n: "\n", r: "\r", t: "\t", 0: "\0", "\\": "\\" };
const unescaped = (text) =>
  text.replace(/\\(u\{([0-9a-f]+)\}|x([0-9a-f]{2})|[nrt0\\])/g, (_, all, wide, short) =>
    wide || short ? String.fromCodePoint(parseInt(wide || short, 16)) : ESCAPES[all]);
const lines = readFileSync(new URL("evasion.txt", import.meta.url), "utf8").split("\n");
const cases = lines.filter((line) => line && !line.startsWith("#")).map((line) => {
  const at = line.indexOf(": ");
  return { name: line.slice(0, at), markup: unescaped(line.slice(at + 2)) };
});

let first = null;
for (const { markup } of cases) {
  const fields = first ? [`In-Reply-To: ${first}`, `References: ${first}`] : [];
  const id = await post(doctor, first ? "Re: Mise en page" : "Mise en page", fields, {
    text: "Bonjour.", html: `<p>Bonjour</p>${markup}<p>Fin de la lettre</p>`,
  });
  first ??= id;
}

const browser = await launch();
try {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: SIZES.desk });
  // What a letter's own page may do is reported by itself.
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) =>
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
  });
  // A letter has no origin, so each would have connections of its own: one agent fetches for all of them.
  await context.route(/\/(assets|html)\//, async (route) => route.fulfill({ response: await route.fetch() }));
  const page = await context.newPage();
  await logIn(page, citizens[0], "fr");
  await conversation(page, "Mise en page");
  let frames = [];
  for (let attempt = 0; attempt < 100 && frames.length < cases.length; attempt += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    await page.reload();
    frames = await page.locator("iframe.frame").evaluateAll((all) => all.map((one) => one.getAttribute("src")));
  }
  if (frames.length !== cases.length) fail("evasion", `${frames.length} of ${cases.length} letters have a layout`);

  let now = "the conversation";
  page.on("dialog", (dialog) => { fail(now, `a dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("console", (message) => message.type() === "error" && fail(now, message.text()));
  page.on("pageerror", (error) => fail(now, error));
  page.on("popup", () => fail(now, "another window"));
  context.on("request", (request) => request.url().startsWith(web) || fail(now, `loads ${request.url()}`));

  // All of them in one page, as people read them: each in its frame.
  await page.reload();
  for (const fold of await page.locator("details.fold summary").all()) await fold.click();
  await page.locator("iframe.frame").last().scrollIntoViewIfNeeded();
  await page.waitForLoadState("networkidle");
  if (!page.url().includes("/conversations/")) fail(now, `leads to ${page.url()}`);

  // And each without the frame's sandbox around it.
  for (const [at, { name }] of cases.entries()) {
    now = name;
    await page.goto(`${web}${frames[at]}`);
    const seen = await page.evaluate(() => ({
      fin: document.body.textContent.includes("Bonjour"),
      elements: [...document.querySelectorAll("body *")].map((one) => one.localName),
      attributes: [...document.querySelectorAll("body *")].flatMap((one) => one.getAttributeNames()),
    }));
    if (!seen.fin) fail(name, "the letter's words are gone");
    for (const wrong of ["script", "style", "img", "iframe", "svg", "math", "form", "input", "a", "object", "embed", "link", "meta", "base", "template"]) {
      if (seen.elements.includes(wrong)) fail(name, `keeps <${wrong}>`);
    }
    const kept = seen.attributes.filter((name) => !["dir", "lang", "colspan", "rowspan"].includes(name));
    if (kept.length > 0) fail(name, `keeps ${kept}`);
    if (page.url() !== `${web}${frames[at]}`) fail(name, `leads to ${page.url()}`);
  }
  await context.close();
} finally {
  await browser.close();
}
end(`${cases.length} letters`);
