//! `docs/standards.md` tells the truth about the code.
//!
//! A clause that the code implements is tagged on a line of its own before it: `// RFC 5321 §4.1.1.4`,
//! `// MSS #34`. Each tagged standard has a row in the table of standards, and each row at least one
//! tag, so a row is never a promise. The table of national rules names the files that tag each row:
//! it is made from the tags, and `PLI_WRITE_STANDARDS=1 cargo test -p pli-tests standards` writes it.
//! Tags in tests do not count.

use crate::tree::{File, files};
use pli_tests::workspace_root;
use std::collections::{BTreeMap, BTreeSet};

const PAGE: &str = "docs/standards.md";
const FAMILIES: [&str; 9] =
    ["RFC ", "ETSI ", "FIPS ", "NIST ", "HL7 ", "IHE ", "ISO ", "ITU-T ", "ANS "];
const STATUSES: [&str; 2] = ["full", "partial"];
/// Rows of the national rules, numbered from 1.
const MSS_ROWS: u32 = 88;

/// What the tags of the code say.
#[derive(Debug, Default)]
struct Tags {
    /// Text of each tag of a standard, with the place where it stands.
    standards: Vec<(String, String)>,
    /// The files that tag each row of the national rules.
    mss: BTreeMap<u32, BTreeSet<String>>,
    complaints: Vec<String>,
}

impl Tags {
    fn of(files: &[File]) -> Self {
        let mut tags = Self::default();
        for file in files.iter().filter(|file| file.is_rust()) {
            for (number, line) in file.product_lines() {
                if let Some(comment) = line.trim_start().strip_prefix("// ") {
                    tags.read(comment, &file.path, number);
                }
            }
        }
        tags
    }

    /// A comment is a tag when it begins as one; it may name several: `RFC 5321 §4.1, RFC 6531 §3.4`.
    fn read(&mut self, comment: &str, path: &str, number: usize) {
        let place = format!("{path}:{number}");
        let of_a_family = |text: &&str| FAMILIES.iter().any(|family| text.starts_with(family));
        if let Some(rows) = comment.strip_prefix("MSS ") {
            self.read_rows(rows, path, &place);
        } else if of_a_family(&comment) {
            let tags = comment.split([',', ';']).map(str::trim).filter(of_a_family);
            self.standards.extend(tags.map(|tag| (tag.to_owned(), place.clone())));
        }
    }

    fn read_rows(&mut self, rows: &str, path: &str, place: &str) {
        let mut found = false;
        for row in rows.split('#').skip(1) {
            let digits: String = row.chars().take_while(char::is_ascii_digit).collect();
            match digits.parse() {
                Ok(row) if (1..=MSS_ROWS).contains(&row) => {
                    self.mss.entry(row).or_default().insert(path.to_owned());
                    found = true;
                }
                _ => self
                    .complaints
                    .push(format!("{place}: MSS #{digits} is no row of 1 to {MSS_ROWS}")),
            }
        }
        if !found && !rows.contains('#') {
            self.complaints.push(format!("{place}: a tag of the national rules is `MSS #n`"));
        }
    }
}

/// The cells of the rows of the table under a heading, without its two head lines.
fn table<'a>(page: &'a str, heading: &str) -> Vec<Vec<&'a str>> {
    page.lines()
        .skip_while(|line| *line != heading)
        .skip(1)
        .take_while(|line| !line.starts_with("## "))
        .filter(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

const STANDARDS: &str = "## Standards";
const NATIONAL: &str = "## National rules";

/// The standard's name and then anything but more of a name: `RFC 532` is not in `RFC 5321`.
fn names(tag: &str, standard: &str) -> bool {
    tag.strip_prefix(standard).is_some_and(|rest| {
        !rest.starts_with(|c: char| c.is_alphanumeric() || c == '-' || c == '.')
    })
}

fn wrong_standards(page: &str, tags: &Tags) -> Vec<String> {
    let mut wrong = tags.complaints.clone();
    let rows = table(page, STANDARDS);
    let mut known = BTreeSet::new();
    for row in &rows {
        let [standard, title, status, deviations] = row[..] else {
            wrong.push(format!("{PAGE}: a row has four cells: {row:?}"));
            continue;
        };
        if title.is_empty() || deviations.is_empty() || !STATUSES.contains(&status) {
            wrong.push(format!(
                "{PAGE}: {standard}: needs a title, a status of {STATUSES:?} and its deviations"
            ));
        }
        if !known.insert(standard) {
            wrong.push(format!("{PAGE}: {standard} stands twice"));
        }
        if !tags.standards.iter().any(|(tag, _)| names(tag, standard)) {
            wrong.push(format!(
                "{PAGE}: {standard} has a row, but no code is tagged `// {standard} §…`"
            ));
        }
    }
    for (tag, place) in &tags.standards {
        if !known.iter().any(|standard| names(tag, standard)) {
            wrong.push(format!("{place}: `{tag}` has no row in {PAGE}"));
        }
    }
    wrong
}

/// The line that the tags give a row of the national rules.
fn mss_line(row: u32, rule: &str, tags: &Tags) -> String {
    let files = tags.mss.get(&row).into_iter().flatten().map(|file| format!("`{file}`"));
    let files: Vec<String> = files.collect();
    let files = if files.is_empty() { "–".to_owned() } else { files.join(", ") };
    format!("| #{row} | {rule} | {files} |")
}

fn wrong_national_rules(page: &str, tags: &Tags) -> Vec<String> {
    let mut wrong = Vec::new();
    let rows = table(page, NATIONAL);
    let numbers: Vec<&str> = rows.iter().filter_map(|row| row.first().copied()).collect();
    let expected: Vec<String> = (1..=MSS_ROWS).map(|row| format!("#{row}")).collect();
    if numbers != expected {
        wrong.push(format!(
            "{PAGE}: the national rules are not the rows #1 to #{MSS_ROWS}, each once, in order"
        ));
    }
    for (row, cells) in (1..).zip(&rows) {
        let [number, rule, files] = cells[..] else {
            wrong.push(format!("{PAGE}: a national rule has three cells: {cells:?}"));
            continue;
        };
        let right = mss_line(row, rule, tags);
        if rule.is_empty() || format!("| {number} | {rule} | {files} |") != right {
            wrong.push(format!("{PAGE}: the tags say: {right}"));
        }
    }
    if !wrong.is_empty() {
        wrong.push("PLI_WRITE_STANDARDS=1 cargo test -p pli-tests standards writes it".to_owned());
    }
    wrong
}

/// The page with the files of the national rules as the tags say.
fn rewritten(page: &str, tags: &Tags) -> String {
    let mut national = false;
    let line = |line: &str| {
        if line.starts_with("## ") {
            national = line == NATIONAL;
        }
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let row = cells.first().and_then(|cell| cell.strip_prefix('#')?.parse().ok());
        match (row, &cells[..]) {
            (Some(row), [_, rule, _]) if national => mss_line(row, rule, tags) + "\n",
            _ => format!("{line}\n"),
        }
    };
    page.lines().map(line).collect()
}

fn this_tree() -> (String, Tags) {
    (std::fs::read_to_string(workspace_root().join(PAGE)).unwrap(), Tags::of(&files()))
}

#[test]
fn standards_are_those_of_the_tags() {
    let (page, tags) = this_tree();
    crate::none(&wrong_standards(&page, &tags));
}

#[test]
fn national_rules_are_those_of_the_tags() {
    let (mut page, tags) = this_tree();
    if std::env::var_os("PLI_WRITE_STANDARDS").is_some() {
        page = rewritten(&page, &tags);
        // By rename, because the other tests read the page meanwhile.
        let (new, old) =
            (workspace_root().join("docs/standards.md.new"), workspace_root().join(PAGE));
        std::fs::write(&new, &page).unwrap();
        std::fs::rename(new, old).unwrap();
    }
    crate::none(&wrong_national_rules(&page, &tags));
}

#[cfg(test)]
mod can_fail {
    use super::{
        File, MSS_ROWS, NATIONAL, STANDARDS, Tags, rewritten, wrong_national_rules, wrong_standards,
    };

    fn tags(text: &str) -> Tags {
        Tags::of(&[File::new("mta/src/rcpt.rs", text)])
    }

    fn standards(rows: &[&str]) -> String {
        format!(
            "{STANDARDS}\n\n| a | b | c | d |\n| - | - | - | - |\n{}\n\n{NATIONAL}\n",
            rows.join("\n")
        )
    }

    fn national(implemented: u32, files: &str) -> String {
        let row = |row| {
            format!("| #{row} | a rule | {} |\n", if row == implemented { files } else { "–" })
        };
        let rows: String = (1..=MSS_ROWS).map(row).collect();
        format!("{NATIONAL}\n\n| a | b | c |\n| - | - | - |\n{rows}")
    }

    const SMTP: &str = "| RFC 5321 | SMTP | partial | none known |";

    #[test]
    fn a_standard_needs_its_row_and_a_row_its_tag() {
        let page = standards(&[SMTP]);
        assert!(
            wrong_standards(&page, &tags("    // RFC 5321 §4.1, §4.2\nfn a() {}\n")).is_empty()
        );
        let wrong = [
            "",
            "// RFC 53 §1\n",
            "/// RFC 5321 §4.1\n",
            "let a = 1; // RFC 5321 §4.1\n",
            "#[cfg(test)]\nmod tests {\n    // RFC 5321 §4.1\n}\n",
        ];
        for text in wrong {
            assert!(!wrong_standards(&page, &tags(text)).is_empty(), "{text}");
        }
        let two = tags("// RFC 5321 §4.1, FIPS 180-4 §6.2\n");
        assert_eq!(
            wrong_standards(&page, &two),
            ["mta/src/rcpt.rs:1: `FIPS 180-4 §6.2` has no row in docs/standards.md"]
        );
    }

    #[test]
    fn a_row_has_a_status_and_stands_once() {
        let tagged = tags("// RFC 5321 §4.1\n");
        for row in [
            "| RFC 5321 | SMTP | planned | none |",
            "| RFC 5321 | SMTP | full |  |",
            "| RFC 5321 | SMTP |",
        ] {
            assert!(!wrong_standards(&standards(&[row]), &tagged).is_empty(), "{row}");
        }
        assert_eq!(wrong_standards(&standards(&[SMTP, SMTP]), &tagged).len(), 1);
    }

    #[test]
    fn national_rules_are_checked_both_ways() {
        let tagged = tags("// MSS #34, #35\n");
        assert_eq!(tagged.mss.keys().copied().collect::<Vec<_>>(), [34, 35]);
        let one = tags("// MSS #34\n");
        assert!(wrong_national_rules(&national(34, "`mta/src/rcpt.rs`"), &one).is_empty());
        for page in [
            national(0, ""),
            national(33, "`mta/src/rcpt.rs`"),
            national(34, "`mta/src/mail.rs`"),
            String::new(),
        ] {
            assert!(!wrong_national_rules(&page, &one).is_empty());
        }
        let page = rewritten(&national(1, "`gone.rs`"), &one);
        assert_eq!(page, national(34, "`mta/src/rcpt.rs`"));
    }

    #[test]
    fn a_tag_names_a_row_that_exists() {
        for text in ["// MSS #0\n", "// MSS #89\n", "// MSS 34\n", "// MSS #\n"] {
            assert_eq!(wrong_standards(&standards(&[]), &tags(text)).len(), 1, "{text}");
        }
    }
}
