//! The search index of an operator, beside its store.
//!
//! Failure: an index that cannot be opened or made is an error in the log and nothing more: mail goes
//! on, and what is asked is answered by reading.

use mailstore::disk::RealDisk;
use mailstore::{MessageId, Random, Secret, Store, StoreError, View};
use search::{InChild, Search, SearchParts};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The hidden command that reads a PDF file: see `args.rs`.
pub(crate) const READ_PDF: &str = "read-pdf";

/// Opens the index in `data/search`.
pub(super) fn open(
    data: &Path,
    store: &Store,
    key: Secret,
    random: Arc<dyn Random>,
) -> Option<Search> {
    let parts = SearchParts {
        store: store.clone(),
        disk: Arc::new(RealDisk),
        dir: data.join("search"),
        operator_key: key,
        random,
        // This program as it runs, even if its file has been replaced.
        pdf: Arc::new(InChild {
            program: PathBuf::from("/proc/self/exe"),
            arguments: vec![READ_PDF.to_owned()],
        }),
    };
    match Search::open(parts) {
        Ok(search) => Some(search),
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "there is no search index: everything is read instead");
            None
        }
    }
}

/// IMAP's SEARCH by the index.
#[derive(Debug)]
pub(super) struct ByIndex(pub(super) Search);

impl imap::Texts for ByIndex {
    fn among(
        &self,
        view: &View<'static>,
        text: &str,
    ) -> Result<Option<BTreeSet<MessageId>>, StoreError> {
        self.0.among(view, text)
    }

    fn text(&self, message: &[u8]) -> String {
        self.0.text(message)
    }
}
