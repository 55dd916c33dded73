//! How many connections a next hop gets at once, and when one that is down is tried again.
//!
//! Invariants: at most [`MAX_DESTINATIONS`] are remembered; a place is forgotten only while nothing is under way
//! there, and a working host's first; a host that was down gets one connection until that succeeds.
//! Failure: none; a full table says [`Admission::Busy`]. What is forgotten costs one attempt too many, no message.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use super::schedule::{after, jittered};

/// Most next hops remembered.
pub const MAX_DESTINATIONS: usize = 4096;

/// Connections to one next hop at once.
pub const MAX_CONNECTIONS: u32 = 4;

/// Rests of a host that fails again and again; the last one stays.
pub const RESTS: [Duration; 4] = [
    Duration::from_secs(60),
    Duration::from_secs(2 * 60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(15 * 60),
];

/// Whether a message for a next hop may go now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Yes; [`Destinations::finished`] must follow.
    Go,
    /// All connections are taken, or no more next hops can be remembered.
    Busy,
    /// The host is down; not before then.
    RestsUntil(Timestamp),
}

/// How a connection went, as far as the next hop goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It took messages, or refused them in order.
    Alive,
    /// [`Failure::concerns_host`](super::Failure::concerns_host).
    Dead,
    /// Nobody asked it: there was no way to it, or nothing to say.
    Unknown,
}

#[derive(Clone, Copy, Debug, Default)]
struct Destination {
    under_way: u32,
    failures: u32,
    rests_until: Option<Timestamp>,
}

impl Destination {
    /// Whether there is nothing to remember.
    fn is_idle(&self) -> bool {
        self.under_way == 0 && self.failures == 0
    }
}

/// The next hops in use or in trouble, by name (a domain, or the host of a route). The caller holds it in a lock.
#[derive(Debug)]
pub struct Destinations {
    known: HashMap<String, Destination>,
    max_connections: u32,
    max_destinations: usize,
}

impl Default for Destinations {
    fn default() -> Self {
        Self::new(MAX_CONNECTIONS, MAX_DESTINATIONS)
    }
}

impl Destinations {
    /// A table with limits of its own, at least 1.
    pub fn new(max_connections: u32, max_destinations: usize) -> Self {
        Self {
            known: HashMap::new(),
            max_connections: max_connections.max(1),
            max_destinations: max_destinations.max(1),
        }
    }

    /// Asks for a connection.
    pub fn admit(&mut self, name: &str, now: Timestamp) -> Admission {
        if !self.known.contains_key(name) && !self.has_room() {
            return Admission::Busy;
        }
        let destination = self.known.entry(name.to_owned()).or_default();
        if let Some(until) = destination.rests_until.filter(|until| *until > now) {
            return Admission::RestsUntil(until);
        }
        let most = if destination.failures > 0 { 1 } else { self.max_connections };
        if destination.under_way >= most {
            return Admission::Busy;
        }
        destination.under_way += 1;
        Admission::Go
    }

    /// Ends every rest: somebody knows that the hosts are up again.
    pub fn wake(&mut self) {
        self.known.values_mut().for_each(|destination| destination.rests_until = None);
    }

    /// A connection that was admitted is over.
    pub fn finished(&mut self, name: &str, health: Health, now: Timestamp, random: u64) {
        let Some(destination) = self.known.get_mut(name) else { return };
        destination.under_way = destination.under_way.saturating_sub(1);
        match health {
            Health::Alive => {
                (destination.failures, destination.rests_until) = (0, None);
            }
            Health::Unknown => {}
            // Others that fail in the same minute say nothing new.
            Health::Dead if destination.rests_until.is_some_and(|until| until > now) => {}
            Health::Dead => {
                let place = usize::try_from(destination.failures).unwrap_or(usize::MAX);
                let rest = RESTS.get(place).or(RESTS.last()).copied().unwrap_or_default();
                destination.failures = destination.failures.saturating_add(1);
                destination.rests_until = Some(after(now, jittered(rest, 10, random)));
            }
        }
        if destination.is_idle() {
            self.known.remove(name);
        }
    }

    /// Makes room by forgetting the host whose rest ends first.
    fn has_room(&mut self) -> bool {
        if self.known.len() < self.max_destinations {
            return true;
        }
        let idle = self.known.iter().filter(|(_, destination)| destination.under_way == 0);
        let soonest = idle.min_by_key(|(_, destination)| destination.rests_until);
        let Some(name) = soonest.map(|(name, _)| name.clone()) else { return false };
        self.known.remove(&name);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn connections_are_counted() {
        let mut table = Destinations::new(2, 10);
        let admit = |table: &mut Destinations| table.admit("b.fr", at(0));
        assert_eq!(
            [(); 3].map(|()| admit(&mut table)),
            [Admission::Go, Admission::Go, Admission::Busy]
        );
        table.finished("b.fr", Health::Alive, at(1), 0);
        assert_eq!(admit(&mut table), Admission::Go);
        assert_eq!(table.admit("c.fr", at(0)), Admission::Go);
    }

    #[test]
    fn a_dead_host_rests_longer_each_time_and_is_probed_by_one() {
        let mut table = Destinations::default();
        let (mut now, mut rests) = (0, Vec::new());
        for _ in 0..6 {
            assert_eq!(table.admit("b.fr", at(now)), Admission::Go);
            table.finished("b.fr", Health::Dead, at(now), 100);
            let Admission::RestsUntil(until) = table.admit("b.fr", at(now)) else { panic!() };
            rests.push(until.as_second() - now);
            now = until.as_second();
        }
        assert_eq!(rests, [60, 120, 300, 900, 900, 900]);
        assert_eq!(table.admit("b.fr", at(now)), Admission::Go);
        assert_eq!(table.admit("b.fr", at(now)), Admission::Busy);
        table.finished("b.fr", Health::Alive, at(now), 0);
        assert_eq!([(); 4].map(|()| table.admit("b.fr", at(now))), [Admission::Go; 4]);
    }

    #[test]
    fn failures_of_the_same_minute_count_once() {
        let mut table = Destinations::default();
        assert_eq!([(); 2].map(|()| table.admit("b.fr", at(0))), [Admission::Go; 2]);
        table.finished("b.fr", Health::Dead, at(1), 100);
        table.finished("b.fr", Health::Dead, at(2), 100);
        assert_eq!(table.admit("b.fr", at(3)), Admission::RestsUntil(at(61)));
    }

    #[test]
    fn a_place_that_was_not_used_says_nothing_of_the_host() {
        let mut table = Destinations::default();
        assert_eq!(table.admit("b.fr", at(0)), Admission::Go);
        table.finished("b.fr", Health::Dead, at(0), 100);
        assert_eq!(table.admit("b.fr", at(60)), Admission::Go);
        table.finished("b.fr", Health::Unknown, at(60), 0);
        assert_eq!(table.admit("b.fr", at(60)), Admission::Go);
        table.finished("b.fr", Health::Dead, at(60), 100);
        assert_eq!(table.admit("b.fr", at(61)), Admission::RestsUntil(at(180)));
    }

    #[test]
    fn the_table_is_bounded() {
        let mut table = Destinations::new(1, 2);
        assert_eq!(table.admit("a.fr", at(0)), Admission::Go);
        assert_eq!(table.admit("b.fr", at(0)), Admission::Go);
        assert_eq!(table.admit("c.fr", at(0)), Admission::Busy, "nobody can be forgotten");
        table.finished("b.fr", Health::Dead, at(0), 100);
        assert_eq!(table.admit("c.fr", at(0)), Admission::Go, "a resting host is forgotten");
        table.finished("c.fr", Health::Alive, at(0), 0);
        table.finished("nobody.fr", Health::Dead, at(0), 0);
        assert_eq!(table.known.len(), 1);
    }
}
