//! Asking the index.
//!
//! Invariant: every term of a question is made here, of the tag of the account that asks.

use crate::needle::{Probe, probes};
use crate::schema::{Fields, Tag};
use crate::words::Forms;
use mailstore::{AccountId, MessageId};
use std::collections::BTreeSet;
use std::io;
use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, BoostQuery, ConstScoreQuery, Occur, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::termdict::{TermDictionary, TermStreamer};
use tantivy::{DocId, DocSet, InvertedIndexReader, Searcher, SegmentReader, TERMINATED, Term};

/// Messages of one question by a part of a text; with more, all messages are looked at.
pub(crate) const MAX_CANDIDATES: usize = 20_000;
/// With so few candidates the rest of the question is not worth asking.
const FEW: usize = 64;
/// Words of a person's question.
const MAX_WORDS: usize = 16;
/// Longer words that begin as a word of the question does.
const MAX_LONGER: usize = 64;
/// Letters from which on a word stands for longer ones too.
const MIN_BEGINNING: usize = 3;
/// What a word weighs in subject and names, against one in the text.
const HEAD_WEIGHT: f32 = 3.0;
/// What a longer word weighs, against the word itself.
const LONGER_WEIGHT: f32 = 0.2;

/// The messages of an account among which is every one that holds the folded `needle`. None: too many
/// to be told apart, or nothing to go by.
pub(crate) fn candidates(
    searcher: &Searcher,
    fields: &Fields,
    account: AccountId,
    needle: &str,
) -> tantivy::Result<Option<BTreeSet<MessageId>>> {
    let Some(probes) = probes(needle) else { return Ok(None) };
    let tag = Tag::of(account);
    let mut found = BTreeSet::new();
    for segment in searcher.segment_readers() {
        let words = segment.inverted_index(fields.plain)?;
        let Some(documents) = in_segment(&words, &tag, &probes)? else { return Ok(None) };
        if found.len() + documents.len() > MAX_CANDIDATES {
            return Ok(None);
        }
        messages_of(segment, fields, documents, &mut found)?;
    }
    Ok(Some(found))
}

/// The messages of living documents.
fn messages_of(
    segment: &SegmentReader,
    fields: &Fields,
    documents: Vec<DocId>,
    found: &mut BTreeSet<MessageId>,
) -> tantivy::Result<()> {
    const BLOCKS: usize = 4;
    let mut living = documents.into_iter().filter(|id| !segment.is_deleted(*id)).peekable();
    if living.peek().is_none() {
        return Ok(());
    }
    let stored = segment.get_store_reader(BLOCKS)?;
    for id in living {
        found.extend(fields.message_of(&stored.get(id)?));
    }
    Ok(())
}

/// The documents of a segment in which each probe has a word; None when there are too many.
fn in_segment(
    words: &InvertedIndexReader,
    tag: &Tag,
    probes: &[Probe<'_>],
) -> tantivy::Result<Option<Vec<DocId>>> {
    let mut found: Option<Vec<DocId>> = None;
    // First what the dictionary finds by the beginning of words, then what has to be looked for.
    let by_beginning = |probe: &&Probe<'_>| matches!(probe, Probe::Is(_) | Probe::Begins(_));
    for probe in probes.iter().filter(by_beginning) {
        let Some(documents) = with_word(words, tag, probe)? else { return Ok(None) };
        found = Some(narrowed(found, documents));
    }
    for probe in probes.iter().filter(|probe| !by_beginning(probe)) {
        if found.as_ref().is_some_and(|found| found.len() <= FEW) {
            break;
        }
        let Some(documents) = with_word(words, tag, probe)? else { return Ok(None) };
        found = Some(narrowed(found, documents));
    }
    Ok(Some(found.unwrap_or_default()))
}

fn narrowed(found: Option<Vec<DocId>>, documents: Vec<DocId>) -> Vec<DocId> {
    match found {
        None => documents,
        Some(mut found) => {
            found.retain(|id| documents.binary_search(id).is_ok());
            found
        }
    }
}

/// The documents that have a word that fits, in order; None when there are too many.
fn with_word(
    words: &InvertedIndexReader,
    tag: &Tag,
    probe: &Probe<'_>,
) -> tantivy::Result<Option<Vec<DocId>>> {
    let dictionary: &TermDictionary = words.terms();
    let mut documents = Vec::new();
    if let Probe::Is(word) = probe {
        if let Some(info) = dictionary.get(tag.word(word))? {
            add_documents(words, &info, &mut documents)?;
        }
        return Ok(Some(documents));
    }
    let beginning = match probe {
        Probe::Begins(text) => tag.word(text),
        _ => tag.word(""),
    };
    let mut terms = beginning_with(dictionary, &beginning, None)?;
    let mut fitting = Vec::new();
    while terms.advance() {
        let word = terms.key().get(tag.as_str().len()..).unwrap_or_default();
        if probe.fits(word) {
            fitting.push(terms.value().clone());
        }
    }
    for info in &fitting {
        add_documents(words, info, &mut documents)?;
        if documents.len() > MAX_CANDIDATES * 4 {
            documents.sort_unstable();
            documents.dedup();
            if documents.len() > MAX_CANDIDATES {
                return Ok(None);
            }
        }
    }
    documents.sort_unstable();
    documents.dedup();
    Ok(Some(documents))
}

fn add_documents(
    words: &InvertedIndexReader,
    info: &tantivy::postings::TermInfo,
    documents: &mut Vec<DocId>,
) -> io::Result<()> {
    let mut postings = words.read_postings_from_terminfo(info, IndexRecordOption::Basic)?;
    documents.reserve(postings.doc_freq() as usize);
    while postings.doc() != TERMINATED {
        documents.push(postings.doc());
        postings.advance();
    }
    Ok(())
}

/// The words of a dictionary that begin so, about `limit` of them. No octet of UTF-8 is 0xff.
fn beginning_with<'a>(
    words: &'a TermDictionary,
    beginning: &str,
    limit: Option<u64>,
) -> io::Result<TermStreamer<'a>> {
    let end = [beginning.as_bytes(), &[0xff]].concat();
    let range = words.range().ge(beginning).lt(end);
    match limit {
        Some(limit) => range.limit(limit).into_stream(),
        None => range.into_stream(),
    }
}

/// The messages of an account that answer a question, the best first: each of its words is in them,
/// in some form, or the beginning of a word.
pub(crate) fn best(
    searcher: &Searcher,
    fields: &Fields,
    account: AccountId,
    words: &[Forms],
    limit: usize,
) -> tantivy::Result<Vec<MessageId>> {
    let tag = Tag::of(account);
    let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::new();
    for forms in words.iter().take(MAX_WORDS) {
        clauses.push((Occur::Must, of_word(searcher, fields, &tag, forms)?));
    }
    if clauses.is_empty() || limit == 0 {
        return Ok(Vec::new());
    }
    let query = BooleanQuery::new(clauses);
    let top = searcher.search(&query, &TopDocs::with_limit(limit).order_by_score())?;
    let mut found = Vec::new();
    for (_, address) in top {
        found.extend(fields.message_of(&searcher.doc(address)?));
    }
    Ok(found)
}

/// One word of a question, in every way in which it is found.
fn of_word(
    searcher: &Searcher,
    fields: &Fields,
    tag: &Tag,
    forms: &Forms,
) -> tantivy::Result<Box<dyn Query>> {
    let mut ways: Vec<Box<dyn Query>> = Vec::new();
    for (field, weight) in [(fields.head, HEAD_WEIGHT), (fields.body, 1.0)] {
        let exact = |text: &str| -> Box<dyn Query> {
            let term = Term::from_field_text(field, text);
            Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs))
        };
        for stem in [Some(&forms.stem), forms.bare_stem.as_ref()].into_iter().flatten() {
            ways.push(Box::new(BoostQuery::new(exact(&tag.stem(stem)), weight)));
        }
        if forms.whole.chars().count() >= MIN_BEGINNING {
            for word in longer(searcher, field, &tag.whole(&forms.whole))? {
                let weight = weight * LONGER_WEIGHT;
                ways.push(Box::new(ConstScoreQuery::new(exact(&word), weight)));
            }
        }
    }
    Ok(Box::new(BooleanQuery::union(ways)))
}

/// Words of the index that begin so.
fn longer(searcher: &Searcher, field: Field, beginning: &str) -> tantivy::Result<BTreeSet<String>> {
    let mut words = BTreeSet::new();
    for segment in searcher.segment_readers() {
        let index = segment.inverted_index(field)?;
        let mut terms = beginning_with(index.terms(), beginning, Some(MAX_LONGER as u64))?;
        while terms.advance() && words.len() < MAX_LONGER {
            words.extend(str::from_utf8(terms.key()).map(str::to_owned));
        }
    }
    Ok(words)
}

/// Whether a word of a question stands for a longer one.
pub(crate) fn stands_for(word: &str, longer: &str) -> bool {
    word.chars().count() >= MIN_BEGINNING && longer.starts_with(word)
}
