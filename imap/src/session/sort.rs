//! SORT: what messages are sorted by.
//!
//! Invariant: messages that are equal stay in the order of the mailbox. Failure: a value that a message lacks is the
//! empty one.

use std::cmp::Ordering;

use mailstore::StoreError;
use mailstore::message::{Address, Raw};

use super::candidate::Candidate;
use super::subject::{BaseSubject, folded};
use crate::grammar::sort::{Criterion, SortKey};

/// A value that messages are sorted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    Number(i64),
    Text(String),
}

/// The values of a message.
// RFC 5256 §3
pub(super) fn values(
    candidate: &mut Candidate<'_>,
    criteria: &[Criterion],
) -> Result<Vec<Value>, StoreError> {
    criteria.iter().map(|criterion| value(candidate, criterion.key)).collect()
}

fn value(candidate: &mut Candidate<'_>, key: SortKey) -> Result<Value, StoreError> {
    Ok(match key {
        SortKey::Arrival => Value::Number(candidate.placement()?.internal_date),
        SortKey::Size => {
            Value::Number(i64::try_from(candidate.placement()?.size).unwrap_or(i64::MAX))
        }
        SortKey::Date => Value::Number(sent_date(candidate)?),
        SortKey::Subject => Value::Text(base_subject(candidate)?.text),
        SortKey::From => Value::Text(first(&candidate.message()?.envelope.from)),
        SortKey::To => Value::Text(first(&candidate.message()?.envelope.to)),
        SortKey::Cc => Value::Text(first(&candidate.message()?.envelope.cc)),
    })
}

/// When a message was sent; when it came, where its Date field does not say.
// RFC 5256 §2.2
pub(super) fn sent_date(candidate: &mut Candidate<'_>) -> Result<i64, StoreError> {
    match candidate.message()?.sent {
        Some(sent) => Ok(sent),
        None => Ok(candidate.placement()?.internal_date),
    }
}

pub(super) fn base_subject(candidate: &mut Candidate<'_>) -> Result<BaseSubject, StoreError> {
    let subject = candidate.message()?.envelope.subject.as_ref().map(Raw::decode);
    Ok(BaseSubject::of(&subject.unwrap_or_default()))
}

/// The local part of the first address.
fn first(addresses: &[Address]) -> String {
    let mailbox = addresses.iter().find_map(|address| match address {
        Address::Mailbox { mailbox, .. } => Some(mailbox.decode()),
        Address::GroupStart(_) | Address::GroupEnd => None,
    });
    folded(&mailbox.unwrap_or_default())
}

/// Which of two messages comes first.
pub(super) fn compare(criteria: &[Criterion], one: &[Value], other: &[Value]) -> Ordering {
    let by = criteria.iter().zip(one.iter().zip(other));
    by.map(|(criterion, (one, other))| match criterion.reverse {
        true => other.cmp(one),
        false => one.cmp(other),
    })
    .find(|order| order.is_ne())
    .unwrap_or(Ordering::Equal)
}
