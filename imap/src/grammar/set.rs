//! Sets of sequence numbers and UIDs.
//!
//! Invariants: resolved ranges are in order and apart; how many there are is bounded by the command's length. Failure: a set that is not well-formed is refused.

use imap_types::sequence::{SeqOrUid, Sequence, SequenceSet};

/// A set of numbers, `*` being known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ranges(Vec<(u32, u32)>);

impl Ranges {
    /// These ranges, in whatever order they are.
    #[must_use]
    pub fn new(mut ranges: Vec<(u32, u32)>) -> Self {
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
    pub fn of(set: &SequenceSet, last: u32) -> Self {
        Self::new(in_order(set, last).collect())
    }

    /// The set as it stands; `*` is `last`.
    #[must_use]
    pub fn read(text: &str, last: u32) -> Self {
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
    pub fn contain(&self, number: u32) -> bool {
        let at = self.0.partition_point(|(first, _)| *first <= number);
        at.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|(_, last)| *last >= number)
    }

    /// The highest number.
    #[must_use]
    pub fn highest(&self) -> u32 {
        self.0.last().map_or(0, |(_, last)| *last)
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The ranges, first and last.
    #[must_use]
    pub fn ranges(&self) -> &[(u32, u32)] {
        &self.0
    }

    /// What is in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let (mut ours, mut theirs) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut both = Vec::new();
        while let (Some((a, b)), Some((c, d))) = (ours.peek(), theirs.peek()) {
            let (first, last) = (*a.max(c), *b.min(d));
            if first <= last {
                both.push((first, last));
            }
            if b < d {
                ours.next()
            } else {
                theirs.next()
            };
        }
        Self(both)
    }

    /// What is not among these numbers, which are in order.
    #[must_use]
    pub fn without(&self, numbers: &[u32]) -> Self {
        let mut left = Vec::new();
        for (first, last) in &self.0 {
            let mut from = Some(*first);
            let inside = numbers.get(numbers.partition_point(|one| one < first)..);
            for one in inside.unwrap_or_default().iter().take_while(|one| *one <= last) {
                if let Some(from) = from.filter(|from| from < one) {
                    left.push((from, one - 1));
                }
                from = one.checked_add(1);
            }
            left.extend(from.filter(|from| from <= last).map(|from| (from, *last)));
        }
        Self(left)
    }
}

impl std::fmt::Display for Ranges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, (first, last)) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            match first == last {
                true => write!(f, "{comma}{first}")?,
                false => write!(f, "{comma}{first}:{last}")?,
            }
        }
        Ok(())
    }
}

/// The ranges of a set in the order in which it names them; `*` is `last`.
pub fn in_order(set: &SequenceSet, last: u32) -> impl Iterator<Item = (u32, u32)> + '_ {
    let number = move |one: &SeqOrUid| match one {
        SeqOrUid::Value(value) => value.get(),
        SeqOrUid::Asterisk => last,
    };
    set.0.as_ref().iter().map(move |sequence| match sequence {
        Sequence::Single(one) => (number(one), number(one)),
        // RFC 3501 §9, seq-range: in either order.
        Sequence::Range(a, b) => (number(a).min(number(b)), number(a).max(number(b))),
    })
}
/// Whether a text is a set.
// RFC 3501 §9, sequence-set
#[must_use]
pub fn is_well_formed(text: &str) -> bool {
    let number = |text: &str| text == "*" || text.parse::<u32>().is_ok_and(|number| number > 0);
    text.split(',').all(|part| match part.split_once(':') {
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

    #[test]
    fn sets_are_compared() {
        let set = |text| Ranges::read(text, 0);
        assert_eq!(set("1:10,20:30").and(&set("5:22,30:40")), set("5:10,20:22,30"));
        assert_eq!(set("1:5").and(&set("6:9")), Ranges::default());
        assert_eq!(set("1:10,20").without(&[1, 3, 4, 10, 15, 20]), set("2,5:9"));
        assert_eq!(set("4294967290:4294967295").without(&[u32::MAX]), set("4294967290:4294967294"));
        assert_eq!(set("9,1:3").to_string(), "1:3,9");
    }
}
