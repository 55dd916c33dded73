//! Citizens who write: whether a message may go to its recipients by the exchanges of its *author*.
//!
//! A parent or a delegate writes in the name of another account: it is that account's exchanges
//! which count, not the session's. At RCPT the author is not known yet, so there a recipient is
//! refused only if nobody in whose name the session may write may write to it; at the end From is
//! judged, and judged once more in the transaction that stores an entry in the author's account.

use crate::envelope::Recipient;
use crate::exchange::judge_recipient;
use crate::facts::Facts;
use crate::incoming::Context;
use crate::origin::{Origin, Submitter};
use crate::{AddressQuestion, Post, our_fault};
use domain::{CitizenDomains, MailAddress, MailboxKind, Verdict};
use mailstore::{AccountId, StoreError, View};

/// Why a transaction did not store a message.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The rules, as they were at that moment.
    Verdict(Verdict),
    /// The store.
    Store(StoreError),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Whether one citizen may write to these recipients.
pub(crate) struct Question {
    recipients: Vec<(MailAddress, bool)>,
    citizens: CitizenDomains,
}

impl Question {
    /// The question for some recipients; for mail that no citizen writes it is empty.
    pub(crate) fn of(context: &Context, recipients: &[Recipient], by_citizen: bool) -> Self {
        let takes: &AddressQuestion = &context.post.takes_prescriptions;
        let asked = recipients.iter().filter(|_| by_citizen);
        Self {
            recipients: asked.map(|to| (to.address.clone(), takes(&to.address))).collect(),
            citizens: context.post.settings.citizen_domains.clone(),
        }
    }

    /// Judges by the exchanges of the view's account.
    pub(crate) fn judge(&self, view: &View<'_>) -> Result<(), Refused> {
        for (address, takes_prescriptions) in &self.recipients {
            judge_recipient(view, address, *takes_prescriptions, &self.citizens)?
                .map_err(Refused::Verdict)?;
        }
        Ok(())
    }
}

/// The citizens of ours who are a submitted message's authors.
pub(crate) fn citizens(context: &Context, facts: &Facts) -> Result<Vec<AccountId>, Verdict> {
    let Origin::Own(submitter) = &context.origin else { return Ok(Vec::new()) };
    let mut citizens = Vec::new();
    for from in &facts.from {
        if let Some((account, MailboxKind::Citizen)) = context.post.author(submitter, from)? {
            citizens.push(account);
        }
    }
    Ok(citizens)
}

/// Judges all recipients by the exchanges of all citizens who write, as they are now.
pub(crate) fn judge_now(context: &Context, authors: &[AccountId]) -> Result<(), Verdict> {
    let question = Question::of(context, &context.recipients, !authors.is_empty());
    for author in authors {
        let view = context.post.store.view(*author).map_err(our_fault)?;
        question.judge(&view).map_err(|refused| match refused {
            Refused::Verdict(verdict) => verdict,
            Refused::Store(error) => our_fault(error),
        })?;
    }
    Ok(())
}

impl Post {
    /// The account that an author's address leads to, and its kind.
    fn author(
        &self,
        submitter: &Submitter,
        from: &MailAddress,
    ) -> Result<Option<(AccountId, MailboxKind)>, Verdict> {
        let account = if submitter.address.lookup_key() == from.lookup_key() {
            Some(submitter.account)
        } else {
            let directory = self.store.operator_view().map_err(our_fault)?;
            directory.account_of(from).map_err(our_fault)?
        };
        let Some(account) = account else { return Ok(None) };
        let view = match self.store.view(account) {
            Err(StoreError::NoSuchAccount) => return Ok(None),
            view => view.map_err(our_fault)?,
        };
        let kind = view.account_record().map_err(our_fault)?.kind;
        Ok(Some((account, kind)))
    }

    /// Judges a recipient at RCPT: by everybody in whose name the session may write.
    pub(crate) fn judge_possible_authors(
        &self,
        submitter: &Submitter,
        address: &MailAddress,
    ) -> Result<(), Verdict> {
        if !submitter.is_citizen {
            return Ok(());
        }
        let takes_prescriptions = (self.takes_prescriptions)(address);
        let mut first = None;
        for from in std::iter::once(&submitter.address).chain(&submitter.also_as) {
            let Some((account, kind)) = self.author(submitter, from)? else { continue };
            if kind != MailboxKind::Citizen {
                return Ok(());
            }
            let view = self.store.view(account).map_err(our_fault)?;
            let citizens = &self.settings.citizen_domains;
            match judge_recipient(&view, address, takes_prescriptions, citizens)
                .map_err(our_fault)?
            {
                Ok(()) => return Ok(()),
                Err(verdict) => first = first.or(Some(verdict)),
            }
        }
        first.map_or(Ok(()), Err)
    }
}
