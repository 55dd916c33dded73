//! HTML from outside, made harmless: what is not on the list is gone.
//!
//! The result is served from its own address into a sandboxed frame with a policy that loads nothing but our style
//! sheet, so this is the first of three walls. No links, no images, no forms, no styles, no `svg`, no `math`.
//! Failure: none; markup that cannot be read is what the HTML standard makes of it.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::Builder;

/// What stays. `ammonia` < 4.2.4 could be led astray by `svg`, `math` and `style`; none is here.
const TAGS: [&str; 39] = [
    "abbr",
    "b",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "ins",
    "li",
    "ol",
    "p",
    "pre",
    "q",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "td",
    "th",
    "ul",
];
const OF_TABLES: [&str; 5] = ["thead", "tbody", "tfoot", "tr", "u"];

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let cells = || HashSet::from(["colspan", "rowspan"]);
    let mut builder = Builder::empty();
    builder
        .tags(TAGS.into_iter().chain(OF_TABLES).collect())
        .clean_content_tags(HashSet::from(["script", "style", "title", "svg", "math", "template"]))
        .tag_attributes(HashMap::from([("td", cells()), ("th", cells())]))
        .generic_attributes(HashSet::from(["dir", "lang"]))
        .url_schemes(HashSet::new())
        .link_rel(None);
    builder
});

/// Markup without anything that acts, loads or leads away: what a page shows of a message.
#[must_use]
pub fn clean(html: &str) -> String {
    CLEANER.clean(html).to_string()
}

#[cfg(test)]
mod evasion;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_and_their_shape_stay() {
        for (wild, tame) in [
            ("<p onclick=x style='color:red' class=a>é <b>b</b></p>", "<p>é <b>b</b></p>"),
            ("<script>alert(1)</script>a<style>p{}</style>", "a"),
            ("<a href='https://evil.example/x'>here</a>", "here"),
            ("<img src=x onerror=alert(1)>b", "b"),
            ("<svg><g onload=alert(1)></svg>c<math><mi>x</math>", "c"),
            ("<iframe src=x></iframe><form action=x><input name=y></form>d", "d"),
            (
                "<table><tr><td colspan=2 bgcolor=red>1",
                "<table><tbody><tr><td colspan=\"2\">1</td></tr></tbody></table>",
            ),
            ("<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>", ""),
        ] {
            let clean = clean(wild);
            assert_eq!(clean, tame, "{wild}");
        }
    }
}
