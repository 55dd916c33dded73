//! The form in which a message is written: what it holds, and what comes back of it.
//!
//! Invariant: a form that comes back keeps its mark, so that sent again it is the same message; one that begins with a
//! draft is a form of its own.

use mailstore::View;

use crate::app::App;
use crate::fault::Fault;
use crate::mail::draft::{self, Draft, DraftOf};
use crate::mail::outgoing::Token;
use crate::page::{Problem, Problems};
use crate::text::{Texts, fill};
use crate::upload::UploadForm;
use crate::visitor::Visitor;

/// Characters of a text that is written here.
pub(crate) const MAX_TEXT: usize = 100_000;
/// Characters of a subject.
pub(crate) const MAX_SUBJECT: usize = 200;

/// The form of a message.
#[derive(Debug, Clone, Default)]
pub(crate) struct Writing {
    /// Under which address it is sent, kept and thrown away.
    pub(crate) folder: String,
    pub(crate) csrf: String,
    pub(crate) token: String,
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) pdf: bool,
    pub(crate) had_files: bool,
    pub(crate) problems: Problems,
    /// When the draft was kept that it began with.
    pub(crate) draft: Option<String>,
    /// When the session ends.
    pub(crate) ends: String,
}

impl Writing {
    /// What came, to be shown again.
    pub(crate) fn back(form: &UploadForm, problems: Problems) -> Self {
        Self {
            token: form.field("token").to_owned(),
            to: form.field("to").to_owned(),
            subject: subject(form),
            text: form.field("text").to_owned(),
            pdf: !form.field("pdf").is_empty(),
            had_files: form.too_large || !form.files.is_empty(),
            problems,
            ..Self::default()
        }
    }

    /// The form as the page shows it: what came back, else the draft, else nothing yet.
    pub(crate) fn shown(
        self,
        app: &App,
        view: &View<'_>,
        visitor: &Visitor,
        of: DraftOf,
    ) -> Result<Self, Fault> {
        let t = visitor.texts();
        let when = app.when(visitor.lang);
        let kept = draft::get(view, of)?;
        let is_new = self.token.is_empty();
        let saved = kept.as_ref().map(|kept| {
            let saved = jiff::Timestamp::from_second(kept.saved).unwrap_or_default();
            fill(&t.mail.draft_saved, &when.moment(saved).shown)
        });
        let form = match kept {
            Some(Draft { to, subject, text, .. }) if is_new => Self { to, subject, text, ..self },
            _ => self,
        };
        let ends = jiff::Timestamp::from_second(visitor.ends).unwrap_or_default();
        let token = if is_new { Token::new(app.post())?.to_string() } else { form.token.clone() };
        Ok(Self {
            folder: of.page(),
            csrf: visitor.csrf.clone(),
            token,
            draft: saved,
            ends: fill(&t.mail.ends, &when.moment(ends).shown),
            ..form
        })
    }
}

/// A form's subject, on one line.
pub(crate) fn subject(form: &UploadForm) -> String {
    let subject: String = form.field("subject").chars().filter(|c| !c.is_control()).collect();
    subject.trim().chars().take(MAX_SUBJECT).collect()
}

/// What keeps a message from being tried at all.
pub(crate) fn problems(t: &Texts, form: &UploadForm) -> Problems {
    let mut problems = Problems::default();
    let text = form.field("text");
    if text.trim().is_empty() && form.files.is_empty() && !form.too_large {
        problems.push(Problem::of("text", &t.mail.text_missing));
    }
    if text.chars().count() > MAX_TEXT {
        problems.push(Problem::of("text", &t.mail.too_long));
    }
    if form.too_large {
        problems.push(Problem::of("files", &t.faults.too_large));
    }
    problems
}
