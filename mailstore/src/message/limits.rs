//! How much of a message is looked at and kept.
//!
//! Nothing here makes a message fail: beyond a limit the scanner keeps less and says so by
//! what it yields (a leaf instead of a tree, a shorter list, an absent value).

use super::raw::Raw;

/// Levels of multiparts and messages within one another; deeper is an opaque leaf. No clause
/// sets it; a hundred is what IMAP servers in use allow, and small enough for recursion.
pub const MAX_DEPTH: usize = 100;

/// Parts of one message, containers included; what comes after is not listed. As for the depth.
pub const MAX_PARTS: usize = 10_000;

/// Bytes of one header section that are read; whole fields beyond are skipped. RFC 5322 sets no
/// limit; 64 KiB holds a thousand recipients.
pub const MAX_HEADER_BYTES: usize = 64 * 1024;

/// Bytes of one value (subject, identifier, parameter); the rest is cut off. RFC 5322 §2.1.1
/// bounds a line to 998, a value may be folded over some lines.
pub const MAX_VALUE_BYTES: usize = 8 * 1024;

/// Bytes of a boundary. RFC 2046 §5.1.1 allows 70; senders pass it, no line may pass 998.
pub const MAX_BOUNDARY_BYTES: usize = 994;

/// Parameters of one field. RFC 2231 continuations cut a name into some ten.
pub const MAX_PARAMS: usize = 64;

/// Addresses of one envelope field, group markers included.
pub const MAX_ADDRESSES: usize = 1_000;

/// Message identifiers of a thread: the first, then the last ones. RFC 5537 §3.4.4 trims so.
pub const MAX_REFERENCES: usize = 100;

/// Languages of one part. RFC 3282 sets no limit.
pub const MAX_LANGUAGES: usize = 16;

/// Bytes of a media type and subtype that every part may have; longer ones are paid out of
/// [`MAX_TEXT_BYTES`].
pub const FREE_TYPE_BYTES: usize = 32;

/// Bytes of all values of a digest together, the overhead of keeping them included.
pub const MAX_TEXT_BYTES: usize = 1024 * 1024;

/// The limits of one scan; `default()` is the set of constants of this file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// [`MAX_DEPTH`]; a larger value is taken as it.
    pub depth: usize,
    /// [`MAX_PARTS`].
    pub parts: usize,
    /// [`MAX_HEADER_BYTES`].
    pub header_bytes: usize,
    /// [`MAX_VALUE_BYTES`].
    pub value_bytes: usize,
    /// [`MAX_PARAMS`].
    pub params: usize,
    /// [`MAX_ADDRESSES`].
    pub addresses: usize,
    /// [`MAX_REFERENCES`].
    pub references: usize,
    /// [`MAX_TEXT_BYTES`].
    pub text_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: MAX_DEPTH,
            parts: MAX_PARTS,
            header_bytes: MAX_HEADER_BYTES,
            value_bytes: MAX_VALUE_BYTES,
            params: MAX_PARAMS,
            addresses: MAX_ADDRESSES,
            references: MAX_REFERENCES,
            text_bytes: MAX_TEXT_BYTES,
        }
    }
}

/// What is left of [`Limits::text_bytes`] while a message is scanned.
#[derive(Debug)]
pub(super) struct Budget {
    limits: Limits,
    left: usize,
}

impl Budget {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, left: limits.text_bytes }
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Takes `bytes`, or nothing when they are not left.
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }

    /// The value unfolded, cut and paid for.
    pub(super) fn raw(&mut self, value: &[u8]) -> Option<Raw> {
        let raw = Raw::unfold(value, self.limits.value_bytes);
        self.take(raw.len() + size_of::<Raw>()).then_some(raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_pays_until_it_is_spent_and_cuts_long_values() {
        let mut budget = Budget::new(Limits {
            value_bytes: 4,
            text_bytes: 2 * (size_of::<Raw>() + 4),
            ..Limits::default()
        });
        assert_eq!(budget.raw(b"abcdef").unwrap().as_bytes(), b"abcd");
        assert_eq!(budget.raw(b"abcd").unwrap().as_bytes(), b"abcd");
        assert_eq!(budget.raw(b""), None);
    }
}
