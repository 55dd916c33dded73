//! What the directory takes in: the national extraction, operators' exchange files.

use directory::{Directory, DomainOwners, Limits, Source};
use domain::CitizenDomains;

pub(super) const LINE_WORDS: &[&str] = &[
    "|",
    "\n",
    "PER",
    "ORG",
    "APP",
    "CAB",
    "Médecin",
    "801234567897",
    "marie.martin@practice.example",
    "\u{feff}",
    "\"",
    ";",
    "\r\n",
];
pub(super) const JSON_WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "null",
    "\\u0000",
    "\\ud800",
    "\"kind\"",
    "\"mailbox\"",
    "1e999",
    "-0",
    "\n",
    "true",
];

const SMALL: Limits = Limits { line: 16 << 10, file: 1 << 20, lines: 5_000 };

fn directory() -> Directory {
    let citizens: CitizenDomains = "patient.example".parse().into_iter().collect();
    Directory::in_memory(citizens, DomainOwners::default())
}

pub(super) fn extraction(octets: &[u8]) {
    let directory = directory();
    if directory.import_extraction(octets, SMALL).is_ok() {
        let _ = directory.snapshot();
    }
}

pub(super) fn exchange(octets: &[u8]) {
    let directory = directory();
    let Ok(name) = "chu".parse() else { return };
    let source = Source::Operator(name);
    for _ in 0..2 {
        let _ = directory.import_exchange(&source, octets, SMALL);
    }
}
