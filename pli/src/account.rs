//! `pli account`: making mailboxes and ways to log in, at an operator that runs or not.
//!
//! Invariant: secrets are printed once and on standard output only. Files are read here, by whoever
//! calls, never by the operator.

use crate::administration::{NewCitizen, NewMailbox, Request, ask};
use crate::args::{
    AccountAddArgs, AccountCertificateArgs, AccountCommand, AccountSecretArgs, CitizenAddArgs,
};
use pki::durable_file;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use zeroize::Zeroizing;

/// Octets of a certificate's file.
const MAX_PEM: u64 = 1024 * 1024;
/// Octets of a password's file.
const MAX_PASSWORD_FILE: u64 = 4096;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// `pli account`.
pub(crate) fn run(command: &AccountCommand) -> Outcome<ExitCode> {
    match command {
        AccountCommand::Add(asked) => ask(&asked.of, add(asked)?),
        AccountCommand::AddCitizen(asked) => ask(&asked.of, add_citizen(asked)?),
        AccountCommand::Secret(AccountSecretArgs { of, address, label }) => {
            let (address, label) = (address.clone(), label.clone());
            ask(of, Request::AddSecret { address, label })
        }
        AccountCommand::Certificate(AccountCertificateArgs { of, address, certificate }) => {
            let (address, certificate) = (address.clone(), read_pem(certificate)?);
            ask(of, Request::BindCertificate { address, certificate })
        }
    }
}

fn read(path: &Path, limit: u64) -> Outcome<Zeroizing<String>> {
    let octets = durable_file::read(path, limit)
        .map_err(|error| format!("{} could not be read: {error}", path.display()))?;
    Ok(Zeroizing::new(String::from_utf8(octets)?))
}

fn read_pem(path: &Path) -> Outcome<String> {
    Ok(read(path, MAX_PEM)?.to_string())
}

fn add(asked: &AccountAddArgs) -> Outcome<Request> {
    Ok(Request::AddMailbox(NewMailbox {
        address: asked.address.clone(),
        kind: asked.kind.clone(),
        name: asked.name.clone(),
        certificate: asked.certificate.as_deref().map(read_pem).transpose()?,
    }))
}

fn add_citizen(asked: &CitizenAddArgs) -> Outcome<Request> {
    let password = read(&asked.password_file, MAX_PASSWORD_FILE)?;
    Ok(Request::AddCitizen(Box::new(NewCitizen {
        ins: asked.ins.clone(),
        oid: asked.oid.clone(),
        birth_name: asked.birth_name.clone(),
        first_given_name: asked.first_given_name.clone(),
        given_names: asked.given_names.clone(),
        birth_date: asked.birth_date.clone(),
        sex: asked.sex.clone(),
        birth_place: asked.birth_place.clone(),
        email: asked.email.clone(),
        password: Zeroizing::new(password.lines().next().unwrap_or_default().to_owned()),
    })))
}
