//! SELECT, CREATE, DELETE, RENAME, LIST, STATUS and their kin.

use super::Land;

// RFC 3501 §6.3.1
#[tokio::test]
async fn select_tells_the_state_of_a_mailbox() {
    let land = Land::new().await;
    land.deliver(&["Subject: a\r\n\r\nx\r\n", "Subject: b\r\n\r\ny\r\n"]).await;
    let mut client = land.client().await;
    let answer = client.say("a EXAMINE inbox\r\n").await;
    let lines: Vec<_> = answer.lines().collect();
    assert!(lines.contains(&"* 2 EXISTS") && lines.contains(&"* 2 RECENT"), "{answer}");
    assert!(lines.contains(&"* OK [UIDNEXT 3]") && lines.contains(&"* OK [UNSEEN 1]"), "{answer}");
    assert!(lines.contains(&"* OK [PERMANENTFLAGS ()]"), "{answer}");
    assert!(answer.contains("* OK [UIDVALIDITY ") && answer.ends_with("\na OK [READ-ONLY]"));
    // EXAMINE has not taken the messages' \Recent.
    let answer = client.say("b SELECT INBOX\r\n").await;
    assert!(answer.contains("* 2 RECENT\n") && answer.contains("\\*)]"), "{answer}");
    let answer = client.say("c SELECT INBOX\r\n").await;
    assert!(answer.contains("* 0 RECENT\n"), "{answer}");
    // A SELECT that fails leaves nothing selected.
    // RFC 7162 §3.2.11
    let answer = client.say("d SELECT nowhere\r\n").await;
    assert_eq!(answer, "* OK [CLOSED]\nd NO [NONEXISTENT]");
    assert!(client.say("e FETCH 1 FLAGS\r\n").await.starts_with("e BAD"));
    assert!(client.say("f UNSELECT\r\n").await.starts_with("f BAD"));
}

#[tokio::test]
async fn mailboxes_are_made_renamed_and_deleted() {
    let land = Land::new().await;
    let mut client = land.client().await;
    for (line, answer) in [
        ("CREATE Dossiers/&AMk-t&AOk-/", "OK [MAILBOXID (F"),
        ("CREATE Dossiers", "NO [ALREADYEXISTS]"),
        ("CREATE INBOX", "NO [ALREADYEXISTS]"),
        ("CREATE \"a%\"", "NO [CANNOT]"),
        ("CREATE &AMk", "NO [CANNOT]"),
        ("DELETE Dossiers", "NO [HASCHILDREN]"),
        ("DELETE INBOX", "NO [CANNOT]"),
        ("DELETE nowhere", "NO [NONEXISTENT]"),
        ("RENAME Dossiers Archives", "OK"),
        ("RENAME Dossiers Autres", "NO [NONEXISTENT]"),
        ("RENAME Archives Archives/la", "NO [CANNOT]"),
        ("SUBSCRIBE Archives", "OK"),
        ("SUBSCRIBE nowhere", "NO [NONEXISTENT]"),
        ("DELETE Archives/&AMk-t&AOk-", "OK"),
    ] {
        let said = client.say(&format!("a {line}\r\n")).await;
        let said = said.split_inclusive("(F").next().unwrap();
        assert_eq!(said, format!("a {answer}"), "{line}");
    }
    let list = client.say("b LIST \"\" *\r\n").await;
    assert_eq!(
        list,
        "* LIST (\\HasNoChildren) \"/\" \"Archives\"\n\
         * LIST (\\HasNoChildren \\Sent) \"/\" \"Envoy&AOk-s\"\n\
         * LIST (\\HasNoChildren) \"/\" \"INBOX\"\nb OK"
    );
    assert_eq!(client.say("c UNSUBSCRIBE INBOX\r\n").await, "c OK");
    let lsub = client.say("d LSUB \"\" *\r\n").await;
    assert!(lsub.contains("\"/\" \"Archives\"\n") && !lsub.contains("INBOX"), "{lsub}");
}

// RFC 5258 §3, RFC 6154 §3, RFC 5819 §2
#[tokio::test]
async fn list_selects_and_returns_what_is_asked_for() {
    let land = Land::new().await;
    land.deliver(&["Subject: a\r\n\r\nx\r\n"]).await;
    let mut client = land.client().await;
    assert!(client.say("a CREATE a/b\r\n").await.starts_with("a OK"));
    assert_eq!(client.say("b SUBSCRIBE a/b\r\n").await, "b OK");
    let separator = client.say("c LIST \"\" \"\"\r\n").await;
    assert_eq!(separator, "* LIST (\\Noselect) \"/\" \"\"\nc OK");
    let level = client.say("d LIST \"\" %\r\n").await;
    assert!(level.contains("(\\HasChildren) \"/\" \"a\"\n") && !level.contains("a/b"), "{level}");
    let special = client.say("e LIST (SPECIAL-USE) \"\" *\r\n").await;
    assert_eq!(special, "* LIST (\\HasNoChildren \\Sent) \"/\" \"Envoy&AOk-s\"\ne OK");
    let subscribed = client.say("f LIST (SUBSCRIBED) \"\" (a* Dossiers)\r\n").await;
    assert_eq!(subscribed, "* LIST (\\HasNoChildren \\Subscribed) \"/\" \"a/b\"\nf OK");
    let above = client.say("g LIST (SUBSCRIBED RECURSIVEMATCH) \"\" %\r\n").await;
    assert!(above.contains("\"a\" (\"CHILDINFO\" (\"SUBSCRIBED\"))"), "{above}");
    let status = client.say("h LIST \"\" INBOX RETURN (STATUS (MESSAGES SIZE))\r\n").await;
    assert!(status.contains("* STATUS \"INBOX\" (MESSAGES 1 SIZE 17)\n"), "{status}");
    assert!(client.say("i LIST (WRONG) \"\" *\r\n").await.starts_with("i BAD"));
}

#[tokio::test]
async fn status_counts() {
    let land = Land::new().await;
    land.deliver(&["Subject: a\r\n\r\nx\r\n"]).await;
    let mut client = land.client().await;
    let status = client.say("a STATUS inbox (MESSAGES RECENT UIDNEXT UNSEEN SIZE)\r\n").await;
    let counted = "* STATUS \"INBOX\" (MESSAGES 1 RECENT 1 UIDNEXT 2 UNSEEN 1 SIZE 17)\na OK";
    assert_eq!(status, counted);
    assert_eq!(client.say("b STATUS nowhere (MESSAGES)\r\n").await, "b NO [NONEXISTENT]");
    assert!(client.say("c STATUS INBOX (WRONG)\r\n").await.starts_with("c BAD"));
}

#[tokio::test]
async fn extensions_without_a_mailbox() {
    let land = Land::new().await;
    let mut client = land.client().await;
    let namespace = client.say("a NAMESPACE\r\n").await;
    assert_eq!(namespace, "* NAMESPACE ((\"\" \"/\")) NIL NIL\na OK");
    assert_eq!(client.say("b ENABLE X-OTHER\r\n").await, "* ENABLED\nb OK");
    assert!(client.say("c ID (\"name\" \"test\")\r\n").await.starts_with("* ID ("));
    assert!(client.say("d ID NIL\r\n").await.ends_with("d OK"));
    let capability = client.say("e CAPABILITY\r\n").await;
    for has in [
        "LITERAL+",
        "IDLE",
        "UNSELECT",
        "UIDPLUS",
        "MOVE",
        "SPECIAL-USE",
        "CHILDREN",
        "LIST-EXTENDED",
        "LIST-STATUS",
        "STATUS=SIZE",
        "ESEARCH",
        "SEARCHRES",
        "APPENDLIMIT=26214400",
        "NAMESPACE",
        "ENABLE",
        "ID",
    ] {
        assert!(
            capability
                .split(' ')
                .any(|word| word.trim() == has || word.starts_with(&format!("{has}\n"))),
            "{has}"
        );
    }
    assert!(client.say("f FROBNICATE\r\n").await.starts_with("f BAD"));
}

// RFC 3501 §6.3.1: what another session saw before is only where this one begins.
#[tokio::test]
async fn a_large_mailbox_that_was_selected_before_is_told_as_it_is_now() {
    let land = Land::new().await;
    land.deliver(&["Subject: a\r\n\r\nx\r\n"; 1100]).await;
    let mut first = land.in_inbox().await;
    first.say("a STORE 1:1099 +FLAGS.SILENT (\\Seen)\r\n").await;
    for round in 0..3_u32 {
        let mut other = land.in_inbox().await;
        let gone =
            format!("b UID STORE {},{} +FLAGS.SILENT (\\Deleted)\r\n", 3 + round, 1000 + round);
        other.say(&gone).await;
        other.say("c EXPUNGE\r\n").await;
        land.deliver(&["Subject: b\r\n\r\nx\r\n"; 2]).await;
        let told = land.client().await.say("d EXAMINE INBOX\r\n").await;
        assert!(told.contains("* 1100 EXISTS\n") && told.contains("* 2 RECENT\n"), "{told}");
        let unseen = 1100 - 2 * (round + 1);
        assert!(told.contains(&format!("* OK [UNSEEN {unseen}]\n")), "{told}");
        let mut last = land.in_inbox().await;
        let answer = last.say("e UID SEARCH 1:*\r\n").await;
        let listed: Vec<u32> =
            answer.lines().next().unwrap().split(' ').filter_map(|n| n.parse().ok()).collect();
        let there =
            land.store.view(land.account).unwrap().flags(land.inbox(), 0, u32::MAX).unwrap();
        assert_eq!(listed, there.iter().map(|one| one.uid).collect::<Vec<_>>());
        // The one that looked on all the time agrees.
        first.say("f NOOP\r\n").await;
        assert_eq!(first.say("e UID SEARCH 1:*\r\n").await, answer);
    }
}
