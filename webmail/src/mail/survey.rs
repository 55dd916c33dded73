//! An account's conversations: what lies in its mailboxes, by thread, and with whom each one is.
//!
//! A listing opens no body. Reports and automatic mail have no exchange, so they never say with whom a conversation
//! is. Drafts, junk and what was thrown away are left out.
//! Failure: that of the store.

use std::collections::{BTreeMap, HashMap};

use domain::{Exchange, ExchangeState, MailAddress};
use mailstore::message::Address;
use mailstore::model::flags::Flags;
use mailstore::model::mailbox::SpecialUse;
use mailstore::model::message::Message;
use mailstore::{MailboxId, MessageId, StoreError, ThreadId, View};

/// Messages of one mailbox that are looked at, the latest ones.
pub(crate) const MAX_SURVEYED: u32 = 3000;

/// What a subject begins with that is made for programs.
const PREFIX: &str = "XDM/1.0/DDM+";

/// A message in its place.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) id: MessageId,
    pub(crate) mailbox: MailboxId,
    pub(crate) uid: u32,
    pub(crate) unread: bool,
    /// The citizen wrote it.
    pub(crate) mine: bool,
    pub(crate) message: Message,
}

/// One conversation: at least one message, oldest first.
#[derive(Debug, Clone)]
pub(crate) struct Thread {
    pub(crate) id: ThreadId,
    pub(crate) items: Vec<Item>,
}

/// All of an account's conversations, the latest first.
#[derive(Debug)]
pub(crate) struct Survey {
    pub(crate) threads: Vec<Thread>,
    /// There are older messages that were not looked at.
    pub(crate) cut: bool,
}

/// The other side of a conversation.
#[derive(Debug, Clone)]
pub(crate) struct Partner {
    /// Who writes.
    pub(crate) address: MailAddress,
    /// The name that the sender gave.
    pub(crate) chosen: Option<String>,
    /// Where an answer goes.
    pub(crate) answer_to: MailAddress,
    /// The exchange with that address; none for what writes automatically.
    pub(crate) exchange: Option<Exchange>,
}

impl Partner {
    /// Whether the citizen may write.
    pub(crate) fn is_open(&self) -> bool {
        self.exchange.is_some_and(|exchange| exchange.state() == ExchangeState::Open)
    }
}

impl Survey {
    /// Looks through the account's mailboxes.
    pub(crate) fn of(view: &View<'_>, own: &MailAddress) -> Result<Self, StoreError> {
        let mut threads: BTreeMap<ThreadId, Vec<Item>> = BTreeMap::new();
        let mut cut = false;
        for (mailbox, record) in view.mailboxes()? {
            if let Some(SpecialUse::Drafts | SpecialUse::Junk | SpecialUse::Trash) =
                record.special_use
            {
                continue;
            }
            let sent = record.special_use == Some(SpecialUse::Sent);
            let state = view.mailbox_state(mailbox)?;
            let first = state.uid_next.saturating_sub(MAX_SURVEYED).max(1);
            cut |= state.exists > 0 && first > 1;
            let flags = view.flags(mailbox, first, u32::MAX)?;
            let flags: HashMap<u32, Flags> = flags.iter().map(|f| (f.uid, f.flags)).collect();
            let limit = MAX_SURVEYED as usize;
            for (uid, placement) in view.placements(mailbox, first, u32::MAX, limit)? {
                let message = view.message(placement.message)?;
                let mine = sent || wrote(&message, own);
                let seen = flags.get(&uid).is_some_and(|flags| flags.contain(Flags::SEEN));
                let items = threads.entry(message.thread).or_default();
                // Copied into two folders it is one message.
                if items.iter().all(|item| item.id != placement.message) {
                    let (id, unread) = (placement.message, !seen && !mine);
                    items.push(Item { id, mailbox, uid, unread, mine, message });
                }
            }
        }
        let mut threads: Vec<Thread> =
            threads.into_iter().map(|(id, items)| Thread { id, items }).collect();
        for thread in &mut threads {
            thread.items.sort_by_key(|item| item.message.received);
        }
        threads.sort_by_key(|thread| std::cmp::Reverse(thread.latest()));
        Ok(Self { threads, cut })
    }

    /// One conversation.
    pub(crate) fn thread(self, id: ThreadId) -> Option<Thread> {
        self.threads.into_iter().find(|thread| thread.id == id)
    }
}

impl Thread {
    fn latest(&self) -> i64 {
        self.items.last().map_or(0, |item| item.message.received)
    }

    pub(crate) fn unread(&self) -> usize {
        self.items.iter().filter(|item| item.unread).count()
    }

    /// The subject of its first message, for people.
    pub(crate) fn subject(&self) -> String {
        self.items.first().map(|item| subject(&item.message)).unwrap_or_default()
    }

    /// The latest message that a professional wrote: what an answer follows.
    pub(crate) fn followed(&self, view: &View<'_>) -> Result<Option<&Item>, StoreError> {
        for item in self.items.iter().rev().filter(|item| !item.mine) {
            if let Some(from) = from(&item.message)
                && post::exchange_with(view, &from)?.is_some()
            {
                return Ok(Some(item));
            }
        }
        Ok(None)
    }

    /// With whom it is.
    pub(crate) fn partner(&self, view: &View<'_>) -> Result<Option<Partner>, StoreError> {
        if let Some(item) = self.followed(view)?
            && let Some(address) = from(&item.message)
        {
            let answer_to = answer_to(view, &item.message, &address)?;
            let exchange = post::exchange_with(view, &answer_to)?;
            return Ok(Some(Partner {
                address,
                chosen: chosen(&item.message),
                answer_to,
                exchange,
            }));
        }
        let mine = self.items.iter().find(|item| item.mine);
        let addressed =
            mine.and_then(|item| addresses(&item.message.envelope.to).into_iter().next());
        let wrote = || self.items.iter().rev().find(|item| !item.mine);
        let (address, chosen) = match addressed {
            Some(address) => (address, None),
            None => {
                match wrote().and_then(|item| Some((from(&item.message)?, chosen(&item.message)))) {
                    Some(wrote) => wrote,
                    None => return Ok(None),
                }
            }
        };
        let exchange = post::exchange_with(view, &address)?;
        Ok(Some(Partner { answer_to: address.clone(), address, chosen, exchange }))
    }
}

/// Where an answer goes: to Reply-To where the sender's own operator answers for it, which is why it has an exchange;
/// else to From.
// MSS #45
fn answer_to(
    view: &View<'_>,
    message: &Message,
    from: &MailAddress,
) -> Result<MailAddress, StoreError> {
    for address in addresses(&message.envelope.reply_to) {
        if post::exchange_with(view, &address)?.is_some() {
            return Ok(address);
        }
    }
    Ok(from.clone())
}

/// The subject as people read it.
// MSS #52
pub(crate) fn subject(message: &Message) -> String {
    let subject = message.envelope.subject.as_ref().map(|subject| subject.decode());
    let subject: String =
        subject.unwrap_or_default().chars().filter(|c| super::veil::is_shown(*c)).collect();
    subject.replace(PREFIX, "").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first author.
pub(crate) fn from(message: &Message) -> Option<MailAddress> {
    addresses(&message.envelope.from).into_iter().next()
}

/// The name that the first author gave.
pub(crate) fn chosen(message: &Message) -> Option<String> {
    message.envelope.from.iter().find_map(Address::display_name)
}

/// The addresses of a field that read.
pub(crate) fn addresses(list: &[Address]) -> Vec<MailAddress> {
    list.iter().filter_map(Address::addr_spec).filter_map(|address| address.parse().ok()).collect()
}

/// All addresses that a message names.
pub(crate) fn named(message: &Message) -> Vec<MailAddress> {
    let envelope = &message.envelope;
    let lists = [&envelope.from, &envelope.sender, &envelope.reply_to, &envelope.to, &envelope.cc];
    lists.into_iter().flat_map(|list| addresses(list)).collect()
}

fn wrote(message: &Message, own: &MailAddress) -> bool {
    from(message).is_some_and(|from| from.lookup_key() == own.lookup_key())
}
