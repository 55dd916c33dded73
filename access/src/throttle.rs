//! Guessing made slow: after a few wrong tries of a name, or from an address, the next one has to
//! wait, twice as long each time.
//!
//! Invariants: bounded in memory; a right try forgets the name's wrong ones; an address, behind which
//! a whole hospital may be, has more free ones. One-time codes are counted by principal, from sending
//! to confirmation, so that a stolen password cannot buy tries without end. A restart forgets
//! everything, which costs a guesser's patience nothing that counts: secrets have 128 bits, passwords
//! are hashed slowly and followed by a code.

use jiff::{SignedDuration, Timestamp};
use mailstore::PrincipalId;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Wrong tries of a name, and codes not confirmed, that cost nothing.
const FREE_TRIES: u32 = 5;
/// Wrong tries from an address that cost nothing.
const FREE_OF_ADDRESS: u32 = 30;
/// The longest wait.
const MAX_WAIT: SignedDuration = SignedDuration::from_mins(15);
/// One wrong try is forgotten each time this has passed.
const FORGET_ONE: SignedDuration = SignedDuration::from_mins(10);
/// Where there is no room left, entries older than this go.
const FORGET: SignedDuration = SignedDuration::from_hours(1);
/// Names and addresses remembered.
const MAX_KNOWN: usize = 20_000;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Of {
    /// A name as tried from one network: wrong tries from elsewhere lock nobody out.
    Name(String, IpAddr),
    Address(IpAddr),
    Codes(PrincipalId),
}

impl Of {
    fn free(&self) -> u32 {
        match self {
            Self::Name(..) | Self::Codes(_) => FREE_TRIES,
            Self::Address(_) => FREE_OF_ADDRESS,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Wrong {
    tries: u32,
    last: Timestamp,
    /// Tries that have begun and have no verdict yet.
    under_way: u32,
}

impl Wrong {
    fn new(now: Timestamp) -> Self {
        Self { tries: 0, last: now, under_way: 0 }
    }

    /// Whether one more may begin: each that is under way may turn out wrong.
    fn is_free(self, free: u32, now: Timestamp) -> bool {
        self.tries.saturating_add(self.under_way) < free
            || (self.under_way == 0 && now.duration_since(self.last) >= self.wait(free))
    }

    fn wait(self, free: u32) -> SignedDuration {
        match self.tries.checked_sub(free) {
            None => SignedDuration::ZERO,
            Some(beyond) => SignedDuration::from_secs(1 << beyond.min(10)).min(MAX_WAIT),
        }
    }

    /// One more.
    fn again(self, now: Timestamp) -> Self {
        let passed = now.duration_since(self.last).as_secs().max(0) / FORGET_ONE.as_secs();
        let left = self.tries.saturating_sub(u32::try_from(passed).unwrap_or(u32::MAX));
        Self { tries: left.saturating_add(1), last: now, ..self }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<HashMap<Of, Wrong>>);

/// An address as it counts: of IPv6 the network that one customer has.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.into(),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

fn both(name: &str, from: IpAddr) -> [Of; 2] {
    let from = network(from);
    [Of::Name(name.to_lowercase(), from), Of::Address(from)]
}

impl Throttle {
    /// Begins a try, unless the name or the address has to wait. What is under way counts, so that a
    /// crowd of tries at once cannot share one free place.
    pub(crate) fn begin(&self, name: &str, from: IpAddr, now: Timestamp) -> Option<Try<'_>> {
        let of = both(name, from);
        let mut known = self.known();
        if !of.iter().all(|of| is_free(&known, of, now)) {
            return None;
        }
        for of in &of {
            entry(&mut known, of.clone(), now).under_way += 1;
        }
        Some(Try { throttle: self, of, now, is_wrong: false })
    }

    /// Whether a principal may be sent a code now.
    pub(crate) fn may_send_code(&self, to: PrincipalId, now: Timestamp) -> bool {
        is_free(&self.known(), &Of::Codes(to), now)
    }

    /// Notes that a principal is sent a code.
    pub(crate) fn code_sent(&self, to: PrincipalId, now: Timestamp) {
        note(&mut self.known(), Of::Codes(to), now);
    }

    /// Forgets a principal's codes: one was confirmed.
    pub(crate) fn code_confirmed(&self, of: PrincipalId) {
        self.forget(&Of::Codes(of));
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Of, Wrong>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self, of: &Of) {
        self.known().remove(of);
    }
}

/// A try under way. Dropped without a verdict, because something of ours failed, it never was.
pub(crate) struct Try<'a> {
    throttle: &'a Throttle,
    of: [Of; 2],
    now: Timestamp,
    is_wrong: bool,
}

impl Try<'_> {
    /// It was wrong.
    pub(crate) fn wrong(mut self) {
        self.is_wrong = true;
    }

    /// It was right: the name's wrong tries are forgotten.
    pub(crate) fn right(self) {
        let [name, _] = &self.of;
        self.throttle.forget(name);
    }
}

impl Drop for Try<'_> {
    fn drop(&mut self) {
        let mut known = self.throttle.known();
        for of in &self.of {
            if let Some(begun) = known.get_mut(of) {
                begun.under_way = begun.under_way.saturating_sub(1);
            }
            if self.is_wrong {
                note(&mut known, of.clone(), self.now);
            }
        }
    }
}

fn is_free(known: &HashMap<Of, Wrong>, of: &Of, now: Timestamp) -> bool {
    known.get(of).is_none_or(|wrong| wrong.is_free(of.free(), now))
}

fn note(known: &mut HashMap<Of, Wrong>, of: Of, now: Timestamp) {
    let wrong = entry(known, of, now);
    *wrong = wrong.again(now);
}

/// What is known of it; room is made where there is none.
fn entry(known: &mut HashMap<Of, Wrong>, of: Of, now: Timestamp) -> &mut Wrong {
    if known.len() >= MAX_KNOWN {
        known.retain(|_, wrong| now.duration_since(wrong.last) < FORGET);
    }
    // Those who are waiting stay before those who are not, so that a crowd of names frees nobody.
    if known.len() >= MAX_KNOWN {
        known.retain(|of, wrong| wrong.tries >= of.free());
    }
    if known.len() >= MAX_KNOWN {
        known.clear();
    }
    known.entry(of).or_insert(Wrong::new(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    impl Throttle {
        fn may_try(&self, name: &str, from: IpAddr, now: Timestamp) -> bool {
            self.begin(name, from, now).is_some()
        }

        fn wrong(&self, name: &str, from: IpAddr, now: Timestamp) {
            both(name, from).into_iter().for_each(|of| note(&mut self.known(), of, now));
        }
    }

    #[test]
    fn waits_double_and_are_forgotten() {
        let throttle = Throttle::default();
        let from: IpAddr = [192, 0, 2, 1].into();
        for _ in 0..FREE_TRIES {
            assert!(throttle.may_try("Marie", from, at(0)));
            throttle.wrong("Marie", from, at(0));
        }
        assert!(!throttle.may_try("marie", from, at(0)), "the name waits");
        assert!(throttle.may_try("paul", from, at(0)), "others behind the address do not");
        assert!(throttle.may_try("marie", from, at(1)));
        throttle.wrong("marie", from, at(1));
        assert!(!throttle.may_try("marie", from, at(2)) && throttle.may_try("marie", from, at(3)));
        throttle.begin("marie", from, at(3)).unwrap().right();
        assert!(throttle.may_try("marie", from, at(3)));
    }

    #[test]
    fn tries_under_way_at_once_share_no_free_place() {
        let throttle = Throttle::default();
        let from: IpAddr = [192, 0, 2, 1].into();
        let tries: Vec<_> =
            (0..FREE_TRIES).filter_map(|_| throttle.begin("marie", from, at(0))).collect();
        assert_eq!(tries.len() as u32, FREE_TRIES);
        assert!(throttle.begin("marie", from, at(0)).is_none(), "none has ended, all count");
        drop(tries);
        assert!(throttle.may_try("marie", from, at(0)), "what had no verdict never was");
    }

    #[test]
    fn an_address_that_tries_many_names_waits() {
        let throttle = Throttle::default();
        let (from, other) = ([192, 0, 2, 1].into(), [192, 0, 2, 9].into());
        for number in 0..FREE_OF_ADDRESS {
            assert!(throttle.may_try("paul", from, at(0)));
            throttle.wrong(&format!("u{number}"), from, at(0));
        }
        assert!(!throttle.may_try("paul", from, at(0)) && throttle.may_try("paul", other, at(0)));
    }

    #[test]
    fn one_program_with_an_old_secret_does_not_lock_its_office_out() {
        let throttle = Throttle::default();
        let office = [192, 0, 2, 1].into();
        for minute in 0..3 * 24 * 60 {
            let now = at(minute * 60);
            if throttle.may_try("old", office, now) {
                throttle.wrong("old", office, now);
            }
            assert!(throttle.may_try("marie", office, now), "minute {minute}");
        }
    }

    #[test]
    fn a_crowd_of_names_frees_nobody_who_waits() {
        let throttle = Throttle::default();
        let from: IpAddr = [192, 0, 2, 1].into();
        for _ in 0..FREE_TRIES + 6 {
            throttle.wrong("marie", from, at(0));
        }
        for number in 0..MAX_KNOWN {
            throttle.wrong(&format!("u{number}"), [192, 0, 2, 2].into(), at(1));
        }
        assert!(!throttle.may_try("marie", from, at(1)));
        assert!(throttle.known().len() <= MAX_KNOWN);
    }

    #[test]
    fn wrong_tries_from_elsewhere_lock_nobody_out() {
        let throttle = Throttle::default();
        for second in 0..1000 {
            throttle.wrong("marie", [192, 0, 2, 1].into(), at(second));
        }
        assert!(throttle.may_try("marie", [192, 0, 2, 2].into(), at(1000)));
    }

    #[test]
    fn one_network_counts_as_one_address() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3::4"), of("2001:db8:1:2:9::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }
}
