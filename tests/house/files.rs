//! How files look: the header that says what a file is for, its length, its name; no test that is
//! skipped or sleeps; decision records that are numbered.
//!
//! `unwrap`, `expect` and their like are the compiler's business (`[workspace.lints]`).

use crate::tree::{File, files};

const MAX_LINES: usize = 600;

/// Names that say nothing about a subject.
const EMPTY_NAMES: [&str; 10] = [
    "utils", "util", "helpers", "helper", "common", "misc", "manager", "managers", "shared",
    "stuff",
];

/// Written in halves, or this file would break its own rule.
const SLEEPS: [&str; 2] = [concat!("thread::", "sleep"), concat!("time::", "sleep")];

fn without_header(file: &File) -> Option<String> {
    let mut lines = file.text.lines().map(str::trim);
    let first = lines.find(|line| !(line.is_empty() || line.starts_with("#!")))?;
    (!first.starts_with("//!")).then(|| {
        format!(
            "{}: opens without `//!`: what it is for, its invariants, what happens on failure",
            file.path
        )
    })
}

fn too_long(file: &File) -> Option<String> {
    let lines = file.text.lines().count();
    (lines > MAX_LINES).then(|| {
        format!("{}: {lines} lines, at most {MAX_LINES}: split by command or by noun", file.path)
    })
}

fn empty_names(file: &File) -> Vec<String> {
    let inline = file.text.lines().filter_map(|line| {
        let line = line.trim_start();
        let line =
            line.strip_prefix("pub ").or_else(|| line.strip_prefix("pub(crate) ")).unwrap_or(line);
        line.strip_prefix("mod ")?.split([' ', ';', '{']).next()
    });
    let mut names: Vec<&str> =
        file.names().chain(inline).filter(|name| EMPTY_NAMES.contains(name)).collect();
    names.dedup();
    names.iter().map(|name| format!("{}: `{name}` names no subject", file.path)).collect()
}

fn skipped_tests(file: &File) -> Vec<String> {
    let skips = |line: &str| {
        let line = line.trim_start();
        line.starts_with("#[ignore")
            || (line.starts_with("#[cfg_attr") && line.contains(", ignore"))
    };
    let lines = file.text.lines().enumerate().filter(|(_, line)| skips(line));
    lines
        .map(|(index, _)| format!("{}:{}: a test that does not run", file.path, index + 1))
        .collect()
}

fn sleeping_tests(file: &File) -> Vec<String> {
    file.test_lines()
        .filter(|(_, line)| SLEEPS.iter().any(|sleep| line.contains(sleep)))
        .map(|(number, _)| format!("{}:{number}: a test that sleeps; pass the clock in", file.path))
        .collect()
}

/// Records are `NNNN-title.md`, numbered from 0001 without a gap.
fn wrong_records(names: &[&str]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let prefix = format!("{:04}-", index + 1);
        let title = name.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix(".md"));
        let plain = |title: &str| {
            !title.is_empty()
                && title.bytes().all(|b| b == b'-' || b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        if !title.is_some_and(plain) {
            wrong.push(format!(
                "docs/adr/{name}: expected {prefix}title.md, in lower case with hyphens"
            ));
        }
    }
    wrong
}

fn rust() -> Vec<File> {
    files().into_iter().filter(File::is_rust).collect()
}

#[test]
fn every_file_says_what_it_is_for() {
    crate::none(&rust().iter().filter_map(without_header).collect::<Vec<_>>());
}

#[test]
fn no_file_is_too_long() {
    crate::none(&rust().iter().filter_map(too_long).collect::<Vec<_>>());
}

#[test]
fn every_module_is_named_after_its_subject() {
    crate::none(&rust().iter().flat_map(empty_names).collect::<Vec<_>>());
}

#[test]
fn every_test_runs() {
    crate::none(&rust().iter().flat_map(skipped_tests).collect::<Vec<_>>());
}

#[test]
fn no_test_sleeps() {
    crate::none(&rust().iter().flat_map(sleeping_tests).collect::<Vec<_>>());
}

#[test]
fn decision_records_are_numbered() {
    let files = files();
    let names: Vec<&str> =
        files.iter().filter_map(|file| file.path.strip_prefix("docs/adr/")).collect();
    assert!(!names.is_empty());
    crate::none(&wrong_records(&names));
}

#[cfg(test)]
mod can_fail {
    use super::{
        MAX_LINES, SLEEPS, empty_names, skipped_tests, sleeping_tests, too_long, without_header,
        wrong_records,
    };
    use crate::tree::File;

    fn file(text: &str) -> File {
        File::new("mta/src/rcpt.rs", text)
    }

    #[test]
    fn a_header_comes_first() {
        for fine in ["//! A.\n", "#![no_std]\n\n//! A.\n", "#!/usr/bin/env rust\n//! A.\n", ""] {
            assert_eq!(without_header(&file(fine)), None, "{fine}");
        }
        for wrong in ["use a;\n//! A.\n", "// A.\n", "/// A.\nfn a() {}\n"] {
            assert!(without_header(&file(wrong)).is_some(), "{wrong}");
        }
    }

    #[test]
    fn length_is_counted() {
        assert_eq!(too_long(&file(&"\n".repeat(MAX_LINES))), None);
        assert!(too_long(&file(&"\n".repeat(MAX_LINES + 1))).is_some());
    }

    #[test]
    fn empty_names_are_found_in_paths_and_modules() {
        assert!(empty_names(&file("mod rcpt;\nmod manager_of_queues;\n")).is_empty());
        assert_eq!(empty_names(&File::new("mta/src/utils.rs", "")).len(), 1);
        assert_eq!(empty_names(&File::new("mta/src/common/rcpt.rs", "")).len(), 1);
        assert_eq!(empty_names(&file("pub(crate) mod helpers {\n")).len(), 1);
    }

    #[test]
    fn skipped_tests_are_found() {
        assert!(skipped_tests(&file("// #[ignore] is not used here\n")).is_empty());
        assert_eq!(skipped_tests(&file("#[test]\n    #[ignore = \"slow\"]\n")).len(), 1);
        assert_eq!(skipped_tests(&file("#[cfg_attr(miri, ignore)]\n")).len(), 1);
    }

    #[test]
    fn sleeps_are_found_in_tests_only() {
        for sleep in SLEEPS {
            let text =
                format!("//! A.\n{sleep}(a);\n#[cfg(test)]\nmod tests {{\n    {sleep}(a);\n}}\n");
            let complaints = sleeping_tests(&file(&text));
            assert_eq!(complaints.len(), 1);
            assert!(complaints[0].starts_with("mta/src/rcpt.rs:5:"));
            assert_eq!(sleeping_tests(&File::new("tests/scenarios/a.rs", &text)).len(), 2);
        }
    }

    #[test]
    fn records_are_in_order_and_well_named() {
        assert!(wrong_records(&["0001-a.md", "0002-b-2.md"]).is_empty());
        for wrong in [
            &["1-a.md"][..],
            &["0002-a.md"],
            &["0001-A.md"],
            &["0001-a.txt"],
            &["0001-a.md", "0001-b.md"],
        ] {
            assert_eq!(wrong_records(wrong).len(), 1, "{wrong:?}");
        }
    }
}
