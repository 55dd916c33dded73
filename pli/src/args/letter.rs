//! `pli letter`: its command line.

use clap::{Args as ClapArgs, Subcommand};
use std::path::PathBuf;

/// What can be done with letters.
#[derive(Debug, Subcommand)]
pub(crate) enum LetterCommand {
    /// Pack a document as the national formats want it, and send it by an operator's submission
    /// service.
    Send(Box<LetterSendArgs>),
}

/// A CDA document goes as it is; any other file becomes the body of a CDA level 1. Both travel as
/// IHE XDM, with subject and X-MSS headers. The record reads who the patient is in the document.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Example:\n  pli letter send letter.xml --to 279035121518989@patient.mss.example --from letters@chu.mss.example \\\n    --server 127.0.0.1:20001 --imap 127.0.0.1:20004 --server-name mail.chu.mss.example \\\n    --cert demo/pki/people/letters.pem --key demo/pki/people/letters.key \\\n    --authorities demo/pki/chain.pem --revocations demo/pki/crl.pem --test"
)]
pub(crate) struct LetterSendArgs {
    /// The document: a CDA, or a PDF together with the patient's identity.
    pub(crate) document: PathBuf,
    /// The mailbox that it goes to.
    #[arg(long)]
    pub(crate) to: String,
    /// The mailbox that sends it.
    #[arg(long)]
    pub(crate) from: String,
    /// The name shown as the sender.
    #[arg(long, default_value = "")]
    pub(crate) from_label: String,
    /// Where an answer goes.
    #[arg(long)]
    pub(crate) reply_to: Option<String>,
    /// The submission service (STARTTLS), as in 192.0.2.1:587.
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) server: String,
    /// The name in its certificate. Default: the host.
    #[arg(long)]
    pub(crate) server_name: Option<String>,
    /// The mail service with TLS (993) in which the receipts are read, as in 192.0.2.1:993; with it,
    /// `delivered` and `filed` are waited for and shown.
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) imap: Option<String>,
    /// Seconds that receipts are waited for.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) wait: u64,
    /// The mailbox's certificate with its chain (PEM).
    #[arg(long, value_name = "FILE")]
    pub(crate) cert: PathBuf,
    /// Its key (PEM).
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// The authorities of the trust domain (PEM).
    #[arg(long, value_name = "FILE")]
    pub(crate) authorities: PathBuf,
    /// Their revocation lists (PEM).
    #[arg(long, value_name = "FILE")]
    pub(crate) revocations: PathBuf,
    /// Takes certificates of test authorities and test identities.
    #[arg(long)]
    pub(crate) test: bool,
    /// The product reference (NIL).
    #[arg(long, default_value = "PLI-LETTER")]
    pub(crate) product: String,
    /// The last letter: the citizen may not answer (X-MSS-MES: FIN).
    #[arg(long)]
    pub(crate) last: bool,
    /// The words of the message itself. Default: a sentence that names the document.
    #[arg(long)]
    pub(crate) text: Option<String>,
    /// For a file that is no CDA: who the patient is.
    #[command(flatten)]
    pub(crate) identity: IdentityArgs,
    /// For a file that is no CDA: its title.
    #[arg(long, default_value = "Lettre de liaison")]
    pub(crate) title: String,
    /// For a file that is no CDA: its type (LOINC).
    #[arg(long, default_value = "11490-0")]
    pub(crate) type_code: String,
    /// For a file that is no CDA: the structure that wrote it (`1` and FINESS, `3` and SIRET).
    #[arg(long)]
    pub(crate) structure: Option<String>,
    /// For a file that is no CDA: that structure's name.
    #[arg(long)]
    pub(crate) structure_name: Option<String>,
}

/// The patient's identity: number and five traits.
#[derive(Debug, ClapArgs)]
pub(crate) struct IdentityArgs {
    /// The number (matricule INS).
    #[arg(long)]
    pub(crate) ins: Option<String>,
    /// Its OID.
    #[arg(long)]
    pub(crate) oid: Option<String>,
    /// Birth name.
    #[arg(long)]
    pub(crate) birth_name: Option<String>,
    /// First given name.
    #[arg(long)]
    pub(crate) first_given_name: Option<String>,
    /// All given names.
    #[arg(long)]
    pub(crate) given_names: Option<String>,
    /// As in 1979-03-28.
    #[arg(long)]
    pub(crate) birth_date: Option<String>,
    /// F, M or U.
    #[arg(long)]
    pub(crate) sex: Option<String>,
    /// The INSEE code of the place of birth.
    #[arg(long)]
    pub(crate) birth_place: Option<String>,
}
