//! Commands of a client that has logged in.

use super::{hold, land, play};

// RFC 3501 §6.3.1, §7.2.6, §7.3.1, §7.3.2
#[tokio::test]
async fn select_tells_the_state_of_a_mailbox() {
    hold(
        "C: a SELECT INBOX\nS: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\nS: * 3 EXISTS\nS: * 3 RECENT\n\
         S: * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)]\nS: * OK [UIDVALIDITY …]\n\
         S: * OK [UIDNEXT 4]\nS: * OK [HIGHESTMODSEQ …]\nS: * OK [MAILBOXID (F…)]\nS: * OK [UNSEEN 1]\n\
         S: a OK [READ-WRITE]",
    )
    .await;
}

// RFC 3501 §6.3.1: a SELECT that fails leaves no mailbox selected.
#[tokio::test]
async fn a_select_that_fails_selects_nothing() {
    let land = land().await;
    let mut client = land.in_inbox().await;
    let script =
        "C: a SELECT nowhere\nS: * OK [CLOSED]\nS: a NO [NONEXISTENT]\nC: b FETCH 1 UID\nS: b BAD";
    play(&mut client, script).await;
}

// RFC 3501 §6.3.2
#[tokio::test]
async fn examine_changes_nothing() {
    hold(
        "C: a EXAMINE INBOX\nS: * FLAGS …\nS: * 3 EXISTS\nS: * 3 RECENT\nS: * OK [PERMANENTFLAGS ()]\nS: * OK …\nS: * OK …\n\
         S: * OK …\nS: * OK …\nS: * OK …\nS: a OK [READ-ONLY]\nC: b STORE 1 FLAGS (\\Seen)\nS: b NO [CANNOT]\n\
         C: c FETCH 1 RFC822.TEXT\nS: * 1 FETCH (RFC822.TEXT {10}\nS: Bonjour.\nS: )\nS: c OK\n\
         C: d FETCH 1 FLAGS\nS: * 1 FETCH (FLAGS (\\Recent))\nS: d OK\nC: e UID MOVE 1 INBOX\nS: e NO [CANNOT]",
    )
    .await;
}

// RFC 3501 §6.3.3
#[tokio::test]
async fn create_makes_the_levels_above() {
    hold(
        "C: a CREATE x/y/z\nS: a OK [MAILBOXID …]\nC: b LIST \"\" x*\nS: * LIST (\\HasChildren) \"/\" \"x\"\n\
         S: * LIST (\\HasChildren) \"/\" \"x/y\"\nS: * LIST (\\HasNoChildren) \"/\" \"x/y/z\"\nS: b OK\n\
         C: c CREATE x/y\nS: c NO [ALREADYEXISTS]\nC: d CREATE inbox\nS: d NO [ALREADYEXISTS]",
    )
    .await;
}

// RFC 3501 §6.3.3, §6.3.4, §2.3.1.1: a name that is made again is another mailbox.
#[tokio::test]
async fn a_mailbox_made_again_has_another_uid_validity() {
    let land = land().await;
    let mut client = land.client().await;
    let mut seen = Vec::new();
    for _ in 0..2 {
        assert!(client.say("a CREATE x\r\n").await.starts_with("a OK"));
        seen.push(client.say("b STATUS x (UIDVALIDITY)\r\n").await);
        assert_eq!(client.say("c DELETE x\r\n").await, "c OK");
    }
    assert_ne!(seen[0], seen[1]);
}

// RFC 3501 §6.3.4, RFC 9051 §6.3.5
#[tokio::test]
async fn delete_spares_inbox_and_what_has_others_below() {
    hold(
        "C: a DELETE INBOX\nS: a NO [CANNOT]\nC: b DELETE nowhere\nS: b NO [NONEXISTENT]\nC: c CREATE x/y\nS: c OK …\n\
         C: d DELETE x\nS: d NO [HASCHILDREN]\nC: e DELETE x/y\nS: e OK\nC: f DELETE x\nS: f OK",
    )
    .await;
}

// RFC 3501 §6.3.5
#[tokio::test]
async fn rename_takes_the_mailboxes_below_along() {
    hold(
        "C: a CREATE x/y\nS: a OK …\nC: b RENAME x new/place\nS: b OK\nC: c LIST \"\" n*\n\
         S: * LIST (\\HasChildren) \"/\" \"new\"\nS: * LIST (\\HasChildren) \"/\" \"new/place\"\n\
         S: * LIST (\\HasNoChildren) \"/\" \"new/place/y\"\nS: c OK\nC: d RENAME x z\nS: d NO [NONEXISTENT]\n\
         C: e RENAME new INBOX\nS: e NO [ALREADYEXISTS]",
    )
    .await;
}

// RFC 3501 §6.3.5: INBOX stays, and is empty.
#[tokio::test]
async fn rename_of_inbox_moves_its_messages() {
    hold(
        "C: a RENAME INBOX old\nS: a OK\nC: b STATUS old (MESSAGES)\nS: * STATUS \"old\" (MESSAGES 3)\nS: b OK\n\
         C: c STATUS INBOX (MESSAGES)\nS: * STATUS \"INBOX\" (MESSAGES 0)\nS: c OK",
    )
    .await;
}

// RFC 3501 §6.3.6, §6.3.7, §6.3.9
#[tokio::test]
async fn subscriptions_outlive_their_mailboxes() {
    hold(
        "C: a CREATE x\nS: a OK …\nC: b SUBSCRIBE x\nS: b OK\nC: c LSUB \"\" x*\nS: * LSUB () \"/\" \"x\"\nS: c OK\n\
         C: d DELETE x\nS: d OK\nC: e LSUB \"\" x*\nS: * LSUB () \"/\" \"x\"\nS: e OK\nC: f UNSUBSCRIBE x\nS: f OK\n\
         C: g LSUB \"\" x*\nS: g OK",
    )
    .await;
}

// RFC 3501 §6.3.9: with % a name stands for those below it.
#[tokio::test]
async fn lsub_names_what_leads_to_a_subscription() {
    hold(
        "C: a CREATE x/y\nS: a OK …\nC: b SUBSCRIBE x/y\nS: b OK\nC: c LSUB \"\" x%\nS: * LSUB (\\Noselect) \"/\" \"x\"\nS: c OK",
    )
    .await;
}

// RFC 3501 §6.3.8
#[tokio::test]
async fn list_has_wildcards_and_a_reference() {
    hold(
        "C: a LIST \"\" \"\"\nS: * LIST (\\Noselect) \"/\" \"\"\nS: a OK\nC: b CREATE x/y\nS: b OK …\n\
         C: c LIST \"\" x/%\nS: * LIST (\\HasNoChildren) \"/\" \"x/y\"\nS: c OK\n\
         C: d LIST x/ *\nS: * LIST (\\HasNoChildren) \"/\" \"x/y\"\nS: d OK\n\
         C: e LIST \"\" inb%\nS: e OK\nC: f LIST \"\" inbox\nS: * LIST (\\HasNoChildren) \"/\" \"INBOX\"\nS: f OK",
    )
    .await;
}

// RFC 3501 §5.1.3
#[tokio::test]
async fn names_are_in_modified_utf_7() {
    hold(
        "C: a CREATE \"Entw&APw-rfe &- mehr\"\nS: a OK …\nC: b LIST \"\" Ent*\n\
         S: * LIST (\\HasNoChildren) \"/\" \"Entw&APw-rfe &- mehr\"\nS: b OK\nC: c CREATE \"&Jjo!\"\nS: c NO [CANNOT]",
    )
    .await;
}

// RFC 3501 §6.3.10
#[tokio::test]
async fn status_tells_what_is_asked_for() {
    hold(
        "C: a STATUS INBOX (UIDNEXT MESSAGES UNSEEN RECENT)\n\
         S: * STATUS \"INBOX\" (UIDNEXT 4 MESSAGES 3 UNSEEN 3 RECENT 3)\nS: a OK\nC: b STATUS nowhere (MESSAGES)\n\
         S: b NO [NONEXISTENT]\nC: c STATUS INBOX (WEATHER)\nS: c BAD",
    )
    .await;
}

// RFC 3501 §6.3.11
#[tokio::test]
async fn append_says_when_the_mailbox_could_be_made() {
    hold("C: a APPEND nowhere {5}\nS: a NO [TRYCREATE]").await;
}

// RFC 3501 §6.3.11, RFC 4315 §3
#[tokio::test]
async fn append_keeps_flags_and_date() {
    hold(
        "C: a APPEND INBOX (\\Flagged) \"17-Jul-1996 02:44:25 -0700\" {10}\nS: +\nC: a: b\nC: \nC: cd\n\
         S: a OK [APPENDUID … 4]\nC: b EXAMINE INBOX\nS: * FLAGS …\nS: * 4 EXISTS\nS: * 4 RECENT\nS: * OK …\nS: * OK …\n\
         S: * OK …\nS: * OK …\nS: * OK …\nS: * OK …\nS: b OK [READ-ONLY]\nC: c FETCH 4 (FLAGS INTERNALDATE RFC822.SIZE)\n\
         S: * 4 FETCH (FLAGS (\\Flagged \\Recent) INTERNALDATE \"17-Jul-1996 09:44:25 +0000\" RFC822.SIZE 10)\nS: c OK",
    )
    .await;
}

// RFC 2342 §5
#[tokio::test]
async fn there_is_one_personal_namespace() {
    hold("C: a NAMESPACE\nS: * NAMESPACE ((\"\" \"/\")) NIL NIL\nS: a OK").await;
}
