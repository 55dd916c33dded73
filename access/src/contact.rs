//! Where notices for a principal go.
//!
//! Invariant: at least one way is there for whoever logs in by code. `Debug` prints which ways there
//! are and nothing else.

use crate::courier::{Channel, CourierError, Notice};
use crate::{Access, tables};
use domain::{Bilingual, Lang};
use mailstore::model::principal::Rights;
use mailstore::{AccountId, Actor, PrincipalId, ServiceKey, StoreError, Transaction, View};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Principals of one account that are told something.
const MAX_TOLD: usize = 64;
/// Octets of an address or number.
const MAX_CONTACT: usize = 320;

/// Where notices go.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// An ordinary e-mail address.
    pub email: Option<String>,
    /// A mobile number.
    pub mobile: Option<String>,
    /// The language of notices.
    #[serde(with = "lang")]
    pub lang: Lang,
}

mod lang {
    //! A language by its tag.
    use domain::Lang;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(lang: &Lang, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(lang.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Lang, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (email, mobile) = (self.email.is_some(), self.mobile.is_some());
        write!(f, "Contact(email: {email}, mobile: {mobile})")
    }
}

impl Contact {
    /// A notice by the first way there is.
    pub(crate) fn notice(&self, subject: &str, text: String) -> Option<Notice> {
        let email = self.email.as_ref().map(|to| (Channel::Email, to));
        let (channel, to) = email.or(self.mobile.as_ref().map(|to| (Channel::Sms, to)))?;
        let (to, subject) = (to.clone(), subject.to_owned());
        Some(Notice { channel, to, subject, text, lang: self.lang })
    }

    fn is_right(&self) -> bool {
        let plain = |text: &String| {
            !text.is_empty() && text.len() <= MAX_CONTACT && !text.chars().any(char::is_control)
        };
        self.email.iter().chain(&self.mobile).all(plain)
    }
}

fn key(principal: PrincipalId) -> ServiceKey {
    ServiceKey::new(tables::CONTACTS).id(*principal.as_bytes())
}

/// Where notices for a principal at home in this account go.
pub(crate) fn of(view: &View<'_>, principal: PrincipalId) -> Result<Option<Contact>, StoreError> {
    view.service_value(&key(principal))
}

impl Access {
    /// Sets where notices for a principal at home in `home` go.
    pub async fn set_contact(
        &self,
        actor: Actor,
        home: AccountId,
        principal: PrincipalId,
        contact: &Contact,
    ) -> Result<(), StoreError> {
        if !contact.is_right() {
            return Err(StoreError::Limit("an address or number"));
        }
        let contact = contact.clone();
        let work = move |tx: &mut Transaction<'_>| tx.put_service_value(&key(principal), &contact);
        self.store.transact(actor, home, work).await.map(drop)
    }

    /// Tells those who may read an account something that has no content of it, each where and in the language that
    /// they said; gives how many were told. Who left no address is not reached.
    pub async fn notify(
        &self,
        account: AccountId,
        subject: Bilingual,
        text: Bilingual,
    ) -> Result<usize, NotifyError> {
        let now = self.clock.now();
        let mut notices = Vec::new();
        {
            let (operator, view) = (self.store.operator_view()?, self.store.view(account)?);
            let grants = view.grants()?.into_iter();
            let readers = grants.filter(|(_, grant)| grant.allows(Rights::READ, now));
            for (principal, _) in readers.take(MAX_TOLD) {
                let Some(home) = self.home_of(&operator, principal)? else { continue };
                let contact = match self.store.view(home) {
                    // A home that was erased has nobody to tell.
                    Err(StoreError::NoSuchAccount) => continue,
                    home => of(&home?, principal)?,
                };
                notices.extend(contact.and_then(|contact| {
                    let text = text.get(contact.lang).to_owned();
                    contact.notice(subject.get(contact.lang), text)
                }));
            }
        }
        let told = notices.len();
        for notice in notices {
            self.courier.send(notice).await?;
        }
        Ok(told)
    }
}

/// Why nobody, or not everybody, was told.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// A notice did not leave.
    #[error(transparent)]
    Courier(#[from] CourierError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}
