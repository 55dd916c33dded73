//! The items of STATUS, alone and in LIST.
//!
//! Failure: `None`, and the command is refused.

use super::reader::Reader;

/// Items of one STATUS.
pub const MAX_STATUS_ITEMS: usize = 16;

/// What STATUS tells of a mailbox.
// RFC 3501 §6.3.10
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusItem {
    /// MESSAGES
    Messages,
    /// RECENT
    Recent,
    /// UIDNEXT
    UidNext,
    /// UIDVALIDITY
    UidValidity,
    /// UNSEEN
    Unseen,
    /// DELETED
    // RFC 9051 §6.3.11
    Deleted,
    /// SIZE
    // RFC 8438 §2
    Size,
    /// HIGHESTMODSEQ
    // RFC 7162 §3.1.7
    HighestModSeq,
    /// MAILBOXID
    // RFC 8474 §4.3
    MailboxId,
    /// DELETED-STORAGE
    // RFC 9208 §4.1.4
    DeletedStorage,
    /// APPENDLIMIT
    // RFC 7889 §3.1
    AppendLimit,
}

/// A STATUS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The mailbox, as on the wire.
    pub mailbox: String,
    /// What is asked for.
    pub items: Vec<StatusItem>,
}

/// Reads what follows the name.
pub fn read(reader: &mut Reader<'_>) -> Option<Status> {
    reader.space()?;
    let mailbox = reader.astring()?;
    reader.space()?;
    let items = items(reader)?;
    reader.is_at_end().then_some(Status { mailbox, items })
}

/// The items in their parentheses.
pub(super) fn items(reader: &mut Reader<'_>) -> Option<Vec<StatusItem>> {
    let items = reader.list(item)?;
    (1..=MAX_STATUS_ITEMS).contains(&items.len()).then_some(items)
}

fn item(reader: &mut Reader<'_>) -> Option<StatusItem> {
    Some(match reader.atom()?.to_ascii_uppercase().as_str() {
        "MESSAGES" => StatusItem::Messages,
        "RECENT" => StatusItem::Recent,
        "UIDNEXT" => StatusItem::UidNext,
        "UIDVALIDITY" => StatusItem::UidValidity,
        "UNSEEN" => StatusItem::Unseen,
        "DELETED" => StatusItem::Deleted,
        "SIZE" => StatusItem::Size,
        "HIGHESTMODSEQ" => StatusItem::HighestModSeq,
        "MAILBOXID" => StatusItem::MailboxId,
        "DELETED-STORAGE" => StatusItem::DeletedStorage,
        "APPENDLIMIT" => StatusItem::AppendLimit,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read() {
        let of = |text: &str| read(&mut Reader::new(text.as_bytes()));
        let status = of(" \"a b\" (messages MAILBOXID)").unwrap();
        assert_eq!(status.mailbox, "a b");
        assert_eq!(status.items, [StatusItem::Messages, StatusItem::MailboxId]);
        for wrong in [" x", " x ()", " x MESSAGES", " x (FOO)", " x (SIZE) y"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
