//! How notices leave: to ordinary e-mail or SMS, which are outside the trust domain.
//!
//! Invariant: a notice has no content of anybody's mail or record; what is sent is a code or a word
//! that something is there. Failure: [`CourierError`].

use domain::Lang;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

/// By which way a notice leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// Ordinary e-mail.
    Email,
    /// A text message.
    Sms,
}

/// A notice. `Debug` prints the channel only.
#[derive(Clone, PartialEq, Eq)]
pub struct Notice {
    /// By which way.
    pub channel: Channel,
    /// The address or number.
    pub to: String,
    /// The subject; a text message has none.
    pub subject: String,
    /// The text.
    pub text: String,
    /// Its language.
    pub lang: Lang,
}

impl fmt::Debug for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Notice({:?}, …)", self.channel)
    }
}

/// Why a notice did not leave.
#[derive(Debug, thiserror::Error)]
#[error("the notice did not leave")]
pub struct CourierError(#[source] std::io::Error);

impl CourierError {
    /// Of what was in the way.
    #[must_use]
    pub fn new(error: std::io::Error) -> Self {
        Self(error)
    }
}

/// A notice on its way.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), CourierError>> + Send + 'a>>;

/// Who takes notices away. At `Ok` the notice is on stable storage, or delivered.
pub trait Courier: fmt::Debug + Send + Sync {
    /// Takes one.
    fn send(&self, notice: Notice) -> Sending<'_>;
}
