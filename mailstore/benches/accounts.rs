//! Accounts made in bulk.
//!
//! ```text
//! cargo bench -p mailstore --bench accounts [-- COUNT [DIR]]
//! ```
//! Makes COUNT accounts (a million unless told), each with INBOX, owned by one principal, in portions
//! of 4,096 of which two are under way; prints how many a second, every tenth of the way and over
//! all, and what the process and the store's files take.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints, and panics")]

use domain::{MailboxKind, SystemClock};
use mailstore::disk::RealDisk;
use mailstore::model::account::{AccountState, Creating, NewAccount};
use mailstore::model::principal::{NewPrincipal, PrincipalKind};
use mailstore::{Actor, Consumer, Embedding, Secret, Store, SystemRandom};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

const PORTION: usize = 4096;

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| !arg.starts_with("--"));
    let count = args.next().map_or(1_000_000, |count| count.parse().unwrap());
    let base = args.next().map_or_else(std::env::temp_dir, Into::into);
    let dir = base.join(format!("pli-accounts-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    make(&dir, count);
    fs::remove_dir_all(&dir).unwrap();
}

fn make(dir: &Path, count: usize) {
    let embedding = Embedding {
        disk: Arc::new(RealDisk),
        dir: dir.to_owned(),
        operator_key: Secret::from_bytes([1; 32]),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        consumers: vec![Consumer::new("documents").unwrap().following(&[])],
    };
    Store::create(&embedding).unwrap();
    let (store, _) = Store::open(embedding.clone()).unwrap();
    let owner = NewPrincipal { kind: PrincipalKind::Person, name: "bench".into(), login: None };
    let first = NewAccount { owner: Some(owner), ..account(0) };
    let owner = store.create_account_blocking(Actor::SYSTEM, first).unwrap().owner;
    let start = Instant::now();
    let mut under_way: Vec<Creating> = Vec::new();
    let (mut made, mut told) = (0, (0, start));
    while made < count {
        let portion = (made..count.min(made + PORTION)).map(|number| account(number + 1)).collect();
        let begun = store.begin_accounts(Actor::SYSTEM, owner, portion).unwrap();
        finish(std::mem::replace(&mut under_way, begun));
        made += PORTION;
        if made >= told.0 + count / 10 {
            say(made - told.0, told.1, "");
            told = (made, Instant::now());
        }
    }
    finish(under_way);
    say(count, start, " over all");
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM unknown");
    println!("{peak}");
    let start = Instant::now();
    drop(store);
    println!("closed in {:.2} s", start.elapsed().as_secs_f64());
    let start = Instant::now();
    drop(Store::open(embedding).unwrap());
    println!("opened again and closed in {:.2} s", start.elapsed().as_secs_f64());
    for name in ["keystore", "index.redb"] {
        let len = fs::metadata(dir.join(name)).unwrap().len();
        println!("{name} {} MB", len >> 20);
    }
    let segments = fs::read_dir(dir.join("segments")).unwrap();
    let len: u64 = segments.map(|file| file.unwrap().metadata().unwrap().len()).sum();
    println!("segments {} MB", len >> 20);
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

fn finish(begun: Vec<Creating>) {
    begun.into_iter().for_each(|creating| drop(creating.wait().unwrap()));
}

fn say(made: usize, since: Instant, what: &str) {
    let seconds = since.elapsed().as_secs_f64();
    println!(
        "{made:>9} accounts in {seconds:>6.2} s: {:>8.0} a second{what}",
        made as f64 / seconds
    );
}
