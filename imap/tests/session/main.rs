//! Sessions without sockets: what a client says, and what it is answered, command by command.
//!
//! Answers are compared without the text for people that stands behind OK, NO and BAD.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests panic")]

mod append;
mod attributes;
mod bounds;
mod changes;
mod compress;
mod condstore;
mod fetch;
mod login;
mod mailboxes;
mod qresync;
mod rev2;
mod search;
mod sort;
mod texts;

use domain::{MailboxKind, ManualClock};
use imap::session::{Session, Wants};
use imap::{Denied, LogIn, Opened, Peer};
use mailstore::message::digest_of;
use mailstore::model::account::{AccountState, NewAccount};
use mailstore::model::flags::Flags;
use mailstore::model::mailbox::{MailboxName, SpecialUse};
use mailstore::model::message::{NewMessage, Prepared};
use mailstore::{
    AccountId, Actor, Faults, MailboxId, SeededRandom, Store, StoreError, Transaction,
};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const START: &str = "2026-01-05T08:00:00Z";

/// Log-ins by name: `jean` writes, `lecteur` reads, the others are refused each in its way.
/// Log-ins hold until they are taken back.
struct Names(AccountId, Arc<AtomicBool>);

impl LogIn for Names {
    async fn password(
        &self,
        _: &Peer,
        authzid: Option<&str>,
        login: &str,
        secret: &str,
    ) -> Result<Opened, Denied> {
        let opened =
            |writes| Ok(Opened { actor: Actor::SYSTEM, account: self.0, writes, secret: None });
        if secret != "sesame" || authzid.is_some_and(|id| !id.is_empty() && id != "jean") {
            return Err(Denied::Credentials);
        }
        match login {
            "jean" => opened(true),
            "lecteur" => opened(false),
            "presse" => Err(Denied::Throttled),
            "panne" => Err(Denied::Unavailable),
            _ => Err(Denied::Credentials),
        }
    }

    async fn external(&self, peer: &Peer, authzid: &str) -> Result<Opened, Denied> {
        match !peer.certificates.is_empty() && (authzid.is_empty() || authzid == "jean") {
            true => {
                Ok(Opened { actor: Actor::SYSTEM, account: self.0, writes: true, secret: None })
            }
            false => Err(Denied::Credentials),
        }
    }

    async fn still(&self, opened: &Opened, _: &Peer, _: bool) -> Result<Opened, Denied> {
        match self.1.load(Ordering::SeqCst) {
            true => Err(Denied::NotAllowed),
            false => Ok(*opened),
        }
    }

    async fn external_opens(&self, peer: &Peer) -> bool {
        !peer.certificates.is_empty()
    }
}

/// An operator's store with one account.
struct Land {
    store: Store,
    account: AccountId,
    faults: Arc<Faults>,
    taken_back: Arc<AtomicBool>,
}

impl Land {
    async fn new() -> Self {
        let clock = Arc::new(ManualClock::new(START.parse().unwrap()));
        let (random, faults) = (Arc::new(SeededRandom::new(7)), Arc::new(Faults::default()));
        let store = Store::in_memory(clock, random, Vec::new(), faults.clone()).unwrap();
        let new = NewAccount {
            address: "jean@practice.example".parse().unwrap(),
            kind: MailboxKind::Personal,
            state: AccountState::Active,
            ins: None,
            traits: None,
            quota: 100_000_000,
            mailboxes: vec![(MailboxName::new("Envoyés").unwrap(), SpecialUse::Sent)],
            owner: None,
        };
        let account = store.create_account(Actor::SYSTEM, new).await.unwrap().account;
        Self { store, account, faults, taken_back: Arc::default() }
    }

    fn connect(&self, secure: bool, certificates: usize) -> Client {
        let peer = Peer {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            certificates: vec![vec![0x30].into(); certificates],
        };
        let login = Arc::new(Names(self.account, self.taken_back.clone()));
        Client { session: Session::new(self.store.clone(), login, peer, secure) }
    }

    /// A client that has logged in.
    async fn client(&self) -> Client {
        let mut client = self.connect(true, 0);
        client.session.greet().await;
        client.say("").await;
        let answer = client.say("l LOGIN jean sesame\r\n").await;
        assert!(answer.starts_with("l OK"), "{answer}");
        client
    }

    /// A client that has selected INBOX.
    async fn in_inbox(&self) -> Client {
        let mut client = self.client().await;
        let answer = client.say("s SELECT INBOX\r\n").await;
        assert!(answer.ends_with("s OK [READ-WRITE]"), "{answer}");
        client
    }

    fn inbox(&self) -> MailboxId {
        self.store.view(self.account).unwrap().inbox().unwrap()
    }

    async fn change<F>(&self, work: F)
    where
        F: FnMut(&mut Transaction<'_>) -> Result<(), StoreError> + Send + 'static,
    {
        self.store.transact(Actor::SYSTEM, self.account, work).await.unwrap().into_inner();
    }

    /// Puts messages into INBOX.
    async fn deliver(&self, messages: &[&str]) {
        let mailbox = self.inbox();
        for message in messages {
            let mut writer = self.store.body_writer().unwrap();
            writer.write(message.as_bytes()).unwrap();
            let body = writer.finish().unwrap();
            let content = Arc::new(Prepared::new(digest_of(message)).unwrap());
            let internal_date = START.parse().unwrap();
            let new = NewMessage { mailbox, body, content, flags: Flags::NONE, internal_date };
            self.change(move |tx| tx.add_message(&new).map(drop)).await;
        }
    }
}

struct Client {
    session: Session<Names>,
}

impl Client {
    /// Says octets, hears all that comes back.
    async fn hear(&mut self, octets: &[u8]) -> (Vec<u8>, Wants) {
        self.session.receive(octets);
        let mut heard = Vec::new();
        loop {
            let wants = self.session.advance().await;
            heard.extend(self.session.take_output());
            if !matches!(wants, Wants::Write) {
                return (heard, wants);
            }
        }
    }

    /// Says something, hears lines without their texts for people.
    async fn say(&mut self, text: &str) -> String {
        let (heard, _) = self.hear(text.as_bytes()).await;
        let heard = String::from_utf8(heard).unwrap();
        let lines: Vec<String> = heard.split("\r\n").map(bare).collect();
        lines.join("\n").trim_end_matches('\n').to_owned()
    }
}

/// A line without the text that a person reads.
fn bare(line: &str) -> String {
    let mut words = line.splitn(3, ' ');
    let (tag, status, rest) = (words.next(), words.next(), words.next());
    match (tag, status, rest) {
        (Some("+"), _, _) => "+".to_owned(),
        (Some(tag), Some(status @ ("OK" | "NO" | "BAD" | "BYE")), Some(rest)) => {
            match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                Some((code, _)) => format!("{tag} {status} [{code}]"),
                None => format!("{tag} {status}"),
            }
        }
        _ => line.to_owned(),
    }
}
