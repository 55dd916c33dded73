//! The index made anew.
//!
//! ```text
//! cargo bench -p mailstore --bench rebuild [-- MESSAGES [DIR]]
//! ```
//! Delivers MESSAGES of 1 KiB (a million unless told) to 1,000 accounts, closes the store, removes
//! the index and opens it again: once with the log alone, once with a snapshot and the frames
//! after it. Prints how long each took, and the most memory that the process held.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints, and panics")]

use domain::{MailboxKind, SystemClock};
use mailstore::disk::RealDisk;
use mailstore::message::digest_of;
use mailstore::model::account::{AccountState, NewAccount};
use mailstore::model::flags::Flags;
use mailstore::model::message::{NewMessage, Prepared};
use mailstore::{
    AccountId, Actor, Consumer, Embedding, QueueId, Secret, Store, StoreError, SystemRandom,
    Together, Transaction,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

const ACCOUNTS: usize = 1000;
const TOGETHER: usize = 1024;
const SIZE: usize = 1024;

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| !arg.starts_with("--"));
    let messages = args.next().map_or(1_000_000, |count| count.parse().unwrap());
    let base = args.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let dir = base.join(format!("pli-rebuild-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    Store::create(&embedding(&dir)).unwrap();
    timed("delivered", || fill(&open(&dir), messages));
    say(&dir);
    rebuilt(&dir, messages, "rebuilt from the log alone");
    let store = open(&dir);
    assert!(timed("snapshot written", || store.write_snapshot().unwrap()));
    drop(store);
    say(&dir);
    rebuilt(&dir, messages, "rebuilt from the snapshot and the frames after it");
    fs::remove_dir_all(&dir).unwrap();
}

fn embedding(dir: &Path) -> Embedding {
    Embedding {
        disk: Arc::new(RealDisk),
        dir: dir.to_owned(),
        operator_key: Secret::from_bytes([1; 32]),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        consumers: vec![Consumer::new("documents").unwrap()],
    }
}

fn open(dir: &Path) -> Store {
    Store::open(embedding(dir)).unwrap().0
}

fn rebuilt(dir: &Path, messages: usize, what: &str) {
    fs::remove_file(dir.join("index.redb")).unwrap();
    let store = timed(what, || open(dir));
    let accounts = store.operator_view().unwrap().accounts(None, usize::MAX).unwrap();
    let count = |account: &AccountId| store.view(*account).unwrap().counters().unwrap().messages;
    assert_eq!(accounts.iter().map(count).sum::<u64>(), messages as u64);
}

fn fill(store: &Store, messages: usize) {
    let new = (0..ACCOUNTS).map(account).collect();
    let begun = store.begin_accounts(Actor::SYSTEM, None, new).unwrap();
    let accounts: Vec<_> = begun.into_iter().map(|made| made.wait().unwrap().account).collect();
    let mut under_way = Vec::new();
    for first in (0..messages).step_by(TOGETHER) {
        let mut jobs = Together::default();
        let mut begun = Vec::new();
        for number in first..messages.min(first + TOGETHER) {
            // Neighbours in time are neighbours in no account.
            if let Some(account) = accounts.get(number.wrapping_mul(7919) % ACCOUNTS) {
                begun.push(jobs.add(Actor::RECEPTION, *account, delivery(store, number)));
            }
        }
        store.submit(jobs);
        for done in std::mem::replace(&mut under_way, begun) {
            let _ = done.wait().unwrap();
        }
    }
    for done in under_way {
        let _ = done.wait().unwrap();
    }
}

fn delivery(
    store: &Store,
    number: usize,
) -> impl FnMut(&mut Transaction<'_>) -> Result<(), StoreError> + Send + 'static {
    let mut octets = format!(
        "From: Hopital <letters@chu.example>\r\nTo: u@practice.example\r\n\
         Message-ID: <{number}@chu.example>\r\nSubject: Lettre de liaison {number}\r\n\r\n"
    )
    .into_bytes();
    octets.resize(SIZE, b'x');
    let mut writer = store.body_writer().unwrap();
    writer.write(&octets).unwrap();
    let body = writer.finish().unwrap();
    let content = Arc::new(Prepared::new(digest_of(&octets)).unwrap());
    move |tx: &mut Transaction<'_>| {
        let queue_id = QueueId::random(tx.random())?;
        tx.accept_once(&number.to_be_bytes(), queue_id)?;
        let new = NewMessage {
            mailbox: tx.inbox()?,
            body: Arc::clone(&body),
            content: Arc::clone(&content),
            flags: Flags::NONE,
            internal_date: tx.now(),
        };
        tx.add_message(&new).map(drop)
    }
}

fn account(number: usize) -> NewAccount {
    NewAccount {
        address: format!("u{number}@practice.example").parse().unwrap(),
        kind: MailboxKind::Personal,
        state: AccountState::Active,
        ins: None,
        traits: None,
        quota: u64::MAX,
        mailboxes: Vec::new(),
        owner: None,
    }
}

fn timed<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = run();
    println!("{:>7.2} s  {what}", start.elapsed().as_secs_f64());
    result
}

fn say(dir: &Path) {
    let len = |folder: &str| -> u64 {
        let Ok(files) = fs::read_dir(dir.join(folder)) else { return 0 };
        files.map(|file| file.unwrap().metadata().unwrap().len()).sum()
    };
    let index = fs::metadata(dir.join("index.redb")).unwrap().len();
    let (segments, snapshots) = (len("segments") >> 20, len("snapshots") >> 20);
    println!(
        "           segments {segments} MB, snapshot {snapshots} MB, index {} MB",
        index >> 20
    );
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM unknown");
    println!("           {peak}");
}
