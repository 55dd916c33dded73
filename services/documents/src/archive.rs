//! From an attachment to documents with their facts.
//!
//! Archives are opened one after another, and each is let go before the next: what is held at once
//! is one archive ([`MAX_ARCHIVE`]) and what it expands to, which all archives of a message share
//! ([`MAX_EXPANDED`]). Failure: an archive that cannot or must not be opened is one finding with
//! its refusal, and so is every one that the bounds leave closed; the message is left as it is.

use aws_lc_rs::digest;
use clinical::cda::{self, Header};
use clinical::value_sets::{Confidentiality, kind_of};
use clinical::xdm::{self, Archive, Limits, XdmError};
use clinical::xds::{self, DocumentEntry, Metadata};
use kit::Failure;
use mailstore::message::Part;
use mailstore::model::account::AccountState;
use mailstore::model::message::Structure;
use mailstore::{MessageId, View};
use post::Post;
use record::part::{self, PartError};
use record::rules::{HeaderFacts, MetadataFacts, OctetFacts, StatedPatient};
use record::{Author, Refusal, TypeCode, by_hand};

/// Octets of an attachment that are opened.
// MSS #34
pub const MAX_ARCHIVE: u64 = 25 * 1024 * 1024;
/// Archives of one message that are opened; the others are refused.
pub const MAX_ARCHIVES: usize = 10;
/// Octets that the archives of one message expand to, together.
pub const MAX_EXPANDED: u64 = 100 * 1024 * 1024;
/// Documents of one message: the fates of as many are kept.
const MAX_DOCUMENTS: usize = record::MAX_FATES;
/// Characters of an identifier; IHE gives a uniqueId 128.
const MAX_ID: usize = 256;
/// Characters of a name or label that are kept.
const MAX_WORDS: usize = 300;
/// Documents that one may say it replaces.
const MAX_REPLACED: usize = 16;

/// An attachment, as far as it was opened.
pub(crate) struct Found {
    /// Its section number.
    pub(crate) part: Vec<u32>,
    /// Its documents, or why there are none.
    pub(crate) documents: Result<Vec<Candidate>, Refusal>,
}

/// A document that may be filed.
pub(crate) struct Candidate {
    pub(crate) path: String,
    pub(crate) metadata: MetadataFacts,
    pub(crate) octet_facts: OctetFacts,
    pub(crate) header: Option<HeaderFacts>,
    pub(crate) octets: Vec<u8>,
    pub(crate) set_id: Option<String>,
    /// The ids of what it says it replaces.
    pub(crate) replaces: Vec<String>,
    pub(crate) says_replaces: bool,
    pub(crate) type_code: Option<TypeCode>,
    pub(crate) title: String,
    pub(crate) date: Option<i64>,
    pub(crate) act: Option<i64>,
    pub(crate) confidentiality: Vec<Confidentiality>,
    pub(crate) mime: String,
}

impl Candidate {
    /// Whether its metadata keep it from the citizen for a while.
    // MSS #72
    pub(crate) fn is_hidden(&self) -> bool {
        self.confidentiality.contains(&Confidentiality::InvisibleToPatient)
    }
}

/// Opens the XDM archives of a message one after another; `each` has done with one before the next
/// is opened.
pub(crate) fn find(
    post: &Post,
    view: &View<'_>,
    message: MessageId,
    structure: &Structure,
    mut each: impl FnMut(Found) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut left = Limits { total: MAX_EXPANDED, documents: MAX_DOCUMENTS, ..Limits::default() };
    let named = |part: &Part| part.filename().is_some_and(|name| xdm::is_archive_name(&name));
    let archives = structure.part.leaves().filter(|(_, part)| named(part));
    for (at, (part, _)) in archives.enumerate().take(MAX_DOCUMENTS) {
        let documents = if at < MAX_ARCHIVES {
            open(post, view, message, &part, &mut left)?
        } else {
            Err(Refusal::ArchiveTooLarge)
        };
        each(Found { part, documents })?;
    }
    Ok(())
}

/// The documents of one archive, or why there are none; what it used of the bounds is taken off.
fn open(
    post: &Post,
    view: &View<'_>,
    message: MessageId,
    part: &[u32],
    left: &mut Limits,
) -> Result<Result<Vec<Candidate>, Refusal>, Failure> {
    let octets = match part::content(post.store(), view, message, part, MAX_ARCHIVE) {
        Ok(octets) => octets,
        Err(PartError::TooLarge) => return Ok(Err(Refusal::ArchiveTooLarge)),
        Err(PartError::NoSuchPart | PartError::Undecodable) => {
            return Ok(Err(Refusal::AttachmentUndecodable));
        }
        Err(PartError::Store(error)) => return Err(error.into()),
    };
    match Archive::read_within(&octets, left) {
        Err(error) => Ok(Err(refusal_of(error))),
        Ok(archive) => {
            drop(octets);
            Ok(Ok(candidates(post, view, archive)?))
        }
    }
}

fn refusal_of(error: XdmError) -> Refusal {
    match error {
        XdmError::Damaged | XdmError::Compression | XdmError::Encrypted | XdmError::Write => {
            Refusal::ArchiveDamaged
        }
        XdmError::Path | XdmError::DuplicateName | XdmError::Link | XdmError::NestedArchive => {
            Refusal::ArchiveDangerous
        }
        XdmError::TooManyEntries | XdmError::TooManyDocuments | XdmError::TooLarge => {
            Refusal::ArchiveTooLarge
        }
        XdmError::NoMetadata | XdmError::Metadata(_) | XdmError::NoUri => Refusal::NoMetadata,
        XdmError::MissingFile => Refusal::MissingFile,
    }
}

fn candidates(post: &Post, view: &View<'_>, archive: Archive) -> Result<Vec<Candidate>, Failure> {
    let mut all = Vec::new();
    for subset in archive.subsets {
        for document in subset.documents {
            let mut candidate = candidate(&subset.metadata, document);
            candidate.metadata.is_others = is_others(post, view, &candidate)?;
            all.push(candidate);
        }
    }
    Ok(all)
}

/// Whether the metadata's patient is another citizen here. Who objected is as unknown here as
/// everywhere.
fn is_others(post: &Post, view: &View<'_>, candidate: &Candidate) -> Result<bool, Failure> {
    let Some(patient) = &candidate.metadata.patient else { return Ok(false) };
    let mode = post.settings().mode;
    let Ok(ins) = domain::InsReading::read(&patient.number, &patient.oid, mode) else {
        return Ok(false);
    };
    let Some(account) = view.account_of_ins(&ins)? else { return Ok(false) };
    if account == view.account_id() {
        return Ok(false);
    }
    match post.store().view(account) {
        Err(mailstore::StoreError::NoSuchAccount) => Ok(false),
        other => Ok(other?.account_record()?.state != AccountState::Objected),
    }
}

/// What a filed document says of itself, without metadata.
pub(crate) fn alone(octets: Vec<u8>, path: String) -> Candidate {
    let document = xdm::Document { entry: DocumentEntry::default(), path, octets };
    candidate(&Metadata::default(), document)
}

fn candidate(metadata: &Metadata, document: xdm::Document) -> Candidate {
    let xdm::Document { entry, path, octets } = document;
    let header = Header::read(&octets).ok().filter(has_short_ids);
    let header = header.as_ref();
    let facts = MetadataFacts {
        patient: entry.patient.as_ref().or(metadata.set.patient.as_ref()).map(stated),
        is_others: false,
        unique_id: entry.unique_id.clone().unwrap_or_default(),
        type_code: entry.type_code.as_ref().map(|code| code.code.clone()),
        sha1: entry.sha1(),
        size: entry.size,
    };
    let code = header.and_then(|header| header.code.as_ref()).or(entry.type_code.as_ref());
    let by_association = metadata.replaced_by(&entry).map(|id| bare(id).to_owned());
    let related = header.and_then(Header::replaces);
    let by_header = related
        .into_iter()
        .flat_map(|related| related.ids.iter().chain(&related.set_id).map(ToString::to_string));
    let replaces: Vec<String> = by_header
        .chain(by_association)
        .filter(|id| id.len() <= MAX_ID)
        .take(MAX_REPLACED)
        .collect();
    let instant = |text: &Option<String>| xds::instant(text.as_deref()?).map(|at| at.as_second());
    let act = header.and_then(|header| {
        let time = header.events.first()?.time.low.as_ref()?;
        time.instant().map(|at| at.as_second())
    });
    let made = header
        .and_then(|header| header.effective_time.as_ref()?.instant())
        .map(|at| at.as_second())
        .or_else(|| instant(&entry.creation_time));
    let title = header.and_then(|header| header.title.clone()).or_else(|| entry.title.clone());
    let stated_confidentiality = entry.confidentiality.iter().map(|code| code.code.as_str());
    let own = header.and_then(|header| header.confidentiality.as_ref());
    let mut confidentiality: Vec<_> = stated_confidentiality
        .chain(own.map(|code| code.code.as_str()))
        .filter_map(Confidentiality::of_code)
        .collect();
    confidentiality.sort();
    confidentiality.dedup();
    let type_code = code.map(|code| TypeCode {
        code: short(&code.code),
        system: code.system.as_deref().map(short),
        stated: code.label.as_deref().map(short),
    });
    Candidate {
        octet_facts: OctetFacts {
            sha1: sha1(&octets),
            hash: by_hand::sha256(&octets),
            size: octets.len() as u64,
        },
        metadata: facts,
        header: header.map(header_facts),
        set_id: header.and_then(|header| header.set_id.as_ref()).map(ToString::to_string),
        says_replaces: related.is_some() || !replaces.is_empty(),
        replaces,
        title: title.or_else(|| type_code.as_ref()?.stated.clone()).unwrap_or_default(),
        type_code,
        date: made,
        act: act.or_else(|| instant(&entry.service_start)),
        confidentiality,
        mime: if entry.mime.is_empty() { "text/xml".to_owned() } else { short(&entry.mime) },
        path: short(&path),
        octets,
    }
}

/// Longer identifiers than any standard has are no document's.
fn has_short_ids(header: &Header) -> bool {
    let ids = header.id.iter().chain(&header.set_id);
    ids.map(ToString::to_string).all(|id| id.len() <= MAX_ID)
}

fn short(text: &str) -> String {
    text.chars().take(MAX_WORDS).collect()
}

fn bare(id: &str) -> &str {
    id.strip_prefix("urn:uuid:").unwrap_or(id)
}

fn stated(patient: &xds::Cx) -> StatedPatient {
    StatedPatient { number: patient.number.clone(), oid: patient.oid.clone() }
}

fn header_facts(header: &Header) -> HeaderFacts {
    let ins = header.patient.ins_as_written().filter(|_| header.record_targets == 1);
    HeaderFacts {
        unique_id: header.unique_id().unwrap_or_default(),
        patient: ins
            .map(|(number, oid)| StatedPatient { number: number.into(), oid: oid.to_string() }),
        traits: header.patient.traits().ok(),
        type_code: header.code.as_ref().map(|code| code.code.clone()).unwrap_or_default(),
        version: header.version.map(u64::from),
        author: header.authors.first().map(author).unwrap_or_default(),
    }
}

fn author(participant: &cda::Participant) -> Author {
    let organisation = participant.organisation.as_ref();
    let id = |ids: &[cda::Id]| ids.first().map(|id| short(&id.to_string()));
    let words = |text: String| (!text.trim().is_empty()).then(|| short(&text));
    Author {
        name: participant.agent.as_ref().map(ToString::to_string).and_then(words),
        profession: participant.code.as_ref().and_then(|code| code.label.as_deref()).map(short),
        organisation: organisation.and_then(|organisation| organisation.name.as_deref()).map(short),
        person_id: id(&participant.ids),
        organisation_id: organisation.and_then(|organisation| id(&organisation.ids)),
    }
}

fn sha1(octets: &[u8]) -> [u8; 20] {
    let mut hash = [0; 20];
    let found = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, octets);
    for (to, from) in hash.iter_mut().zip(found.as_ref()) {
        *to = *from;
    }
    hash
}

/// The kind of a candidate.
pub(crate) fn kind(candidate: &Candidate) -> clinical::value_sets::Kind {
    candidate.type_code.as_ref().map_or(clinical::value_sets::Kind::Other, |code| {
        kind_of(&code.code, code.system.as_deref())
    })
}
