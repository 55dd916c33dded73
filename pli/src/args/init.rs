//! `pli init`: its command line.

use clap::Args as ClapArgs;
use std::path::PathBuf;

/// Asks what it is not told, on a terminal; elsewhere it names what is missing. Nothing that is there
/// is overwritten.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Example:\n  pli init /etc/pli --hostname mail.chu.example --domain chu.example --structure 1630013605 \\\n    --legal-name \"CHU DE L'EXEMPLE\" --department \"Paris (75)\" --product NIL-1234"
)]
pub(crate) struct OperatorInitArgs {
    /// Where the configuration goes.
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,
    /// This server's name, as in mail.chu.example.
    #[arg(long)]
    pub(crate) hostname: Option<String>,
    /// A mail domain that it serves; once for each.
    #[arg(long)]
    pub(crate) domain: Vec<String>,
    /// The domain of citizens' mailboxes, the same at every operator.
    #[arg(long)]
    pub(crate) citizen_domain: Option<String>,
    /// `1` and the FINESS, or `3` and the SIRET, of the organisation that runs it.
    #[arg(long)]
    pub(crate) structure: Option<String>,
    /// The organisation's legal name.
    #[arg(long)]
    pub(crate) legal_name: Option<String>,
    /// The département with its number, as in `Paris (75)`.
    #[arg(long)]
    pub(crate) department: Option<String>,
    /// The product reference (NIL) that every message bears.
    #[arg(long)]
    pub(crate) product: Option<String>,
    /// The operator's short name: a-z, 0-9 and -. Default: from the first domain.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Where the store goes. Default: `data` beside the configuration.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Where the authority publishes its signed domain list.
    #[arg(long, value_name = "URL")]
    pub(crate) domain_list_url: Option<String>,
    /// Where it publishes a revocation list; once for each.
    #[arg(long, value_name = "URL")]
    pub(crate) revocation_url: Vec<String>,
    /// An operator for tests: takes test authorities and test identities.
    #[arg(long)]
    pub(crate) test: bool,
}
