//! The directory on the disk: one file of the exchange format for each source, `FOLDER/directory/<source>.jsonl`.
//!
//! A file is replaced as a whole: the new one is written beside (`.new`) and flushed, the one in force becomes the
//! former one (`.old`), the new one takes its name, the folder is flushed.
//!
//! Invariants: at every instant either the file in force or the former one is complete; a `.new` is never read. One
//! process has the folder (the operator's lock on its data directory).
//! Failure: a file in force that is missing or damaged gives way to the former one, and [`Damage`] says so; with
//! neither the source has no entries until its next import. A damaged file is set aside (`.damaged`), so that the next
//! replacement does not put it in the former one's place.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use domain::CitizenDomains;

use crate::exchange::{self, Reading};
use crate::fault::{Faults, ImportError, Limits};
use crate::source::Source;
use crate::table::SourceTable;

const IN_FORCE: &str = "jsonl";
const FORMER: &str = "jsonl.old";
const NEW: &str = "jsonl.new";
const DAMAGED: &str = "jsonl.damaged";

/// A kept file that could not be used.
#[derive(Debug)]
pub struct Damage {
    /// Its source.
    pub source: Source,
    /// What is wrong with the file in force.
    pub error: ImportError,
    /// Whether the former file stands in.
    pub former_in_force: bool,
}

/// What was loaded of one source.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) source: Source,
    pub(crate) table: SourceTable,
    pub(crate) faults: Faults,
}

/// The folder.
#[derive(Debug)]
pub(crate) struct Files {
    folder: PathBuf,
}

impl Files {
    /// Opens `data/directory`, made if need be; what a crash left unfinished goes.
    pub(crate) fn open(data: &Path) -> io::Result<Self> {
        let files = Self { folder: data.join("directory") };
        fs::create_dir_all(&files.folder)?;
        for entry in fs::read_dir(&files.folder)? {
            let path = entry?.path();
            if path.to_string_lossy().ends_with(NEW) {
                fs::remove_file(path)?;
            }
        }
        Ok(files)
    }

    /// Every source that has a file.
    pub(crate) fn sources(&self) -> io::Result<Vec<Source>> {
        let mut sources = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let stem =
                [IN_FORCE, FORMER].iter().find_map(|end| name.strip_suffix(end)?.strip_suffix('.'));
            sources.extend(stem.and_then(|stem| stem.parse::<Source>().ok()));
        }
        sources.sort();
        sources.dedup();
        Ok(sources)
    }

    /// The entries of one source, from the file in force or the former one.
    pub(crate) fn load(
        &self,
        source: &Source,
        citizens: &CitizenDomains,
    ) -> (Option<Loaded>, Option<Damage>) {
        match self.read(source, IN_FORCE, citizens) {
            Ok(loaded) => (Some(loaded), None),
            Err(error) => {
                let former = self.read(source, FORMER, citizens).ok();
                // Where even this fails, the next replacement fails too and says so.
                let _ = fs::rename(self.path(source, IN_FORCE), self.path(source, DAMAGED));
                let source = source.clone();
                let former_in_force = former.is_some();
                (former, Some(Damage { source, error, former_in_force }))
            }
        }
    }

    fn read(
        &self,
        source: &Source,
        end: &str,
        citizens: &CitizenDomains,
    ) -> Result<Loaded, ImportError> {
        let file = File::open(self.path(source, end)).map_err(ImportError::Read)?;
        // What we wrote ourselves may be larger than what we import: names of members stand on every line.
        let limits = Limits { file: u64::MAX, line: 1 << 20, ..Limits::default() };
        let reading = Reading { source, citizens, limits, previous: None, sealed: true };
        let (table, report) = exchange::read(BufReader::with_capacity(1 << 18, file), &reading)?;
        Ok(Loaded { source: source.clone(), table, faults: report.faults })
    }

    /// Replaces the entries of one source.
    pub(crate) fn replace(&self, source: &Source, table: &SourceTable) -> io::Result<()> {
        let new = self.path(source, NEW);
        let file = File::create(&new)?;
        let mut to = BufWriter::with_capacity(1 << 18, file);
        exchange::write(source, table.mailboxes(), table.certificates(), &mut to)?;
        to.flush()?;
        to.get_ref().sync_all()?;
        let in_force = self.path(source, IN_FORCE);
        match fs::rename(&in_force, self.path(source, FORMER)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => fs::rename(&new, &in_force)?,
        }
        self.flush_folder()
    }

    /// Removes a source, its former file first so that it cannot come back.
    pub(crate) fn remove(&self, source: &Source) -> io::Result<()> {
        for end in [FORMER, IN_FORCE, DAMAGED] {
            match fs::remove_file(self.path(source, end)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => self.flush_folder()?,
            }
        }
        Ok(())
    }

    fn flush_folder(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }

    fn path(&self, source: &Source, end: &str) -> PathBuf {
        self.folder.join(format!("{source}.{end}"))
    }
}
