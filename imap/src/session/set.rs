//! Sets of sequence numbers and UIDs.
//!
//! Invariant: resolved ranges are in order and apart. Failure: a set that is not well-formed is refused.

use imap_types::sequence::{SeqOrUid, Sequence, SequenceSet};

/// Ranges of one set of a SEARCH, which resolves it for each message; others are bounded by the command's length.
const MAX_RANGES: usize = 32 * 1024;

/// A set of numbers, `*` being known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ranges(Vec<(u32, u32)>);

impl Ranges {
    fn new(mut ranges: Vec<(u32, u32)>) -> Self {
        ranges.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::new();
        for (first, last) in ranges {
            match merged.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
                _ => merged.push((first, last)),
            }
        }
        Self(merged)
    }

    /// The set as imap-codec read it; `*` is `last`.
    #[must_use]
    pub(crate) fn of(set: &SequenceSet, last: u32) -> Self {
        let number = |one: &SeqOrUid| match one {
            SeqOrUid::Value(value) => value.get(),
            SeqOrUid::Asterisk => last,
        };
        let ranges = set.0.as_ref().iter().map(|sequence| match sequence {
            Sequence::Single(one) => (number(one), number(one)),
            // RFC 3501 §9, seq-range: in either order.
            Sequence::Range(a, b) => (number(a).min(number(b)), number(a).max(number(b))),
        });
        Self::new(ranges.collect())
    }

    /// The set as it stands; `*` is `last`.
    #[must_use]
    pub(crate) fn read(text: &str, last: u32) -> Self {
        let number = |text: &str| if text == "*" { Some(last) } else { text.parse().ok() };
        let range = |part: &str| {
            let (a, b) = part.split_once(':').unwrap_or((part, part));
            let (a, b) = (number(a)?, number(b)?);
            Some((a.min(b), a.max(b)))
        };
        Self::new(text.split(',').filter_map(range).collect())
    }

    /// Whether a number is in it.
    #[must_use]
    pub(crate) fn contain(&self, number: u32) -> bool {
        let at = self.0.partition_point(|(first, _)| *first <= number);
        at.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|(_, last)| *last >= number)
    }

    /// The highest number.
    #[must_use]
    pub(crate) fn highest(&self) -> u32 {
        self.0.last().map_or(0, |(_, last)| *last)
    }
}

/// Whether a text is a set.
// RFC 3501 §9, sequence-set
#[must_use]
pub(crate) fn is_well_formed(text: &str) -> bool {
    let number = |text: &str| text == "*" || text.parse::<u32>().is_ok_and(|number| number > 0);
    text.split(',').count() <= MAX_RANGES
        && text.split(',').all(|part| match part.split_once(':') {
            Some((a, b)) => number(a) && number(b),
            None => number(part),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_resolved() {
        let ranges = Ranges::read("5:3,10:*,1", 8);
        assert_eq!(ranges.0, [(1, 1), (3, 5), (8, 10)]);
        for (number, is) in [(0, false), (1, true), (2, false), (4, true), (9, true), (11, false)] {
            assert_eq!(ranges.contain(number), is, "{number}");
        }
        for wrong in ["", "0", "1,", "a", "1:", "1:2:3", "4294967296"] {
            assert!(!is_well_formed(wrong), "{wrong}");
        }
        assert!(is_well_formed("1:*,4"));
    }
}
