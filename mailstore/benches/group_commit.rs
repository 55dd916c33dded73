//! Group commit against the bare flush rate of the disk.
//!
//! ```text
//! cargo bench -p mailstore --bench group_commit [-- DIR]
//! ```
//! In one run, by turns: one thread that appends 4 KiB to a file and flushes it (`fdatasync`), and
//! the store taking 4 KiB messages from 1, 10, 50 and 200 threads, each waiting for its commit
//! before it sends the next. A delivery is what reception does: body taken in and sealed, message
//! scanned, fingerprint and placement committed. Medians of several turns.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a bench prints, and fails by panicking"
)]

use domain::{MailboxKind, SystemClock};
use mailstore::disk::RealDisk;
use mailstore::message::digest_of;
use mailstore::model::account::{AccountState, NewAccount};
use mailstore::model::flags::Flags;
use mailstore::model::message::{NewMessage, Prepared};
use mailstore::{
    AccountId, Actor, Embedding, QueueId, Secret, Store, StoreError, SystemRandom, Transaction,
};
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const SIZE: usize = 4096;
const TURNS: usize = 5;
const TURN: Duration = Duration::from_millis(1500);
const SESSIONS: [usize; 4] = [1, 10, 50, 200];

fn main() {
    let base = std::env::args().skip(1).find(|arg| !arg.starts_with("--"));
    let base = base.map_or_else(std::env::temp_dir, Into::into);
    let dir = base.join(format!("pli-group-commit-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    let store = open(&dir.join("store"));
    let accounts: Vec<_> = (0..10).map(|n| account(&store, n)).collect();

    let mut bare = Vec::new();
    let mut rates = vec![Vec::new(); SESSIONS.len()];
    for _ in 0..TURNS {
        bare.push(flushes(&dir.join("bare")));
        for (sessions, rates) in SESSIONS.iter().zip(&mut rates) {
            rates.push(deliveries(&store, &accounts, *sessions));
        }
    }
    let bare = median(&mut bare);
    println!("{:>24} {:>10} {:>8}", "", "a second", "ratio");
    println!("{:>24} {bare:>10.0} {:>8.2}", "bare append and flush", 1.0);
    for (sessions, rates) in SESSIONS.iter().zip(&mut rates) {
        let rate = median(rates);
        println!("{:>18} threads {rate:>10.0} {:>8.2}", sessions, rate / bare);
    }
    drop(store);
    fs::remove_dir_all(&dir).unwrap();
}

fn open(dir: &Path) -> Store {
    let embedding = Embedding {
        disk: Arc::new(RealDisk),
        dir: dir.to_owned(),
        operator_key: Secret::from_bytes([1; 32]),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        consumers: Vec::new(),
    };
    Store::create(&embedding).unwrap();
    Store::open(embedding).unwrap().0
}

fn account(store: &Store, number: usize) -> AccountId {
    let new = NewAccount {
        address: format!("u{number}@practice.example").parse().unwrap(),
        kind: MailboxKind::Personal,
        state: AccountState::Active,
        ins: None,
        traits: None,
        quota: u64::MAX,
        mailboxes: Vec::new(),
        owner: None,
    };
    store.create_account_blocking(Actor::SYSTEM, new).unwrap().account
}

/// Appends and flushes a second, one after another.
fn flushes(path: &Path) -> f64 {
    let mut file = File::create(path).unwrap();
    let octets = [7; SIZE];
    let start = Instant::now();
    let mut count = 0;
    while start.elapsed() < TURN {
        file.write_all(&octets).unwrap();
        file.sync_data().unwrap();
        count += 1;
    }
    f64::from(count) / start.elapsed().as_secs_f64()
}

/// Deliveries a second from so many threads.
fn deliveries(store: &Store, accounts: &[AccountId], sessions: usize) -> f64 {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let count = AtomicU64::new(0);
    let start = Instant::now();
    thread::scope(|scope| {
        for session in 0..sessions {
            let account = accounts[session % accounts.len()];
            let count = &count;
            scope.spawn(move || {
                while start.elapsed() < TURN {
                    deliver(store, account, NUMBER.fetch_add(1, Ordering::Relaxed));
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    count.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64()
}

fn deliver(store: &Store, account: AccountId, number: u64) {
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
    let work = move |tx: &mut Transaction<'_>| {
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
    };
    let _done = store.begin::<(), StoreError, _>(Actor::RECEPTION, account, work).wait().unwrap();
}

fn median(rates: &mut [f64]) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
