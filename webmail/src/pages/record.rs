//! The record's lists: by kind, by date, one kind alone.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use clinical::value_sets::Kind;
use jiff::Timestamp;
use mailstore::{StoreError, View};
use record::{Entry, EntryId, FiledBy};
use serde::Deserialize;

use super::attachment::kind_label;
use super::conversations::veil_of;
use crate::app::App;
use crate::fault::Fault;
use crate::mail::veil::Veil;
use crate::page::{Page, Place, Safe, attribute, shown};
use crate::text::fill;
use crate::visitor::Visitor;
use crate::when::{Moment, When};

/// Documents of one page of a list.
const PAGE: usize = 50;
/// Documents of each kind on the first page.
const OF_KIND: usize = 10;

/// Which list.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    by: Option<String>,
    kind: Option<String>,
    after: Option<String>,
}

struct Row {
    id: String,
    title: String,
    facts: String,
    date: Moment,
}

struct More {
    to: String,
    said: String,
}

struct Group {
    title: String,
    rows: Vec<Row>,
    more: Option<More>,
}

#[derive(Template)]
#[template(path = "record.html")]
struct RecordPage {
    page: Page,
    groups: Vec<Group>,
    by_date: bool,
    /// What is said of documents that wait for a professional's word.
    waiting: Vec<String>,
}

impl RecordPage {
    fn way(&self, by_date: bool) -> Safe {
        attribute(self.by_date == by_date, " aria-current=\"true\"")
    }
}

/// `GET /record`
pub(crate) async fn list(
    State(app): State<App>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    app.read(move |app| {
        let view = app.store().view(visitor.account)?;
        let kind = match asked.kind.as_deref() {
            Some(slug) => Some(Kind::of_slug(slug).ok_or(Fault::NotFound)?),
            None => None,
        };
        let by_date = kind.is_none() && asked.by.as_deref() == Some("date");
        let list = List {
            view: &view,
            visitor: &visitor,
            when: app.when(visitor.lang),
            veil: veil_of(app, &view, &visitor)?,
        };
        let groups = if by_date || kind.is_some() {
            let id = asked.after.as_deref().and_then(|id| id.parse::<EntryId>().ok());
            let after = match id {
                Some(id) => record::entry(&view, id)?,
                None => None,
            };
            list.one(kind, after.as_ref())?
        } else {
            list.every_kind()?
        };
        let title = &visitor.texts().record.title;
        let page = visitor.page(app, title, "/record", Place::Record)?;
        let until = record::waiting_until(&view, visitor.now)?.into_iter();
        let day = |until| Timestamp::from_second(until).map(|at| list.when.day(at).shown).ok();
        let said = |day: String| fill(&visitor.texts().record.waiting, &day);
        let waiting = until.filter_map(day).map(said).collect();
        shown(&RecordPage { page, groups, by_date, waiting })
    })
    .await
}

struct List<'v> {
    view: &'v View<'static>,
    visitor: &'v Visitor,
    when: When,
    veil: Veil,
}

impl List<'_> {
    /// Every kind that holds something, its latest documents.
    fn every_kind(&self) -> Result<Vec<Group>, StoreError> {
        let mut groups = Vec::new();
        for kind in Kind::ALL {
            let now = self.visitor.now;
            let mut found = record::entries(self.view, Some(kind), now, None, OF_KIND + 1)?;
            if found.is_empty() {
                continue;
            }
            let label = kind.label().get(self.visitor.lang);
            let more = (found.len() > OF_KIND).then(|| More {
                to: format!("/record?kind={}", kind.slug()),
                said: fill(&self.visitor.texts().record.all_of_kind, label),
            });
            found.truncate(OF_KIND);
            groups.push(Group { title: label.to_owned(), rows: self.rows(&found)?, more });
        }
        Ok(groups)
    }

    /// One list, by date: everything, or one kind.
    fn one(&self, kind: Option<Kind>, after: Option<&Entry>) -> Result<Vec<Group>, StoreError> {
        let found = record::entries(self.view, kind, self.visitor.now, after, PAGE + 1)?;
        let t = self.visitor.texts();
        let shown = found.get(..PAGE).unwrap_or(&found);
        let more = shown.last().filter(|_| found.len() > PAGE).map(|last| More {
            to: match kind {
                Some(kind) => format!("/record?kind={}&after={}", kind.slug(), last.id),
                None => format!("/record?by=date&after={}", last.id),
            },
            said: t.record.more.clone(),
        });
        if shown.is_empty() {
            return Ok(Vec::new());
        }
        let title = match kind {
            Some(kind) => kind.label().get(self.visitor.lang).to_owned(),
            None => t.record.by_date.clone(),
        };
        Ok(vec![Group { title, rows: self.rows(shown)?, more }])
    }

    fn rows(&self, entries: &[Entry]) -> Result<Vec<Row>, StoreError> {
        entries.iter().map(|entry| self.row(entry)).collect()
    }

    fn row(&self, entry: &Entry) -> Result<Row, StoreError> {
        let t = self.visitor.texts();
        let title = record::title(self.view, entry)?;
        let by = match (&entry.author, entry.filed_by) {
            (_, FiledBy::Citizen) => Some(t.record.filed_by_you.clone()),
            (Some(author), _) => author
                .name
                .as_ref()
                .or(author.organisation.as_ref())
                .map(|name| fill(&t.record.by, name)),
            (None, _) => None,
        };
        let facts = [Some(kind_label(entry, self.visitor.lang)), by];
        let facts = facts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
        let at = Timestamp::from_second(entry.date).unwrap_or_default();
        Ok(Row {
            id: entry.id.to_string(),
            title: self.veil.over(&title).into_owned(),
            facts: self.veil.over(&facts).into_owned(),
            date: self.when.day(at),
        })
    }
}
