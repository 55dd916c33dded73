//! Commands on the selected mailbox.

use super::{hold_in_inbox, land, play};

// RFC 3501 §6.4.1
#[tokio::test]
async fn check_is_answered() {
    hold_in_inbox("C: a CHECK\nS: a OK").await;
}

// RFC 3501 §6.4.2
#[tokio::test]
async fn close_expunges_without_a_word() {
    hold_in_inbox(
        "C: a STORE 1 +FLAGS.SILENT (\\Deleted)\nS: a OK\nC: b CLOSE\nS: b OK\nC: c STATUS INBOX (MESSAGES)\n\
         S: * STATUS \"INBOX\" (MESSAGES 2)\nS: c OK\nC: d CLOSE\nS: d BAD",
    )
    .await;
}

// RFC 3691 §2
#[tokio::test]
async fn unselect_expunges_nothing() {
    hold_in_inbox(
        "C: a STORE 1 +FLAGS.SILENT (\\Deleted)\nS: a OK\nC: b UNSELECT\nS: b OK\nC: c STATUS INBOX (MESSAGES DELETED)\n\
         S: * STATUS \"INBOX\" (MESSAGES 3 DELETED 1)\nS: c OK",
    )
    .await;
}

// RFC 3501 §6.4.3, §7.4.1
#[tokio::test]
async fn expunge_numbers_each_as_those_before_are_gone() {
    hold_in_inbox(
        "C: a STORE 1,3 +FLAGS.SILENT (\\Deleted)\nS: a OK\nC: b EXPUNGE\nS: * 3 EXPUNGE\nS: * 1 EXPUNGE\nS: b OK\n\
         C: c FETCH 1 UID\nS: * 1 FETCH (UID 2)\nS: c OK",
    )
    .await;
}

// RFC 3501 §2.3.1.1: a UID is not given twice.
#[tokio::test]
async fn uids_ascend_and_are_not_used_again() {
    hold_in_inbox(
        "C: a STORE 3 +FLAGS.SILENT (\\Deleted)\nS: a OK\nC: b EXPUNGE\nS: * 3 EXPUNGE\nS: b OK\n\
         C: c APPEND INBOX {5+}\nC: a:b\nC: \nS: * 3 EXISTS\nS: * 3 RECENT\nS: c OK [APPENDUID … 4]",
    )
    .await;
}

// RFC 3501 §6.4.4
#[tokio::test]
async fn search_finds_by_keys() {
    hold_in_inbox(
        "C: a SEARCH FROM jean SUBJECT bilan\nS: * SEARCH 1\nS: a OK\nC: b SEARCH OR BODY merci TEXT pieces\n\
         S: * SEARCH 2 3\nS: b OK\nC: c UID SEARCH NOT 2:3\nS: * SEARCH 1\nS: c OK\nC: d SEARCH SENTON 6-Jan-2026\n\
         S: * SEARCH 2\nS: d OK\nC: e SEARCH BODY deux\nS: * SEARCH 3\nS: e OK\nC: f SEARCH CHARSET X-ODD ALL\n\
         S: f NO [BADCHARSET (UTF-8 US-ASCII)]",
    )
    .await;
}

// RFC 3501 §6.4.5
#[tokio::test]
async fn fetch_tells_flags_date_size_and_uid() {
    hold_in_inbox(
        "C: a FETCH 2 (UID FLAGS INTERNALDATE RFC822.SIZE)\n\
         S: * 2 FETCH (UID 2 FLAGS (\\Recent) INTERNALDATE \" 5-Jan-2026 08:00:00 +0000\" RFC822.SIZE 151)\nS: a OK\n\
         C: b FETCH 1 FAST\nS: * 1 FETCH (FLAGS (\\Recent) INTERNALDATE …)\nS: b OK",
    )
    .await;
}

// RFC 3501 §7.4.2, ENVELOPE
#[tokio::test]
async fn fetch_tells_the_envelope() {
    hold_in_inbox(
        "C: a FETCH 2 ENVELOPE\nS: * 2 FETCH (ENVELOPE (\"Tue, 6 Jan 2026 09:00:00 +0100\" \"Re: Bilan\" \
         ((NIL NIL \"anne\" \"chu.example\")) ((NIL NIL \"anne\" \"chu.example\")) ((NIL NIL \"anne\" \"chu.example\")) \
         NIL NIL NIL \"<1@chu.example>\" \"<2@chu.example>\"))\nS: a OK",
    )
    .await;
}

// RFC 3501 §7.4.2, BODYSTRUCTURE
#[tokio::test]
async fn fetch_tells_the_structure() {
    hold_in_inbox(
        "C: a FETCH 3 BODY\nS: * 3 FETCH (BODY ((\"text\" \"plain\" NIL NIL NIL \"7bit\" 2 0)\
         (\"text\" \"html\" NIL NIL NIL \"base64\" 16 0) \"mixed\"))\nS: a OK",
    )
    .await;
}

// RFC 3501 §6.4.5, BODY[section]<partial>
#[tokio::test]
async fn fetch_cuts_sections_out() {
    hold_in_inbox(
        "C: a FETCH 3 BODY.PEEK[2]\nS: * 3 FETCH (BODY[2] {16}\nS: PHA+ZGV1eDwvcD4=)\nS: a OK\n\
         C: b FETCH 3 BODY.PEEK[2.MIME]<0.9>\nS: * 3 FETCH (BODY[2.MIME]<0> {9}\nS: Content-T)\nS: b OK\n\
         C: c FETCH 1 BODY.PEEK[HEADER.FIELDS (SUBJECT)]\nS: * 1 FETCH (BODY[HEADER.FIELDS (SUBJECT)] {18}\n\
         S: Subject: Bilan\nS: \nS: )\nS: c OK\nC: d FETCH 1 BODY.PEEK[TEXT]<20.5>\nS: * 1 FETCH (BODY[TEXT]<20> {0}\nS: )\nS: d OK\n\
         C: e FETCH 1 BODY.PEEK[7]\nS: * 1 FETCH (BODY[7] NIL)\nS: e OK",
    )
    .await;
}

// RFC 3501 §6.4.5: BODY[…] without PEEK gives \Seen, and says so.
#[tokio::test]
async fn reading_gives_seen_and_tells_it() {
    hold_in_inbox(
        "C: a FETCH 1 BODY[1]<0.3>\nS: * 1 FETCH (BODY[1]<0> {3}\nS: Bon FLAGS (\\Seen \\Recent))\nS: a OK\n\
         C: b FETCH 2 BODY.PEEK[1]<0.3>\nS: * 2 FETCH (BODY[1]<0> {3}\nS: Mer)\nS: b OK\nC: c SEARCH SEEN\nS: * SEARCH 1\nS: c OK",
    )
    .await;
}

// RFC 3501 §6.4.6
#[tokio::test]
async fn store_replaces_adds_and_removes() {
    hold_in_inbox(
        "C: a STORE 1:2 FLAGS (\\Seen)\nS: * 1 FETCH (FLAGS (\\Seen \\Recent))\nS: * 2 FETCH (FLAGS (\\Seen \\Recent))\nS: a OK\n\
         C: b STORE 1 +FLAGS (\\Flagged)\nS: * 1 FETCH (FLAGS (\\Flagged \\Seen \\Recent))\nS: b OK\n\
         C: c STORE 1 -FLAGS (\\Seen \\Draft)\nS: * 1 FETCH (FLAGS (\\Flagged \\Recent))\nS: c OK\n\
         C: d UID STORE 2 FLAGS.SILENT ()\nS: d OK\nC: e STORE 1 FLAGS (\\Recent)\nS: e BAD",
    )
    .await;
}

// RFC 3501 §2.3.2: a keyword is made by its first use, and told.
#[tokio::test]
async fn a_new_keyword_is_told() {
    hold_in_inbox(
        "C: a STORE 1 +FLAGS ($MDNSent)\nS: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $MDNSent)\n\
         S: * 1 FETCH (FLAGS ($MDNSent \\Recent))\nS: a OK\nC: b SEARCH KEYWORD $mdnsent\nS: * SEARCH 1\nS: b OK",
    )
    .await;
}

// RFC 3501 §6.4.7, RFC 4315 §3
#[tokio::test]
async fn copy_keeps_flags_and_tells_the_uids() {
    hold_in_inbox(
        "C: a COPY 1 x\nS: a NO [TRYCREATE]\nC: b CREATE x\nS: b OK …\nC: c STORE 1 +FLAGS.SILENT (\\Answered)\nS: c OK\n\
         C: d COPY 1,3 x\nS: d OK [COPYUID … 1,3 1:2]\nC: e EXAMINE x\nS: * OK [CLOSED]\nS: * FLAGS …\nS: * 2 EXISTS\n\
         S: * 2 RECENT\nS: * OK …\nS: * OK …\nS: * OK …\nS: * OK …\nS: * OK …\nS: * OK …\nS: e OK [READ-ONLY]\n\
         C: f FETCH 1 FLAGS\nS: * 1 FETCH (FLAGS (\\Answered \\Recent))\nS: f OK",
    )
    .await;
}

// RFC 6851 §3.1, §4.3
#[tokio::test]
async fn move_tells_the_uids_before_what_is_gone() {
    hold_in_inbox(
        "C: a CREATE x\nS: a OK …\nC: b MOVE 1,3 x\nS: * OK [COPYUID … 1,3 1:2]\nS: * 3 EXPUNGE\nS: * 1 EXPUNGE\nS: b OK\n\
         C: c MOVE 1 nowhere\nS: c NO [TRYCREATE]",
    )
    .await;
}

// RFC 3501 §6.4.8
#[tokio::test]
async fn uid_commands_tell_uids_and_pass_over_what_is_not_there() {
    hold_in_inbox(
        "C: a UID FETCH 3,99 FLAGS\nS: * 3 FETCH (UID 3 FLAGS (\\Recent))\nS: a OK\nC: b UID FETCH 99 FLAGS\nS: b OK\n\
         C: c UID STORE 99 +FLAGS (\\Seen)\nS: c OK\nC: d FETCH 99 FLAGS\nS: d BAD\nC: e UID FETCH 99:* UID\n\
         S: * 3 FETCH (UID 3)\nS: e OK",
    )
    .await;
}

// RFC 4315 §2.1
#[tokio::test]
async fn uid_expunge_takes_only_what_it_names() {
    hold_in_inbox(
        "C: a STORE 1:3 +FLAGS.SILENT (\\Deleted)\nS: a OK\nC: b UID EXPUNGE 2:9\nS: * 3 EXPUNGE\nS: * 2 EXPUNGE\nS: b OK",
    )
    .await;
}

// RFC 3501 §7.4.1: no EXPUNGE during FETCH, STORE and SEARCH by number.
#[tokio::test]
async fn numbers_hold_while_commands_use_them() {
    let land = land().await;
    let (mut one, mut other) = (land.in_inbox().await, land.in_inbox().await);
    play(
        &mut other,
        "C: a STORE 1 +FLAGS.SILENT (\\Deleted)\nS: a OK\nC: b EXPUNGE\nS: * 1 EXPUNGE\nS: b OK",
    )
    .await;
    play(
        &mut one,
        "C: a FETCH 3 UID\nS: * 3 FETCH (UID 3)\nS: a OK\nC: b SEARCH SUBJECT pieces\nS: * SEARCH 3\nS: b OK\n\
         C: c FETCH 1 BODY.PEEK[]\nS: c NO [EXPUNGEISSUED]\nC: d UID FETCH 3 UID\nS: * 3 FETCH (UID 3)\n\
         S: * 1 EXPUNGE\nS: d OK",
    )
    .await;
}

// RFC 3501 §2.3.2, \Recent: only one session is told.
#[tokio::test]
async fn a_message_is_recent_in_one_session() {
    let land = land().await;
    let (mut one, mut other) = (land.in_inbox().await, land.in_inbox().await);
    play(&mut one, "C: a SEARCH RECENT\nS: * SEARCH 1 2 3\nS: a OK").await;
    play(
        &mut other,
        "C: a SEARCH RECENT\nS: * SEARCH\nS: a OK\nC: b SEARCH OLD\nS: * SEARCH 1 2 3\nS: b OK",
    )
    .await;
}
