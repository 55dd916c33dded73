//! IMAP4rev2: what a client that switches it on is told otherwise; and names in UTF-8.

use super::{Client, Land};

const A: &str = "Subject: a\r\n\r\nx\r\n";

async fn client(land: &Land) -> Client {
    let mut client = land.client().await;
    assert_eq!(client.say("r ENABLE IMAP4rev2\r\n").await, "* ENABLED IMAP4rev2\nr OK");
    client
}

// RFC 9051 §6.1.1
#[tokio::test]
async fn it_is_announced_with_all_that_is_part_of_it() {
    let land = Land::new().await;
    let mut client = land.connect(true, 0);
    client.session.greet().await;
    let greeting = client.say("").await;
    assert!(greeting.contains("IMAP4rev2") && greeting.contains("IMAP4rev1"), "{greeting}");
    let capability = land.client().await.say("a CAPABILITY\r\n").await;
    for has in [
        "IMAP4rev2",
        "IMAP4rev1",
        "SASL-IR",
        "ENABLE",
        "IDLE",
        "NAMESPACE",
        "UNSELECT",
        "UIDPLUS",
        "MOVE",
        "SPECIAL-USE",
        "LIST-EXTENDED",
        "LIST-STATUS",
        "STATUS=SIZE",
        "ESEARCH",
        "SEARCHRES",
        "BINARY",
        "UTF8=ACCEPT",
        "CONDSTORE",
        "QRESYNC",
        "SORT",
        "ESORT",
        "THREAD=REFERENCES",
        "QUOTA=RES-STORAGE",
        "MULTIAPPEND",
        "OBJECTID",
        "PREVIEW",
        "SAVEDATE",
        "COMPRESS=DEFLATE",
        "INPROGRESS",
    ] {
        assert!(capability.split_whitespace().any(|word| word == has), "{has}: {capability}");
    }
}

// RFC 9051 §6.3.2, §7.4.1
#[tokio::test]
async fn select_has_a_list_and_nothing_is_recent() {
    let land = Land::new().await;
    land.deliver(&[A]).await;
    let mut client = client(&land).await;
    let selected = client.say("a SELECT inbox\r\n").await;
    assert!(selected.contains("* LIST () \"/\" \"INBOX\"\n"), "{selected}");
    assert!(
        !selected.to_uppercase().contains("RECENT") && !selected.contains("UNSEEN"),
        "{selected}"
    );
    let flags = client.say("b FETCH 1 FLAGS\r\n").await;
    assert_eq!(flags, "* 1 FETCH (FLAGS ())\nb OK");
    land.deliver(&[A]).await;
    assert_eq!(client.say("c NOOP\r\n").await, "* 2 EXISTS\nc OK");
    // A client of IMAP4rev1 finds them recent still.
    let selected = land.client().await.say("d SELECT INBOX\r\n").await;
    assert!(selected.contains("* 2 RECENT\n"), "{selected}");
}

// RFC 9051 §6.4.4
#[tokio::test]
async fn search_answers_with_esearch() {
    let land = Land::new().await;
    land.deliver(&[A, A, A]).await;
    let mut client = client(&land).await;
    client.say("a SELECT INBOX\r\n").await;
    assert_eq!(client.say("b SEARCH NOT 2\r\n").await, "* ESEARCH (TAG \"b\") ALL 1,3\nb OK");
    let answer = client.say("c UID SEARCH CHARSET UTF-8 SEEN\r\n").await;
    assert_eq!(answer, "* ESEARCH (TAG \"c\") UID\nc OK");
    assert_eq!(client.say("d SORT (ARRIVAL) UTF-8 1:2\r\n").await, "* SORT 1 2\nd OK");
}

// RFC 9051 §5.1, RFC 6855 §3
#[tokio::test]
async fn names_are_utf_8() {
    let land = Land::new().await;
    let mut client = client(&land).await;
    // RFC 9051 §6.3.9.7: the name as it is kept, and as it was given.
    let created = client.say("a CREATE \"Re\u{301}sultats/R&D\"\r\n").await;
    let told =
        "* LIST () \"/\" \"R\u{e9}sultats/R&D\" (\"OLDNAME\" (\"Re\u{301}sultats/R&D\"))\na OK [";
    assert!(created.starts_with(told), "{created}");
    let list = client.say("b LIST \"\" \"R\u{e9}*\" RETURN (STATUS (MESSAGES))\r\n").await;
    assert!(list.contains("\"/\" \"R\u{e9}sultats/R&D\"\n"), "{list}");
    assert!(list.contains("* STATUS \"R\u{e9}sultats\" (MESSAGES 0)\n"), "{list}");
    assert!(client.say("c SELECT \"R\u{e9}sultats/R&D\"\r\n").await.ends_with("c OK [READ-WRITE]"));
    // The same mailbox for others.
    let list = land.client().await.say("d LIST \"\" R*\r\n").await;
    assert!(list.contains("\"R&AOk-sultats/R&-D\"\n"), "{list}");
    assert_eq!(client.say("e DELETE \"R\u{e9}sultats\"\r\n").await, "e NO [HASCHILDREN]");
}

// RFC 6855 §3
#[tokio::test]
async fn utf8_accept_alone_changes_names_only() {
    let land = Land::new().await;
    land.deliver(&["Subject: R\u{e9}sultat\r\n\r\nx\r\n"]).await;
    let mut client = land.client().await;
    let enabled = client.say("a ENABLE UTF8=ACCEPT\r\n").await;
    assert_eq!(enabled, "* ENABLED UTF8=ACCEPT\na OK");
    assert!(client.say("b SELECT INBOX\r\n").await.contains("* 1 RECENT\n"));
    assert!(client.say("c LIST \"\" E*\r\n").await.contains("\"Envoy\u{e9}s\"\n"));
    let found = client.say("d SEARCH SUBJECT \"r\u{e9}sultat\"\r\n").await;
    assert_eq!(found, "* SEARCH 1\nd OK");
    assert_eq!(client.say("e SEARCH CHARSET UTF-8 ALL\r\n").await, "e BAD");
}

// RFC 6855 §4
#[tokio::test]
async fn a_message_in_utf_8_is_appended() {
    let land = Land::new().await;
    let mut client = land.client().await;
    let message = "Subject: R\u{e9}sultat\r\n\r\nx\r\n";
    let append = format!("APPEND INBOX UTF8 (~{{{}+}}\r\n{message})\r\n", message.len());
    assert_eq!(client.say(&format!("a {append}")).await, "a BAD");
    client.say("b ENABLE UTF8=ACCEPT\r\n").await;
    assert!(client.say(&format!("c {append}")).await.starts_with("c OK [APPENDUID "));
    client.say("d SELECT INBOX\r\n").await;
    let fetched = client.say("e FETCH 1 BODY.PEEK[]\r\n").await;
    assert!(fetched.contains("Subject: R\u{e9}sultat"), "{fetched}");
}

// RFC 9208 §4.1.2, §4.1.3, §4.1.4
#[tokio::test]
async fn the_quota_is_told() {
    let land = Land::new().await;
    land.deliver(&[&format!("Subject: a\r\n\r\n{}", "x".repeat(3000))]).await;
    let mut client = land.in_inbox().await;
    let quota = "* QUOTA \"\" (STORAGE 3 97656)";
    assert_eq!(client.say("a GETQUOTA \"\"\r\n").await, format!("{quota}\na OK"));
    let root = client.say("b GETQUOTAROOT INBOX\r\n").await;
    assert_eq!(root, format!("* QUOTAROOT \"INBOX\" \"\"\n{quota}\nb OK"));
    assert_eq!(client.say("c GETQUOTA x\r\n").await, "c NO [NONEXISTENT]");
    assert_eq!(client.say("d GETQUOTAROOT nowhere\r\n").await, "d NO [NONEXISTENT]");
    let status = |tag| format!("{tag} STATUS INBOX (DELETED DELETED-STORAGE)\r\n");
    assert!(client.say(&status("e")).await.contains("(DELETED 0 DELETED-STORAGE 0)"));
    client.say("f STORE 1 +FLAGS.SILENT (\\Deleted)\r\n").await;
    assert!(client.say(&status("g")).await.contains("(DELETED 1 DELETED-STORAGE 3014)"));
}
