//! The message on its way out: its line ends checked, and dots doubled for DATA.
//!
//! Invariants: what leaves has CR and LF only as pairs, so no peer sees an end of data that we did not mean
//! (SMTP smuggling), and ends in CRLF; state is three octets, whatever the size.
//! Failure: [`BareLineEnding`]; the connection must be dropped, because the message cannot be taken back.

/// A CR or LF on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BareLineEnding;

/// What a body becomes on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    LineStart,
    Within,
    AfterCr,
}

/// The encoder of one message's body.
#[derive(Debug)]
pub(super) struct BodyEncoder {
    place: Place,
    dots: bool,
}

impl BodyEncoder {
    /// For DATA: dots at the start of a line are doubled and the end is a line with one dot.
    // RFC 5321 §4.5.2
    pub(super) fn for_data() -> Self {
        Self { place: Place::LineStart, dots: true }
    }

    /// For BDAT: octets as they are.
    pub(super) fn for_bdat() -> Self {
        Self { place: Place::LineStart, dots: false }
    }

    /// Adds the wire form of `octets` to `out`.
    // RFC 5321 §2.3.8
    pub(super) fn encode(
        &mut self,
        octets: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), BareLineEnding> {
        out.reserve(octets.len() + octets.len() / 32);
        for &octet in octets {
            self.place = match (self.place, octet) {
                (Place::AfterCr, b'\n') => Place::LineStart,
                (Place::AfterCr, _) | (_, b'\n') => return Err(BareLineEnding),
                (_, b'\r') => Place::AfterCr,
                (Place::LineStart, b'.') if self.dots => {
                    out.push(b'.');
                    Place::Within
                }
                _ => Place::Within,
            };
            out.push(octet);
        }
        Ok(())
    }

    /// Adds what ends the message.
    // RFC 5321 §4.1.1.4
    pub(super) fn finish(self, out: &mut Vec<u8>) -> Result<(), BareLineEnding> {
        match self.place {
            Place::AfterCr => return Err(BareLineEnding),
            Place::Within => out.extend_from_slice(b"\r\n"),
            Place::LineStart => {}
        }
        if self.dots {
            out.extend_from_slice(b".\r\n");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encode(parts: &[&[u8]], mut encoder: BodyEncoder) -> Result<Vec<u8>, BareLineEnding> {
        let mut out = Vec::new();
        for part in parts {
            encoder.encode(part, &mut out)?;
        }
        encoder.finish(&mut out)?;
        Ok(out)
    }

    fn data(parts: &[&[u8]]) -> Result<Vec<u8>, BareLineEnding> {
        encode(parts, BodyEncoder::for_data())
    }

    #[test]
    fn dots_are_doubled_at_line_starts_only() {
        assert_eq!(data(&[b".\r\n..a\r\nb.c\r\n"]).unwrap(), b"..\r\n...a\r\nb.c\r\n.\r\n");
        assert_eq!(data(&[b"a\r", b"\n", b".", b"\r\n"]).unwrap(), b"a\r\n..\r\n.\r\n");
        assert_eq!(data(&[b"a"]).unwrap(), b"a\r\n.\r\n");
        assert_eq!(data(&[]).unwrap(), b".\r\n");
        assert_eq!(encode(&[b".a"], BodyEncoder::for_bdat()).unwrap(), b".a\r\n");
    }

    #[test]
    fn smuggling_is_refused() {
        for body in [&b"a\n.\r\n"[..], b"a\r\n.\rb", b"a\r\r\n", b"a\r", b"\n"] {
            assert_eq!(data(&[body]), Err(BareLineEnding), "{body:?}");
            assert_eq!(encode(&[body], BodyEncoder::for_bdat()), Err(BareLineEnding));
        }
    }

    proptest! {
        #[test]
        fn the_end_of_data_stands_once_however_the_body_is_cut(
            lines in prop::collection::vec("[.a]{0,4}", 0..20),
            cut in 0_usize..60,
        ) {
            let body = lines.iter().map(|line| format!("{line}\r\n")).collect::<String>();
            let (head, tail) = body.as_bytes().split_at(cut.min(body.len()));
            let out = data(&[head, tail]).unwrap();
            prop_assert_eq!(&out, &data(&[body.as_bytes()]).unwrap());
            let framed = [b"\r\n", out.as_slice()].concat();
            let ends = framed.windows(5).filter(|window| window == b"\r\n.\r\n").count();
            prop_assert_eq!(ends, 1);
            // The receiving half takes back what this one did.
            let mut back = out;
            let decoded = crate::wire::data::Decoder::default().decode(&mut back);
            prop_assert!(decoded.end);
            back.truncate(decoded.len);
            let back = String::from_utf8(back).unwrap();
            prop_assert_eq!(back, body);
        }
    }
}
