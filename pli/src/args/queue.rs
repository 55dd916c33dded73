//! `pli queue`: its command line.

use crate::administration::Where;
use clap::Subcommand;

/// What can be asked of the queue: the messages on their way to other operators.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum QueueCommand {
    /// List what waits: a line each with the next try and why the last one failed.
    #[command(after_help = "Example:\n  pli queue list --config pli.toml")]
    List {
        #[command(flatten)]
        of: Where,
        /// Lines at most.
        #[arg(long, value_name = "N", default_value_t = 1_000)]
        limit: usize,
    },
    /// Show one message: sender, recipients, what each was told; never what it says.
    Show {
        #[command(flatten)]
        of: Where,
        /// Its id, as `list` shows it.
        id: String,
    },
    /// Try messages at once; a held one is let go. Operators that rest because they were down are
    /// asked again.
    Retry {
        #[command(flatten)]
        of: Where,
        /// Their ids.
        #[arg(required_unless_present = "all")]
        ids: Vec<String>,
        /// All that wait; held ones stay held.
        #[arg(long, conflicts_with = "ids")]
        all: bool,
    },
    /// Keep messages from being tried until `retry` lets them go; a restart changes nothing.
    Hold {
        #[command(flatten)]
        of: Where,
        /// Their ids.
        #[arg(required = true)]
        ids: Vec<String>,
        /// Why; `show` tells it.
        #[arg(long)]
        reason: String,
    },
    /// Take messages out; each sender gets a report that says so.
    #[command(
        after_help = "Example:\n  pli queue drop 2500226ad7b97c0a933cf9f52f9de0e1 --reason \"sent twice by mistake\""
    )]
    Drop {
        #[command(flatten)]
        of: Where,
        /// Their ids.
        #[arg(required = true)]
        ids: Vec<String>,
        /// Why; it stands in the log and in the report's technical part.
        #[arg(long)]
        reason: String,
        /// Tell the senders nothing.
        #[arg(long)]
        silent: bool,
    },
}
