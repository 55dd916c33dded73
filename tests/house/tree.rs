//! The files of the tree as the rules see them: path from the root and text.
//!
//! Build output and what belongs to git or to an editor is left out. A file that is not UTF-8 is
//! read with replacement characters: the rules look for ASCII only.

use pli_tests::workspace_root;
use std::fs;
use std::path::Path;

/// Folders that are not the project's own text.
const NOT_OURS: [&str; 4] = [".git", "target", "node_modules", "__pycache__"];

/// One file.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// From the root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    /// A made-up file, for the proofs that a rule can fail.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The folders and the name without extension: `a/b/c.rs` gives `a`, `b`, `c`.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.path.split('/').map(|name| name.strip_suffix(".rs").unwrap_or(name))
    }

    /// Its lines with their numbers from 1, split into those of the product and those of tests:
    /// tests are whole files (in a folder `tests`, or named `tests.rs`) and, in any other file,
    /// all from an inline `#[cfg(test)] mod … {` on.
    fn lines(&self, of_tests: bool) -> impl Iterator<Item = (usize, &str)> {
        let first = if self.names().any(|name| name == "tests") { 0 } else { self.inline_tests() };
        self.text
            .lines()
            .enumerate()
            .filter(move |(index, _)| (*index >= first) == of_tests)
            .map(|(index, line)| (index + 1, line))
    }

    pub(crate) fn product_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines(false)
    }

    pub(crate) fn test_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines(true)
    }

    fn inline_tests(&self) -> usize {
        let lines: Vec<&str> = self.text.lines().collect();
        let opens = |line: &&str| line.trim_start().starts_with("mod ") && line.ends_with('{');
        lines
            .iter()
            .enumerate()
            .position(|(index, line)| {
                line.trim() == "#[cfg(test)]"
                    && lines[index + 1..]
                        .iter()
                        .find(|next| !next.trim_start().starts_with("#["))
                        .is_some_and(opens)
            })
            .unwrap_or(usize::MAX)
    }
}

/// Every file of the tree, in order of path.
pub(crate) fn files() -> Vec<File> {
    let mut found = Vec::new();
    walk(&workspace_root(), "", &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(found.iter().any(|file| file.path == "tests/house/tree.rs"), "the tree was not found");
    found
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<File>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let kind = entry.file_type().unwrap();
        if kind.is_dir() && !NOT_OURS.contains(&name.as_str()) {
            walk(&entry.path(), &format!("{path}/"), found);
        } else if kind.is_file()
            && let Ok(bytes) = fs::read(entry.path())
        {
            // What vanished meanwhile was an editor's.
            let text = String::from_utf8_lossy(&bytes).into_owned();
            found.push(File { path, text });
        }
    }
}

#[test]
fn inline_tests_are_told_from_the_product() {
    let text =
        "//! A.\n#[cfg(test)]\nmod far;\nfn a() {}\n#[cfg(test)]\n#[rustfmt::skip]\nmod near {\n";
    let numbers = |lines: Vec<(usize, &str)>| lines.into_iter().map(|(n, _)| n).collect::<Vec<_>>();
    let file = File::new("a/src/b.rs", text);
    assert_eq!(numbers(file.product_lines().collect()), [1, 2, 3, 4]);
    assert_eq!(numbers(file.test_lines().collect()), [5, 6, 7]);
    let file = File::new("a/src/tests.rs", text);
    assert_eq!(file.product_lines().count(), 0);
    assert_eq!(file.test_lines().count(), 7);
}
