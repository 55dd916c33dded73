//! The control port of the demo: moves the clock, makes citizens, spoils certificates. Loopback only,
//! never in `pli serve`.
//!
//! Invariant: `POST /clock` answers when what fell due on the way is done, in order.
//! Failure: 4xx with the reason in `{"error": …}` for what was asked wrongly, 500 for what the demo
//! could not do; nothing is half done.

use super::{Demo, NewCitizen, NewCitizenError};
use crate::demo::land::CertificateState;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Octets of a request.
const MAX_REQUEST: usize = 64 * 1024;
/// Seconds that the clock moves at most: twenty years, as long as the certificates last.
const MAX_ADVANCE: u64 = 20 * 365 * 24 * 3600;

/// Serves the control port until told to stop.
pub(crate) async fn serve(
    listener: TcpListener,
    demo: Arc<Demo>,
    mut stop: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let router = Router::new()
        .route("/clock", get(read_clock).post(advance_clock))
        .route("/citizens", post(create_citizen))
        .route("/operators/{name}/certificate", post(set_certificate))
        .layer(DefaultBodyLimit::max(MAX_REQUEST))
        .with_state(demo);
    axum::serve(listener, router)
        .with_graceful_shutdown(async move {
            let _ = stop.wait_for(|stop| *stop).await;
        })
        .await
}

fn answer(status: StatusCode, value: &Value) -> Response {
    let json = [(header::CONTENT_TYPE, "application/json")];
    (status, json, value.to_string()).into_response()
}

fn refused(status: StatusCode, why: impl std::fmt::Display) -> Response {
    answer(status, &json!({ "error": why.to_string() }))
}

#[expect(clippy::result_large_err, reason = "the answer is the error")]
fn read<'a, T: Deserialize<'a>>(body: &'a Bytes) -> Result<T, Response> {
    serde_json::from_slice(body).map_err(|error| refused(StatusCode::UNPROCESSABLE_ENTITY, error))
}

fn now(demo: &Demo) -> Value {
    json!({ "now": demo.now().to_string() })
}

async fn read_clock(State(demo): State<Arc<Demo>>) -> Response {
    answer(StatusCode::OK, &now(&demo))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: u64,
}

async fn advance_clock(State(demo): State<Arc<Demo>>, body: Bytes) -> Response {
    let asked: Advance = match read(&body) {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    if asked.advance_seconds > MAX_ADVANCE {
        let why = format!("at most {MAX_ADVANCE} seconds: the certificates last no longer");
        return refused(StatusCode::UNPROCESSABLE_ENTITY, why);
    }
    match demo.advance(asked.advance_seconds).await {
        Ok(()) => answer(StatusCode::OK, &now(&demo)),
        Err(error) => refused(StatusCode::INTERNAL_SERVER_ERROR, error),
    }
}

async fn create_citizen(State(demo): State<Arc<Demo>>, body: Bytes) -> Response {
    let asked: NewCitizen = match read(&body) {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    match demo.create_citizen(&asked).await {
        Ok(made) => answer(
            StatusCode::CREATED,
            &json!({ "address": made.address, "login": made.login, "password": made.password }),
        ),
        Err(NewCitizenError::Exists) => {
            refused(StatusCode::CONFLICT, "a citizen with this number exists")
        }
        Err(NewCitizenError::Identity(why)) => refused(StatusCode::UNPROCESSABLE_ENTITY, why),
        Err(NewCitizenError::Failed(why)) => refused(StatusCode::INTERNAL_SERVER_ERROR, why),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Certificate {
    state: Wanted,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Wanted {
    Valid,
    Expired,
    Revoked,
}

async fn set_certificate(
    State(demo): State<Arc<Demo>>,
    Path(name): Path<String>,
    body: Bytes,
) -> Response {
    let asked: Certificate = match read(&body) {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    let state = match asked.state {
        Wanted::Valid => CertificateState::Valid,
        Wanted::Expired => CertificateState::Expired,
        Wanted::Revoked => CertificateState::Revoked,
    };
    match demo.set_certificate(&name, state).await {
        Ok(true) => answer(StatusCode::OK, &json!({})),
        Ok(false) => refused(StatusCode::NOT_FOUND, format!("there is no operator `{name}`")),
        Err(error) => refused(StatusCode::INTERNAL_SERVER_ERROR, error),
    }
}
