//! From documents to fates: a plan made on a snapshot, carried out in a transaction.
//!
//! The plan reads and writes bodies, which a transaction cannot. The transaction judges again on
//! what it sees; when that differs from the plan, all is handled anew.

use crate::archive::{self, Candidate, Found};
use crate::receipt::Outcome;
use kit::{Failure, NotCommitted};
use mailstore::body::Body;
use mailstore::model::account::Account;
use mailstore::{MessageId, StoreError, Transaction, View};
use post::Post;
use record::rules::{Citizen, Facts, Filing, Held, judge};
use record::{AttachmentFate, Document, Entry, EntryId, Fate, FiledBy, Refusal, SeriesId, file};
use std::sync::Arc;

/// What is to be done with a message's documents.
pub(crate) struct Plan {
    account: Account,
    mode: domain::Mode,
    steps: Vec<Step>,
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
    File { document: Box<Document>, replaces: Option<EntryId>, predecessor_unknown: bool },
}

impl Planned {
    fn fate(&self) -> Fate {
        match self {
            Self::Refuse(refusal) => Fate::NotFiled(*refusal),
            Self::Duplicate(entry) => Fate::Duplicate { entry: *entry },
            Self::File { document, predecessor_unknown, .. } => {
                Fate::Filed { entry: document.id, predecessor_unknown: *predecessor_unknown }
            }
        }
    }

    fn filing(&self) -> Filing {
        match self {
            Self::Refuse(refusal) => Filing::Refuse(*refusal),
            Self::Duplicate(entry) => Filing::Duplicate(*entry),
            Self::File { replaces, predecessor_unknown, .. } => {
                Filing::File { replaces: *replaces, predecessor_unknown: *predecessor_unknown }
            }
        }
    }
}

/// Plans what is to be done; writes the bodies of what will be filed.
pub(crate) fn plan(
    post: &Post,
    view: &View<'_>,
    message: MessageId,
    found: Vec<Found>,
) -> Result<Plan, Failure> {
    let mut plan =
        Plan { account: view.account_record()?, mode: post.settings().mode, steps: Vec::new() };
    // What the same message files before counts as held.
    let mut filed: Vec<Entry> = Vec::new();
    for Found { part, documents } in found {
        let documents = match documents {
            Ok(documents) => documents,
            Err(refusal) => {
                plan.steps.push(Step { part, path: None, work: Work::Refuse(refusal) });
                continue;
            }
        };
        for mut candidate in documents {
            let held = Known::of(view, &filed, &candidate)?;
            let planned = match plan.judge(&candidate, &held) {
                Filing::Refuse(refusal) => Planned::Refuse(refusal),
                Filing::Duplicate(entry) => Planned::Duplicate(entry),
                Filing::File { replaces, predecessor_unknown } => {
                    let document = document(post, message, &candidate)?;
                    let series = match held.series {
                        Some(series) => series,
                        None => SeriesId::random(post.random()).map_err(StoreError::from)?,
                    };
                    filed.push(document.as_entry(series, 0));
                    let document = Box::new(document);
                    Planned::File { document, replaces, predecessor_unknown }
                }
            };
            // They lie in the body now, if they are of use at all.
            candidate.octets = Vec::new();
            plan.steps.push(Step {
                part: part.clone(),
                path: Some(candidate.path.clone()),
                work: Work::Judge { candidate: Box::new(candidate), planned },
            });
        }
    }
    Ok(plan)
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

/// What the record holds that concerns a document.
struct Known {
    same: Option<Entry>,
    /// The document of which it would be a version.
    series: Option<SeriesId>,
    predecessor: Option<Entry>,
}

impl Known {
    fn of(view: &View<'_>, filed: &[Entry], candidate: &Candidate) -> Result<Self, StoreError> {
        let unique_id = &candidate.metadata.unique_id;
        let same = match filed.iter().find(|entry| entry.unique_id.as_ref() == Some(unique_id)) {
            Some(entry) => Some(entry.clone()),
            None => record::entry_of(view, unique_id)?,
        };
        let mut series = None;
        for name in candidate.set_id.iter().chain(&candidate.replaces) {
            series = series_named(view, filed, name)?;
            if series.is_some() {
                break;
            }
        }
        let Some(of) = series else { return Ok(Self { same, series, predecessor: None }) };
        let here = filed.iter().filter(|entry| entry.series == of).cloned();
        let versions = record::versions(view, of)?.into_iter().chain(here);
        let predecessor = versions.max_by_key(|entry| entry.version.unwrap_or(0));
        Ok(Self { same, series, predecessor })
    }
}

/// The document that a name stands for, in the order in which the record looks it up once `filed`
/// lies in it: what the plan finds is what the transaction will find.
fn series_named(
    view: &View<'_>,
    filed: &[Entry],
    name: &String,
) -> Result<Option<SeriesId>, StoreError> {
    let names_series = |entry: &&Entry| {
        entry.set_id.as_ref().or(entry.unique_id.as_ref()).is_some_and(|of| of == name)
    };
    if let Some(entry) = filed.iter().rev().find(names_series) {
        return Ok(Some(entry.series));
    }
    if let Some(series) = record::series_of(view, name)? {
        return Ok(Some(series.id));
    }
    match filed.iter().find(|entry| entry.unique_id.as_ref() == Some(name)) {
        Some(entry) => Ok(Some(entry.series)),
        None => Ok(record::entry_of(view, name)?.map(|entry| entry.series)),
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
                    let known = Known::of(tx, &[], candidate)?;
                    if self.judge(candidate, &known) != planned.filing() {
                        return Err(NotCommitted::Stale);
                    }
                    if let Planned::File { document, replaces, predecessor_unknown } = planned {
                        file(tx, document, *replaces, *predecessor_unknown)?;
                    }
                    (planned.fate(), candidate.is_hidden())
                }
            };
            let (part, path) = (step.part.clone(), step.path.clone());
            fates.push(AttachmentFate { part, path, fate, hidden });
        }
        Ok(fates)
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
