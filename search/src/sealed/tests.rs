//! The sealed folder: what is written reads back, and nothing else opens.

use super::*;
use mailstore::disk::{Disk, SimDisk};
use mailstore::{Secret, SeededRandom};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tantivy::directory::{Directory, TerminatingWrite};

const DIR: &str = "/search";

fn directory(disk: &SimDisk, key: u8) -> SealedDirectory {
    let disk = Arc::new(disk.clone());
    disk.create_dir(Path::new(DIR)).unwrap();
    let random = Arc::new(SeededRandom::new(u64::from(key)));
    let keys = Keys::derive(&Secret::from_bytes([key; 32]), random).unwrap();
    SealedDirectory::new(disk, PathBuf::from(DIR), keys)
}

fn write(directory: &SealedDirectory, name: &str, content: &[u8]) {
    let mut writer = directory.open_write(Path::new(name)).unwrap();
    writer.write_all(content).unwrap();
    writer.terminate().unwrap();
}

fn content(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at % 251) as u8).collect()
}

#[test]
fn every_length_reads_back_whole_and_in_ranges() {
    let disk = SimDisk::new(1);
    let directory = directory(&disk, 1);
    for len in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 3 * BLOCK + 7] {
        let (name, content) = (format!("file-{len}"), content(len));
        write(&directory, &name, &content);
        let file = directory.open_read(Path::new(&name)).unwrap();
        assert_eq!(file.read_bytes().unwrap().as_slice(), content, "{len}");
        for range in [0..len, len..len, 0..len / 2, len / 3..len] {
            let part = file.slice(range.clone()).read_bytes().unwrap();
            assert_eq!(part.as_slice(), &content[range.clone()], "{len} {range:?}");
        }
    }
}

#[test]
fn no_octet_of_the_content_lies_on_the_disk() {
    let disk = SimDisk::new(1);
    let directory = directory(&disk, 1);
    let marker = b"zzmarqueurzz";
    write(&directory, "a", &marker.repeat(3000));
    directory.atomic_write(Path::new("meta.json"), marker).unwrap();
    for path in disk.list_files() {
        let octets = disk.read_file(&path).unwrap();
        assert!(!octets.windows(marker.len()).any(|at| at == marker), "{path:?}");
    }
    assert_eq!(directory.atomic_read(Path::new("meta.json")).unwrap(), marker);
}

#[test]
fn a_changed_moved_or_cut_file_does_not_open() {
    let disk = SimDisk::new(1);
    let sealed = directory(&disk, 1);
    let read = |sealed: &SealedDirectory, name: &str| {
        sealed
            .open_read(Path::new(name))
            .map_err(|_| ())
            .and_then(|f| f.read_bytes().map_err(|_| ()))
    };
    for at in [0, 3, 10, 40, 64, 64 + 20_000] {
        let name = format!("bad-{at}");
        write(&sealed, &name, &content(2 * BLOCK));
        disk.corrupt(Path::new(DIR).join(&name), at, 1).unwrap();
        assert!(read(&sealed, &name).is_err(), "octet {at}");
    }
    write(&sealed, "one", &content(2 * BLOCK));
    let one = Path::new(DIR).join("one");
    disk.rename(&one, &Path::new(DIR).join("other")).unwrap();
    assert!(read(&sealed, "other").is_err(), "another name");
    disk.rename(&Path::new(DIR).join("other"), &one).unwrap();
    assert!(read(&sealed, "one").is_ok());
    assert!(read(&directory(&disk, 2), "one").is_err(), "another operator's key");
    let file = disk.open(&one, mailstore::disk::Open::Write).unwrap();
    file.set_len((64 + BLOCK + 16) as u64).unwrap();
    assert!(read(&sealed, "one").is_err(), "cut at a block");
}

#[test]
fn a_deleted_file_leaves_no_key_and_stays_open_for_its_readers() {
    let disk = SimDisk::new(1);
    let sealed = directory(&disk, 1);
    write(&sealed, "gone", &content(BLOCK * 2));
    let path = Path::new(DIR).join("gone");
    let open = sealed.open_read(Path::new("gone")).unwrap();
    // What stays on the disk behind a removed name.
    let left = disk.open(&path, mailstore::disk::Open::Read).unwrap();
    sealed.delete(Path::new("gone")).unwrap();
    assert!(!sealed.exists(Path::new("gone")).unwrap());
    let mut header = [1; 64];
    left.read_at(0, &mut header).unwrap();
    assert_eq!(header, [0; 64]);
    assert_eq!(open.read_bytes().unwrap().as_slice(), content(BLOCK * 2));
}

#[test]
fn a_replaced_file_is_the_old_or_the_new_one_after_a_power_cut() {
    for cut in 0..12 {
        let disk = SimDisk::new(cut);
        let sealed = directory(&disk, 1);
        sealed.atomic_write(Path::new("meta.json"), b"old").unwrap();
        disk.cut_after(cut);
        let done = sealed.atomic_write(Path::new("meta.json"), b"new");
        disk.power_cut();
        disk.restart();
        let read = directory(&disk, 1).atomic_read(Path::new("meta.json")).unwrap();
        assert!(read == b"new" || (read == b"old" && done.is_err()), "{cut}");
    }
}
