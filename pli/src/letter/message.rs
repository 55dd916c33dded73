//! The message that carries a document: subject, X-MSS headers, words, and the archive.
//!
//! Invariants: headers say what the archive holds and nothing else does; texts from outside cannot
//! end a header line. The subject is built as the national rules want it and hidden by readers.
//! Failure: none; what does not fit a header is left out of it.

use clinical::cda::Header;
use domain::{MailAddress, Mode};
use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::MimePart;

/// The attachment's name.
const ARCHIVE_NAME: &str = "IHE_XDM.ZIP";
/// Before the label of a subject.
const PREFIX: &str = "XDM/1.0/DDM+";

/// What a message is made of.
#[derive(Debug)]
pub(crate) struct Letter<'a> {
    pub(crate) from: &'a MailAddress,
    /// The name shown as the sender.
    pub(crate) from_label: &'a str,
    pub(crate) to: &'a MailAddress,
    pub(crate) reply_to: Option<&'a MailAddress>,
    /// The words of the message itself.
    pub(crate) text: &'a str,
    /// The product reference (NIL).
    pub(crate) product: &'a str,
    /// The citizen may not answer.
    pub(crate) last: bool,
    pub(crate) mode: Mode,
    pub(crate) message_id: String,
    /// Headers of the documents in the archive.
    pub(crate) documents: &'a [Header],
    pub(crate) archive: Vec<u8>,
}

/// One line of plain words.
fn line(text: &str) -> String {
    let kept = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    kept.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Letter<'_> {
    /// `XDM/1.0/DDM+<label> <NOM> <prenom> <date of birth>`.
    // MSS #51
    fn subject(&self) -> String {
        let Some(document) = self.documents.first() else { return PREFIX.to_owned() };
        let label = document.title.as_deref().unwrap_or("Document");
        let patient = document.patient.traits().ok().map(|traits| {
            format!(
                " {} {} {}",
                traits.birth_name().as_str(),
                traits.first_given_name().as_str(),
                traits.birth_date().strftime("%d/%m/%Y")
            )
        });
        line(&format!("{PREFIX}{label}{}", patient.unwrap_or_default()))
    }

    /// The message, as it is submitted.
    // MSS #42, MSS #47, MSS #48, MSS #49, MSS #53
    pub(crate) fn octets(self) -> std::io::Result<Vec<u8>> {
        let from = match line(self.from_label) {
            label if label.is_empty() => Address::from(self.from.to_string()),
            label => Address::from((label, self.from.to_string())),
        };
        let subject = self.subject();
        let mut message = MessageBuilder::new()
            .from(from)
            .to(self.to.to_string())
            .subject(subject)
            .message_id(self.message_id)
            .header("X-MSS-NIL", Raw::new(line(self.product)))
            .header("Disposition-Notification-To", Raw::new(format!("<{}>", self.from)));
        if let Some(reply_to) = self.reply_to {
            message = message.reply_to(reply_to.to_string());
        }
        let codes = clinical::cda::x_mss_code_cda(self.documents);
        if let Some(codes) = codes {
            message = message.header("X-MSS-CODECDA", Raw::new(line(&codes)));
        }
        if let Some(ins) = clinical::cda::x_mss_ins(self.documents, self.mode) {
            message = message.header("X-MSS-INS", Raw::new(ins));
        }
        if self.last {
            message = message.header("X-MSS-MES", Raw::new("FIN"));
        }
        let archive = MimePart::new("application/zip", self.archive).attachment(ARCHIVE_NAME);
        let text = MimePart::new("text/plain; charset=utf-8", self.text);
        let body = MimePart::new("multipart/mixed", vec![text, archive]);
        let mut octets = Vec::new();
        message.body(body).write_to(&mut octets)?;
        Ok(octets)
    }
}
