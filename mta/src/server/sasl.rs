//! Responses of the authentication exchange.
//!
//! Invariants: what is decoded is wiped when dropped, but for the names. Failure: `None`, whatever is wrong.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::handler::{Login, Secret};
use crate::wire::command::Mechanism;

/// Longest name or password of PLAIN, in octets.
// RFC 4616 §2
const MAX_PART: usize = 255;

/// Reads a response; `=` is the empty one.
// RFC 4954 §4
pub(super) fn read(mechanism: Mechanism, response: &str) -> Option<Login> {
    let octets = match response {
        "=" => Zeroizing::default(),
        text => Zeroizing::new(STANDARD.decode(text).ok()?),
    };
    let text = std::str::from_utf8(&octets).ok()?;
    match mechanism {
        Mechanism::Plain => plain(text),
        // RFC 4422 §A.1
        Mechanism::External => (!text.contains('\0') && text.len() <= MAX_PART)
            .then(|| Login::External { authorization: text.to_owned() }),
        Mechanism::Other => None,
    }
}

// RFC 4616 §2
fn plain(text: &str) -> Option<Login> {
    let mut parts = text.split('\0');
    let (authorization, authentication, password) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || authentication.is_empty() || password.is_empty() {
        return None;
    }
    if [authorization, authentication, password].iter().any(|part| part.len() > MAX_PART) {
        return None;
    }
    Some(Login::Plain {
        authorization: authorization.to_owned(),
        authentication: authentication.to_owned(),
        password: Secret::new(Zeroizing::new(password.to_owned())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(mechanism: Mechanism, octets: &[u8]) -> Option<Login> {
        read(mechanism, &STANDARD.encode(octets))
    }

    #[test]
    fn plain_has_three_parts() {
        let login = of(Mechanism::Plain, b"a@b.fr\0jean\0s\xc3\xa9same").unwrap();
        assert_eq!(format!("{login:?}"), "Plain(…)");
        let Login::Plain { authorization, authentication, password } = login else { panic!() };
        assert_eq!((authorization.as_str(), authentication.as_str()), ("a@b.fr", "jean"));
        assert_eq!(
            (password.expose(), format!("{password:?}")),
            ("sésame", "Secret(…)".to_owned())
        );
        let long = [b"\0".as_slice(), &[b'a'; 256], b"\0p"].concat();
        let wrong: [&[u8]; 7] =
            [b"", b"\0jean", b"\0\0secret", b"\0jean\0", b"\0j\0p\0x", b"\0j\0\xff", &long];
        for wrong in wrong {
            assert!(of(Mechanism::Plain, wrong).is_none(), "{wrong:?}");
        }
        for wrong in ["=", "", "AGo", "AGo=AHA=", "AGoA cA==", "!"] {
            assert!(read(Mechanism::Plain, wrong).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn external_may_be_empty() {
        for (response, expected) in [("=", ""), ("", ""), ("YUBiLmZy", "a@b.fr")] {
            let login = read(Mechanism::External, response);
            assert!(
                matches!(&login, Some(Login::External { authorization }) if authorization == expected)
            );
        }
        assert!(of(Mechanism::External, b"a\0b").is_none());
    }
}
