//! `pli services`: what services could not handle, and deriving again what they keep, on an operator
//! that is not running.
//!
//! Failure: a sentence that says what is in the way. What could not be derived is named, and the
//! command exits 1.

use crate::account::Resting;
use crate::args::{ServicesCommand, ServicesParkedArgs, ServicesRebuildArgs, ServicesRetryArgs};
use domain::{MailAddress, SystemClock};
use jiff::Timestamp;
use kit::{Parked, Runner};
use mailstore::{Actor, Consumer, Store, StoreError, SystemRandom, Transaction};
use post::{Post, Settings};
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

/// Parked changes that one command has handled again.
const MAX_RETRIED: usize = 1_000;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// `pli services`.
pub(crate) fn run(command: &ServicesCommand) -> Outcome<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(async {
        match command {
            ServicesCommand::Parked(asked) => parked(asked),
            ServicesCommand::Retry(asked) => retry(asked).await,
            ServicesCommand::Rebuild(asked) => rebuild(asked).await,
        }
    })
}

fn consumer(name: &str) -> Outcome<Consumer> {
    if name == documents::CONSUMER.name() {
        return Ok(documents::CONSUMER);
    }
    Err(format!("there is no service {name}; the services are: documents").into())
}

fn parked(asked: &ServicesParkedArgs) -> Outcome<ExitCode> {
    let consumer = consumer(&asked.service)?;
    let operator = Resting::open(&asked.config)?;
    let mut out = io::stdout().lock();
    for parked in kit::all_parked(&operator.store, consumer, asked.limit)? {
        writeln!(out, "{}", line(&operator.store, &parked)?)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn line(store: &Store, parked: &Parked) -> Outcome<String> {
    let address = store.view(parked.account)?.account_record()?.address;
    let at = Timestamp::from_second(parked.change.at)?;
    let asked = if parked.asked { "; it is handled again when the operator runs" } else { "" };
    Ok(format!("{at}  {address}  change {}  {}{asked}", parked.mod_seq, parked.change.reason))
}

async fn retry(asked: &ServicesRetryArgs) -> Outcome<ExitCode> {
    let consumer = consumer(&asked.service)?;
    let operator = Resting::open(&asked.config)?;
    let store = &operator.store;
    let parked: Vec<_> = match &asked.address {
        None => {
            let all = kit::all_parked(store, consumer, MAX_RETRIED)?;
            all.into_iter().map(|parked| (parked.account, parked.mod_seq)).collect()
        }
        Some(address) => {
            let address: MailAddress = address.parse()?;
            let account = store.operator_view()?.account_of(&address)?;
            let account = account.ok_or_else(|| format!("there is no mailbox {address}"))?;
            let parked = kit::parked(&store.view(account)?, consumer, MAX_RETRIED)?;
            parked.into_iter().map(|(mod_seq, _)| (account, mod_seq)).collect()
        }
    };
    for (account, mod_seq) in &parked {
        let mod_seq = *mod_seq;
        let ask = move |tx: &mut Transaction<'_>| kit::retry(tx, consumer, mod_seq);
        let _ = store.transact::<_, StoreError, _>(Actor::SYSTEM, *account, ask).await?;
    }
    let count = parked.len();
    writeln!(io::stdout(), "{count} parked changes are handled again when the operator runs.")?;
    Ok(ExitCode::SUCCESS)
}

async fn rebuild(asked: &ServicesRebuildArgs) -> Outcome<ExitCode> {
    consumer(&asked.service)?;
    let operator = Resting::open(&asked.config)?;
    let names = &operator.names;
    // Nothing is sent: whom the domain list and the directory know is never asked.
    let post = Post::new(
        Settings {
            hostname: names.hostname.clone(),
            own_domains: names.domains.clone(),
            citizen_domains: names.citizen_domains.clone(),
            mode: names.mode,
            product: String::new(),
            max_size: crate::operator::MAX_MESSAGE,
        },
        operator.store.clone(),
        Arc::new(SystemClock),
        Arc::new(SystemRandom),
        Arc::new(|_| false),
        Arc::new(|_| false),
    );
    let runner = Runner::new(operator.store.clone(), Arc::new(documents::Documents::new(post)))?;
    let rebuilt = runner.rebuild(&mut |_| {}).await?;
    let mut out = io::stdout().lock();
    for (account, reason) in &rebuilt.failures {
        let address = operator.store.view(*account)?.account_record()?.address;
        writeln!(out, "{address}  {reason}")?;
    }
    let (accounts, sources, failed) = (rebuilt.accounts, rebuilt.sources, rebuilt.failed);
    writeln!(out, "{accounts} accounts, {sources} sources derived from, {failed} failed.")?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
