//! Who is trusted, and how it is shown: certificates and the authority that issues them, revocation, the signed
//! domain list, and the TLS configurations that stand on the three.
//!
//! Code map, one noun a file:
//!
//! | subject | files |
//! | --- | --- |
//! | reading what others issue | [`certificate`], [`serial`], [`name`], [`crl`] |
//! | issuing | [`profile`], [`authority`], [`pkcs12`] |
//! | the domain list | [`domain_list`] |
//! | judging a peer | `chain`, [`trust`] |
//! | handshakes | [`tls`] |
//! | on the disk | [`durable_file`], [`pem`] |
//!
//! Invariants:
//! - Time is passed in, as an instant or as a [`domain::Clock`]; nothing here asks the machine.
//! - What comes from outside is bounded by a named constant before it is parsed, and nothing in it can panic.
//! - A private key has no `Debug` that prints it and lies on the disk with mode 0600.
//! - One provider of cryptography: aws-lc-rs.
//!
//! Failure: one error enum a subject; [`trust::PeerFault`] is the one place that maps a certificate's fault to a
//! [`domain::Verdict`] and to a TLS alert.

mod chain;
mod instant;

pub mod authority;
pub mod certificate;
pub mod crl;
pub mod domain_list;
pub mod durable_file;
pub mod name;
pub mod pem;
pub mod pkcs12;
pub mod profile;
pub mod serial;
pub mod tls;
pub mod trust;

#[cfg(test)]
mod fixture;

pub use authority::{Authority, AuthorityError, AuthorityParams, Issued};
pub use certificate::{Certificate, CertificateError};
pub use crl::{CrlError, RevocationList, RevocationLists, RevocationReason};
pub use domain_list::{DomainEntry, DomainList, KeptList, ListRefusal, Verified};
pub use profile::{Profile, Subject};
pub use serial::Serial;
pub use tls::{ClientAuth, Identity};
pub use trust::{
    ListingFault, PeerChain, PeerFault, PeerStanding, Trust, TrustAnchors, TrustState, Usage,
};
