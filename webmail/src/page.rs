//! What every page has: the frame's texts, its title, whose space it is, and where it belongs.
//!
//! Invariant: each page names the space it belongs to in its banner and its title.
//! Failure: a template that does not render is our fault.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::assets;
use crate::fault::{Fault, ours};
use crate::text::{Texts, fill};

/// A place of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Conversations,
    Record,
    Account,
    Elsewhere,
}

/// Whose space it is.
#[derive(Debug, Clone)]
pub(crate) struct Who {
    pub(crate) name: String,
    pub(crate) csrf: String,
    pub(crate) unread: u32,
    /// Seconds until the session ends, unless it is used.
    pub(crate) left: i64,
}

/// The frame of one page.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) t: &'static Texts,
    pub(crate) title: String,
    pub(crate) who: Option<Who>,
    pub(crate) place: Place,
    /// A form came back: its title says so first, to who hears the page.
    pub(crate) failed: bool,
    /// The page's path, for the other language.
    pub(crate) here: String,
    pub(crate) assets: &'static str,
}

/// Characters of a title.
const MAX_TITLE: usize = 90;

impl Page {
    /// A page of nobody's space.
    pub(crate) fn outside(t: &'static Texts, title: &str, here: &str) -> Self {
        let here = here.to_owned();
        let title = title.to_owned();
        let (who, place) = (None, Place::Elsewhere);
        Self { t, title, who, place, failed: false, here, assets: assets::folder() }
    }

    /// What the window is called.
    pub(crate) fn whole_title(&self) -> String {
        let title: String = self.title.chars().take(MAX_TITLE).collect();
        let title = if self.failed { fill(&self.t.frame.error, &title) } else { title };
        match &self.who {
            Some(who) => format!("{title} · {} {} · Pli", self.t.frame.space_of, who.name),
            None => format!("{title} · Pli"),
        }
    }

    /// The page with the problems of its form.
    pub(crate) fn with(self, problems: &Problems) -> Self {
        Self { failed: !problems.is_empty(), ..self }
    }

    /// The attribute of the navigation's current place.
    pub(crate) fn current(&self, place: Place) -> Safe {
        attribute(self.place == place, " aria-current=\"page\"")
    }
}

/// An attribute, if it applies.
pub(crate) fn attribute(applies: bool, attribute: &'static str) -> Safe {
    Safe(if applies { attribute } else { "" })
}

/// Markup of ours.
pub(crate) struct Safe(&'static str);

impl std::fmt::Display for Safe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl askama::filters::HtmlSafe for Safe {}

/// Something wrong with a field, for the summary of errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The field's id; empty for what is about the whole form.
    pub(crate) field: &'static str,
    pub(crate) text: String,
}

impl Problem {
    pub(crate) fn of(field: &'static str, text: &str) -> Self {
        Self { field, text: text.to_owned() }
    }
}

/// What is wrong with a form, in the order of its fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }

    /// What is said beside a field.
    pub(crate) fn beside(&self, field: &str) -> Option<&str> {
        let found = self.0.iter().find(|problem| problem.field == field)?;
        Some(&found.text)
    }
}

impl FromIterator<Problem> for Problems {
    fn from_iter<I: IntoIterator<Item = Problem>>(problems: I) -> Self {
        Self(problems.into_iter().collect())
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

/// A rendered page.
pub(crate) fn render(status: StatusCode, page: &impl Template) -> Result<Response, Fault> {
    let html = page.render().map_err(|error| ours(&error))?;
    Ok((status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response())
}

/// A rendered page that is as asked for.
pub(crate) fn shown(page: &impl Template) -> Result<Response, Fault> {
    render(StatusCode::OK, page)
}
