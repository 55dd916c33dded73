//! A store whose files are not what they were: opened, read and verified without a panic.
//!
//! An input is a list of four octets each: which file, where in it (two octets), and what is changed
//! there. The index is left alone: it is disposable, and made anew by whoever removes it.

use domain::{MailboxKind, ManualClock};
use jiff::Timestamp;
use mailstore::disk::{Disk, SimDisk};
use mailstore::message::digest_of;
use mailstore::model::account::{AccountState, NewAccount};
use mailstore::model::flags::Flags;
use mailstore::model::message::{NewMessage, Prepared};
use mailstore::{Actor, Embedding, Secret, SeededRandom, Store, StoreError, Transaction, verify};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

const KEY: [u8; 32] = [5; 32];

fn embedding(disk: &SimDisk) -> Option<Embedding> {
    Some(Embedding {
        disk: Arc::new(disk.clone()),
        dir: PathBuf::from("/store"),
        operator_key: Secret::from_bytes(KEY),
        clock: Arc::new(ManualClock::new(Timestamp::from_second(1_800_000_000).ok()?)),
        random: Arc::new(SeededRandom::new(1)),
        consumers: Vec::new(),
    })
}

/// A disk with a store of one account and three messages.
fn sound() -> Option<SimDisk> {
    let disk = SimDisk::new(1);
    let embedding = embedding(&disk)?;
    Store::create(&embedding).ok()?;
    let (store, _) = Store::open(embedding).ok()?;
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
    for number in 0..3 {
        let octets = format!("Subject: {number}\r\n\r\nSome words\r\n").into_bytes();
        let mut writer = store.body_writer().ok()?;
        writer.write(&octets).ok()?;
        let body = writer.finish().ok()?;
        let content = Arc::new(Prepared::new(digest_of(&octets)).ok()?);
        let add = move |tx: &mut Transaction<'_>| {
            tx.add_message(&NewMessage {
                mailbox: tx.inbox()?,
                body: Arc::clone(&body),
                content: Arc::clone(&content),
                flags: Flags::default(),
                internal_date: Timestamp::UNIX_EPOCH,
            })
        };
        let _ = store.begin::<_, StoreError, _>(Actor::SYSTEM, account, add).wait().ok()?;
    }
    drop(store);
    disk.kill_process();
    Some(disk)
}

pub(super) fn damaged(octets: &[u8]) {
    static SOUND: OnceLock<Option<SimDisk>> = OnceLock::new();
    let Some(sound) = SOUND.get_or_init(sound) else { return };
    let disk = sound.fork(1);
    // A database whose pages are damaged panics inside redb, at its end as well: that is not held yet.
    let files: Vec<_> =
        disk.list_files().into_iter().filter(|path| !path.ends_with("index.redb")).collect();
    for change in octets.chunks_exact(4).take(16) {
        let &[file, high, low, xor] = change else { continue };
        let Some(path) = files.get(usize::from(file) % files.len().max(1)) else { return };
        let Ok(found) = disk.open(path, mailstore::disk::Open::Read) else { return };
        let len = found.len().unwrap_or_default().max(1);
        // The beginnings of files say most.
        let offset = u64::from(u16::from_be_bytes([high, low])) % len;
        let _ = disk.corrupt(path, offset, xor | 1);
    }
    let Some(embedding) = embedding(&disk) else { return };
    if let Ok((store, _)) = Store::open(embedding)
        && let Ok(view) = store.operator_view()
    {
        for account in view.accounts(None, 10).unwrap_or_default() {
            let Ok(view) = store.view(account) else { continue };
            let Ok(inbox) = view.inbox() else { continue };
            for (_, placed) in view.placements(inbox, 0, u32::MAX, 10).unwrap_or_default() {
                let Ok(message) = view.message(placed.message) else { continue };
                let _ = store.body(&view, message.body).and_then(|body| Ok(body.read_all()?));
            }
        }
    }
    disk.kill_process();
    let disk: Arc<dyn Disk> = Arc::new(disk);
    let _ = verify::verify(&disk, &PathBuf::from("/store"), &Secret::from_bytes(KEY), &mut |_| {});
}
