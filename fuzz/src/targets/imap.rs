//! IMAP: framing, grammar, and whole sessions in each state over a store in memory.

use domain::{MailboxKind, ManualClock};
use imap::frame::{Event, Framer, MAX_COMMAND};
use imap::session::{Session, Wants};
use imap::{Denied, LogIn, Opened, Peer, grammar, name};
use jiff::Timestamp;
use mailstore::model::account::{AccountState, NewAccount};
use mailstore::{AccountId, Actor, Faults, SeededRandom, Store};
use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

pub(super) const WORDS: &[&str] = &[
    "a1 ",
    " LOGIN ",
    "SELECT INBOX\r\n",
    "EXAMINE ",
    "FETCH 1:* ",
    "(FLAGS UID ENVELOPE BODYSTRUCTURE)",
    "BODY.PEEK[1.2.MIME]<0.10>",
    "BODY[HEADER.FIELDS (FROM TO)]",
    "UID ",
    "STORE 1 +FLAGS.SILENT (\\Seen)",
    "SEARCH ",
    "RETURN (MIN MAX COUNT ALL SAVE)",
    "CHARSET UTF-8",
    "OR NOT TEXT x",
    "SINCE 1-Jan-2026",
    "APPEND INBOX (\\Seen) ",
    "{3}\r\nabc",
    "{3+}\r\nabc",
    "{4294967295}\r\n",
    "{99999999999999999999}",
    "LIST \"\" \"*\"",
    "LSUB \"\" %",
    "STATUS INBOX (MESSAGES UIDNEXT)",
    "CREATE &AOk-",
    "RENAME a b",
    "COPY 1:* b",
    "MOVE 1 b",
    "EXPUNGE",
    "IDLE\r\nDONE\r\n",
    "NOOP\r\n",
    "SORT (REVERSE ARRIVAL SUBJECT) UTF-8 ALL",
    "THREAD REFERENCES UTF-8 ALL",
    "COMPRESS DEFLATE\r\n",
    "GETQUOTAROOT INBOX",
    "(CONDSTORE)",
    "(QRESYNC (1 1 1:5 (1:2 3:4)))",
    "CHANGEDSINCE 1 VANISHED",
    "UNCHANGEDSINCE 0",
    "ENABLE UTF8=ACCEPT QRESYNC",
    "UTF8 (~{3+}\r\nabc)",
    "BINARY.PEEK[1]<0.5>",
    "BINARY.SIZE[2]",
    "PREVIEW (LAZY)",
    "EMAILID THREADID SAVEDATE MODSEQ",
    "PARTIAL 1:5",
    "~{3}\r\n",
    "MODSEQ 1",
    "AUTHENTICATE PLAIN AGEAYg==\r\n",
    "STARTTLS\r\n",
    "LOGOUT\r\n",
    "ENABLE CONDSTORE",
    "ID NIL",
    "NAMESPACE",
    "\\Deleted",
    "$",
    "*:4294967295",
    "\"",
    "(((((((((",
    "\r\n",
];

/// What is found in these pieces; every literal is taken, refused or streamed as `choice` says.
fn framed<'a>(pieces: impl Iterator<Item = &'a [u8]>, choice: u8) {
    let mut framer = Framer::default();
    for piece in pieces {
        framer.push(piece);
        while let Some(event) = framer.next_event() {
            if let Event::Literal(literal) = event {
                match choice % 3 {
                    0 if literal.size + framer.command().len() as u64 <= MAX_COMMAND as u64 => {
                        framer.take_literal()
                    }
                    1 => framer.take_message(),
                    _ => framer.refuse_literal(),
                }
            }
            assert!(framer.command().len() <= 2 * MAX_COMMAND, "more is held than a command");
        }
    }
}

pub(super) fn framing(octets: &[u8]) {
    let (choice, rest) = octets.split_first().unwrap_or((&0, &[]));
    let (size, rest) = rest.split_first().unwrap_or((&0, &[]));
    framed(rest.chunks(usize::from(*size).max(1)), *choice);
    framed(std::iter::once(rest), *choice);
}

pub(super) fn grammar(octets: &[u8]) {
    let _ = grammar::read(octets);
    let _ = grammar::append::first(octets);
    let _ = grammar::append::next(octets, true);
    let _ = grammar::tag_of(octets);
    let text = String::from_utf8_lossy(octets);
    if let Some(decoded) = name::decode(&text) {
        assert!(
            name::decode(&name::encode(&decoded)).as_deref() == Some(&decoded),
            "a name does not read back"
        );
    }
    let (pattern, mailbox) = text.split_once('\n').unwrap_or((&text, "INBOX"));
    if pattern.len() + mailbox.len() < 4_096 {
        let _ = name::matches(pattern, mailbox);
    }
}

/// Everybody opens the one account.
struct Open(AccountId);

impl Open {
    fn opened(&self) -> Opened {
        Opened { actor: Actor::SYSTEM, account: self.0, writes: true, secret: None }
    }
}

impl LogIn for Open {
    async fn password(
        &self,
        _: &Peer,
        _: Option<&str>,
        _: &str,
        secret: &str,
    ) -> Result<Opened, Denied> {
        if secret == "wrong" { Err(Denied::Credentials) } else { Ok(self.opened()) }
    }

    async fn external(&self, _: &Peer, _: &str) -> Result<Opened, Denied> {
        Err(Denied::NotAllowed)
    }

    async fn still(&self, opened: &Opened, _: &Peer, _: bool) -> Result<Opened, Denied> {
        Ok(*opened)
    }

    async fn external_opens(&self, _: &Peer) -> bool {
        false
    }
}

/// Inputs after which the store is made anew: what they leave in it does not pile up.
const RENEW: u32 = 50;

/// A store with an account and a message.
struct World {
    runtime: tokio::runtime::Runtime,
    store: Store,
    login: Arc<Open>,
    used: u32,
}

impl World {
    fn new() -> Option<Self> {
        let clock = Arc::new(ManualClock::new(Timestamp::from_second(1_800_000_000).ok()?));
        let random = Arc::new(SeededRandom::new(1));
        let store = Store::in_memory(clock, random, Vec::new(), Arc::<Faults>::default()).ok()?;
        let new = NewAccount {
            address: "marie@practice.example".parse().ok()?,
            kind: MailboxKind::Personal,
            state: AccountState::Active,
            ins: None,
            traits: None,
            quota: 4 << 20,
            mailboxes: Vec::new(),
            owner: None,
        };
        let account = store.create_account_blocking(Actor::SYSTEM, new).ok()?.account;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().ok()?;
        Some(Self { runtime, store, login: Arc::new(Open(account)), used: 0 })
    }

    /// A session, told these pieces one after another.
    fn hold<'a>(&mut self, secure: bool, pieces: impl Iterator<Item = &'a [u8]>) {
        self.used += 1;
        let peer = Peer { address: IpAddr::V4(Ipv4Addr::LOCALHOST), certificates: Vec::new() };
        let mut session = Session::new(self.store.clone(), Arc::clone(&self.login), peer, secure);
        self.runtime.block_on(async {
            session.greet().await;
            for piece in pieces {
                loop {
                    let wants = session.advance().await;
                    drop(session.take_output());
                    match wants {
                        Wants::Write => {}
                        Wants::Read => break,
                        Wants::StartTls => session.secured(Vec::new()),
                        Wants::Close => return,
                    }
                }
                session.receive(piece);
            }
            session.stop("the input is over");
            while session.advance().await == Wants::Write {
                drop(session.take_output());
            }
        });
    }
}

thread_local! {
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

fn hold<'a>(secure: bool, pieces: impl Iterator<Item = &'a [u8]>) {
    WORLD.with_borrow_mut(|world| {
        if world.as_ref().is_none_or(|world| world.used >= RENEW) {
            *world = World::new();
        }
        if let Some(world) = world {
            world.hold(secure, pieces);
        }
    });
}

/// What brings a session into its state; a message is there to be looked at.
const STATES: &[&str] = &[
    "",
    "a LOGIN marie x\r\n",
    "a LOGIN marie x\r\n|b APPEND INBOX {26+}\r\nSubject: x\r\n\r\nSome words\r\n\r\n|c SELECT INBOX\r\n",
    "a LOGIN marie x\r\n|b EXAMINE INBOX\r\n",
    "a LOGIN marie x\r\n|b SELECT INBOX\r\n|c IDLE\r\n",
    "a LOGIN marie x\r\n|b APPEND INBOX {50+}\r\n",
    "a AUTHENTICATE PLAIN\r\n",
    "a LOGIN marie x\r\n|b SELECT INBOX\r\n|c FETCH 1 (",
    "a LOGIN marie x\r\n|b ENABLE QRESYNC UTF8=ACCEPT\r\n|c SELECT INBOX (CONDSTORE)\r\n",
    "a LOGIN marie x\r\n|b COMPRESS DEFLATE\r\n",
];

pub(super) fn session(octets: &[u8]) {
    let (state, rest) = octets.split_first().unwrap_or((&0, &[]));
    let (size, rest) = rest.split_first().unwrap_or((&0, &[]));
    let size = if *size == 0 { rest.len().max(1) } else { usize::from(*size) };
    let prefix = STATES.get(usize::from(state >> 1) % STATES.len()).unwrap_or(&"");
    let prefix = prefix.split('|').filter(|text| !text.is_empty()).map(str::as_bytes);
    hold(state & 1 == 0, prefix.chain(rest.chunks(size)));
}

/// A message that a client puts here is fetched and searched whole.
pub(super) fn message(octets: &[u8]) {
    let append =
        [format!("b APPEND INBOX {{{}+}}\r\n", octets.len()).as_bytes(), octets, b"\r\n"].concat();
    let look: &[&[u8]] = &[
        b"a LOGIN marie x\r\n",
        &append,
        b"c SELECT INBOX\r\n",
        b"d FETCH 1:* (ENVELOPE BODYSTRUCTURE PREVIEW BINARY[1] BINARY.SIZE[1] BODY[] BODY[HEADER] BODY[TEXT] BODY[1] BODY[1.MIME] BODY[2.1])\r\n",
        b"e SEARCH OR TEXT words (FROM a SUBJECT x HEADER X-MSS-MES fin BODY \xc3\xa9)\r\n",
        b"x SORT (SUBJECT DATE FROM SIZE) UTF-8 ALL\r\ny THREAD REFERENCES UTF-8 ALL\r\nz THREAD ORDEREDSUBJECT UTF-8 ALL\r\n",
        b"f STORE 1:* +FLAGS (\\Deleted)\r\n",
        b"g EXPUNGE\r\n",
    ];
    hold(true, look.iter().copied());
}
