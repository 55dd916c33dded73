//! The log: lines on standard error, for people or as JSON, an object a line.
//!
//! Invariant: what is logged are ids, verdicts and counts; types that hold health data or secrets have
//! no `Debug` that prints them. Failure: a level that does not read is an error of the start.

use serde::{Deserialize, Serialize};
use std::io;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

/// The environment's variable for the level; before the configuration's.
const VARIABLE: &str = "PLI_LOG";
/// What is logged when nothing says otherwise.
pub(crate) const DEFAULT_LEVEL: &str = "warn";

/// How lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    #[default]
    Text,
    Json,
}

/// Changes the level of a running process.
#[derive(Debug, Clone)]
pub(crate) struct Level(reload::Handle<EnvFilter, Registry>);

/// Why a level cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("log.level = \"{0}\": write error, warn, info, debug, or a filter such as info,mta=debug")]
pub(crate) struct BadLevel(String);

fn filter(level: &str) -> Result<EnvFilter, BadLevel> {
    if let Ok(filter) = EnvFilter::try_from_env(VARIABLE) {
        return Ok(filter);
    }
    EnvFilter::try_new(level).map_err(|_| BadLevel(level.to_owned()))
}

/// Begins; once a process.
pub(crate) fn begin(level: &str, format: Format) -> Result<Level, BadLevel> {
    let (filter, handle) = reload::Layer::new(filter(level)?);
    let layer = fmt::layer().with_writer(io::stderr);
    let layer = match format {
        Format::Text => layer.boxed(),
        Format::Json => layer.json().flatten_event(true).boxed(),
    };
    // A second subscriber in this process is none.
    let _ = tracing_subscriber::registry().with(filter).with(layer).try_init();
    Ok(Level(handle))
}

impl Level {
    /// Takes another level.
    pub(crate) fn set(&self, level: &str) -> Result<(), BadLevel> {
        let filter = filter(level)?;
        self.0.reload(filter).map_err(|_| BadLevel(level.to_owned()))
    }
}
