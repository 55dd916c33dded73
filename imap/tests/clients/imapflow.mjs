// Idles in INBOX, and says what it is told of; then fetches the new message.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [imapflow, port, authority, user, pass] = process.argv.slice(2);
const { ImapFlow } = createRequire(import.meta.url)(imapflow);

const client = new ImapFlow({
    host: 'localhost',
    port: Number(port),
    secure: true,
    logger: false,
    auth: { user, pass },
    tls: { ca: readFileSync(authority) },
});
await client.connect();
const mailbox = await client.mailboxOpen('INBOX');
const told = new Promise((resolve) => client.on('exists', resolve));
const idle = client.idle();
const poll = setInterval(() => {
    if (client.idling) {
        clearInterval(poll);
        console.log(`idling with ${mailbox.exists}`);
    }
}, 10);
const { count } = await told;
console.log(`now ${count}`);
const { envelope } = await client.fetchOne(`${count}`, { envelope: true });
console.log(envelope.subject);
await idle;
await client.logout();
