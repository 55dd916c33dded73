//! `pli store verify` as an administrator uses it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use mailstore::disk::RealDisk;
use mailstore::message::digest_of;
use mailstore::model::account::{AccountState, NewAccount};
use mailstore::model::flags::Flags;
use mailstore::model::message::{NewMessage, Prepared};
use mailstore::{Actor, Embedding, Secret, Store, StoreError, SystemRandom, Transaction};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

struct Place(PathBuf);

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Place {
    /// A directory with an operator's key and a store that holds three messages.
    fn with_store(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("pli-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        let place = Self(dir);
        place.write_key(&"07".repeat(32), 0o600);
        let embedding = Embedding {
            disk: Arc::new(RealDisk),
            dir: place.store(),
            operator_key: Secret::from_bytes([7; 32]),
            clock: Arc::new(domain::SystemClock),
            random: Arc::new(SystemRandom),
            consumers: Vec::new(),
        };
        Store::create(&embedding).unwrap();
        let (store, _) = Store::open(embedding).unwrap();
        let new = NewAccount {
            address: "marie.martin@practice.example".parse().unwrap(),
            kind: domain::MailboxKind::Personal,
            state: AccountState::Active,
            ins: None,
            traits: None,
            quota: u64::MAX,
            mailboxes: Vec::new(),
            owner: None,
        };
        let account = store.create_account_blocking(Actor::SYSTEM, new).unwrap().account;
        for size in [10, 1000, 300_000] {
            let octets = format!("Subject: x\r\n\r\n{}", "y".repeat(size)).into_bytes();
            let mut writer = store.body_writer().unwrap();
            writer.write(&octets).unwrap();
            let body = writer.finish().unwrap();
            let content = Arc::new(Prepared::new(digest_of(&octets)).unwrap());
            let add = move |tx: &mut Transaction<'_>| {
                let new = NewMessage {
                    mailbox: tx.inbox()?,
                    body: Arc::clone(&body),
                    content: Arc::clone(&content),
                    flags: Flags::NONE,
                    internal_date: jiff::Timestamp::UNIX_EPOCH,
                };
                tx.add_message(&new).map(drop)
            };
            let _added =
                store.begin::<(), StoreError, _>(Actor::SYSTEM, account, add).wait().unwrap();
        }
        place
    }

    fn store(&self) -> PathBuf {
        self.0.join("store")
    }

    fn write_key(&self, text: &str, mode: u32) {
        let path = self.0.join("operator.key");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn verify(&self) -> (i32, String, String) {
        verify(&self.store())
    }

    /// The newest file of a folder of the store.
    fn newest(&self, folder: &str) -> PathBuf {
        self.files(folder).max().unwrap()
    }

    fn files(&self, folder: &str) -> impl Iterator<Item = PathBuf> {
        let files = fs::read_dir(self.store().join(folder)).unwrap();
        files.map(|file| file.unwrap().path())
    }

    /// The segment with the last frames; behind it lies only the one that is prepared.
    fn open_segment(&self) -> PathBuf {
        let used = |path: &PathBuf| fs::read(path).unwrap().starts_with(b"PLI1");
        self.files("segments").filter(used).max().unwrap()
    }
}

fn verify(dir: &Path) -> (i32, String, String) {
    let pli = env!("CARGO_BIN_EXE_pli");
    let Output { status, stdout, stderr } =
        Command::new(pli).args(["store", "verify"]).arg(dir).output().unwrap();
    let text = |octets| String::from_utf8(octets).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

fn flip(path: &Path, at: usize) {
    let mut octets = fs::read(path).unwrap();
    *octets.get_mut(at).unwrap() ^= 1;
    fs::write(path, octets).unwrap();
}

#[test]
fn a_sound_store_has_nothing_wrong() {
    let place = Place::with_store("sound");
    let (code, out, err) = place.verify();
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("1 accounts, 3 messages, 3 bodies"), "{out}");
    assert!(out.ends_with("Nothing is wrong.\n"), "{out}");
}

#[test]
fn a_flipped_bit_of_a_body_file_is_named_and_the_rest_is_read() {
    let place = Place::with_store("body");
    let file = place.newest("bodies");
    flip(&file, 1000);
    let (code, out, _) = place.verify();
    assert_eq!(code, 1);
    let name = file.file_name().unwrap().to_str().unwrap();
    assert!(out.contains(&format!("body {name} does not open")), "{out}");
    assert!(out.contains("3 messages") && out.ends_with("1 thing is wrong; it is named above.\n"));
}

#[test]
fn a_flipped_bit_of_the_log_is_named() {
    let place = Place::with_store("log");
    flip(&place.open_segment(), 70);
    let (code, out, _) = place.verify();
    assert_eq!(code, 1);
    assert!(out.contains("log: segment") && out.contains("is damaged at octet"), "{out}");
}

#[test]
fn a_key_that_is_missing_or_open_or_wrong_is_said_to_be() {
    let place = Place::with_store("key");
    place.write_key(&"07".repeat(32), 0o644);
    let (code, _, err) = place.verify();
    assert_eq!(code, 1);
    assert!(err.contains("may be read by others: chmod 600 it"), "{err}");
    place.write_key("seven", 0o600);
    assert!(place.verify().2.contains("is not 64 hexadecimal digits"));
    place.write_key(&"08".repeat(32), 0o600);
    let (_, _, err) = place.verify();
    assert!(err.contains("the operator's key does not open this store"), "{err}");
    fs::remove_file(place.0.join("operator.key")).unwrap();
    let (code, _, err) = place.verify();
    assert_eq!(code, 1);
    assert!(err.contains("name it with --key") && err.contains("because"), "{err}");
}

#[test]
fn a_directory_without_a_store_is_said_to_be() {
    let place = Place::with_store("absent");
    fs::remove_file(place.store().join("manifest")).unwrap();
    let (code, _, err) = place.verify();
    assert_eq!(code, 1);
    assert!(err.starts_with("pli: there is no store in this directory"), "{err}");
}
