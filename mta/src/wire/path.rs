//! The path of MAIL and RCPT as it stands on the line.
//!
//! `smtp-proto` gives addresses without their quotes, and `<postmaster>` as nothing at all; so the path is cut
//! out of the line here and read by [`MailAddress`].
//!
//! Invariants: the `>` that ends a path is the first outside quotes; a source route is read over and not used.
//! Failure: [`split`] gives `None` where there is no path; [`Path::read`] says why it is none.

use domain::{AddressError, MailAddress};

/// A path of MAIL or RCPT.
// RFC 5321 §4.1.2
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Path {
    /// `<>`.
    Null,
    /// `<Postmaster>`, without a domain.
    // RFC 5321 §4.5.1
    Postmaster,
    /// An address.
    Address(MailAddress),
}

/// Cuts `<path> parameters` into the path without its brackets, and the parameters.
pub fn split(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('<')?;
    let (mut quoted, mut escaped) = (false, false);
    let end = inner.find(|c| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '>' => return !quoted,
            _ => {}
        }
        false
    })?;
    let (path, rest) = (inner.get(..end)?, inner.get(end + 1..)?);
    (rest.is_empty() || rest.starts_with(' ')).then_some((path, rest))
}

impl Path {
    /// Reads a path without its brackets.
    ///
    /// # Errors
    /// Why it is no address.
    pub fn read(path: &str) -> Result<Self, AddressError> {
        let mailbox = match path.strip_prefix('@') {
            // RFC 5321 §3.6.1, §4.1.2
            Some(route) => route.split_once(':').ok_or(AddressError::EmptyLocalPart)?.1,
            None if path.is_empty() => return Ok(Self::Null),
            None if path.eq_ignore_ascii_case("postmaster") => return Ok(Self::Postmaster),
            None => path,
        };
        mailbox.parse().map(Self::Address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let table = [
            ("<>", Some(("", ""))),
            ("<a@b.fr>", Some(("a@b.fr", ""))),
            ("<a@b.fr> SIZE=1", Some(("a@b.fr", " SIZE=1"))),
            (r#"<"a>b"@b.fr>"#, Some((r#""a>b"@b.fr"#, ""))),
            (r#"<"a\">b"@b.fr> X"#, Some((r#""a\">b"@b.fr"#, " X"))),
            ("<a@b.fr>SIZE=1", None),
            ("<a@b.fr", None),
            (r#"<"a@b.fr>"#, None),
            ("a@b.fr", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(split(text), expected, "{text}");
        }
    }

    #[test]
    fn quotes_are_kept_and_routes_are_not() {
        let address = |text: &str| Path::Address(text.parse().unwrap());
        assert_eq!(Path::read(""), Ok(Path::Null));
        assert_eq!(Path::read("PostMaster"), Ok(Path::Postmaster));
        assert_eq!(Path::read("@a.fr,@b.fr:jean@c.fr"), Ok(address("jean@c.fr")));
        assert_eq!(Path::read(r#""a@b"@c.fr"#), Ok(address(r#""a@b"@c.fr"#)));
        for wrong in ["@a.fr", "@a.fr:", r#"a@"b@c.fr""#, "a@b@c.fr", "jean", "a@[192.0.2.1]"] {
            assert!(Path::read(wrong).is_err(), "{wrong}");
        }
    }
}
