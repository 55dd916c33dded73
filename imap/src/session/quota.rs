//! GETQUOTA and GETQUOTAROOT: one root, named by the empty string, holds all mailboxes of an account.
//!
//! Failure: there is no other root.

use imap_types::mailbox::Mailbox as WireMailbox;
use mailstore::StoreError;

use super::answer::Answer;
use super::open::Open;

/// Octets of a unit of STORAGE.
// RFC 9208 §5.1
const UNIT: u64 = 1024;

/// The highest number of the grammar.
// RFC 9208 §7, number64
const MAX_NUMBER: u64 = i64::MAX as u64;

impl Open {
    // RFC 9208 §4.1.2
    pub(super) fn quota(&self, root: &[u8], out: &mut Vec<u8>) -> Answer {
        if !root.is_empty() {
            return Answer::no("[NONEXISTENT] There is no such quota root");
        }
        match self.write_quota(out) {
            Ok(()) => Answer::ok("GETQUOTA done"),
            Err(error) => error.into(),
        }
    }

    // RFC 9208 §4.1.3
    pub(super) fn quota_root(&self, mailbox: &WireMailbox<'_>, out: &mut Vec<u8>) -> Answer {
        let mut work = || {
            let name = self.mailbox_name(mailbox)?;
            self.find(&self.view()?, &name)?;
            out.extend_from_slice(b"* QUOTAROOT ");
            self.write_name(out, name.as_str());
            out.extend_from_slice(b" \"\"\r\n");
            self.write_quota(out)?;
            Ok(Answer::ok("GETQUOTAROOT done"))
        };
        work().unwrap_or_else(|answer: Answer| answer)
    }

    // RFC 9208 §4.2.1
    fn write_quota(&self, out: &mut Vec<u8>) -> Result<(), StoreError> {
        let counters = self.view()?.counters()?;
        // An account without a limit has no resource to tell.
        let storage = match counters.quota {
            u64::MAX => String::new(),
            quota => {
                let (used, limit) =
                    (counters.octets.div_ceil(UNIT), (quota / UNIT).min(MAX_NUMBER));
                format!("STORAGE {used} {limit}")
            }
        };
        out.extend_from_slice(format!("* QUOTA \"\" ({storage})\r\n").as_bytes());
        Ok(())
    }
}
