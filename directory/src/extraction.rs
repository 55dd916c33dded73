//! The public extraction of the national directory (`extraction-correspondance-mssante.txt`): `|`-separated UTF-8
//! with a header line, one line for each mailbox, skill and place.
//!
//! Columns are found by name, without case and accents, in any order. The 31 names are those of the real file as two
//! independent programs that read it list them; no official description was found. Values follow what such programs
//! expect; marked *ours* is what we had to decide:
//! - `Type de BAL`: PER, ORG (the file has only these), APP, CAB; missing: PER with a person, else ORG (*ours*);
//! - person: `Identification nationale PP` (`8` and RPPS, `0` and ADELI) counts first, else `Identifiant PP` with its
//!   type, else by its length (*ours*);
//! - structure: type `1` or FINESS, `3` or SIRET, none: by its length (*ours*); any other: as written;
//! - `Catégorie profession` `E` (student) makes a profession one in training (*ours*);
//! - `Dématérialisation` is kept as written.
//!
//! Invariants: memory for one line and the table; a line that is wrong costs that line; what is written is read again
//! as the same mailboxes. Red-listed mailboxes are not written, nor what the columns cannot say: rank, description,
//! responsible, phone, the prescriptions' flag, certificates. A `|` within a text is written `/`.
//! Failure: [`ImportError`](crate::ImportError) for the whole file.

mod column;
mod read;
mod write;

pub(crate) use self::read::read;
pub use self::write::write;

#[cfg(test)]
mod tests;
