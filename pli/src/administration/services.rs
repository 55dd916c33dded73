//! What services could not handle, and deriving again what they keep.
//!
//! Failure: a sentence that says what is in the way. What could not be derived is named, and the
//! command exits 1.

use super::desk::Parts;
use super::request::{Answer, ServicesRequest};
use domain::MailAddress;
use jiff::Timestamp;
use kit::{Parked, Runner};
use mailstore::{Actor, Consumer, Store, StoreError, Transaction};
use std::error::Error;
use std::fmt::Write;
use std::sync::Arc;

/// Parked changes that one command has handled again.
const MAX_RETRIED: usize = 1_000;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Answers.
pub(super) async fn answer(parts: &Parts, request: ServicesRequest) -> Outcome<Answer> {
    match request {
        ServicesRequest::Parked { service, limit } => parked(parts, &service, limit),
        ServicesRequest::Retry { service, address } => retry(parts, &service, address).await,
        ServicesRequest::Rebuild { service } => rebuild(parts, &service).await,
    }
}

fn consumer(name: &str) -> Outcome<Consumer> {
    if name == documents::CONSUMER.name() {
        return Ok(documents::CONSUMER);
    }
    Err(format!("there is no service {name}; the services are: documents").into())
}

fn parked(parts: &Parts, service: &str, limit: usize) -> Outcome<Answer> {
    let mut text = String::new();
    for parked in kit::all_parked(parts.store(), consumer(service)?, limit)? {
        writeln!(text, "{}", line(parts.store(), &parked)?)?;
    }
    Ok(Answer::Done(text))
}

fn line(store: &Store, parked: &Parked) -> Outcome<String> {
    let address = store.view(parked.account)?.account_record()?.address;
    let at = Timestamp::from_second(parked.change.at)?;
    let asked = if parked.asked { "; it is to be handled again" } else { "" };
    Ok(format!("{at}  {address}  change {}  {}{asked}", parked.mod_seq, parked.change.reason))
}

async fn retry(parts: &Parts, service: &str, address: Option<String>) -> Outcome<Answer> {
    let (consumer, store) = (consumer(service)?, parts.store());
    let parked: Vec<_> = match address {
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
    Ok(Answer::Done(format!("{count} parked changes are handled again when the operator runs.\n")))
}

async fn rebuild(parts: &Parts, service: &str) -> Outcome<Answer> {
    consumer(service)?;
    let (post, store) = (parts.post.clone(), parts.store());
    let runner = Runner::new(store.clone(), Arc::new(documents::Documents::new(post)))?;
    let rebuilt = runner.rebuild(&mut |_| {}).await?;
    let mut text = String::new();
    for (account, reason) in &rebuilt.failures {
        let address = store.view(*account)?.account_record()?.address;
        writeln!(text, "{address}  {reason}")?;
    }
    let (accounts, sources, failed) = (rebuilt.accounts, rebuilt.sources, rebuilt.failed);
    writeln!(text, "{accounts} accounts, {sources} sources derived from, {failed} failed.")?;
    Ok(if failed == 0 { Answer::Done(text) } else { Answer::Found(text) })
}
