//! A store on a simulated disk with its search, and letters to look for.

use crate::extract::pdf::ReadPdf;
use crate::{CONSUMER, Found, Search, SearchParts};
use domain::{MailboxKind, ManualClock};
use jiff::Timestamp;
use mailstore::disk::{Disk, SimDisk};
use mailstore::message::digest_of;
use mailstore::model::account::{AccountState, NewAccount};
use mailstore::model::expunge::Expunge;
use mailstore::model::flags::Flags;
use mailstore::model::message::{NewMessage, Prepared};
use mailstore::{
    AccountId, Actor, Embedding, MailboxId, MessageId, Secret, SeededRandom, Store, StoreError,
    Together, View,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub(super) const DIR: &str = "/data/search";
const STORE: &str = "/data/store";

/// Each opening draws from another sequence, as the product's generator does.
static SEED: AtomicU64 = AtomicU64::new(1);

fn random() -> Arc<SeededRandom> {
    Arc::new(SeededRandom::new(SEED.fetch_add(1, Ordering::Relaxed) << 32))
}

/// Reads PDF files in this process.
#[derive(Debug)]
struct Here;

impl ReadPdf for Here {
    fn text(&self, pdf: &[u8]) -> Option<String> {
        crate::extract::pdf::text_of(pdf).ok()
    }
}

pub(super) struct Land {
    pub(super) disk: SimDisk,
    pub(super) store: Store,
    pub(super) search: Search,
}

fn store(disk: &SimDisk) -> Store {
    let embedding = Embedding {
        disk: Arc::new(disk.clone()),
        dir: PathBuf::from(STORE),
        operator_key: Secret::from_bytes([7; 32]),
        clock: Arc::new(ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap())),
        random: random(),
        consumers: vec![CONSUMER],
    };
    if disk.list(Path::new(STORE)).is_err() {
        Store::create(&embedding).unwrap();
    }
    Store::open(embedding).unwrap().0
}

pub(super) fn search(disk: &SimDisk, store: &Store) -> Search {
    Search::open(SearchParts {
        store: store.clone(),
        disk: Arc::new(disk.clone()),
        dir: PathBuf::from(DIR),
        operator_key: Secret::from_bytes([7; 32]),
        random: random(),
        pdf: Arc::new(Here),
    })
    .unwrap()
}

impl Land {
    pub(super) fn new() -> Self {
        Self::on(SimDisk::new(1))
    }

    /// Opens what lies on a disk.
    pub(super) fn on(disk: SimDisk) -> Self {
        let store = store(&disk);
        let search = search(&disk, &store);
        Self { disk, store, search }
    }

    /// Closes everything and opens it again.
    pub(super) fn again(self) -> Self {
        let disk = self.disk.clone();
        drop(self);
        Self::on(disk)
    }

    pub(super) fn account(&self, name: &str) -> AccountId {
        let new = NewAccount {
            address: format!("{name}@practice.example").parse().unwrap(),
            kind: MailboxKind::Personal,
            state: AccountState::Active,
            ins: None,
            traits: None,
            quota: 1_000_000_000,
            mailboxes: Vec::new(),
            owner: None,
        };
        self.store.create_account_blocking(Actor::SYSTEM, new).unwrap().account
    }

    pub(super) fn view(&self, account: AccountId) -> View<'static> {
        self.store.view(account).unwrap()
    }

    pub(super) fn inbox(&self, account: AccountId) -> MailboxId {
        self.view(account).inbox().unwrap()
    }

    fn message(&self, mailbox: MailboxId, octets: &[u8]) -> NewMessage {
        let mut writer = self.store.body_writer().unwrap();
        writer.write(octets).unwrap();
        NewMessage {
            mailbox,
            body: writer.finish().unwrap(),
            content: Arc::new(Prepared::new(digest_of(octets)).unwrap()),
            flags: Flags::NONE,
            internal_date: Timestamp::UNIX_EPOCH,
        }
    }

    pub(super) fn deliver(&self, account: AccountId, octets: impl AsRef<[u8]>) -> MessageId {
        self.deliver_all(account, &[octets.as_ref()])[0]
    }

    /// Delivers messages in one commit group.
    pub(super) fn deliver_all(&self, account: AccountId, all: &[&[u8]]) -> Vec<MessageId> {
        let inbox = self.inbox(account);
        let mut jobs = Together::default();
        let mut waiting = Vec::new();
        for octets in all {
            let new = self.message(inbox, octets);
            waiting.push(jobs.add::<_, StoreError, _>(Actor::RECEPTION, account, move |tx| {
                tx.add_message(&new)
            }));
        }
        self.store.submit(jobs);
        waiting.into_iter().map(|it| it.wait().unwrap().message).collect()
    }

    /// A letter with this subject and text.
    pub(super) fn letter(&self, account: AccountId, subject: &str, text: &str) -> MessageId {
        self.deliver(account, letter(subject, text))
    }

    pub(super) fn expunge(&self, account: AccountId, message: MessageId) {
        let (mailbox, uid) = self.view(account).places_of(message).unwrap()[0];
        let expunge = move |tx: &mut mailstore::Transaction<'_>| {
            tx.expunge(mailbox, &[uid], Expunge::All).map(drop)
        };
        let _ =
            self.store.begin::<_, StoreError, _>(Actor::SYSTEM, account, expunge).wait().unwrap();
    }

    /// The messages that hold a part of a text: candidates, confirmed as IMAP's session does it.
    pub(super) fn holding(&self, account: AccountId, part: &str) -> Vec<MessageId> {
        let view = self.view(account);
        let among = self.search.among(&view, part).unwrap();
        let all = crate::position::messages(&view).unwrap();
        let mut holding = Vec::new();
        for message in all.into_iter().filter(|it| among.as_ref().is_none_or(|a| a.contains(it))) {
            if self.holds(&view, message, part) {
                holding.push(message);
            }
        }
        holding
    }

    /// Whether a message's texts hold a part.
    pub(super) fn holds(&self, view: &View<'_>, message: MessageId, part: &str) -> bool {
        use mailstore::message::{fold, header_fields};
        let body = view.message(message).unwrap().body;
        let octets = self.store.body(view, body).unwrap().read_all().unwrap();
        let header = view.structure(message).unwrap().header;
        let part = fold(part);
        header_fields(&header)
            .any(|field| fold(&format!("{}: {}", field.name, field.decoded())).contains(&part))
            || self.search.text(&octets).contains(&part)
    }

    pub(super) fn find(&self, account: AccountId, question: &str) -> Vec<MessageId> {
        let Found { messages, complete } =
            self.search.find(&self.view(account), question, 50, &|_| Ok(false)).unwrap();
        assert!(complete);
        messages
    }

    /// How many messages the index has for a part; panics where it is not asked.
    pub(super) fn candidates(&self, account: AccountId, part: &str) -> usize {
        self.search.among(&self.view(account), part).unwrap().expect("the index answers").len()
    }

    /// The index's files as whoever has the key reads them.
    pub(super) fn unsealed_with(&self, marker: &str) -> Vec<String> {
        let directory = self.search.directory();
        let mut found = Vec::new();
        for path in self.disk.list(Path::new(DIR)).unwrap() {
            let name = path.file_name().unwrap().to_str().unwrap();
            let octets = tantivy::directory::Directory::atomic_read(directory, Path::new(name));
            let octets = octets.unwrap();
            if memchr::memmem::find(&octets, marker.as_bytes()).is_some() {
                found.push(name.to_owned());
            }
        }
        found
    }
}

pub(super) fn letter(subject: &str, text: &str) -> String {
    format!(
        "From: Dr House <house@clinique.example>\r\nTo: marie@practice.example\r\n\
         Subject: {subject}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n"
    )
}
