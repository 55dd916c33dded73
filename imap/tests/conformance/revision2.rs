//! What IMAP4rev2 does otherwise.

use super::hold;

const ENABLE: &str = "C: r ENABLE IMAP4rev2\nS: * ENABLED IMAP4rev2\nS: r OK\n";

async fn hold_in_rev2(transcript: &str) {
    hold(&format!("{ENABLE}{transcript}")).await;
}

// RFC 9051 §6.3.2
#[tokio::test]
async fn select_lists_and_knows_no_recent() {
    hold_in_rev2(
        "C: a SELECT inbox\nS: * FLAGS …\nS: * 3 EXISTS\nS: * OK [PERMANENTFLAGS …]\nS: * OK [UIDVALIDITY …]\n\
         S: * OK [UIDNEXT 4]\nS: * OK [HIGHESTMODSEQ …]\nS: * OK [MAILBOXID …]\nS: * LIST () \"/\" \"INBOX\"\n\
         S: a OK [READ-WRITE]\nC: b FETCH 1 FLAGS\nS: * 1 FETCH (FLAGS ())\nS: b OK\nC: c SEARCH UNSEEN\n\
         S: * ESEARCH (TAG \"c\") ALL 1:3\nS: c OK",
    )
    .await;
}

// RFC 9051 §5.1
#[tokio::test]
async fn names_are_utf_8() {
    hold_in_rev2("C: a LIST \"\" \"Envoy\u{e9}*\"\nS: * LIST (\\HasNoChildren \\Sent) \"/\" \"Envoy\u{e9}s\"\nS: a OK").await;
}

// RFC 9051 §6.3.12
#[tokio::test]
async fn append_takes_a_literal8() {
    hold_in_rev2("C: a APPEND INBOX ~{5+}\nC: a:b\nC: \nS: a OK [APPENDUID … 4]").await;
}

// RFC 9051 §6.3.11
#[tokio::test]
async fn status_tells_deleted_and_size() {
    hold_in_rev2(
        "C: a STATUS INBOX (DELETED SIZE)\nS: * STATUS \"INBOX\" (DELETED 0 SIZE 515)\nS: a OK",
    )
    .await;
}
