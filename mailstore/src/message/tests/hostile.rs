//! Messages that are wrong: boundaries that do not fit, parts without anything, every character set.
//! What is found is the same however the message is cut, lies inside it, and is found in time.

use super::super::text::charset;
use super::super::{Digest, Part, decode, digest_of};
use super::{every_part, scan_in_pieces, slice};
use std::time::{Duration, Instant};

/// The longest that one of these messages may take, with a compiler that does not hurry.
const MOST_TIME: Duration = Duration::from_secs(5);

fn scanned(message: &[u8]) -> Digest {
    let begun = Instant::now();
    let digest = digest_of(message);
    for size in [1, 7, 4096] {
        if message.len() < 100_000 || size > 1 {
            assert_eq!(scan_in_pieces(message, size), digest, "cut in pieces of {size}");
        }
    }
    assert!(begun.elapsed() < MOST_TIME, "{:?}", begun.elapsed());
    for (_, part) in every_part(&digest.structure) {
        let range = part.body_range();
        assert!(range.start <= range.end && range.end <= message.len() as u64, "{range:?}");
    }
    digest
}

/// The bodies of the leaves.
fn bodies(message: &str) -> Vec<String> {
    let octets = message.replace('\n', "\r\n").into_bytes();
    let digest = scanned(&octets);
    let body =
        |part: &Part| String::from_utf8_lossy(slice(&octets, part.body_range())).into_owned();
    digest.structure.leaves().map(|(_, part)| body(part)).collect()
}

const MIXED: &str = "Content-Type: multipart/mixed; boundary=";

#[test]
fn boundaries_that_do_not_fit_lose_no_octet_that_people_read() {
    let long = "l".repeat(995);
    for (what, message, found) in [
        (
            "none is named",
            "Content-Type: multipart/mixed\n\n--b\n\na\n--b--\n".to_owned(),
            vec!["--b\r\n\r\na\r\n--b--\r\n"],
        ),
        ("it is empty", format!("{MIXED}\"\"\n\n--\n\na\n----\n"), vec!["--\r\n\r\na\r\n----\r\n"]),
        ("it is too long", format!("{MIXED}{long}\n\n--{long}\n\na\n"), vec![]),
        ("it never comes", format!("{MIXED}b\n\na\n"), vec![]),
        ("it is not closed", format!("{MIXED}b\n\n--b\n\na\n--b\n\nc"), vec!["a", "c"]),
        ("it is closed first", format!("{MIXED}b\n\n--b--\n--b\n\na\n"), vec![]),
        ("blanks stand behind it", format!("{MIXED}b\n\n--b \t\n\na\n--b--  \nc\n"), vec!["a"]),
        (
            "it stands amid a line",
            format!("{MIXED}b\n\n--b\n\nx --b\na--b--\n--b--\n"),
            vec!["x --b\r\na--b--"],
        ),
        (
            "another begins as it does",
            format!("{MIXED}b\n\n--b\n\na\n--bb\nc\n--b--\n"),
            vec!["a\r\n--bb\r\nc"],
        ),
        (
            "the inner one is the outer",
            format!("{MIXED}b\n\n--b\n{MIXED}b\n\n--b\n\na\n--b--\n\nc\n--b--\n"),
            vec!["a"],
        ),
        (
            "the outer one ends the inner",
            format!("{MIXED}b\n\n--b\n{MIXED}c\n\n--c\n\na\n--b\n\nd\n--b--\n"),
            vec!["a", "d"],
        ),
        (
            "it follows a header at once",
            format!("{MIXED}b\n\n--b\nContent-Type: text/html\n--b\n\na\n--b--\n"),
            vec!["", "a"],
        ),
        (
            "it is quoted with escapes",
            format!("{MIXED}\"a\\\"b\"\n\n--a\"b\n\na\n--a\"b--\n"),
            vec!["a"],
        ),
    ] {
        let all = bodies(&message);
        // What is found is as said, or, of a container without parts, one leaf or none.
        if found.is_empty() {
            assert!(all.len() <= 1, "{what}: {all:?}");
        } else {
            assert_eq!(all, found, "{what}");
        }
    }
}

#[test]
fn parts_without_anything_are_parts() {
    for (what, message, leaves) in [
        ("no message at all", String::new(), 1),
        ("one empty line", "\n".to_owned(), 1),
        ("a header alone", "Subject: x".to_owned(), 1),
        ("parts without header and body", format!("{MIXED}b\n\n--b\n--b\n\n--b\n\n\n--b--\n"), 3),
        (
            "a message in it that is empty",
            format!("{MIXED}b\n\n--b\nContent-Type: message/rfc822\n\n--b--\n"),
            1,
        ),
        (
            "a container in it that is empty",
            format!("{MIXED}b\n\n--b\n{MIXED}c\n\n--b\n\na\n--b--\n"),
            2,
        ),
        (
            "an attachment of nothing",
            "Content-Disposition: attachment; filename=\nContent-Type: application/pdf\n\n"
                .to_owned(),
            1,
        ),
        (
            "fields without a value",
            "Content-Type:\nContent-Transfer-Encoding:\nContent-Disposition:\nFrom:\nDate:\n\na\n"
                .to_owned(),
            1,
        ),
    ] {
        let octets = message.replace('\n', "\r\n").into_bytes();
        let digest = scanned(&octets);
        let found = digest.structure.leaves().count();
        assert!(found == leaves || (found == 0 && leaves == 1), "{what}: {found}");
    }
}

#[test]
fn a_hundred_thousand_boundaries_take_their_time_and_no_more() {
    scanned(format!("{MIXED}b\r\n\r\n{}", "--b\r\n\r\n".repeat(100_000)).as_bytes());
    scanned(format!("{MIXED}b\r\n\r\n{}", "--b--\r\n".repeat(100_000)).as_bytes());
    scanned(format!("{MIXED}{}\r\n\r\n{}", "-".repeat(70), "-".repeat(2_000_000)).as_bytes());
    scanned(format!("Subject: {}\r\n\r\n", "=?utf-8?q?=".repeat(100_000)).as_bytes());
    scanned(format!("To: {}\r\n\r\n", "(".repeat(1_000_000)).as_bytes());
    scanned(format!("To: {}\r\n\r\n", "\"\\".repeat(500_000)).as_bytes());
    scanned(format!("To: {}\r\n\r\n", "a:".repeat(500_000)).as_bytes());
    scanned(format!("References: {}\r\n\r\n", "<".repeat(1_000_000)).as_bytes());
    scanned(format!("Content-Type: a/b; {}\r\n\r\n", "x*0*=%;".repeat(100_000)).as_bytes());
}

/// Names of character sets that mail has had (RFC 2978), their aliases, and what is none.
const CHARSETS: [&str; 76] = [
    "utf-8",
    "UTF8",
    "us-ascii",
    "ascii",
    "iso-8859-1",
    "latin1",
    "iso-8859-2",
    "iso-8859-3",
    "iso-8859-4",
    "iso-8859-5",
    "iso-8859-6",
    "iso-8859-7",
    "iso-8859-8",
    "iso-8859-8-i",
    "iso-8859-9",
    "iso-8859-10",
    "iso-8859-11",
    "iso-8859-13",
    "iso-8859-14",
    "iso-8859-15",
    "iso-8859-16",
    "windows-874",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1253",
    "windows-1254",
    "windows-1255",
    "windows-1256",
    "windows-1257",
    "windows-1258",
    "cp1252",
    "cp437",
    "cp850",
    "ibm437",
    "ibm850",
    "ibm866",
    "koi8-r",
    "koi8-u",
    "macintosh",
    "x-mac-roman",
    "x-mac-cyrillic",
    "gb2312",
    "gbk",
    "gb18030",
    "hz-gb-2312",
    "big5",
    "big5-hkscs",
    "euc-jp",
    "iso-2022-jp",
    "iso-2022-jp-2",
    "shift_jis",
    "windows-31j",
    "euc-kr",
    "ks_c_5601-1987",
    "iso-2022-kr",
    "iso-2022-cn",
    "tis-620",
    "viscii",
    "tcvn",
    "utf-7",
    "unicode-1-1-utf-7",
    "utf-16",
    "utf-16le",
    "utf-16be",
    "ucs-2",
    "utf-32",
    "utf-32le",
    "ebcdic-cp-fr",
    "ibm037",
    "hp-roman8",
    "x-user-defined",
    "unknown-8bit",
    "binary",
    "x-nothing",
    "",
];

#[test]
fn every_character_set_gives_text_or_marks_and_nothing_that_acts() {
    let all: Vec<u8> = (0..=255).chain((0..=255).rev()).collect();
    let quoted: String = all.iter().map(|octet| format!("={octet:02X}")).collect();
    for name in CHARSETS {
        let text = charset(Some(name.as_bytes()), &all);
        assert!(text.len() <= 16 * all.len(), "{name}: {}", text.len());
        for word in [
            format!("=?{name}?q?{quoted}?="),
            format!("=?{name}*fr?q?{quoted}?="),
            format!("=?{name}?b?AP+A/w==?="),
        ] {
            let shown = decode(word.as_bytes());
            assert!(
                !shown.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)),
                "{name}"
            );
        }
        let message = format!(
            "Subject: =?{name}?q?{quoted}?=\r\nContent-Type: text/plain; charset=\"{name}\"\r\n\
             Content-Transfer-Encoding: quoted-printable\r\n\r\n{quoted}\r\n"
        );
        let digest = scanned(message.as_bytes());
        assert!(
            digest.preview.chars().count() <= 256 && !digest.preview.chars().any(char::is_control),
            "{name}"
        );
    }
}

#[test]
fn an_accent_is_the_same_in_every_character_set_that_has_it() {
    for (name, octets) in [
        ("utf-8", &b"\xc3\xa9"[..]),
        ("iso-8859-1", b"\xe9"),
        ("ISO-8859-15", b"\xe9"),
        ("windows-1252", b"\xe9"),
        ("macintosh", b"\x8e"),
        ("utf-16be", b"\0\xe9"),
        ("utf-16le", b"\xe9\0"),
        ("gb18030", b"\xa8\xa6"),
        ("utf-7", b"+AOk-"),
        ("us-ascii", b"\xe9"),
        ("x-nothing", b"\xe9"),
    ] {
        assert_eq!(charset(Some(name.as_bytes()), octets), "\u{e9}", "{name}");
    }
}
