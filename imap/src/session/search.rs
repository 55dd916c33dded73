//! SEARCH, SORT and THREAD, step by step: some messages at a time, so that other sessions get their turn and the client learns how far
//! it is.
//!
//! Failure: a message that is gone matches nothing; a damaged body is passed over, and the command ends with NO.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use mailstore::StoreError;
use mailstore::model::flags::UidFlags;
use tokio::time::Instant;

use super::answer::Answer;
use super::candidate::Candidate;
use super::narrow::Scope;
use super::open::{Open, Outcome, none_selected};
use super::section::is_damage;
use super::selected::Selected;
use super::sort::{self, Value};
use super::thread::Threading;
use crate::encode;
use crate::grammar::search::{Charset, Key, Returns, Search};
use crate::grammar::sort::{Criterion, Order};

/// Messages of one step.
const STEP: usize = 256;

/// Octets of bodies that one step opens.
const STEP_OCTETS: u64 = 256 * 1024;

/// Messages of one SORT, whose values are held until all are known.
const MAX_SORTED: usize = 250_000;

/// How often a client that waits learns how far it is.
// RFC 9585 §3
const TELL_AFTER: Duration = Duration::from_secs(10);

/// A message that matches.
struct Hit {
    uid: u32,
    mod_seq: u64,
    /// What it is sorted by.
    values: Vec<Value>,
}

/// What becomes of the messages that match.
enum Form {
    Found,
    Sorted(Vec<Criterion>),
    Threaded(Threading),
}

/// A SEARCH under way.
pub(super) struct Job {
    pub(super) tag: String,
    pub(super) uid: bool,
    returns: Option<Returns>,
    form: Form,
    keys: Vec<Key>,
    /// Whether the highest modification sequence is told.
    // RFC 7162 §3.1.5
    tells_mod_seq: bool,
    /// What `$` is in its keys.
    saved: Arc<BTreeSet<u32>>,
    scope: Scope,
    /// UIDs up to here are done.
    done: u32,
    found: Vec<Hit>,
    damaged: bool,
    told: Instant,
}

/// How a step ended.
pub(super) enum Step {
    /// There is more to do.
    More,
    /// There is more to do, and something to tell at once.
    Tell,
    /// All is written; the answer.
    Done(Answer),
}

impl Open {
    // RFC 3501 §6.4.4, RFC 4731 §3
    pub(super) fn search(&mut self, tag: &str, search: Search) -> Outcome {
        let Some(selected) = &mut self.selected else { return none_selected().into() };
        let Search { uid, mut returns, charset, order, keys } = search;
        let finds = order == Order::Found;
        // RFC 6855 §3
        if finds && charset.is_some() && self.enabled.utf8 && !self.enabled.rev2 {
            return Answer::bad("With UTF8=ACCEPT no character set is named").into();
        }
        if charset == Some(Charset::Unknown) {
            if returns.is_some_and(|returns| returns.save) {
                selected.saved.clear();
            }
            let answer = "[BADCHARSET (UTF-8 US-ASCII)] This character set is not known";
            return Answer::no(answer).into();
        }
        if finds && self.enabled.rev2 {
            // RFC 9051 §6.4.4
            returns.get_or_insert(Returns { all: true, ..Returns::default() });
        }
        let tells_mod_seq = keys.iter().any(Key::is_of_mod_seq);
        // RFC 7162 §3.1
        self.enabled.condstore |= tells_mod_seq;
        let ends = (selected.last(false), selected.last(true));
        Outcome::Searching(Box::new(Job {
            tag: tag.to_owned(),
            uid,
            returns,
            form: match order {
                Order::Found => Form::Found,
                Order::Sorted(criteria) => Form::Sorted(criteria),
                Order::Threaded(algorithm) => Form::Threaded(Threading::new(algorithm)),
            },
            keys: keys.into_iter().map(|key| key.resolve(ends)).collect(),
            tells_mod_seq,
            saved: Arc::new(selected.saved.iter().copied().collect()),
            scope: Scope::Unknown,
            done: 0,
            found: Vec::new(),
            damaged: false,
            told: Instant::now(),
        }))
    }

    /// Looks at some more messages.
    pub(super) fn search_step(&mut self, job: &mut Job, out: &mut Vec<u8>) -> Step {
        let more = match self.look_on(job) {
            Ok(more) => more,
            Err(error) => {
                if let (Some(Returns { save: true, .. }), Some(selected)) =
                    (job.returns, &mut self.selected)
                {
                    // RFC 5182 §2.1
                    selected.saved.clear();
                }
                return Step::Done(error.into());
            }
        };
        let Some(selected) = &mut self.selected else { return Step::Done(none_selected()) };
        if more && job.told.elapsed() >= TELL_AFTER {
            job.told = Instant::now();
            job.tell_progress(selected, out);
            return Step::Tell;
        }
        match more {
            true => Step::More,
            false => Step::Done(job.answer(selected, out)),
        }
    }

    /// Whether there is more to look at.
    fn look_on(&self, job: &mut Job) -> Result<bool, StoreError> {
        let Some(selected) = &self.selected else { return Ok(false) };
        let view = self.view()?;
        if matches!(job.scope, Scope::Unknown) {
            job.scope = Scope::of(&*self.texts, &view, selected.mailbox, &job.keys)?;
        }
        let (uids, sparse) = match &job.scope {
            Scope::Only(uids) => (uids.as_slice(), true),
            _ => (selected.uids.as_slice(), false),
        };
        let from = uids.partition_point(|uid| *uid <= job.done);
        let rest = uids.get(from..).unwrap_or_default();
        let some = rest.get(..STEP).unwrap_or(rest);
        let (Some(first), Some(last)) = (some.first(), some.last()) else { return Ok(false) };
        let (more, last) = (some.len() < rest.len(), *last);
        let mailbox = view.mailbox(selected.mailbox)?;
        // Where no key passes messages over by their flags, all are read, and so together.
        let placements = match !sparse && job.keys.iter().all(Key::reads_message) {
            true => view.placements(selected.mailbox, *first, last, usize::MAX)?,
            false => Vec::new(),
        };
        let (mut opened, saved) = (0, job.saved.clone());
        let flags = match sparse {
            true => some.iter().map(|uid| view.flags(selected.mailbox, *uid, *uid)).collect(),
            false => view.flags(selected.mailbox, *first, last).map(|flags| vec![flags]),
        };
        for one in flags?.into_iter().flatten() {
            if opened >= STEP_OCTETS {
                return Ok(true);
            }
            job.done = one.uid;
            let Some(number) = selected.number(one.uid) else { continue };
            let at = placements.binary_search_by_key(&one.uid, |(uid, _)| *uid);
            let placed = at.ok().and_then(|at| placements.get(at)).map(|(_, placed)| *placed);
            let mut candidate = Candidate::new(
                (&self.store, &*self.texts),
                &view,
                selected,
                &mailbox,
                &saved,
                (number, one),
                placed,
            );
            let fits = job.keys.iter().try_fold(true, |so, key| Ok(so && candidate.fits(key)?));
            let found = match fits {
                Ok(true) => job.take(&mut candidate, number, one),
                fits => fits.map(drop),
            };
            match found {
                Ok(()) | Err(StoreError::NoSuchMessage | StoreError::NoSuchBody) => {}
                Err(error) if is_damage(&error) => job.damaged = true,
                Err(error) => return Err(error),
            }
            opened += candidate.opened();
        }
        job.done = last;
        Ok(more)
    }
}

impl Job {
    // RFC 9585 §4
    fn tell_progress(&self, selected: &Selected, out: &mut Vec<u8>) {
        out.extend_from_slice(b"* OK [INPROGRESS (");
        encode::string(out, self.tag.as_bytes());
        let done = selected.uids.partition_point(|uid| *uid <= self.done);
        let all = selected.uids.len();
        out.extend_from_slice(format!(" {done} {all})] Searching\r\n").as_bytes());
    }

    /// Takes in a message that matches.
    fn take(
        &mut self,
        candidate: &mut Candidate<'_>,
        number: u32,
        one: UidFlags,
    ) -> Result<(), StoreError> {
        let values = match &mut self.form {
            Form::Found => Vec::new(),
            Form::Sorted(_) if self.found.len() >= MAX_SORTED => {
                return Err(StoreError::Limit("messages of one SORT"));
            }
            Form::Sorted(criteria) => sort::values(candidate, criteria)?,
            Form::Threaded(threading) => {
                return threading.add(candidate, if self.uid { one.uid } else { number });
            }
        };
        self.found.push(Hit { uid: one.uid, mod_seq: one.mod_seq, values });
        Ok(())
    }

    /// Writes the response.
    fn answer(&mut self, selected: &mut Selected, out: &mut Vec<u8>) -> Answer {
        if let Some(returns) = self.returns.filter(|returns| returns.save) {
            selected.saved = saved(&self.found, returns);
        }
        let name = match std::mem::replace(&mut self.form, Form::Found) {
            Form::Found => "SEARCH",
            Form::Sorted(criteria) => {
                let by =
                    |one: &Hit, other: &Hit| sort::compare(&criteria, &one.values, &other.values);
                self.found.sort_by(by);
                "SORT"
            }
            Form::Threaded(threading) => {
                threading.write(out);
                return self.done("THREAD");
            }
        };
        let number = |hit: &Hit| match self.uid {
            true => Some(hit.uid),
            false => selected.number(hit.uid),
        };
        let numbers: Vec<u32> = self.found.iter().filter_map(number).collect();
        match self.returns {
            // RFC 5182 §2.1: SAVE alone has no response.
            Some(returns) if returns == (Returns { save: true, ..Returns::default() }) => {}
            Some(returns) => self.extended(returns, &numbers, out),
            None => {
                out.extend_from_slice(format!("* {name}").as_bytes());
                for number in numbers {
                    out.extend_from_slice(format!(" {number}").as_bytes());
                }
                // RFC 7162 §3.1.5, §3.1.6
                let highest = self.found.iter().map(|hit| hit.mod_seq).max();
                if let Some(highest) = highest.filter(|_| self.tells_mod_seq) {
                    out.extend_from_slice(format!(" (MODSEQ {highest})").as_bytes());
                }
                out.extend_from_slice(b"\r\n");
            }
        }
        self.done(name)
    }

    fn done(&self, name: &str) -> Answer {
        match self.damaged {
            // RFC 5530 §3
            true => Answer::no("[CONTACTADMIN] A message is damaged; the others were searched"),
            false => Answer::ok(format!("{name} done")),
        }
    }

    // RFC 4731 §3.1
    fn extended(&self, returns: Returns, numbers: &[u32], out: &mut Vec<u8>) {
        out.extend_from_slice(b"* ESEARCH (TAG ");
        encode::string(out, self.tag.as_bytes());
        out.push(b')');
        if self.uid {
            out.extend_from_slice(b" UID");
        }
        if let (Some(min), Some(max)) = (numbers.first(), numbers.last()) {
            if returns.min {
                out.extend_from_slice(format!(" MIN {min}").as_bytes());
            }
            if returns.max {
                out.extend_from_slice(format!(" MAX {max}").as_bytes());
            }
            if returns.all {
                out.extend_from_slice(format!(" ALL {}", encode::set(numbers)).as_bytes());
            }
        }
        if returns.count {
            out.extend_from_slice(format!(" COUNT {}", numbers.len()).as_bytes());
        }
        if let Some(mod_seq) = self.mod_seq_of(returns).filter(|_| self.tells_mod_seq) {
            out.extend_from_slice(format!(" MODSEQ {mod_seq}").as_bytes());
        }
        out.extend_from_slice(b"\r\n");
    }

    /// The highest modification sequence of what is returned.
    // RFC 7162 §3.1.10
    fn mod_seq_of(&self, returns: Returns) -> Option<u64> {
        if returns.all || returns.count || !(returns.min || returns.max) {
            return self.found.iter().map(|hit| hit.mod_seq).max();
        }
        let first = self.found.first().filter(|_| returns.min);
        let last = self.found.last().filter(|_| returns.max);
        first.into_iter().chain(last).map(|hit| hit.mod_seq).max()
    }
}

/// What `$` stands for from now on.
// RFC 5182 §2.4
fn saved(found: &[Hit], returns: Returns) -> Vec<u32> {
    if returns.all || returns.count || !(returns.min || returns.max) {
        return found.iter().map(|hit| hit.uid).collect();
    }
    let first = found.first().filter(|_| returns.min);
    let last = found.last().filter(|_| returns.max);
    let mut saved: Vec<u32> = first.into_iter().chain(last).map(|hit| hit.uid).collect();
    saved.dedup();
    saved
}
