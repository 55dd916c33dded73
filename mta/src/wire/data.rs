//! The message itself on the wire: the dots of DATA, and line ends that are none.
//!
//! Invariants: DATA starts after the CRLF of its command and ends at CRLF.CRLF, nowhere else. A CR without LF or
//! a LF without CR is never a line end and never part of the end; it is noted, and the message is to be refused
//! once its true end has come, so that nothing inside it is ever read as a command (*SMTP smuggling*).
//! Cutting the input in other pieces changes nothing. Nothing is buffered.
//! Failure: none; [`Decoder::has_bare_line_ending`] and [`LineEndings::finish`] say what is wrong.

use memchr::memchr2;

/// Where the decoder stands in a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// After CRLF, or at the very beginning.
    #[default]
    LineStart,
    /// Inside a line.
    Text,
    /// After a CR inside a line.
    Cr,
    /// After a dot that begins a line.
    Dot,
    /// After a dot that begins a line and a CR.
    DotCr,
    /// After CRLF.CRLF.
    End,
}

/// What [`Decoder::decode`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// So many octets at the beginning of the buffer are now octets of the message.
    pub len: usize,
    /// So many octets of the input are used up.
    pub used: usize,
    /// The end of the message was among them.
    pub end: bool,
}

/// Takes the dots of DATA away and finds its end.
// RFC 5321 §4.1.1.4, §4.5.2
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    place: Place,
    bare: bool,
}

impl Decoder {
    /// Decodes in place: the octets of the message move to the beginning of the buffer.
    ///
    /// After the end nothing more is used.
    pub fn decode(&mut self, octets: &mut [u8]) -> Decoded {
        let (mut used, mut len) = (0, 0);
        while self.place != Place::End {
            if self.place == Place::Text {
                let rest = octets.get(used..).unwrap_or_default();
                let run = memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
                if run > 0 && len != used {
                    octets.copy_within(used..used + run, len);
                }
                used += run;
                len += run;
            }
            let Some(&octet) = octets.get(used) else { break };
            used += 1;
            if self.take(octet) {
                if let Some(slot) = octets.get_mut(len) {
                    *slot = octet;
                }
                len += 1;
            }
        }
        Decoded { len, used, end: self.place == Place::End }
    }

    /// Takes one octet; says whether it is of the message.
    fn take(&mut self, octet: u8) -> bool {
        use Place::{Cr, Dot, DotCr, End, LineStart, Text};
        let (place, bare, keep) = match (self.place, octet) {
            (End, _) => (End, false, false),
            (LineStart, b'.') => (Dot, false, false),
            (Cr, b'\n') => (LineStart, false, true),
            (Dot, b'\r') => (DotCr, false, false),
            (DotCr, b'\n') => (End, false, false),
            // RFC 5321 §2.3.8
            (Cr | DotCr, b'\r') => (Cr, true, true),
            (Cr | DotCr, _) => (Text, true, true),
            (LineStart | Text | Dot, b'\n') => (Text, true, true),
            (LineStart | Text, b'\r') => (Cr, false, true),
            (LineStart | Text | Dot, _) => (Text, false, true),
        };
        self.place = place;
        self.bare |= bare;
        keep
    }

    /// Whether a CR or LF on its own was seen. Such a message is refused at its end.
    pub fn has_bare_line_ending(&self) -> bool {
        self.bare
    }
}

/// Watches the line ends of a message that comes in counted chunks.
// RFC 3030 §2
#[derive(Clone, Debug, Default)]
pub struct LineEndings {
    after_cr: bool,
    bare: bool,
}

impl LineEndings {
    /// Looks at the next octets.
    pub fn watch(&mut self, octets: &[u8]) {
        let mut rest = octets;
        while let Some(&first) = rest.first() {
            if self.after_cr {
                self.bare |= first != b'\n';
                self.after_cr = false;
                if first == b'\n' {
                    rest = rest.get(1..).unwrap_or_default();
                    continue;
                }
            }
            let Some(at) = memchr2(b'\r', b'\n', rest) else { return };
            match rest.get(at) {
                Some(b'\r') => self.after_cr = true,
                _ => self.bare = true,
            }
            rest = rest.get(at + 1..).unwrap_or_default();
        }
    }

    /// Whether a CR or LF on its own was seen so far.
    pub fn has_bare(&self) -> bool {
        self.bare
    }

    /// Whether the whole message has a CR or LF on its own, a CR at its very end included.
    pub fn finish(self) -> bool {
        self.bare || self.after_cr
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Message, octets left over after the end (`None`: no end), bare line ending.
    type Reading = (Vec<u8>, Option<Vec<u8>>, bool);

    fn decode(input: &[u8], pieces: &[usize]) -> Reading {
        let (mut decoder, mut message) = (Decoder::default(), Vec::new());
        let mut sizes = pieces.iter().copied().chain(std::iter::repeat(input.len().max(1)));
        let mut rest = input;
        while !rest.is_empty() {
            let (piece, later) = rest.split_at(sizes.next().unwrap().clamp(1, rest.len()));
            let mut buffer = piece.to_vec();
            let decoded = decoder.decode(&mut buffer);
            message.extend_from_slice(&buffer[..decoded.len]);
            if decoded.end {
                let left = [&piece[decoded.used..], later].concat();
                return (message, Some(left), decoder.has_bare_line_ending());
            }
            assert_eq!(decoded.used, piece.len());
            rest = later;
        }
        (message, None, decoder.has_bare_line_ending())
    }

    /// The definition, slow and plain.
    fn by_definition(input: &[u8]) -> Reading {
        let with_start = [b"\r\n", input].concat();
        let end = with_start.windows(5).position(|window| window == b"\r\n.\r\n");
        let (body, left) = match end {
            Some(at) => (&with_start[..at + 2], Some(with_start[at + 5..].to_vec())),
            None => (&with_start[..], None),
        };
        let (mut message, mut bare) = (Vec::new(), false);
        for at in 2..body.len() {
            let (before, after) = (body[at - 1], body.get(at + 1));
            let line_start = &body[at - 2..at] == b"\r\n";
            bare |= body[at] == b'\n' && before != b'\r';
            bare |= body[at] == b'\r' && after.is_some_and(|&after| after != b'\n');
            if !(line_start && body[at] == b'.') {
                message.push(body[at]);
            }
        }
        (message, left, bare)
    }

    #[test]
    fn dots_and_the_end() {
        type Case = (&'static [u8], &'static [u8], Option<&'static [u8]>);
        let table: &[Case] = &[
            (b".\r\n", b"", Some(b"")),
            (b"a\r\n.\r\n", b"a\r\n", Some(b"")),
            (b"..\r\n.\r\n", b".\r\n", Some(b"")),
            (b".a\r\n..b\r\n...c\r\n.\r\nQUIT\r\n", b"a\r\n.b\r\n..c\r\n", Some(b"QUIT\r\n")),
            (b"a.\r\n.\r\n", b"a.\r\n", Some(b"")),
            (b"a\r\n", b"a\r\n", None),
            (b"a\r\n.", b"a\r\n", None),
        ];
        for (input, message, left) in table {
            let expected = (message.to_vec(), left.map(<[u8]>::to_vec), false);
            assert_eq!(decode(input, &[]), expected, "{:?}", String::from_utf8_lossy(input));
        }
    }

    #[test]
    fn no_other_end_of_data_is_one() {
        let ends: &[&[u8]] = &[
            b"\n.\n",
            b"\n.\r\n",
            b"\r\n.\n",
            b"\r\n.\r",
            b"\r.\r\n",
            b"\r.\r",
            b"\r.\n",
            b"\n.\r",
            b"\r\n.\r\r\n",
            b"\r\n.\0\r\n",
            b"\r\r\n.\n",
            b"\n\r\n.\n",
            b"\r\n\x00.\r\n",
            b"\r\n.\x0b\r\n",
            b"\r\n\x00\r\n.\n\r",
            b"\n\n.\r\n",
            b"\r\n.\n\r\n",
        ];
        for end in ends {
            let smuggled = [b"body", *end, b"MAIL FROM:<a@b.fr>\r\n.\r\nQUIT\r\n"].concat();
            let (message, left, bare) = decode(&smuggled, &[]);
            assert_eq!(left.as_deref(), Some(b"QUIT\r\n".as_slice()), "{end:?}");
            assert!(message.windows(9).any(|window| window == b"MAIL FROM"), "{end:?}");
            let innocent = end.iter().all(|octet| !b"\r\n".contains(octet))
                || [b"\r\n.\0\r\n".as_slice(), b"\r\n\x00.\r\n", b"\r\n.\x0b\r\n"].contains(end);
            assert_eq!(bare, !innocent, "{end:?}");
        }
    }

    fn pieces() -> impl Strategy<Value = Vec<usize>> {
        prop::collection::vec(1usize..7, 0..60)
    }

    fn hostile() -> impl Strategy<Value = Vec<u8>> {
        let octet = prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'.'), Just(b'a'), any::<u8>()];
        prop::collection::vec(octet, 0..120)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn decoding_follows_the_definition_however_it_is_cut(input in hostile(), pieces in pieces()) {
            let expected = by_definition(&input);
            let found = decode(&input, &pieces);
            prop_assert_eq!(&found, &decode(&input, &[]));
            prop_assert_eq!(&found.1, &expected.1);
            // What an unfinished end holds back is not yet of the message.
            if expected.1.is_some() {
                prop_assert_eq!(found.2, expected.2);
                if !found.2 {
                    prop_assert_eq!(found.0, expected.0);
                }
            }
        }

        #[test]
        fn line_endings_of_chunks(input in hostile(), cut in pieces()) {
            let mut endings = LineEndings::default();
            let mut rest = input.as_slice();
            for size in cut.into_iter().chain([usize::MAX]) {
                let (head, tail) = rest.split_at(size.min(rest.len()));
                endings.watch(head);
                rest = tail;
            }
            let plain = String::from_utf8_lossy(&input).replace("\r\n", "");
            prop_assert_eq!(endings.finish(), plain.contains(['\r', '\n']));
        }
    }
}
