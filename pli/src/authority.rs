//! `pli authority`: running the authority of a trust domain.

use crate::args::{
    AuthorityCommand, InitArgs, ProfileArgs, PublishArgs, Reason, RevokeArgs, SignArgs, SubjectArgs,
};
use domain::{Clock, Mode, SystemClock};
use jiff::SignedDuration;
use pki::authority::{AuthorityParams, Validity};
use pki::domain_list::{Contact, DomainEntry};
use pki::durable_file::{self, Access};
use pki::{Authority, Profile, RevocationReason, Subject};
use serde::Deserialize;
use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Octets of a file that is given to the authority.
const MAX_FILE: u64 = 16 * 1024 * 1024;

type Outcome = Result<ExitCode, Box<dyn Error + Send + Sync>>;

/// `pli authority`.
pub(crate) fn run(command: AuthorityCommand) -> Outcome {
    match command {
        AuthorityCommand::Init(asked) => init(&asked),
        AuthorityCommand::Sign(asked) => sign(asked),
        AuthorityCommand::Revoke(asked) => revoke(&asked),
        AuthorityCommand::Publish(asked) => publish(&asked),
    }
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

fn init(asked: &InitArgs) -> Outcome {
    let mode = if asked.test { Mode::Test } else { Mode::Production };
    let now = SystemClock.now();
    let mut params = AuthorityParams::new(&asked.name, &asked.organization, mode, now)?;
    params.crl_url.clone_from(&asked.crl_url);
    let authority = Authority::init(&asked.dir, params, clock())?;
    writeln!(
        io::stdout(),
        "root    {}\nissuing {}\nlist    {}",
        authority.root().subject(),
        authority.issuing().subject(),
        authority.list_signer()
    )?;
    Ok(ExitCode::SUCCESS)
}

fn subject(asked: SubjectArgs) -> Result<Subject, Box<dyn Error + Send + Sync>> {
    let SubjectArgs { structure, legal_name, department } = asked;
    Ok(Subject { structure: structure.parse()?, legal_name, department })
}

fn profile(asked: ProfileArgs) -> Result<Profile, Box<dyn Error + Send + Sync>> {
    Ok(match asked {
        ProfileArgs::Operator { host, dns, ip, subject: of } => {
            Profile::Operator { subject: subject(of)?, host, dns_names: dns, ip_addresses: ip }
        }
        ProfileArgs::Application { label, address, subject: of } => Profile::Application {
            subject: subject(of)?,
            label,
            address: address.map(|address| address.parse()).transpose()?,
        },
        ProfileArgs::Person { id, given_name, surname, title, address } => Profile::Person {
            id: id.parse()?,
            given_name,
            surname,
            title,
            addresses: address.iter().map(|a| a.parse()).collect::<Result<_, _>>()?,
        },
    })
}

fn sign(asked: SignArgs) -> Outcome {
    let mut authority = Authority::open(&asked.dir, clock())?;
    let profile = profile(asked.profile)?;
    let validity = asked.days.map(|days| {
        let now = SystemClock.now();
        let not_after = now + SignedDuration::from_hours(24 * i64::from(days));
        Validity { not_before: now, not_after }
    });
    let chain = if let Some(request) = &asked.request {
        let request = pki::pem::request(&read(request)?)?;
        authority.sign(&request, &profile, validity)?
    } else {
        let issued = authority.issue(&profile, validity)?;
        if let Some(file) = &asked.key {
            durable_file::replace(file, issued.key.pem().as_bytes(), Access::Secret)?;
        }
        if let (Some(file), Some(password)) = (&asked.p12, &asked.p12_password_file) {
            let password = Zeroizing::new(String::from_utf8(read(password)?)?);
            let password = password.lines().next().unwrap_or_default();
            let container = pki::pkcs12::write("pli", &issued.key.der(), &issued.chain, password)?;
            durable_file::replace(file, &container, Access::Secret)?;
        }
        issued.chain
    };
    let pem = pki::pem::write_certificates(&chain);
    durable_file::replace(&asked.out, pem.as_bytes(), Access::Public)?;
    let own = chain.first().ok_or("the authority issued nothing")?;
    let certificate = pki::Certificate::from_der(own)?;
    writeln!(
        io::stdout(),
        "serial  {}\nsubject {}\nuntil   {}",
        certificate.serial(),
        certificate.subject(),
        certificate.not_after()
    )?;
    Ok(ExitCode::SUCCESS)
}

fn revoke(asked: &RevokeArgs) -> Outcome {
    let mut authority = Authority::open(&asked.dir, clock())?;
    let reason = match asked.reason {
        Reason::Unspecified => RevocationReason::Unspecified,
        Reason::KeyCompromise => RevocationReason::KeyCompromise,
        Reason::AffiliationChanged => RevocationReason::AffiliationChanged,
        Reason::Superseded => RevocationReason::Superseded,
        Reason::CessationOfOperation => RevocationReason::CessationOfOperation,
    };
    // Other programs write it with colons.
    authority.revoke(&asked.serial.replace(':', "").parse()?, reason)?;
    writeln!(io::stdout(), "revoked {}; `pli authority publish` tells everybody", asked.serial)?;
    Ok(ExitCode::SUCCESS)
}

/// A pair of domain and DN, as an administrator writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    domain: String,
    dn: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    responsible: String,
    #[serde(default)]
    support: String,
}

fn publish(asked: &PublishArgs) -> Outcome {
    let mut authority = Authority::open(&asked.dir, clock())?;
    if let Some(file) = &asked.domains {
        let pairs: Vec<Pair> = serde_json::from_slice(&read(file)?)?;
        let entries = pairs.into_iter().map(entry).collect::<Result<_, _>>()?;
        authority.set_domains(entries)?;
    }
    authority.publish(&asked.out)?;
    let (entries, revoked) = (authority.domains().len(), authority.revoked().len());
    writeln!(io::stdout(), "published {entries} entries and {revoked} revocations")?;
    Ok(ExitCode::SUCCESS)
}

fn entry(pair: Pair) -> Result<DomainEntry, Box<dyn Error + Send + Sync>> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", pair.domain);
    Ok(DomainEntry {
        domain: pair.domain.parse().map_err(|error| named(&error))?,
        dn: Arc::new(pair.dn.parse().map_err(|error| named(&error))?),
        description: pair.description.clone(),
        responsible: Contact(pair.responsible.clone()),
        support: Contact(pair.support.clone()),
        updated: Some(SystemClock.now()),
    })
}

fn read(file: &Path) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
    let named = |error| format!("{} could not be read: {error}", file.display());
    durable_file::read(file, MAX_FILE).map_err(|error| named(error).into())
}
