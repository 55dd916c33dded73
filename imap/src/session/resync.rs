//! Quick resynchronisation: what happened to a mailbox since a client last saw it.
//!
//! Invariant: every UID that is told as vanished has no message. Expunged UIDs come from the change log; where it does
//! not reach back far enough they are computed: what the client knows and the mailbox has not.
//! Failure: data that cannot be of this mailbox are passed over, as the standard asks.

use imap_types::command::SelectParameter;
use mailstore::{StoreError, View};

use super::answer::Answer;
use super::enabled::Enabled;
use super::selected::{Selected, Shown};
use crate::grammar::set::{Ranges, in_order};

/// Changes read at once.
const CHANGES_AT_ONCE: usize = 500;

/// Changes beyond which comparing is cheaper than reading them.
const MAX_CHANGES: u64 = 20_000;

/// Pairs of sequence number and UID that a client's match data may hold.
const MAX_PAIRS: usize = 10_000;

/// What the client says it knows of a mailbox.
// RFC 7162 §3.2.5
pub(super) struct Known {
    uid_validity: u32,
    mod_seq: u64,
    uids: Option<Ranges>,
    /// Sequence numbers with the UIDs that they had.
    pairs: Vec<(u32, u32)>,
}

impl Known {
    /// Reads the parameters of SELECT and EXAMINE, and switches on what they ask for.
    pub(super) fn read(
        parameters: &[SelectParameter],
        enabled: &mut Enabled,
    ) -> Result<Option<Self>, Answer> {
        let mut known = None;
        for parameter in parameters {
            match parameter {
                // RFC 7162 §3.1.8
                SelectParameter::CondStore => enabled.condstore = true,
                // RFC 7162 §3.2.5
                SelectParameter::QResync { .. } if !enabled.qresync => {
                    return Err(Answer::bad("ENABLE QRESYNC comes first"));
                }
                SelectParameter::QResync { .. } if known.is_some() => {
                    return Err(Answer::bad("A parameter stands twice"));
                }
                SelectParameter::QResync {
                    uid_validity,
                    mod_sequence_value,
                    known_uids,
                    seq_match_data,
                } => {
                    let pairs = seq_match_data.as_ref().map(|(numbers, uids)| {
                        let each = |set| in_order(set, 0).flat_map(|(first, last)| first..=last);
                        each(numbers).zip(each(uids)).take(MAX_PAIRS).collect()
                    });
                    known = Some(Self {
                        uid_validity: uid_validity.get(),
                        mod_seq: mod_sequence_value.get(),
                        uids: known_uids.as_ref().map(|set| Ranges::of(set, 0)),
                        pairs: pairs.unwrap_or_default(),
                    });
                }
            }
        }
        Ok(known)
    }
}

/// Tells what vanished and what changed since the client last saw the mailbox.
// RFC 7162 §3.2.5.1
pub(super) fn tell(
    view: &View<'_>,
    selected: &Selected,
    known: &Known,
    out: &mut Vec<u8>,
) -> Result<(), StoreError> {
    let mailbox = view.mailbox(selected.mailbox)?;
    if mailbox.uid_validity != known.uid_validity {
        return Ok(());
    }
    let uids = known.uids.clone().unwrap_or_else(|| Ranges::new(vec![(1, u32::MAX)]));
    tell_vanished(view, selected, &uids, known.mod_seq, &known.pairs, out)?;
    let flags = view.flags(selected.mailbox, 0, u32::MAX)?;
    for one in flags.iter().filter(|one| one.mod_seq > known.mod_seq && uids.contain(one.uid)) {
        selected.tell_flags(&mailbox, *one, Shown::ALL, out);
    }
    Ok(())
}

/// VANISHED (EARLIER), if any of these UIDs vanished after `since`.
// RFC 7162 §3.2.10.1
pub(super) fn tell_vanished(
    view: &View<'_>,
    selected: &Selected,
    uids: &Ranges,
    since: u64,
    pairs: &[(u32, u32)],
    out: &mut Vec<u8>,
) -> Result<(), StoreError> {
    let vanished = vanished(view, selected, uids, since, pairs)?;
    if !vanished.is_empty() {
        out.extend_from_slice(format!("* VANISHED (EARLIER) {vanished}\r\n").as_bytes());
    }
    Ok(())
}

fn vanished(
    view: &View<'_>,
    selected: &Selected,
    uids: &Ranges,
    since: u64,
    pairs: &[(u32, u32)],
) -> Result<Ranges, StoreError> {
    let counters = view.counters()?;
    if since < counters.floor || counters.mod_seq.saturating_sub(since) > MAX_CHANGES {
        // RFC 7162 §5: the history is forgotten. What the client's pairs prove unchanged is left out.
        let place = |number: u32| usize::try_from(number).ok()?.checked_sub(1);
        let unchanged = |(number, uid): &&(u32, u32)| {
            place(*number).and_then(|at| selected.uids.get(at)).is_some_and(|there| there == uid)
        };
        let proven = pairs.iter().rev().find(unchanged).map_or(0, |(_, uid)| *uid);
        let last = view.mailbox_state(selected.mailbox)?.uid_next.saturating_sub(1);
        let possible = Ranges::new(match proven.checked_add(1).filter(|first| *first <= last) {
            Some(first) => vec![(first, last)],
            None => Vec::new(),
        });
        return Ok(uids.and(&possible).without(&selected.uids));
    }
    let (mut removed, mut since) = (Vec::new(), since);
    loop {
        let changes = view.changes(since, CHANGES_AT_ONCE)?;
        let Some((newest, _)) = changes.last() else { break };
        since = *newest;
        for (_, change) in &changes {
            let here = change.removed.iter().filter(|removed| removed.mailbox == selected.mailbox);
            removed.extend(here.flat_map(|removed| removed.uids.ranges()).copied());
        }
    }
    Ok(Ranges::new(removed).and(uids))
}
