//! A million mailboxes: time and memory of import, search, keeping and opening. `cargo bench -p directory`, or with
//! `-- ROWS` for another number. What it prints is what it measured; it makes its own file of invented people.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, reason = "a bench")]

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write as _};
use std::time::Instant;

use directory::{AddressMatch, Directory, DomainOwners, Limits, Query};
use domain::CitizenDomains;

const FAMILY: [&str; 12] = [
    "MARTIN",
    "BERNARD",
    "THOMAS",
    "PETIT",
    "ROBERT",
    "RICHARD",
    "DURAND",
    "DUBOIS",
    "MOREAU",
    "LÉVÊQUE",
    "LE GOFF",
    "D'ARTAGNAN",
];
const GIVEN: [&str; 8] = ["Marie", "Jean-Noël", "Hélène", "Paul", "Anne", "Luc", "Zoé", "Karim"];
const SYLLABLES: [&str; 10] = ["ba", "co", "du", "fe", "gi", "lo", "ma", "né", "pi", "ra"];

fn memory(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default()
        / 1024
}

/// Processor time so far, in seconds: what others on the machine do does not count.
fn processor() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn report(what: &str, begun: Instant) {
    let (now, peak) = (memory("VmRSS"), memory("VmHWM"));
    println!(
        "{what:42} {:>9.3} s   memory {now:>5} MB, peak {peak:>5} MB, processor so far {:.1} s",
        begun.elapsed().as_secs_f64(),
        processor()
    );
}

fn write_file(path: &std::path::Path, rows: u64) {
    let mut to = BufWriter::new(File::create(path).unwrap());
    let header = {
        let mut header = Vec::new();
        directory::extraction::write([], &mut header).unwrap();
        String::from_utf8(header).unwrap()
    };
    to.write_all(header.as_bytes()).unwrap();
    let mut line = String::new();
    for n in 0..rows {
        line.clear();
        let mut tail = String::new();
        let mut digits = n / 7;
        while digits > 0 {
            tail.push_str(SYLLABLES[(digits % 10) as usize]);
            digits /= 10;
        }
        let family = format!("{} {}", FAMILY[(n % 12) as usize], tail.to_uppercase());
        let given = GIVEN[(n % 8) as usize];
        let (place, town) = (n / 4, n % 30_000);
        let person = n % 7 != 0;
        let domain = n % 4_000;
        if person {
            write!(line, "PER|p{n}@op{domain}.mssante.fr|8|{:011}|8{:011}|3|{:014}||DR|{family}|{given}|C|Civil|10|Médecin|SM{:02}|||",
                n, n, place, n % 95 + 1).unwrap();
        } else {
            write!(
                line,
                "ORG|service{n}@op{domain}.mssante.fr||||1|{:09}|Service {}|||||||||||",
                place,
                n % 500
            )
            .unwrap();
        }
        writeln!(line, "CENTRE DE SANTE {tail}||||{}|BIS|RUE|DE LA PAIX {}||{:05} VILLE {town}|{:05}|Département {}|France",
            n % 200, n % 9_000, town, town, n % 101).unwrap();
        to.write_all(line.as_bytes()).unwrap();
    }
    to.flush().unwrap();
}

fn main() {
    let rows = std::env::args().find_map(|arg| arg.parse().ok()).unwrap_or(1_000_000);
    let folder = std::env::temp_dir().join(format!("pli-directory-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("extraction.txt");
    write_file(&file, rows);
    println!("{rows} lines, {} MB", fs::metadata(&file).unwrap().len() >> 20);
    let open =
        || Directory::open(&folder, CitizenDomains::default(), DomainOwners::default()).unwrap();

    let memory_only = Directory::in_memory(CitizenDomains::default(), DomainOwners::default());
    let begun = Instant::now();
    let read = || BufReader::with_capacity(1 << 18, File::open(&file).unwrap());
    let found = memory_only.import_extraction(read(), Limits::default()).unwrap();
    report("import, memory only", begun);
    println!("{} mailboxes, {} faults", found.mailboxes, found.faults.count());
    drop(memory_only);

    let directory = open().directory;
    let begun = Instant::now();
    directory.import_extraction(read(), Limits::default()).unwrap();
    report("import and keep", begun);
    drop(directory);
    let begun = Instant::now();
    let directory = open().directory;
    report("open what was kept", begun);

    let snapshot = directory.snapshot();
    let query = |name: &str| Query { name: name.to_owned(), limit: 20, ..Query::default() };
    let contains = Some(AddressMatch::Contains("p99999".to_owned()));
    let queries = [
        ("search: martin", query("martin")),
        ("search: m", query("m")),
        ("search: marie mart duba", query("marie mart duba")),
        ("search: xyz (none)", query("xyz")),
        (
            "search: profession G15_60 (none, all rows)",
            Query { profession: "G15_60".parse().ok(), ..query("") },
        ),
        (
            "search: town ville 77, martin",
            Query { town: Some("ville 77".to_owned()), ..query("martin") },
        ),
        ("search: address contains", Query { address: contains, ..query("") }),
    ];
    for (what, query) in queries {
        let begun = Instant::now();
        let page = snapshot.search(&query).unwrap();
        report(&format!("{what}: {}", page.found.len()), begun);
    }
    let address =
        format!("P{}@op{}.mssante.fr", rows / 2 + 1, (rows / 2 + 1) % 4_000).parse().unwrap();
    let begun = Instant::now();
    for _ in 0..100_000 {
        std::hint::black_box(snapshot.find(&address));
    }
    report("100,000 look-ups by address", begun);
    fs::remove_dir_all(&folder).unwrap();
}
