//! SELECT, EXAMINE, CREATE, DELETE, RENAME, SUBSCRIBE, STATUS.

use imap_types::command::SelectParameter;
use imap_types::mailbox::Mailbox as WireMailbox;
use mailstore::model::flags::Flags;
use mailstore::model::mailbox::{Mailbox, MailboxName, MailboxState, SEPARATOR};
use mailstore::model::placement::MAX_PLACEMENTS;
use mailstore::{MailboxId, StoreError, View};

use super::answer::Answer;
use super::open::Open;
use super::resync::{self, Known};
use super::selected::{Selected, flag_names};
use crate::APPEND_LIMIT;
use crate::grammar::status::{Status, StatusItem};

impl Open {
    /// The mailbox of a name.
    pub(super) fn find(
        &self,
        view: &View<'_>,
        name: &MailboxName,
    ) -> Result<MailboxId, StoreError> {
        view.mailbox_named(name)?.ok_or(StoreError::NoSuchMailbox)
    }

    // RFC 3501 §6.3.1, §6.3.2
    pub(super) async fn select(
        &mut self,
        mailbox: &WireMailbox<'_>,
        parameters: &[SelectParameter],
        examine: bool,
        out: &mut Vec<u8>,
    ) -> Answer {
        // Also a SELECT that fails ends with no mailbox selected.
        if self.leave() {
            // RFC 7162 §3.2.11
            out.extend_from_slice(b"* OK [CLOSED] The mailbox before is closed\r\n");
        }
        match self.try_select(mailbox, parameters, examine, out).await {
            Ok(answer) | Err(answer) => answer,
        }
    }

    async fn try_select(
        &mut self,
        mailbox: &WireMailbox<'_>,
        parameters: &[SelectParameter],
        examine: bool,
        out: &mut Vec<u8>,
    ) -> Result<Answer, Answer> {
        let known = Known::read(parameters, &mut self.enabled)?;
        let name = self.mailbox_name(mailbox)?;
        let id = self.find(&self.view()?, &name)?;
        let mut read_only = examine || !self.opened.writes;
        let mut recent = None;
        if !read_only && !self.enabled.rev2 {
            match self.claim_recent(id).await {
                Ok(claimed) => recent = Some(claimed),
                // A store that takes no changes for now can still be read.
                Err(StoreError::ReadOnly(_) | StoreError::Full) => read_only = true,
                Err(error) => return Err(error.into()),
            }
        }
        let view = self.view()?;
        let account = self.opened.account;
        let listing = self.listings.of(account, id);
        let mut selected = Selected::open(&view, id, read_only, listing)?;
        self.listings.keep(account, id, selected.listing());
        let state = view.mailbox_state(id)?;
        if !self.enabled.rev2 {
            selected.claim(recent.unwrap_or((state.recent_from, state.uid_next)));
        }
        let unseen = match self.enabled.rev2 {
            true => None,
            false => selected.first_unseen(&view, state.unseen)?,
        };
        tell_selected(&selected, &view.mailbox(id)?, &state, (unseen, self.enabled.rev2), out);
        // RFC 9051 §6.3.2
        self.tell_name(mailbox, &name, out);
        if let Some(known) = known {
            resync::tell(&view, &selected, &known, out)?;
        }
        self.selected = Some(selected);
        Ok(Answer::ok(match (read_only, examine) {
            (false, _) => "[READ-WRITE] SELECT done",
            (true, false) => "[READ-ONLY] SELECT done",
            (true, true) => "[READ-ONLY] EXAMINE done",
        }))
    }

    /// LIST with the name of a mailbox, and with what the client calls it if that is another form of it.
    // RFC 9051 §6.3.9.7
    fn tell_name(&self, mailbox: &WireMailbox<'_>, name: &MailboxName, out: &mut Vec<u8>) {
        if !self.enabled.rev2 {
            return;
        }
        out.extend_from_slice(b"* LIST () \"/\" ");
        self.write_name(out, name.as_str());
        if let WireMailbox::Other(other) = mailbox
            && let Ok(called) = std::str::from_utf8(other.inner().as_ref())
            && called.trim_end_matches(SEPARATOR) != name.as_str()
        {
            out.extend_from_slice(b" (\"OLDNAME\" (");
            self.write_name(out, called);
            out.extend_from_slice(b"))");
        }
        out.extend_from_slice(b"\r\n");
    }

    // RFC 3501 §6.3.3
    pub(super) async fn create(&self, mailbox: &WireMailbox<'_>, out: &mut Vec<u8>) -> Answer {
        let work = async {
            self.check_writes()?;
            let name = match mailbox {
                WireMailbox::Inbox => MailboxName::inbox(),
                WireMailbox::Other(other) => {
                    let wire = String::from_utf8_lossy(other.inner().as_ref()).into_owned();
                    // A separator at the end says that others will come below it.
                    self.read_name(wire.strip_suffix(SEPARATOR).unwrap_or(&wire))?
                }
            };
            let made = name.clone();
            let id = self.change(move |tx| tx.create_mailbox(&made, None)).await?;
            self.tell_name(mailbox, &name, out);
            // RFC 8474 §4.1
            Ok(Answer::ok(format!("[MAILBOXID (F{id})] CREATE done")))
        };
        work.await.unwrap_or_else(|answer| answer)
    }

    // RFC 3501 §6.3.4
    pub(super) async fn delete(&mut self, mailbox: &WireMailbox<'_>) -> Answer {
        let work = async {
            self.check_writes()?;
            let id = self.find(&self.view()?, &self.mailbox_name(mailbox)?)?;
            let (store, opened) = (self.store.clone(), self.opened);
            // A large mailbox takes several transactions.
            let work = move || store.delete_mailbox_blocking(opened.actor, opened.account, id);
            match tokio::task::spawn_blocking(work).await {
                Ok(done) => done?.into_inner(),
                Err(_) => return Err(Answer::no("[SERVERBUG] DELETE failed")),
            }
            Ok(Answer::ok("DELETE done"))
        };
        work.await.unwrap_or_else(|answer| answer)
    }

    // RFC 3501 §6.3.5
    pub(super) async fn rename(&self, from: &WireMailbox<'_>, to: &WireMailbox<'_>) -> Answer {
        let work = async {
            self.check_writes()?;
            let (from, to) = (self.mailbox_name(from)?, self.mailbox_name(to)?);
            let id = self.find(&self.view()?, &from)?;
            if from.is_inbox() {
                self.empty_inbox(id, to).await?;
            } else {
                self.change(move |tx| tx.rename_mailbox(id, &to)).await?;
            }
            Ok(Answer::ok("RENAME done"))
        };
        work.await.unwrap_or_else(|answer: Answer| answer)
    }

    /// INBOX stays, its messages go to a new mailbox.
    async fn empty_inbox(&self, inbox: MailboxId, to: MailboxName) -> Result<(), StoreError> {
        let to = self.change(move |tx| tx.create_mailbox(&to, None)).await?;
        let uids = self.view()?.flags(inbox, 0, u32::MAX)?;
        let uids: Vec<u32> = uids.iter().map(|one| one.uid).collect();
        for some in uids.chunks(MAX_PLACEMENTS) {
            let some = some.to_vec();
            self.change(move |tx| tx.move_messages(inbox, &some, to)).await?;
        }
        Ok(())
    }

    // RFC 3501 §6.3.6, §6.3.7
    pub(super) async fn subscribe(&self, mailbox: &WireMailbox<'_>, on: bool) -> Answer {
        let work = async {
            self.check_writes()?;
            let name = self.mailbox_name(mailbox)?;
            if on {
                self.find(&self.view()?, &name)?;
            }
            self.change(move |tx| tx.subscribe(&name, on)).await?;
            Ok(Answer::ok(if on { "SUBSCRIBE done" } else { "UNSUBSCRIBE done" }))
        };
        work.await.unwrap_or_else(|answer: Answer| answer)
    }

    // RFC 3501 §6.3.10
    pub(super) fn status(&mut self, status: &Status, out: &mut Vec<u8>) -> Answer {
        let mut work = || {
            let name = self.read_name(&status.mailbox)?;
            let view = self.view()?;
            let id = self.find(&view, &name)?;
            self.write_status(&view, id, &name, &status.items, out)?;
            Ok(Answer::ok("STATUS done"))
        };
        let answer = work().unwrap_or_else(|answer: Answer| answer);
        // RFC 7162 §3.1
        self.enabled.condstore |= status.items.contains(&StatusItem::HighestModSeq);
        answer
    }

    /// A STATUS response.
    // RFC 3501 §7.2.4
    pub(super) fn write_status(
        &self,
        view: &View<'_>,
        id: MailboxId,
        name: &MailboxName,
        items: &[StatusItem],
        out: &mut Vec<u8>,
    ) -> Result<(), StoreError> {
        let (record, state) = (view.mailbox(id)?, view.mailbox_state(id)?);
        let mut told = Vec::new();
        for item in items {
            told.push(match item {
                StatusItem::Messages => format!("MESSAGES {}", state.exists),
                StatusItem::Recent => {
                    let recent = view.flags(id, state.recent_from, u32::MAX)?.len();
                    format!("RECENT {recent}")
                }
                StatusItem::UidNext => format!("UIDNEXT {}", state.uid_next),
                StatusItem::UidValidity => format!("UIDVALIDITY {}", record.uid_validity),
                StatusItem::Unseen => format!("UNSEEN {}", state.unseen),
                StatusItem::Deleted => format!("DELETED {}", state.deleted),
                // RFC 8438 §2
                StatusItem::Size => format!("SIZE {}", state.octets),
                // RFC 7162 §3.1.7
                StatusItem::HighestModSeq => format!("HIGHESTMODSEQ {}", state.highest_mod_seq),
                // RFC 8474 §4.3
                StatusItem::MailboxId => format!("MAILBOXID (F{id})"),
                // RFC 9208 §4.1.4
                StatusItem::DeletedStorage => {
                    format!("DELETED-STORAGE {}", deleted_octets(view, id, &state)?)
                }
                // RFC 7889 §3.1
                StatusItem::AppendLimit => format!("APPENDLIMIT {APPEND_LIMIT}"),
            });
        }
        out.extend_from_slice(b"* STATUS ");
        self.write_name(out, name.as_str());
        out.extend_from_slice(format!(" ({})\r\n", told.join(" ")).as_bytes());
        Ok(())
    }
}

/// The responses of SELECT.
// RFC 3501 §6.3.1
fn tell_selected(
    selected: &Selected,
    mailbox: &Mailbox,
    state: &MailboxState,
    (unseen, rev2): (Option<u32>, bool),
    out: &mut Vec<u8>,
) {
    let flags = flag_names(mailbox);
    let permanent = if selected.read_only { String::new() } else { format!("{flags} \\*") };
    let mut lines = vec![
        format!("FLAGS ({flags})"),
        format!("{} EXISTS", selected.exists()),
        format!("OK [PERMANENTFLAGS ({permanent})] Flags that stay"),
        format!("OK [UIDVALIDITY {}] UIDs are valid", mailbox.uid_validity),
        format!("OK [UIDNEXT {}] The next UID", state.uid_next),
        // RFC 7162 §3.1.2.1
        format!("OK [HIGHESTMODSEQ {}] The last change", selected.highest_mod_seq),
        // RFC 8474 §4.2
        format!("OK [MAILBOXID (F{})] The mailbox", selected.mailbox),
    ];
    // RFC 9051 §E: neither is told any more.
    if !rev2 {
        lines.insert(2, format!("{} RECENT", selected.count_recent()));
    }
    if let Some(number) = unseen {
        lines.push(format!("OK [UNSEEN {number}] The first unseen message"));
    }
    for line in lines {
        out.extend_from_slice(format!("* {line}\r\n").as_bytes());
    }
}

/// Octets of the messages with `\Deleted`.
fn deleted_octets(view: &View<'_>, id: MailboxId, state: &MailboxState) -> Result<u64, StoreError> {
    if state.deleted == 0 {
        return Ok(0);
    }
    let mut octets = 0;
    for one in view.flags(id, 0, u32::MAX)? {
        if one.flags.contain(Flags::DELETED) {
            octets += view.placement(id, one.uid)?.map_or(0, |placement| placement.size);
        }
    }
    Ok(octets)
}
