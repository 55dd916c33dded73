//! A store opened beside whatever else its process does: there at once, refusing for the moment,
//! and then as it was.

use crate::world::World;
use mailstore::disk::{Disk, DiskFile, Open, SimDisk, Space};
use mailstore::{Condition, Fault, OpenError, Rebuilding, Store, StoreError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, mpsc};

/// A disk on which the index cannot be opened before it is let.
#[derive(Debug)]
struct Gated {
    disk: SimDisk,
    gate: Mutex<mpsc::Receiver<()>>,
}

impl Disk for Gated {
    fn open(&self, path: &Path, how: Open) -> io::Result<Box<dyn DiskFile>> {
        if path.ends_with("index.redb") {
            // Open for good once whoever holds it lets go.
            let _ = self.gate.lock().unwrap().recv();
        }
        self.disk.open(path, how)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<PathBuf>> {
        self.disk.list(dir)
    }

    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.disk.create_dir(dir)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.disk.sync_dir(dir)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        self.disk.lock(path)
    }

    fn space(&self, dir: &Path) -> io::Result<Space> {
        self.disk.space(dir)
    }

    fn takes_turns(&self) -> bool {
        true
    }
}

/// A closed store with a few messages and without its index.
fn without_index() -> World {
    let mut world = World::new(1);
    world.open().unwrap();
    world.create().unwrap();
    (0..4).for_each(|number| world.deliver("p0", number).unwrap());
    world.store = None;
    world.disk.remove(Path::new("/store/index.redb")).unwrap();
    world
}

#[test]
fn a_store_opened_beside_refuses_for_the_moment_and_is_then_as_it_was() {
    let mut world = without_index();
    let (open, gate) = mpsc::channel();
    let disk = Arc::new(Gated { disk: world.disk.clone(), gate: Mutex::new(gate) });
    let embedding = mailstore::Embedding { disk, ..world.embedding() };
    let (store, opening) = Store::open_beside(embedding.clone()).unwrap();
    assert!(matches!(Store::open_beside(embedding), Err(OpenError::InUse)));

    assert!(matches!(store.condition(), Condition::ReadOnly(_)));
    let refused = store.operator_view().unwrap_err();
    assert!(matches!(refused, StoreError::Opening), "{refused:?}");
    assert_eq!(refused.fault(), Fault::Temporary);
    assert!(matches!(store.body_writer().unwrap_err(), StoreError::Opening));
    world.store = Some(store.clone());
    assert!(matches!(world.make("p9").unwrap_err(), StoreError::Opening));

    let progress = opening.progress();
    drop(open);
    opening.wait().unwrap();
    assert_eq!(store.condition(), Condition::Sound);
    assert!(matches!(*progress.borrow(), Some(Rebuilding::Records(count)) if count > 0));
    world.check("after the opening");
    world.deliver("p0", 9).unwrap();
    drop(store);
    world.verify("after the opening");
}

#[test]
fn a_store_that_cannot_be_opened_beside_says_why() {
    let world = without_index();
    let wrong = mailstore::Secret::from_bytes([9; 32]);
    let embedding = mailstore::Embedding { operator_key: wrong, ..world.embedding() };
    let (store, opening) = Store::open_beside(embedding).unwrap();
    let error = opening.wait().unwrap_err();
    assert!(matches!(error, OpenError::Failed(StoreError::OperatorKey)), "{error:?}");
    assert!(matches!(store.operator_view().unwrap_err(), StoreError::Opening));
}
