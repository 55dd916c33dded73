//! Exchanges: what a citizen and a professional's mailbox have with each other, as records of the
//! citizen's account under the professional's address.
//!
//! The rules are `domain::exchange`; here they meet the store. An exchange is read and changed in
//! the transaction that stores the message.

use crate::facts::Facts;
use domain::exchange::{AcceptedMessage, CitizensRecipient, effect_of, judge_citizen_message};
use domain::{CitizenDomains, Exchange, MailAddress, MailDomain, Verdict};
use mailstore::{ServiceKey, StoreError, TableName, Transaction, View};
use std::collections::BTreeSet;

/// The table of exchanges.
#[expect(clippy::unreachable, reason = "the compiler has run it")]
const TABLE: TableName = match TableName::new("exchange") {
    Some(name) => name,
    None => unreachable!(),
};

fn key(view: &View<'_>, address: &MailAddress) -> ServiceKey {
    ServiceKey::new(TABLE).lookup(view, address.lookup_key().as_str())
}

/// The exchange of a citizen's account with an address.
pub fn exchange_with(
    view: &View<'_>,
    address: &MailAddress,
) -> Result<Option<Exchange>, StoreError> {
    view.service_record(&key(view, address))?
        .map(|octets| postcard::from_bytes(&octets).map_err(|_| StoreError::Format))
        .transpose()
}

/// What a message that is stored in a citizen's account does to its exchanges.
pub(crate) fn apply(
    tx: &mut Transaction<'_>,
    facts: &Facts,
    sender_domains: &BTreeSet<MailDomain>,
    citizens: &CitizenDomains,
) -> Result<(), StoreError> {
    let Some(from) = facts.from.first() else { return Ok(()) };
    let message = AcceptedMessage {
        from,
        reply_to: &facts.reply_to,
        kind: facts.kind,
        mss_mes: facts.mss_mes.as_deref(),
        subject: facts.subject.as_deref(),
        sender_domains,
    };
    let Some(effect) = effect_of(&message, citizens) else { return Ok(()) };
    let now = tx.now();
    for address in &effect.addresses {
        let before = exchange_with(tx, address)?;
        let after = Exchange::after(before.as_ref(), effect.change, now);
        let octets = postcard::to_stdvec(&after).map_err(|_| StoreError::Format)?;
        let key = key(tx, address);
        tx.put_service_record(&key, &octets)?;
    }
    Ok(())
}

/// Whether a citizen may write to an address.
// MSS #37, MSS #38, MSS #39, MSS #40
pub(crate) fn judge_recipient(
    view: &View<'_>,
    address: &MailAddress,
    takes_prescriptions: bool,
    citizens: &CitizenDomains,
) -> Result<Result<(), Verdict>, StoreError> {
    let exchange = exchange_with(view, address)?;
    let recipient = CitizensRecipient {
        address,
        exchange: exchange.as_ref(),
        takes_prescriptions,
        // Used before: it has written, so the citizen has been its customer; a FIN does not undo that.
        known_pharmacy: exchange.is_some(),
    };
    Ok(judge_citizen_message(&recipient, citizens))
}
