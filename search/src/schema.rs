//! The index's fields, and a message as a document of it.
//!
//! Each word of the index begins with the *tag* of the account whose text it is of. So the words of
//! an account are one range of the dictionary, and a question, whose words get the tag of the account
//! that asks, cannot name a word of another's. How often a word stands in other accounts' texts does
//! not show in the order of results either.
//!
//! | field | holds |
//! | --- | --- |
//! | `account` | the account, for its erasure |
//! | `message` | the message's id; the only value that is stored |
//! | `plain` | the plain words of header section, bodies and attachments: IMAP's SEARCH |
//! | `head` | the forms of subject and people |
//! | `body` | the forms of bodies and attachments |

use crate::separated::{SEPARATED, joined};
use crate::words::{French, plain};
use mailstore::message::fold;
use mailstore::{AccountId, MessageId};
use tantivy::schema::{
    BytesOptions, Field, IndexRecordOption, STORED, Schema, TextFieldIndexing, TextOptions, Value,
};
use tantivy::{TantivyDocument, Term};

/// What stands between an account's tag and a stem.
const STEM: char = 's';
/// What stands between an account's tag and a whole word without accents.
const WHOLE: char = 'w';

/// The fields.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields {
    pub(crate) account: Field,
    pub(crate) message: Field,
    pub(crate) plain: Field,
    pub(crate) head: Field,
    pub(crate) body: Field,
}

impl Fields {
    /// The index's schema.
    pub(crate) fn schema() -> (Schema, Self) {
        let mut schema = Schema::builder();
        // Length does not weigh: a long report is as good an answer as a short note.
        let words = |option| {
            let indexing = TextFieldIndexing::default()
                .set_tokenizer(SEPARATED)
                .set_index_option(option)
                .set_fieldnorms(false);
            TextOptions::default().set_indexing_options(indexing)
        };
        let fields = Self {
            account: schema.add_bytes_field("account", BytesOptions::default().set_indexed()),
            message: schema
                .add_bytes_field("message", BytesOptions::default().set_indexed() | STORED),
            plain: schema.add_text_field("plain", words(IndexRecordOption::Basic)),
            head: schema.add_text_field("head", words(IndexRecordOption::WithFreqs)),
            body: schema.add_text_field("body", words(IndexRecordOption::WithFreqs)),
        };
        (schema.build(), fields)
    }

    /// All documents of an account.
    pub(crate) fn of_account(&self, account: AccountId) -> Term {
        Term::from_field_bytes(self.account, account.as_bytes())
    }

    /// The document of a message.
    pub(crate) fn of_message(&self, message: MessageId) -> Term {
        Term::from_field_bytes(self.message, message.as_bytes())
    }

    /// A message as a document.
    pub(crate) fn document(
        &self,
        french: &French,
        account: AccountId,
        message: MessageId,
        content: &Content,
    ) -> TantivyDocument {
        let tag = Tag::of(account);
        let mut document = TantivyDocument::new();
        document.add_bytes(self.account, account.as_bytes());
        document.add_bytes(self.message, message.as_bytes());
        let (header, text) = (fold(&content.header), fold(&content.text));
        let mut words = plain(&header);
        words.extend(plain(&text));
        let words = words.into_iter().map(|word| tag.word(word));
        document.add_text(self.plain, joined(words));
        for (field, folded) in [(self.head, fold(&content.headline)), (self.body, text)] {
            let forms = french.forms(&folded).into_iter().flat_map(|forms| {
                let bare = forms.bare_stem.as_deref().map(|stem| tag.stem(stem));
                [Some(tag.stem(&forms.stem)), bare, Some(tag.whole(&forms.whole))]
            });
            document.add_text(field, joined(forms.flatten()));
        }
        document
    }

    /// The message of a stored document.
    pub(crate) fn message_of(&self, document: &TantivyDocument) -> Option<MessageId> {
        let value = document.get_first(self.message)?;
        Some(MessageId::from_bytes(value.as_bytes()?.try_into().ok()?))
    }
}

/// The texts of a message.
#[derive(Default)]
pub(crate) struct Content {
    /// Subject and people.
    pub(crate) headline: String,
    /// The header section.
    pub(crate) header: String,
    /// Bodies and attachments.
    pub(crate) text: String,
}

/// What the words of one account begin with. All have one length: none begins another.
#[derive(Debug, Clone)]
pub(crate) struct Tag(String);

impl Tag {
    pub(crate) fn of(account: AccountId) -> Self {
        Self(hex::encode(account.as_bytes()))
    }

    /// The beginning of all of the account's plain words, and its length.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// A plain word, or the beginning of one.
    pub(crate) fn word(&self, word: &str) -> String {
        [&self.0, word].concat()
    }

    /// A stem.
    pub(crate) fn stem(&self, stem: &str) -> String {
        format!("{}{STEM}{stem}", self.0)
    }

    /// A whole word without accents, or the beginning of one.
    pub(crate) fn whole(&self, word: &str) -> String {
        format!("{}{WHOLE}{word}", self.0)
    }
}
