//! A session together with its handler: carries out what the session asks, up to the next octets.
//!
//! No I/O either: sockets call it from `serve.rs`, tests and fuzzers from memory.
//!
//! Invariants: at most one transaction at a time, dropped as soon as the session says so; while the handler works,
//! nothing more is read. Failure: answers of the handler become replies; a question without transaction, which
//! would be a fault of ours, is answered 451.

use std::sync::Arc;

use domain::Verdict;

use super::handler::{Handler, Transaction};
use super::session::{Session, Step};

/// Replies are written once they are so long, even when there is more to read.
const WRITE_AT: usize = 16 * 1024;

/// What the connection does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// Write the output, and come back.
    Write,
    /// Write the output, read, [`Session::receive`].
    Read,
    /// Write the output, do the handshake, [`Session::secured`].
    StartTls,
    /// Write the output and close.
    Close,
}

/// A session together with its handler.
pub struct Conversation<H: Handler> {
    session: Session,
    handler: Arc<H>,
    identity: Option<H::Identity>,
    transaction: Option<H::Transaction>,
}

impl<H: Handler> Conversation<H> {
    /// Begins.
    pub fn new(session: Session, handler: Arc<H>) -> Self {
        Self { session, handler, identity: None, transaction: None }
    }

    /// The session.
    pub fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// Goes on as far as the input allows.
    ///
    /// Not to be cancelled half way: the question that is out would stay without answer, which ends the session.
    pub async fn advance(&mut self) -> Wants {
        loop {
            if self.session.output_len() >= WRITE_AT {
                return Wants::Write;
            }
            match self.session.step() {
                Step::Read => return Wants::Read,
                Step::StartTls => return Wants::StartTls,
                Step::Close => {
                    self.transaction = None;
                    return Wants::Close;
                }
                Step::Abandon => self.transaction = None,
                asked => self.answer(asked).await,
            }
        }
    }

    async fn answer(&mut self, asked: Step) {
        let (session, handler) = (&mut self.session, &self.handler);
        match asked {
            Step::Greet => {
                let answer = handler.greet(session.peer()).await;
                session.answered(answer);
            }
            Step::External => {
                let opens = handler.external_opens(session.peer()).await;
                session.external(opens);
            }
            Step::Still => {
                let answer = handler.still(session.peer(), self.identity.as_ref()).await;
                session.answered(answer);
            }
            Step::Authenticate(login) => {
                let answer = handler.authenticate(session.peer(), login).await;
                let answer = answer.map(|identity| self.identity = Some(identity));
                session.answered(answer);
            }
            Step::Mail { from, params } => {
                let who = self.identity.as_ref();
                let answer = handler.mail(session.peer(), who, &from, &params).await;
                let answer = answer.map(|transaction| self.transaction = Some(transaction));
                session.answered(answer);
            }
            Step::Recipient { to, params } => {
                let answer = match &mut self.transaction {
                    Some(transaction) => transaction.recipient(&to, &params).await,
                    None => Err(Verdict::InternalFailure),
                };
                session.answered(answer);
            }
            Step::BeginBody | Step::Body => {
                let answer = match (&mut self.transaction, asked) {
                    (Some(transaction), Step::Body) => transaction.body(session.body()).await,
                    (Some(transaction), _) => transaction.begin_body().await,
                    (None, _) => Err(Verdict::InternalFailure),
                };
                if answer.is_err() {
                    self.transaction = None;
                }
                session.answered(answer);
            }
            Step::EndBody => {
                let answer = match self.transaction.take() {
                    Some(transaction) => transaction.end_body().await,
                    None => Err(Verdict::InternalFailure),
                };
                session.ended(answer);
            }
            // The connection's.
            Step::Read | Step::StartTls | Step::Close | Step::Abandon => {}
        }
    }
}
