//! Any input, cut in any way, ends in bounded work without a panic; and cutting it changes nothing.

use mta::server::{Role, SessionConfig, Wants};
use proptest::prelude::*;

use crate::transcript::{Line, config, tls};

/// Sends the pieces; says what the server said, handshakes included, and how much was kept.
fn hold(settings: SessionConfig, under_tls: bool, pieces: &[Vec<u8>]) -> (String, usize) {
    let max = settings.max_message_size;
    let mut line = Line::new(settings, under_tls.then(|| tls(Some(b"peer"))));
    let mut said = line.go_on();
    for piece in pieces {
        match line.wants {
            Wants::Read => said += &line.send(piece),
            Wants::StartTls => {
                line.session().secured(tls(Some(b"peer")));
                said += "TLS\r\n";
                said += &line.go_on();
            }
            Wants::Close | Wants::Write => break,
        }
    }
    // A transaction is open only while the session could go on with it.
    assert!(line.books.open() <= usize::from(line.wants == Wants::Read));
    let kept = line.books.kept();
    assert!(kept.iter().all(|kept| kept.body.len() as u64 <= max));
    assert!(kept.iter().all(|kept| {
        let plain = String::from_utf8_lossy(&kept.body).replace("\r\n", "");
        !plain.contains(['\r', '\n'])
    }));
    (said, kept.len())
}

/// Limits that are reached soon.
fn narrow(role: Role) -> SessionConfig {
    let mut settings = config(role);
    settings.max_message_size = 200;
    settings.limits.discarded = 2000;
    settings
}

fn fragment() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "EHLO a.fr\r\n",
        "HELO a\r\n",
        "MAIL FROM:<jean@a.fr>\r\n",
        "RCPT TO:<marie@b.fr>\r\n",
        "MAIL FROM:<jean@a.fr> SIZE=5 SMTPUTF8\r\n",
        "RCPT TO:<unknown@b.fr>\r\n",
        "DATA\r\n",
        "RCPT TO:<disk-full@b.fr>\r\n",
        "RCPT TO:<no-disk@b.fr>\r\n",
        "BDAT 7\r\n",
        "BDAT 3 LAST\r\n",
        "BDAT 0 LAST\r\n",
        "BDAT 99999\r\n",
        "BDAT x\r\n",
        ".\r\n",
        "\r\n.\r\n",
        "\n.\n",
        "\n.\r\n",
        "\r\n",
        "\r",
        "\n",
        ".",
        "RSET\r\n",
        "NOOP\r\n",
        "QUIT\r\n",
        "STARTTLS\r\n",
        "VRFY a\r\n",
        "AUTH PLAIN AGplYW4Ac2VzYW1l\r\n",
        "AUTH PLAIN\r\n",
        "AUTH EXTERNAL =\r\n",
        "*\r\n",
        "text\r\n",
    ]);
    prop_oneof![
        8 => known.prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
        1 => (0usize..3000).prop_map(|len| vec![b'x'; len]),
    ]
}

/// What is sent behind STARTTLS, or behind a refused DATA, is read or not as the cut has it: both are faults of the
/// peer. And which of two faults in one message is told, the peer's or that of the disk, is a matter of who is first.
fn late(piece: &[u8]) -> bool {
    let begins: [&[u8]; 3] = [b"STARTTLS", b"DATA", b"RCPT TO:<disk-full"];
    begins.iter().any(|begin| piece.starts_with(begin))
}

fn sessions() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(fragment(), 0..40)
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Reception), Just(Role::Submission)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn any_input_ends_in_replies(role in role(), under_tls: bool, pieces in sessions()) {
        let (said, _) = hold(narrow(role), under_tls, &pieces);
        for line in said.lines().filter(|line| *line != "TLS") {
            let digits = line.as_bytes().get(..3).is_some_and(|code| code.iter().all(u8::is_ascii_digit));
            prop_assert!(digits && line.len() <= 510 && line.is_char_boundary(4), "{}", line);
        }
    }

    #[test]
    fn cutting_changes_nothing(role in role(), pieces in sessions(), sizes in prop::collection::vec(1usize..50, 1..60)) {
        let mut whole: Vec<u8> = pieces.into_iter().filter(|piece| !late(piece)).flatten().collect();
        whole.splice(0..0, *b"EHLO a.fr\r\nMAIL FROM:<jean@a.fr>\r\nRCPT TO:<marie@b.fr>\r\n");
        let mut cut = Vec::new();
        let (mut rest, mut sizes) = (whole.as_slice(), sizes.iter().copied().cycle());
        while !rest.is_empty() {
            let (head, tail) = rest.split_at(sizes.next().unwrap().min(rest.len()));
            cut.push(head.to_vec());
            rest = tail;
        }
        // Without a cut there is one read of everything.
        // Sizes are wide here: of two faults in one read, a bare line ending is told before a size.
        prop_assert_eq!(hold(config(role), true, &cut), hold(config(role), true, &[whole]));
    }

    #[test]
    fn cutting_a_message_changes_nothing(message in prop::collection::vec(fragment(), 0..20), size in 1usize..30) {
        let send = |pieces: &[Vec<u8>]| {
            let before: [&[u8]; 2] = [b"EHLO a\r\nMAIL FROM:<jean@a.fr>\r\nRCPT TO:<marie@b.fr>\r\n", b"DATA\r\n"];
            let all: Vec<_> = before.iter().map(|piece| piece.to_vec()).chain(pieces.iter().cloned()).collect();
            hold(config(Role::Reception), true, &all)
        };
        let whole: Vec<u8> = message.iter().filter(|piece| !late(piece)).flatten().copied().collect();
        let cut: Vec<Vec<u8>> = whole.chunks(size).map(<[u8]>::to_vec).collect();
        prop_assert_eq!(send(&cut), send(&[whole]));
    }
}
