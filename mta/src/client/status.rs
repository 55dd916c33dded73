//! Enhanced status codes as reports carry them: those of our verdicts and those that peers send.
//!
//! Invariants: the class is 2, 4 or 5; subject and detail have at most three digits.
//! Failure: what is no code is `None`; the caller falls back to the class of the basic code.

use std::fmt;

use domain::EnhancedCode;

/// The class of a code.
// RFC 3463 §3.1
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// 2: done.
    Success,
    /// 4: not now.
    Temporary,
    /// 5: not at all.
    Permanent,
}

impl Class {
    /// The class of a basic reply code.
    // RFC 5321 §4.2.1
    pub fn of_reply(code: u16) -> Option<Self> {
        match code / 100 {
            2 => Some(Self::Success),
            4 => Some(Self::Temporary),
            5 => Some(Self::Permanent),
            _ => None,
        }
    }

    fn digit(self) -> u8 {
        match self {
            Self::Success => 2,
            Self::Temporary => 4,
            Self::Permanent => 5,
        }
    }
}

/// An enhanced status code (`5.1.1`), from us or from a peer.
// RFC 3463 §2
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Status {
    class: Class,
    subject: u16,
    detail: u16,
}

impl Status {
    /// A code of ours; subject and detail are below 1000.
    pub(super) const fn new(class: Class, subject: u16, detail: u16) -> Self {
        Self { class, subject, detail }
    }

    /// Reads `class.subject.detail`.
    pub fn read(text: &str) -> Option<Self> {
        let (class, rest) = text.split_once('.')?;
        let (subject, detail) = rest.split_once('.')?;
        let class = match class {
            "2" => Class::Success,
            "4" => Class::Temporary,
            "5" => Class::Permanent,
            _ => return None,
        };
        Some(Self { class, subject: number(subject)?, detail: number(detail)? })
    }

    /// The class.
    pub fn class(self) -> Class {
        self.class
    }

    /// Subject and detail, whatever the class.
    pub fn topic(self) -> (u16, u16) {
        (self.subject, self.detail)
    }

    /// The same topic in another class: a deferral for a fault whose code is permanent.
    pub fn in_class(self, class: Class) -> Self {
        Self { class, ..self }
    }
}

/// One to three digits.
fn number(text: &str) -> Option<u16> {
    let digits = (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

impl From<EnhancedCode> for Status {
    fn from(code: EnhancedCode) -> Self {
        let class = if code.class() == 4 { Class::Temporary } else { Class::Permanent };
        Self { class, subject: code.subject(), detail: code.detail() }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class.digit(), self.subject, self.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_back_and_nothing_else_is_one() {
        for text in ["2.0.0", "4.7.5", "5.1.10", "5.7.509"] {
            assert_eq!(Status::read(text).unwrap().to_string(), text);
        }
        for text in
            ["", "5", "5.1", "3.1.1", "5.1.1000", "5..1", "5.1.", "5.1.1.1", "5.+1.1", "55.1.1"]
        {
            assert_eq!(Status::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_class_can_change() {
        let status = Status::read("5.7.1").unwrap().in_class(Class::Temporary);
        assert_eq!(status.to_string(), "4.7.1");
        assert_eq!(Class::of_reply(354), None);
    }
}
