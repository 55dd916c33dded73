//! A handler for tests: a small operator that knows its people by the local part of their addresses.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use domain::{MailAddress, ReversePath, Verdict};
use mta::server::{Accepted, Handler, Login, Peer, QueueId, Stored, Transaction};
use mta::wire::params::{MailParams, RcptParams};
use tokio::sync::watch;

/// A message that was accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) body: Vec<u8>,
    pub(crate) mail: MailParams,
    pub(crate) rcpt: Vec<RcptParams>,
}

/// What happened at the operator.
#[derive(Debug, Default)]
pub(crate) struct Books {
    kept: Mutex<Vec<Kept>>,
    logins: Mutex<Vec<String>>,
    begun: AtomicUsize,
    dropped: AtomicUsize,
    octets: AtomicUsize,
    largest: AtomicUsize,
    /// Has open sessions judge their peers again.
    pub(crate) changes: watch::Sender<u64>,
}

impl Books {
    pub(crate) fn kept(&self) -> Vec<Kept> {
        self.kept.lock().unwrap().clone()
    }

    pub(crate) fn logins(&self) -> Vec<String> {
        self.logins.lock().unwrap().clone()
    }

    /// Transactions begun and not over.
    pub(crate) fn open(&self) -> usize {
        self.begun.load(Ordering::SeqCst) - self.dropped.load(Ordering::SeqCst)
    }

    /// Octets of messages seen, and most at once.
    pub(crate) fn octets(&self) -> (usize, usize) {
        (self.octets.load(Ordering::SeqCst), self.largest.load(Ordering::SeqCst))
    }
}

#[derive(Debug, Default)]
pub(crate) struct Office {
    pub(crate) books: Arc<Books>,
    /// Octets are counted and not kept.
    pub(crate) forgetful: bool,
}

pub(crate) struct Letter {
    books: Arc<Books>,
    forgetful: bool,
    kept: Kept,
}

/// What the test's store returns.
struct OnDisk;

impl Stored for OnDisk {}

impl Handler for Office {
    type Identity = String;
    type Transaction = Letter;

    async fn greet(&self, peer: &Peer) -> Result<(), Verdict> {
        match peer.address.to_string().as_str() {
            "192.0.2.66" => Err(Verdict::ServiceUnavailable),
            _ => Ok(()),
        }
    }

    async fn external_opens(&self, peer: &Peer) -> bool {
        peer.tls.as_ref().is_some_and(|tls| tls.certificates[0].as_ref() != b"opens nothing")
    }

    async fn still(&self, peer: &Peer, _: Option<&String>) -> Result<(), Verdict> {
        let taken_back = peer.helo.as_deref() == Some("taken-back");
        if taken_back { Err(Verdict::CertificateRevoked) } else { Ok(()) }
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.books.changes.subscribe()
    }

    async fn authenticate(&self, _: &Peer, login: Login) -> Result<String, Verdict> {
        let (name, fine) = match login {
            Login::Plain { authorization, authentication, password } => {
                let fine = password.expose() == "sesame";
                (format!("{authorization}/{authentication}"), fine)
            }
            Login::External { authorization } => {
                let fine = authorization != "late@a.fr";
                (format!("{authorization}/certificate"), fine)
            }
        };
        if !fine {
            return Err(Verdict::AuthenticationFailed);
        }
        self.books.logins.lock().unwrap().push(name.clone());
        Ok(name)
    }

    async fn mail(
        &self,
        peer: &Peer,
        identity: Option<&String>,
        from: &ReversePath,
        params: &MailParams,
    ) -> Result<Letter, Verdict> {
        assert!(peer.tls.is_some() && peer.helo.is_some());
        match from.address().map(MailAddress::local) {
            Some("unlisted") => return Err(Verdict::OperatorNotListed),
            Some("crl") => return Err(Verdict::CrlExpired),
            Some("stopping") => return Err(Verdict::ServiceUnavailable),
            Some("other") if identity.is_some() => return Err(Verdict::FromMismatch),
            _ => {}
        }
        self.books.begun.fetch_add(1, Ordering::SeqCst);
        let kept = Kept { from: from.to_string(), mail: params.clone(), ..Kept::default() };
        Ok(Letter { books: self.books.clone(), forgetful: self.forgetful, kept })
    }
}

impl Letter {
    fn is_to(&self, local: &str) -> bool {
        self.kept.to.iter().any(|to| to.starts_with(local))
    }
}

impl Transaction for Letter {
    async fn recipient(&mut self, to: &MailAddress, params: &RcptParams) -> Result<(), Verdict> {
        match to.local() {
            "unknown" => return Err(Verdict::RecipientUnknown),
            "objected" => return Err(Verdict::RecipientObjected),
            "closed" => return Err(Verdict::MailboxClosed),
            "full" => return Err(Verdict::QuotaExceeded),
            "panic" => panic!("a bug of ours"),
            _ => {}
        }
        self.kept.to.push(to.to_string());
        self.kept.rcpt.push(params.clone());
        Ok(())
    }

    async fn begin_body(&mut self) -> Result<(), Verdict> {
        if self.is_to("no-disk@") { Err(Verdict::StorageUnavailable) } else { Ok(()) }
    }

    async fn body(&mut self, octets: &[u8]) -> Result<(), Verdict> {
        assert!(!octets.is_empty() && octets.len() <= 64 * 1024);
        self.books.octets.fetch_add(octets.len(), Ordering::SeqCst);
        self.books.largest.fetch_max(octets.len(), Ordering::SeqCst);
        if self.is_to("disk-full@") {
            return Err(Verdict::StorageUnavailable);
        }
        if !self.forgetful {
            self.kept.body.extend_from_slice(octets);
        }
        Ok(())
    }

    async fn end_body(mut self) -> Result<Accepted, Verdict> {
        if self.is_to("strict@") {
            return Err(Verdict::MalwareFound);
        }
        let mut kept = self.books.kept.lock().unwrap();
        kept.push(std::mem::take(&mut self.kept));
        let id = QueueId::new(format!("Q{}", kept.len())).unwrap();
        Ok(Accepted::new(id, &OnDisk))
    }
}

impl Drop for Letter {
    fn drop(&mut self) {
        self.books.dropped.fetch_add(1, Ordering::SeqCst);
    }
}
