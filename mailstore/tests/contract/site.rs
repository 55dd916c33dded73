//! A place for an embedded store: a simulated disk, the operator's key and a clock, so that the
//! store can be closed, looked at, damaged and opened again.

use crate::bench::REGISTERED;
use domain::ManualClock;
use mailstore::disk::{Disk, SimDisk};
use mailstore::verify::{Report, verify};
use mailstore::{Embedding, OpenError, Recovery, Secret, SeededRandom, Store};
use redb::{ReadableDatabase, ReadableTableMetadata, StorageBackend};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const DIR: &str = "/store";
const OPERATOR_KEY: [u8; 32] = [7; 32];

/// Each opening draws from another sequence, as the product's generator does.
static SEED: AtomicU64 = AtomicU64::new(1);

/// Where an embedded store lies.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    pub(crate) disk: SimDisk,
    pub(crate) clock: ManualClock,
    pub(crate) key: [u8; 32],
}

impl Site {
    /// An empty place.
    pub(crate) fn new(clock: ManualClock) -> Self {
        Self { disk: SimDisk::new(1), clock, key: OPERATOR_KEY }
    }

    /// The same place on a copy of the disk.
    pub(crate) fn fork(&self) -> Self {
        Self { disk: self.disk.fork(2), ..self.clone() }
    }

    pub(crate) fn embedding(&self) -> Embedding {
        Embedding {
            disk: Arc::new(self.disk.clone()),
            dir: PathBuf::from(DIR),
            operator_key: Secret::from_bytes(self.key),
            clock: Arc::new(self.clock.clone()),
            random: Arc::new(SeededRandom::new(SEED.fetch_add(1, Ordering::Relaxed) << 32)),
            consumers: REGISTERED.to_vec(),
        }
    }

    pub(crate) fn create(&self) -> Result<(), OpenError> {
        Store::create(&self.embedding())
    }

    pub(crate) fn try_open(&self) -> Result<(Store, Recovery), OpenError> {
        Store::open(self.embedding())
    }

    /// Opens a store that was closed in good order.
    pub(crate) fn open(&self) -> Store {
        let (store, recovery) = self.try_open().expect("a sound store opens");
        assert!(!recovery.torn_tail && recovery.damage.is_empty(), "{recovery:?}");
        store
    }

    pub(crate) fn verify(&self) -> Report {
        let disk: Arc<dyn Disk> = Arc::new(self.disk.clone());
        let key = Secret::from_bytes(self.key);
        verify(&disk, Path::new(DIR), &key, &mut |_| {}).expect("a closed store can be verified")
    }

    /// Verifies that nothing is wrong.
    pub(crate) fn verify_sound(&self) {
        let report = self.verify();
        let findings: Vec<_> = report.findings.iter().map(ToString::to_string).collect();
        assert!(findings.is_empty(), "verify found: {findings:#?}");
    }

    pub(crate) fn index(&self) -> PathBuf {
        Path::new(DIR).join("index.redb")
    }

    pub(crate) fn keystore(&self) -> PathBuf {
        Path::new(DIR).join("keystore")
    }

    /// The body files.
    pub(crate) fn body_files(&self) -> Vec<PathBuf> {
        self.disk.list(&Path::new(DIR).join("bodies")).unwrap()
    }

    /// Writes a file as a whole.
    pub(crate) fn overwrite(&self, path: &Path, octets: &[u8]) {
        let file = self.disk.open(path, mailstore::disk::Open::Create).unwrap();
        file.set_len(0).unwrap();
        file.write_at(0, octets).unwrap();
        file.sync().unwrap();
    }

    /// Records in the index of the closed store, whatever they are.
    pub(crate) fn records(&self) -> u64 {
        let octets = self.disk.read_file(self.index()).unwrap();
        let copy = redb::backends::InMemoryBackend::new();
        copy.set_len(octets.len() as u64).unwrap();
        copy.write(0, &octets).unwrap();
        let index = redb::Database::builder().create_with_backend(copy).unwrap();
        let tx = index.begin_read().unwrap();
        let len = |table| tx.open_untyped_table(table).unwrap().len().unwrap();
        tx.list_tables().unwrap().map(len).sum()
    }

    /// The files that hold these octets.
    pub(crate) fn files_with(&self, marker: &[u8]) -> Vec<PathBuf> {
        let holds = |path: &PathBuf| {
            let octets = self.disk.read_file(path).unwrap();
            memchr::memmem::find(&octets, marker).is_some()
        };
        self.disk.list_files().into_iter().filter(holds).collect()
    }
}
