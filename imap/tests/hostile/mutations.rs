//! Whole sessions fed with commands that were mutated, from seeds: nothing panics, every command that is one has its
//! answer, and the store stays as it would be.

use super::{Land, Wants};
use mailstore::{Random, SeededRandom};

/// What honest clients say, in each state.
const SAID: [&str; 44] = [
    "CAPABILITY",
    "NOOP",
    "ID (\"name\" \"x\")",
    "ENABLE CONDSTORE QRESYNC UTF8=ACCEPT IMAP4rev2",
    "LOGIN jean sesame",
    "LOGIN {4+}\r\njean {6+}\r\nsesame",
    "AUTHENTICATE PLAIN AGplYW4Ac2VzYW1l",
    "SELECT INBOX",
    "SELECT INBOX (QRESYNC (1767600000 3 1:9 (1:2 1:2)))",
    "EXAMINE \"Envoy&AOk-s\" (CONDSTORE)",
    "CREATE \"a/b c\"",
    "RENAME a/b c",
    "SUBSCRIBE INBOX",
    "LIST (SUBSCRIBED RECURSIVEMATCH) \"\" (\"*\" %) RETURN (CHILDREN STATUS (MESSAGES UIDNEXT))",
    "LSUB \"\" *",
    "STATUS INBOX (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN SIZE HIGHESTMODSEQ MAILBOXID)",
    "NAMESPACE",
    "GETQUOTAROOT INBOX",
    "APPEND INBOX (\\Seen $x) \" 7-Feb-1994 21:52:25 -0800\" {5+}\r\na: b\n {5+}\r\nc: d\n",
    "APPEND INBOX UTF8 (~{5+}\r\na: b\n)",
    "CHECK",
    "FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)",
    "FETCH 1 (BODY[HEADER.FIELDS (Subject \"To\")]<0.10> BODY.PEEK[1.MIME] RFC822.TEXT)",
    "UID FETCH 1:9,* (MODSEQ EMAILID THREADID SAVEDATE PREVIEW (LAZY)) (CHANGEDSINCE 1 VANISHED)",
    "FETCH 2 (BINARY.PEEK[1]<1.3> BINARY.SIZE[])",
    "STORE 1 (UNCHANGEDSINCE 9) +FLAGS.SILENT (\\Deleted $y)",
    "UID STORE $ FLAGS ()",
    "SEARCH RETURN (MIN MAX COUNT SAVE) CHARSET UTF-8 OR (NOT SEEN) FROM {4+}\r\njean",
    "UID SEARCH MODSEQ \"/flags/\\\\draft\" all 3 SINCE 1-Jan-2026 LARGER 3 UID 1:*",
    "SORT RETURN (ALL) (REVERSE DATE SUBJECT) UTF-8 ALL",
    "UID THREAD REFERENCES UTF-8 TEXT \"x\"",
    "THREAD ORDEREDSUBJECT US-ASCII 1:2",
    "COPY 1 a",
    "UID MOVE 2 a",
    "EXPUNGE",
    "UID EXPUNGE 1:3",
    "IDLE",
    "DONE",
    "UNSELECT",
    "CLOSE",
    "DELETE c",
    "STARTTLS",
    "COMPRESS DEFLATE",
    "LOGOUT",
];

/// Random numbers from a seed.
struct Dice(SeededRandom);

impl Dice {
    fn below(&self, bound: usize) -> usize {
        let mut octets = [0; 8];
        self.0.fill(&mut octets).unwrap();
        usize::try_from(u64::from_le_bytes(octets) % bound as u64).unwrap()
    }

    /// Changes some octets, or takes some away, or doubles some.
    fn mutate(&self, octets: &mut Vec<u8>) {
        const ODD: &[u8] = b"\0\r\n\"\\(){}[]<>*%$+~&:,.-0123456789\xff\xc3\xa9 aA";
        for _ in 0..self.below(4) {
            let at = self.below(octets.len().max(1));
            match self.below(4) {
                _ if octets.is_empty() => octets.push(b'x'),
                0 => octets[at] = ODD[self.below(ODD.len())],
                1 => octets.insert(at, ODD[self.below(ODD.len())]),
                2 => drop(octets.drain(at..(at + self.below(6)).min(octets.len()))),
                _ => {
                    let doubled = octets[at..(at + self.below(12)).min(octets.len())].to_vec();
                    octets.splice(at..at, doubled);
                }
            }
        }
    }
}

/// Feeds one session of a logged-in client, or one that has to log in first, in odd pieces.
async fn session(land: &Land, dice: &Dice) {
    let mut client = match dice.below(4) {
        0 => land.connect(dice.below(2) == 0, 0),
        1 => land.client().await,
        _ => land.in_inbox().await,
    };
    for number in 0..12 {
        let mut octets = format!("t{number} {}\r\n", SAID[dice.below(SAID.len())]).into_bytes();
        dice.mutate(&mut octets);
        let cut = dice.below(octets.len().max(1));
        let (first, second) = octets.split_at(cut);
        for piece in [first, second] {
            let (_, wants) = client.hear(piece).await;
            match wants {
                Wants::Close => return,
                Wants::StartTls => client.session.secured(Vec::new()),
                Wants::Read | Wants::Write => {}
            }
        }
    }
    assert!(client.session.held() <= 600 * 1024, "{}", client.session.held());
}

#[tokio::test]
async fn mutated_sessions_hurt_nobody() {
    for seed in 0..40 {
        let land = Land::new().await;
        land.deliver(&["Subject: a\r\nFrom: jean@x.example\r\n\r\nx\r\n"; 3]).await;
        let dice = Dice(SeededRandom::new(seed));
        for _ in 0..25 {
            session(&land, &dice).await;
        }
        // Somebody honest is served as ever.
        let mut client = land.client().await;
        let selected = client.say("a SELECT INBOX\r\n").await;
        assert!(selected.ends_with("a OK [READ-WRITE]"), "seed {seed}: {selected}");
        // Whatever was appended meanwhile.
        let all = b"b UID FETCH 1:* (FLAGS ENVELOPE BODYSTRUCTURE BODY.PEEK[])\r\n";
        let (fetched, _) = client.hear(all).await;
        let fetched = String::from_utf8_lossy(&fetched);
        assert!(fetched.ends_with("b OK FETCH done\r\n"), "seed {seed}: {fetched}");
    }
}
