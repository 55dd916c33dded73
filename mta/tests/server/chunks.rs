//! BDAT: counted chunks, in order and out of it.

use mta::server::Role;

use crate::transcript::{Line, config, peer, tls};

const BEFORE: &str = "C: MAIL FROM:<jean@a.fr>
    C: RCPT TO:<marie@b.fr>
    S: 250 …
    S: 250 …";

#[test]
fn chunks_make_one_message() {
    let line = peer(&format!(
        "{BEFORE}
         C: BDAT 9
         C| bonjour\\r\\n
         S: 250 2.0.0 Octets recus : 9
         C: BDAT 0
         S: 250 2.0.0 …
         C: BDAT 5 LAST
         C| .\\r\\n.\\r
         S: 550 5.6.0 …
         {BEFORE}
         C: BDAT 2
         C| a\\r
         S: 250 …
         C: BDAT 4
         C| \\n.\\r\\n
         S: 250 …
         C: BDAT 0 LAST
         S: 250 2.0.0 Message accepte : Q1"
    ));
    assert_eq!(line.books.kept()[0].body, b"a\r\n.\r\n");
}

#[test]
fn a_pipelined_transaction_of_chunks() {
    let line = peer(
        "C: MAIL FROM:<jean@a.fr>
         C: RCPT TO:<marie@b.fr>
         C: BDAT 6
         C| QUIT\\r\\n
         C: BDAT 6 LAST
         C| DATA\\r\\n
         C: NOOP
         S: 250 2.1.0 …
         S: 250 2.1.5 …
         S: 250 2.0.0 …
         S: 250 2.0.0 Message accepte : Q1
         S: 250 2.0.0 …",
    );
    assert_eq!(line.books.kept()[0].body, b"QUIT\r\nDATA\r\n");
}

#[test]
fn bare_line_endings_are_refused_at_the_end_of_the_chunk() {
    for bare in [r"a\nb", r"a\rb", r"\n\r\n", r"a\r\r\n", r"\r\n\n"] {
        let octets = bare.replace(r"\r", "R").replace(r"\n", "N").len();
        let line = peer(&format!(
            "{BEFORE}
             C: BDAT {octets} LAST
             C| {bare}
             S: 550 5.6.0 …
             C: NOOP
             S: 250 …"
        ));
        assert_eq!((line.books.kept().len(), line.books.open()), (0, 0), "{bare}");
    }
    // The CR and its LF in two chunks belong together; a CR before the last chunk's end does not.
    peer(&format!("{BEFORE}\nC: BDAT 1\nC| \\r\nS: 250 …\nC: BDAT 1 LAST\nC| x\nS: 550 5.6.0 …"));
    peer(&format!("{BEFORE}\nC: BDAT 1\nC| \\r\nS: 250 …\nC: BDAT 0 LAST\nS: 550 5.6.0 …"));
}

#[test]
fn refused_chunks_are_used_up_and_never_read_as_commands() {
    peer(
        "C: BDAT 6 LAST
         C| QUIT\\r\\n
         S: 503 5.5.1 …
         C: MAIL FROM:<jean@a.fr>
         S: 250 …
         C: BDAT 6 LAST
         C| QUIT\\r\\n
         S: 554 5.5.1 …
         C: BDAT 6
         C| QUIT\\r\\n
         S: 503 5.5.1 …
         C: MAIL FROM:<jean@a.fr>
         C: RCPT TO:<no-disk@b.fr>
         C: BDAT 6
         C| QUIT\\r\\n
         C: BDAT 6 LAST
         C| QUIT\\r\\n
         S: 250 …
         S: 250 …
         S: 452 4.3.1 …
         S: 503 5.5.1 …
         C: MAIL FROM:<jean@a.fr>
         C: RCPT TO:<disk-full@b.fr>
         C: BDAT 6
         C| QUIT\\r\\n
         S: 250 …
         S: 250 …
         S: 452 4.3.1 …
         C: BDAT 0 LAST
         S: 503 …",
    );
}

#[test]
fn data_and_rcpt_have_no_place_behind_bdat() {
    let line = peer(&format!(
        "{BEFORE}
         C: BDAT 2
         C| \\r\\n
         S: 250 …
         C: RCPT TO:<paul@b.fr>
         S: 503 5.5.1 …
         C: MAIL FROM:<jean@a.fr>
         S: 503 5.5.1 …
         C: DATA
         S: 503 5.5.1 …
         C: BDAT 2 LAST
         C| \\r\\n
         S: 503 5.5.1 …"
    ));
    assert_eq!((line.books.kept().len(), line.books.open()), (0, 0));
}

#[test]
fn a_count_that_cannot_be_read_ends_the_session() {
    for count in ["", "x", "-1", "5 FIRST", "184467440737095516155"] {
        peer(&format!("{BEFORE}\nC: BDAT {count}\nC: QUIT\nS: 501 5.5.4 …\nEND"));
    }
}

#[test]
fn sizes_count_over_all_chunks() {
    let mut small = config(Role::Reception);
    small.max_message_size = 10;
    small.limits.discarded = 30;
    let mut line = Line::new(small, Some(tls(Some(b"peer"))));
    line.go_on();
    line.send(b"EHLO a\r\n");
    line.hold(&format!(
        "{BEFORE}\nC: BDAT 6\nC| abcdef\nS: 250 …\nC: BDAT 4 LAST\nC| gh\\r\\n\nS: 250 …"
    ));
    line.hold(&format!(
        "{BEFORE}
         C: BDAT 6
         C| abcdef
         S: 250 …
         C: BDAT 6
         C| QUIT\\r\\n
         S: 552 5.3.4 …
         C: BDAT 6 LAST
         C| QUIT\\r\\n
         S: 503 …
         C: BDAT 9999999999 LAST
         C: much more than is read to the end of such a chunk
         S: 503 …
         S: 421 4.7.0 …
         END"
    ));
    assert_eq!((line.books.kept().len(), line.books.open()), (1, 0));
}
