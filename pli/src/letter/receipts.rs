//! The receipts of a letter as its sender gets them: reports in the sender's mailbox, read by IMAP
//! with the mailbox's certificate.
//!
//! *delivered* is a delivery report with `Action: delivered`, *filed* a disposition notification
//! `processed`; one with `Error:` says why the document was not filed. Invariants: nothing is changed
//! in the mailbox; what is read is bounded.
//! Failure: a sentence; the letter was accepted all the same.

use super::submit::Service;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pki::tls::{NamePolicy, client_config};
use rustls::pki_types::ServerName;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Octets of a report that are read: the receipts stand at its beginning.
const MAX_REPORT: usize = 64 * 1024;
/// Octets of a line of the server.
const MAX_LINE: u64 = 16 * 1024;
/// Lines of one answer.
const MAX_ANSWER: usize = 100_000;
/// How often the mailbox is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// What a report says of the letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Receipt {
    /// It lies in the mailbox.
    Delivered,
    /// It is in the record.
    Filed,
    /// It lies in the mailbox and is not in the record: code and label.
    NotFiled(String),
    /// It could not be delivered: the report's own words.
    Failed(String),
}

/// What a report says of the letter with this Message-ID, if it speaks of it.
fn receipt_of(report: &str, message_id: &str) -> Option<Receipt> {
    if !report.contains(message_id) {
        return None;
    }
    let field = |name: &str| {
        report.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    if let Some(disposition) = field("Disposition") {
        return Some(match disposition.split_once("Error:") {
            Some((_, why)) => Receipt::NotFiled(why.trim().to_owned()),
            None => Receipt::Filed,
        });
    }
    match field("Action")?.as_str() {
        "delivered" => Some(Receipt::Delivered),
        "failed" => Some(Receipt::Failed(field("Diagnostic-Code").unwrap_or_default())),
        _ => None,
    }
}

/// A mailbox that is read.
pub(super) struct Mailbox {
    stream: BufReader<TlsStream<TcpStream>>,
    tag: u32,
    /// The first message that may be a receipt.
    next: u32,
}

impl Mailbox {
    /// Opens the sender's INBOX at an IMAP service with TLS from the first octet.
    pub(super) async fn open(service: &Service, host: &str, port: u16) -> Outcome<Self> {
        let config =
            client_config(&service.identity, &service.trust, NamePolicy::Compared, &service.clock)?;
        let stream = TcpStream::connect((host, port)).await?;
        let name = ServerName::try_from(service.server_name.clone())?;
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
        let mut mailbox = Self { stream: BufReader::new(stream), tag: 0, next: 1 };
        mailbox.line().await?;
        let who = STANDARD.encode(service.from.to_string());
        mailbox.command(&format!("AUTHENTICATE EXTERNAL {who}")).await?;
        let answer = mailbox.command("EXAMINE INBOX").await?;
        let next = answer.iter().find_map(|line| line.split_once("[UIDNEXT "));
        let next = next.and_then(|(_, rest)| rest.split(']').next()?.parse().ok());
        mailbox.next = next.ok_or("the mail service does not say UIDNEXT")?;
        Ok(mailbox)
    }

    /// Waits for the next receipts of a letter.
    pub(super) async fn receipts(&mut self, message_id: &str) -> Outcome<Vec<Receipt>> {
        loop {
            let command = format!("UID FETCH {}:* (UID BODY.PEEK[]<0.{MAX_REPORT}>)", self.next);
            let answer = self.command(&command).await?;
            let mut found = Vec::new();
            for report in answer.iter().filter(|line| line.contains("BODY[]")) {
                let uid = report.split_once("UID ").and_then(|(_, rest)| {
                    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u32>().ok()
                });
                // `*` names the last message even when it is an older one.
                let Some(uid) = uid.filter(|uid| *uid >= self.next) else { continue };
                self.next = uid.saturating_add(1);
                found.extend(receipt_of(report, message_id));
            }
            if !found.is_empty() {
                return Ok(found);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Says a command; the answer's lines, literals included in theirs.
    async fn command(&mut self, command: &str) -> Outcome<Vec<String>> {
        self.tag += 1;
        let tag = format!("a{} ", self.tag);
        self.stream.write_all(format!("{tag}{command}\r\n").as_bytes()).await?;
        self.stream.flush().await?;
        let mut answer = Vec::new();
        while answer.len() < MAX_ANSWER {
            let line = self.line().await?;
            if let Some(status) = line.strip_prefix(&tag) {
                return if status.starts_with("OK") { Ok(answer) } else { Err(status.into()) };
            }
            answer.push(line);
        }
        Err("the mail service answers without end".into())
    }

    async fn line(&mut self) -> Outcome<String> {
        let mut whole = Vec::new();
        loop {
            let mut line = Vec::new();
            let read = (&mut self.stream).take(MAX_LINE).read_until(b'\n', &mut line).await?;
            if read == 0 {
                return Err("the mail service has closed the connection".into());
            }
            whole.extend_from_slice(&line);
            let text = String::from_utf8_lossy(&line);
            let literal = text.trim_end().strip_suffix('}').and_then(|text| text.rsplit_once('{'));
            let Some(Ok(length)) = literal.map(|(_, length)| length.parse::<usize>()) else {
                return Ok(String::from_utf8_lossy(&whole).into_owned());
            };
            if length > MAX_REPORT {
                return Err("the mail service sends more than was asked for".into());
            }
            let mut octets = vec![0; length];
            self.stream.read_exact(&mut octets).await?;
            whole.extend(octets);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_what_became_of_the_letter() {
        let of = |fields: &str| receipt_of(&format!("x <1@chu>\r\n{fields}\r\n"), "1@chu");
        assert_eq!(of("Action: delivered"), Some(Receipt::Delivered));
        assert_eq!(
            of("Disposition: automatic-action/MDN-sent-automatically; processed"),
            Some(Receipt::Filed)
        );
        let error = "Disposition: automatic-action/MDN-sent-automatically; processed/Error: 904^x";
        assert_eq!(of(error), Some(Receipt::NotFiled("904^x".into())));
        assert_eq!(
            of("Action: failed\r\nDiagnostic-Code: smtp; 550 5.1.1"),
            Some(Receipt::Failed("smtp; 550 5.1.1".into()))
        );
        assert_eq!(of("Action: relayed"), None);
        assert_eq!(receipt_of("Action: delivered", "1@chu"), None);
    }
}
