//! When a deferred message is tried again, when its sender hears of the delay, when it is given up.
//!
//! Invariants: a pure function of what happened and of the random number passed in; the next try is never after the
//! time of giving up, nor after the time of the delay report while that is due, so neither comes late.
//! Failure: none; times beyond the calendar stop at its end.

use std::time::Duration;

use jiff::Timestamp;

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

/// The waits after the first attempts.
// RFC 5321 §4.5.4.1
pub const FIRST_WAITS: [Duration; 5] =
    [minutes(1), minutes(2), minutes(5), minutes(15), minutes(30)];

/// The wait after all others.
pub const LATER_WAIT: Duration = minutes(60);

/// By how much a wait may be shorter or longer, in percent: so that a peer that comes back is not met by all at once.
pub const JITTER_PERCENT: u32 = 10;

/// When the sender hears that a message is late.
// RFC 5321 §4.5.4.1
pub const DELAY_REPORT_AFTER: Duration = minutes(4 * 60);

/// When a message is given up. The standard asks for 4 to 5 days.
// RFC 5321 §4.5.4.1
pub const GIVE_UP_AFTER: Duration = minutes(5 * 24 * 60);

/// The rule; [`Schedule::default`] has the constants above.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// The waits after the first, second … attempt.
    pub first_waits: Vec<Duration>,
    /// The wait after all others.
    pub later_wait: Duration,
    /// More or less, in percent.
    pub jitter_percent: u32,
    /// From acceptance to the delay report.
    pub delay_report_after: Duration,
    /// From acceptance to giving up.
    pub give_up_after: Duration,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            first_waits: FIRST_WAITS.to_vec(),
            later_wait: LATER_WAIT,
            jitter_percent: JITTER_PERCENT,
            delay_report_after: DELAY_REPORT_AFTER,
            give_up_after: GIVE_UP_AFTER,
        }
    }
}

/// What is known of a recipient's attempts, the one just failed included.
#[derive(Clone, Copy, Debug)]
pub struct Attempts {
    /// When the message was accepted.
    pub accepted_at: Timestamp,
    /// Attempts made, at least 1.
    pub made: u32,
    /// Whether the delay report has been sent.
    pub delay_reported: bool,
}

/// What to do after a temporary failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Try again.
    Retry {
        /// When.
        at: Timestamp,
        /// Whether the sender is to be told of the delay now.
        report_delay: bool,
    },
    /// Tell the sender that it failed.
    GiveUp,
}

impl Schedule {
    /// The plan at `now`, just after an attempt.
    pub fn plan(&self, attempts: Attempts, now: Timestamp, random: u64) -> Plan {
        let gives_up_at = after(attempts.accepted_at, self.give_up_after);
        if now >= gives_up_at {
            return Plan::GiveUp;
        }
        let late_at = after(attempts.accepted_at, self.delay_report_after);
        let report_delay = !attempts.delay_reported && now >= late_at;
        let mut at = after(now, self.wait(attempts.made, random)).min(gives_up_at);
        if !attempts.delay_reported && !report_delay {
            at = at.min(late_at);
        }
        Plan::Retry { at, report_delay }
    }

    /// When a message accepted then is given up, for the report's Will-Retry-Until.
    pub fn gives_up_at(&self, accepted_at: Timestamp) -> Timestamp {
        after(accepted_at, self.give_up_after)
    }

    /// The wait after that many attempts.
    pub fn wait(&self, made: u32, random: u64) -> Duration {
        let place = usize::try_from(made.saturating_sub(1)).unwrap_or(usize::MAX);
        let wait = self.first_waits.get(place).copied().unwrap_or(self.later_wait);
        jittered(wait, self.jitter_percent, random)
    }
}

/// `wait` more or less `percent`, evenly.
pub(super) fn jittered(wait: Duration, percent: u32, random: u64) -> Duration {
    let percent = percent.min(100);
    let steps = u64::from(percent) * 20 + 1;
    let tenths = u32::try_from(random % steps).unwrap_or_default();
    wait / 1000 * (1000 - percent * 10 + tenths)
}

/// `step` later, at most at the end of time.
pub(super) fn after(instant: Timestamp, step: Duration) -> Timestamp {
    instant.checked_add(step).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// No jitter: the middle of the range.
    const MIDDLE: u64 = 100;

    fn attempts(made: u32) -> Attempts {
        Attempts { accepted_at: Timestamp::UNIX_EPOCH, made, delay_reported: false }
    }

    #[test]
    fn the_table_of_waits() {
        let schedule = Schedule::default();
        let waits: Vec<u64> =
            (1..=8).map(|made| schedule.wait(made, MIDDLE).as_secs() / 60).collect();
        assert_eq!(waits, [1, 2, 5, 15, 30, 60, 60, 60]);
        assert_eq!(schedule.wait(0, MIDDLE), minutes(1));
        assert_eq!(schedule.wait(u32::MAX, MIDDLE), minutes(60));
        assert_eq!(schedule.wait(9, 0), minutes(54));
        assert_eq!(schedule.wait(9, 200), minutes(66));
    }

    #[test]
    fn five_days_of_a_dead_peer() {
        let schedule = Schedule::default();
        let (mut now, mut made, mut reports, mut reported_at) = (Timestamp::UNIX_EPOCH, 0, 0, None);
        loop {
            made += 1;
            let facts = Attempts { delay_reported: reports > 0, ..attempts(made) };
            match schedule.plan(facts, now, MIDDLE) {
                Plan::GiveUp => break,
                Plan::Retry { at, report_delay } => {
                    assert!(at > now);
                    if report_delay {
                        reports += 1;
                        reported_at = Some(now);
                    }
                    now = at;
                }
            }
        }
        assert_eq!(now.as_second(), 5 * 24 * 3600, "the last try is at the time of giving up");
        assert_eq!((reports, reported_at.unwrap().as_second()), (1, 4 * 3600));
        assert_eq!(made, 126);
    }

    proptest! {
        #[test]
        fn a_retry_is_in_the_future_and_within_bounds(
            made in any::<u32>(), random in any::<u64>(), second in 0_i64..500_000, reported in any::<bool>(),
        ) {
            let now = Timestamp::from_second(second).unwrap();
            let facts = Attempts { delay_reported: reported, ..attempts(made) };
            match Schedule::default().plan(facts, now, random) {
                Plan::GiveUp => prop_assert!(second >= 432_000),
                Plan::Retry { at, report_delay } => {
                    prop_assert!(at > now && at.as_second() <= 432_000);
                    prop_assert!(at.as_second() - second <= 3960);
                    prop_assert_eq!(report_delay, !reported && second >= 14_400);
                }
            }
        }
    }
}
