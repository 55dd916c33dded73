//! The rules of filing: pure functions over facts.
//!
//! Order: what the metadata say of the patient, then the octets (hash and size), then what the
//! document itself says, then what the record holds already. The first thing that is wrong
//! decides. Nothing here reads a store or a format.

use crate::entry::{Author, Entry, EntryId};
use crate::refusal::Refusal;
use domain::{IdentityTraits, InsError, InsReading, Mode};

/// Whose record it is.
#[derive(Debug, Clone, Copy)]
pub struct Citizen<'a> {
    /// The account's INS.
    pub ins: Option<&'a InsReading>,
    /// The account's identity traits.
    pub traits: Option<&'a IdentityTraits>,
}

/// A patient's number with the OID of who gave it, as metadata or a document have it.
#[derive(Clone, PartialEq, Eq)]
pub struct StatedPatient {
    /// The number.
    pub number: String,
    /// The OID.
    pub oid: String,
}

impl std::fmt::Debug for StatedPatient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StatedPatient(…)")
    }
}

/// The metadata's facts.
#[derive(Clone)]
pub struct MetadataFacts {
    /// The patient.
    pub patient: Option<StatedPatient>,
    /// Whether the patient, if it is not this citizen, is another of this operator's.
    pub is_others: bool,
    /// The document's uniqueId.
    pub unique_id: String,
    /// The document's type code.
    pub type_code: Option<String>,
    /// SHA-1 of the octets.
    pub sha1: Option<[u8; 20]>,
    /// Number of octets.
    pub size: Option<u64>,
}

/// The facts of the document's header.
#[derive(Clone)]
pub struct HeaderFacts {
    /// Its uniqueId.
    pub unique_id: String,
    /// The patient's INS.
    pub patient: Option<StatedPatient>,
    /// The five traits; None when they are not complete.
    pub traits: Option<IdentityTraits>,
    /// Its type code.
    pub type_code: String,
    /// The version's number.
    pub version: Option<u64>,
    /// Who made it.
    pub author: Author,
}

impl std::fmt::Debug for MetadataFacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MetadataFacts(…)")
    }
}

impl std::fmt::Debug for HeaderFacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HeaderFacts(…)")
    }
}

/// The facts of the octets.
#[derive(Debug, Clone, Copy)]
pub struct OctetFacts {
    /// SHA-1.
    pub sha1: [u8; 20],
    /// SHA-256.
    pub hash: [u8; 32],
    /// Their number.
    pub size: u64,
}

/// What the record holds already.
#[derive(Debug, Clone, Copy)]
pub struct Held<'a> {
    /// The entry with the same uniqueId.
    pub same: Option<&'a Entry>,
    /// The document says that it replaces another.
    pub says_replaces: bool,
    /// The latest version of the same document: by `setId`, or the one it says it replaces.
    pub predecessor: Option<&'a Entry>,
}

/// Everything that is judged.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// Whose record.
    pub citizen: Citizen<'a>,
    /// Production, or test.
    pub mode: Mode,
    /// The metadata.
    pub metadata: &'a MetadataFacts,
    /// The octets.
    pub octets: OctetFacts,
    /// The document's header; None when it cannot be read.
    pub header: Option<&'a HeaderFacts>,
    /// The record.
    pub held: Held<'a>,
}

/// What is to be done with a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filing {
    /// File it.
    File {
        /// The entry whose place it takes.
        replaces: Option<EntryId>,
        /// It says that it replaces a document that the record does not hold.
        predecessor_unknown: bool,
    },
    /// The record holds it already.
    Duplicate(EntryId),
    /// Do not file it.
    Refuse(Refusal),
}

/// Judges one document.
#[must_use]
pub fn judge(facts: &Facts<'_>) -> Filing {
    match reason(facts) {
        Err(refusal) => Filing::Refuse(refusal),
        Ok(filing) => filing,
    }
}

fn reason(facts: &Facts<'_>) -> Result<Filing, Refusal> {
    let ins = judge_metadata_patient(facts)?;
    judge_octets(facts)?;
    let header = facts.header.ok_or(Refusal::Unreadable)?;
    judge_header(facts, header, &ins)?;
    judge_held(facts, header)
}

/// The metadata's patient decides in whose record a document belongs.
// MSS #60, MSS #70
fn judge_metadata_patient(facts: &Facts<'_>) -> Result<InsReading, Refusal> {
    let ins = read_ins(facts.metadata.patient.as_ref(), facts.mode)?;
    if facts.citizen.ins == Some(&ins) {
        return Ok(ins);
    }
    Err(if facts.metadata.is_others { Refusal::OtherCitizen } else { Refusal::UnknownPatient })
}

fn read_ins(stated: Option<&StatedPatient>, mode: Mode) -> Result<InsReading, Refusal> {
    let stated = stated.ok_or(Refusal::NoIns)?;
    InsReading::read(&stated.number, &stated.oid, mode).map_err(|error| match error {
        InsError::UnknownOid => Refusal::NoIns,
        _ => Refusal::InsIncomplete,
    })
}

// MSS #59
fn judge_octets(facts: &Facts<'_>) -> Result<(), Refusal> {
    let (Some(sha1), Some(size)) = (facts.metadata.sha1, facts.metadata.size) else {
        return Err(Refusal::NoHash);
    };
    if size != facts.octets.size {
        return Err(Refusal::SizeDiffers);
    }
    if sha1 != facts.octets.sha1 { Err(Refusal::HashDiffers) } else { Ok(()) }
}

fn judge_header(facts: &Facts<'_>, header: &HeaderFacts, ins: &InsReading) -> Result<(), Refusal> {
    if read_ins(header.patient.as_ref(), facts.mode)? != *ins {
        return Err(Refusal::DocumentOfOther);
    }
    // MSS #64
    let traits = header.traits.as_ref().ok_or(Refusal::TraitsIncomplete)?;
    if facts.citizen.traits.is_some_and(|own| own.compare(traits).is_err()) {
        return Err(Refusal::TraitsDiffer);
    }
    let stated = facts.metadata.type_code.as_ref();
    // A document without an id could not be told from another.
    if header.unique_id.is_empty()
        || header.unique_id != facts.metadata.unique_id
        || stated.is_some_and(|code| *code != header.type_code)
    {
        return Err(Refusal::Contradiction);
    }
    Ok(())
}

fn judge_held(facts: &Facts<'_>, header: &HeaderFacts) -> Result<Filing, Refusal> {
    // MSS #66
    if let Some(same) = facts.held.same {
        return if same.hash == facts.octets.hash {
            Ok(Filing::Duplicate(same.id))
        } else {
            Err(Refusal::SameIdOtherContent)
        };
    }
    // MSS #65
    let Some(predecessor) = facts.held.predecessor else {
        let predecessor_unknown = facts.held.says_replaces;
        return Ok(Filing::File { replaces: None, predecessor_unknown });
    };
    if header.version.unwrap_or(0) <= predecessor.version.unwrap_or(0) {
        return Err(Refusal::VersionNotAbove);
    }
    let former = predecessor.author.as_ref();
    if !former.is_some_and(|former| may_replace(&header.author, former)) {
        return Err(Refusal::ReplacesAnothers);
    }
    Ok(Filing::File { replaces: Some(predecessor.id), predecessor_unknown: false })
}

/// Whether it is the same author, or another of the same organisation.
fn may_replace(new: &Author, former: &Author) -> bool {
    let same = |a: &Option<String>, b: &Option<String>| a.is_some() && a == b;
    same(&new.person_id, &former.person_id) || same(&new.organisation_id, &former.organisation_id)
}

#[cfg(test)]
mod tests;
