//! What a message is sent with, apart from itself.

use domain::{MailAddress, ReversePath};
use serde::{Deserialize, Serialize};

/// The envelope of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Where reports go.
    pub reverse_path: ReversePath,
    /// What the sender asked of reports.
    pub dsn: DsnRequest,
    /// Whether the sender announced addresses or header fields beyond ASCII.
    // RFC 6531 §3.4
    pub smtputf8: bool,
}

/// What the sender asked of delivery reports, for the message.
// RFC 3461 §4.3, §4.4
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DsnRequest {
    /// The whole message is to be returned, not its header only.
    pub full: bool,
    /// The sender's own identifier of the transmission.
    pub envelope_id: Option<String>,
}

/// What the sender asked of delivery reports, for one recipient.
// RFC 3461 §4.1, §4.2
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecipientDsn {
    /// When to report.
    pub notify: Notify,
    /// The address that the sender first gave.
    pub original: Option<String>,
}

impl Default for RecipientDsn {
    fn default() -> Self {
        Self { notify: Notify::DEFAULT, original: None }
    }
}

/// When a delivery is to be reported.
// RFC 3461 §4.1
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notify {
    /// When it has succeeded.
    pub success: bool,
    /// When it has failed.
    pub failure: bool,
    /// When it takes long.
    pub delay: bool,
}

impl Notify {
    /// What holds when the sender asked for nothing.
    pub const DEFAULT: Self = Self { success: false, failure: true, delay: true };
    /// Never.
    pub const NEVER: Self = Self { success: false, failure: false, delay: false };
}

/// A recipient that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Its address as the sender gave it.
    pub address: MailAddress,
    /// What the sender asked of reports.
    pub dsn: RecipientDsn,
    /// Where it is served.
    pub route: Route,
}

/// Where a recipient is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// Here, in this account.
    Local(mailstore::AccountId),
    /// By another operator.
    Remote,
}
