//! The listener for those who watch an operator: metrics, whether it lives, whether it is ready.
//!
//! It speaks plain HTTP and asks nobody who they are: bind it to loopback or to a network of the
//! machines that watch. What it says is numbers and names of the program's own.
//! Failure: `/ready` answers 503 with the reasons.

use super::Published;
use super::metrics::{Measured, Metrics};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::Clock;
use mailstore::Condition;
use post::Post;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// The form of the answer.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What is watched.
#[derive(Clone)]
pub(super) struct Watched {
    pub(super) metrics: Arc<Metrics>,
    pub(super) post: Post,
    pub(super) published: Arc<Published>,
    pub(super) clock: Arc<dyn Clock>,
}

/// Serves until told to stop.
pub(super) async fn serve(
    listener: TcpListener,
    watched: Watched,
    mut stop: watch::Receiver<bool>,
) {
    let router = Router::new()
        .route("/metrics", get(metrics))
        .route("/health", get(|| async { "alive\n" }))
        .route("/ready", get(ready))
        .with_state(watched);
    let stopped = async move {
        let _ = stop.wait_for(|stop| *stop).await;
    };
    if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stopped).await {
        tracing::error!(%error, "the listener for metrics ended");
    }
}

async fn metrics(State(watched): State<Watched>) -> Response {
    // Measuring reads the store.
    let work = move || {
        watched.metrics.text(&Measured {
            post: &watched.post,
            store: watched.post.store(),
            published: &watched.published,
            clock: &watched.clock,
        })
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(text) => ([(header::CONTENT_TYPE, OPENMETRICS)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn ready(State(watched): State<Watched>) -> Response {
    let reasons = watched.reasons();
    match reasons.is_empty() {
        true => "ready\n".into_response(),
        false => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", reasons.join("\n"))).into_response()
        }
    }
}

impl Watched {
    /// Why mail cannot be taken now.
    fn reasons(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        if let Condition::ReadOnly(why) = self.post.store().condition() {
            reasons.push(format!("the store takes no changes: {why}"));
        }
        let (state, now) = (self.published.trust().state(), self.clock.now());
        if state.domain_list().is_none() {
            reasons.push("there is no domain list".to_owned());
        }
        if state.revocation_due().is_none_or(|due| due <= now) {
            reasons.push("a revocation list is missing or late".to_owned());
        }
        if self.published.identity().certificate().not_after() <= now {
            reasons.push("the operator's certificate has expired".to_owned());
        }
        reasons
    }
}
