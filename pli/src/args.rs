//! The command line: every command, what it does, and an example.

use clap::{Args as ClapArgs, Parser, Subcommand};
use std::path::PathBuf;

/// Pli: an open trust domain for health messaging.
#[derive(Debug, Parser)]
#[command(version, about, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What can be asked.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Look after a store: the accounts, messages and change logs of one operator.
    #[command(subcommand)]
    Store(StoreCommand),
}

/// What can be asked of a store.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Read everything a store consists of and say what is not as it should be.
    Verify(VerifyArgs),
}

/// Reads the log, the index, the keystore, every account's records and every body. Changes
/// nothing. The store must not be in use.
///
/// Exit code: 0 when nothing is wrong, 1 when something is, or when the store could not be read.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Example:\n  pli store verify /var/lib/pli/store --key /etc/pli/operator.key"
)]
pub(crate) struct VerifyArgs {
    /// The store's data directory.
    pub(crate) dir: PathBuf,
    /// The file with the operator's key: 64 hexadecimal digits. Default: `operator.key` beside
    /// the data directory.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Print findings only.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}
