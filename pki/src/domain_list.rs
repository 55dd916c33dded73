//! The signed list of who may speak for which mail domain (*liste blanche*).
//!
//! Invariants: a `DomainList<Verified>` is made by [`DomainList::verify`] only. It is a set of pairs: a domain may
//! have several certificates, a certificate several domains. Domains compare without case, DNs as sets.
//! Failure: [`ListRefusal`] for a list, [`EntryFault`] for an entry, which is left out.

mod engine;
mod entry;
mod kept;
mod parse;
mod sign;
mod signature;
#[cfg(test)]
mod tests;
mod verify;
mod write;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use domain::{DistinguishedName, MailDomain};
use jiff::Timestamp;

pub use self::engine::{DefaultEngine, EngineError, SignatureEngine};
pub use self::entry::{Contact, DomainEntry, EntryFault, Finding};
pub use self::kept::{KeptList, Offer};
use self::parse::Contents;
pub use self::parse::{MAX_ENTRIES, MAX_FINDINGS, MAX_LIST, ParseError};
pub use self::sign::{SignError, sign};
pub use self::signature::FormError;
pub use self::verify::{FUTURE_TOLERANCE, ListRefusal, ListRules};
pub use self::write::{WriteError, write};
use crate::certificate::Certificate;
use crate::trust::PeerFault;

/// The list's signature is right, and so is its signer.
#[derive(Clone, Debug)]
pub struct Verified {
    signer: Certificate,
}

/// Nobody has looked at the signature.
#[derive(Clone, Copy, Debug)]
pub struct Unverified;

/// A domain list; only `DomainList<Verified>` answers who may speak for whom.
#[derive(Clone)]
pub struct DomainList<S> {
    contents: Contents,
    dns_of: HashMap<MailDomain, Vec<Arc<DistinguishedName>>>,
    domains_of: HashMap<Arc<DistinguishedName>, Vec<MailDomain>>,
    state: S,
}

impl DomainList<Unverified> {
    /// Reads a list without looking at its signature.
    ///
    /// # Errors
    /// [`ParseError`].
    pub fn parse(octets: &[u8]) -> Result<Self, ParseError> {
        Ok(Self::index(parse::parse(verify::as_text(octets)?)?, Unverified))
    }
}

impl DomainList<Verified> {
    /// Reads and verifies a list.
    ///
    /// # Errors
    /// [`ListRefusal`].
    pub fn verify(octets: &[u8], rules: &ListRules<'_>) -> Result<Self, ListRefusal> {
        let checked = verify::verify(octets, rules)?;
        Ok(Self::index(checked.contents, Verified { signer: checked.signer }))
    }

    /// The certificates that may speak for a domain.
    // MSS #7
    pub fn dns_of(&self, domain: &MailDomain) -> &[Arc<DistinguishedName>] {
        self.dns_of.get(domain).map_or(&[], Vec::as_slice)
    }

    /// The domains that a certificate may speak for.
    // MSS #7
    pub fn domains_of(&self, dn: &DistinguishedName) -> &[MailDomain] {
        self.domains_of.get(dn).map_or(&[], Vec::as_slice)
    }

    /// Whether a certificate may speak for a domain.
    // MSS #7
    // MSS #8
    pub fn is_pair(&self, domain: &MailDomain, dn: &DistinguishedName) -> bool {
        self.dns_of(domain).iter().any(|listed| listed.as_ref() == dn)
    }

    /// Whether the trust domain has a mail domain.
    // MSS #9
    pub fn is_listed(&self, domain: &MailDomain) -> bool {
        self.dns_of.contains_key(domain)
    }

    /// Who signed it.
    pub fn signer(&self) -> &Certificate {
        &self.state.signer
    }
}

impl<S> DomainList<S> {
    fn index(contents: Contents, state: S) -> Self {
        let mut dns_of: HashMap<MailDomain, Vec<Arc<DistinguishedName>>> = HashMap::new();
        let mut domains_of: HashMap<Arc<DistinguishedName>, Vec<MailDomain>> = HashMap::new();
        for entry in &contents.entries {
            let dns = dns_of.entry(entry.domain.clone()).or_default();
            if !dns.contains(&entry.dn) {
                dns.push(Arc::clone(&entry.dn));
                domains_of.entry(Arc::clone(&entry.dn)).or_default().push(entry.domain.clone());
            }
        }
        Self { contents, dns_of, domains_of, state }
    }

    /// When it was made (*DateDeGeneration*).
    pub fn generated_at(&self) -> Timestamp {
        self.contents.generated_at
    }

    /// The entries in order.
    pub fn entries(&self) -> &[DomainEntry] {
        &self.contents.entries
    }

    /// The first entries that were left out.
    pub fn findings(&self) -> &[Finding] {
        &self.contents.findings
    }

    /// How many entries were left out.
    pub fn left_out(&self) -> usize {
        self.contents.left_out
    }
}

impl<S> fmt::Debug for DomainList<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DomainList")
            .field("generated_at", &self.contents.generated_at)
            .field("entries", &self.contents.entries.len())
            .finish_non_exhaustive()
    }
}

/// How far a file is checked.
pub enum SummaryCheck<'a> {
    /// Signature, signer, dates.
    Rules(ListRules<'a>),
    /// The signature, and that its certificate was in its time at this instant.
    SignatureOnly(Timestamp, &'a dyn SignatureEngine),
}

/// What there is to say of a file, for `pli trust verify`.
#[derive(Debug)]
pub struct Summary {
    /// When it was made.
    pub generated_at: Timestamp,
    /// Entries that could be read.
    pub entries: usize,
    /// Entries left out.
    pub left_out: usize,
    /// The first of them.
    pub findings: Vec<Finding>,
    /// Distinct mail domains.
    pub domains: usize,
    /// Distinct DNs, compared as the list compares.
    pub dns: usize,
    /// Distinct `O` values, as written.
    pub organizations: usize,
    /// The signature and its signer, or what is wrong.
    pub verdict: Result<Certificate, ListRefusal>,
}

/// The certificate that signed a list and was in its time at `at`. Whether it may sign is not asked: for looking at
/// a file without its authorities.
///
/// # Errors
/// [`ListRefusal`]; [`PeerFault::Expired`] and [`PeerFault::NotYetValid`] of the signer.
pub fn signed_by(
    octets: &[u8],
    at: Timestamp,
    engine: &dyn SignatureEngine,
) -> Result<Certificate, ListRefusal> {
    let signer = verify::check_signature(octets, engine)?.signer;
    if at < signer.not_before() {
        return Err(ListRefusal::Signer(PeerFault::NotYetValid));
    }
    if at > signer.not_after() {
        return Err(ListRefusal::Signer(PeerFault::Expired));
    }
    Ok(signer)
}

/// Counts and verifies a list. The counts are given even when the signature is wrong.
///
/// # Errors
/// [`ParseError`] when there is nothing to count.
// MSS #1
pub fn summary(octets: &[u8], check: &SummaryCheck<'_>) -> Result<Summary, ParseError> {
    let list = DomainList::parse(octets)?;
    let dns = list.domains_of.keys();
    let organizations: HashSet<&str> =
        dns.flat_map(|dn| dn.values(&domain::AttributeType::Organization)).collect();
    Ok(Summary {
        generated_at: list.generated_at(),
        entries: list.entries().len(),
        left_out: list.left_out(),
        findings: list.findings().to_vec(),
        domains: list.dns_of.len(),
        dns: list.domains_of.len(),
        organizations: organizations.len(),
        verdict: match check {
            SummaryCheck::Rules(rules) => {
                DomainList::verify(octets, rules).map(|list| list.signer().clone())
            }
            SummaryCheck::SignatureOnly(at, engine) => signed_by(octets, *at, *engine),
        },
    })
}
