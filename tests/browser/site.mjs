// The demo's site for browser tests: what is where, a browser, and logging in as a person does.
import { readFileSync, readdirSync, existsSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { post as postFrom } from "./letter.mjs";

export const demoDir = process.argv[2];
export const demo = JSON.parse(readFileSync(join(demoDir, "demo.json"), "utf8"));
export const web = demo.operators.citizens.web.replace(/\/$/, "");
export const citizens = demo.accounts.filter((one) => one.kind === "citizen" && one.password);
/** The practice's doctor, who writes to the citizen on the way. */
export const doctor = demo.accounts.find((one) => one.operator === "practice" && one.kind === "PER");
export const SIZES = { phone: { width: 360, height: 780 }, desk: { width: 1280, height: 900 } };

const failures = [];
/** Notes a failure, with the page it happened on. */
export const fail = (where, what) => failures.push(`${where}: ${what}`);

/** Prints the failures and ends. */
export function end(said) {
  for (const failure of failures) console.error(failure);
  console.log(`${failures.length} failures, ${said}`);
  process.exit(failures.length > 0 ? 1 : 0);
}

export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

/** Sends a message from a professional to the citizen; gives its Message-ID. */
export const post = (from, subject, fields, body) =>
  postFrom(demoDir, demo, from, citizens[0].address, subject, fields, body);

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

/** Opens the conversation of that subject once it has arrived. */
export async function conversation(page, subject) {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    await page.goto(`${web}/conversations`);
    const row = page.locator("main article.row", { hasText: subject });
    if ((await row.count()) > 0) return row.first().locator(".who a").click();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`“${subject}” did not arrive`);
}

/** Logs in; `look` is shown each page on the way. */
export async function logIn(page, citizen, lang, look = async () => {}) {
  const before = notices();
  await page.goto(`${web}/login?lang=${lang}`);
  await look("1-login");
  await page.fill("#identifier", citizen.login);
  await page.fill("#password", `${citizen.password}x`);
  await page.click("main button[type=submit]");
  await look("2-wrong");
  await page.fill("#identifier", citizen.login);
  await page.fill("#password", citizen.password);
  await page.click("main button[type=submit]");
  await page.waitForSelector("#code");
  await look("3-code");
  await page.fill("#code", await codeSince(before));
  await page.click("main button[type=submit]");
  await page.waitForURL(/\/conversations/);
}
