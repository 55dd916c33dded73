//! FETCH with the items and modifiers of its extensions.
//!
//! Failure: `None`, and the command is refused; an item too many, a field name too many, a part too deep, is one of
//! them.

use imap_types::core::{AString, Vec1};
use imap_types::fetch::{Part, Section};
use std::num::NonZeroU32;

use super::reader::Reader;
use super::set::is_well_formed;

/// Items of one FETCH.
const MAX_ITEMS: usize = 64;

/// Names of header fields in all items of one FETCH.
const MAX_FIELD_NAMES: usize = 256;

/// Numbers of one part's path; the scanner of messages goes less deep.
const MAX_PATH: usize = 100;

/// A FETCH or UID FETCH.
// RFC 3501 §6.4.5
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// Whether the set is of UIDs.
    pub uid: bool,
    /// The set as it stands; `$` for the saved result.
    pub set: String,
    /// What is asked for.
    pub items: Vec<Item>,
    /// Only messages changed after it.
    // RFC 7162 §3.1.4.1
    pub changed_since: Option<u64>,
    /// Tell what was expunged since, too.
    // RFC 7162 §3.2.6
    pub vanished: bool,
}

/// A data item of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// UID
    Uid,
    /// FLAGS
    Flags,
    /// INTERNALDATE
    InternalDate,
    /// RFC822.SIZE
    Size,
    /// ENVELOPE
    Envelope,
    /// BODY
    Body,
    /// BODYSTRUCTURE
    BodyStructure,
    /// `BODY[…]`, `BODY.PEEK[…]`, RFC822, RFC822.HEADER, RFC822.TEXT
    Section {
        /// What it is called in the response; empty for `BODY[…]`, whose name repeats the section.
        called: &'static str,
        /// Which section; None is the whole message.
        section: Option<Section<'static>>,
        /// First octet and how many.
        partial: Option<(u32, u32)>,
        /// Whether `\Seen` is left as it is.
        peek: bool,
    },
    /// `BINARY[…]`, `BINARY.PEEK[…]`
    // RFC 3516 §4.2
    Binary {
        /// The part; empty is the whole message.
        path: Vec<u32>,
        /// First octet and how many.
        partial: Option<(u32, u32)>,
        /// Whether `\Seen` is left as it is.
        peek: bool,
    },
    /// `BINARY.SIZE[…]`
    BinarySize(Vec<u32>),
    /// MODSEQ
    // RFC 7162 §3.1.4.2
    ModSeq,
    /// EMAILID
    // RFC 8474 §5.1
    EmailId,
    /// THREADID
    // RFC 8474 §5.2
    ThreadId,
    /// SAVEDATE
    // RFC 8514 §4.1
    SaveDate,
    /// PREVIEW, lazy or not: previews are stored, so both are told.
    // RFC 8970 §3.1
    Preview,
}

impl Item {
    /// Whether fetching it gives the message `\Seen`.
    #[must_use]
    pub fn sets_seen(&self) -> bool {
        matches!(self, Self::Section { peek: false, .. } | Self::Binary { peek: false, .. })
    }

    /// Whether the flags' page holds all that it needs.
    #[must_use]
    pub fn is_of_flags(&self) -> bool {
        matches!(self, Self::Uid | Self::Flags | Self::ModSeq)
    }

    fn field_names(&self) -> usize {
        match self {
            Self::Section {
                section: Some(Section::HeaderFields(_, names) | Section::HeaderFieldsNot(_, names)),
                ..
            } => names.as_ref().len(),
            _ => 0,
        }
    }
}

/// Reads what follows the name.
pub fn read(reader: &mut Reader<'_>, uid: bool) -> Option<Fetch> {
    reader.space()?;
    let set = reader.messages()?.to_owned();
    if set != "$" && !is_well_formed(&set) {
        return None;
    }
    reader.space()?;
    let items = items(reader)?;
    let mut fetch = Fetch { uid, set, items, changed_since: None, vanished: false };
    if !reader.is_at_end() {
        reader.space()?;
        reader.list(|reader| modifier(reader, &mut fetch))?;
    }
    let names: usize = fetch.items.iter().map(Item::field_names).sum();
    let fits = (1..=MAX_ITEMS).contains(&fetch.items.len()) && names <= MAX_FIELD_NAMES;
    // RFC 7162 §3.2.6: VANISHED needs UID FETCH and CHANGEDSINCE.
    let vanished_fits = !fetch.vanished || (uid && fetch.changed_since.is_some());
    (fits && vanished_fits && reader.is_at_end()).then_some(fetch)
}

fn modifier(reader: &mut Reader<'_>, fetch: &mut Fetch) -> Option<()> {
    match reader.atom()?.to_ascii_uppercase().as_str() {
        "CHANGEDSINCE" if fetch.changed_since.is_none() => {
            reader.space()?;
            fetch.changed_since = Some(reader.number()?);
        }
        "VANISHED" => fetch.vanished = true,
        _ => return None,
    }
    Some(())
}

fn items(reader: &mut Reader<'_>) -> Option<Vec<Item>> {
    if reader.rest().starts_with(b"(") {
        return reader.list(item);
    }
    // RFC 3501 §6.4.5: what the macros stand for.
    let fast = || vec![Item::Flags, Item::InternalDate, Item::Size];
    let mut ahead = *reader;
    let named = match ahead.word()?.to_ascii_uppercase().as_str() {
        "FAST" => fast(),
        "ALL" => [fast(), vec![Item::Envelope]].concat(),
        "FULL" => [fast(), vec![Item::Envelope, Item::Body]].concat(),
        _ => return Some(vec![item(reader)?]),
    };
    *reader = ahead;
    Some(named)
}

fn item(reader: &mut Reader<'_>) -> Option<Item> {
    let name = reader.word()?.to_ascii_uppercase();
    let whole = |called, section, peek| Item::Section { called, section, partial: None, peek };
    Some(match name.as_str() {
        "UID" => Item::Uid,
        "FLAGS" => Item::Flags,
        "INTERNALDATE" => Item::InternalDate,
        "RFC822.SIZE" => Item::Size,
        "ENVELOPE" => Item::Envelope,
        "BODYSTRUCTURE" => Item::BodyStructure,
        "RFC822" => whole("RFC822", None, false),
        "RFC822.HEADER" => whole("RFC822.HEADER", Some(Section::Header(None)), true),
        "RFC822.TEXT" => whole("RFC822.TEXT", Some(Section::Text(None)), false),
        "BODY" if !reader.rest().starts_with(b"[") => Item::Body,
        "BODY" | "BODY.PEEK" => {
            let section = section(reader)?;
            let peek = name == "BODY.PEEK";
            Item::Section { called: "", section, partial: partial(reader)?, peek }
        }
        "BINARY" | "BINARY.PEEK" => {
            let (path, peek) = (part_in_brackets(reader)?, name == "BINARY.PEEK");
            Item::Binary { path, partial: partial(reader)?, peek }
        }
        "BINARY.SIZE" => Item::BinarySize(part_in_brackets(reader)?),
        "MODSEQ" => Item::ModSeq,
        "EMAILID" => Item::EmailId,
        "THREADID" => Item::ThreadId,
        "SAVEDATE" => Item::SaveDate,
        "PREVIEW" => {
            if reader.rest().starts_with(b" (") {
                reader.space()?;
                reader.list(|reader| {
                    reader.atom().filter(|atom| atom.eq_ignore_ascii_case("LAZY"))
                })?;
            }
            Item::Preview
        }
        _ => return None,
    })
}

/// A path of numbers; whether a dot follows it.
// RFC 3501 §9, section-part
fn path(reader: &mut Reader<'_>) -> Option<(Vec<u32>, bool)> {
    let mut path = Vec::new();
    while reader.rest().first().is_some_and(u8::is_ascii_digit) {
        path.push(u32::try_from(reader.number()?).ok().filter(|number| *number > 0)?);
        if path.len() > MAX_PATH {
            return None;
        }
        if reader.octet(b'.').is_none() {
            return Some((path, false));
        }
    }
    let dotted = !path.is_empty();
    Some((path, dotted))
}

fn part_in_brackets(reader: &mut Reader<'_>) -> Option<Vec<u32>> {
    reader.octet(b'[')?;
    let (path, dotted) = path(reader)?;
    reader.octet(b']')?;
    (!dotted).then_some(path)
}

// RFC 3501 §9, section
fn section(reader: &mut Reader<'_>) -> Option<Option<Section<'static>>> {
    reader.octet(b'[')?;
    let (path, dotted) = path(reader)?;
    let numbers: Option<Vec<NonZeroU32>> = path.into_iter().map(NonZeroU32::new).collect();
    let part = Vec1::try_from(numbers?).ok().map(Part);
    if reader.octet(b']').is_some() {
        return (!dotted).then(|| part.map(Section::Part));
    }
    if part.is_some() && !dotted {
        return None;
    }
    let section = match (reader.word()?.to_ascii_uppercase().as_str(), part) {
        ("HEADER", part) => Section::Header(part),
        ("TEXT", part) => Section::Text(part),
        ("MIME", Some(part)) => Section::Mime(part),
        ("HEADER.FIELDS", part) => Section::HeaderFields(part, names(reader)?),
        ("HEADER.FIELDS.NOT", part) => Section::HeaderFieldsNot(part, names(reader)?),
        _ => return None,
    };
    reader.octet(b']')?;
    Some(Some(section))
}

fn names(reader: &mut Reader<'_>) -> Option<Vec1<AString<'static>>> {
    reader.space()?;
    let names = reader.list(|reader| AString::try_from(reader.astring()?).ok())?;
    Vec1::try_from(names).ok()
}

// RFC 3501 §9, partial
fn partial(reader: &mut Reader<'_>) -> Option<Option<(u32, u32)>> {
    if reader.octet(b'<').is_none() {
        return Some(None);
    }
    let from = u32::try_from(reader.number()?).ok()?;
    reader.octet(b'.')?;
    let count = u32::try_from(reader.number()?).ok().filter(|count| *count > 0)?;
    reader.octet(b'>')?;
    Some(Some((from, count)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<Fetch> {
        read(&mut Reader::new(text.as_bytes()), true)
    }

    #[test]
    fn items_of_all_extensions_are_read() {
        let text = " 1:*,7 (UID body[] BODY.PEEK[1.2.HEADER.FIELDS (To \"x y\")]<0.5> BINARY.PEEK[2]<3.4> \
            BINARY.SIZE[] MODSEQ EMAILID THREADID SAVEDATE PREVIEW (LAZY) RFC822.HEADER) \
            (CHANGEDSINCE 12345 VANISHED)";
        let fetch = of(text).unwrap();
        assert_eq!(
            (fetch.set.as_str(), fetch.changed_since, fetch.vanished),
            ("1:*,7", Some(12345), true)
        );
        assert_eq!(fetch.items.len(), 11);
        assert!(matches!(&fetch.items[1], Item::Section { section: None, peek: false, .. }));
        assert!(matches!(
            &fetch.items[2],
            Item::Section { section: Some(Section::HeaderFields(Some(_), names)), partial: Some((0, 5)), .. }
                if names.as_ref().len() == 2
        ));
        assert_eq!(
            fetch.items[3],
            Item::Binary { path: vec![2], partial: Some((3, 4)), peek: true }
        );
        assert_eq!(of(" $ ALL").unwrap().items.len(), 4);
        assert_eq!(of(" 1 BODY").unwrap().items, [Item::Body]);
    }

    #[test]
    fn what_is_wrong_is_refused() {
        for wrong in [
            "",
            " 1",
            " 0 UID",
            " 1 ()",
            " 1 (UID",
            " 1 WRONG",
            " 1 BODY[1.]",
            " 1 BODY[0]",
            " 1 BODY[MIME]",
            " 1 BODY[1HEADER]",
            " 1 BODY[]<1.0>",
            " 1 BODY[]<1>",
            " 1 BODY[HEADER.FIELDS]",
            " 1 BODY[",
            " 1 BODY[HEADER.FIELDS ()]",
            " 1 BINARY[TEXT]",
            " 1 UID (VANISHED)",
            " 1 UID ()x",
            " 1 FAST x",
        ] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
        let vanished = read(&mut Reader::new(b" 1 UID (CHANGEDSINCE 1 VANISHED)"), false);
        assert_eq!(vanished, None);
        assert_eq!(of(&format!(" 1 BODY[{}1]", "1.".repeat(MAX_PATH))), None);
    }
}
