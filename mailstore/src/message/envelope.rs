//! The header fields that IMAP's ENVELOPE and threads are made of.
//!
//! Of a field that comes twice, the first value counts; address lists add up, so that nobody is
//! hidden behind a second From. Values over a limit are cut or absent, nothing fails.

use super::address::{self, Address};
use super::header::header_fields;
use super::limits::Budget;
use super::raw::Raw;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::fmt;

/// Envelope of a message. Values are unfolded, else as they stand ([`Raw`]); `None` is a field
/// that is absent, an empty value one that is there and says nothing.
// RFC 3501 §7.4.2
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Date.
    pub date: Option<Raw>,
    /// Subject.
    pub subject: Option<Raw>,
    /// From.
    pub from: Vec<Address>,
    /// Sender as it stands; IMAP asks [`Envelope::sender_or_from`].
    pub sender: Vec<Address>,
    /// Reply-To as it stands; IMAP asks [`Envelope::reply_to_or_from`].
    pub reply_to: Vec<Address>,
    /// To.
    pub to: Vec<Address>,
    /// Cc.
    pub cc: Vec<Address>,
    /// Bcc.
    pub bcc: Vec<Address>,
    /// In-Reply-To.
    pub in_reply_to: Option<Raw>,
    /// Message-ID with its angle brackets; without: [`Envelope::bare_message_id`].
    pub message_id: Option<Raw>,
    /// The identifiers in References without angle brackets: the first, then the last ones up to
    /// [`super::limits::MAX_REFERENCES`]. Bytes that are not UTF-8 are U+FFFD. Not part of ENVELOPE.
    pub references: Vec<String>,
}

impl Envelope {
    /// Sender, or From in its absence.
    #[must_use]
    pub fn sender_or_from(&self) -> &[Address] {
        if self.sender.is_empty() { &self.from } else { &self.sender }
    }

    /// Reply-To, or From in its absence.
    #[must_use]
    pub fn reply_to_or_from(&self) -> &[Address] {
        if self.reply_to.is_empty() { &self.from } else { &self.reply_to }
    }

    /// The message's identifier without angle brackets.
    #[must_use]
    pub fn bare_message_id(&self) -> Option<String> {
        ids(self.message_id.as_ref()?.as_bytes()).next()
    }

    /// The messages this one follows, oldest first: References, then what In-Reply-To adds.
    // RFC 5256 §3
    #[must_use]
    pub fn follows(&self) -> Vec<String> {
        let mut follows = self.references.clone();
        let in_reply_to = self.in_reply_to.as_ref().map_or(&[][..], Raw::as_bytes);
        for id in ids(in_reply_to) {
            if !follows.contains(&id) && follows.len() <= super::limits::MAX_REFERENCES {
                follows.push(id);
            }
        }
        follows
    }

    pub(super) fn read(header: &[u8], budget: &mut Budget) -> Self {
        let mut envelope = Self::default();
        let mut references = VecDeque::new();
        for field in header_fields(header) {
            let name = field.name.to_ascii_lowercase();
            if let Some(list) = envelope.addresses(&name) {
                address::read(field.value, list, budget);
            } else if let Some(value) = envelope.value(&name) {
                if value.is_none() {
                    *value = budget.raw(field.value);
                }
            } else if name == "references" {
                for id in ids(Raw::unfold(field.value, usize::MAX).as_bytes()) {
                    if references.len() >= budget.limits().references {
                        // The second oldest goes: the root is what holds a thread together.
                        references.remove(1.min(references.len().saturating_sub(1)));
                    }
                    references.push_back(id);
                }
            }
        }
        references.retain(|id| budget.take(id.len() + size_of::<String>()));
        envelope.references = references.into();
        envelope
    }

    fn addresses(&mut self, name: &str) -> Option<&mut Vec<Address>> {
        match name {
            "from" => Some(&mut self.from),
            "sender" => Some(&mut self.sender),
            "reply-to" => Some(&mut self.reply_to),
            "to" => Some(&mut self.to),
            "cc" => Some(&mut self.cc),
            "bcc" => Some(&mut self.bcc),
            _ => None,
        }
    }

    fn value(&mut self, name: &str) -> Option<&mut Option<Raw>> {
        match name {
            "date" => Some(&mut self.date),
            "subject" => Some(&mut self.subject),
            "in-reply-to" => Some(&mut self.in_reply_to),
            "message-id" => Some(&mut self.message_id),
            _ => None,
        }
    }
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addresses = [&self.from, &self.sender, &self.reply_to, &self.to, &self.cc, &self.bcc];
        f.debug_struct("Envelope")
            .field("addresses", &addresses.map(Vec::len))
            .field("references", &self.references.len())
            .finish_non_exhaustive()
    }
}

/// The message identifiers in a value: what stands in angle brackets, or, if nothing does, the
/// words that have an `@`.
// RFC 5322 §3.6.4
fn ids(value: &[u8]) -> impl Iterator<Item = String> {
    let bracketed = value.contains(&b'<');
    value
        .split(move |&byte| match bracketed {
            true => byte == b'<',
            false => byte.is_ascii_whitespace() || byte == b',',
        })
        .skip(usize::from(bracketed))
        .filter_map(move |piece| {
            let id: Vec<u8> = piece
                .iter()
                .copied()
                .take_while(|&byte| byte != b'>')
                .filter(|byte| !byte.is_ascii_whitespace())
                .collect();
            let plausible = if bracketed { !id.is_empty() } else { id.contains(&b'@') };
            // RFC 5322 §2.1.1
            (plausible && id.len() <= 998).then(|| String::from_utf8_lossy(&id).into_owned())
        })
}

#[cfg(test)]
mod tests {
    use super::super::limits::Limits;
    use super::*;

    fn read(header: &str) -> Envelope {
        Envelope::read(header.as_bytes(), &mut Budget::new(Limits::default()))
    }

    #[test]
    fn an_envelope_keeps_values_as_they_stand() {
        let envelope = read(
            "Date: Mon, 7 Feb 1994 21:52:25 -0800\r\nSUBJECT: =?utf-8?Q?R=C3=A9?=\r\n =?utf-8?Q?sum?=\r\n\
             From: a@b\r\nTo: c@d\r\nto: e@f\r\nSubject: second\r\nIn-Reply-To:\r\n\
             Message-Id: <x@y>\r\n",
        );
        let subject = envelope.subject.as_ref().unwrap().as_bytes();
        assert_eq!(subject, b"=?utf-8?Q?R=C3=A9?= =?utf-8?Q?sum?=");
        assert_eq!(envelope.to.len(), 2);
        assert_eq!(envelope.in_reply_to, Some(Raw::default()));
        assert_eq!(envelope.bare_message_id().as_deref(), Some("x@y"));
    }

    #[test]
    fn sender_and_reply_to_default_to_from() {
        let envelope = read("From: a@b\r\nReply-To: c@d\r\n");
        assert_eq!(envelope.sender_or_from(), envelope.from);
        assert_eq!(envelope.reply_to_or_from(), envelope.reply_to);
        assert!(envelope.sender.is_empty());
    }

    #[test]
    fn threads_follow_references_then_in_reply_to() {
        let envelope = read(
            "References: <a@x> junk <b\r\n @x> <>\r\nIn-Reply-To: Yours of Monday <c@x> <a@x>\r\n",
        );
        assert_eq!(envelope.references, ["a@x", "b@x"]);
        assert_eq!(envelope.follows(), ["a@x", "b@x", "c@x"]);
        assert_eq!(read("References: a@x b@x nothing\r\n").references, ["a@x", "b@x"]);
    }

    #[test]
    fn of_many_references_the_first_and_the_last_stay() {
        let many: String = (0..500).map(|n| format!(" <{n}@x>\r\n")).collect();
        let references = read(&format!("References:{many}")).references;
        assert_eq!(references.len(), 100);
        assert_eq!(references[..2], ["0@x", "401@x"]);
        assert_eq!(references[99], "499@x");
    }

    #[test]
    fn debug_shows_numbers_only() {
        let shown = format!(
            "{:?}",
            read("Subject: secret\r\nFrom: secret@secret\r\nReferences: <secret@x>\r\n")
        );
        assert!(!shown.contains("secret"), "{shown}");
    }
}
