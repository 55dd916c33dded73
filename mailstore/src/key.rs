//! Store keys: the only place where they are built.
//!
//! A key is a scope, a table tag, and then nothing but random ids, UIDs, sequence numbers, a
//! registered name, an instant or a keyed hash (DESIGN, *Sealing*): keys are stored
//! unsealed, so they must tell nothing. Order by date or name is made from values.
//!
//! The builder's signatures see to it: nothing here takes a text or octets of content.
//!
//! Two scopes. An *account* key starts with the account's id, so an account's records lie
//! together and are found by one range; its value is sealed under the account's key. An
//! *operator* key finds accounts or belongs to none; its value is sealed under the operator's key.

mod name;
mod service;

pub use name::{Consumer, TableName};
pub use service::ServiceKey;

use crate::id::{AccountId, BodyId, MailboxId, MessageId, PrincipalId};
use crate::seal::Lookup;
use std::fmt;

const OPERATOR_SCOPE: u8 = 0;
const ACCOUNT_SCOPE: u8 = 1;

/// Tables of the operator's scope. The discriminant is the stored tag: never change one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum OperatorTable {
    Registry = 1,
    Erasing = 2,
    Address = 3,
    Ins = 4,
    Login = 5,
    PrincipalAccount = 6,
    Pending = 7,
    BodyOwner = 8,
    Due = 9,
}

/// Tables of an account. The discriminant is the stored tag: never change one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum AccountTable {
    Account = 1,
    Counters = 2,
    Principal = 3,
    Grant = 4,
    Mailbox = 5,
    MailboxName = 6,
    MailboxState = 7,
    Placement = 8,
    FlagPage = 9,
    Message = 10,
    Structure = 11,
    Places = 12,
    Body = 13,
    Change = 14,
    Cursor = 15,
    MessageIdThread = 16,
    Fingerprint = 17,
    FingerprintExpiry = 18,
    Subscription = 19,
    Service = 20,
    DueOf = 21,
}

/// One store key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key(Vec<u8>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", hex::encode(&self.0))
    }
}

impl Key {
    fn operator(table: OperatorTable) -> Self {
        let mut bytes = Vec::with_capacity(50);
        bytes.extend([OPERATOR_SCOPE, table as u8]);
        Self(bytes)
    }

    fn account(account: AccountId, table: AccountTable) -> Self {
        let mut bytes = Vec::with_capacity(50);
        bytes.push(ACCOUNT_SCOPE);
        bytes.extend(account.as_bytes());
        bytes.push(table as u8);
        Self(bytes)
    }

    fn with(mut self, part: &[u8]) -> Self {
        self.0.extend(part);
        self
    }

    /// The key as stored.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// A key read back from the store.
    pub(crate) fn from_stored(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// The account whose key seals the value: None for the operator's.
    pub(crate) fn owner(&self) -> Option<AccountId> {
        match self.0.split_first() {
            Some((&ACCOUNT_SCOPE, rest)) => {
                let id: [u8; 16] = rest.get(..16)?.try_into().ok()?;
                Some(AccountId::from_bytes(id))
            }
            _ => None,
        }
    }

    /// The last four bytes as a number: a UID or the number of a page.
    pub(crate) fn last_u32(&self) -> Option<u32> {
        let (_, tail) = self.0.split_last_chunk::<4>()?;
        Some(u32::from_be_bytes(*tail))
    }

    /// The last eight bytes as a number: a modification sequence.
    pub(crate) fn last_u64(&self) -> Option<u64> {
        let (_, tail) = self.0.split_last_chunk::<8>()?;
        Some(u64::from_be_bytes(*tail))
    }

    /// The last sixteen bytes: an id or a keyed hash.
    pub(crate) fn last_id(&self) -> Option<[u8; 16]> {
        let (_, tail) = self.0.split_last_chunk::<16>()?;
        Some(*tail)
    }

    /// The first key after this one.
    pub(crate) fn successor(&self) -> Self {
        self.clone().with(&[0])
    }

    /// The first key after every key that starts with this one.
    pub(crate) fn prefix_end(&self) -> Self {
        let mut bytes = self.0.clone();
        while let Some(last) = bytes.pop() {
            if let Some(next) = last.checked_add(1) {
                bytes.push(next);
                break;
            }
        }
        Self(bytes)
    }

    /// The body that a key of [`Key::bodies`] names.
    pub(crate) fn body_of(&self, account: AccountId) -> Option<BodyId> {
        let id = self.0.strip_prefix(Self::bodies(account).as_bytes())?;
        Some(BodyId::from_bytes(id.try_into().ok()?))
    }

    // --- operator's scope ---

    /// An account's slot and life cycle, readable when its own key is gone.
    pub(crate) fn registry(account: AccountId) -> Self {
        Self::operator(OperatorTable::Registry).with(account.as_bytes())
    }

    /// All of the registry.
    pub(crate) fn registry_all() -> Self {
        Self::operator(OperatorTable::Registry)
    }

    /// Mark of an account whose erasure has begun.
    pub(crate) fn erasing(account: AccountId) -> Self {
        Self::operator(OperatorTable::Erasing).with(account.as_bytes())
    }

    /// All accounts whose erasure has begun.
    pub(crate) fn erasing_all() -> Self {
        Self::operator(OperatorTable::Erasing)
    }

    /// The account of a mail address.
    pub(crate) fn address(hash: Lookup) -> Self {
        Self::operator(OperatorTable::Address).with(&hash.0)
    }

    /// The account of a citizen's INS.
    pub(crate) fn ins(hash: Lookup) -> Self {
        Self::operator(OperatorTable::Ins).with(&hash.0)
    }

    /// The principal of a log-in name.
    pub(crate) fn login(hash: Lookup) -> Self {
        Self::operator(OperatorTable::Login).with(&hash.0)
    }

    /// Mark: the principal has a grant in the account.
    pub(crate) fn principal_account(principal: PrincipalId, account: AccountId) -> Self {
        Self::principal_accounts(principal).with(account.as_bytes())
    }

    /// All accounts that open to a principal.
    pub(crate) fn principal_accounts(principal: PrincipalId) -> Self {
        Self::operator(OperatorTable::PrincipalAccount).with(principal.as_bytes())
    }

    /// Mark: the account has changes that the consumer has not seen.
    pub(crate) fn pending(consumer: Consumer, account: AccountId) -> Self {
        Self::pending_all(consumer).with(account.as_bytes())
    }

    /// All accounts pending for a consumer.
    pub(crate) fn pending_all(consumer: Consumer) -> Self {
        Self::operator(OperatorTable::Pending).with(consumer.name().as_bytes()).with(&[0])
    }

    /// Mark: the account names the body.
    pub(crate) fn body_owner(body: BodyId, account: AccountId) -> Self {
        Self::body_owners(body).with(account.as_bytes())
    }

    /// All accounts that name a body.
    pub(crate) fn body_owners(body: BodyId) -> Self {
        Self::operator(OperatorTable::BodyOwner).with(body.as_bytes())
    }

    /// Mark: something of the account is due at an instant, seconds since 1970.
    pub(crate) fn due(table: TableName, at: i64, account: AccountId, id: [u8; 16]) -> Self {
        Self::due_at(table, at).with(account.as_bytes()).with(&id)
    }

    /// All that is due at an instant.
    pub(crate) fn due_at(table: TableName, at: i64) -> Self {
        Self::due_all(table).with(&second(at))
    }

    /// All that is ever due, by instant.
    pub(crate) fn due_all(table: TableName) -> Self {
        Self::operator(OperatorTable::Due).with(table.name().as_bytes()).with(&[0])
    }

    /// What a key of [`Key::due_all`] names.
    pub(crate) fn due_parts(&self) -> Option<(i64, AccountId, [u8; 16])> {
        let (rest, id) = self.0.split_last_chunk::<16>()?;
        let (rest, account) = rest.split_last_chunk::<16>()?;
        let (_, at) = rest.split_last_chunk::<8>()?;
        let at = i64::try_from(u64::from_be_bytes(*at)).ok()?;
        Some((at, AccountId::from_bytes(*account), *id))
    }

    // --- an account's scope ---

    /// Everything of an account.
    pub(crate) fn account_all(account: AccountId) -> Self {
        Self(Vec::with_capacity(17)).with(&[ACCOUNT_SCOPE]).with(account.as_bytes())
    }

    /// The account's own record.
    pub(crate) fn account_record(account: AccountId) -> Self {
        Self::account(account, AccountTable::Account)
    }

    /// The account's counters.
    pub(crate) fn counters(account: AccountId) -> Self {
        Self::account(account, AccountTable::Counters)
    }

    /// A principal at home in the account.
    pub(crate) fn principal(account: AccountId, principal: PrincipalId) -> Self {
        Self::account(account, AccountTable::Principal).with(principal.as_bytes())
    }

    /// A grant on the account.
    pub(crate) fn grant(account: AccountId, principal: PrincipalId) -> Self {
        Self::grants(account).with(principal.as_bytes())
    }

    /// All grants on the account.
    pub(crate) fn grants(account: AccountId) -> Self {
        Self::account(account, AccountTable::Grant)
    }

    /// A mailbox.
    pub(crate) fn mailbox(account: AccountId, mailbox: MailboxId) -> Self {
        Self::mailboxes(account).with(mailbox.as_bytes())
    }

    /// All mailboxes of the account.
    pub(crate) fn mailboxes(account: AccountId) -> Self {
        Self::account(account, AccountTable::Mailbox)
    }

    /// The mailbox of a name.
    pub(crate) fn mailbox_name(account: AccountId, hash: Lookup) -> Self {
        Self::account(account, AccountTable::MailboxName).with(&hash.0)
    }

    /// A mailbox's counters.
    pub(crate) fn mailbox_state(account: AccountId, mailbox: MailboxId) -> Self {
        Self::account(account, AccountTable::MailboxState).with(mailbox.as_bytes())
    }

    /// What lies under a UID.
    pub(crate) fn placement(account: AccountId, mailbox: MailboxId, uid: u32) -> Self {
        Self::placements(account, mailbox).with(&uid.to_be_bytes())
    }

    /// All placements of a mailbox.
    pub(crate) fn placements(account: AccountId, mailbox: MailboxId) -> Self {
        Self::account(account, AccountTable::Placement).with(mailbox.as_bytes())
    }

    /// The flags of 256 UIDs.
    pub(crate) fn flag_page(account: AccountId, mailbox: MailboxId, page: u32) -> Self {
        Self::flag_pages(account, mailbox).with(&page.to_be_bytes())
    }

    /// All flag pages of a mailbox.
    pub(crate) fn flag_pages(account: AccountId, mailbox: MailboxId) -> Self {
        Self::account(account, AccountTable::FlagPage).with(mailbox.as_bytes())
    }

    /// A message.
    pub(crate) fn message(account: AccountId, message: MessageId) -> Self {
        Self::messages(account).with(message.as_bytes())
    }

    /// All messages of the account.
    pub(crate) fn messages(account: AccountId) -> Self {
        Self::account(account, AccountTable::Message)
    }

    /// A message's structure and header.
    pub(crate) fn structure(account: AccountId, message: MessageId) -> Self {
        Self::structures(account).with(message.as_bytes())
    }

    /// All structures of the account.
    pub(crate) fn structures(account: AccountId) -> Self {
        Self::account(account, AccountTable::Structure)
    }

    /// Mark: the message is placed in the mailbox under the UID.
    pub(crate) fn place(
        account: AccountId,
        message: MessageId,
        mailbox: MailboxId,
        uid: u32,
    ) -> Self {
        Self::places(account, message).with(mailbox.as_bytes()).with(&uid.to_be_bytes())
    }

    /// All places of a message.
    pub(crate) fn places(account: AccountId, message: MessageId) -> Self {
        Self::places_all(account).with(message.as_bytes())
    }

    /// All places of all messages.
    pub(crate) fn places_all(account: AccountId) -> Self {
        Self::account(account, AccountTable::Places)
    }

    /// What a key of [`Key::places_all`] names.
    pub(crate) fn place_of(&self) -> Option<(MessageId, MailboxId, u32)> {
        let (rest, uid) = self.0.split_last_chunk::<4>()?;
        let (rest, mailbox) = rest.split_last_chunk::<16>()?;
        let (_, message) = rest.split_last_chunk::<16>()?;
        let (message, mailbox) = (MessageId::from_bytes(*message), MailboxId::from_bytes(*mailbox));
        Some((message, mailbox, u32::from_be_bytes(*uid)))
    }

    /// The account's reference to a body.
    pub(crate) fn body(account: AccountId, body: BodyId) -> Self {
        Self::bodies(account).with(body.as_bytes())
    }

    /// All bodies that the account names.
    pub(crate) fn bodies(account: AccountId) -> Self {
        Self::account(account, AccountTable::Body)
    }

    /// An entry of the change log.
    pub(crate) fn change(account: AccountId, mod_seq: u64) -> Self {
        Self::changes(account).with(&mod_seq.to_be_bytes())
    }

    /// The whole change log.
    pub(crate) fn changes(account: AccountId) -> Self {
        Self::account(account, AccountTable::Change)
    }

    /// How far a consumer has come in the account.
    pub(crate) fn cursor(account: AccountId, consumer: Consumer) -> Self {
        Self::account(account, AccountTable::Cursor).with(consumer.name().as_bytes()).with(&[0])
    }

    /// The conversation of a Message-ID.
    pub(crate) fn message_id_thread(account: AccountId, hash: Lookup) -> Self {
        Self::message_id_threads(account).with(&hash.0)
    }

    /// The conversations of all Message-IDs.
    pub(crate) fn message_id_threads(account: AccountId) -> Self {
        Self::account(account, AccountTable::MessageIdThread)
    }

    /// A name that the account's holder wants shown.
    pub(crate) fn subscription(account: AccountId, hash: Lookup) -> Self {
        Self::subscriptions(account).with(&hash.0)
    }

    /// All names that the account's holder wants shown.
    pub(crate) fn subscriptions(account: AccountId) -> Self {
        Self::account(account, AccountTable::Subscription)
    }

    /// A record of another crate.
    pub(crate) fn service(account: AccountId, key: &ServiceKey) -> Self {
        Self::service_all(account).with(key.as_bytes())
    }

    fn service_all(account: AccountId) -> Self {
        Self::account(account, AccountTable::Service)
    }

    /// What a key of [`Key::service`] was made of.
    pub(crate) fn service_key(&self, account: AccountId) -> Option<ServiceKey> {
        let key = self.0.strip_prefix(Self::service_all(account).as_bytes())?;
        Some(ServiceKey::from_stored(key))
    }

    /// Mark beside [`Key::due`], by which the account's erasure finds it.
    pub(crate) fn due_of(account: AccountId, table: TableName, at: i64, id: [u8; 16]) -> Self {
        let table = Self::due_of_all(account).with(table.name().as_bytes()).with(&[0]);
        table.with(&second(at)).with(&id)
    }

    /// All that is due of the account.
    pub(crate) fn due_of_all(account: AccountId) -> Self {
        Self::account(account, AccountTable::DueOf)
    }

    /// The operator's mark that stands beside a key of [`Key::due_of`].
    pub(crate) fn due_beside(&self, account: AccountId) -> Option<Self> {
        let rest = self.0.strip_prefix(Self::due_of_all(account).as_bytes())?;
        let (until_id, id) = rest.split_last_chunk::<16>()?;
        Some(Self::operator(OperatorTable::Due).with(until_id).with(account.as_bytes()).with(id))
    }

    /// What was accepted under a fingerprint.
    pub(crate) fn fingerprint(account: AccountId, hash: Lookup) -> Self {
        Self::account(account, AccountTable::Fingerprint).with(&hash.0)
    }

    /// Fingerprints by the second at which they expire.
    pub(crate) fn fingerprint_expiry(account: AccountId, second: u64, hash: Lookup) -> Self {
        Self::fingerprint_expiries(account).with(&second.to_be_bytes()).with(&hash.0)
    }

    /// All fingerprints by expiry.
    pub(crate) fn fingerprint_expiries(account: AccountId) -> Self {
        Self::account(account, AccountTable::FingerprintExpiry)
    }

    /// The first key that expires at `second` or later.
    pub(crate) fn fingerprint_expiries_from(account: AccountId, second: u64) -> Self {
        Self::fingerprint_expiries(account).with(&second.to_be_bytes())
    }
}

/// Seconds since 1970 as they stand in keys; what was before counts as 1970.
fn second(at: i64) -> [u8; 8] {
    u64::try_from(at).unwrap_or(0).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefix_end_is_the_first_key_after_the_prefix() {
        let all = Key::changes(AccountId::OPERATOR);
        let last = Key::change(AccountId::OPERATOR, u64::MAX);
        assert!(all < last && last < all.prefix_end());
        assert_eq!(Key(vec![1, 0xff, 0xff]).prefix_end(), Key(vec![2]));
    }

    #[test]
    fn an_account_key_names_its_owner_and_an_operator_key_none() {
        let account = AccountId::from_bytes([7; 16]);
        assert_eq!(Key::counters(account).owner(), Some(account));
        assert_eq!(Key::registry(account).owner(), None);
    }

    #[test]
    fn numbers_sort_as_numbers() {
        let account = AccountId::from_bytes([7; 16]);
        let mailbox = MailboxId::from_bytes([8; 16]);
        assert!(Key::placement(account, mailbox, 255) < Key::placement(account, mailbox, 256));
        assert_eq!(Key::placement(account, mailbox, 256).last_u32(), Some(256));
        assert_eq!(Key::change(account, 1 << 40).last_u64(), Some(1 << 40));
    }

    #[test]
    fn a_due_mark_is_found_from_the_mark_beside_it() {
        const QUEUE: TableName = TableName::new("queue").unwrap();
        let (account, id) = (AccountId::from_bytes([7; 16]), [9; 16]);
        let due = Key::due(QUEUE, 1_800_000_000, account, id);
        let beside = Key::due_of(account, QUEUE, 1_800_000_000, id);
        assert_eq!(beside.due_beside(account), Some(due.clone()));
        assert_eq!(beside.due_beside(AccountId::OPERATOR), None);
        assert_eq!(due.due_parts(), Some((1_800_000_000, account, id)));
        assert!(due < Key::due(QUEUE, 1_800_000_001, AccountId::OPERATOR, [0; 16]));
    }

    #[test]
    fn a_place_reads_back_from_its_key() {
        let ids = (MessageId::from_bytes([1; 16]), MailboxId::from_bytes([2; 16]));
        let key = Key::place(AccountId::OPERATOR, ids.0, ids.1, 77);
        assert_eq!(key.place_of(), Some((ids.0, ids.1, 77)));
        assert!(key < key.successor() && key.successor() < key.prefix_end());
    }
}
