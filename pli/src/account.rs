//! `pli account`: making mailboxes and ways to log in, on an operator that is not running.
//!
//! Invariant: secrets are printed once and on standard output only. Failure: a sentence that says what
//! is in the way; the store's own lock tells when the operator is running.

use crate::accounts::{ADMINISTRATION, NewDesk, NewSpace, SpaceLogIn, make_desk, make_space};
use crate::args::{
    AccountAddArgs, AccountCertificateArgs, AccountCommand, AccountSecretArgs, CitizenAddArgs,
};
use crate::config::{Config, Names};
use crate::operator::open_store;
use crate::operator_key;
use crate::serve::{Nowhere, key_path};
use access::{Access, AccessSettings};
use domain::{Clock, IdentityTraits, InsReading, MailAddress, MailboxKind, SystemClock};
use mailstore::model::account::AccountState;
use mailstore::{AccountId, PrincipalId, Random, Store, SystemRandom};
use pki::{Certificate, durable_file};
use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Octets of a certificate's file.
const MAX_PEM: u64 = 1024 * 1024;
/// Octets of a password's file.
const MAX_PASSWORD_FILE: u64 = 4096;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// An operator at rest.
pub(crate) struct Resting {
    pub(crate) names: Names,
    pub(crate) store: Store,
    access: Access,
}

impl Resting {
    /// Opens the store of the operator that a configuration names.
    pub(crate) fn open(config: &Path) -> Outcome<Self> {
        let (config, names) = Config::read(config)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        std::fs::create_dir_all(&config.operator.data)?;
        let key = operator_key::read_or_make(&key_path(&config), &*random)?;
        let data = &config.operator.data;
        let store = open_store(data, key, Arc::clone(&clock), Arc::clone(&random))
            .map_err(|error| format!("{error}; this command needs the operator to be stopped"))?;
        let settings = AccessSettings { citizens_may_use_imap: config.imap.citizens };
        let access = Access::new(store.clone(), clock, random, Arc::new(Nowhere), settings);
        Ok(Self { names, store, access })
    }

    /// A mailbox and its owner.
    fn owner_of(&self, address: &MailAddress) -> Outcome<(AccountId, PrincipalId)> {
        let account = self.store.operator_view()?.account_of(address)?;
        let account = account.ok_or_else(|| format!("there is no mailbox {address}"))?;
        let grants = self.store.view(account)?.grants()?;
        let owner = grants.into_iter().find(|(_, grant)| grant.owner);
        let (owner, _) = owner.ok_or_else(|| format!("{address} has no owner"))?;
        Ok((account, owner))
    }

    fn own(&self, address: &str) -> Outcome<MailAddress> {
        let address: MailAddress = address.parse()?;
        if self.names.domains.contains(address.domain()) {
            return Ok(address);
        }
        Err(format!("{} is not a domain of this operator", address.domain()).into())
    }
}

/// `pli account`.
pub(crate) fn run(command: &AccountCommand) -> Outcome<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        match command {
            AccountCommand::Add(asked) => add(asked).await,
            AccountCommand::AddCitizen(asked) => add_citizen(asked).await,
            AccountCommand::Secret(asked) => secret(asked).await,
            AccountCommand::Certificate(asked) => certificate(asked).await,
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

fn read_certificate(path: &Path) -> Outcome<Certificate> {
    let pem = durable_file::read(path, MAX_PEM)
        .map_err(|error| format!("{} could not be read: {error}", path.display()))?;
    let chain = pki::pem::certificates(&pem)?;
    Ok(Certificate::from_der(chain.first().ok_or("the file has no certificate")?)?)
}

async fn add(asked: &AccountAddArgs) -> Outcome<()> {
    let operator = Resting::open(&asked.config)?;
    let kind: MailboxKind = asked.kind.parse()?;
    if kind == MailboxKind::Citizen {
        return Err("a citizen's space is made by `pli account add-citizen`".into());
    }
    let address = operator.own(&asked.address)?;
    let certificate = asked.certificate.as_deref().map(read_certificate).transpose()?;
    let certificate = certificate.as_ref();
    let new = NewDesk { address: address.clone(), kind, name: &asked.name, certificate };
    let (_, secret) = make_desk(&operator.store, &operator.access, new).await?;
    writeln!(io::stdout(), "mailbox  {address}\nlogin    {address}\nsecret   {secret}")?;
    Ok(())
}

async fn add_citizen(asked: &CitizenAddArgs) -> Outcome<()> {
    let operator = Resting::open(&asked.config)?;
    let ins = InsReading::read(&asked.ins, &asked.oid, operator.names.mode)?;
    let traits = IdentityTraits::new(
        asked.birth_name.parse()?,
        asked.given_names.parse()?,
        asked.first_given_name.parse()?,
        asked.birth_date.parse()?,
        asked.sex.parse()?,
        asked.birth_place.parse()?,
    )?;
    let own = operator.names.domains.iter();
    let domain = own.clone().find(|domain| operator.names.citizen_domains.contains(domain));
    let domain = domain.ok_or("no domain of this operator is one of operator.citizen_domains")?;
    let address: MailAddress = format!("{}@{domain}", ins.as_str()).parse()?;
    let password = Zeroizing::new(durable_file::read(&asked.password_file, MAX_PASSWORD_FILE)?);
    let password = Zeroizing::new(String::from_utf8(password.to_vec())?);
    let password = password.lines().next().unwrap_or_default().to_owned();
    let log_in = SpaceLogIn { password, email: asked.email.clone(), lang: operator.names.lang };
    let new = NewSpace {
        address: address.clone(),
        ins,
        traits,
        state: AccountState::Active,
        log_in: Some(log_in),
    };
    make_space(&operator.store, &operator.access, new).await?;
    writeln!(io::stdout(), "space  {address}\nlogin  {}", asked.ins)?;
    Ok(())
}

async fn secret(asked: &AccountSecretArgs) -> Outcome<()> {
    let operator = Resting::open(&asked.config)?;
    let (account, owner) = operator.owner_of(&operator.own(&asked.address)?)?;
    let access = &operator.access;
    let secret = access.add_app_secret(ADMINISTRATION, account, owner, &asked.label).await?;
    writeln!(io::stdout(), "login   {}\nsecret  {secret}", asked.address)?;
    Ok(())
}

async fn certificate(asked: &AccountCertificateArgs) -> Outcome<()> {
    let operator = Resting::open(&asked.config)?;
    let (account, owner) = operator.owner_of(&operator.own(&asked.address)?)?;
    let certificate = read_certificate(&asked.certificate)?;
    operator.access.bind_certificate(ADMINISTRATION, account, owner, &certificate).await?;
    writeln!(io::stdout(), "{} opens {}", certificate.subject(), asked.address)?;
    Ok(())
}
