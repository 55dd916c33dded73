//! `pli account`: its command line.

use crate::administration::Where;
use clap::{Args as ClapArgs, Subcommand};
use std::path::PathBuf;

/// What can be asked about accounts. An operator that runs is asked through its control socket.
#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Make a professional's mailbox; prints the application secret of its owner, once.
    Add(AccountAddArgs),
    /// Make a citizen's space, active, with a password and an address for one-time codes.
    AddCitizen(Box<CitizenAddArgs>),
    /// Another application secret for a mailbox's owner; printed once.
    Secret(AccountSecretArgs),
    /// Let a certificate open a mailbox.
    Certificate(AccountCertificateArgs),
}

/// The mailbox is new; its kind never changes.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Example:\n  pli account add --config pli.toml marie.martin@practice.example --kind PER --name \"Marie MARTIN\""
)]
pub(crate) struct AccountAddArgs {
    #[command(flatten)]
    pub(crate) of: Where,
    /// The address.
    pub(crate) address: String,
    /// PER, ORG, APP or CAB.
    #[arg(long)]
    pub(crate) kind: String,
    /// The name shown to people.
    #[arg(long)]
    pub(crate) name: String,
    /// The certificate that opens it (PEM), if one does.
    #[arg(long, value_name = "FILE")]
    pub(crate) certificate: Option<PathBuf>,
}

/// The address is the number at the citizens' domain.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Example:\n  pli account add-citizen --config pli.toml --ins 279035121518989 --oid 1.2.250.1.213.1.4.10 --birth-name PAT-TROIS --first-given-name DOMINIQUE --given-names \"DOMINIQUE MARIE-LOUISE\" --birth-date 1979-03-28 --sex F --birth-place 51215 --email d@courriel.example --password-file password"
)]
pub(crate) struct CitizenAddArgs {
    #[command(flatten)]
    pub(crate) of: Where,
    /// The number (matricule INS), 15 characters.
    #[arg(long)]
    pub(crate) ins: String,
    /// Its OID.
    #[arg(long)]
    pub(crate) oid: String,
    /// Birth name.
    #[arg(long)]
    pub(crate) birth_name: String,
    /// First given name.
    #[arg(long)]
    pub(crate) first_given_name: String,
    /// All given names.
    #[arg(long)]
    pub(crate) given_names: String,
    /// As in 1979-03-28.
    #[arg(long)]
    pub(crate) birth_date: String,
    /// F, M or U.
    #[arg(long)]
    pub(crate) sex: String,
    /// The INSEE code of the place of birth.
    #[arg(long)]
    pub(crate) birth_place: String,
    /// Where one-time codes go.
    #[arg(long)]
    pub(crate) email: String,
    /// The file with the password on its first line.
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: PathBuf,
}

/// The secret is for mail programs; it is shown now and never again.
#[derive(Debug, ClapArgs)]
pub(crate) struct AccountSecretArgs {
    #[command(flatten)]
    pub(crate) of: Where,
    /// The mailbox.
    pub(crate) address: String,
    /// What it is for, as in `Thunderbird at work`.
    #[arg(long)]
    pub(crate) label: String,
}

/// A renewed certificate of the same subject opens it as well.
#[derive(Debug, ClapArgs)]
pub(crate) struct AccountCertificateArgs {
    #[command(flatten)]
    pub(crate) of: Where,
    /// The mailbox.
    pub(crate) address: String,
    /// The certificate (PEM).
    pub(crate) certificate: PathBuf,
}
