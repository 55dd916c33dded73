//! The help page, the same for everybody.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use domain::Lang;

use crate::app::App;
use crate::fault::Fault;
use crate::page::{Page, Place, shown};
use crate::text::Texts;
use crate::visitor::Visitor;

#[derive(Template)]
#[template(path = "help.html")]
struct HelpPage {
    page: Page,
}

/// `GET /help`
pub(crate) async fn show(
    State(app): State<App>,
    Extension(lang): Extension<Lang>,
    visitor: Option<Visitor>,
) -> Result<Response, Fault> {
    let t = Texts::in_lang(lang);
    let page = match visitor {
        Some(visitor) => visitor.page(&app, &t.help.title, "/help", Place::Elsewhere)?,
        None => Page::outside(t, &t.help.title, "/help"),
    };
    shown(&HelpPage { page })
}
