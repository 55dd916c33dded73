//! How many connections there are at the same time.
//!
//! Invariant: a place is free again when its [`Slot`] is dropped, however the connection ended.
//! Failure: no place, no connection.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use crate::serve::ListenerConfig;

/// How many connections there are, in all and by address.
#[derive(Default)]
pub(super) struct Slots {
    taken: Mutex<HashMap<IpAddr, usize>>,
}

/// One connection's place; free again when dropped.
pub(super) struct Slot {
    slots: Arc<Slots>,
    address: IpAddr,
}

impl Slots {
    pub(super) fn take(self: &Arc<Self>, address: IpAddr, config: &ListenerConfig) -> Option<Slot> {
        let address = network(address);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = taken.values().sum();
        let here = taken.get(&address).copied().unwrap_or_default();
        if all >= config.max_connections || here >= config.max_connections_per_address {
            tracing::warn!(all, here, "too many connections");
            return None;
        }
        taken.insert(address, here + 1);
        Some(Slot { slots: self.clone(), address })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.slots.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(here) = taken.get_mut(&self.address) {
            *here = here.saturating_sub(1);
            if *here == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

/// What counts as one address: for IPv6 its /64, which one host has to itself.
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
        let config = ListenerConfig {
            max_connections: 3,
            max_connections_per_address: 2,
            ..ListenerConfig::default()
        };
        let slots = Arc::new(Slots::default());
        let take = |address: &str| slots.take(address.parse().unwrap(), &config);
        let first = take("2001:db8:1:2::1");
        let second = take("2001:db8:1:2:ffff::2");
        assert!(first.is_some() && second.is_some() && take("2001:db8:1:2::3").is_none());
        let third = take("192.0.2.1");
        assert!(third.is_some() && take("192.0.2.2").is_none());
        drop(first);
        assert!(take("2001:db8:1:2::3").is_some());
        drop((second, third));
        assert!(slots.taken.lock().unwrap().is_empty());
    }
}
