//! A disk that takes its time: nothing is acknowledged before its flush has ended, reading goes on,
//! and what waits shares the next flush.

use crate::world::World;
use mailstore::disk::{Disk, DiskFile, Open, SimDisk, Space};
use mailstore::{Actor, Embedding, Store, StoreError, Transaction};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};

/// Flushes wait while it is shut.
#[derive(Debug, Default)]
struct Gate {
    shut: Mutex<bool>,
    waiting: Mutex<usize>,
    changed: Condvar,
}

impl Gate {
    fn set(&self, shut: bool) {
        *self.shut.lock().unwrap() = shut;
        self.changed.notify_all();
    }

    fn pass(&self) {
        *self.waiting.lock().unwrap() += 1;
        self.changed.notify_all();
        drop(self.changed.wait_while(self.shut.lock().unwrap(), |shut| *shut).unwrap());
    }
}

#[derive(Debug)]
struct SlowDisk(SimDisk, Arc<Gate>);

#[derive(Debug)]
struct SlowFile(Box<dyn DiskFile>, Arc<Gate>);

impl Disk for SlowDisk {
    fn open(&self, path: &Path, how: Open) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(SlowFile(self.0.open(path, how)?, Arc::clone(&self.1))))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.remove(path)
    }
    fn list(&self, dir: &Path) -> io::Result<Vec<PathBuf>> {
        self.0.list(dir)
    }
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.0.create_dir(dir)
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.0.sync_dir(dir)
    }
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        self.0.lock(path)
    }
    fn space(&self, dir: &Path) -> io::Result<Space> {
        self.0.space(dir)
    }
    fn takes_turns(&self) -> bool {
        true
    }
}

impl DiskFile for SlowFile {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.0.read_at(offset, buf)
    }
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write_at(offset, data)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }
    fn sync(&self) -> io::Result<()> {
        self.1.pass();
        self.0.sync()
    }
}

#[test]
fn while_a_flush_takes_its_time_nothing_is_acknowledged_and_everything_can_be_read() {
    let mut world = World::new(1);
    let gate = Arc::new(Gate::default());
    let disk = Arc::new(SlowDisk(world.disk.clone(), Arc::clone(&gate)));
    world.store = Some(Store::open(Embedding { disk, ..world.embedding() }).unwrap().0);
    world.create().unwrap();
    world.deliver("p0", 1).unwrap();
    let account = world.account("p0").unwrap().unwrap();
    let store = world.store.clone().unwrap();

    let before = *gate.waiting.lock().unwrap();
    gate.set(true);
    let subscribe = |number: usize| {
        let name = mailstore::model::mailbox::MailboxName::new(&format!("box {number}")).unwrap();
        let work = move |tx: &mut Transaction<'_>| tx.create_mailbox(&name, None).map(drop);
        store.begin::<(), StoreError, _>(Actor::SYSTEM, account, work)
    };
    let first = subscribe(0);
    // The flush of the first one has begun.
    let begun = |waiting: &mut usize| *waiting == before;
    drop(gate.changed.wait_while(gate.waiting.lock().unwrap(), begun).unwrap());
    let rest: Vec<_> = (1..100).map(subscribe).collect();
    assert_eq!(store.view(account).unwrap().mailboxes().unwrap().len(), 1, "seen before its time");
    assert_eq!(world.found(account).len(), 1, "reading goes on");

    gate.set(false);
    let first = first.wait().unwrap().sequence();
    let sequences: std::collections::BTreeSet<_> =
        rest.into_iter().map(|done| done.wait().unwrap().sequence()).collect();
    assert_eq!(sequences.len(), 1, "what waited shares one flush");
    assert!(sequences.iter().all(|sequence| *sequence > first));
    assert_eq!(store.view(account).unwrap().mailboxes().unwrap().len(), 101);
    drop(store);
    world.verify("after a slow disk");
}
