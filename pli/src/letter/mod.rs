//! Letters: a document packed as the national formats want it, and sent by an operator's submission
//! service.
//!
//! ```text
//! compose   CDA → XDM archive (package.rs) → message (message.rs)
//! submit    SMTP with the mailbox's certificate (submit.rs)
//! ```
//! Failure: what the document lacks, or what the service answered; nothing was sent.

mod level1;
mod message;
mod package;
mod receipts;
mod submit;

pub(crate) use submit::Service;

use crate::args::LetterSendArgs;
use clinical::xdm::Sender;
use domain::{Clock, MailAddress, Mode, SystemClock};
use jiff::Timestamp;
use mailstore::{Random, SystemRandom};
use message::Letter;
use package::{Submission, pack};
use pki::{Identity, Trust, durable_file};
use receipts::{Mailbox, Receipt};
use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The arc of UUIDs as OIDs.
// ITU-T X.667 §7
const UUID_ARC: &str = "2.25";
/// The application's own OID in submissions: below the arc of UUIDs, fixed.
const SOURCE_ID: &str = "2.25.160217583842935703402814523416781265421";
/// Octets of a document that is sent.
const MAX_DOCUMENT: u64 = 18 * 1024 * 1024;
/// Octets of a file of certificates.
const MAX_PEM: u64 = 16 * 1024 * 1024;
/// The submission port, where none is named.
const SUBMISSION_PORT: u16 = 587;

/// What a letter is made of.
pub(crate) struct Sending<'a> {
    /// CDA documents.
    pub(crate) documents: Vec<Vec<u8>>,
    pub(crate) from: &'a MailAddress,
    pub(crate) from_label: &'a str,
    pub(crate) to: &'a MailAddress,
    pub(crate) reply_to: Option<&'a MailAddress>,
    pub(crate) text: &'a str,
    pub(crate) product: &'a str,
    pub(crate) last: bool,
    pub(crate) mode: Mode,
    pub(crate) now: Timestamp,
}

fn random() -> Outcome<[u8; 16]> {
    let mut octets = [0; 16];
    SystemRandom.fill(&mut octets).map_err(|_| "no randomness")?;
    Ok(octets)
}

/// A new OID that nobody else has.
pub(crate) fn new_oid() -> Outcome<String> {
    Ok(format!("{UUID_ARC}.{}", u128::from_be_bytes(random()?)))
}

/// The message that carries the documents.
pub(crate) fn compose(sending: &Sending<'_>) -> Outcome<Vec<u8>> {
    let submission = Submission {
        unique_id: new_oid()?,
        source_id: SOURCE_ID,
        sender: Sender {
            name: sending.from_label.to_owned(),
            organisation: sending.from_label.to_owned(),
            address: sending.from.to_string(),
            phone: String::new(),
        },
        now: sending.now,
    };
    let (archive, headers) = pack(sending.documents.clone(), &submission)?;
    let letter = Letter {
        from: sending.from,
        from_label: sending.from_label,
        to: sending.to,
        reply_to: sending.reply_to,
        text: sending.text,
        product: sending.product,
        last: sending.last,
        mode: sending.mode,
        message_id: format!("{}@{}", hex::encode(random()?), sending.from.domain()),
        documents: &headers,
        archive,
    };
    Ok(letter.octets()?)
}

/// `pli letter send`.
pub(crate) fn send(asked: &LetterSendArgs) -> Result<ExitCode, Box<dyn Error + Send + Sync>> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let mode = if asked.test { Mode::Test } else { Mode::Production };
    let (from, to): (MailAddress, MailAddress) = (asked.from.parse()?, asked.to.parse()?);
    let reply_to = asked.reply_to.as_ref().map(|address| address.parse()).transpose()?;
    let octets = read(&asked.document, MAX_DOCUMENT)?;
    let document = match clinical::cda::Header::read(&octets) {
        Ok(_) => octets,
        Err(error) => level1::around(octets, asked, mode, clock.now()).map_err(|reason| {
            format!("{} is no CDA ({error}), and {reason}", asked.document.display())
        })?,
    };
    let text = asked
        .text
        .clone()
        .unwrap_or_else(|| "Bonjour,\n\nVous trouverez ci-joint un document médical.\n".to_owned());
    let message = compose(&Sending {
        documents: vec![document],
        from: &from,
        from_label: &asked.from_label,
        to: &to,
        reply_to: reply_to.as_ref(),
        text: &text,
        product: &asked.product,
        last: asked.last,
        mode,
        now: clock.now(),
    })?;
    let authorities = read(&asked.authorities, MAX_PEM)?;
    let revocations = read(&asked.revocations, MAX_PEM)?;
    let (host, port) = match asked.server.rsplit_once(':') {
        Some((host, port)) => (host.to_owned(), port.parse()?),
        None => (asked.server.clone(), SUBMISSION_PORT),
    };
    let service = Service {
        server_name: asked.server_name.clone().unwrap_or_else(|| host.clone()),
        host,
        port,
        trust: Trust::load(&authorities, &revocations, mode)?,
        identity: Identity::from_pem(&read(&asked.cert, MAX_PEM)?, &read(&asked.key, MAX_PEM)?)?,
        clock,
        from,
    };
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(sent_and_told(&service, &message, &to, asked))
}

/// Submits, and shows the receipts as they come.
async fn sent_and_told(
    service: &Service,
    message: &[u8],
    to: &MailAddress,
    asked: &LetterSendArgs,
) -> Outcome<ExitCode> {
    let mailbox = match &asked.imap {
        Some(imap) => {
            let (host, port) = imap.rsplit_once(':').ok_or("--imap wants HOST:PORT")?;
            Some(Mailbox::open(service, host, port.parse()?).await?)
        }
        None => None,
    };
    let reply = service.submit(message, to).await?;
    writeln!(io::stdout(), "accepted   {reply}")?;
    let Some(mut mailbox) = mailbox else {
        let whose = &service.from;
        writeln!(io::stdout(), "The receipts come to {whose}; --imap shows them here.")?;
        return Ok(ExitCode::SUCCESS);
    };
    let digest = mailstore::message::digest_of(message);
    let message_id = digest.envelope.bare_message_id().ok_or("the letter has no Message-ID")?;
    let shown = async {
        let mut delivered = false;
        loop {
            for receipt in mailbox.receipts(&message_id).await? {
                // What is judged for the record lies in the mailbox, whichever report comes first.
                if !delivered && !matches!(receipt, Receipt::Failed(_)) {
                    delivered = true;
                    writeln!(io::stdout(), "delivered")?;
                }
                match receipt {
                    Receipt::Delivered => {}
                    Receipt::Filed => {
                        writeln!(io::stdout(), "filed")?;
                        return Ok(ExitCode::SUCCESS);
                    }
                    Receipt::NotFiled(why) => {
                        writeln!(io::stdout(), "not filed  {why}")?;
                        return Ok(ExitCode::FAILURE);
                    }
                    Receipt::Failed(why) => {
                        writeln!(io::stdout(), "failed     {why}")?;
                        return Ok(ExitCode::FAILURE);
                    }
                }
            }
        }
    };
    match tokio::time::timeout(Duration::from_secs(asked.wait), shown).await {
        Ok(outcome) => outcome,
        Err(_) => {
            let seconds = asked.wait;
            writeln!(io::stdout(), "No further receipt within {seconds} s; they may still come.")?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
    durable_file::read(path, limit)
        .map_err(|error| format!("{} could not be read: {error}", path.display()).into())
}
