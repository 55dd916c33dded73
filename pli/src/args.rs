//! The command line: every command, what it does, and an example.

mod account;
mod authority;
mod init;
mod letter;
mod queue;
mod services;

pub(crate) use account::*;
pub(crate) use authority::*;
pub(crate) use init::*;
pub(crate) use letter::*;
pub(crate) use queue::*;
pub(crate) use services::*;

use crate::administration::Where;
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
    /// Start a whole trust domain on this machine: a hospital, a practice, citizens. Nothing else is
    /// needed.
    Demo(DemoArgs),
    /// Begin an operator: a commented configuration, a key, a certificate request, the next steps.
    Init(Box<OperatorInitArgs>),
    /// Run an operator.
    Serve(ServeArgs),
    /// Have a running operator read its configuration, certificates and lists again.
    Reload(ReloadArgs),
    /// Look after the queue: messages on their way to other operators.
    #[command(subcommand)]
    Queue(QueueCommand),
    /// Make mailboxes and give people ways to log in.
    #[command(subcommand)]
    Account(AccountCommand),
    /// Send documents to citizens and professionals.
    #[command(subcommand)]
    Letter(LetterCommand),
    /// Look after a store: the accounts, messages and change logs of one operator.
    #[command(subcommand)]
    Store(StoreCommand),
    /// Look after the services, which file documents into the citizens' records.
    #[command(subcommand)]
    Services(ServicesCommand),
    /// Run the authority of a trust domain: certificates, revocations, the signed domain list.
    #[command(subcommand)]
    Authority(AuthorityCommand),
    /// Look at what a trust domain publishes.
    #[command(subcommand)]
    Trust(TrustCommand),
    /// Read a PDF file from standard input, write its text: the server calls itself for it, so that a
    /// hostile file harms a process of its own.
    #[command(name = crate::operator::READ_PDF, hide = true)]
    ReadPdf,
    /// Print what a shell needs to complete this command line.
    Completions(CompletionsArgs),
}

/// The answer says what was taken, what stayed as it was, and what waits for a restart. SIGHUP does the
/// same and says it in the log.
#[derive(Debug, ClapArgs)]
pub(crate) struct ReloadArgs {
    #[command(flatten)]
    pub(crate) of: Where,
}

/// For bash: `pli completions bash > /etc/bash_completion.d/pli`.
#[derive(Debug, ClapArgs)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    pub(crate) shell: clap_complete::Shell,
}

/// Ready when `DIR/demo.json` is there: addresses, mailboxes and passwords for programs; what a
/// person needs is printed. Ctrl-C ends it.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  pli demo                    look around: the address of the site is printed\n  pli demo --once             one letter, from the hospital to the record and back\n  pli demo --data demo        keep everything in ./demo and go on with it the next time"
)]
pub(crate) struct DemoArgs {
    /// Where everything lives. Without it a new temporary folder, removed at the end.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// The first port: hospital N, practice N+20, citizens N+40, control N+99; 0: free ports.
    #[arg(long, value_name = "N", default_value_t = 20000)]
    pub(crate) base_port: u16,
    /// Send one letter, answer it as the citizen through the site, print the chain, and end.
    #[arg(long)]
    pub(crate) once: bool,
    /// Open a control port that moves the clock, makes citizens, spoils certificates.
    #[arg(long)]
    pub(crate) clock_control: bool,
    /// Also make u1@… to uN@practice.mss.example with the secret `bench`, for load tests.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) accounts: u32,
    /// The language of what is printed.
    #[arg(long, value_parser = ["fr", "en"], default_value = "fr")]
    pub(crate) lang: String,
    /// Print nothing but errors.
    #[arg(long)]
    pub(crate) quiet: bool,
}

/// Without --config, prints the commented sample configuration.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  pli serve > pli.toml              a sample to begin with\n  pli serve --config pli.toml\n\nSIGHUP has certificates, revocation lists and domain list read again; SIGTERM ends in order."
)]
pub(crate) struct ServeArgs {
    /// The operator's configuration.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// What can be asked of a trust domain.
#[derive(Debug, Subcommand)]
pub(crate) enum TrustCommand {
    /// Count and verify a signed domain list, ours or the national one.
    Verify(TrustVerifyArgs),
}

/// Prints how many entries, domains and DNs the list has, and whether its signature is right.
///
/// Exit code: 0 only when the signature is right and was made by a certificate that is valid at the
/// date asked about; with --ca, by one of that authority. 1 otherwise.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Example:\n  pli trust verify domain-list.xml --at 2026-11-22 --ca chain.pem --crl crl.pem"
)]
pub(crate) struct TrustVerifyArgs {
    /// The list.
    pub(crate) file: PathBuf,
    /// The date, as in 2025-03-01 or 2025-03-01T12:00:00Z. Default: now.
    #[arg(long)]
    pub(crate) at: Option<String>,
    /// The authorities that the signer must come from (PEM).
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Their revocation lists (PEM or DER).
    #[arg(long, value_name = "FILE", requires = "ca")]
    pub(crate) crl: Option<PathBuf>,
}

/// What can be asked of a store.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Read everything a store consists of and say what is not as it should be.
    Verify(VerifyArgs),
}

/// Reads the log, the index, the keystore, every account's records and every body. Changes
/// nothing. An operator that runs reads its accounts' records and bodies itself, while it works.
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
