//! One attempt at one entry: its recipients by domain, several operators at a time, and what became of them.
//!
//! Invariants: who has the message is written back, with what the sender is told of it, while others are still tried,
//! so that a process that ends midway sends to nobody twice whose operator has answered. Who refused stays in the
//! entry until the end and is told of in one report. Who was not tried, because there was no place, has had no attempt.
//! Failure: an error of the store; the entry stays as it was last written.

use domain::{MailDomain, MailboxKind, Verdict};
use jiff::{SignedDuration, Timestamp};
use mailstore::{StoreError, View};
use post::queue::{self, Entry, Report, Settlement, Waiting};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::task::JoinSet;

use super::Relay;
use super::jobs::{Job, Next};
use super::places::{NoPlace, Place};
use super::reports::is_lost;
use super::sending::{Letter, Told, recipient_of};
use crate::client::{
    Attempts, Event, MAX_RECIPIENTS, Outcome, Plan, Problem, Reader, Reason, RecipientReport,
};

/// How much longer than others a recipient is kept whose operator was never free to be tried.
const GRACE: SignedDuration = SignedDuration::from_hours(24);

/// Operators to which one message goes at the same time.
const OPERATORS: usize = 8;

struct Attempt<'a> {
    relay: &'a Relay,
    job: Job,
    /// With this attempt counted, without its recipients.
    entry: Entry,
    letter: Letter,
    reader: Reader,
    /// Of whom the sender hears that they have it.
    taken: Vec<RecipientReport>,
    /// Of whom the sender hears that they will not.
    failed: Vec<(Waiting, RecipientReport)>,
    waiting: Vec<Deferred>,
    /// Who is not this attempt's concern.
    others: Vec<Waiting>,
    tried: bool,
    /// Why an administrator has given the entry up.
    given_up: Option<String>,
}

/// A recipient who is tried again.
struct Deferred {
    recipient: Waiting,
    problem: Problem,
    /// Why it was not tried this time.
    no_place: Option<NoPlace>,
}

impl Relay {
    /// One attempt; with a place, at that operator only.
    pub(super) async fn attempt(
        &self,
        job: Job,
        mut place: Option<Place>,
    ) -> Result<Next, StoreError> {
        let Some((mut attempt, recipients)) = Attempt::open(self, job)? else {
            let _cleared = self.parts.post.clear_due(job.account, job.was_due, job.id).await?;
            return Ok(Next::Done);
        };
        if let Some(reason) = attempt.given_up.take() {
            for recipient in recipients {
                let detail = Some(reason.clone());
                let problem = Problem { detail, ..Problem::new(Reason::GivenUp) };
                attempt.fails(recipient, problem, None);
            }
            return attempt.settle().await;
        }
        let concerns = |to: &Waiting| place.as_ref().is_none_or(|at| at.is_at(to.address.domain()));
        let (recipients, others) = recipients.into_iter().partition(concerns);
        attempt.others = others;
        let mut rest = by_domain(recipients);
        let (mut under_way, mut asked) = (JoinSet::new(), BTreeMap::new());
        loop {
            while under_way.len() < OPERATORS
                && let Some((domain, recipients)) = rest.pop_first()
            {
                let there = place.take_if(|place| place.is_at(&domain));
                let letter = attempt.letter.clone();
                under_way.spawn(letter.send(domain.clone(), recipients.clone(), there));
                asked.insert(domain, recipients);
            }
            let Some(done) = under_way.join_next().await else { break };
            let (domain, told) = done.map_err(|error| StoreError::Unavailable(Arc::new(error)))?;
            let mut recipients = asked.remove(&domain).unwrap_or_default();
            let mut reached = false;
            for told in told {
                let later = recipients.split_off(recipients.len().min(MAX_RECIPIENTS));
                reached |= attempt.learn(recipients, told).await;
                recipients = later;
            }
            if reached && !(asked.is_empty() && rest.is_empty()) {
                let rest = asked.values().chain(rest.values()).flatten().cloned().collect();
                attempt.settle_between(rest).await?;
            }
        }
        attempt.settle().await
    }

    fn plan(&self, entry: &Entry, now: Timestamp) -> Plan {
        let attempts = Attempts {
            accepted_at: accepted_at(entry),
            made: entry.attempts,
            delay_reported: entry.delay_reported,
        };
        self.parts.schedule.plan(attempts, now, self.random())
    }

    /// Whether a recipient is given up; one that was not even tried has a while longer.
    fn gives_up(&self, entry: &Entry, untried: bool) -> bool {
        let now = self.parts.clock.now();
        let last = self.parts.schedule.gives_up_at(accepted_at(entry)).saturating_add(GRACE);
        self.plan(entry, now) == Plan::GiveUp && (!untried || last.is_ok_and(|last| now >= last))
    }

    /// What the sender is told of a recipient.
    pub(super) fn report_of(
        &self,
        to: &Waiting,
        event: Event,
        host: Option<String>,
    ) -> RecipientReport {
        RecipientReport {
            recipient: recipient_of(to),
            label: None,
            event,
            remote_mta: host,
            last_attempt: Some(self.parts.clock.now()),
        }
    }
}

impl<'a> Attempt<'a> {
    /// Reads the entry, unless it is gone or held.
    fn open(relay: &'a Relay, job: Job) -> Result<Option<(Self, Vec<Waiting>)>, StoreError> {
        let view = relay.parts.post.store().view(job.account)?;
        let Some(mut entry) = queue::entry(&view, job.id)? else { return Ok(None) };
        let given_up = match queue::mark(&view, job.id)? {
            Some(queue::Mark::Held { .. }) => return Ok(None),
            Some(queue::Mark::GivenUp { reason, .. }) => Some(reason),
            None => None,
        };
        let body = relay.body(&view, entry.body)?.map(Arc::new);
        let reader = reader_of(&view)?;
        entry.attempts = entry.attempts.saturating_add(1);
        let recipients = std::mem::take(&mut entry.recipients);
        let letter = Letter { relay: relay.clone(), entry: Arc::new(entry.clone()), body };
        let (taken, failed, waiting, others) = Default::default();
        let tried = false;
        let attempt = Self {
            relay,
            job,
            entry,
            letter,
            reader,
            taken,
            failed,
            waiting,
            others,
            tried,
            given_up,
        };
        Ok(Some((attempt, recipients)))
    }

    /// Sorts what became of a portion; whether anybody has the message now.
    async fn learn(&mut self, recipients: Vec<Waiting>, told: Result<Vec<Told>, NoPlace>) -> bool {
        self.tried |= told.is_ok();
        let no_place = told.as_ref().err().copied();
        let told = told.unwrap_or_else(|_| {
            let resting = Problem::new(Reason::Verdict(Verdict::PeerUnreachable)).outcome();
            Told::all(recipients.len(), &resting, None)
        });
        let unavailable = |told: &Told| {
            told.outcome.problem().is_some_and(|of| of.reason == Reason::BodyUnavailable)
        };
        let is_lost = told.iter().any(unavailable) && is_lost(self.letter.body.clone()).await;
        let mut reached = false;
        for (mut recipient, told) in recipients.into_iter().zip(told) {
            let Told { outcome, host, peer_reports } = told;
            match outcome {
                Outcome::Stored => {
                    reached = true;
                    self.taken.push(self.relay.report_of(&recipient, Event::Delivered, None));
                }
                Outcome::Delivered { reply } => {
                    reached = true;
                    if !peer_reports {
                        let event = Event::Relayed { reply };
                        self.taken.push(self.relay.report_of(&recipient, event, host));
                    }
                }
                Outcome::Refused(problem) => self.fails(recipient, problem, host),
                Outcome::Deferred(problem) => {
                    tracing::info!(queue_id = %self.entry.id, reason = problem.reason.id(), "deferred");
                    let lost = is_lost && problem.reason == Reason::BodyUnavailable;
                    if lost || self.relay.gives_up(&self.entry, no_place.is_some()) {
                        self.fails(recipient, problem.expired(), host);
                    } else {
                        recipient.last = Some(problem.reason.id().to_owned());
                        self.waiting.push(Deferred { recipient, problem, no_place });
                    }
                }
            }
        }
        reached
    }

    fn fails(&mut self, recipient: Waiting, problem: Problem, host: Option<String>) {
        let report = self.relay.report_of(&recipient, Event::Failed(problem), host);
        self.failed.push((recipient, report));
    }

    /// Writes back who has the message by now, before the rest is tried.
    async fn settle_between(&mut self, rest: Vec<Waiting>) -> Result<(), StoreError> {
        let mut entry = self.entry.clone();
        entry.attempts = entry.attempts.saturating_sub(1);
        let waiting = self.waiting.iter().map(|waiting| &waiting.recipient);
        let failed = self.failed.iter().map(|(recipient, _)| recipient);
        entry.recipients = waiting.chain(failed).chain(&self.others).cloned().chain(rest).collect();
        let taken = std::mem::take(&mut self.taken);
        let report = self.report(taken).await?;
        self.write(entry, self.job.was_due, report).await
    }

    /// Writes back what became of everybody, with when the entry is due again and the report.
    async fn settle(mut self) -> Result<Next, StoreError> {
        let now = self.relay.parts.clock.now();
        let plan = self.relay.plan(&self.entry, now);
        if !self.tried {
            self.entry.attempts = self.entry.attempts.saturating_sub(1);
        }
        let due = self.due(plan);
        let mut told = std::mem::take(&mut self.taken);
        told.extend(std::mem::take(&mut self.failed).into_iter().map(|(_, report)| report));
        if let Plan::Retry { report_delay: true, .. } = plan
            && self.others.is_empty()
            && !self.waiting.is_empty()
        {
            self.entry.delay_reported = true;
            told.extend(self.delays());
        }
        let busy = self.waiting.iter().filter(|to| to.no_place == Some(NoPlace::Busy));
        let busy: BTreeSet<_> = busy.map(|to| to.recipient.address.domain().clone()).collect();
        let rests = self.rests().is_some();
        if self.tried || rests || !told.is_empty() {
            let report = self.report(told).await?;
            let mut entry = self.entry.clone();
            let waiting = std::mem::take(&mut self.waiting).into_iter().map(|to| to.recipient);
            entry.recipients = waiting.chain(std::mem::take(&mut self.others)).collect();
            self.write(entry, due, report).await?;
        }
        let crowded = busy.iter().find_map(|at| self.relay.is_crowded(at));
        Ok(match crowded {
            None if busy.is_empty() => Next::Done,
            None => Next::Waits { at: busy, due },
            Some(_) if due > now.as_second() => Next::Done,
            Some(until) => Next::Rests(until),
        })
    }

    /// When the entry is due again: who was tried has a schedule; else when the first operator has rested; else it
    /// stays due, for a place or for those whom this attempt did not concern.
    fn due(&self, plan: Plan) -> i64 {
        let retried = self.waiting.iter().any(|to| to.no_place.is_none());
        match plan {
            _ if !self.others.is_empty() => self.job.was_due,
            Plan::Retry { at, .. } if retried => at.as_second(),
            _ => self.rests().map_or(self.job.was_due, Timestamp::as_second),
        }
    }

    /// When the first of the operators has rested that rest.
    fn rests(&self) -> Option<Timestamp> {
        let until = |to: &Deferred| match to.no_place {
            Some(NoPlace::Rests(until)) => Some(until),
            _ => None,
        };
        self.waiting.iter().filter_map(until).min()
    }

    fn delays(&self) -> Vec<RecipientReport> {
        let retried_until = self.relay.parts.schedule.gives_up_at(accepted_at(&self.entry));
        let delayed = |to: &Deferred| {
            let event = Event::Delayed { problem: to.problem.clone(), retried_until };
            self.relay.report_of(&to.recipient, event, None)
        };
        self.waiting.iter().map(delayed).collect()
    }

    /// The report on what the sender asked to be told. It reads the message: not between other work.
    async fn report(&self, told: Vec<RecipientReport>) -> Result<Option<Report>, StoreError> {
        if told.is_empty() {
            return Ok(None);
        }
        let (relay, entry) = (self.relay.clone(), self.entry.clone());
        let (body, reader) = (self.letter.body.clone(), self.reader);
        let write = move || relay.report(&entry, body.as_deref(), reader, told);
        super::reports::aside(write).await
    }

    async fn write(
        &self,
        entry: Entry,
        due: i64,
        report: Option<Report>,
    ) -> Result<(), StoreError> {
        let Job { account, was_due, .. } = self.job;
        let settlement = Settlement { account, was_due, entry, due, report };
        self.relay.parts.post.settle(settlement).await.map(drop)
    }
}

/// In whose words the account that caused the mail is told.
fn reader_of(view: &View<'_>) -> Result<Reader, StoreError> {
    Ok(match view.account_record()?.kind {
        MailboxKind::Citizen => Reader::Citizen,
        _ => Reader::Professional,
    })
}

/// When the message was accepted.
pub(super) fn accepted_at(entry: &Entry) -> Timestamp {
    Timestamp::from_second(entry.accepted).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Recipients by domain.
fn by_domain(recipients: Vec<Waiting>) -> BTreeMap<MailDomain, Vec<Waiting>> {
    let mut domains: BTreeMap<MailDomain, Vec<Waiting>> = BTreeMap::new();
    for recipient in recipients {
        domains.entry(recipient.address.domain().clone()).or_default().push(recipient);
    }
    domains
}
