//! SMTP: commands, framing, and whole sessions of the server and of the client in each state.
//!
//! The first octet of a session's input chooses the state in which it begins, the second how the rest
//! is cut into reads.

use domain::{MailAddress, ReversePath, Verdict};
use listener::TlsInfo;
use mta::client::{self, Envelope, Loss, MessageFacts};
use mta::server::{
    Accepted, Conversation, Handler, Login, Peer, QueueId, Role, SessionConfig, Stored,
    Transaction, Wants,
};
use mta::wire::command::{Command, Offered};
use mta::wire::data::Decoder;
use mta::wire::line::{BASE_LINE, Framed, LineFramer};
use mta::wire::params::{MailParams, RcptParams};
use std::net::{IpAddr, Ipv4Addr};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use tokio::sync::watch;

pub(super) const WORDS: &[&str] = &[
    "EHLO a.fr\r\n",
    "HELO ",
    "MAIL FROM:<jean@a.fr>",
    "MAIL FROM:<>",
    "RCPT TO:<marie@b.fr>",
    "DATA\r\n",
    "BDAT 3 LAST\r\n",
    "BDAT 99999999999999999999",
    "\r\n.\r\n",
    "\n.\n",
    "\r.\r",
    "RSET\r\n",
    "QUIT\r\n",
    "STARTTLS\r\n",
    "AUTH PLAIN AGplYW4Ac2VzYW1l\r\n",
    "AUTH EXTERNAL =\r\n",
    "*\r\n",
    " SIZE=",
    " SMTPUTF8",
    " BODY=8BITMIME",
    " RET=HDRS",
    " ENVID=a+2Bb",
    " NOTIFY=SUCCESS,DELAY",
    " ORCPT=rfc822;a+40b",
    "VRFY ",
    "NOOP\r\n",
    "HELP\r\n",
    "<@a.fr,@b.fr:c@d.fr>",
    "<Postmaster>",
    "é@é.fr",
    "\0",
];
pub(super) const REPLY_WORDS: &[&str] = &[
    "220 mx.b.fr\r\n",
    "250-mx.b.fr\r\n",
    "250 STARTTLS\r\n",
    "250-SIZE 10\r\n",
    "250-CHUNKING\r\n",
    "250-PIPELINING\r\n",
    "250-DSN\r\n",
    "250-SMTPUTF8\r\n",
    "250 8BITMIME\r\n",
    "354 go on\r\n",
    "250 2.1.5 ok\r\n",
    "421 4.3.2 bye\r\n",
    "450 4.2.0 later\r\n",
    "550 5.1.1 no\r\n",
    "552-",
    "999 ",
    "25",
    "\r\n",
    "\r",
    "\n",
];

pub(super) fn command(octets: &[u8]) {
    for (extensions, auth) in [(false, false), (true, false), (true, true)] {
        let _ = Command::read(octets, Offered { extensions, auth });
    }
}

/// The octets after the first, which says how long the pieces are.
fn pieces(octets: &[u8]) -> (u8, impl Iterator<Item = &[u8]>) {
    let (state, rest) = octets.split_first().unwrap_or((&0, &[]));
    let (size, rest) = rest.split_first().unwrap_or((&0, &[]));
    let size = if *size == 0 { rest.len().max(1) } else { usize::from(*size) };
    (*state, rest.chunks(size))
}

/// The message that DATA brings in these pieces.
fn decoded<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<u8>, bool) {
    let (mut decoder, mut message) = (Decoder::default(), Vec::new());
    for piece in pieces {
        let mut piece = piece.to_vec();
        let found = decoder.decode(&mut piece);
        assert!(found.len <= found.used && found.used <= piece.len(), "more than there was");
        message.extend_from_slice(piece.get(..found.len).unwrap_or_default());
        if found.end {
            break;
        }
    }
    (message, decoder.has_bare_line_ending())
}

/// The lines that are found in these pieces.
fn framed<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<(Framed, usize)> {
    let (mut framer, mut buffer, mut found) = (LineFramer::default(), Vec::new(), Vec::new());
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            let (used, what) = framer.frame(&buffer, BASE_LINE);
            assert!(used <= buffer.len(), "more than there was");
            buffer.drain(..used);
            match what {
                Framed::More => break,
                Framed::Endless => return found,
                // How much of a line that is too long was thrown away before is a matter of the cut.
                Framed::TooLong => found.push((what, 0)),
                _ => found.push((what, used)),
            }
        }
        assert!(buffer.len() <= BASE_LINE + 1, "more is kept than a line");
    }
    found
}

pub(super) fn framing(octets: &[u8]) {
    let (_, whole) = pieces(octets);
    let all = whole.flatten().copied().collect::<Vec<_>>();
    assert_eq!(decoded(pieces(octets).1), decoded(all.chunks(all.len().max(1))), "the cut counts");
    let _ = framed(pieces(octets).1);
}

/// A handler that takes everything but what certain names stand for.
#[derive(Default)]
struct Office {
    changes: watch::Sender<u64>,
}

/// A message that comes in.
struct Letter {
    octets: u64,
}

/// Nothing is kept here.
struct Kept;

impl Stored for Kept {}

impl Handler for Office {
    type Identity = ();
    type Transaction = Letter;

    async fn greet(&self, _: &Peer) -> Result<(), Verdict> {
        Ok(())
    }

    async fn external_opens(&self, peer: &Peer) -> bool {
        peer.tls.is_some()
    }

    async fn still(&self, _: &Peer, _: Option<&()>) -> Result<(), Verdict> {
        Ok(())
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    async fn authenticate(&self, _: &Peer, login: Login) -> Result<(), Verdict> {
        match login {
            Login::Plain { password, .. } if password.expose() != "sesame" => {
                Err(Verdict::AuthenticationFailed)
            }
            _ => Ok(()),
        }
    }

    async fn mail(
        &self,
        peer: &Peer,
        _: Option<&()>,
        from: &ReversePath,
        _: &MailParams,
    ) -> Result<Letter, Verdict> {
        assert!(peer.tls.is_some() && peer.helo.is_some(), "MAIL before TLS or greeting");
        match from.address().map(MailAddress::local) {
            Some("unlisted") => Err(Verdict::OperatorNotListed),
            _ => Ok(Letter { octets: 0 }),
        }
    }
}

impl Transaction for Letter {
    async fn recipient(&mut self, to: &MailAddress, _: &RcptParams) -> Result<(), Verdict> {
        if to.local() == "unknown" { Err(Verdict::RecipientUnknown) } else { Ok(()) }
    }

    async fn begin_body(&mut self) -> Result<(), Verdict> {
        Ok(())
    }

    async fn body(&mut self, octets: &[u8]) -> Result<(), Verdict> {
        self.octets += octets.len() as u64;
        assert!(self.octets <= MOST_OCTETS, "a message above the limit");
        Ok(())
    }

    async fn end_body(self) -> Result<Accepted, Verdict> {
        let id = QueueId::new("q1").ok_or(Verdict::InternalFailure)?;
        Ok(Accepted::new(id, &Kept))
    }
}

/// Octets of a message in these sessions.
const MOST_OCTETS: u64 = 20_000;

/// What brings a session into its state.
const STATES: &[&str] = &[
    "",
    "EHLO a.fr\r\n",
    "EHLO a.fr\r\nMAIL FROM:<jean@a.fr>\r\n",
    "EHLO a.fr\r\nMAIL FROM:<jean@a.fr>\r\nRCPT TO:<marie@b.fr>\r\n",
    "EHLO a.fr\r\nMAIL FROM:<jean@a.fr>\r\nRCPT TO:<marie@b.fr>\r\nDATA\r\n",
    "EHLO a.fr\r\nMAIL FROM:<jean@a.fr>\r\nRCPT TO:<marie@b.fr>\r\nBDAT 50\r\n",
    "EHLO a.fr\r\nAUTH PLAIN\r\n",
    "EHLO a.fr\r\nAUTH PLAIN AGplYW4Ac2VzYW1l\r\n",
    "EHLO a.fr\r\nAUTH PLAIN AGplYW4Ac2VzYW1l\r\nMAIL FROM:<jean@a.fr>\r\nRCPT TO:<marie@b.fr>\r\nDATA\r\n",
];

fn tls() -> TlsInfo {
    let certificates = vec![b"peer".as_slice().into()];
    TlsInfo { certificates, protocol: "TLSv1_3", cipher: "TLS13_AES_256_GCM_SHA384" }
}

/// The output of a future that never waits.
fn now<F: Future>(future: F) -> F::Output {
    let ready = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(output) = ready else { panic_on("the handler waits") };
    output
}

#[expect(clippy::panic, reason = "a target that finds something panics")]
fn panic_on(what: &str) -> ! {
    panic!("{what}")
}

pub(super) fn server(octets: &[u8]) {
    let (state, input) = pieces(octets);
    let role = if state & 1 == 0 { Role::Reception } else { Role::Submission };
    let (Ok(host), Ok(postmaster)) = ("mx.b.fr".parse(), "chief@b.fr".parse()) else { return };
    let mut config = SessionConfig::new(role, host, postmaster);
    (config.max_message_size, config.trace_headroom) = (MOST_OCTETS, 0);
    config.limits.discarded = 5 * MOST_OCTETS;
    let under_tls = (state & 2 == 0).then(tls);
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let session = mta::server::Session::new(Arc::new(config), address, under_tls);
    let mut conversation = Conversation::new(session, Arc::new(Office::default()));
    let prefix = STATES.get(usize::from(state >> 2) % STATES.len()).unwrap_or(&"");
    if !go_on(&mut conversation) {
        return;
    }
    for line in prefix.split_inclusive('\n').map(str::as_bytes).chain(input) {
        conversation.session().receive(line);
        if !go_on(&mut conversation) {
            return;
        }
    }
    conversation.session().timed_out();
    go_on(&mut conversation);
}

/// Goes on to the next read. False: the session is over.
fn go_on(conversation: &mut Conversation<Office>) -> bool {
    loop {
        let wants = now(conversation.advance());
        let output = conversation.session().take_output();
        for line in output.split_inclusive(|octet| *octet == b'\n') {
            let whole = line.ends_with(b"\r\n") && line.len() <= 512;
            let code = line.get(..3).unwrap_or_default();
            assert!(whole && code.iter().all(u8::is_ascii_digit), "a reply that is none");
        }
        match wants {
            Wants::Write => {}
            Wants::Read => return true,
            Wants::StartTls => conversation.session().secured(tls()),
            Wants::Close => return false,
        }
    }
}

/// What the peer says before the input.
const REPLIES: &[&str] = &[
    "",
    "220 mx.b.fr\r\n",
    "220 mx.b.fr\r\n|250-mx.b.fr\r\n250 STARTTLS\r\n",
    "220 mx.b.fr\r\n|250-mx.b.fr\r\n250 STARTTLS\r\n|220 go\r\n",
    "220 mx.b.fr\r\n|250-mx.b.fr\r\n250 STARTTLS\r\n|220 go\r\n|250-mx.b.fr\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250 8BITMIME\r\n",
    "220 mx.b.fr\r\n|250-mx.b.fr\r\n250 STARTTLS\r\n|220 go\r\n|250-mx.b.fr\r\n250-CHUNKING\r\n250-DSN\r\n250 SMTPUTF8\r\n|250 ok\r\n",
    "220 mx.b.fr\r\n|250-mx.b.fr\r\n250 STARTTLS\r\n|220 go\r\n|250 mx.b.fr\r\n|250 ok\r\n|250 ok\r\n|354 go\r\n",
];

/// Messages that the client sends on one connection.
const MESSAGES: usize = 3;

fn envelope() -> Option<Envelope> {
    let to = ["marie@b.fr", "unknown@b.fr"].map(|to| to.parse::<MailAddress>().ok());
    let recipients = to.into_iter().flatten().map(Into::into).collect();
    let sender = ReversePath::Address("jean@a.fr".parse().ok()?);
    let facts = MessageFacts { size: 12, eight_bit: true, utf8_headers: false };
    Envelope::new(sender, recipients, facts).ok()
}

pub(super) fn client(octets: &[u8]) {
    use mta::client::Step;
    let (state, input) = pieces(octets);
    let Ok(name) = "mx.a.fr".parse() else { return };
    let login = (state & 1 == 1).then(|| client::Login::plain("jean", "sesame"));
    let mut session = client::Session::new(name).logging_in(login);
    let prefix = REPLIES.get(usize::from(state >> 1) % REPLIES.len()).unwrap_or(&"");
    let mut replies =
        prefix.split('|').filter(|text| !text.is_empty()).map(str::as_bytes).chain(input);
    let (mut begun, mut done, mut pieces, mut secured) = (0, 0, 0, false);
    loop {
        match session.step() {
            Step::Write(out) => {
                let plain = out.starts_with(b"EHLO ")
                    || out.starts_with(b"STARTTLS")
                    || out.starts_with(b"QUIT");
                assert!(secured || plain, "something leaves before TLS");
            }
            Step::Read(_) => match replies.next() {
                Some(reply) => session.received(reply),
                None => session.lost(Loss::Closed),
            },
            Step::Handshake => {
                secured = true;
                session.tls_established();
            }
            Step::Body if pieces < 2 => {
                pieces += 1;
                session.body(b".line\r\n");
            }
            Step::Body => {
                pieces = 0;
                session.body_end();
            }
            Step::Done(report) => {
                done += 1;
                assert_eq!(report.outcomes.len(), 2, "an outcome for each recipient");
            }
            Step::Idle if begun < MESSAGES => {
                begun += 1;
                match envelope() {
                    Some(envelope) => session.begin(envelope),
                    None => return,
                }
            }
            Step::Idle => session.quit(),
            Step::Ended(_) => break,
        }
    }
    assert_eq!(begun, done, "each message is reported on once");
}
