//! SEARCH: by message records, by the header section that the store keeps, and by the body for BODY and TEXT.
//!
//! Failure: a message that is gone matches nothing; a damaged body is passed over, and the command ends with NO.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use mail_parser::{MessageParser, PartType};
use mailstore::message::header_fields;
use mailstore::model::flags::Flags;
use mailstore::model::keyword::Keyword;
use mailstore::model::mailbox::Mailbox;
use mailstore::model::message::{Message, Structure};
use mailstore::model::placement::Placement;
use mailstore::{Store, StoreError, View};

use super::answer::Answer;
use super::open::{Open, none_selected};
use super::section::is_damage;
use super::selected::Selected;
use super::set::Ranges;
use crate::encode;
use crate::grammar::search::{Key, Returns, Search};

/// Messages after which other sessions get their turn.
const TURN: usize = 16;

/// Messages inside messages that are looked into.
const MAX_INSIDE: usize = 5;

impl Open {
    // RFC 3501 §6.4.4, RFC 4731 §3
    pub(super) async fn search(&mut self, tag: &str, search: &Search, out: &mut Vec<u8>) -> Answer {
        let Some(selected) = &mut self.selected else { return none_selected() };
        let saves = search.returns.is_some_and(|returns| returns.save);
        if !search.charset_known {
            if saves {
                selected.saved.clear();
            }
            return Answer::no("[BADCHARSET (UTF-8 US-ASCII)] This character set is not known");
        }
        let found = self.matching(&search.keys).await;
        let Some(selected) = &mut self.selected else { return none_selected() };
        let (uids, damaged) = match found {
            Ok(found) => found,
            Err(error) => {
                if saves {
                    // RFC 5182 §2.1
                    selected.saved.clear();
                }
                return error.into();
            }
        };
        if let Some(returns) = search.returns.filter(|returns| returns.save) {
            selected.saved = saved(&uids, returns);
        }
        let numbers: Vec<u32> = match search.uid {
            true => uids,
            false => uids.iter().filter_map(|uid| selected.number(*uid)).collect(),
        };
        match search.returns {
            // RFC 5182 §2.1: SAVE alone has no response.
            Some(returns) if returns == (Returns { save: true, ..Returns::default() }) => {}
            Some(returns) => extended(tag, search.uid, returns, &numbers, out),
            None => {
                out.extend_from_slice(b"* SEARCH");
                for number in numbers {
                    out.extend_from_slice(format!(" {number}").as_bytes());
                }
                out.extend_from_slice(b"\r\n");
            }
        }
        match damaged {
            // RFC 5530 §3
            true => Answer::no("[CONTACTADMIN] A message is damaged; the others were searched"),
            false => Answer::ok("SEARCH done"),
        }
    }

    /// The UIDs of the messages for which all keys hold; whether any was damaged.
    async fn matching(&self, keys: &[Key]) -> Result<(Vec<u32>, bool), StoreError> {
        let (mut found, mut damaged) = (Vec::new(), false);
        let Some(selected) = &self.selected else { return Ok((found, damaged)) };
        let last = selected.uids.last().copied().unwrap_or_default();
        let saved: BTreeSet<u32> = selected.saved.iter().copied().collect();
        let mut rest = selected.uids.as_slice();
        while let Some(some) = rest.chunks(TURN).next() {
            let (Some(first), Some(end)) = (some.first(), some.last()) else { break };
            let mut done = *end;
            let view = self.view()?;
            let mailbox = view.mailbox(selected.mailbox)?;
            for one in view.flags(selected.mailbox, *first, *end)? {
                let Some(number) = selected.number(one.uid) else { continue };
                let mut candidate = Candidate {
                    store: &self.store,
                    view: &view,
                    selected,
                    mailbox: &mailbox,
                    saved: &saved,
                    ends: (selected.exists(), last),
                    uid: one.uid,
                    number,
                    flags: one.flags,
                    placement: None,
                    message: None,
                    structure: None,
                    text: None,
                    is_costly: false,
                };
                match keys.iter().try_fold(true, |so, key| Ok(so && candidate.fits(key)?)) {
                    Ok(true) => found.push(one.uid),
                    Ok(false) | Err(StoreError::NoSuchMessage | StoreError::NoSuchBody) => {}
                    Err(error) if is_damage(&error) => damaged = true,
                    Err(error) => return Err(error),
                }
                if candidate.is_costly {
                    done = one.uid;
                    break;
                }
            }
            drop(view);
            rest = rest.get(rest.partition_point(|uid| *uid <= done)..).unwrap_or_default();
            tokio::task::yield_now().await;
        }
        Ok((found, damaged))
    }
}

/// What `$` stands for from now on.
// RFC 5182 §2.4
fn saved(uids: &[u32], returns: Returns) -> Vec<u32> {
    if returns.all || returns.count || !(returns.min || returns.max) {
        return uids.to_vec();
    }
    let mut saved: Vec<u32> = Vec::new();
    saved.extend(uids.first().filter(|_| returns.min));
    saved.extend(uids.last().filter(|_| returns.max));
    saved.dedup();
    saved
}

// RFC 4731 §3.1
fn extended(tag: &str, uid: bool, returns: Returns, numbers: &[u32], out: &mut Vec<u8>) {
    out.extend_from_slice(b"* ESEARCH (TAG ");
    encode::string(out, tag.as_bytes());
    out.push(b')');
    if uid {
        out.extend_from_slice(b" UID");
    }
    if let (Some(min), Some(max)) = (numbers.first(), numbers.last()) {
        if returns.min {
            out.extend_from_slice(format!(" MIN {min}").as_bytes());
        }
        if returns.max {
            out.extend_from_slice(format!(" MAX {max}").as_bytes());
        }
        if returns.all {
            out.extend_from_slice(format!(" ALL {}", encode::set(numbers)).as_bytes());
        }
    }
    if returns.count {
        out.extend_from_slice(format!(" COUNT {}", numbers.len()).as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}

/// A message, read as far as the keys ask for.
struct Candidate<'a> {
    store: &'a Store,
    view: &'a View<'static>,
    selected: &'a Selected,
    mailbox: &'a Mailbox,
    saved: &'a BTreeSet<u32>,
    /// What `*` is, as a number and as a UID.
    ends: (u32, u32),
    uid: u32,
    number: u32,
    flags: Flags,
    placement: Option<Placement>,
    message: Option<Message>,
    structure: Option<Structure>,
    /// Its text, in lower case.
    text: Option<String>,
    /// Whether its body was opened: then it has its turn alone.
    is_costly: bool,
}

impl Candidate<'_> {
    /// Whether a key holds. The grammar has bounded how deep keys nest.
    fn fits(&mut self, key: &Key) -> Result<bool, StoreError> {
        Ok(match key {
            Key::All => true,
            Key::Flag(flag, is) => self.flags.contain(*flag) == *is,
            Key::Keyword(name, is) => {
                let bit = Keyword::new(name).ok().and_then(|name| self.mailbox.keyword_bit(&name));
                let flag = bit.and_then(Flags::keyword);
                flag.is_some_and(|flag| self.flags.contain(flag)) == *is
            }
            Key::Recent(is) => self.selected.is_recent(self.uid) == *is,
            Key::New => self.selected.is_recent(self.uid) && !self.flags.contain(Flags::SEEN),
            Key::Before(date) => self.received()? < *date,
            Key::On(date) => self.received()? == *date,
            Key::Since(date) => self.received()? >= *date,
            Key::SentBefore(date) => self.sent()?.is_some_and(|sent| sent < *date),
            Key::SentOn(date) => self.sent()?.is_some_and(|sent| sent == *date),
            Key::SentSince(date) => self.sent()?.is_some_and(|sent| sent >= *date),
            Key::Larger(size) => self.placement()?.size > *size,
            Key::Smaller(size) => self.placement()?.size < *size,
            Key::Header(name, text) => self.header_holds(Some(name), text)?,
            Key::Body(text) => self.text()?.contains(&text.to_lowercase()),
            Key::Text(text) => {
                self.header_holds(None, text)? || self.text()?.contains(&text.to_lowercase())
            }
            Key::Uid(set) => Ranges::read(set, self.ends.1).contain(self.uid),
            Key::Numbers(set) => Ranges::read(set, self.ends.0).contain(self.number),
            Key::Saved => self.saved.contains(&self.uid),
            Key::Not(key) => !self.fits(key)?,
            Key::Or(one, other) => self.fits(one)? || self.fits(other)?,
            Key::And(keys) => {
                for key in keys {
                    if !self.fits(key)? {
                        return Ok(false);
                    }
                }
                true
            }
        })
    }

    fn placement(&mut self) -> Result<&Placement, StoreError> {
        Ok(match self.placement.take() {
            Some(placement) => self.placement.insert(placement),
            None => {
                let found = self.view.placement(self.selected.mailbox, self.uid)?;
                self.placement.insert(found.ok_or(StoreError::NoSuchMessage)?)
            }
        })
    }

    fn message(&mut self) -> Result<&Message, StoreError> {
        let id = self.placement()?.message;
        Ok(match self.message.take() {
            Some(message) => self.message.insert(message),
            None => self.message.insert(self.view.message(id)?),
        })
    }

    /// The day of INTERNALDATE, as FETCH shows it.
    fn received(&mut self) -> Result<Date, StoreError> {
        let at = Timestamp::from_second(self.placement()?.internal_date).unwrap_or_default();
        Ok(Offset::UTC.to_datetime(at).date())
    }

    /// The day of the Date field, without its time and zone.
    fn sent(&mut self) -> Result<Option<Date>, StoreError> {
        let date = self.message()?.envelope.date.as_ref().map(|date| date.decode());
        let date = date.and_then(|date| mail_parser::DateTime::parse_rfc822(&date));
        Ok(date.and_then(|date| {
            let year = i16::try_from(date.year).ok()?;
            Date::new(year, i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?).ok()
        }))
    }

    /// Whether a field of this name, or any, holds a text.
    fn header_holds(&mut self, name: Option<&str>, text: &str) -> Result<bool, StoreError> {
        let id = self.placement()?.message;
        let structure = match self.structure.take() {
            Some(structure) => self.structure.insert(structure),
            None => self.structure.insert(self.view.structure(id)?),
        };
        let text = text.to_lowercase();
        Ok(header_fields(&structure.header).any(|field| match name {
            Some(name) => field.is(name) && field.decoded().to_lowercase().contains(&text),
            None => format!("{}: {}", field.name, field.decoded()).to_lowercase().contains(&text),
        }))
    }

    /// The text of the message's parts in lower case.
    fn text(&mut self) -> Result<&str, StoreError> {
        if self.text.is_none() {
            self.is_costly = true;
            let id = self.message()?.body;
            let octets = self.store.body(self.view, id)?.read_all()?;
            let mut text = String::new();
            if let Some(message) = MessageParser::default().parse(&octets) {
                gather(&message, &mut text, 0);
            }
            self.text = Some(text.to_lowercase());
        }
        Ok(self.text.as_deref().unwrap_or_default())
    }
}

fn gather(message: &mail_parser::Message<'_>, text: &mut String, depth: usize) {
    for part in &message.parts {
        match &part.body {
            PartType::Text(content) | PartType::Html(content) => {
                text.push_str(content);
                text.push('\n');
            }
            PartType::Message(inner) if depth < MAX_INSIDE => gather(inner, text, depth + 1),
            _ => {}
        }
    }
}
