//! Why a request was not answered with its page, as values; the guard makes pages of them.
//!
//! Invariant: a fault tells nobody whether something exists that is not theirs. What is ours is logged where it
//! happens, with its causes, and never shown.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use mailstore::StoreError;

/// Why a request was not answered with its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nobody is logged in.
    LoggedOut,
    /// There is no such thing in this account, or none at all.
    NotFound,
    /// The form did not come from one of our pages.
    Forged,
    /// The form cannot be read.
    Malformed,
    /// The request is larger than anything that is taken.
    TooLarge,
    /// The same person is sending something already.
    Busy,
    /// The request took too long to come.
    Slow,
    /// Nothing can be written for the moment.
    Later,
    /// Something failed on our side.
    Ours,
}

impl Fault {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::LoggedOut => StatusCode::SEE_OTHER,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Forged => StatusCode::FORBIDDEN,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Busy => StatusCode::TOO_MANY_REQUESTS,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Later => StatusCode::SERVICE_UNAVAILABLE,
            Self::Ours => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for Fault {
    /// The status alone; the guard writes the page in the reader's language.
    fn into_response(self) -> Response {
        if self == Self::LoggedOut {
            return Redirect::to("/login?ended").into_response();
        }
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NoSuchMessage | StoreError::NoSuchMailbox | StoreError::NoSuchBody => {
                Self::NotFound
            }
            // The account was erased while its session lived.
            StoreError::NoSuchAccount => Self::LoggedOut,
            error => {
                tracing::error!(error = &error as &dyn std::error::Error, "store");
                match error.fault() {
                    mailstore::Fault::Temporary => Self::Later,
                    _ if matches!(error, StoreError::ReadOnly(_)) => Self::Later,
                    _ => Self::Ours,
                }
            }
        }
    }
}

/// Something of ours failed in a way that nobody can do anything about now.
pub(crate) fn ours(error: &(dyn std::error::Error + 'static)) -> Fault {
    tracing::error!(error, "a page");
    Fault::Ours
}
