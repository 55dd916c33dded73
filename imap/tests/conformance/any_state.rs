//! Commands of any state, and how commands are read.

use super::{hold, hold_in_inbox, land, play};

// RFC 3501 §2.2.1
#[tokio::test]
async fn an_answer_bears_its_commands_tag() {
    hold("C: A0001 NOOP\nS: A0001 OK\nC: zz.9 NOOP\nS: zz.9 OK").await;
}

// RFC 3501 §2.2.1
#[tokio::test]
async fn a_plus_is_no_tag() {
    hold("C: + NOOP\nS: * BAD\nC: a NOOP\nS: a OK").await;
}

// RFC 3501 §5.5
#[tokio::test]
async fn commands_may_be_pipelined() {
    hold("C: a NOOP\nC: b NAMESPACE\nC: c NOOP\nS: a OK\nS: * NAMESPACE ((\"\" \"/\")) NIL NIL\nS: b OK\nS: c OK").await;
}

// RFC 3501 §9: keywords in any case.
#[tokio::test]
async fn case_does_not_count_in_keywords() {
    hold("C: a nOoP\nS: a OK\nC: b sTaTuS inbox (mEsSaGeS)\nS: * STATUS \"INBOX\" (MESSAGES 3)\nS: b OK").await;
}

// RFC 3501 §6.5.1, RFC 9051 §7.1.3
#[tokio::test]
async fn an_unknown_command_is_bad() {
    hold("C: a XYZZY\nS: a BAD\nC: b NOOP now\nS: b BAD\nC: c FETCH\nS: c BAD").await;
}

// RFC 3501 §3.1, §3.2
#[tokio::test]
async fn a_command_in_the_wrong_state_is_bad() {
    hold(
        "C: a FETCH 1 FLAGS\nS: a BAD\nC: b CLOSE\nS: b BAD\nC: c EXPUNGE\nS: c BAD\nC: d SEARCH ALL\nS: d BAD\n\
         C: e UID STORE 1 FLAGS ()\nS: e BAD\nC: f LOGIN jean sesame\nS: f BAD\nC: g STARTTLS\nS: g BAD",
    )
    .await;
}

// RFC 3501 §6.1.1
#[tokio::test]
async fn capability_is_told_on_demand() {
    hold("C: a CAPABILITY\nS: * CAPABILITY IMAP4rev2 IMAP4rev1 …\nS: a OK").await;
}

// RFC 3501 §6.1.2
#[tokio::test]
async fn noop_tells_what_is_new() {
    let land = land().await;
    let mut client = land.in_inbox().await;
    land.deliver(&[super::LETTERS[0]]).await;
    play(&mut client, "C: a NOOP\nS: * 4 EXISTS\nS: * 4 RECENT\nS: a OK\nC: b NOOP\nS: b OK").await;
}

// RFC 3501 §6.1.3
#[tokio::test]
async fn logout_says_goodbye_first() {
    hold("C: a LOGOUT\nS: * BYE\nS: a OK").await;
}

// RFC 3501 §4.3, §7.5
#[tokio::test]
async fn a_literal_waits_for_leave() {
    hold("C: a STATUS {5}\nS: +\nC: INBOX (MESSAGES)\nS: * STATUS \"INBOX\" (MESSAGES 3)\nS: a OK")
        .await;
}

// RFC 7888 §4, §5
#[tokio::test]
async fn a_literal_with_a_plus_does_not_wait() {
    hold("C: a STATUS {5+}\nC: INBOX (MESSAGES)\nS: * STATUS \"INBOX\" (MESSAGES 3)\nS: a OK")
        .await;
}

// RFC 3501 §4.3: a quoted string with escapes is the string.
#[tokio::test]
async fn quoted_strings_have_escapes() {
    hold(
        "C: a CREATE \"a \\\"b\\\"\"\nS: a OK …\nC: b LIST \"\" \"a*\"\n\
         S: * LIST (\\HasNoChildren) \"/\" \"a \\\"b\\\"\"\nS: b OK\nC: c CREATE \"x\\y\"\nS: c BAD",
    )
    .await;
}

// RFC 2971 §3.1
#[tokio::test]
async fn id_is_exchanged() {
    hold("C: a ID NIL\nS: * ID (\"name\" \"Pli\")\nS: a OK\nC: b ID (\"name\" \"x\" \"version\" NIL)\nS: * ID …\nS: b OK")
        .await;
}

// RFC 2177 §3
#[tokio::test]
async fn idle_ends_with_done() {
    hold_in_inbox("C: a IDLE\nS: +\nC: DONE\nS: a OK\nC: b IDLE\nS: +\nC: b NOOP\nS: b BAD").await;
}

// RFC 5161 §3.1, §3.2
#[tokio::test]
async fn enable_tells_what_it_knows() {
    hold("C: a ENABLE X-GOOD-IDEA CONDSTORE\nS: * ENABLED CONDSTORE\nS: a OK\nC: b ENABLE X-OTHER\nS: * ENABLED\nS: b OK")
        .await;
}
