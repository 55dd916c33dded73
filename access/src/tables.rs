//! The tables that this crate keeps in accounts.
//!
//! Their records are services' values: a field is added at the end only.

use mailstore::TableName;

/// Application secrets, by principal and keyed hash; in the principal's home.
pub(crate) const SECRETS: TableName = TableName::constant("appsecret");
/// Passwords, by principal; in its home.
pub(crate) const PASSWORDS: TableName = TableName::constant("password");
/// Where notices for a principal go; in its home.
pub(crate) const CONTACTS: TableName = TableName::constant("contact");
/// Log-ins that wait for their code; in the principal's home.
pub(crate) const PENDING: TableName = TableName::constant("pendinglogin");
/// Web sessions; in the principal's home.
pub(crate) const SESSIONS: TableName = TableName::constant("websession");
/// Certificates by keyed hash; in the operator's account.
pub(crate) const CERTIFICATES: TableName = TableName::constant("certificate");
/// The home of a principal; in the operator's account.
pub(crate) const HOMES: TableName = TableName::constant("home");
