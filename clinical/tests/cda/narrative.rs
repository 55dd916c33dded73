//! The narrative: no word of the samples is lost, and the HTML holds nothing but our own.

use crate::samples;
use ammonia::Builder;
use clinical::narrative::{BODY, Rendered, html};
use roxmltree::{Document, Node};
use std::collections::HashSet;

/// Texts below `title` and `text` of sections, by a walk that knows nothing of the renderer.
fn texts(xml: &str) -> Vec<String> {
    fn walk(node: Node<'_, '_>, in_section: bool, found: &mut Vec<String>) {
        let own = node.tag_name().name();
        if in_section && matches!(own, "title" | "text") {
            let texts = node.descendants().filter(Node::is_text).filter_map(|text| text.text());
            found.extend(texts.map(str::to_owned));
            return;
        }
        // The title, then the text, then the sections inside: also where a document mixes them.
        let nested = |node: &Node<'_, '_>| node.tag_name().name() == "component";
        for child in node.children().filter(|child| !nested(child)) {
            walk(child, own == "section", found);
        }
        for child in node.children().filter(nested) {
            walk(child, false, found);
        }
    }
    let document = Document::parse(xml).unwrap();
    let mut found = Vec::new();
    walk(document.root_element(), false, &mut found);
    found
}

/// The text that a browser shows, and the tags.
fn shown(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        text.push('\u{1}');
        rest = after.split_once('>').unwrap().1;
    }
    text.push_str(rest);
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", "\u{a0}").replace("&amp;", "&")
}

fn sanitised(html: &str) -> String {
    let tags = [
        "section", "h3", "h4", "h5", "h6", "div", "p", "span", "strong", "em", "u", "ins", "del",
        "sub", "sup", "small", "br", "ul", "ol", "li", "table", "caption", "thead", "tbody",
        "tfoot", "tr", "th", "td", "img",
    ];
    let attributes = [
        "colspan",
        "rowspan",
        "scope",
        "type",
        "alt",
        "data-media",
        "data-type",
        "data-missing",
        "data-added",
    ];
    let mut builder = Builder::empty();
    builder.tags(HashSet::from(tags)).generic_attributes(HashSet::from(attributes)).link_rel(None);
    builder.clean(html).to_string()
}

#[track_caller]
fn holds_every_word(name: &str, texts: &[String], shown: &str) {
    let mut rest = shown;
    for word in texts.iter().flat_map(|text| text.split_whitespace()) {
        let at = rest
            .find(word)
            .unwrap_or_else(|| panic!("{name}: a word is lost or out of order: {word}"));
        rest = &rest[at + word.len()..];
    }
}

/// Text less white space and tags, and less what the renderer added.
fn bare(html: &str) -> String {
    let mut html = html.to_owned();
    while let Some(from) = html.find("<small data-added") {
        let to = html[from..].find("</small>").unwrap() + from + "</small>".len();
        html.replace_range(from..to, "");
    }
    shown(&html).chars().filter(|c| !c.is_whitespace() && *c != '\u{1}').collect()
}

#[test]
fn no_word_of_the_samples_is_lost() {
    for (name, octets) in samples::all() {
        let rendered = html(&octets).unwrap();
        let xml = String::from_utf8(octets).unwrap();
        let texts = texts(xml.trim_start_matches('\u{feff}'));
        holds_every_word(&name, &texts, &shown(&rendered.html));
        holds_every_word(&name, &texts, &rendered.text);
        let original: String = texts.concat().split_whitespace().collect();
        assert!(bare(&rendered.html) == original, "{name}: the text differs");
        assert_eq!(sanitised(&rendered.html), rendered.html, "{name}");
        let level1 = name.starts_with("DOC_NON") || name.starts_with("IMG_CR");
        assert_eq!(level1, rendered.html.is_empty(), "{name}");
        assert_eq!(level1, rendered.media.iter().any(|media| media.id == BODY), "{name}");
        assert_eq!(level1, rendered.titles.is_empty(), "{name}");
        for media in rendered.media.iter().filter(|media| media.id != BODY) {
            assert!(rendered.html.contains(&format!("data-media=\"{}\"", media.id)), "{name}");
        }
        assert!(!rendered.html.contains("data-missing"), "{name}");
    }
}

fn document(sections: &str) -> Vec<u8> {
    format!(
        r#"<ClinicalDocument xmlns="urn:hl7-org:v3"><component><structuredBody>{sections}</structuredBody></component></ClinicalDocument>"#
    )
    .into_bytes()
}

fn render(text: &str) -> Rendered {
    let section = format!("<component><section><text>{text}</text></section></component>");
    let rendered = html(&document(&section)).unwrap();
    // Whatever stands in it, a sanitiser that parses as browsers do changes nothing.
    assert_eq!(sanitised(&rendered.html), rendered.html);
    rendered
}

#[track_caller]
fn becomes(text: &str, inner: &str) {
    assert_eq!(render(text).html, format!("<section><div>{inner}</div></section>"));
}

#[test]
fn sections_nest_with_their_headings() {
    let inner = "<component><section><title>Deux</title><text>b</text></section></component>";
    let outer = format!(
        "<component><section><title>Un &amp; un</title><text>a</text>{inner}</section></component>"
    );
    let rendered = html(&document(&outer)).unwrap();
    assert_eq!(
        rendered.html,
        "<section><h3>Un &amp; un</h3><div>a</div><section><h4>Deux</h4><div>b</div></section></section>"
    );
    assert_eq!(rendered.text, "Un & un\na\n\nDeux\nb");
    assert_eq!(rendered.titles, ["Un & un"]);
}

#[test]
fn each_element_of_the_narrative_has_its_form() {
    becomes("<paragraph>a<br/>b</paragraph>", "<p>a<br>b</p>");
    becomes("H<sub>2</sub>O m<sup>2</sup>", "H<sub>2</sub>O m<sup>2</sup>");
    becomes(
        r#"<content styleCode="Bold Underline" ID="x">a</content>"#,
        "<strong><u>a</u></strong>",
    );
    becomes(r#"<content styleCode="BoldItalics">a</content>"#, "<strong><em>a</em></strong>");
    becomes(r#"<content styleCode="xRed" style="color:red">a</content>"#, "a");
    becomes(
        r#"<content revised="delete">a</content><content revised="insert">b</content>"#,
        "<del>a</del><ins>b</ins>",
    );
    becomes(
        r#"<list listType="ordered" styleCode="LittleRoman"><caption>c</caption><item>a</item><item>b</item></list>"#,
        r#"<ol type="i"><li><strong>c</strong></li><li>a</li><li>b</li></ol>"#,
    );
    becomes(
        r#"<linkHtml href="javascript:alert(1)">a</linkHtml> <linkHtml href='#x'>b</linkHtml>"#,
        r#"<span>a</span><small data-added=""> (javascript:alert(1))</small> <span>b</span>"#,
    );
    becomes(
        r#"a<footnoteRef IDREF="n"/> b<footnote ID="n">note</footnote>"#,
        r#"a<small data-added=""> [1]</small> b<small data-added=""> [1] </small><small>note</small>"#,
    );
    becomes(
        r#"<table border="0" onclick="x"><caption>c</caption><col width="1"/><thead><tr><th scope="col" colspan="2" styleCode="x">h</th></tr></thead><tbody><tr><td rowspan="9999">a</td><td>b</td></tr></tbody></table>"#,
        r#"<table><caption>c</caption><thead><tr><th colspan="2" scope="col">h</th></tr></thead><tbody><tr><td>a</td><td>b</td></tr></tbody></table>"#,
    );
    becomes("&lt;script&gt; \"&amp;\" &#160;", "&lt;script&gt; \"&amp;\" &nbsp;");
}

#[test]
fn words_out_of_place_keep_their_place() {
    becomes(
        "<table>x<tr>y<td>z</td></tr></table>",
        "<table><tbody><tr><td>x</td></tr><tr><td>y</td><td>z</td></tr></tbody></table>",
    );
    becomes(
        "<paragraph>a<table><tr><td>b</td></tr></table>c</paragraph>",
        "<div>a<table><tbody><tr><td>b</td></tr></tbody></table>c</div>",
    );
    becomes(
        "<list>x<item>y</item><list><item>z</item></list></list>",
        "<ul><li>x</li><li>y</li><li><ul><li>z</li></ul></li></ul>",
    );
    becomes(
        "<td>a</td><item>b</item><tr><td>c</td></tr>",
        "<div>a</div><div>b</div><div><div>c</div></div>",
    );
    becomes("<script>a</script><p xmlns='x' onclick='y'>b</p>", "ab");
    becomes(
        "<table><tbody><tr><td>a</td></tr></tbody><caption>b</caption><tfoot><tr><td>c</td></tr></tfoot></table>",
        "<table><tbody><tr><td>a</td></tr></tbody><tbody><tr><td><div>b</div></td></tr></tbody><tfoot><tr><td>c</td></tr></tfoot></table>",
    );
}

#[test]
fn media_are_references_by_id() {
    let media = |id: &str, kind: &str| {
        format!(
            r#"<entry><observationMedia ID="{id}"><value mediaType="{kind}" representation="B64">AQ I=</value></observationMedia></entry>"#
        )
    };
    let text = r#"<text><renderMultiMedia referencedObject='i&quot;1 p s r'><caption>c</caption></renderMultiMedia></text>"#;
    let region = format!(
        r#"<entry><regionOfInterest ID="r">{}</regionOfInterest></entry>"#,
        media("ri", "image/png")
    );
    let files = [
        media("i&quot;1", "image/JPEG"),
        media("p", "application/pdf"),
        media("s", "image/svg+xml"),
        region,
    ]
    .concat();
    let rendered =
        html(&document(&format!("<component><section>{text}{files}</section></component>")))
            .unwrap();
    assert_eq!(
        rendered.html,
        concat!(
            r#"<section><div><img alt="c" data-media="i&quot;1" data-type="image/jpeg">"#,
            r#"<span data-media="p" data-type="application/pdf"></span>"#,
            r#"<span data-media="s" data-type="image/svg+xml"></span>"#,
            r#"<img alt="c" data-media="ri" data-type="image/png"><span><div>c</div></span></div></section>"#
        )
    );
    assert_eq!(rendered.media.len(), 4);
    assert_eq!(rendered.media[0].octets, [1, 2]);
    becomes(r#"<renderMultiMedia referencedObject="x"/>"#, r#"<span data-missing="x"></span>"#);
}

#[test]
fn tables_are_lines_of_text() {
    let rendered = render(
        "<table><tr><th>a</th><th>b</th></tr><tr><td/><td>c<br/>d</td></tr></table><list><item>e</item></list>",
    );
    assert_eq!(rendered.text, "a | b\n | c / d\n- e");
}
