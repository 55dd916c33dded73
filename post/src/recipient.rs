//! Recipients: where an address is served, and whether it takes mail. Answered from our own
//! accounts and the domain list, never from the directory.

use crate::accept::has_room;
use crate::envelope::{Recipient, RecipientDsn, Route};
use crate::origin::Origin;
use crate::{Post, our_fault};
use domain::{CitizenAddress, CitizenAddressError, CitizenNumber, MailAddress, Verdict};
use mailstore::model::account::AccountState;
use mailstore::{AccountId, StoreError, View};

impl Post {
    /// Judges one recipient, at RCPT, of a message whose size is not known.
    pub fn recipient(
        &self,
        origin: &Origin,
        address: &MailAddress,
        dsn: RecipientDsn,
    ) -> Result<Recipient, Verdict> {
        self.recipient_of(origin, address, dsn, 0)
    }

    /// Judges one recipient, at RCPT, of a message of the size that MAIL declared.
    // RFC 1870 §6.1
    pub fn recipient_of(
        &self,
        origin: &Origin,
        address: &MailAddress,
        dsn: RecipientDsn,
        size: u64,
    ) -> Result<Recipient, Verdict> {
        // First of all: a citizen who may not write learns nothing of who exists.
        if let Origin::Own(submitter) = origin {
            self.judge_possible_authors(submitter, address)?;
        }
        let route = if self.settings.own_domains.contains(address.domain()) {
            self.local(address, size)?
        } else {
            self.remote(origin, address)?
        };
        Ok(Recipient { address: address.clone(), dsn, route })
    }

    /// Where this program may send mail to: room is not asked for, because mail of ours waits for it.
    pub(crate) fn route_of(&self, origin: &Origin, to: &MailAddress) -> Result<Route, Verdict> {
        if self.settings.own_domains.contains(to.domain()) {
            self.served(to).map(|(account, _)| Route::Local(account))
        } else {
            self.remote(origin, to)
        }
    }

    /// The account here that an address leads to, if it takes mail of this size.
    pub(crate) fn local(&self, address: &MailAddress, size: u64) -> Result<Route, Verdict> {
        let (account, view) = self.served(address)?;
        has_room(&view, size)?;
        Ok(Route::Local(account))
    }

    /// The account here that an address leads to, if it takes mail at all.
    fn served(&self, address: &MailAddress) -> Result<(AccountId, View<'static>), Verdict> {
        let citizens = &self.settings.citizen_domains;
        // MSS #30
        let absent = match CitizenAddress::read(address, citizens, self.settings.mode) {
            // In test land a wrong key passes for accounts that have it; else nobody could.
            Ok(citizen) if matches!(citizen.number(), CitizenNumber::WrongKeyInTest(_)) => {
                Verdict::RecipientMalformed
            }
            Ok(_) | Err(CitizenAddressError::OtherDomain) => Verdict::RecipientUnknown,
            Err(error) => return Err(error.verdict().unwrap_or(Verdict::RecipientMalformed)),
        };
        let directory = self.store.operator_view().map_err(our_fault)?;
        let account = directory.account_of(address).map_err(our_fault)?;
        let account = account.ok_or(absent)?;
        let view = match self.store.view(account) {
            Err(StoreError::NoSuchAccount) => return Err(Verdict::RecipientUnknown),
            view => view.map_err(our_fault)?,
        };
        // MSS #35, MSS #36
        match view.account_record().map_err(our_fault)?.state {
            AccountState::Invited | AccountState::Created | AccountState::Active => {}
            AccountState::Objected => return Err(Verdict::RecipientObjected),
            AccountState::Closed => return Err(Verdict::MailboxClosed),
        }
        Ok((account, view))
    }

    fn remote(&self, origin: &Origin, address: &MailAddress) -> Result<Route, Verdict> {
        // MSS #28
        if matches!(origin, Origin::Peer(_)) {
            return Err(Verdict::RelayRefused);
        }
        // MSS #29
        if !(self.is_listed)(address.domain()) {
            return Err(Verdict::RecipientDomainNotListed);
        }
        Ok(Route::Remote)
    }
}
