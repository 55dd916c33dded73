//! LIST with its extensions, and LSUB.

use std::collections::{BTreeMap, BTreeSet};

use imap_types::mailbox::{ListMailbox, Mailbox as WireMailbox};
use mailstore::model::mailbox::{MailboxName, SEPARATOR};
use mailstore::{MailboxId, StoreError};

use super::answer::Answer;
use super::open::Open;
use crate::grammar::list::List;
use crate::{encode, name};

/// What is known of one name.
#[derive(Default)]
struct Entry {
    mailbox: Option<(MailboxId, &'static str)>,
    subscribed: bool,
}

impl Open {
    // RFC 3501 §6.3.8, RFC 5258 §3
    pub(super) fn list(&self, list: &List, out: &mut Vec<u8>) -> Answer {
        if list.patterns == [""] && !list.extended {
            out.extend_from_slice(b"* LIST (\\Noselect) \"/\" \"\"\r\n");
            return Answer::ok("LIST done");
        }
        match self.try_list(list, out) {
            Ok(()) => Answer::ok("LIST done"),
            Err(error) => error.into(),
        }
    }

    fn names(&self) -> Result<BTreeMap<String, Entry>, StoreError> {
        let view = self.view()?;
        let mut names: BTreeMap<String, Entry> = BTreeMap::new();
        for (id, mailbox) in view.mailboxes()? {
            let special_use = mailbox.special_use.map_or("", encode::special_use);
            let entry = names.entry(mailbox.name.as_str().to_owned()).or_default();
            entry.mailbox = Some((id, special_use));
        }
        for subscribed in view.subscriptions()? {
            names.entry(subscribed.as_str().to_owned()).or_default().subscribed = true;
        }
        Ok(names)
    }

    fn try_list(&self, list: &List, out: &mut Vec<u8>) -> Result<(), StoreError> {
        let view = self.view()?;
        let names = self.names()?;
        let selects = |entry: &Entry| {
            let special = entry.mailbox.is_some_and(|(_, special_use)| !special_use.is_empty());
            (entry.mailbox.is_some() || list.subscribed)
                && (!list.subscribed || entry.subscribed)
                && (!list.special_use || special)
        };
        let parents = ancestors(names.iter().filter(|(_, entry)| entry.mailbox.is_some()));
        let above_selected = ancestors(names.iter().filter(|(_, entry)| selects(entry)));
        for (full, entry) in &names {
            let wanted =
                list.patterns.iter().any(|pattern| self.matches(&list.reference, pattern, full));
            let below = list.recursive && above_selected.contains(full.as_str());
            if !wanted || !(selects(entry) || below) {
                continue;
            }
            let mut attributes = Vec::new();
            if entry.mailbox.is_none() {
                attributes.push("\\NonExistent");
            }
            // RFC 3348 §3
            attributes.push(match parents.contains(full.as_str()) {
                true => "\\HasChildren",
                false => "\\HasNoChildren",
            });
            if list.return_subscribed && entry.subscribed {
                attributes.push("\\Subscribed");
            }
            attributes.extend(entry.mailbox.map(|(_, use_)| use_).filter(|use_| !use_.is_empty()));
            out.extend_from_slice(format!("* LIST ({}) \"/\" ", attributes.join(" ")).as_bytes());
            self.write_name(out, full);
            if below && list.subscribed {
                // RFC 5258 §3.5
                out.extend_from_slice(b" (\"CHILDINFO\" (\"SUBSCRIBED\"))");
            }
            out.extend_from_slice(b"\r\n");
            if let (Some(items), Some((id, _))) = (&list.status, entry.mailbox) {
                self.write_status(&view, id, &MailboxName::new(full)?, items, out)?;
            }
        }
        Ok(())
    }

    // RFC 3501 §6.3.9
    pub(super) fn lsub(
        &self,
        reference: &WireMailbox<'_>,
        pattern: &ListMailbox<'_>,
        out: &mut Vec<u8>,
    ) -> Answer {
        let reference = match reference {
            WireMailbox::Inbox => "INBOX".to_owned(),
            WireMailbox::Other(other) => {
                String::from_utf8_lossy(other.inner().as_ref()).into_owned()
            }
        };
        let pattern = match pattern {
            ListMailbox::Token(token) => String::from_utf8_lossy(token.as_ref()).into_owned(),
            ListMailbox::String(string) => String::from_utf8_lossy(string.as_ref()).into_owned(),
        };
        let names = match self.names() {
            Ok(names) => names,
            Err(error) => return error.into(),
        };
        let above = ancestors(names.iter().filter(|(_, entry)| entry.subscribed));
        let every = names.keys().map(String::as_str).chain(above.iter().copied());
        for full in every.collect::<BTreeSet<_>>() {
            let subscribed = names.get(full).is_some_and(|entry| entry.subscribed);
            // With `%` a name that is not subscribed stands for those below it.
            let stands_for = pattern.contains('%') && above.contains(full);
            if !(subscribed || stands_for) || !self.matches(&reference, &pattern, full) {
                continue;
            }
            let attributes = if subscribed { "" } else { "\\Noselect" };
            out.extend_from_slice(format!("* LSUB ({attributes}) \"/\" ").as_bytes());
            self.write_name(out, full);
            out.extend_from_slice(b"\r\n");
        }
        Answer::ok("LSUB done")
    }

    /// Whether a name matches a pattern from the wire behind its reference.
    fn matches(&self, reference: &str, pattern: &str, full: &str) -> bool {
        self.decode_name(&format!("{reference}{pattern}"))
            .is_some_and(|pattern| name::matches(&pattern, full))
    }
}

/// The names above others.
fn ancestors<'a>(names: impl Iterator<Item = (&'a String, &'a Entry)>) -> BTreeSet<&'a str> {
    let mut above = BTreeSet::new();
    for (name, _) in names {
        let mut rest = name.as_str();
        while let Some((parent, _)) = rest.rsplit_once(SEPARATOR) {
            above.insert(parent);
            rest = parent;
        }
    }
    above
}
