//! COPY, MOVE, EXPUNGE, CLOSE.

use imap_types::mailbox::Mailbox as WireMailbox;
use mailstore::model::expunge::{EXPUNGED_AT_ONCE, Expunge};
use mailstore::model::flags::Flags;
use mailstore::model::placement::MAX_PLACEMENTS;
use mailstore::model::transfer::Transferred;
use mailstore::{MailboxId, StoreError};

use super::answer::{Answer, of_target};
use super::open::{Open, none_selected};
use crate::encode;

impl Open {
    fn source_and_target(
        &self,
        mailbox: &WireMailbox<'_>,
    ) -> Result<(MailboxId, MailboxId), Answer> {
        self.check_writes()?;
        let from = self.selected.as_ref().ok_or_else(none_selected)?.mailbox;
        let to = self.find(&self.view()?, &self.mailbox_name(mailbox)?).map_err(of_target)?;
        Ok((from, to))
    }

    // RFC 3501 §6.4.7: all or none, so in one transaction.
    pub(super) async fn copy(&self, uids: Vec<u32>, mailbox: &WireMailbox<'_>) -> Answer {
        let work = async {
            let (from, to) = self.source_and_target(mailbox)?;
            if uids.len() > MAX_PLACEMENTS {
                return Err(Answer::no("[LIMIT] Too many messages at once"));
            }
            let copied = self.change(move |tx| tx.copy(from, &uids, to)).await;
            Ok(Answer::ok(match copy_uid(&copied.map_err(of_target)?) {
                Some(code) => format!("[{code}] COPY done"),
                None => "COPY done".to_owned(),
            }))
        };
        work.await.unwrap_or_else(|answer| answer)
    }

    // RFC 6851 §3.3
    pub(super) async fn move_to(
        &mut self,
        uids: Vec<u32>,
        mailbox: &WireMailbox<'_>,
        out: &mut Vec<u8>,
    ) -> Answer {
        if let Err(answer) = self.writable() {
            return answer;
        }
        let work = async {
            let (from, to) = self.source_and_target(mailbox)?;
            for some in uids.chunks(EXPUNGED_AT_ONCE) {
                let some = some.to_vec();
                let moved = self.change(move |tx| tx.move_messages(from, &some, to)).await;
                if let Some(code) = copy_uid(&moved.map_err(of_target)?) {
                    out.extend_from_slice(format!("* OK [{code}] Moved\r\n").as_bytes());
                }
            }
            Ok(Answer::ok("MOVE done"))
        };
        work.await.unwrap_or_else(|answer| answer)
    }

    /// Removes what has `\Deleted`, of all or of these.
    // RFC 3501 §6.4.3, RFC 4315 §2.1
    pub(super) async fn expunge(&mut self, uids: Option<Vec<u32>>, out: &mut Vec<u8>) -> Answer {
        if let Err(answer) = self.writable() {
            return answer;
        }
        match self.remove_deleted(uids).await {
            Ok(removed) => {
                // What is told comes first: the answer says up to where.
                self.refresh(true, out).await;
                match &self.selected {
                    // RFC 7162 §3.2.7, §3.2.9
                    Some(selected) if removed && self.enabled.condstore => {
                        highest(selected.highest_mod_seq, "EXPUNGE done")
                    }
                    _ => Answer::ok("EXPUNGE done"),
                }
            }
            Err(error) => error.into(),
        }
    }

    /// Whether any was removed.
    async fn remove_deleted(&self, uids: Option<Vec<u32>>) -> Result<bool, StoreError> {
        let Some(selected) = &self.selected else { return Ok(false) };
        let mut removed = false;
        let mailbox = selected.mailbox;
        let uids = match uids {
            Some(uids) => uids,
            None => {
                let all = self.view()?.flags(mailbox, 0, u32::MAX)?;
                let deleted = all.iter().filter(|one| one.flags.contain(Flags::DELETED));
                deleted.map(|one| one.uid).collect()
            }
        };
        for some in uids.chunks(EXPUNGED_AT_ONCE) {
            let some = some.to_vec();
            let done = self.change(move |tx| tx.expunge(mailbox, &some, Expunge::Deleted)).await?;
            removed |= done.mod_seq.is_some();
        }
        Ok(removed)
    }

    // RFC 3501 §6.4.2
    pub(super) async fn close(&mut self) -> Answer {
        let read_only = match &self.selected {
            Some(selected) => selected.read_only,
            None => return none_selected(),
        };
        if !read_only && let Err(error) = self.remove_deleted(None).await {
            return error.into();
        }
        self.leave();
        Answer::ok("CLOSE done")
    }
}

fn highest(mod_seq: u64, text: &str) -> Answer {
    Answer::ok(format!("[HIGHESTMODSEQ {mod_seq}] {text}"))
}

// RFC 4315 §3
fn copy_uid(done: &Transferred) -> Option<String> {
    if done.pairs.is_empty() {
        return None;
    }
    let (old, new): (Vec<u32>, Vec<u32>) = done.pairs.iter().copied().unzip();
    Some(format!("COPYUID {} {} {}", done.uid_validity, encode::set(&old), encode::set(&new)))
}
