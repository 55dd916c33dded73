//! Prepared segments against plain append: what a flush costs when the file is there already.
//!
//! ```text
//! cargo bench -p mailstore --bench segments [-- DIR]
//! ```
//! By turns, in one run: writes of 4 KiB, 64 KiB and 512 KiB, each followed by a flush
//! (`fdatasync`), to a file that grows, and to one of 64 MiB that was written and flushed before;
//! both also while another thread prepares segments the way the store does. Medians of several
//! turns, and the slowest hundredth of the flushes of all turns.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a bench prints, and fails by panicking"
)]

use mailstore::disk::{Disk, DiskFile, Open, RealDisk};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const SEGMENT: u64 = 64 * 1024 * 1024;
const FLUSH_EVERY: u64 = 8 * 1024 * 1024;
const SIZES: [usize; 3] = [4 * 1024, 64 * 1024, 512 * 1024];
const TURNS: usize = 7;
const TURN: Duration = Duration::from_millis(1000);

fn main() {
    let base = std::env::args().skip(1).find(|arg| !arg.starts_with("--"));
    let base = base.map_or_else(std::env::temp_dir, PathBuf::from);
    let dir = base.join(format!("pli-segments-bench-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    println!(
        "{:>8} {:>9} {:>10} {:>12} {:>14}",
        "octets", "file", "beside it", "flushes/s", "slowest 1 %"
    );
    for size in SIZES {
        let mut results: Vec<(bool, bool, Vec<f64>, Vec<Duration>)> = Vec::new();
        for busy in [false, true] {
            for prepared in [false, true] {
                results.push((prepared, busy, Vec::new(), Vec::new()));
            }
        }
        for _ in 0..TURNS {
            for (prepared, busy, rates, times) in &mut results {
                let turn = measure(&dir, size, *prepared, *busy);
                rates.push(turn.len() as f64 / turn.iter().sum::<Duration>().as_secs_f64());
                times.extend(turn);
            }
        }
        for (prepared, busy, mut rates, mut times) in results {
            rates.sort_by(f64::total_cmp);
            times.sort();
            println!(
                "{size:>8} {:>9} {:>10} {:>12.0} {:>11.1} ms",
                if prepared { "prepared" } else { "grows" },
                if busy { "preparing" } else { "nothing" },
                rates[rates.len() / 2],
                times[times.len() * 99 / 100].as_secs_f64() * 1e3,
            );
        }
    }
    fs::remove_dir_all(&dir).unwrap();
}

/// The time of each write and flush of one turn.
fn measure(dir: &Path, size: usize, prepared: bool, busy: bool) -> Vec<Duration> {
    let path = dir.join("segment");
    let file = RealDisk.open(&path, Open::Create).unwrap();
    if prepared {
        prepare(&*file, &AtomicBool::new(false));
    }
    RealDisk.sync_dir(dir).unwrap();
    let done = AtomicBool::new(false);
    let times = thread::scope(|scope| {
        if busy {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let beside = RealDisk.open(&dir.join("beside"), Open::Create).unwrap();
                    beside.set_len(0).unwrap();
                    prepare(&*beside, &done);
                }
            });
        }
        let times = append(&*file, size);
        done.store(true, Ordering::Relaxed);
        times
    });
    RealDisk.remove(&path).unwrap();
    times
}

fn append(file: &dyn DiskFile, size: usize) -> Vec<Duration> {
    let octets = vec![7; size];
    let (start, mut at, mut times) = (Instant::now(), 0, Vec::new());
    while start.elapsed() < TURN && at + size as u64 <= SEGMENT {
        let begun = Instant::now();
        file.write_at(at, &octets).unwrap();
        file.sync().unwrap();
        times.push(begun.elapsed());
        at += size as u64;
    }
    times
}

/// Writes and flushes a segment of zeros.
fn prepare(file: &dyn DiskFile, ended: &AtomicBool) {
    let zeros = vec![0; 1024 * 1024];
    let mut at = 0;
    while at < SEGMENT && !ended.load(Ordering::Relaxed) {
        file.write_at(at, &zeros).unwrap();
        at += zeros.len() as u64;
        if at % FLUSH_EVERY == 0 {
            file.sync().unwrap();
        }
    }
}
