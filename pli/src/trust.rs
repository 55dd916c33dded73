//! `pli trust`: looking at what a trust domain publishes.

use crate::args::TrustVerifyArgs;
use domain::{Clock, Mode, SystemClock};
use jiff::Timestamp;
use jiff::civil::Date;
use pki::TrustAnchors;
use pki::domain_list::{DefaultEngine, ListRules, Summary, SummaryCheck, summary};
use pki::durable_file;
use pki::trust::{Revocation, TrustState};
use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

/// Octets of a list; pki bounds it further.
const MAX_FILE: u64 = 128 * 1024 * 1024;

/// `pli trust verify`.
pub(crate) fn verify(asked: &TrustVerifyArgs) -> Result<ExitCode, Box<dyn Error + Send + Sync>> {
    let at = match &asked.at {
        None => SystemClock.now(),
        Some(text) => instant(text)?,
    };
    let octets = read(&asked.file)?;
    let engine = DefaultEngine;
    let summary = match &asked.ca {
        None => summary(&octets, &SummaryCheck::SignatureOnly(at, &engine))?,
        Some(ca) => {
            let mut state = TrustState::new(TrustAnchors::from_pem(&read(ca)?, Mode::Test)?);
            if let Some(crl) = &asked.crl {
                state = state.with_revocation_lists(&read(crl)?)?;
            }
            let rules = ListRules {
                anchors: state.anchors(),
                revocation_lists: state.revocation_lists(),
                revocation: Revocation::IfKnown,
                signers: &[],
                at,
                engine: &engine,
            };
            summary(&octets, &SummaryCheck::Rules(rules))?
        }
    };
    print(&summary, asked.ca.is_some())?;
    Ok(if summary.verdict.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A date, from midnight in UTC, or an instant.
fn instant(text: &str) -> Result<Timestamp, Box<dyn Error + Send + Sync>> {
    if let Ok(date) = text.parse::<Date>() {
        return Ok(date.to_zoned(jiff::tz::TimeZone::UTC)?.timestamp());
    }
    let shape = || format!("{text} is no date: write 2025-03-01 or 2025-03-01T12:00:00Z");
    text.parse().map_err(|_| shape().into())
}

fn print(summary: &Summary, by_authority: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "generated {}\nentries   {}\ndomains   {}\nDNs       {}",
        summary.generated_at, summary.entries, summary.domains, summary.dns
    )?;
    if summary.left_out > 0 {
        writeln!(out, "left out  {} entries that do not read", summary.left_out)?;
    }
    match &summary.verdict {
        Ok(signer) => {
            writeln!(out, "signer    {}", signer.subject())?;
            let checked = match by_authority {
                true => "right, by a certificate of the authority",
                false => "right; whose certificate it is was not checked (give --ca)",
            };
            writeln!(out, "signature {checked}")
        }
        Err(refusal) => {
            write!(out, "signature refused: {refusal}")?;
            let mut source = refusal.source();
            while let Some(cause) = source {
                write!(out, ": {cause}")?;
                source = cause.source();
            }
            writeln!(out)
        }
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
    let named = |error| format!("{} could not be read: {error}", file.display());
    durable_file::read(file, MAX_FILE).map_err(|error| named(error).into())
}
