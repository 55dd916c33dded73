//! The tables that this crate keeps in accounts, and how their records are read and written.
//!
//! Records are postcard; a field is added at the end only. Failure: a record that does not read is
//! [`StoreError::Format`].

use mailstore::{ServiceKey, StoreError, TableName, Transaction, View};
use serde::Serialize;
use serde::de::DeserializeOwned;

#[expect(clippy::unreachable, reason = "the compiler has run it")]
const fn table(name: &'static str) -> TableName {
    match TableName::new(name) {
        Some(name) => name,
        None => unreachable!(),
    }
}

/// Application secrets, by principal and keyed hash; in the principal's home.
pub(crate) const SECRETS: TableName = table("appsecret");
/// Passwords, by principal; in its home.
pub(crate) const PASSWORDS: TableName = table("password");
/// Where notices for a principal go; in its home.
pub(crate) const CONTACTS: TableName = table("contact");
/// Log-ins that wait for their code; in the principal's home.
pub(crate) const PENDING: TableName = table("pendinglogin");
/// Web sessions; in the principal's home.
pub(crate) const SESSIONS: TableName = table("websession");
/// Certificates by keyed hash; in the operator's account.
pub(crate) const CERTIFICATES: TableName = table("certificate");
/// The home of a principal; in the operator's account.
pub(crate) const HOMES: TableName = table("home");

pub(crate) fn get<T: DeserializeOwned>(
    view: &View<'_>,
    key: &ServiceKey,
) -> Result<Option<T>, StoreError> {
    view.service_record(key)?
        .map(|octets| postcard::from_bytes(&octets).map_err(|_| StoreError::Format))
        .transpose()
}

pub(crate) fn all<T: DeserializeOwned>(
    view: &View<'_>,
    prefix: &ServiceKey,
    limit: usize,
) -> Result<Vec<(ServiceKey, T)>, StoreError> {
    let records = view.service_records(prefix, None, limit)?;
    let read = |(key, octets): (ServiceKey, Vec<u8>)| {
        Ok((key, postcard::from_bytes(&octets).map_err(|_| StoreError::Format)?))
    };
    records.into_iter().map(read).collect()
}

pub(crate) fn put<T: Serialize>(
    tx: &mut Transaction<'_>,
    key: &ServiceKey,
    value: &T,
) -> Result<(), StoreError> {
    let octets = postcard::to_stdvec(value).map_err(|_| StoreError::Format)?;
    tx.put_service_record(key, &octets)
}
