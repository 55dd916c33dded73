//! Our own exchange format, in which operators publish and in which every source is kept: JSON lines, UTF-8.
//!
//! ```text
//! {"directory":{"version":1,"source":"operator-hopital-nord"}}
//! {"mailbox":{"address":"…","kind":"PER","professional":{…},"organisation":{…},"rank":1,…}}
//! {"certificate":{"fingerprint":"<hex>","issuer":"CN=…","serial":"<hex>","subject":"CN=…",
//!                 "bound_to":{"mailbox":"…"}}}
//! {"end":{"records":2,"sha256":"<hex of all octets before this line>"}}
//! ```
//! The first line names version and source, the last counts the records between. `sha256` may be missing where the
//! file is handed over by a person; a kept file has it. A mailbox has the members `address`, `kind` (PER, ORG, APP,
//! CAB), `professional` (`id`, `title`, `given_name`, `family_name`, `profession` and `skills` of `code` and `label`,
//! `places`), `organisation` (`id`, `legal_name`, `trade_name`, `address`), `rank`, `description`, `service`,
//! `responsible`, `phone`, `on_red_list`, `accepts_citizen_prescriptions`, `digital_only`. A member that is not known
//! is a fault of its line: a later version has another number.
//!
//! Invariants: a file without its last line counts for nothing, so a cut file withdraws nobody; a line that is wrong
//! costs that line; a mailbox whose kind is another than in the source's last publication keeps the old record.
//! Failure: [`ImportError`].

use std::io::{self, BufRead, Write};

use aws_lc_rs::digest::{Context, SHA256};
use domain::CitizenDomains;
use serde::{Deserialize, Serialize};

use crate::certificate::{BoundTo, CertificateBinding};
use crate::fault::{FaultReason, ImportError, ImportReport, Limits};
use crate::lines::{Line, Lines};
use crate::mailbox::{Mailbox, MailboxRecord};
use crate::source::Source;
use crate::table::{Builder, Repeated, SourceTable};

/// The version that we read and write.
pub const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Record {
    Directory(Header),
    Mailbox(Box<MailboxRecord>),
    Certificate(Box<CertificateBinding>),
    End(End),
}

#[derive(Serialize, Deserialize)]
struct Header {
    version: u32,
    source: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    records: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
}

/// How a file is read.
pub(crate) struct Reading<'a> {
    pub(crate) source: &'a Source,
    pub(crate) citizens: &'a CitizenDomains,
    pub(crate) limits: Limits,
    /// The source's publication in force, for what does not change.
    pub(crate) previous: Option<&'a SourceTable>,
    /// Whether the checksum must be there.
    pub(crate) sealed: bool,
}

/// Reads a file of the exchange format into a table.
pub(crate) fn read(
    from: impl BufRead,
    reading: &Reading<'_>,
) -> Result<(SourceTable, ImportReport), ImportError> {
    let mut lines = Lines::new(from, reading.limits);
    let mut report = ImportReport::default();
    let mut hash = Context::new(&SHA256);
    let full = |_| ImportError::TooLarge;
    read_header(&mut lines, &mut hash, reading.source)?;
    let mut builder = Builder::new().map_err(full)?;
    let mut records = 0;
    let end = loop {
        let line = match lines.next()? {
            None => return Err(ImportError::Cut),
            Some(Line::TooLong) => Err(FaultReason::TooLong),
            Some(Line::Octets(octets)) => match serde_json::from_slice(octets) {
                Ok(Record::End(end)) => break end,
                record => {
                    hash.update(octets);
                    hash.update(b"\n");
                    if octets.is_empty() {
                        continue;
                    }
                    record.map_err(|_| FaultReason::NotARecord)
                }
            },
        };
        records += 1;
        let taken = match line {
            Ok(Record::Mailbox(record)) => match reading.mailbox(*record) {
                Ok((mailbox, changed)) => {
                    let added = builder.add(mailbox, Repeated::Refused).map_err(full)?;
                    added.and(changed)
                }
                Err(reason) => Err(reason),
            },
            Ok(Record::Certificate(binding)) => match reading.certificate(&binding) {
                Ok(()) => builder.bind(&binding).map(Ok).map_err(full)?,
                Err(reason) => Err(reason),
            },
            Ok(Record::Directory(_) | Record::End(_)) => Err(FaultReason::NotARecord),
            Err(reason) => Err(reason),
        };
        if let Err(reason) = taken {
            report.faults.add(lines.number(), reason);
        }
    };
    if end.records != records || lines.next()?.is_some() {
        return Err(ImportError::Cut);
    }
    match end.sha256 {
        Some(sum) if sum.eq_ignore_ascii_case(&hex::encode(hash.finish())) => {}
        None if !reading.sealed => {}
        _ => return Err(ImportError::Checksum),
    }
    let table = builder.finish().map_err(full)?;
    report.mailboxes = table.len();
    report.certificates = table.certificate_count();
    Ok((table, report))
}

fn read_header(
    lines: &mut Lines<impl BufRead>,
    hash: &mut Context,
    source: &Source,
) -> Result<(), ImportError> {
    let Some(Line::Octets(octets)) = lines.next()? else {
        return Err(ImportError::Version);
    };
    hash.update(octets);
    hash.update(b"\n");
    match serde_json::from_slice(octets) {
        Ok(Record::Directory(Header { version: VERSION, source: named })) => {
            if named == source.to_string() { Ok(()) } else { Err(ImportError::OtherSource) }
        }
        _ => Err(ImportError::Version),
    }
}

impl Reading<'_> {
    /// The mailbox to keep, and whether it is the earlier one because the record would change its kind.
    // MSS #85
    fn mailbox(
        &self,
        record: MailboxRecord,
    ) -> Result<(Mailbox, Result<(), FaultReason>), FaultReason> {
        let mailbox = record.checked(self.citizens)?;
        let earlier = self.previous.and_then(|table| {
            let number = table.find(&mailbox.address().lookup_key())?;
            table.mailbox(number)
        });
        Ok(match earlier {
            Some(earlier) if earlier.kind() != mailbox.kind() => {
                (earlier, Err(FaultReason::KindChanged))
            }
            _ => (mailbox, Ok(())),
        })
    }

    fn certificate(&self, binding: &CertificateBinding) -> Result<(), FaultReason> {
        match &binding.bound_to {
            BoundTo::Mailbox(address) if self.citizens.contains(address.domain()) => {
                Err(FaultReason::Citizen)
            }
            _ => Ok(()),
        }
    }
}

/// Writes the entries of a source.
///
/// # Errors
/// What `to` returns.
pub fn write(
    source: &Source,
    mailboxes: impl IntoIterator<Item = Mailbox>,
    certificates: impl IntoIterator<Item = CertificateBinding>,
    to: impl Write,
) -> io::Result<()> {
    let mut to = Hashing { to, hash: Context::new(&SHA256) };
    let header = Header { version: VERSION, source: source.to_string() };
    to.record(&Record::Directory(header))?;
    let mut records = 0;
    for mailbox in mailboxes {
        to.record(&Record::Mailbox(Box::new(mailbox.into())))?;
        records += 1;
    }
    for certificate in certificates {
        to.record(&Record::Certificate(Box::new(certificate)))?;
        records += 1;
    }
    let sha256 = Some(hex::encode(to.hash.clone().finish()));
    to.record(&Record::End(End { records, sha256 }))?;
    to.to.flush()
}

/// A writer that hashes.
struct Hashing<W> {
    to: W,
    hash: Context,
}

impl<W: Write> Hashing<W> {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        self.hash.update(&line);
        self.to.write_all(&line)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::generated;

    fn read_all(file: &[u8], sealed: bool) -> Result<(SourceTable, ImportReport), ImportError> {
        let citizens = CitizenDomains::default();
        let (limits, source) = (Limits::default(), &Source::National);
        read(file, &Reading { source, citizens: &citizens, limits, previous: None, sealed })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..Default::default() })]

        #[test]
        fn what_is_written_is_read_again(mut mailboxes in generated::mailboxes()) {
            let mut file = Vec::new();
            write(&Source::National, mailboxes.clone(), [], &mut file).unwrap();
            let (table, report) = read_all(&file, true).unwrap();
            prop_assert_eq!(report.faults.kept(), []);
            let mut found: Vec<_> = table.mailboxes().collect();
            found.sort_by(|one, other| one.address().cmp(other.address()));
            mailboxes.sort_by(|one, other| one.address().cmp(other.address()));
            prop_assert_eq!(found, mailboxes);
        }

        #[test]
        fn any_octet_that_changes_is_noticed(
            mailboxes in generated::mailboxes(), at in any::<usize>(), bit in 0..8,
        ) {
            let mut file = Vec::new();
            write(&Source::National, mailboxes, [], &mut file).unwrap();
            let at = at % file.len();
            file[at] ^= 1_u8 << bit;
            // The last line is not under its own checksum.
            if let Ok((_, report)) = read_all(&file, true) {
                prop_assert!(at >= file.len() - 110, "{} of {}: {:?}", at, file.len(), report);
            }
        }

        #[test]
        fn nothing_panics(text in "\\PC{0,200}", octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            let header = "{\"directory\":{\"version\":1,\"source\":\"national\"}}\n";
            let _ = read_all(&[header.as_bytes(), text.as_bytes()].concat(), false);
            let _ = read_all(&[header.as_bytes(), &octets, b"\n{\"end\":{\"records\":1}}"].concat(), false);
            let _ = read_all(&octets, false);
        }
    }
}
