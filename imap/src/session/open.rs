//! A session that has logged in: its account, its selected mailbox, and which command goes where.

use std::sync::Arc;

use imap_types::command::CommandBody;
use imap_types::mailbox::Mailbox as WireMailbox;
use mailstore::model::mailbox::MailboxName;
use mailstore::{MailboxId, Store, StoreError, Transaction, View};
use tokio::sync::watch;

use super::answer::Answer;
use super::enabled::Enabled;
use super::listing::Listings;
use super::selected::Selected;
use super::store::How;
use super::{fetch, search};
use crate::grammar::Command;
use crate::grammar::set::Ranges;
use crate::login::Opened;
use crate::texts::Texts;
use crate::{encode, name};

/// A session that has logged in.
pub(super) struct Open {
    pub(super) store: Store,
    pub(super) texts: Arc<dyn Texts>,
    pub(super) opened: Opened,
    pub(super) selected: Option<Selected>,
    pub(super) enabled: Enabled,
    pub(super) listings: Arc<Listings>,
    /// Wakes when the account changes.
    pub(super) changes: watch::Receiver<u64>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.leave();
    }
}

/// What a command came to.
pub(super) enum Outcome {
    /// It is answered.
    Done(Answer),
    /// Its responses are written step by step.
    Fetching(Box<fetch::Job>),
    /// It goes on step by step.
    Searching(Box<search::Job>),
    /// The client idles.
    Idle,
}

impl From<Answer> for Outcome {
    fn from(answer: Answer) -> Self {
        Self::Done(answer)
    }
}

impl Open {
    pub(super) fn new(
        store: Store,
        texts: Arc<dyn Texts>,
        opened: Opened,
        listings: Arc<Listings>,
    ) -> Result<Self, StoreError> {
        let changes = store.subscribe(opened.account)?;
        let enabled = Enabled::default();
        Ok(Self { store, texts, opened, selected: None, enabled, listings, changes })
    }

    pub(super) fn view(&self) -> Result<View<'static>, StoreError> {
        self.store.view(self.opened.account)
    }

    /// A change in the account; its value, once it is on stable storage.
    pub(super) async fn change<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&mut Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let Opened { actor, account, .. } = self.opened;
        Ok(self.store.transact(actor, account, work).await?.into_inner())
    }

    /// Executes a command.
    pub(super) async fn execute(
        &mut self,
        tag: &str,
        command: Command,
        out: &mut Vec<u8>,
    ) -> Outcome {
        let (allows_expunge, outcome) = match command {
            Command::Search(search) => (search.uid, self.search(tag, search)),
            Command::List(list) => (true, self.list(&list, out).into()),
            Command::Status(status) => (true, self.status(&status, out).into()),
            Command::Fetch(fetch) => (fetch.uid, self.fetch(tag, fetch, out).await),
            Command::Standard(body) => {
                (allows_expunge(&body), self.standard(body, false, out).await)
            }
            Command::OnSaved(body) => (allows_expunge(&body), self.standard(body, true, out).await),
        };
        match &outcome {
            Outcome::Done(_) => self.refresh(allows_expunge, out).await,
            Outcome::Idle => self.refresh(true, out).await,
            Outcome::Fetching(_) | Outcome::Searching(_) => {}
        }
        outcome
    }

    async fn standard(
        &mut self,
        body: CommandBody<'static>,
        saved: bool,
        out: &mut Vec<u8>,
    ) -> Outcome {
        match body {
            CommandBody::Select { mailbox, parameters } => {
                self.select(&mailbox, &parameters, false, out).await.into()
            }
            CommandBody::Examine { mailbox, parameters } => {
                self.select(&mailbox, &parameters, true, out).await.into()
            }
            CommandBody::Create { mailbox } => self.create(&mailbox, out).await.into(),
            CommandBody::Delete { mailbox } => self.delete(&mailbox).await.into(),
            CommandBody::Rename { from, to } => self.rename(&from, &to).await.into(),
            CommandBody::Subscribe { mailbox } => self.subscribe(&mailbox, true).await.into(),
            CommandBody::Unsubscribe { mailbox } => self.subscribe(&mailbox, false).await.into(),
            CommandBody::Lsub { reference, mailbox_wildcard } => {
                self.lsub(&reference, &mailbox_wildcard, out).into()
            }
            CommandBody::Namespace => {
                // RFC 2342 §5
                out.extend_from_slice(b"* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n");
                Answer::ok("NAMESPACE done").into()
            }
            CommandBody::Enable { capabilities } => self.enable(&capabilities, out).into(),
            CommandBody::GetQuota { root } => self.quota(root.as_ref(), out).into(),
            CommandBody::GetQuotaRoot { mailbox } => self.quota_root(&mailbox, out).into(),
            CommandBody::Idle => Outcome::Idle,
            CommandBody::Check => match self.selected {
                Some(_) => Answer::ok("CHECK done").into(),
                None => none_selected().into(),
            },
            CommandBody::Close => self.close().await.into(),
            CommandBody::Unselect => match self.leave() {
                // RFC 3691 §2
                true => Answer::ok("UNSELECT done").into(),
                false => none_selected().into(),
            },
            CommandBody::Expunge => self.expunge(None, out).await.into(),
            CommandBody::ExpungeUid { sequence_set } => {
                match self.targets(&sequence_set, true, saved) {
                    Ok(uids) => self.expunge(Some(uids), out).await.into(),
                    Err(answer) => answer.into(),
                }
            }
            CommandBody::Store { sequence_set, kind, response, flags, uid, modifiers } => {
                match self.targets(&sequence_set, uid, saved) {
                    Ok(uids) => {
                        let how = How::read(kind, response, &flags, uid, &modifiers);
                        self.store_flags(uids, how, out).await.into()
                    }
                    Err(answer) => answer.into(),
                }
            }
            CommandBody::Copy { sequence_set, mailbox, uid } => {
                match self.targets(&sequence_set, uid, saved) {
                    Ok(uids) => self.copy(uids, &mailbox).await.into(),
                    Err(answer) => answer.into(),
                }
            }
            CommandBody::Move { sequence_set, mailbox, uid } => {
                match self.targets(&sequence_set, uid, saved) {
                    Ok(uids) => self.move_to(uids, &mailbox, out).await.into(),
                    Err(answer) => answer.into(),
                }
            }
            CommandBody::Login { .. }
            | CommandBody::Authenticate { .. }
            | CommandBody::StartTLS => Answer::bad("Already logged in").into(),
            _ => Answer::bad("This command or one of its parameters is not supported").into(),
        }
    }

    /// Leaves the selected mailbox, whether there was one; who selects it next begins from what is known now.
    pub(super) fn leave(&mut self) -> bool {
        let Some(selected) = self.selected.take() else { return false };
        let mailbox = selected.mailbox;
        if let Some(listing) = selected.into_listing() {
            self.listings.keep(self.opened.account, mailbox, listing);
        }
        true
    }

    /// The UIDs that a set names.
    pub(super) fn targets(
        &self,
        set: &imap_types::sequence::SequenceSet,
        uid: bool,
        saved: bool,
    ) -> Result<Vec<u32>, Answer> {
        let Some(selected) = &self.selected else { return Err(none_selected()) };
        match saved {
            true => Ok(selected.saved.clone()),
            false => selected.named(&Ranges::of(set, selected.last(uid)), uid),
        }
    }

    /// The UIDs that a set names, as it stands; `$` is the saved result.
    pub(super) fn named(&self, set: &str, uid: bool) -> Result<Vec<u32>, Answer> {
        let Some(selected) = &self.selected else { return Err(none_selected()) };
        match set {
            "$" => Ok(selected.saved.clone()),
            set => selected.named(&Ranges::read(set, selected.last(uid)), uid),
        }
    }

    /// Tells the client what changed in the selected mailbox.
    pub(super) async fn refresh(&mut self, expunges: bool, out: &mut Vec<u8>) {
        if let Err(error) = self.try_refresh(expunges, out).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "changes cannot be read");
        }
    }

    async fn try_refresh(&mut self, expunges: bool, out: &mut Vec<u8>) -> Result<(), StoreError> {
        // First: what changes from here on wakes again.
        self.changes.mark_unchanged();
        if self.selected.is_none() {
            return Ok(());
        }
        let view = self.view()?;
        let Some(selected) = &mut self.selected else { return Ok(()) };
        if selected.catch_up(&view)? && !selected.read_only && !self.enabled.rev2 {
            let mailbox = selected.mailbox;
            drop(view);
            let recent = self.claim_recent(mailbox).await?;
            if let Some(selected) = &mut self.selected {
                selected.claim(recent);
            }
        }
        let view = self.view()?;
        match &mut self.selected {
            Some(selected) => selected.tell(&view, expunges, self.enabled, out),
            None => Ok(()),
        }
    }

    /// Makes the mailbox's recent messages this session's own.
    // RFC 3501 §2.3.2
    pub(super) async fn claim_recent(&self, mailbox: MailboxId) -> Result<(u32, u32), StoreError> {
        let state = self.view()?.mailbox_state(mailbox)?;
        if state.recent_from == state.uid_next {
            return Ok((state.uid_next, state.uid_next));
        }
        self.change(move |tx| {
            let first = tx.claim_recent(mailbox)?;
            Ok((first, tx.mailbox_state(mailbox)?.uid_next))
        })
        .await
    }

    /// Whether this session may change what it wants to.
    pub(super) fn check_writes(&self) -> Result<(), Answer> {
        match self.opened.writes {
            true => Ok(()),
            // RFC 5530 §3
            false => Err(Answer::no("[NOPERM] This log-in only reads")),
        }
    }

    /// The selected mailbox, to be changed.
    pub(super) fn writable(&mut self) -> Result<&mut Selected, Answer> {
        self.check_writes()?;
        match &mut self.selected {
            Some(selected) if selected.read_only => {
                Err(Answer::no("[CANNOT] The mailbox is open for reading only"))
            }
            Some(selected) => Ok(selected),
            None => Err(none_selected()),
        }
    }

    /// A name from the wire.
    pub(super) fn mailbox_name(&self, mailbox: &WireMailbox<'_>) -> Result<MailboxName, Answer> {
        match mailbox {
            WireMailbox::Inbox => Ok(MailboxName::inbox()),
            WireMailbox::Other(other) => match std::str::from_utf8(other.inner().as_ref()) {
                Ok(wire) => self.read_name(wire),
                Err(_) => Err(no_name()),
            },
        }
    }

    /// A name from the wire.
    pub(super) fn read_name(&self, wire: &str) -> Result<MailboxName, Answer> {
        let name = self.decode_name(wire).ok_or_else(no_name)?;
        MailboxName::new(&name).map_err(|_| no_name())
    }

    /// A name from the wire, or a pattern: UTF-8 where the client has switched that on.
    // RFC 6855 §3
    pub(super) fn decode_name(&self, wire: &str) -> Option<String> {
        match self.enabled.utf8 {
            true => Some(wire.to_owned()),
            false => name::decode(wire),
        }
    }

    /// Writes a mailbox's name as this client reads it.
    pub(super) fn write_name(&self, out: &mut Vec<u8>, name: &str) {
        match self.enabled.utf8 {
            true => encode::utf8_string(out, name),
            false => encode::mailbox(out, name),
        }
    }

    /// Whether messages that come into a mailbox are `\Recent` in this session.
    pub(super) fn claims_recent(&self, mailbox: MailboxId) -> bool {
        let here = |selected: &Selected| selected.mailbox == mailbox && !selected.read_only;
        self.selected.as_ref().is_some_and(here) && !self.enabled.rev2
    }
}

fn no_name() -> Answer {
    Answer::no("[CANNOT] This cannot be the name of a mailbox")
}

pub(super) fn none_selected() -> Answer {
    Answer::bad("No mailbox is selected")
}

/// Whether EXPUNGE may be told during a command.
// RFC 3501 §7.4.1
fn allows_expunge(body: &CommandBody<'_>) -> bool {
    !matches!(body, CommandBody::Store { uid: false, .. })
}
