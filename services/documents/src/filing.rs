//! From documents to fates: a plan made on a snapshot, carried out in a transaction.
//!
//! The plan reads and writes bodies, which a transaction cannot. The transaction judges again on
//! what it sees; when that differs from the plan, all is handled anew. A document that the same
//! message has filed before is not judged: what its entry says is derived from it again.

use crate::archive::{self, Candidate, Found};
use crate::receipt::Outcome;
use kit::{Failure, NotCommitted};
use mailstore::body::Body;
use mailstore::model::account::Account;
use mailstore::{MessageId, StoreError, Transaction, View};
use post::Post;
use record::rules::{Citizen, Facts, Filing, Held, judge};
use record::{
    AttachmentFate, Document, Entry, EntryId, Fate, FiledBy, Known, Names, Refusal, SeriesId,
    derive_again, file,
};
use std::sync::Arc;

/// What is to be done with a message's documents.
pub(crate) struct Plan {
    message: MessageId,
    account: Account,
    mode: domain::Mode,
    steps: Vec<Step>,
    /// What the same message files before counts as held.
    filed: Vec<Entry>,
}

struct Step {
    part: Vec<u32>,
    path: Option<String>,
    work: Work,
}

enum Work {
    Refuse(Refusal),
    /// A document with what the plan makes of it.
    Judge {
        candidate: Box<Candidate>,
        planned: Planned,
    },
}

enum Planned {
    Refuse(Refusal),
    Duplicate(EntryId),
    File {
        document: Box<Document>,
        replaces: Option<EntryId>,
        predecessor_unknown: bool,
    },
    /// The message has filed it before: its entry as it is derived now.
    Own(Box<Entry>),
}

impl Planned {
    fn fate(&self) -> Fate {
        match self {
            Self::Refuse(refusal) => Fate::NotFiled(*refusal),
            Self::Duplicate(entry) => Fate::Duplicate { entry: *entry },
            Self::File { document, predecessor_unknown, .. } => {
                Fate::Filed { entry: document.id, predecessor_unknown: *predecessor_unknown }
            }
            Self::Own(entry) => {
                Fate::Filed { entry: entry.id, predecessor_unknown: entry.predecessor_unknown }
            }
        }
    }

    /// Whether it is what is judged now.
    fn is(&self, filing: Filing) -> bool {
        match (self, filing) {
            (Self::Refuse(refusal), Filing::Refuse(now)) => *refusal == now,
            (Self::Duplicate(entry), Filing::Duplicate(now)) => *entry == now,
            (
                Self::File { replaces, predecessor_unknown, .. },
                Filing::File { replaces: now, predecessor_unknown: unknown },
            ) => (*replaces, *predecessor_unknown) == (now, unknown),
            _ => false,
        }
    }
}

impl Plan {
    /// Nothing so far.
    pub(crate) fn new(
        post: &Post,
        view: &View<'_>,
        message: MessageId,
    ) -> Result<Self, StoreError> {
        let (account, mode) = (view.account_record()?, post.settings().mode);
        Ok(Self { message, account, mode, steps: Vec::new(), filed: Vec::new() })
    }

    /// Whether the message carries nothing to be filed.
    pub(crate) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Plans what is to be done with an archive; writes the bodies of what will be filed.
    pub(crate) fn add(
        &mut self,
        post: &Post,
        view: &View<'_>,
        found: Found,
    ) -> Result<(), Failure> {
        let Found { part, documents } = found;
        let documents = match documents {
            Ok(documents) => documents,
            Err(refusal) => {
                self.steps.push(Step { part, path: None, work: Work::Refuse(refusal) });
                return Ok(());
            }
        };
        for mut candidate in documents {
            let planned = self.plan(post, view, &candidate)?;
            // They lie in the body now, if they are of use at all.
            candidate.octets = Vec::new();
            self.steps.push(Step {
                part: part.clone(),
                path: Some(candidate.path.clone()),
                work: Work::Judge { candidate: Box::new(candidate), planned },
            });
        }
        Ok(())
    }

    fn plan(
        &mut self,
        post: &Post,
        view: &View<'_>,
        candidate: &Candidate,
    ) -> Result<Planned, Failure> {
        let held = known(view, &self.filed, candidate)?;
        if let Some(own) = self.own(&held, candidate) {
            return Ok(Planned::Own(Box::new(derived(own, candidate))));
        }
        Ok(match self.judge(candidate, &held) {
            Filing::Refuse(refusal) => Planned::Refuse(refusal),
            Filing::Duplicate(entry) => Planned::Duplicate(entry),
            Filing::File { replaces, predecessor_unknown } => {
                let document = document(post, self.message, candidate)?;
                let series = match held.series {
                    Some(series) => series,
                    None => SeriesId::random(post.random()).map_err(StoreError::from)?,
                };
                self.filed.push(document.as_entry(series, 0));
                let document = Box::new(document);
                Planned::File { document, replaces, predecessor_unknown }
            }
        })
    }

    /// The entry as which this message has filed the document; it counts once a message.
    fn own<'a>(&self, held: &'a Known, candidate: &Candidate) -> Option<&'a Entry> {
        let is_planned = |id: EntryId| {
            self.steps.iter().any(|step| match &step.work {
                Work::Judge { planned, .. } => planned.fate().entry() == Some(id),
                Work::Refuse(_) => false,
            })
        };
        let of_message = |entry: &&Entry| {
            entry.message == self.message
                && entry.hash == candidate.octet_facts.hash
                && !is_planned(entry.id)
        };
        held.same.as_ref().filter(of_message)
    }
}

fn document(post: &Post, message: MessageId, candidate: &Candidate) -> Result<Document, Failure> {
    let mut writer = post.store().body_writer()?;
    writer.write(&candidate.octets).map_err(StoreError::from)?;
    let body: Arc<Body> = writer.finish().map_err(StoreError::from)?;
    let header = candidate.header.as_ref();
    Ok(Document {
        id: EntryId::random(post.random()).map_err(StoreError::from)?,
        unique_id: Some(candidate.metadata.unique_id.clone()),
        set_id: candidate.set_id.clone(),
        version: header.and_then(|header| header.version),
        kind: archive::kind(candidate),
        type_code: candidate.type_code.clone(),
        title: candidate.title.clone(),
        author: header.map(|header| header.author.clone()),
        date: candidate.date.unwrap_or_else(|| post.now().as_second()),
        act: candidate.act,
        confidentiality: candidate.confidentiality.clone(),
        mime: candidate.mime.clone(),
        hash: candidate.octet_facts.hash,
        body,
        message,
        filed_by: FiledBy::Service,
        replaces: candidate.replaces.first().cloned(),
    })
}

fn known(view: &View<'_>, filed: &[Entry], candidate: &Candidate) -> Result<Known, StoreError> {
    Known::of(
        view,
        filed,
        Names {
            unique_id: &candidate.metadata.unique_id,
            set_id: candidate.set_id.as_deref(),
            replaces: &candidate.replaces,
        },
    )
}

/// A filed entry with what its document says of itself now. A document that is not read any more
/// says nothing: the entry stays as it is.
pub(crate) fn derived(entry: &Entry, candidate: &Candidate) -> Entry {
    let Some(header) = &candidate.header else { return entry.clone() };
    // Without its archive, a document has its metadata's part from the entry.
    let has_metadata = candidate.metadata.sha1.is_some();
    let (mime, mut confidentiality) = match has_metadata {
        true => (&candidate.mime, Vec::new()),
        false => (&entry.mime, entry.confidentiality.clone()),
    };
    confidentiality.extend_from_slice(&candidate.confidentiality);
    confidentiality.sort();
    confidentiality.dedup();
    let title = if candidate.title.is_empty() { &entry.title } else { &candidate.title };
    Entry {
        set_id: candidate.set_id.clone(),
        version: header.version,
        kind: archive::kind(candidate),
        type_code: candidate.type_code.clone().or_else(|| entry.type_code.clone()),
        title: title.clone(),
        author: Some(header.author.clone()),
        date: candidate.date.unwrap_or(entry.date),
        act: candidate.act.or(if has_metadata { None } else { entry.act }),
        confidentiality,
        mime: mime.clone(),
        replaces: candidate.replaces.first().cloned().or_else(|| entry.replaces.clone()),
        ..entry.clone()
    }
}

impl Plan {
    fn judge(&self, candidate: &Candidate, known: &Known) -> Filing {
        judge(&Facts {
            citizen: Citizen {
                ins: self.account.ins.as_ref(),
                traits: self.account.traits.as_ref(),
            },
            mode: self.mode,
            metadata: &candidate.metadata,
            octets: candidate.octet_facts,
            header: candidate.header.as_ref(),
            held: Held {
                same: known.same.as_ref(),
                says_replaces: candidate.says_replaces,
                predecessor: known.predecessor.as_ref(),
            },
        })
    }

    /// Files what is to be filed, if everything is still as it was planned.
    pub(crate) fn carry_out(
        &self,
        tx: &mut Transaction<'_>,
    ) -> Result<Vec<AttachmentFate>, NotCommitted> {
        let mut fates = Vec::new();
        for step in &self.steps {
            let (fate, hidden) = match &step.work {
                Work::Refuse(refusal) => (Fate::NotFiled(*refusal), false),
                Work::Judge { candidate, planned } => {
                    self.carry_out_one(tx, candidate, planned)?;
                    (planned.fate(), candidate.is_hidden())
                }
            };
            let (part, path) = (step.part.clone(), step.path.clone());
            fates.push(AttachmentFate { part, path, fate, hidden });
        }
        Ok(fates)
    }

    fn carry_out_one(
        &self,
        tx: &mut Transaction<'_>,
        candidate: &Candidate,
        planned: &Planned,
    ) -> Result<(), NotCommitted> {
        if let Planned::Own(entry) = planned {
            return if derive_again(tx, entry)? { Ok(()) } else { Err(NotCommitted::Stale) };
        }
        let known = known(tx, &[], candidate)?;
        if !planned.is(self.judge(candidate, &known)) {
            return Err(NotCommitted::Stale);
        }
        if let Planned::File { document, replaces, predecessor_unknown } = planned {
            file(tx, document, *replaces, *predecessor_unknown)?;
        }
        Ok(())
    }

    /// What becomes of each document, for the receipt.
    pub(crate) fn outcomes(&self) -> impl Iterator<Item = Outcome> {
        self.steps.iter().map(|step| {
            let path = step.path.clone();
            match &step.work {
                Work::Refuse(refusal) => {
                    Outcome { path, unique_id: None, hash: None, fate: Fate::NotFiled(*refusal) }
                }
                Work::Judge { candidate, planned } => Outcome {
                    path,
                    unique_id: Some(candidate.metadata.unique_id.clone()),
                    hash: Some(candidate.octet_facts.hash),
                    fate: planned.fate(),
                },
            }
        })
    }
}
