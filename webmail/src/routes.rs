//! The addresses of the site.

use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use axum::{Router, middleware};

use crate::app::App;
use crate::pages::{
    account, attachment, compose, conversation, conversations, document, door, drafts, find, help,
    live, print, record, undo, write,
};
use crate::upload::MAX_REQUEST;
use crate::{assets, guard};

/// Octets of a form without files.
const MAX_FORM: usize = 64 * 1024;

/// All of them.
pub(crate) fn all(app: App) -> Router {
    let uploads = Router::new()
        .route("/conversations/new", get(compose::new).post(write::send_new))
        .route("/conversations/new/draft", post(drafts::keep_new))
        .route("/conversations/new/discard", post(drafts::discard_new))
        .route("/conversations/{thread}/reply", post(write::reply))
        .route("/conversations/{thread}/draft", post(drafts::keep_answer))
        .route("/conversations/{thread}/discard", post(drafts::discard_answer))
        .layer(DefaultBodyLimit::max(MAX_REQUEST));
    let pages = Router::new()
        .route("/", get(door::front))
        .route("/login", get(door::log_in).post(door::password))
        .route("/login/code", get(door::ask_code).post(door::code))
        .route("/logout", get(door::out).post(door::log_out))
        .route("/conversations", get(conversations::list))
        .route("/conversations/{thread}", get(conversation::show))
        .route("/conversations/{thread}/print", get(print::show))
        .route("/messages/{message}/undo", post(undo::undo))
        .route("/messages/{message}/html/{part}", get(attachment::markup))
        .route("/messages/{message}/parts/{part}", get(attachment::download))
        .route("/messages/{message}/file/{part}", get(attachment::ask_file).post(attachment::file))
        .route("/search", get(find::show))
        .route("/record", get(record::list))
        .route("/record/{entry}", get(document::show))
        .route("/record/{entry}/view", get(document::view))
        .route("/record/{entry}/media/{number}", get(document::media))
        .route("/record/{entry}/download", get(document::download))
        .route("/record/{entry}/take-back", post(document::take_back))
        .route("/record/{entry}/undo", post(document::undo))
        .route("/account", get(account::show))
        .route("/account/end", post(account::end))
        .route("/account/end-others", post(account::end_others))
        .route("/help", get(help::show))
        .route("/events", get(live::events))
        .route("/session/stay", post(live::stay))
        .route("/assets/{folder}/{name}", get(assets::get))
        .layer(DefaultBodyLimit::max(MAX_FORM));
    pages
        .merge(uploads)
        .layer(middleware::from_fn_with_state(app.clone(), guard::around))
        .with_state(app)
}
