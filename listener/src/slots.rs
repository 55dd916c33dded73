//! How many connections there are at the same time.
//!
//! Invariant: a place is free again when its [`Slot`] is dropped, however the connection ended.
//! Failure: no place, no connection.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Connections of one listener at the same time.
pub const MAX_CONNECTIONS: usize = 2000;

/// Connections of one listener at the same time from one address.
pub const MAX_CONNECTIONS_PER_ADDRESS: usize = 100;

/// How long what has begun may take when the server stops.
pub const GRACE: Duration = Duration::from_secs(30);

/// The bounds of one listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at the same time, default [`MAX_CONNECTIONS`].
    pub connections: usize,
    /// Connections at the same time from one address (IPv6: one /64), default [`MAX_CONNECTIONS_PER_ADDRESS`].
    pub connections_per_address: usize,
    /// How long what has begun may take when the server stops, default [`GRACE`].
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: MAX_CONNECTIONS,
            connections_per_address: MAX_CONNECTIONS_PER_ADDRESS,
            grace: GRACE,
        }
    }
}

/// The places of one listener.
#[derive(Debug)]
pub(crate) struct Slots {
    limits: Limits,
    taken: Mutex<Taken>,
}

/// How many connections there are, in all and by address.
#[derive(Debug, Default)]
struct Taken {
    all: usize,
    of: HashMap<IpAddr, usize>,
}

/// One connection's place; free again when dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    slots: Arc<Slots>,
    address: IpAddr,
}

impl Slots {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, taken: Mutex::default() }
    }

    pub(crate) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Slot> {
        let address = network(address);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, here) = (taken.all, taken.of.get(&address).copied().unwrap_or_default());
        if all >= self.limits.connections || here >= self.limits.connections_per_address {
            tracing::warn!(all, here, "too many connections");
            return None;
        }
        taken.all += 1;
        taken.of.insert(address, here + 1);
        Some(Slot { slots: self.clone(), address })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.slots.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all = taken.all.saturating_sub(1);
        match taken.of.get_mut(&self.address) {
            Some(here) if *here > 1 => *here -= 1,
            _ => drop(taken.of.remove(&self.address)),
        }
    }
}

/// What counts as one address: of IPv6 a /64, which one household has.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_all_and_by_address() {
        let limits = Limits { connections: 3, connections_per_address: 2, grace: GRACE };
        let slots = Arc::new(Slots::new(limits));
        let take = |address: &str| slots.take(address.parse().unwrap());
        let first = take("2001:db8:1:2::1");
        let second = take("2001:db8:1:2:ffff::2");
        assert!(first.is_some() && second.is_some() && take("2001:db8:1:2::3").is_none());
        let third = take("192.0.2.1");
        assert!(third.is_some() && take("192.0.2.2").is_none());
        drop(first);
        assert!(take("2001:db8:1:2::3").is_some());
        drop((second, third));
        let taken = slots.taken.lock().unwrap();
        assert_eq!((taken.all, taken.of.len()), (0, 0));
    }
}
