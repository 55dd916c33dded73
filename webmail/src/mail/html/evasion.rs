//! Markup that means harm, through both ways by which a stranger's markup becomes a page: a letter's own layout, and a
//! document's narrative. What headless Chromium makes of the same cases is in `tests/browser/evasion.mjs`.

use super::{OF_TABLES, TAGS, clean};
use clinical::narrative;

const CASES: &str = include_str!("../../../../tests/browser/evasion.txt");

/// Each case: what it is, and its markup.
fn cases() -> Vec<(&'static str, String)> {
    let lines = CASES.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split_once(": ").unwrap()).map(|(n, m)| (n, unescaped(m))).collect()
}

/// The markup of a line: escapes are those of the file's first lines.
fn unescaped(line: &str) -> String {
    let (mut out, mut rest) = (String::new(), line);
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let (escape, tail) = after.split_at(1);
        let (c, tail) = match escape {
            "n" => ('\n', tail),
            "r" => ('\r', tail),
            "t" => ('\t', tail),
            "0" => ('\0', tail),
            "x" => {
                let (digits, tail) = tail.split_at(2);
                (number(digits), tail)
            }
            "u" => {
                let (digits, tail) = tail.strip_prefix('{').unwrap().split_once('}').unwrap();
                (number(digits), tail)
            }
            "\\" => ('\\', tail),
            other => panic!("\\{other}"),
        };
        out.push(c);
        rest = tail;
    }
    out + rest
}

fn number(digits: &str) -> char {
    char::from_u32(u32::from_str_radix(digits, 16).unwrap()).unwrap()
}

/// The tags of markup that was written by a serialiser: each with its name and those of its attributes.
fn tags(html: &str) -> Vec<(String, Vec<String>)> {
    let mut tags = Vec::new();
    for tag in html.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap().trim_end_matches('/');
        // Every other piece stands in quotes.
        let bare: String = tag.split('"').step_by(2).collect();
        let mut words = bare.split_ascii_whitespace();
        let name = words.next().unwrap_or_default().trim_start_matches('/').to_lowercase();
        let attributes = words.map(|word| word.trim_end_matches('=').to_lowercase()).collect();
        tags.push((name, attributes));
    }
    tags
}

#[test]
fn of_a_letters_layout_only_the_shape_of_its_words_stays() {
    for (name, markup) in cases() {
        let html = clean(&format!("<p>Bonjour</p>{markup}"));
        assert!(html.starts_with("<p>Bonjour</p>"), "{name}: {html}");
        for (tag, attributes) in tags(&html) {
            assert!(TAGS.contains(&&*tag) || OF_TABLES.contains(&&*tag), "{name}: <{tag}>: {html}");
            for attribute in attributes {
                let kept = ["colspan", "rowspan", "dir", "lang"].contains(&&*attribute);
                assert!(kept, "{name}: {attribute}: {html}");
            }
        }
        assert_eq!(clean(&html), html, "{name}: what is clean stays as it is");
    }
}

/// A document whose narrative is this.
fn document(text: &str) -> String {
    format!(
        "<ClinicalDocument xmlns=\"urn:hl7-org:v3\"><component><structuredBody><component><section>\
         <title>Titre</title><text>{text}</text></section></component></structuredBody></component>\
         </ClinicalDocument>"
    )
}

#[test]
fn of_a_documents_narrative_no_element_or_attribute_is_its_own() {
    let mut read = 0;
    for (name, markup) in cases() {
        let escaped = markup.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
        let ways = [
            format!("<paragraph>{escaped}</paragraph>"),
            format!(
                "<table><caption>{escaped}</caption><tbody><tr><td>{escaped}</td></tr></tbody></table>"
            ),
            format!("<content styleCode=\"{escaped}\" ID=\"{escaped}\">x</content>"),
            format!("<linkHtml href=\"{escaped}\" title=\"{escaped}\">x</linkHtml>"),
            format!(
                "<renderMultiMedia referencedObject=\"{escaped}\"><caption>{escaped}</caption></renderMultiMedia>"
            ),
            // As it stands, where it is XML at all.
            markup.clone(),
        ];
        for way in ways {
            let Ok(rendered) = narrative::html(document(&way).as_bytes()) else { continue };
            read += 1;
            for (tag, attributes) in tags(&rendered.html) {
                for wrong in [
                    "script", "style", "iframe", "svg", "math", "form", "input", "a", "object",
                    "embed", "link", "meta", "base", "template", "video", "audio", "body", "html",
                ] {
                    assert_ne!(tag, wrong, "{name}: {}", rendered.html);
                }
                for attribute in attributes {
                    let kept = [
                        "alt",
                        "colspan",
                        "rowspan",
                        "scope",
                        "data-media",
                        "data-type",
                        "data-added",
                        "data-missing",
                        "type",
                    ];
                    assert!(kept.contains(&&*attribute), "{name}: {attribute}: {}", rendered.html);
                }
            }
        }
    }
    assert!(read > 400, "{read} documents could be read");
}
