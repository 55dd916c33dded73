//! SEARCH with an index of texts: it narrows what is looked at, and never decides.

use super::{Client, Land};
use imap::Texts;
use mailstore::{MessageId, StoreError, View};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// An index that names the same messages for every text, and counts the texts that are read.
#[derive(Debug, Default)]
struct Names {
    named: Option<BTreeSet<MessageId>>,
    asked: Mutex<Vec<String>>,
    read: AtomicUsize,
}

impl Texts for Names {
    fn among(
        &self,
        _: &View<'static>,
        text: &str,
    ) -> Result<Option<BTreeSet<MessageId>>, StoreError> {
        self.asked.lock().unwrap().push(text.to_owned());
        Ok(self.named.clone())
    }

    fn text(&self, message: &[u8]) -> String {
        self.read.fetch_add(1, Ordering::SeqCst);
        imap::Unindexed.text(message)
    }
}

/// Five messages, of which the index names the second and the fourth; the odd ones hold `impair`.
async fn land() -> (Land, Arc<Names>, Client) {
    let land = Land::new().await;
    let texts = ["impair un", "deux", "impair trois", "quatre", "impair cinq"];
    let letters = texts.map(|text| format!("Subject: Note\r\n\r\n{text}\r\n"));
    land.deliver(&letters.each_ref().map(String::as_str)).await;
    let view = land.store.view(land.account).unwrap();
    let inbox = view.inbox().unwrap();
    let id = |uid| view.placement(inbox, uid).unwrap().unwrap().message;
    let named = Some([id(2), id(4)].into());
    let names = Arc::new(Names { named, ..Names::default() });
    let mut client = land.connect(true, 0);
    client.session = client.session.finding(names.clone());
    client.session.greet().await;
    client.say("l LOGIN jean sesame\r\ns SELECT INBOX\r\n").await;
    (land, names, client)
}

// RFC 3501 §6.4.4
#[tokio::test]
async fn what_the_index_names_is_looked_at_and_nothing_else() {
    for (keys, found, read) in [
        ("BODY Quatre", " 4", 2),
        ("TEXT deux", " 2", 2),
        ("BODY nulle", "", 2),
        ("TEXT note", " 2 4", 0),
        ("HEADER Subject note", " 2 4", 0),
        ("BODY deux 1:3", " 2", 2),
        ("OR BODY deux BODY quatre", " 2 4", 2),
        // An index says nothing of these keys: all messages are looked at.
        ("OR BODY deux UNSEEN", " 1 2 3 4 5", 5),
        ("NOT BODY impair", " 2 4", 5),
        ("HEADER Subject \"\"", " 1 2 3 4 5", 0),
    ] {
        let (_land, names, mut client) = land().await;
        let answer = client.say(&format!("f SEARCH {keys}\r\n")).await;
        assert_eq!(answer, format!("* SEARCH{found}\nf OK"), "{keys}");
        assert_eq!(names.read.load(Ordering::SeqCst), read, "{keys}");
    }
}

#[tokio::test]
async fn an_index_that_cannot_tell_has_all_messages_looked_at() {
    let (land, _, _) = land().await;
    let names = Arc::new(Names::default());
    let mut client = land.connect(true, 0);
    client.session = client.session.finding(names.clone());
    client.session.greet().await;
    client.say("l LOGIN jean sesame\r\ns SELECT INBOX\r\n").await;
    assert_eq!(client.say("f UID SEARCH BODY IMPAIR\r\n").await, "* SEARCH 1 3 5\nf OK");
    assert_eq!(names.read.load(Ordering::SeqCst), 5);
    assert_eq!(*names.asked.lock().unwrap(), ["impair"], "folded, and once a SEARCH");
}
