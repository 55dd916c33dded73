//! The receipt: a disposition notification that says of each document whether it is filed, with the
//! national codes where it is not.
//!
//! Three parts (text, `message/disposition-notification`, the message that is answered). Above 8 MB
//! the third holds the header only. The reverse path is `<>`; the author is the citizen's own
//! mailbox. Nothing of a document's content is in it but its path and uniqueId.

use domain::{Lang, MailAddress};
use jiff::Timestamp;
use mail_builder::MessageBuilder;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::date::Date;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::{BodyPart, MimePart};
use record::{Fate, Refusal, label_of};
use std::borrow::Cow;
use std::fmt::Write as _;

/// Octets of a message that is returned whole.
const MAX_RETURNED: usize = 8 * 1024 * 1024;

/// What became of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Its path in the archive; of an archive that did not open, none.
    pub(crate) path: Option<String>,
    /// Its uniqueId.
    pub(crate) unique_id: Option<String>,
    /// SHA-256 of its octets.
    pub(crate) hash: Option<[u8; 32]>,
    /// What became of it.
    pub(crate) fate: Fate,
}

/// A receipt to be written.
#[derive(Clone)]
pub(crate) struct Receipt<'a> {
    /// The citizen's mailbox.
    pub(crate) from: &'a MailAddress,
    /// Who asked for it.
    pub(crate) to: &'a MailAddress,
    /// The name of the operator's server.
    pub(crate) hostname: &'a str,
    /// The receipt's own identifier without angle brackets.
    pub(crate) message_id: &'a str,
    /// When the documents were filed.
    pub(crate) at: Timestamp,
    /// The answered message's identifier without angle brackets.
    pub(crate) original_message_id: Option<&'a str>,
    /// The answered message's subject, decoded.
    pub(crate) original_subject: &'a str,
    /// The answered message's octets.
    pub(crate) original: &'a [u8],
    /// What became of each document.
    pub(crate) outcomes: &'a [Outcome],
}

impl std::fmt::Debug for Receipt<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Receipt({} documents, …)", self.outcomes.len())
    }
}

/// The subject of a receipt for a document that was not filed.
// MSS #69
pub(crate) fn error_subject(code: u16, subject: &str) -> String {
    format!("[KO Int\u{e9}gration syst\u{e8}me !][{code}] {subject}")
}

fn is_header_text(c: &char) -> bool {
    !c.is_control()
}

/// A value without what could end its line.
fn line(text: &str) -> String {
    text.chars().filter(is_header_text).take(900).collect()
}

impl Receipt<'_> {
    /// The first document that was not filed decides.
    fn refusal(&self) -> Option<Refusal> {
        self.outcomes.iter().find_map(|outcome| match outcome.fate {
            Fate::NotFiled(refusal) => Some(refusal),
            _ => None,
        })
    }

    /// The receipt as a message.
    // MSS #68
    // RFC 8098 §3
    pub(crate) fn octets(&self) -> std::io::Result<Vec<u8>> {
        let subject = match self.refusal() {
            Some(refusal) => error_subject(refusal.code(), self.original_subject),
            None => self.original_subject.to_owned(),
        };
        let text = MimePart::new("text/plain", self.text());
        let fields = part("message/disposition-notification", self.fields().into_bytes());
        let kind = ContentType::new("multipart/report")
            .attribute("report-type", "disposition-notification");
        let body = MimePart::new(kind, vec![text, fields, self.original()]);
        let mut message = MessageBuilder::new()
            .header("From", Raw::new(format!("<{}>", self.from)))
            .header("To", Raw::new(format!("<{}>", self.to)))
            .subject(line(&subject))
            .date(Date::new(self.at.as_second()))
            .message_id(self.message_id.to_owned())
            .header("Auto-Submitted", Raw::new("auto-replied"));
        if let Some(original) = self.original_message_id {
            let original = line(original);
            message = message.in_reply_to(original.clone()).references(original);
        }
        message.body(body).write_to_vec()
    }

    /// For people, in both languages.
    fn text(&self) -> String {
        let mut text = String::new();
        for lang in Lang::ALL {
            text.push_str(match (lang, self.refusal().is_some()) {
                (Lang::Fr, true) => {
                    "Au moins un document de votre message n\u{2019}a pas \u{e9}t\u{e9} class\u{e9}.\r\n"
                }
                (Lang::Fr, false) => "Rapport d\u{2019}int\u{e9}gration de votre message.\r\n",
                (Lang::En, true) => "At least one document of your message was not filed.\r\n",
                (Lang::En, false) => "Integration report on your message.\r\n",
            });
            for outcome in self.outcomes {
                let path = outcome.path.as_deref().unwrap_or("IHE_XDM.ZIP");
                let _ = write!(text, "\r\n- {}", line(path));
                if let Fate::NotFiled(refusal) = outcome.fate {
                    let _ = write!(text, " [{}] {}", refusal.code(), label_of(refusal));
                }
                let _ =
                    write!(text, "\r\n  {}\r\n", outcome.fate.sentences().professional.get(lang));
            }
            if lang == Lang::Fr {
                text.push_str("\r\n----\r\n\r\n");
            }
        }
        text
    }

    /// For programs.
    fn fields(&self) -> String {
        let citizen = self.from;
        let mut fields = format!(
            "Reporting-UA: {}; Pli\r\nOriginal-Recipient: rfc822; {citizen}\r\n\
             Final-Recipient: rfc822; {citizen}\r\n",
            self.hostname
        );
        if let Some(id) = self.original_message_id {
            let _ = write!(fields, "Original-Message-ID: <{}>\r\n", ascii(id));
        }
        fields.push_str("Disposition: automatic-action/MDN-sent-automatically; processed");
        if let Some(refusal) = self.refusal() {
            let _ = write!(fields, "/Error: {}^{}", refusal.code(), label_of(refusal));
        }
        fields.push_str("\r\n");
        // Extension fields, one a document.
        // RFC 8098 §3.3
        for outcome in self.outcomes {
            let (name, what) = match &outcome.fate {
                Fate::Filed { entry, predecessor_unknown } => {
                    let first = if *predecessor_unknown { "; predecessor=unknown" } else { "" };
                    ("Pli-Filed-Document", format!("entry={entry}; at={}{first}", self.at))
                }
                Fate::Duplicate { entry } => ("Pli-Duplicate-Document", format!("entry={entry}")),
                Fate::NotFiled(refusal) => {
                    ("Pli-Refused-Document", format!("code={}", refusal.code()))
                }
                Fate::MayBeFiledByHand => continue,
            };
            let _ = write!(fields, "{name}: {what}");
            if let Some(hash) = outcome.hash {
                let _ = write!(fields, ";\r\n sha256={}", hex::encode(hash));
            }
            if let Some(id) = &outcome.unique_id {
                let _ = write!(fields, ";\r\n unique-id={}", ascii(id));
            }
            fields.push_str("\r\n");
        }
        fields
    }

    fn original(&self) -> MimePart<'_> {
        if self.original.len() <= MAX_RETURNED {
            return part("message/rfc822", Cow::Borrowed(self.original));
        }
        let end = self.original.windows(4).position(|at| at == b"\r\n\r\n").map_or(0, |at| at + 4);
        part("text/rfc822-headers", Cow::Borrowed(self.original.get(..end).unwrap_or_default()))
    }
}

fn ascii(text: &str) -> String {
    line(text).chars().filter(char::is_ascii).collect()
}

/// A part that stands as it is: what holds a message may not be encoded.
// RFC 2046 §5.2.1
fn part<'a>(media_type: &'a str, octets: impl Into<Cow<'a, [u8]>>) -> MimePart<'a> {
    let octets = octets.into();
    let encoding = if octets.is_ascii() { "7bit" } else { "8bit" };
    MimePart { headers: Vec::new(), contents: BodyPart::Binary(octets) }
        .header("Content-Type", ContentType::new(media_type))
        .header("Content-Transfer-Encoding", Raw::new(encoding))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail_parser::{MessageParser, MimeHeaders};
    use record::EntryId;

    fn outcome(fate: Fate) -> Outcome {
        Outcome {
            path: Some("IHE_XDM/SUBSET01/DOC0001.XML".into()),
            unique_id: Some("1.2.3^4".into()),
            hash: Some([0xab; 32]),
            fate,
        }
    }

    const SUBJECT: &str = "XDM/1.0/DDM+Lettre de liaison PAT-TROIS DOMINIQUE 28/03/1979 \u{e9}";

    fn written(outcomes: &[Outcome], original: &[u8]) -> Vec<u8> {
        Receipt {
            from: &"279035121518989@patient.example".parse().unwrap(),
            to: &"letters@chu.example".parse().unwrap(),
            hostname: "mail.citizens.example",
            message_id: "r1@mail.citizens.example",
            at: Timestamp::from_second(1_800_000_000).unwrap(),
            original_message_id: Some("1@chu.example"),
            original_subject: SUBJECT,
            original,
            outcomes,
        }
        .octets()
        .unwrap()
    }

    const ORIGINAL: &[u8] =
        b"From: <letters@chu.example>\r\nSubject: x\r\n\r\nBonjour \xc3\xa9\r\n";

    // MSS #68
    #[test]
    fn a_receipt_has_three_parts_with_the_fields_of_the_standard_and_ours() {
        let filed = Fate::Filed { entry: EntryId::from_bytes([7; 16]), predecessor_unknown: false };
        let octets = written(&[outcome(filed)], ORIGINAL);
        let message = MessageParser::default().parse(&octets).unwrap();
        let kind = message.content_type().unwrap();
        assert_eq!(
            (kind.c_type.as_ref(), kind.c_subtype.as_deref()),
            ("multipart", Some("report"))
        );
        assert_eq!(kind.attribute("report-type"), Some("disposition-notification"));
        assert_eq!(message.subject(), Some(SUBJECT));
        assert_eq!(message.in_reply_to().as_text(), Some("1@chu.example"));
        assert_eq!(message.header_raw("Auto-Submitted").map(str::trim), Some("auto-replied"));
        let digest = mailstore::message::digest_of(&octets).structure;
        let kinds: Vec<String> = digest
            .leaves()
            .map(|(_, part)| format!("{}/{}", part.media_type, part.media_subtype))
            .collect();
        assert_eq!(kinds, ["text/plain", "message/disposition-notification", "message/rfc822"]);
        let text = String::from_utf8(octets).unwrap();
        for field in [
            "Original-Recipient: rfc822; 279035121518989@patient.example\r\n",
            "Final-Recipient: rfc822; 279035121518989@patient.example\r\n",
            "Original-Message-ID: <1@chu.example>\r\n",
            "Disposition: automatic-action/MDN-sent-automatically; processed\r\n",
            "Pli-Filed-Document: entry=07070707070707070707070707070707; at=2027-01-15T08:00:00Z;\r\n \
             sha256=abab",
            "unique-id=1.2.3^4\r\n",
            "Bonjour \u{e9}\r\n",
        ] {
            assert!(text.contains(field), "{field}\n{text}");
        }
    }

    // MSS #68, MSS #69
    #[test]
    fn the_first_refusal_gives_code_label_and_subject() {
        let octets = written(
            &[
                outcome(Fate::Duplicate { entry: EntryId::from_bytes([7; 16]) }),
                outcome(Fate::NotFiled(Refusal::UnknownPatient)),
                outcome(Fate::NotFiled(Refusal::HashDiffers)),
            ],
            ORIGINAL,
        );
        let message = MessageParser::default().parse(&octets).unwrap();
        let subject = message.subject().unwrap();
        assert!(
            subject.starts_with("[KO Int\u{e9}gration syst\u{e8}me !][902] XDM/1.0/DDM+"),
            "{subject}"
        );
        let text = String::from_utf8(octets).unwrap();
        let disposition = "processed/Error: 902^Patient inconnu\r\n";
        for part in [disposition, "Pli-Duplicate-Document: ", "code=906"] {
            assert!(text.contains(part), "{part}");
        }
    }

    #[test]
    fn a_large_message_is_returned_as_its_header() {
        let mut large = ORIGINAL.to_vec();
        large.resize(MAX_RETURNED + 1, b'x');
        let octets = written(&[outcome(Fate::NotFiled(Refusal::NoIns))], &large);
        assert!(octets.len() < 10_000);
        let text = String::from_utf8(octets).unwrap();
        assert!(text.contains("text/rfc822-headers") && !text.contains("Bonjour"));
    }
}
