//! Values and rules of the trust domain; no I/O, no protocol bytes, no stored formats.
//!
//! Code map, one noun a file:
//!
//! | subject | files |
//! | --- | --- |
//! | addresses | [`mail_domain`], [`address`], [`citizen_address`] |
//! | a citizen's identity | [`ins_number`], [`ins`], [`person_name`], [`birth_place`], [`traits`] |
//! | professionals and structures | [`person_id`], [`structure_id`], [`other_id`] |
//! | trust | [`dn`], [`operator`], [`mode`] |
//! | rules | [`exchange`], [`verdict`] |
//! | passed in | [`clock`], [`lang`] |
//!
//! Invariants:
//! - A value that exists is valid: fields are private, one gate (`FromStr`, `TryFrom`, `new`, `read`) lets it
//!   in, and serde goes through the same gate.
//! - `Debug` of what names a person prints nothing of it; `Display` prints it, on purpose.
//! - Nothing here reads a clock, a random source, a socket or a file; nothing here panics.

mod gate;
mod luhn;

pub mod address;
pub mod birth_place;
pub mod citizen_address;
pub mod clock;
pub mod dn;
pub mod exchange;
pub mod ins;
pub mod ins_number;
pub mod lang;
pub mod mail_domain;
pub mod mode;
pub mod operator;
pub mod other_id;
pub mod person_id;
pub mod person_name;
pub mod structure_id;
pub mod traits;
pub mod verdict;

pub use address::{AddressError, LookupKey, MailAddress, ReversePath};
pub use birth_place::{BirthPlace, BirthPlaceError};
pub use citizen_address::{CitizenAddress, CitizenAddressError, CitizenDomains, CitizenNumber};
pub use clock::{Clock, ManualClock, SystemClock};
pub use dn::{AttributeType, DistinguishedName, DnError};
pub use exchange::{Exchange, ExchangeChange, ExchangeEffect, ExchangeState, MessageKind};
pub use ins::{Ins, InsOid, InsReading, UncheckedTestIns};
pub use ins_number::{InsError, InsNumber, UncheckedInsNumber};
pub use lang::{Bilingual, Lang};
pub use mail_domain::{DomainError, MailDomain};
pub use mode::Mode;
pub use operator::{MailboxKind, OperatorName};
pub use other_id::{IdError, OtherId};
pub use person_id::{Adeli, PersonId, Rpps};
pub use person_name::{NameError, PersonName};
pub use structure_id::{Finess, Siret, StructureId};
pub use traits::{IdentityTrait, IdentityTraits, Sex, TraitsError, TraitsMismatch};
pub use verdict::{Area, EnhancedCode, Verdict};
