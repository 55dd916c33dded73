//! What a session asks of its caller.

use domain::{MailAddress, ReversePath};

#[cfg(doc)]
use super::Session;
use crate::server::handler::Login;
use crate::wire::params::{MailParams, RcptParams};

/// What the session needs next. A question names the method that takes its answer.
#[derive(Debug)]
pub enum Step {
    /// Write the output; read more, [`Session::receive`].
    Read,
    /// May the peer come in? [`Session::answered`].
    Greet,
    /// Does its certificate open something? [`Session::external`].
    External,
    /// Would the peer, and who has logged in, be let in now as well? [`Session::answered`].
    Still,
    /// Who is it? [`Session::answered`].
    Authenticate(Login),
    /// May a transaction begin? [`Session::answered`].
    Mail {
        /// The sender.
        from: ReversePath,
        /// What MAIL said besides.
        params: MailParams,
    },
    /// Is this recipient taken? [`Session::answered`].
    Recipient {
        /// The recipient.
        to: MailAddress,
        /// What RCPT said besides.
        params: RcptParams,
    },
    /// May the message come? [`Session::answered`]; with an `Err` the transaction is over.
    BeginBody,
    /// Here is some of it: [`Session::body`]. [`Session::answered`]; with an `Err` the transaction is over.
    Body,
    /// That was all of it. [`Session::ended`]; the transaction is over.
    EndBody,
    /// The transaction is over, no answer.
    Abandon,
    /// Write the output, do the handshake, [`Session::secured`].
    StartTls,
    /// Write the output and close.
    Close,
}
