//! Making mailboxes and ways to log in.
//!
//! Invariant: a secret that the program makes stands in one answer and nowhere else.

use super::desk::Parts;
use super::request::{Answer, NewCitizen, NewMailbox};
use crate::accounts::{ADMINISTRATION, NewDesk, NewSpace, SpaceLogIn, make_desk, make_space};
use domain::{IdentityTraits, InsReading, MailAddress, MailboxKind};
use mailstore::model::account::AccountState;
use mailstore::{AccountId, PrincipalId};
use pki::Certificate;
use std::error::Error;

type Outcome = Result<Answer, Box<dyn Error + Send + Sync>>;

impl Parts {
    fn own(&self, address: &str) -> Result<MailAddress, Box<dyn Error + Send + Sync>> {
        let address: MailAddress = address.parse()?;
        if self.names.domains.contains(address.domain()) {
            return Ok(address);
        }
        Err(format!("{} is not a domain of this operator", address.domain()).into())
    }

    /// A mailbox and its owner.
    fn owner_of(
        &self,
        address: &MailAddress,
    ) -> Result<(AccountId, PrincipalId), Box<dyn Error + Send + Sync>> {
        let account = self.store().operator_view()?.account_of(address)?;
        let account = account.ok_or_else(|| format!("there is no mailbox {address}"))?;
        let grants = self.store().view(account)?.grants()?;
        let owner = grants.into_iter().find(|(_, grant)| grant.owner);
        let (owner, _) = owner.ok_or_else(|| format!("{address} has no owner"))?;
        Ok((account, owner))
    }
}

fn certificate_of(pem: &str) -> Result<Certificate, Box<dyn Error + Send + Sync>> {
    let chain = pki::pem::certificates(pem.as_bytes())?;
    Ok(Certificate::from_der(chain.first().ok_or("the file has no certificate")?)?)
}

/// A professional's mailbox; the answer has its owner's first secret.
pub(super) async fn add(parts: &Parts, new: NewMailbox) -> Outcome {
    let kind: MailboxKind = new.kind.parse()?;
    if kind == MailboxKind::Citizen {
        return Err("a citizen's space is made by `pli account add-citizen`".into());
    }
    let address = parts.own(&new.address)?;
    let certificate = new.certificate.as_deref().map(certificate_of).transpose()?;
    let desk = NewDesk {
        address: address.clone(),
        kind,
        name: &new.name,
        certificate: certificate.as_ref(),
    };
    let (_, secret) = make_desk(parts.store(), &parts.access, desk).await?;
    Ok(Answer::Done(format!("mailbox  {address}\nlogin    {address}\nsecret   {secret}\n")))
}

/// A citizen's space, active.
pub(super) async fn add_citizen(parts: &Parts, new: NewCitizen) -> Outcome {
    let names = &parts.names;
    let ins = InsReading::read(&new.ins, &new.oid, names.mode)?;
    let traits = IdentityTraits::new(
        new.birth_name.parse()?,
        new.given_names.parse()?,
        new.first_given_name.parse()?,
        new.birth_date.parse()?,
        new.sex.parse()?,
        new.birth_place.parse()?,
    )?;
    let domain = names.domains.iter().find(|domain| names.citizen_domains.contains(domain));
    let domain = domain.ok_or("no domain of this operator is one of operator.citizen_domains")?;
    let address: MailAddress = format!("{}@{domain}", ins.as_str()).parse()?;
    let password = new.password.to_string();
    let log_in = SpaceLogIn { password, email: new.email, lang: names.lang };
    let space = NewSpace {
        address: address.clone(),
        ins,
        traits,
        state: AccountState::Active,
        log_in: Some(log_in),
    };
    make_space(parts.store(), &parts.access, space).await?;
    Ok(Answer::Done(format!("space  {address}\nlogin  {}\n", new.ins)))
}

/// Another application secret.
pub(super) async fn add_secret(parts: &Parts, address: &str, label: &str) -> Outcome {
    let (account, owner) = parts.owner_of(&parts.own(address)?)?;
    let secret = parts.access.add_app_secret(ADMINISTRATION, account, owner, label).await?;
    Ok(Answer::Done(format!("login   {address}\nsecret  {secret}\n")))
}

/// A certificate that opens a mailbox.
pub(super) async fn bind_certificate(parts: &Parts, address: &str, pem: &str) -> Outcome {
    let (account, owner) = parts.owner_of(&parts.own(address)?)?;
    let certificate = certificate_of(pem)?;
    parts.access.bind_certificate(ADMINISTRATION, account, owner, &certificate).await?;
    Ok(Answer::Done(format!("{} opens {address}\n", certificate.subject())))
}
