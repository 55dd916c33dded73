//! `pli services`: what can be asked of the services.

use crate::administration::Where;
use clap::{Args as ClapArgs, Subcommand};

/// What can be asked of the services, which follow the change log and keep the record. An operator
/// that runs is asked through its control socket.
#[derive(Debug, Subcommand)]
pub(crate) enum ServicesCommand {
    /// List the changes that a service could not handle, with the reasons.
    Parked(ServicesParkedArgs),
    /// Have parked changes handled again when the operator runs.
    Retry(ServicesRetryArgs),
    /// Derive again all that a service keeps, from messages and filed documents.
    Rebuild(ServicesRebuildArgs),
}

/// A line each: since when, the mailbox, the change's number, the reason. Mail is never held back by
/// them.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:\n  pli services parked documents --config pli.toml")]
pub(crate) struct ServicesParkedArgs {
    #[command(flatten)]
    pub(crate) of: Where,
    /// The service: `documents`.
    pub(crate) service: String,
    /// Lines at most.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub(crate) limit: usize,
}

/// Without a mailbox all that is parked, a thousand changes at a time.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Example:\n  pli services retry documents 279035121518989@patient.example --config pli.toml"
)]
pub(crate) struct ServicesRetryArgs {
    #[command(flatten)]
    pub(crate) of: Where,
    /// The service: `documents`.
    pub(crate) service: String,
    /// The mailbox whose parked changes are meant.
    pub(crate) address: Option<String>,
}

/// What people decided stays, entries whose message is gone stay, and no mail is sent.
///
/// Exit code: 0 when everything could be derived, 1 when something could not; it is named.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:\n  pli services rebuild documents --config pli.toml")]
pub(crate) struct ServicesRebuildArgs {
    #[command(flatten)]
    pub(crate) of: Where,
    /// The service: `documents`.
    pub(crate) service: String,
}
