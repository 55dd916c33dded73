//! SEARCH, SORT and THREAD with their RETURN options.
//!
//! Failure: `None`, and the command is refused; a key nested too deep, and a key too many, is one of them.

use jiff::civil::Date;
use mailstore::message::fold;

use super::reader::{MAX_NESTING, Reader};
use super::set::{Ranges, is_well_formed};
use super::sort::{self, Order};

/// Keys of one SEARCH, those inside others counted.
pub const MAX_KEYS: usize = 100;

/// A SEARCH, SORT or THREAD.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// Whether UIDs are asked for.
    pub uid: bool,
    /// The RETURN options; None without RETURN, when the old response is wanted.
    // RFC 4731 §3.1
    pub returns: Option<Returns>,
    /// The character set, if one is named.
    pub charset: Option<Charset>,
    /// How what is found is told.
    pub order: Order,
    /// All must hold.
    pub keys: Vec<Key>,
}

/// A character set that a client names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// UTF-8, or US-ASCII, which is part of it.
    Known,
    /// Another.
    Unknown,
}

/// What an ESEARCH response is to say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Returns {
    /// The lowest.
    pub min: bool,
    /// The highest.
    pub max: bool,
    /// All of them.
    pub all: bool,
    /// How many.
    pub count: bool,
    /// Keep the result for `$`.
    // RFC 5182 §2.1
    pub save: bool,
}

/// A search key.
// RFC 3501 §6.4.4
#[derive(Debug, Clone, PartialEq)]
pub enum Key {
    /// ALL
    All,
    /// A system flag, `\Seen` and so on; false is without it.
    Flag(mailstore::model::flags::Flags, bool),
    /// KEYWORD and UNKEYWORD
    Keyword(String, bool),
    /// RECENT; false is OLD.
    Recent(bool),
    /// NEW
    New,
    /// BEFORE: by INTERNALDATE.
    Before(Date),
    /// ON
    On(Date),
    /// SINCE
    Since(Date),
    /// SENTBEFORE: by the Date field.
    SentBefore(Date),
    /// SENTON
    SentOn(Date),
    /// SENTSINCE
    SentSince(Date),
    /// LARGER
    Larger(u64),
    /// SMALLER
    Smaller(u64),
    /// A header field holds the text, which is in lower case; an empty text asks for the field.
    Header(String, String),
    /// BODY, the text in lower case.
    Body(String),
    /// TEXT, the text in lower case.
    Text(String),
    /// UID, as it stands.
    Uid(String),
    /// Sequence numbers, as they stand.
    Numbers(String),
    /// UID, `*` being known.
    InUids(Ranges),
    /// Sequence numbers, `*` being known.
    InNumbers(Ranges),
    /// `$`
    Saved,
    /// MODSEQ: changed at that modification sequence or after.
    // RFC 7162 §3.1.5
    ModSeq(u64),
    /// EMAILID
    // RFC 8474 §6
    EmailId(String),
    /// THREADID
    // RFC 8474 §6
    ThreadId(String),
    /// SAVEDBEFORE: by the date of placing.
    // RFC 8514 §4.3
    SavedBefore(Date),
    /// SAVEDON
    SavedOn(Date),
    /// SAVEDSINCE
    SavedSince(Date),
    /// NOT
    Not(Box<Key>),
    /// OR
    Or(Box<Key>, Box<Key>),
    /// Keys in parentheses.
    And(Vec<Key>),
}

impl Key {
    /// The key with its sets resolved; `ends` is what `*` stands for, as a number and as a UID.
    #[must_use]
    pub fn resolve(self, ends: (u32, u32)) -> Self {
        let all = |keys: Vec<Self>| keys.into_iter().map(|key| key.resolve(ends)).collect();
        match self {
            Self::Numbers(set) => Self::InNumbers(Ranges::read(&set, ends.0)),
            Self::Uid(set) => Self::InUids(Ranges::read(&set, ends.1)),
            Self::Not(key) => Self::Not(Box::new(key.resolve(ends))),
            Self::Or(one, other) => {
                Self::Or(Box::new(one.resolve(ends)), Box::new(other.resolve(ends)))
            }
            Self::And(keys) => Self::And(all(keys)),
            key => key,
        }
    }

    /// Whether the flags of a message are not enough to tell.
    #[must_use]
    pub fn reads_message(&self) -> bool {
        match self {
            Self::All
            | Self::Flag(..)
            | Self::Keyword(..)
            | Self::Recent(_)
            | Self::New
            | Self::Uid(_)
            | Self::Numbers(_)
            | Self::InUids(_)
            | Self::InNumbers(_)
            | Self::Saved
            | Self::ModSeq(_) => false,
            Self::Not(key) => key.reads_message(),
            Self::Or(one, other) => one.reads_message() || other.reads_message(),
            Self::And(keys) => keys.iter().any(Self::reads_message),
            _ => true,
        }
    }

    /// Whether modification sequences are asked for.
    #[must_use]
    pub fn is_of_mod_seq(&self) -> bool {
        match self {
            Self::ModSeq(_) => true,
            Self::Not(key) => key.is_of_mod_seq(),
            Self::Or(one, other) => one.is_of_mod_seq() || other.is_of_mod_seq(),
            Self::And(keys) => keys.iter().any(Self::is_of_mod_seq),
            _ => false,
        }
    }
}

/// Reads what follows SEARCH.
pub fn read(reader: &mut Reader<'_>, uid: bool) -> Option<Search> {
    let returns = returns(reader)?;
    let mut charset = None;
    if word(reader, "CHARSET") {
        reader.space()?;
        charset = Some(charset_name(reader)?);
    }
    Some(Search { uid, returns, charset, order: Order::Found, keys: keys(reader)? })
}

/// Reads what follows SORT.
// RFC 5256 §5
pub fn read_sort(reader: &mut Reader<'_>, uid: bool) -> Option<Search> {
    // RFC 5267 §3
    let returns = returns(reader)?;
    reader.space()?;
    let order = Order::Sorted(sort::criteria(reader)?);
    reader.space()?;
    let charset = Some(charset_name(reader)?);
    Some(Search { uid, returns, charset, order, keys: keys(reader)? })
}

/// Reads what follows THREAD.
// RFC 5256 §5
pub fn read_thread(reader: &mut Reader<'_>, uid: bool) -> Option<Search> {
    reader.space()?;
    let order = Order::Threaded(sort::algorithm(reader)?);
    reader.space()?;
    let charset = Some(charset_name(reader)?);
    Some(Search { uid, returns: None, charset, order, keys: keys(reader)? })
}

fn returns(reader: &mut Reader<'_>) -> Option<Option<Returns>> {
    if !word(reader, "RETURN") {
        return Some(None);
    }
    reader.space()?;
    options(reader).map(Some)
}

fn charset_name(reader: &mut Reader<'_>) -> Option<Charset> {
    Some(match reader.astring()?.to_ascii_uppercase().as_str() {
        "UTF-8" | "US-ASCII" => Charset::Known,
        _ => Charset::Unknown,
    })
}

fn keys(reader: &mut Reader<'_>) -> Option<Vec<Key>> {
    let (mut keys, mut left) = (Vec::new(), MAX_KEYS);
    while !reader.is_at_end() {
        reader.space()?;
        keys.push(key(reader, 0, &mut left)?);
    }
    (!keys.is_empty()).then_some(keys)
}

/// Whether a space and this word come next; they are passed if so.
fn word(reader: &mut Reader<'_>, word: &str) -> bool {
    let mut ahead = *reader;
    let found =
        ahead.space().is_some() && ahead.atom().is_some_and(|atom| atom.eq_ignore_ascii_case(word));
    if found {
        *reader = ahead;
    }
    found
}

fn options(reader: &mut Reader<'_>) -> Option<Returns> {
    let mut returns = Returns::default();
    reader.list(|reader| {
        match reader.atom()?.to_ascii_uppercase().as_str() {
            "MIN" => returns.min = true,
            "MAX" => returns.max = true,
            "ALL" => returns.all = true,
            "COUNT" => returns.count = true,
            "SAVE" => returns.save = true,
            _ => return None,
        }
        Some(())
    })?;
    if returns == Returns::default() {
        // RFC 4731 §3.1
        returns.all = true;
    }
    Some(returns)
}

fn key(reader: &mut Reader<'_>, depth: usize, left: &mut usize) -> Option<Key> {
    use mailstore::model::flags::Flags;
    if depth >= MAX_NESTING {
        return None;
    }
    *left = left.checked_sub(1)?;
    match reader.rest().first()? {
        b'(' => {
            let keys = reader.list(|reader| key(reader, depth + 1, left))?;
            return (!keys.is_empty()).then_some(Key::And(keys));
        }
        b'0'..=b'9' | b'*' => {
            let set = reader.set()?;
            return is_well_formed(set).then(|| Key::Numbers(set.to_owned()));
        }
        _ => {}
    }
    let name = reader.atom()?.to_ascii_uppercase();
    Some(match name.as_str() {
        "$" => Key::Saved,
        "ALL" => Key::All,
        "ANSWERED" => Key::Flag(Flags::ANSWERED, true),
        "UNANSWERED" => Key::Flag(Flags::ANSWERED, false),
        "DELETED" => Key::Flag(Flags::DELETED, true),
        "UNDELETED" => Key::Flag(Flags::DELETED, false),
        "DRAFT" => Key::Flag(Flags::DRAFT, true),
        "UNDRAFT" => Key::Flag(Flags::DRAFT, false),
        "FLAGGED" => Key::Flag(Flags::FLAGGED, true),
        "UNFLAGGED" => Key::Flag(Flags::FLAGGED, false),
        "SEEN" => Key::Flag(Flags::SEEN, true),
        "UNSEEN" => Key::Flag(Flags::SEEN, false),
        "NEW" => Key::New,
        "OLD" => Key::Recent(false),
        "RECENT" => Key::Recent(true),
        // RFC 8514 §4.3
        "SAVEDATESUPPORTED" => Key::All,
        "NOT" => {
            reader.space()?;
            Key::Not(Box::new(key(reader, depth + 1, left)?))
        }
        "OR" => {
            reader.space()?;
            let one = key(reader, depth + 1, left)?;
            reader.space()?;
            Key::Or(Box::new(one), Box::new(key(reader, depth + 1, left)?))
        }
        _ => {
            reader.space()?;
            with_argument(&name, reader)?
        }
    })
}

fn with_argument(name: &str, reader: &mut Reader<'_>) -> Option<Key> {
    Some(match name {
        "KEYWORD" => Key::Keyword(reader.atom()?.to_owned(), true),
        "UNKEYWORD" => Key::Keyword(reader.atom()?.to_owned(), false),
        "BEFORE" => Key::Before(date(reader)?),
        "ON" => Key::On(date(reader)?),
        "SINCE" => Key::Since(date(reader)?),
        "SENTBEFORE" => Key::SentBefore(date(reader)?),
        "SENTON" => Key::SentOn(date(reader)?),
        "SENTSINCE" => Key::SentSince(date(reader)?),
        "SAVEDBEFORE" => Key::SavedBefore(date(reader)?),
        "SAVEDON" => Key::SavedOn(date(reader)?),
        "SAVEDSINCE" => Key::SavedSince(date(reader)?),
        "MODSEQ" => mod_seq(reader)?,
        "EMAILID" => Key::EmailId(reader.astring()?),
        "THREADID" => Key::ThreadId(reader.astring()?),
        "LARGER" => Key::Larger(reader.number()?),
        "SMALLER" => Key::Smaller(reader.number()?),
        "BCC" | "CC" | "FROM" | "SUBJECT" | "TO" => Key::Header(name.to_owned(), text(reader)?),
        "HEADER" => {
            let field = reader.astring()?;
            reader.space()?;
            Key::Header(field, text(reader)?)
        }
        "BODY" => Key::Body(text(reader)?),
        "TEXT" => Key::Text(text(reader)?),
        "UID" => {
            if reader.octet(b'$').is_some() {
                return Some(Key::Saved);
            }
            let set = reader.set()?;
            is_well_formed(set).then(|| Key::Uid(set.to_owned()))?
        }
        _ => return None,
    })
}

/// A text in lower case: case does not count.
// RFC 3501 §6.4.4
fn text(reader: &mut Reader<'_>) -> Option<String> {
    reader.astring().map(|text| fold(&text))
}

/// Flags have one modification sequence together, so the entry that is named, which only hints, does not count.
// RFC 7162 §3.1.5
fn mod_seq(reader: &mut Reader<'_>) -> Option<Key> {
    if reader.rest().starts_with(b"\"") {
        reader.string()?;
        reader.space()?;
        let of = reader.atom()?.to_ascii_lowercase();
        matches!(of.as_str(), "priv" | "shared" | "all").then_some(())?;
        reader.space()?;
    }
    reader.number().map(Key::ModSeq)
}

// RFC 3501 §9, date
fn date(reader: &mut Reader<'_>) -> Option<Date> {
    let text = reader.astring()?;
    let mut parts = text.split('-');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))?;
    Date::new(year.parse().ok()?, i8::try_from(month + 1).ok()?, day.trim().parse().ok()?).ok()
}

/// The names of months.
pub const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<Search> {
        read(&mut Reader::new(text.as_bytes()), false)
    }

    #[test]
    fn keys_nest() {
        let search = of(" OR NOT SEEN (FROM \"x y\" SINCE 1-Feb-2024) 2:4").unwrap();
        assert_eq!(search.keys.len(), 2);
        assert!(matches!(&search.keys[0], Key::Or(one, _) if matches!(**one, Key::Not(_))));
        assert_eq!(search.keys[1], Key::Numbers("2:4".to_owned()));
        let returns = of(" RETURN () CHARSET utf-8 ALL").unwrap().returns.unwrap();
        assert!(returns.all && !returns.min);
        assert_eq!(of(" CHARSET KOI8-R ALL").unwrap().charset, Some(Charset::Unknown));
        let sort = read_sort(&mut Reader::new(b" (REVERSE DATE SUBJECT) UTF-8 ALL"), true).unwrap();
        assert!(matches!(&sort.order, Order::Sorted(by) if by.len() == 2 && by[0].reverse));
        let thread = read_thread(&mut Reader::new(b" references us-ascii SEEN"), false).unwrap();
        assert_eq!(thread.order, Order::Threaded(sort::Algorithm::References));
        assert_eq!(of(" $").unwrap().keys, [Key::Saved]);
    }

    #[test]
    fn what_is_wrong_is_refused() {
        let deep = format!(" {}ALL", "NOT ".repeat(MAX_NESTING));
        for wrong in
            ["", " FOO", " FROM", " SINCE 30-Feb-2024", " ()", " 0", " RETURN (X) ALL", &deep]
        {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
