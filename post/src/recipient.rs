//! Recipients: where an address is served, and whether it takes mail. Answered from our own
//! accounts and the domain list, never from the directory.

use crate::envelope::{Recipient, RecipientDsn, Route};
use crate::exchange;
use crate::origin::Origin;
use crate::{Post, our_fault};
use domain::{CitizenAddress, CitizenAddressError, MailAddress, Verdict};
use mailstore::StoreError;
use mailstore::model::account::AccountState;

impl Post {
    /// Judges one recipient, at RCPT.
    pub fn recipient(
        &self,
        origin: &Origin,
        address: &MailAddress,
        dsn: RecipientDsn,
    ) -> Result<Recipient, Verdict> {
        // First of all: a citizen who may not write learns nothing of who exists.
        if let Origin::Own(submitter) = origin
            && submitter.is_citizen
        {
            let view = self.store.view(submitter.account).map_err(our_fault)?;
            let takes = (self.takes_prescriptions)(address);
            let citizens = &self.settings.citizen_domains;
            exchange::judge_recipient(&view, address, takes, citizens).map_err(our_fault)??;
        }
        let route = if self.settings.own_domains.contains(address.domain()) {
            self.local(address)?
        } else {
            self.remote(origin, address)?
        };
        Ok(Recipient { address: address.clone(), dsn, route })
    }

    fn local(&self, address: &MailAddress) -> Result<Route, Verdict> {
        let citizens = &self.settings.citizen_domains;
        // MSS #30
        match CitizenAddress::read(address, citizens, self.settings.mode) {
            Ok(_) | Err(CitizenAddressError::OtherDomain) => {}
            Err(error) => return Err(error.verdict().unwrap_or(Verdict::RecipientMalformed)),
        }
        let directory = self.store.operator_view().map_err(our_fault)?;
        let account = directory.account_of(address).map_err(our_fault)?;
        let account = account.ok_or(Verdict::RecipientUnknown)?;
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
        let counters = view.counters().map_err(our_fault)?;
        if counters.octets >= counters.quota {
            return Err(Verdict::QuotaExceeded);
        }
        Ok(Route::Local(account))
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
