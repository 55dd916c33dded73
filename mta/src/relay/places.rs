//! Places at other operators: how many connections one gets at once, and its rest while it is down.
//!
//! Nobody waits here: who finds all places taken, or the operator resting, comes again later. So one that is slow holds
//! its own places and no other mail, and one that is down costs a time-out now and then and not one for each message.
//! Invariant: a place is given back when it is dropped, whatever ended the attempt. Failure: none.

use super::Relay;
use crate::client::{Admission, Destinations, Health};
use domain::MailDomain;
use jiff::{SignedDuration, Timestamp};
use std::sync::{Mutex, PoisonError};

/// How long mail waits at least that finds all places taken.
const BUSY: SignedDuration = SignedDuration::from_secs(2);
/// Seconds over which it comes again, so that not all come at once.
const SPREAD: u64 = 4;

/// The places of all operators.
#[derive(Default)]
pub(super) struct Places {
    taken: Mutex<Destinations>,
}

/// A place at an operator.
pub(super) struct Place {
    relay: Relay,
    domain: MailDomain,
    health: Health,
}

impl Place {
    /// Nobody was reached: the operator rests.
    pub(super) fn found_down(mut self) {
        self.health = Health::Dead;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let (now, random) = (self.relay.parts.clock.now(), self.relay.random());
        let places = &self.relay.places;
        let mut taken = places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.finished(self.domain.as_str(), self.health, now, random);
    }
}

impl Relay {
    /// A place at the operator of a domain; while it rests or all are taken, until when to wait.
    pub(super) fn place_at(&self, domain: &MailDomain) -> Result<Place, Timestamp> {
        match self.admit(domain) {
            Admission::Go => {
                let (relay, domain) = (self.clone(), domain.clone());
                Ok(Place { relay, domain, health: Health::Alive })
            }
            Admission::RestsUntil(until) => Err(until),
            Admission::Busy => {
                let spread = i64::try_from(self.random() % SPREAD).unwrap_or_default();
                Err(self.parts.clock.now() + BUSY + SignedDuration::from_secs(spread))
            }
        }
    }

    fn admit(&self, domain: &MailDomain) -> Admission {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.admit(domain.as_str(), self.parts.clock.now())
    }
}
