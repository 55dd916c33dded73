//! One contract, run on the real disk and on the simulated one; and redb on the simulated one.

use std::io::ErrorKind;
use std::sync::atomic::{AtomicU64, Ordering};

use redb::ReadableDatabase as _;

use super::*;

/// A directory of its own, removed at the end.
struct Temp(PathBuf);

impl Temp {
    fn new() -> Temp {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name =
            format!("pli-disk-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let dir = std::env::temp_dir().join(name);
        std::fs::create_dir(&dir).unwrap();
        Temp(dir)
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn on_both(contract: fn(&dyn Disk, &Path)) {
    let temp = Temp::new();
    contract(&RealDisk, &temp.0);
    let sim = SimDisk::new(1);
    let root = Path::new("/data");
    sim.create_dir(root).unwrap();
    contract(&sim, root);
}

fn kind<T>(result: io::Result<T>) -> ErrorKind {
    result.err().expect("an error").kind()
}

fn content(disk: &dyn Disk, path: &Path) -> Vec<u8> {
    let file = disk.open(path, Open::Read).unwrap();
    let mut bytes = vec![0; file.len().unwrap() as usize];
    file.read_at(0, &mut bytes).unwrap();
    bytes
}

#[test]
fn files_open_as_asked() {
    on_both(|disk, root| {
        let path = root.join("a");
        assert_eq!(kind(disk.open(&path, Open::Read)), ErrorKind::NotFound);
        assert_eq!(kind(disk.open(&path, Open::Write)), ErrorKind::NotFound);
        let file = disk.open(&path, Open::Create).unwrap();
        assert_eq!(file.len().unwrap(), 0);
        file.write_at(0, b"kept").unwrap();
        assert_eq!(kind(disk.open(&path, Open::CreateNew)), ErrorKind::AlreadyExists);
        for how in [Open::Create, Open::Write, Open::Read] {
            let file = disk.open(&path, how).unwrap();
            let mut read = [0; 4];
            file.read_at(0, &mut read).unwrap();
            assert_eq!(&read, b"kept");
            assert_eq!(file.write_at(0, b"k").is_ok(), how != Open::Read);
            assert_eq!(file.set_len(4).is_ok(), how != Open::Read);
        }
        disk.open(&root.join("b"), Open::CreateNew).unwrap();
        assert_eq!(kind(disk.open(&root.join("no/c"), Open::Create)), ErrorKind::NotFound);
        assert_eq!(kind(disk.open(root, Open::Create)), ErrorKind::IsADirectory);
    });
}

#[test]
fn reads_see_what_was_written() {
    on_both(|disk, root| {
        let path = root.join("a");
        let file = disk.open(&path, Open::Create).unwrap();
        let other = disk.open(&path, Open::Read).unwrap();
        let data: Vec<u8> = (0..3000).map(|n| n as u8).collect();
        file.write_at(700, &data).unwrap();
        assert_eq!(other.len().unwrap(), 3700);
        let mut expected = vec![0; 700];
        expected.extend_from_slice(&data);
        assert_eq!(content(disk, &path), expected);

        file.write_at(510, b"over the edge").unwrap();
        expected[510..523].copy_from_slice(b"over the edge");
        let mut part = vec![0; 2000];
        other.read_at(333, &mut part).unwrap();
        assert_eq!(part, expected[333..2333]);
        file.sync().unwrap();
        assert_eq!(content(disk, &path), expected);

        let mut past = [0; 2];
        assert_eq!(kind(other.read_at(3699, &mut past)), ErrorKind::UnexpectedEof);
        assert_eq!(kind(other.read_at(u64::from(u32::MAX), &mut past)), ErrorKind::UnexpectedEof);
        other.read_at(3698, &mut past).unwrap();
        other.read_at(3700, &mut []).unwrap();
        file.write_at(5000, &[]).unwrap();
        assert_eq!(file.len().unwrap(), 3700);
    });
}

#[test]
fn a_cut_file_grows_again_with_zeros() {
    on_both(|disk, root| {
        let path = root.join("a");
        let file = disk.open(&path, Open::Create).unwrap();
        file.write_at(0, &[7; 2000]).unwrap();
        file.set_len(600).unwrap();
        assert_eq!(content(disk, &path), [7; 600]);
        file.set_len(1500).unwrap();
        file.write_at(1600, &[8]).unwrap();
        let mut expected = vec![7; 600];
        expected.resize(1600, 0);
        expected.push(8);
        assert_eq!(content(disk, &path), expected);
    });
}

#[test]
fn names_move_and_go_while_handles_stay() {
    on_both(|disk, root| {
        let (a, b) = (root.join("a"), root.join("b"));
        let file = disk.open(&a, Open::CreateNew).unwrap();
        file.write_at(0, b"new").unwrap();
        disk.open(&b, Open::CreateNew).unwrap().write_at(0, b"old").unwrap();
        disk.rename(&a, &b).unwrap();
        assert_eq!(content(disk, &b), b"new");
        assert_eq!(kind(disk.open(&a, Open::Read)), ErrorKind::NotFound);
        assert_eq!(kind(disk.rename(&a, &b)), ErrorKind::NotFound);
        disk.rename(&b, &b).unwrap();

        disk.create_dir(&root.join("d")).unwrap();
        disk.rename(&b, &root.join("d/c")).unwrap();
        assert_eq!(content(disk, &root.join("d/c")), b"new");
        assert_eq!(kind(disk.rename(&root.join("d/c"), &root.join("no/c"))), ErrorKind::NotFound);

        disk.remove(&root.join("d/c")).unwrap();
        assert_eq!(kind(disk.remove(&root.join("d/c"))), ErrorKind::NotFound);
        file.write_at(3, b"er").unwrap();
        let mut read = [0; 5];
        file.read_at(0, &mut read).unwrap();
        assert_eq!(&read, b"newer");
        file.sync().unwrap();
        disk.sync_dir(root).unwrap();
    });
}

#[test]
fn directories_are_made_and_listed() {
    on_both(|disk, root| {
        let deep = root.join("x/y/z");
        disk.create_dir(&deep).unwrap();
        disk.create_dir(&deep).unwrap();
        for name in ["b", "a", "c"] {
            disk.open(&deep.join(name), Open::Create).unwrap();
        }
        disk.open(&root.join("x/file"), Open::Create).unwrap();
        assert_eq!(disk.list(&deep).unwrap(), ["a", "b", "c"].map(|name| deep.join(name)));
        assert_eq!(disk.list(&root.join("x")).unwrap(), [root.join("x/file")]);
        assert_eq!(kind(disk.list(&root.join("no"))), ErrorKind::NotFound);
        assert_eq!(kind(disk.sync_dir(&root.join("no"))), ErrorKind::NotFound);
        assert!(disk.create_dir(&root.join("x/file")).is_err());
        assert!(disk.create_dir(&root.join("x/file/below")).is_err());
        disk.sync_dir(&deep).unwrap();
    });
}

#[test]
fn a_lock_has_one_holder() {
    on_both(|disk, root| {
        let path = root.join("lock");
        let guard = disk.lock(&path).unwrap();
        assert_eq!(kind(disk.lock(&path)), ErrorKind::WouldBlock);
        let _other = disk.lock(&root.join("other")).unwrap();
        drop(guard);
        let _again = disk.lock(&path).unwrap();
        assert_eq!(disk.list(root).unwrap(), [path, root.join("other")]);
    });
}

#[test]
fn the_real_disk_keeps_others_out() {
    use std::os::unix::fs::PermissionsExt;
    let temp = Temp::new();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    RealDisk.create_dir(&temp.0.join("a/b")).unwrap();
    RealDisk.open(&temp.0.join("a/b/c"), Open::Create).unwrap();
    drop(RealDisk.lock(&temp.0.join("a/lock")).unwrap());
    assert_eq!(mode(&temp.0.join("a")), 0o700);
    assert_eq!(mode(&temp.0.join("a/b")), 0o700);
    assert_eq!(mode(&temp.0.join("a/b/c")), 0o600);
    assert_eq!(mode(&temp.0.join("a/lock")), 0o600);
}

#[derive(Debug)]
struct RedbFile(Box<dyn DiskFile>);

impl redb::StorageBackend for RedbFile {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read_at(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write_at(offset, data)
    }
}

const TABLE: redb::TableDefinition<'_, u64, &[u8]> = redb::TableDefinition::new("table");

fn open_redb(disk: &SimDisk) -> redb::Database {
    let file = disk.open(Path::new("/index"), Open::Create).unwrap();
    redb::Database::builder().set_cache_size(1 << 20).create_with_backend(RedbFile(file)).unwrap()
}

/// Adds records, some commits durable and some not, until one fails; the number of the last durable commit.
fn fill_redb(
    db: &redb::Database,
    commits: std::ops::Range<u64>,
) -> Result<u64, (u64, redb::Error)> {
    let mut durable = commits.start - 1;
    for n in commits {
        let commit = || -> Result<(), redb::Error> {
            let mut tx = db.begin_write()?;
            if n % 3 != 0 {
                tx.set_durability(redb::Durability::None)?;
            }
            let mut table = tx.open_table(TABLE)?;
            table.insert(n, [n as u8; 1500].as_slice())?;
            table.insert(n % 16 + 1_000_000, n.to_be_bytes().as_slice())?;
            drop(table);
            Ok(tx.commit()?)
        };
        commit().map_err(|error| (durable, error))?;
        if n % 3 == 0 {
            durable = n;
        }
    }
    Ok(durable)
}

#[test]
fn redb_loses_nothing_durable_in_200_power_cuts() {
    let disk = SimDisk::new(4);
    drop(open_redb(&disk));
    disk.sync_dir(Path::new("/")).unwrap();
    let (mut durable, mut next) = (0, 1);
    for cut in 0..200 {
        let db = open_redb(&disk);
        let tx = db.begin_read().unwrap();
        if let Ok(table) = tx.open_table(TABLE) {
            let mut expected = 1;
            for record in table.range(0..1_000_000).unwrap() {
                let (key, value) = record.unwrap();
                assert_eq!(key.value(), expected, "cut {cut}");
                assert_eq!(value.value(), [expected as u8; 1500], "cut {cut}");
                expected += 1;
            }
            assert!(expected > durable, "cut {cut}: {durable} was durable, {expected} is missing");
            next = expected;
        }
        drop(tx);
        disk.cut_after(1 + cut % 37);
        durable = match fill_redb(&db, next..next + 12) {
            Ok(last) => last,
            Err((last, _)) => last,
        }
        .max(durable);
        disk.power_cut();
        drop(db);
    }
    assert!(durable > 100, "the workload got only to {durable}");
}
