//! Who acts: every transaction takes it, and every entry of the change log carries it.

use crate::id::{AccountId, PrincipalId};
use serde::{Deserialize, Serialize};

/// An authenticated session, or the program itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Who authenticated; None for the program itself and for another operator's delivery.
    pub principal: Option<PrincipalId>,
    /// The account that the session opened.
    pub account: Option<AccountId>,
    /// The account's holder, when the principal acts for them.
    pub on_behalf_of: Option<PrincipalId>,
    /// By which way in.
    pub through: Through,
}

/// A way into the store. The order of variants is the stored format: never change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Through {
    /// The program itself: a service, a scheduled task.
    System,
    /// An administrator's command.
    Administration,
    /// Reception from another operator.
    Reception,
    /// A mail program that submits.
    Submission,
    /// A mail program that reads.
    Imap,
    /// The web pages.
    Web,
    /// A programming interface.
    Api,
}

impl Actor {
    /// The program itself.
    pub const SYSTEM: Self =
        Self { principal: None, account: None, on_behalf_of: None, through: Through::System };

    /// Another operator that delivers.
    pub const RECEPTION: Self = Self { through: Through::Reception, ..Self::SYSTEM };
}
