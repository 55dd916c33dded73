//! `pli demo --accounts N`: the accounts of load tests, all opened by one secret.
//!
//! The first one is at home to the principal that owns them all, so there is one stored secret
//! however many there are. Invariants: each account is made with its owner in one transaction; what
//! exists is left as it is, so a demo that was killed while it made them goes on where it was.
//! Memory is bounded by two portions.
//! Failure: the error of the first account that could not be made.

use super::people::{BENCH, PLACES};
use crate::accounts::{ADMINISTRATION, NewDesk, make_desk};
use crate::operator::Operator;
use domain::{MailAddress, MailDomain, MailboxKind};
use mailstore::model::account::{AccountState, Creating, NewAccount};
use mailstore::{AccountId, PrincipalId, Store, StoreError};
use std::error::Error;
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The secret of every account of load tests.
const SECRET: &str = "bench";
/// Accounts that are begun together; the next portion is begun before they are done.
const PORTION: u32 = 4096;
/// Progress is told this often.
const TELL: Duration = Duration::from_secs(1);

/// Makes the accounts of load tests, each with its INBOX; the hospital may send as [`BENCH`]. Tells
/// `progress` once a second how many there are. Returns the secret that opens them all.
pub(super) async fn crowd(
    operators: &[Operator; 3],
    accounts: u32,
    progress: impl Fn(u32) + Send + 'static,
) -> Outcome<&'static str> {
    let [hospital, practice, _] = operators;
    known_desk(hospital, BENCH.parse()?, MailboxKind::Application).await?;
    let domain: MailDomain = PLACES.get(1).map_or("", |place| place.domain).parse()?;
    let first: MailAddress = format!("u1@{domain}").parse()?;
    let (owner, _) = known_desk(practice, first, MailboxKind::Personal).await?;
    let store = practice.store.clone();
    let making = move || make(&store, owner, &domain, accounts, &progress);
    tokio::task::spawn_blocking(making).await??;
    Ok(SECRET)
}

/// A mailbox with its own principal and the known secret, made or completed.
async fn known_desk(
    operator: &Operator,
    address: MailAddress,
    kind: MailboxKind,
) -> Outcome<(PrincipalId, AccountId)> {
    let access = &operator.access;
    let found = operator.store.operator_view()?.principal_of_login(&address.to_string())?;
    let (owner, home) = match found {
        Some(found) => found,
        None => {
            let new = NewDesk { address, kind, name: "bench", certificate: None };
            let (made, _) = make_desk(&operator.store, access, new).await?;
            (made.owner.ok_or("an account without its owner")?, made.account)
        }
    };
    // The same secret twice is one record.
    access.add_known_secret(ADMINISTRATION, home, owner, SECRET).await?;
    Ok((owner, home))
}

/// Makes the second account and the following ones that are not there yet. Blocks.
fn make(
    store: &Store,
    owner: PrincipalId,
    domain: &MailDomain,
    accounts: u32,
    progress: &impl Fn(u32),
) -> Outcome<()> {
    let mut told = Instant::now();
    let mut under_way = Vec::new();
    let mut next = 2;
    while next <= accounts {
        let last = accounts.min(next.saturating_add(PORTION - 1));
        let begun = begin(store, owner, domain, next..=last)?;
        finish(std::mem::replace(&mut under_way, begun))?;
        if told.elapsed() >= TELL {
            progress(next - 1);
            told = Instant::now();
        }
        next = last.saturating_add(1);
    }
    Ok(finish(under_way)?)
}

fn begin(
    store: &Store,
    owner: PrincipalId,
    domain: &MailDomain,
    numbers: std::ops::RangeInclusive<u32>,
) -> Outcome<Vec<Creating>> {
    let view = store.operator_view()?;
    let mut new = Vec::new();
    for number in numbers {
        let address: MailAddress = format!("u{number}@{domain}").parse()?;
        if view.account_of(&address)?.is_none() {
            new.push(NewAccount {
                address,
                kind: MailboxKind::Personal,
                state: AccountState::Active,
                ins: None,
                traits: None,
                quota: u64::MAX,
                mailboxes: Vec::new(),
                owner: None,
            });
        }
    }
    drop(view);
    Ok(store.begin_accounts(ADMINISTRATION, Some(owner), new)?)
}

fn finish(begun: Vec<Creating>) -> Result<(), StoreError> {
    begun.into_iter().try_for_each(|creating| creating.wait().map(drop))
}
