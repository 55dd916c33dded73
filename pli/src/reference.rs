//! `docs/configuration.md`: every key with its value in the sample, what it means, and when a change of
//! it is taken. Made of the sample that the program carries, which a test holds to the keys of
//! [`Config`](crate::config::Config); a test holds the page to both.
//!
//! `PLI_WRITE_CONFIGURATION=1 cargo test -p pli reference` writes it.

use crate::config::SAMPLE;
use crate::reload::is_live;

const HEAD: &str = "# Configuration\n\nEvery key of `pli.toml`, made from the sample \
    [pli.toml](pli.toml) by a test (`PLI_WRITE_CONFIGURATION=1 cargo test -p pli reference`). *Given*: \
    the sample's value. *Example*: the key may be left out; what then holds is in its text. *Live*: \
    `pli reload` and SIGHUP take a change; others wait for the next start. The contents of files that \
    keys name are read again at each reload and every ten minutes.\n";

/// A key of the sample.
struct Key {
    name: String,
    value: String,
    given: bool,
    text: String,
}

/// A line that gives a key, or shows one in a comment.
fn key_of(line: &str) -> Option<(&str, &str, bool)> {
    let bare = line.strip_prefix("# ");
    let (name, value) = bare.unwrap_or(line).split_once(" = ")?;
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    plain.then_some((name, value, bare.is_none()))
}

/// The heading of a section, given or shown in a comment.
fn section_of(line: &str) -> Option<&str> {
    line.trim_start_matches("# ").strip_prefix('[')?.strip_suffix(']')
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    let (mut section, mut text) = (String::new(), Vec::new());
    for line in SAMPLE.lines().skip(2) {
        if let Some(named) = section_of(line) {
            section = named.replace("\"chu.example\"", "DOMAIN").replace(".hospital", ".NAME");
            page.push_str(&format!("\n## [{section}]\n"));
            if !text.is_empty() {
                page.push_str(&format!("{}\n", text.join(" ")));
            }
            page.push_str("\n| key | value | meaning | live |\n| --- | --- | --- | --- |\n");
            text.clear();
        } else if let Some((name, value, given)) = key_of(line) {
            let (name, value) = (name.to_owned(), value.to_owned());
            let key = Key { name, value, given, text: text.join(" ") };
            page.push_str(&row(&section, &key));
            text.clear();
        } else if let Some(words) = line.strip_prefix("# ") {
            text.push(words);
        } else {
            text.clear();
        }
    }
    page
}

fn row(section: &str, key: &Key) -> String {
    let Key { name, value, given, text } = key;
    let given = if *given { "Given" } else { "Example" };
    let text = if text.is_empty() { "See above." } else { text.as_str() };
    let live = if is_live(&format!("{section}.{name}")) { "yes" } else { "" };
    format!("| `{name}` | {given}: `{value}` | {text} | {live} |\n")
}

#[test]
fn the_page_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
    let page = page();
    if std::env::var_os("PLI_WRITE_CONFIGURATION").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let there = std::fs::read_to_string(path).unwrap_or_default();
    assert!(there == page, "docs/configuration.md is not current: {}", HEAD);
}
