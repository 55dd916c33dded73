//! Properties of every message, and of well-formed ones.

use super::super::{Limits, Part, PartKind, Scanner, digest_of};
use super::{every_part, slice};
use mail_parser::{Message, MessageParser, PartType};
use proptest::prelude::*;

/// Texts that are likely to confuse the scanner.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "\r\n", "\n", "\r", "-", "--", "--b", "--b\r\n", "--b--\r\n", "--bb\n", "--c", "--c--",
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n",
            "Content-Type: multipart/digest; boundary=bb\n\n",
            "Content-Type: multipart/x; boundary=\"c\"\r\n",
            "Content-Type: message/rfc822\r\n\r\n", "Content-Type: text/html\r\n\r\n",
            "Content-Type: ", "Content-Transfer-Encoding: base64\r\n", "Subject: x\r\n", "From: a@b\r\n",
            " ", "\t", "<p>", "text", ":", ";",
        ]).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// A tree of parts from which a message can be written.
#[derive(Debug, Clone)]
enum Tree {
    Leaf(String, Vec<String>),
    Multipart(Vec<Tree>, Option<String>, Option<String>),
    Message(Box<Tree>),
}

fn tree() -> impl Strategy<Value = Tree> {
    let line = prop::sample::select(vec![
        "",
        "text",
        "-",
        "--",
        "-- ",
        "--x",
        "--=",
        "  indented",
        "a line of some length, as people write",
        "r\u{e9}sum\u{e9}",
        "a\rb",
        "=?utf-8?q?x?=",
    ]);
    let lines = prop::collection::vec(line.prop_map(str::to_owned), 0..6);
    let media_type = prop::sample::select(vec!["text/plain", "text/html", "image/png", "a/b"]);
    let leaf = (media_type, lines).prop_map(|(name, lines)| Tree::Leaf(name.into(), lines));
    let aside = || prop::option::of(Just("nobody reads this".to_owned()));
    leaf.prop_recursive(5, 30, 4, move |inner| {
        prop_oneof![
            3 => (prop::collection::vec(inner.clone(), 1..4), aside(), aside())
                .prop_map(|(children, preamble, epilogue)| Tree::Multipart(children, preamble, epilogue)),
            1 => inner.prop_map(|child| Tree::Message(Box::new(child))),
        ]
    })
}

impl Tree {
    /// A message that holds nothing but a message, on which mail-parser 0.11.9 fails a debug
    /// assertion ("Invalid part ID") if it stands in a multipart.
    fn has_message_in_message(&self) -> bool {
        match self {
            Tree::Leaf(..) => false,
            Tree::Multipart(children, ..) => children.iter().any(Tree::has_message_in_message),
            Tree::Message(child) => {
                matches!(**child, Tree::Message(_)) || child.has_message_in_message()
            }
        }
    }
}

/// Header start, body start, body end.
type Place = (u64, u64, u64);

struct Writer {
    out: String,
    line_end: &'static str,
    boundaries: usize,
    /// A boundary begins like those inside it.
    alike: bool,
    places: Vec<Place>,
}

impl Writer {
    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push_str(self.line_end);
    }

    fn here(&self) -> u64 {
        self.out.len() as u64
    }

    fn boundary(&mut self) -> String {
        self.boundaries += 1;
        if self.alike {
            format!("={}", "_".repeat(self.boundaries))
        } else {
            format!("=_{:03}", self.boundaries)
        }
    }

    fn write(&mut self, tree: &Tree) {
        let index = self.places.len();
        let header_start = self.here();
        self.places.push((0, 0, 0));
        let body_start = match tree {
            Tree::Leaf(media_type, lines) => {
                self.line(&format!("Content-Type: {media_type}"));
                self.line("");
                let body_start = self.here();
                let body = lines.join(self.line_end);
                self.out.push_str(&body);
                body_start
            }
            Tree::Multipart(children, preamble, epilogue) => {
                let boundary = self.boundary();
                self.line("Content-Type: multipart/mixed;");
                self.line(&format!("\tboundary=\"{boundary}\""));
                self.line("");
                let body_start = self.here();
                if let Some(text) = preamble {
                    self.line(text);
                }
                for child in children {
                    self.line(&format!("--{boundary}"));
                    self.write(child);
                    self.line("");
                }
                self.out.push_str(&format!("--{boundary}--"));
                if let Some(text) = epilogue {
                    self.line("");
                    self.out.push_str(text);
                }
                body_start
            }
            Tree::Message(child) => {
                self.line("Content-Type: message/rfc822");
                self.line("");
                let body_start = self.here();
                self.write(child);
                body_start
            }
        };
        self.places[index] = (header_start, body_start, self.here());
    }
}

fn write(tree: &Tree, line_end: &'static str, alike: bool) -> (String, Vec<Place>) {
    let mut writer =
        Writer { out: String::new(), line_end, boundaries: 0, alike, places: Vec::new() };
    writer.write(tree);
    (writer.out, writer.places)
}

fn places(root: &Part) -> Vec<Place> {
    every_part(root)
        .into_iter()
        .map(|(_, part)| (part.header_start, part.body_start, part.body_end))
        .collect()
}

/// What mail-parser found, in the same order; ends of leaves only.
fn their_places(message: &Message<'_>) -> Vec<(u64, u64, Option<u64>)> {
    let mut places = Vec::new();
    for part in &message.parts {
        let is_leaf = !matches!(part.body, PartType::Multipart(_) | PartType::Message(_));
        let end = is_leaf.then_some(u64::from(part.offset_end));
        places.push((u64::from(part.offset_header), u64::from(part.offset_body), end));
        if let PartType::Message(inner) = &part.body {
            places.extend(their_places(inner));
        }
    }
    places
}

proptest! {
    #[test]
    fn a_digest_does_not_depend_on_the_pieces(
        message in hostile(),
        sizes in prop::collection::vec(1..20_usize, 1..10),
    ) {
        let whole = digest_of(&message);
        let mut scanner = Scanner::new(Limits::default());
        let mut rest = message.as_slice();
        for size in sizes.iter().cycle() {
            let (piece, after) = rest.split_at(rest.len().min(*size));
            scanner.push(piece);
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        let pieces = scanner.finish();
        prop_assert_eq!(&pieces, &whole);
        let stored = postcard::to_stdvec(&whole).unwrap();
        prop_assert_eq!(postcard::from_bytes::<super::Digest>(&stored).unwrap(), whole);
    }

    #[test]
    fn offsets_are_nested_and_lines_are_counted(message in hostile()) {
        let digest = digest_of(&message);
        prop_assert_eq!(digest.size, message.len() as u64);
        prop_assert_eq!(digest.structure.header_start, 0);
        prop_assert_eq!(digest.structure.body_end, digest.size);
        prop_assert_eq!(&digest.header, slice(&message, digest.structure.header_range()));
        for (_, part) in every_part(&digest.structure) {
            prop_assert!(part.header_start <= part.body_start && part.body_start <= part.body_end);
            let mut from = part.body_start;
            let children = match &part.kind {
                PartKind::Leaf => &[][..],
                PartKind::Multipart { children } => {
                    prop_assert!(!children.is_empty());
                    children
                }
                PartKind::Message { child, .. } => {
                    prop_assert_eq!((child.header_start, child.body_end), (part.body_start, part.body_end));
                    std::slice::from_ref(&**child)
                }
            };
            for child in children {
                prop_assert!(from <= child.header_start && child.body_end <= part.body_end);
                from = child.body_end;
            }
            if part.media_type == "text" || part.is("message", "rfc822") {
                let body = slice(&message, part.body_range());
                let lines = body.iter().filter(|&&byte| byte == b'\n').count() as u64;
                prop_assert_eq!(part.lines, lines);
            }
        }
        for (path, part) in digest.structure.walk() {
            prop_assert_eq!(digest.structure.find(&path), Some(part));
        }
    }

    #[test]
    fn a_written_tree_is_read_back(
        tree in tree(),
        line_end in prop::sample::select(vec!["\r\n", "\n"]),
        alike in any::<bool>(),
    ) {
        let (message, expected) = write(&tree, line_end, alike);
        prop_assert_eq!(places(&digest_of(&message).structure), expected);
    }

    #[test]
    fn mail_parser_finds_the_same_parts(tree in tree()) {
        prop_assume!(!tree.has_message_in_message());
        let (message, _) = write(&tree, "\r\n", false);
        let ours = digest_of(&message).structure;
        let theirs = their_places(&MessageParser::default().parse(&message).unwrap());
        let ours: Vec<_> = every_part(&ours)
            .into_iter()
            .map(|(_, part)| {
                let end = (part.kind == PartKind::Leaf).then_some(part.body_end);
                (part.header_start, part.body_start, end)
            })
            .collect();
        prop_assert_eq!(ours, theirs);
    }
}
