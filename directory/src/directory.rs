//! The directory: the snapshot in force, and how another one comes into force.
//!
//! Invariants: who reads has a snapshot that never changes, without a lock; an import replaces all entries of its
//! source at once, first on the disk, then in memory; imports run one after another.
//! Failure: an import that fails leaves everything as it was. A file that is damaged at opening leaves the former one
//! in force and is told ([`Opened::damage`]).

use std::io::{self, BufRead};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use domain::{CitizenDomains, OperatorName};

use crate::certificate::CertificateBinding;
use crate::exchange::{self, Reading};
use crate::extraction;
use crate::fault::{Faults, ImportError, ImportReport, Limits};
use crate::files::{Damage, Files};
use crate::mailbox::{Mailbox, MailboxError};
use crate::snapshot::Snapshot;
use crate::source::{DomainOwners, Source};
use crate::table::{Builder, Repeated, SourceTable};

/// Why an import changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReplaceError {
    /// The file is not usable.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The disk refused.
    #[error("the directory's folder cannot be written")]
    Disk(#[source] io::Error),
    /// One of an operator's own entries is refused.
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
}

/// What opening found.
#[derive(Debug)]
pub struct Opened {
    /// The directory.
    pub directory: Directory,
    /// Files that could not be used.
    pub damage: Vec<Damage>,
    /// Entries that were kept and do not pass the gate any more (new citizens' domains), by source.
    pub faults: Vec<(Source, Faults)>,
}

/// The published view of the trust domain.
#[derive(Debug)]
pub struct Directory {
    current: ArcSwap<Snapshot>,
    files: Option<Files>,
    citizens: CitizenDomains,
    importing: Mutex<()>,
}

impl Directory {
    /// An empty directory that keeps nothing.
    pub fn in_memory(citizens: CitizenDomains, owners: DomainOwners) -> Self {
        Self {
            current: ArcSwap::from_pointee(Snapshot::new(Vec::new(), Arc::new(owners))),
            files: None,
            citizens,
            importing: Mutex::new(()),
        }
    }

    /// Opens the directory kept in `data/directory`.
    ///
    /// # Errors
    /// The folder cannot be made or listed.
    pub fn open(data: &Path, citizens: CitizenDomains, owners: DomainOwners) -> io::Result<Opened> {
        let files = Files::open(data)?;
        let (mut tables, mut damage, mut faults) = (Vec::new(), Vec::new(), Vec::new());
        for source in files.sources()? {
            let (loaded, damaged) = files.load(&source, &citizens);
            damage.extend(damaged);
            if let Some(loaded) = loaded {
                if loaded.faults.count() > 0 {
                    faults.push((loaded.source.clone(), loaded.faults));
                }
                tables.push((loaded.source, Arc::new(loaded.table)));
            }
        }
        let snapshot = Snapshot::new(tables, Arc::new(owners));
        let directory = Self {
            current: ArcSwap::from_pointee(snapshot),
            files: Some(files),
            citizens,
            importing: Mutex::new(()),
        };
        Ok(Opened { directory, damage, faults })
    }

    /// The snapshot in force.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Imports the national extraction.
    ///
    /// # Errors
    /// The file is not usable or cannot be kept; nothing has changed.
    pub fn import_extraction(
        &self,
        from: impl BufRead,
        limits: Limits,
    ) -> Result<ImportReport, ReplaceError> {
        let _one = self.lock();
        let (table, report) = extraction::read(from, &self.citizens, limits)?;
        self.replace(&Source::National, table)?;
        Ok(report)
    }

    /// Imports a file of the exchange format as all entries of `source`.
    ///
    /// # Errors
    /// The file is not usable or cannot be kept; nothing has changed.
    pub fn import_exchange(
        &self,
        source: &Source,
        from: impl BufRead,
        limits: Limits,
    ) -> Result<ImportReport, ReplaceError> {
        let _one = self.lock();
        let snapshot = self.snapshot();
        let previous = snapshot.table(source).map(AsRef::as_ref);
        let citizens = &self.citizens;
        let reading = Reading { source, citizens, limits, previous, sealed: false };
        let (table, report) = exchange::read(from, &reading)?;
        self.replace(source, table)?;
        Ok(report)
    }

    /// Publishes an operator's own entries, all of them.
    ///
    /// # Errors
    /// A citizen's mailbox, an address twice, a kind that changed, or the disk; nothing has changed.
    // MSS #85
    pub fn publish(
        &self,
        operator: &OperatorName,
        mailboxes: impl IntoIterator<Item = Mailbox>,
        certificates: impl IntoIterator<Item = CertificateBinding>,
    ) -> Result<(), ReplaceError> {
        let _one = self.lock();
        let source = Source::Operator(operator.clone());
        let snapshot = self.snapshot();
        let previous = snapshot.table(&source);
        let full = |_| ReplaceError::Import(ImportError::TooLarge);
        let mut builder = Builder::new().map_err(full)?;
        for mailbox in mailboxes {
            if self.citizens.contains(mailbox.address().domain()) {
                return Err(MailboxError::CitizenDomain.into());
            }
            let earlier = previous
                .and_then(|table| table.mailbox(table.find(&mailbox.address().lookup_key())?));
            if earlier.is_some_and(|earlier| earlier.kind() != mailbox.kind()) {
                return Err(MailboxError::KindIsImmutable.into());
            }
            let added = builder.add(mailbox, Repeated::Refused).map_err(full)?;
            added.map_err(|_| MailboxError::OtherHolder)?;
        }
        for certificate in certificates {
            builder.bind(&certificate).map_err(full)?;
        }
        self.replace(&source, builder.finish().map_err(full)?)
    }

    /// Removes a source and all its entries (an operator that left the trust domain).
    ///
    /// # Errors
    /// The disk refused; the entries stay.
    pub fn withdraw(&self, source: &Source) -> Result<(), ReplaceError> {
        let _one = self.lock();
        if let Some(files) = &self.files {
            files.remove(source).map_err(ReplaceError::Disk)?;
        }
        self.current.store(Arc::new(self.snapshot().with(source, None)));
        Ok(())
    }

    /// Takes other owners of domains (a new domain list); needs no import.
    pub fn set_owners(&self, owners: DomainOwners) {
        let _one = self.lock();
        self.current.store(Arc::new(self.snapshot().under(owners)));
    }

    fn replace(&self, source: &Source, table: SourceTable) -> Result<(), ReplaceError> {
        if let Some(files) = &self.files {
            files.replace(source, &table).map_err(ReplaceError::Disk)?;
        }
        self.current.store(Arc::new(self.snapshot().with(source, Some(Arc::new(table)))));
        Ok(())
    }

    // It guards no value: an import that panicked has changed nothing.
    fn lock(&self) -> MutexGuard<'_, ()> {
        self.importing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
