// A professional's message, handed in as a mail program does: submission over TLS with a login and a
// password. Fails with the server's own words.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { randomBytes } from "node:crypto";

/** The message's octets, with a body of what there is: text, its layout, a PDF. */
function composed(from, to, subject, id, fields, { text, html, pdf }) {
  const part = (type, encoding, body) =>
    `--b\r\nContent-Type: ${type}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${body}\r\n`;
  const parts = [part("text/plain; charset=utf-8", "base64", base64(text))];
  if (html) parts.push(part("text/html; charset=utf-8", "base64", base64(html)));
  if (pdf) {
    const type = 'application/pdf\r\nContent-Disposition: attachment; filename="Ordonnance.pdf"';
    parts.push(part(type, "base64", base64(pdf)));
  }
  return [
    `From: <${from}>`, `To: <${to}>`, `Subject: ${subject}`, `Message-ID: ${id}`,
    `Date: ${new Date().toUTCString().replace("GMT", "+0000")}`, "MIME-Version: 1.0", ...fields,
    "Content-Type: multipart/mixed; boundary=b", "", `${parts.join("")}--b--`, "",
  ].join("\r\n");
}

const base64 = (text) => Buffer.from(text).toString("base64").replace(/.{76}/g, "$&\r\n");

/** Sends one message from an account of the demo; gives its Message-ID. */
export async function post(dir, demo, account, to, subject, fields, body) {
  const operator = demo.operators[account.operator];
  const [host, port] = operator.submissions.split(":");
  const socket = connect({
    host, port: Number(port), servername: operator.server_name, ca: readFileSync(join(dir, demo.ca)),
  });
  let heard = "";
  let ready = () => {};
  socket.on("data", (data) => { heard += data; ready(); });
  socket.on("error", (error) => { heard += `000 ${error}\r\n`; ready(); });
  const answer = async (wanted) => {
    while (!/^\d{3} .*\r\n$/m.test(heard)) await new Promise((resolve) => (ready = resolve));
    const said = heard;
    heard = "";
    if (!said.startsWith(wanted)) throw new Error(`submission: ${said}`);
  };
  const say = (line, wanted) => { socket.write(`${line}\r\n`); return answer(wanted); };
  const id = `<${randomBytes(12).toString("hex")}@${account.address.split("@")[1]}>`;
  await answer("220");
  await say("EHLO browser.test", "250");
  const login = Buffer.from(`\0${account.login}\0${account.password}`).toString("base64");
  await say(`AUTH PLAIN ${login}`, "235");
  await say(`MAIL FROM:<${account.address}>`, "250");
  await say(`RCPT TO:<${to}>`, "250");
  await say("DATA", "354");
  await say(`${composed(account.address, to, subject, id, fields, body)}.`, "250");
  socket.end("QUIT\r\n");
  return id;
}
