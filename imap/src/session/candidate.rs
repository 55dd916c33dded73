//! A message that may match a SEARCH: by its flags, its record, the header section that the store keeps, and its body
//! for BODY and TEXT.
//!
//! Invariant: no more of a message is read than the keys ask for. Failure: the store's error; who searches says what
//! it means.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use mailstore::message::{fold, header_fields};
use mailstore::model::flags::{Flags, UidFlags};
use mailstore::model::keyword::Keyword;
use mailstore::model::mailbox::Mailbox;
use mailstore::model::message::{Message, Structure};
use mailstore::model::placement::Placement;
use mailstore::{Store, StoreError, View};

use super::selected::Selected;
use crate::grammar::search::Key;
use crate::texts::Texts;

/// A message, read as far as the keys ask for.
pub(super) struct Candidate<'a> {
    store: &'a Store,
    texts: &'a dyn Texts,
    view: &'a View<'static>,
    selected: &'a Selected,
    mailbox: &'a Mailbox,
    saved: &'a BTreeSet<u32>,
    number: u32,
    one: UidFlags,
    placement: Option<Placement>,
    message: Option<Message>,
    structure: Option<Structure>,
    /// Its text, folded.
    text: Option<String>,
    /// Octets of its body, if that was opened.
    opened: u64,
}

impl<'a> Candidate<'a> {
    pub(super) fn new(
        (store, texts): (&'a Store, &'a dyn Texts),
        view: &'a View<'static>,
        selected: &'a Selected,
        mailbox: &'a Mailbox,
        saved: &'a BTreeSet<u32>,
        (number, one): (u32, UidFlags),
        placement: Option<Placement>,
    ) -> Self {
        let (message, structure, text) = (None, None, None);
        Self {
            store,
            texts,
            view,
            selected,
            mailbox,
            saved,
            number,
            one,
            placement,
            message,
            structure,
            text,
            opened: 0,
        }
    }

    /// Octets of its body, if that was opened.
    pub(super) fn opened(&self) -> u64 {
        self.opened
    }

    /// Whether a key holds. The grammar has bounded how deep keys nest.
    pub(super) fn fits(&mut self, key: &Key) -> Result<bool, StoreError> {
        let flags = self.one.flags;
        let is_recent = |uid| self.selected.is_recent(uid);
        Ok(match key {
            Key::All => true,
            Key::Flag(flag, is) => flags.contain(*flag) == *is,
            Key::Keyword(name, is) => {
                let bit = Keyword::new(name).ok().and_then(|name| self.mailbox.keyword_bit(&name));
                let flag = bit.and_then(Flags::keyword);
                flag.is_some_and(|flag| flags.contain(flag)) == *is
            }
            Key::Recent(is) => is_recent(self.one.uid) == *is,
            Key::New => is_recent(self.one.uid) && !flags.contain(Flags::SEEN),
            Key::Before(date) => self.received()? < *date,
            Key::On(date) => self.received()? == *date,
            Key::Since(date) => self.received()? >= *date,
            Key::SentBefore(date) => self.sent()?.is_some_and(|sent| sent < *date),
            Key::SentOn(date) => self.sent()?.is_some_and(|sent| sent == *date),
            Key::SentSince(date) => self.sent()?.is_some_and(|sent| sent >= *date),
            Key::SavedBefore(date) => self.saved_on()? < *date,
            Key::SavedOn(date) => self.saved_on()? == *date,
            Key::SavedSince(date) => self.saved_on()? >= *date,
            Key::Larger(size) => self.placement()?.size > *size,
            Key::Smaller(size) => self.placement()?.size < *size,
            Key::Header(name, text) => self.header_holds(Some(name), text)?,
            Key::Body(text) => self.text()?.contains(text.as_str()),
            Key::Text(text) => {
                self.header_holds(None, text)? || self.text()?.contains(text.as_str())
            }
            Key::InUids(set) => set.contain(self.one.uid),
            Key::InNumbers(set) => set.contain(self.number),
            // They are resolved before.
            Key::Uid(_) | Key::Numbers(_) => false,
            Key::Saved => self.saved.contains(&self.one.uid),
            Key::ModSeq(since) => self.one.mod_seq >= *since,
            Key::EmailId(id) => format!("M{}", self.placement()?.message) == *id,
            Key::ThreadId(id) => format!("T{}", self.message()?.thread) == *id,
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

    pub(super) fn placement(&mut self) -> Result<&Placement, StoreError> {
        Ok(match self.placement.take() {
            Some(placement) => self.placement.insert(placement),
            None => {
                let found = self.view.placement(self.selected.mailbox, self.one.uid)?;
                self.placement.insert(found.ok_or(StoreError::NoSuchMessage)?)
            }
        })
    }

    /// The day of placing, as FETCH shows it.
    fn saved_on(&mut self) -> Result<Date, StoreError> {
        let at = Timestamp::from_second(self.placement()?.saved).unwrap_or_default();
        Ok(Offset::UTC.to_datetime(at).date())
    }

    pub(super) fn message(&mut self) -> Result<&Message, StoreError> {
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
        Ok(header_fields(&structure.header).any(|field| match name {
            Some(name) => field.is(name) && fold(&field.decoded()).contains(text),
            None => fold(&format!("{}: {}", field.name, field.decoded())).contains(text),
        }))
    }

    /// The text behind its header section, folded.
    fn text(&mut self) -> Result<&str, StoreError> {
        if self.text.is_none() {
            let id = self.message()?.body;
            let octets = self.store.body(self.view, id)?.read_all()?;
            self.opened = octets.len() as u64;
            self.text = Some(self.texts.text(&octets));
        }
        Ok(self.text.as_deref().unwrap_or_default())
    }
}
