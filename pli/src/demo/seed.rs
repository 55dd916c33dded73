//! The demo's people and their accounts: made at the first start, found again later.
//!
//! Invariants: what exists is left as it is; the application secrets of the first start are kept in
//! `secrets.json`, so that a demo that is continued has the same.
//! Failure: the error of what could not be made.

use super::land::Land;
use super::people::{
    CITIZEN_PASSWORD, CITIZENS, CITIZENS_TABLE, Citizen, DESKS, INS_OID, PLACES, Standing,
};
use crate::accounts::{ADMINISTRATION, NewDesk, NewSpace, SpaceLogIn, make_desk, make_space};
use crate::operator::Operator;
use domain::{CitizenDomains, IdentityTraits, InsReading, Lang, MailAddress, Mode};
use mailstore::model::account::AccountState;
use mailstore::model::principal::{Grant, Rights};
use mailstore::{AccountId, Random, StoreError, SystemRandom, Transaction};
use pki::durable_file::{self, Access};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const SECRETS: &str = "secrets.json";
const MAX_SECRETS: u64 = 1024 * 1024;

/// Makes who is not there yet, and publishes the directory; returns the desks' secrets in order.
pub(super) async fn seed(
    dir: &Path,
    operators: &[Operator; 3],
    land: &mut Land,
) -> Outcome<Vec<String>> {
    let citizens: CitizenDomains = [CITIZENS.parse()?].into_iter().collect();
    let mut known = read_secrets(dir)?;
    let mut mailboxes = Vec::new();
    let mut secrets = Vec::new();
    for desk in &DESKS {
        let operator = operators.get(desk.place).ok_or("no such operator")?;
        land.desk(desk)?;
        let address: MailAddress = desk.address().parse()?;
        if operator.store.operator_view()?.account_of(&address)?.is_none() {
            let certificate = land.certificate(desk)?;
            let name = match desk.person {
                Some([_, given, family, ..]) => format!("{given} {family}"),
                None => desk.service.unwrap_or(desk.local).to_owned(),
            };
            let new =
                NewDesk { address, kind: desk.kind, name: &name, certificate: Some(&certificate) };
            let (_, secret) = make_desk(&operator.store, &operator.access, new).await?;
            known.insert(desk.address(), secret);
        }
        let secret = known.get(&desk.address()).ok_or("the demo's secrets are lost")?;
        secrets.push(secret.clone());
        mailboxes.push((desk.place, desk.mailbox(&citizens)?));
    }
    write_secrets(dir, &known)?;
    let [_, _, of_citizens] = operators;
    for citizen in &CITIZENS_TABLE {
        space(of_citizens, citizen).await?;
    }
    for operator in operators {
        for (index, place) in PLACES.iter().enumerate() {
            let own = mailboxes.iter().filter(|(place, _)| *place == index);
            let own = own.map(|(_, mailbox)| mailbox.clone());
            operator.directory.publish(&place.name.parse()?, own, [])?;
        }
    }
    Ok(secrets)
}

fn read_secrets(dir: &Path) -> Outcome<BTreeMap<String, String>> {
    match durable_file::read(&dir.join(SECRETS), MAX_SECRETS) {
        Ok(octets) => Ok(serde_json::from_slice(&octets)?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(error.into()),
    }
}

fn write_secrets(dir: &Path, secrets: &BTreeMap<String, String>) -> Outcome<()> {
    let octets = serde_json::to_vec_pretty(secrets)?;
    Ok(durable_file::replace(&dir.join(SECRETS), &octets, Access::Secret)?)
}

/// Makes a citizen's space, unless there is one.
async fn space(operator: &Operator, citizen: &Citizen) -> Outcome<()> {
    let address: MailAddress = citizen.address().parse()?;
    if operator.store.operator_view()?.account_of(&address)?.is_some() {
        return Ok(());
    }
    let (ins, traits) = citizen.identity()?;
    let state = match citizen.standing {
        Standing::Active | Standing::ChildOf(_) => AccountState::Active,
        Standing::NotActivated => AccountState::Created,
        Standing::Objected => AccountState::Objected,
    };
    let log_in = (citizen.standing == Standing::Active).then(|| SpaceLogIn {
        password: CITIZEN_PASSWORD.to_owned(),
        email: citizen.email.to_owned(),
        lang: Lang::Fr,
    });
    let new = NewSpace { address, ins, traits, state, log_in };
    let made = make_space(&operator.store, &operator.access, new).await?;
    if let Standing::ChildOf(parent) = citizen.standing {
        open_to_parent(operator, made.account, parent).await?;
    }
    Ok(())
}

/// Gives a child's space to its parent as well.
async fn open_to_parent(operator: &Operator, child: AccountId, parent: &str) -> Outcome<()> {
    let found = operator.store.operator_view()?.principal_of_login(parent)?;
    let (parent, _) = found.ok_or("a child whose parent is not there yet")?;
    let grant = move |tx: &mut Transaction<'_>| {
        let from = tx.now().as_second();
        tx.grant(parent, &Grant { rights: Rights::ALL, owner: false, from, until: None })
    };
    let _ = operator.store.transact::<_, StoreError, _>(ADMINISTRATION, child, grant).await?;
    Ok(())
}

/// What the control port asks for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCitizen {
    ins: String,
    #[serde(default = "test_oid")]
    ins_oid: String,
    traits: Traits,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Traits {
    birth_name: String,
    first_given_name: String,
    given_names: String,
    birth_date: String,
    sex: String,
    birth_place: String,
}

fn test_oid() -> String {
    INS_OID.to_owned()
}

/// A citizen that the control port made.
#[derive(Debug)]
pub(crate) struct MadeCitizen {
    pub(crate) address: String,
    pub(crate) login: String,
    pub(crate) password: String,
}

/// Why it did not.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NewCitizenError {
    #[error("a citizen with this number exists")]
    Exists,
    #[error("{0}")]
    Identity(String),
    #[error("the citizen could not be made: {0}")]
    Failed(String),
}

impl NewCitizen {
    fn identity(&self) -> Result<(InsReading, IdentityTraits), String> {
        let named = |key: &str, error: &dyn std::fmt::Display| format!("{key}: {error}");
        let ins = InsReading::read(&self.ins, &self.ins_oid, Mode::Test)
            .map_err(|error| named("ins", &error))?;
        let traits = &self.traits;
        let traits = IdentityTraits::new(
            traits.birth_name.parse().map_err(|e| named("birth_name", &e))?,
            traits.given_names.parse().map_err(|e| named("given_names", &e))?,
            traits.first_given_name.parse().map_err(|e| named("first_given_name", &e))?,
            traits.birth_date.parse().map_err(|e: jiff::Error| named("birth_date", &e))?,
            traits.sex.parse().map_err(|e| named("sex", &e))?,
            traits.birth_place.parse().map_err(|e| named("birth_place", &e))?,
        );
        Ok((ins, traits.map_err(|error| named("traits", &error))?))
    }
}

/// Makes an active citizen.
pub(super) async fn create_citizen(
    operator: &Operator,
    asked: &NewCitizen,
) -> Result<MadeCitizen, NewCitizenError> {
    let (ins, traits) = asked.identity().map_err(NewCitizenError::Identity)?;
    let failed = |error: &dyn std::fmt::Display| NewCitizenError::Failed(error.to_string());
    let login = ins.as_str().to_owned();
    let address: MailAddress = format!("{login}@{CITIZENS}")
        .parse()
        .map_err(|error| NewCitizenError::Identity(format!("ins: {error}")))?;
    let view = operator.store.operator_view().map_err(|error| failed(&error))?;
    if view.account_of(&address).map_err(|error| failed(&error))?.is_some() {
        return Err(NewCitizenError::Exists);
    }
    drop(view);
    let mut octets = [0; 12];
    SystemRandom.fill(&mut octets).map_err(|error| failed(&error))?;
    let password = hex::encode(octets);
    let new = NewSpace {
        address: address.clone(),
        ins,
        traits,
        state: AccountState::Active,
        log_in: Some(SpaceLogIn {
            password: password.clone(),
            email: format!("{login}@courriel.example"),
            lang: Lang::Fr,
        }),
    };
    make_space(&operator.store, &operator.access, new).await.map_err(|error| failed(&*error))?;
    Ok(MadeCitizen { address: address.to_string(), login, password })
}
