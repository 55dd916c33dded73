//! mbsync: a thousand messages, changes on both sides, and both sides alike in the end.

use super::{ADDRESS, Operator, PASSWORD, is_installed, message, run};
use mailstore::model::expunge::Expunge;
use mailstore::model::flags::{FlagChange, Flags};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tokio::process::Command;

const MESSAGES: usize = 1000;

/// A Maildir's messages with their flags and files.
type Maildir = BTreeMap<String, (Flags, PathBuf)>;

fn configure(operator: &Operator) -> PathBuf {
    let (dir, file) = (operator.dir.display(), operator.dir.join("mbsyncrc"));
    let password = PASSWORD.replace('"', "\\\"");
    let text = format!(
        "FSync no\n\nIMAPStore far\nHost localhost\nPort {}\nUser {ADDRESS}\nPass \"{password}\"\nSSLType IMAPS\n\
         CertificateFile {}\n\nMaildirStore near\nPath {dir}/mail/\nInbox {dir}/mail/INBOX\nSubFolders Verbatim\n\n\
         Channel all\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nExpunge Both\nSyncState *\n",
        operator.port,
        operator.authority().display()
    );
    std::fs::create_dir_all(operator.dir.join("mail")).unwrap();
    std::fs::write(&file, text).unwrap();
    file
}

fn maildir(dir: &Path) -> Maildir {
    let mut messages = BTreeMap::new();
    for folder in ["cur", "new"] {
        for entry in std::fs::read_dir(dir.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let letters = name.split_once(":2,").map_or("", |(_, letters)| letters);
            let flags = [('S', Flags::SEEN), ('F', Flags::FLAGGED), ('R', Flags::ANSWERED)];
            let has = |(letter, flag): (char, Flags)| letters.contains(letter).then_some(flag);
            let flags = flags.into_iter().filter_map(has).fold(Flags::NONE, Flags::and);
            let text = bare(&std::fs::read_to_string(&path).unwrap()).replace('\n', "\r\n");
            assert!(messages.insert(text, (flags, path)).is_none(), "a message came twice");
        }
    }
    messages
}

/// A message without the mark that mbsync leaves in its copies.
fn bare(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| !line.starts_with("X-TUID: ")).collect()
}

/// Gives a message of a Maildir other flags.
fn mark(near: &Maildir, number: usize, letters: &str) {
    let path = &near[&message(number)].1;
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let name = name.split_once(":2,").map_or(name.as_str(), |(name, _)| name).to_owned();
    let cur = path.parent().unwrap().parent().unwrap().join("cur");
    std::fs::rename(path, cur.join(format!("{name}:2,{letters}"))).unwrap();
}

fn stored(operator: &Operator, mailbox: &str) -> BTreeMap<String, Flags> {
    operator.messages(mailbox).into_iter().map(|(text, flags)| (bare(&text), flags)).collect()
}

fn assert_alike(operator: &Operator, mailbox: &str, folder: &str, count: usize) {
    let far = stored(operator, mailbox);
    let near = maildir(&operator.dir.join("mail").join(folder));
    assert_eq!((far.len(), near.len()), (count, count), "{mailbox}");
    for (text, flags) in far {
        assert_eq!(near.get(&text).map(|(flags, _)| *flags), Some(flags.system()), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mbsync_brings_a_thousand_messages_into_line() {
    if !is_installed("mbsync") {
        return;
    }
    let operator = Operator::start("mbsync").await;
    let messages: Vec<_> = (0..MESSAGES).map(message).collect();
    operator.deliver("INBOX", &messages).await;
    let file = configure(&operator);
    let sync = || async { run(Command::new("mbsync").arg("-c").arg(&file).arg("-a")).await };
    sync().await;
    assert_alike(&operator, "INBOX", "INBOX", MESSAGES);

    // Here: one seen, one deleted, one new in INBOX, one in Sent, one in a new folder.
    let mail = operator.dir.join("mail");
    let near = maildir(&mail.join("INBOX"));
    mark(&near, 7, "S");
    mark(&near, 8, "ST");
    for (folder, number) in [("INBOX", 2000), ("Envoy&AOk-s", 2001), ("Projets", 2002)] {
        let folder = mail.join(folder);
        for part in ["cur", "new", "tmp"] {
            std::fs::create_dir_all(folder.join(part)).unwrap();
        }
        let text = message(number).replace("\r\n", "\n");
        std::fs::write(folder.join("cur").join(format!("{number}.here:2,S")), text).unwrap();
    }
    // There: one flagged, one gone, one new.
    let inbox = operator.mailbox("INBOX");
    let change = move |tx: &mut mailstore::Transaction<'_>| {
        tx.store_flags(inbox, &[100], FlagChange::Add(Flags::FLAGGED), None)?;
        tx.expunge(inbox, &[101], Expunge::All).map(drop)
    };
    operator.change(change).await;
    operator.deliver("INBOX", &[message(3000)]).await;

    sync().await;
    assert_alike(&operator, "INBOX", "INBOX", MESSAGES);
    assert_alike(&operator, "Envoyés", "Envoy&AOk-s", 1);
    assert_alike(&operator, "Projets", "Projets", 1);
    let far = stored(&operator, "INBOX");
    assert_eq!(far[&message(7)], Flags::SEEN);
    assert_eq!(far[&message(99)], Flags::FLAGGED);
    assert_eq!(far[&message(2000)], Flags::SEEN);
    for gone in [8, 100] {
        assert!(!far.contains_key(&message(gone)));
    }
}
