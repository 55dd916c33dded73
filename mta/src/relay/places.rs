//! Places at other operators: how many connections one gets at once, and its rest while it is down.
//!
//! Who finds all places taken waits for one; who finds the operator resting does not try at all, so that one that is
//! down costs a time-out now and then and not one for each message.
//! Invariant: a place is given back when it is dropped, whatever ended the attempt. Failure: none.

use super::Relay;
use crate::client::{Admission, Destinations, Health};
use domain::MailDomain;
use jiff::Timestamp;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify as Wake;

/// The places of all operators.
#[derive(Default)]
pub(super) struct Places {
    taken: Mutex<Destinations>,
    /// Rings when one is given back.
    freed: Wake,
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
        drop(taken);
        places.freed.notify_waiters();
    }
}

impl Relay {
    /// Waits for a place at the operator of a domain; while that rests, says until when.
    pub(super) async fn place_at(&self, domain: &MailDomain) -> Result<Place, Timestamp> {
        loop {
            // Listening before looking: no place that is given back between is missed.
            let mut freed = pin!(self.places.freed.notified());
            freed.as_mut().enable();
            match self.admit(domain) {
                Admission::Go => {
                    let (relay, domain) = (self.clone(), domain.clone());
                    return Ok(Place { relay, domain, health: Health::Alive });
                }
                Admission::RestsUntil(until) => return Err(until),
                Admission::Busy => freed.await,
            }
        }
    }

    fn admit(&self, domain: &MailDomain) -> Admission {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.admit(domain.as_str(), self.parts.clock.now())
    }
}
