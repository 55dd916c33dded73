//! What SORT and THREAD say before their search keys.
//!
//! Failure: `None`, and the command is refused.

use super::reader::Reader;

/// Criteria of one SORT.
const MAX_CRITERIA: usize = 16;

/// In which order, or form, what is found is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// As the messages lie in the mailbox.
    Found,
    /// SORT: by the first of these, then by the next.
    // RFC 5256 §3, BASE.6.4.SORT
    Sorted(Vec<Criterion>),
    /// THREAD
    // RFC 5256 §3, BASE.6.4.THREAD
    Threaded(Algorithm),
}

/// What messages are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Criterion {
    /// Whether the last comes first.
    pub reverse: bool,
    /// The value.
    pub key: SortKey,
}

/// A value that messages are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortKey {
    /// ARRIVAL: INTERNALDATE.
    Arrival,
    /// CC: the local part of the first address.
    Cc,
    /// DATE: when it was sent.
    Date,
    /// FROM
    From,
    /// SIZE
    Size,
    /// SUBJECT: without what answers and forwards add.
    Subject,
    /// TO
    To,
}

/// How messages are gathered to threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// ORDEREDSUBJECT
    OrderedSubject,
    /// REFERENCES
    References,
}

/// Criteria in their parentheses.
pub fn criteria(reader: &mut Reader<'_>) -> Option<Vec<Criterion>> {
    let criteria = reader.list(|reader| {
        let mut word = reader.atom()?.to_ascii_uppercase();
        let reverse = word == "REVERSE";
        if reverse {
            reader.space()?;
            word = reader.atom()?.to_ascii_uppercase();
        }
        let key = match word.as_str() {
            "ARRIVAL" => SortKey::Arrival,
            "CC" => SortKey::Cc,
            "DATE" => SortKey::Date,
            "FROM" => SortKey::From,
            "SIZE" => SortKey::Size,
            "SUBJECT" => SortKey::Subject,
            "TO" => SortKey::To,
            _ => return None,
        };
        Some(Criterion { reverse, key })
    })?;
    (1..=MAX_CRITERIA).contains(&criteria.len()).then_some(criteria)
}

/// The name of an algorithm.
pub fn algorithm(reader: &mut Reader<'_>) -> Option<Algorithm> {
    match reader.atom()?.to_ascii_uppercase().as_str() {
        "ORDEREDSUBJECT" => Some(Algorithm::OrderedSubject),
        "REFERENCES" => Some(Algorithm::References),
        _ => None,
    }
}
