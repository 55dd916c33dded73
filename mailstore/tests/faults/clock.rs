//! Civil time that jumps: the order of changes, identities and what is stored do not depend on it.

use crate::world::World;
use domain::Clock;
use jiff::{SignedDuration, Timestamp};
use mailstore::{Embedding, Store};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// A clock that somebody sets.
#[derive(Debug, Clone)]
struct SetClock(Arc<Mutex<Timestamp>>);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

impl SetClock {
    fn new(world: &World) -> Self {
        Self(Arc::new(Mutex::new(world.clock.now())))
    }

    fn jump(&self, hours: i64) {
        let mut now = self.0.lock().unwrap();
        *now = now.checked_add(SignedDuration::from_hours(hours)).unwrap();
    }

    /// Opens the store with this clock.
    fn open(&self, world: &mut World) {
        world.store = None;
        let embedding = Embedding { clock: Arc::new(self.clone()), ..world.embedding() };
        world.store = Some(Store::open(embedding).unwrap().0);
    }
}

#[test]
fn the_clock_may_jump_back_and_forward_without_harm_to_anything_stored() {
    let mut world = World::new(1);
    let clock = SetClock::new(&world);
    clock.open(&mut world);
    world.create().unwrap();
    let account = world.account("p0").unwrap().unwrap();
    let mut highest = 0;
    // A battery that died, a wrong century, a summer time gone wrong.
    for (number, days) in [(0, 0), (1, -20_000), (2, 39_000), (3, -19_000), (4, 9_000), (5, 0)] {
        clock.jump(days * 24);
        world.deliver("p0", number).unwrap();
        world.flag("p0").unwrap();
        let view = world.store.as_ref().unwrap().view(account).unwrap();
        let mod_seq = view.highest_mod_seq().unwrap();
        assert!(mod_seq > highest, "jump {number}: the modification sequence went back");
        highest = mod_seq;
        drop(view);
        clock.open(&mut world);
    }
    world.expunge("p0").unwrap();
    let found = world.found(account);
    assert_eq!(found, (1..6).map(|number| (number, 1)).collect::<BTreeMap<_, _>>());
    let view = world.store.as_ref().unwrap().view(account).unwrap();
    let uids: Vec<_> = view
        .placements(view.inbox().unwrap(), 0, u32::MAX, 10)
        .unwrap()
        .into_iter()
        .map(|(uid, _)| uid)
        .collect();
    assert_eq!(uids, [2, 3, 4, 5, 6]);
    drop(view);
    world.verify("after the clock jumped");
}

/// The peer repeats what it got no answer to while our clock is corrected.
#[test]
fn a_repetition_after_the_clock_was_set_back_is_still_known() {
    let mut world = World::new(1);
    let clock = SetClock::new(&world);
    clock.open(&mut world);
    world.create().unwrap();
    world.deliver("p0", 1).unwrap();
    let account = world.account("p0").unwrap().unwrap();
    for hours in [-48, 24, 60] {
        clock.jump(hours);
        world.transmit("p0", 1).unwrap();
        assert_eq!(world.found(account), BTreeMap::from([(1, 1)]), "after {hours} hours");
    }
}
