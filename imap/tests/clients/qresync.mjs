// Two connections of imapflow: what one changes, the other learns by asking for what changed since.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [imapflow, port, authority, user, pass] = process.argv.slice(2);
const { ImapFlow } = createRequire(import.meta.url)(imapflow);

const connect = async () => {
    const client = new ImapFlow({
        host: 'localhost',
        port: Number(port),
        secure: true,
        logger: false,
        qresync: true,
        auth: { user, pass },
        tls: { ca: readFileSync(authority) },
    });
    await client.connect();
    const mailbox = await client.mailboxOpen('INBOX');
    return { client, mailbox };
};
const here = await connect();
console.log(`enabled ${[...here.client.enabled].sort().join(' ')}`);
console.log(`condstore ${!here.mailbox.noModseq} mailbox ${here.mailbox.mailboxId.length}`);
const since = here.mailbox.highestModseq;

const there = await connect();
await there.client.messageDelete({ uid: '1' });
await there.client.messageFlagsAdd({ uid: '3' }, ['\\Flagged']);
await there.client.logout();

const gone = [];
here.client.on('expunge', (event) => gone.push(event.uid));
const changed = [];
const wanted = { flags: true, emailId: true, threadId: true };
for await (const message of here.client.fetch('1:*', wanted, { uid: true, changedSince: since })) {
    // A change that is told unasked carries no identity.
    if (message.emailId) changed.push(`${message.uid} ${[...message.flags].sort()} ${message.modseq > since} ${message.emailId.length}`);
}
await here.client.noop();
console.log(`changed ${changed}`);
console.log(`vanished ${[...new Set(gone)]}`);
await here.client.logout();
