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
    /// Start a whole trust domain on this machine: a hospital, a practice, citizens. Nothing else is
    /// needed.
    Demo(DemoArgs),
    /// Run an operator.
    Serve(ServeArgs),
    /// Make mailboxes and give people ways to log in.
    #[command(subcommand)]
    Account(AccountCommand),
    /// Send documents to citizens and professionals.
    #[command(subcommand)]
    Letter(LetterCommand),
    /// Look after a store: the accounts, messages and change logs of one operator.
    #[command(subcommand)]
    Store(StoreCommand),
    /// Run the authority of a trust domain: certificates, revocations, the signed domain list.
    #[command(subcommand)]
    Authority(AuthorityCommand),
    /// Look at what a trust domain publishes.
    #[command(subcommand)]
    Trust(TrustCommand),
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

/// What can be asked about accounts. The operator must not be running: its store is opened.
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
    /// The operator's configuration.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
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
    /// The operator's configuration.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
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
    /// The operator's configuration.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// The mailbox.
    pub(crate) address: String,
    /// What it is for, as in `Thunderbird at work`.
    #[arg(long)]
    pub(crate) label: String,
}

/// A renewed certificate of the same subject opens it as well.
#[derive(Debug, ClapArgs)]
pub(crate) struct AccountCertificateArgs {
    /// The operator's configuration.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// The mailbox.
    pub(crate) address: String,
    /// The certificate (PEM).
    pub(crate) certificate: PathBuf,
}

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
