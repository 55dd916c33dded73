//! Extensions of searching, listing, fetching and appending.

use super::{hold, hold_in_inbox};

// RFC 4731 §3.1
#[tokio::test]
async fn esearch_sums_up() {
    hold_in_inbox(
        "C: a SEARCH RETURN (MIN MAX COUNT) ALL\nS: * ESEARCH (TAG \"a\") MIN 1 MAX 3 COUNT 3\nS: a OK\n\
         C: b UID SEARCH RETURN () NOT 2\nS: * ESEARCH (TAG \"b\") UID ALL 1,3\nS: b OK\n\
         C: c SEARCH RETURN (MIN COUNT) SEEN\nS: * ESEARCH (TAG \"c\") COUNT 0\nS: c OK",
    )
    .await;
}

// RFC 5182 §2.1, §2.4
#[tokio::test]
async fn a_saved_result_stands_for_its_messages() {
    hold_in_inbox(
        "C: a SEARCH RETURN (SAVE) SUBJECT bilan\nS: a OK\nC: b FETCH $ UID\nS: * 1 FETCH (UID 1)\nS: * 2 FETCH (UID 2)\nS: b OK\n\
         C: c SEARCH RETURN (SAVE MIN) $\nS: * ESEARCH (TAG \"c\") MIN 1\nS: c OK\nC: d UID STORE $ +FLAGS.SILENT (\\Seen)\nS: d OK\n\
         C: e SEARCH SEEN\nS: * SEARCH 1\nS: e OK\nC: f SEARCH RETURN (SAVE) CHARSET X ALL\nS: f NO [BADCHARSET (UTF-8 US-ASCII)]\n\
         C: g FETCH $ UID\nS: g OK",
    )
    .await;
}

// RFC 5258 §3, §4
#[tokio::test]
async fn list_selects_and_returns() {
    hold(
        "C: a CREATE x/y\nS: a OK …\nC: b SUBSCRIBE x/y\nS: b OK\nC: c LIST (SUBSCRIBED) \"\" x*\n\
         S: * LIST (\\HasNoChildren \\Subscribed) \"/\" \"x/y\"\nS: c OK\nC: d LIST (SUBSCRIBED RECURSIVEMATCH) \"\" x%\n\
         S: * LIST (\\HasChildren) \"/\" \"x\" (\"CHILDINFO\" (\"SUBSCRIBED\"))\nS: d OK\nC: e LIST \"\" (x INBOX)\n\
         S: * LIST (\\HasNoChildren) \"/\" \"INBOX\"\nS: * LIST (\\HasChildren) \"/\" \"x\"\nS: e OK\n\
         C: f LIST (RECURSIVEMATCH) \"\" *\nS: f BAD\nC: g DELETE x/y\nS: g OK\nC: h LIST (SUBSCRIBED) \"\" x*\n\
         S: * LIST (\\NonExistent \\HasNoChildren \\Subscribed) \"/\" \"x/y\"\nS: h OK",
    )
    .await;
}

// RFC 5819 §2, RFC 8438 §2
#[tokio::test]
async fn list_tells_the_status_too() {
    hold(
        "C: a LIST \"\" INBOX RETURN (STATUS (MESSAGES SIZE))\nS: * LIST (\\HasNoChildren) \"/\" \"INBOX\"\n\
         S: * STATUS \"INBOX\" (MESSAGES 3 SIZE 515)\nS: a OK",
    )
    .await;
}

// RFC 6154 §3, §5.2
#[tokio::test]
async fn special_uses_are_told() {
    hold(
        "C: a LIST (SPECIAL-USE) \"\" *\nS: * LIST (\\HasNoChildren \\Sent) \"/\" \"Envoy&AOk-s\"\nS: a OK",
    )
    .await;
}

// RFC 7889 §3.1, §4
#[tokio::test]
async fn the_limit_of_append_is_told_and_kept() {
    hold(
        "C: a STATUS INBOX (APPENDLIMIT)\nS: * STATUS \"INBOX\" (APPENDLIMIT 26214400)\nS: a OK\n\
         C: b APPEND INBOX {26214401}\nS: b NO [TOOBIG]",
    )
    .await;
}

// RFC 3502 §6.3.11
#[tokio::test]
async fn append_takes_several_messages() {
    hold(
        "C: a APPEND INBOX {5+}\nC: a:b\nC:  (\\Seen) {5+}\nC: c:d\nC: \nS: a OK [APPENDUID … 4:5]\n\
         C: b STATUS INBOX (MESSAGES UNSEEN)\nS: * STATUS \"INBOX\" (MESSAGES 5 UNSEEN 4)\nS: b OK",
    )
    .await;
}

// RFC 3516 §4.2
#[tokio::test]
async fn binary_decodes_a_part() {
    hold_in_inbox(
        "C: a FETCH 3 (BINARY.SIZE[2] BINARY.PEEK[2])\nS: * 3 FETCH (BINARY.SIZE[2] 11 BINARY[2] {11}\n\
         S: <p>deux</p>)\nS: a OK",
    )
    .await;
}

// RFC 5256 §3
#[tokio::test]
async fn sort_and_thread() {
    hold_in_inbox(
        "C: a SORT (REVERSE SUBJECT REVERSE DATE) UTF-8 ALL\nS: * SORT 3 2 1\nS: a OK\n\
         C: b THREAD REFERENCES UTF-8 ALL\nS: * THREAD (1 2)(3)\nS: b OK\nC: c UID THREAD ORDEREDSUBJECT UTF-8 1:2\n\
         S: * THREAD (1 2)\nS: c OK",
    )
    .await;
}

// RFC 8474 §5.1, §5.2
#[tokio::test]
async fn messages_have_identities() {
    hold_in_inbox(
        "C: a FETCH 1 (EMAILID THREADID)\nS: * 1 FETCH (EMAILID (M…) THREADID (T…))\nS: a OK",
    )
    .await;
}

// RFC 8514 §4.2
#[tokio::test]
async fn the_save_date_is_told() {
    hold_in_inbox(
        "C: a FETCH 1 SAVEDATE\nS: * 1 FETCH (SAVEDATE \" 5-Jan-2026 08:00:00 +0000\")\nS: a OK",
    )
    .await;
}

// RFC 8970 §3.1
#[tokio::test]
async fn the_preview_is_told() {
    hold_in_inbox("C: a FETCH 1 (PREVIEW)\nS: * 1 FETCH (PREVIEW \"Bonjour.\")\nS: a OK").await;
}

// RFC 9208 §4.1.2, §4.1.3
#[tokio::test]
async fn the_quota_is_told() {
    hold(
        "C: a GETQUOTAROOT INBOX\nS: * QUOTAROOT \"INBOX\" \"\"\nS: * QUOTA \"\" (STORAGE 1 97656)\nS: a OK\n\
         C: b GETQUOTA \"\"\nS: * QUOTA \"\" (STORAGE 1 97656)\nS: b OK",
    )
    .await;
}

// RFC 4978 §3
#[tokio::test]
async fn compression_is_told_from_then_on() {
    hold("C: a COMPRESS DEFLATE\nS: a OK").await;
}
