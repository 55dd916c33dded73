//! `pli authority`: its command line.

use clap::{Args as ClapArgs, Subcommand};
use std::path::PathBuf;

/// What can be asked of an authority.
#[derive(Debug, Subcommand)]
pub(crate) enum AuthorityCommand {
    /// Make an authority: a root, an issuing authority below it, and the signer of the domain list.
    Init(InitArgs),
    /// Issue a certificate: for a request (PKCS#10), or with a new key.
    Sign(SignArgs),
    /// Take a certificate back. The next `publish` tells everybody.
    Revoke(RevokeArgs),
    /// Write root, chain, revocation lists and the signed domain list into a folder.
    Publish(PublishArgs),
}

/// Keys and records lie in DIR, readable by you only. Whoever has them can speak for every operator.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Example:\n  pli authority init /srv/authority --name PLI --organization \"Association Pli\" --test"
)]
pub(crate) struct InitArgs {
    /// The authority's folder; it must hold no authority.
    pub(crate) dir: PathBuf,
    /// The name between `AC` and `ELEMENTAIRE` in the authority's names.
    #[arg(long)]
    pub(crate) name: String,
    /// The organisation that runs it.
    #[arg(long)]
    pub(crate) organization: String,
    /// An authority for tests: its names say TEST, and production refuses what it issues.
    #[arg(long)]
    pub(crate) test: bool,
    /// Where the revocation list will be fetched; written into certificates.
    #[arg(long, value_name = "URL")]
    pub(crate) crl_url: Option<String>,
}

/// The profile comes last: operator, application or person.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  pli authority sign /srv/authority --out chu.pem --key chu.key operator --host mail.chu.example --structure 1630013605 --legal-name \"CHU\" --department \"Paris (75)\"\n  pli authority sign /srv/authority --out marie.pem --request marie.csr person --id 810100901164 --given-name Marie --surname MARTIN --title Médecin"
)]
pub(crate) struct SignArgs {
    /// The authority's folder.
    pub(crate) dir: PathBuf,
    /// Where the certificate and its chain go (PEM).
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// A request (PKCS#10, PEM): its key is certified; names are those given here.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["key", "p12"])]
    pub(crate) request: Option<PathBuf>,
    /// Without a request: where the new key goes (PEM, mode 0600).
    #[arg(long, value_name = "FILE", required_unless_present = "request")]
    pub(crate) key: Option<PathBuf>,
    /// Without a request: where key and certificates go together (PKCS#12), for mail programs.
    #[arg(long, value_name = "FILE", requires = "p12_password_file")]
    pub(crate) p12: Option<PathBuf>,
    /// The file with the PKCS#12 password on its first line.
    #[arg(long, value_name = "FILE")]
    pub(crate) p12_password_file: Option<PathBuf>,
    /// Days that it lasts, from now; the authority's own default is three years.
    #[arg(long)]
    pub(crate) days: Option<u32>,
    #[command(subcommand)]
    pub(crate) profile: ProfileArgs,
}

/// An organisation in a certificate's subject.
#[derive(Debug, ClapArgs)]
pub(crate) struct SubjectArgs {
    /// `1` and the FINESS, or `3` and the SIRET.
    #[arg(long)]
    pub(crate) structure: String,
    /// The legal name.
    #[arg(long)]
    pub(crate) legal_name: String,
    /// The département with its number, as in `Paris (75)`.
    #[arg(long)]
    pub(crate) department: String,
}

/// What a certificate is for.
#[derive(Debug, Subcommand)]
pub(crate) enum ProfileArgs {
    /// An operator's server.
    Operator {
        /// Its host name: CN and first DNS name.
        #[arg(long)]
        host: String,
        /// Another DNS name.
        #[arg(long)]
        dns: Vec<String>,
        /// An IP address.
        #[arg(long)]
        ip: Vec<std::net::IpAddr>,
        #[command(flatten)]
        subject: SubjectArgs,
    },
    /// A program that sends or fetches mail.
    Application {
        /// What binds structure and use: CN.
        #[arg(long)]
        label: String,
        /// Its mailbox.
        #[arg(long)]
        address: Option<String>,
        #[command(flatten)]
        subject: SubjectArgs,
    },
    /// A professional.
    Person {
        /// `8` and the RPPS, or `0` and the ADELI.
        #[arg(long)]
        id: String,
        /// First name.
        #[arg(long)]
        given_name: String,
        /// Last name.
        #[arg(long)]
        surname: String,
        /// Profession, as in `Médecin`.
        #[arg(long)]
        title: String,
        /// A mail address.
        #[arg(long)]
        address: Vec<String>,
    },
}

/// One that is taken back already stays as it is.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Example:\n  pli authority revoke /srv/authority --serial 4f1a… --reason key-compromise"
)]
pub(crate) struct RevokeArgs {
    /// The authority's folder.
    pub(crate) dir: PathBuf,
    /// The certificate's serial number, hexadecimal, as `sign` printed it.
    #[arg(long)]
    pub(crate) serial: String,
    /// Why.
    #[arg(long, value_enum, default_value_t = Reason::Unspecified)]
    pub(crate) reason: Reason,
}

/// Why a certificate is taken back.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Reason {
    /// Not said.
    Unspecified,
    /// Somebody else may have the key.
    KeyCompromise,
    /// The subject's name has changed.
    AffiliationChanged,
    /// Another certificate takes its place.
    Superseded,
    /// No longer needed.
    CessationOfOperation,
}

/// Each file is replaced as a whole; the domain list comes last.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Example:\n  pli authority publish /srv/authority --out /var/www/trust --domains domains.json\n\nDOMAINS is a JSON list of {\"domain\", \"dn\", \"description\", \"responsible\", \"support\"}."
)]
pub(crate) struct PublishArgs {
    /// The authority's folder.
    pub(crate) dir: PathBuf,
    /// Where to.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// The pairs of domain and certificate DN from now on; without it those of before.
    #[arg(long, value_name = "FILE")]
    pub(crate) domains: Option<PathBuf>,
}
