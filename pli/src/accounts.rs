//! Making mailboxes and citizens' spaces, for `pli account` and for the demo.
//!
//! Invariants: an account is made with its folders and its owner in one transaction; secrets are made
//! by the program, shown once and kept as keyed hashes.
//! Failure: the store's or the access crate's error; what was made before it stays and can be seen.

use access::{Access, Contact};
use domain::{IdentityTraits, InsReading, Lang, MailAddress, MailboxKind};
use mailstore::model::account::{AccountState, CreatedAccount, NewAccount};
use mailstore::model::mailbox::{MailboxName, SpecialUse};
use mailstore::model::principal::{NewPrincipal, PrincipalKind};
use mailstore::{Actor, Store, Through};
use pki::Certificate;
use std::error::Error;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Octets that a professional's messages may take: 5 GB.
const PROFESSIONAL_QUOTA: u64 = 5 * 1024 * 1024 * 1024;
/// Octets that a citizen's messages may take: 2 GB.
const CITIZEN_QUOTA: u64 = 2 * 1024 * 1024 * 1024;
/// The label of the secret that an account is made with.
const FIRST_SECRET: &str = "first";

/// An administrator's command.
pub(crate) const ADMINISTRATION: Actor =
    Actor { through: Through::Administration, ..Actor::SYSTEM };

/// A professional's mailbox to be made.
pub(crate) struct NewDesk<'a> {
    pub(crate) address: MailAddress,
    pub(crate) kind: MailboxKind,
    /// The name shown to people.
    pub(crate) name: &'a str,
    /// The certificate that opens it.
    pub(crate) certificate: Option<&'a Certificate>,
}

/// A citizen's space to be made.
pub(crate) struct NewSpace {
    pub(crate) address: MailAddress,
    pub(crate) ins: InsReading,
    pub(crate) traits: IdentityTraits,
    pub(crate) state: AccountState,
    /// Who logs in with which password, and where codes go.
    pub(crate) log_in: Option<SpaceLogIn>,
}

pub(crate) struct SpaceLogIn {
    pub(crate) password: String,
    pub(crate) email: String,
    pub(crate) lang: Lang,
}

/// The folders that mail programs and pages expect.
fn folders() -> Outcome<Vec<(MailboxName, SpecialUse)>> {
    let named = [
        ("Sent", SpecialUse::Sent),
        ("Drafts", SpecialUse::Drafts),
        ("Trash", SpecialUse::Trash),
        ("Archive", SpecialUse::Archive),
        ("Junk", SpecialUse::Junk),
    ];
    named.into_iter().map(|(name, special)| Ok((MailboxName::new(name)?, special))).collect()
}

/// Makes a professional's mailbox; returns the owner's first application secret.
pub(crate) async fn make_desk(
    store: &Store,
    access: &Access,
    new: NewDesk<'_>,
) -> Outcome<(CreatedAccount, String)> {
    let application = new.kind == MailboxKind::Application;
    let kind = if application { PrincipalKind::Application } else { PrincipalKind::Person };
    let login = new.address.to_string();
    let owner = NewPrincipal { kind, name: new.name.to_owned(), login: Some(login) };
    let made = store
        .create_account(
            ADMINISTRATION,
            NewAccount {
                address: new.address,
                kind: new.kind,
                state: AccountState::Active,
                ins: None,
                traits: None,
                quota: PROFESSIONAL_QUOTA,
                mailboxes: folders()?,
                owner: Some(owner),
            },
        )
        .await?
        .into_inner();
    let owner = made.owner.ok_or("an account without its owner")?;
    let secret = access.add_app_secret(ADMINISTRATION, made.account, owner, FIRST_SECRET).await?;
    if let Some(certificate) = new.certificate {
        access.bind_certificate(ADMINISTRATION, made.account, owner, certificate).await?;
    }
    Ok((made, secret))
}

/// Makes a citizen's space.
pub(crate) async fn make_space(
    store: &Store,
    access: &Access,
    new: NewSpace,
) -> Outcome<CreatedAccount> {
    let login = new.ins.as_str().to_owned();
    let name =
        format!("{} {}", new.traits.first_given_name().as_str(), new.traits.birth_name().as_str());
    let owner = NewPrincipal { kind: PrincipalKind::Person, name, login: Some(login) };
    let made = store
        .create_account(
            ADMINISTRATION,
            NewAccount {
                address: new.address,
                kind: MailboxKind::Citizen,
                state: new.state,
                ins: Some(new.ins),
                traits: Some(new.traits),
                quota: CITIZEN_QUOTA,
                mailboxes: folders()?,
                owner: new.log_in.is_some().then_some(owner),
            },
        )
        .await?
        .into_inner();
    if let (Some(log_in), Some(owner)) = (new.log_in, made.owner) {
        access.set_password(ADMINISTRATION, made.account, owner, &log_in.password).await?;
        let contact = Contact { email: Some(log_in.email), mobile: None, lang: log_in.lang };
        access.set_contact(ADMINISTRATION, made.account, owner, &contact).await?;
    }
    Ok(made)
}
