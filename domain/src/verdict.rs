//! Refusals: what the rules say when a message cannot go on, as values.
//!
//! A verdict has one SMTP code with its enhanced code, one sentence for a professional, one for a citizen, and
//! the next thing to do, each in French and English. Codes and texts stand in this module and nowhere else; the
//! protocols turn them into replies, reports and pages.
//!
//! Invariants: every verdict has an id of its own and every text; a reader outside cannot tell an account that
//! objected from one that never was ([`Verdict::as_seen_outside`]); no text names a person.
//! Failure: none; a stored id that is not known is [`UnknownVerdict`].

mod message;
mod peer;
mod recipient;
mod sender;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::gate::text_value;
use crate::lang::Bilingual;

/// An enhanced status code such as `5.7.1`.
// RFC 3463 §2
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnhancedCode {
    class: u8,
    subject: u16,
    detail: u16,
}

impl EnhancedCode {
    const fn new(class: u8, subject: u16, detail: u16) -> Self {
        Self { class, subject, detail }
    }

    /// 4 for the time being, 5 for good.
    pub fn class(self) -> u8 {
        self.class
    }

    /// What it is about.
    pub fn subject(self) -> u16 {
        self.subject
    }

    /// What exactly.
    pub fn detail(self) -> u16 {
        self.detail
    }
}

impl fmt::Display for EnhancedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// What a verdict is about. A relay keeps mail queued on every [`Area::Peer`] verdict about the other operator,
/// permanent codes included: such faults are mended by people within hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Area {
    /// The connection and the other operator: TLS, certificate, domain list.
    Peer,
    /// Who sends, and whether they may.
    Sender,
    /// Who receives.
    Recipient,
    /// The message itself, or our means to keep it.
    Message,
}

/// All that the tables know of one verdict.
struct Row {
    id: &'static str,
    area: Area,
    code: u16,
    enhanced: EnhancedCode,
    professional: Bilingual,
    citizen: Bilingual,
    next: Bilingual,
}

/// One list makes the enum, [`Verdict::ALL`] and the way from a verdict to its row.
macro_rules! verdicts {
    ($($(#[$meta:meta])* $name:ident => $row:expr,)+) => {
        /// Why a message, or a step of its way, is refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum Verdict {
            $($(#[$meta])* $name,)+
        }

        impl Verdict {
            /// Every verdict.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            fn row(self) -> &'static Row {
                match self {
                    $(Self::$name => &$row,)+
                }
            }
        }
    };
}

verdicts! {
    /// MAIL before STARTTLS.
    TlsRequired => peer::TLS_REQUIRED,
    /// The other operator's server offers no STARTTLS.
    PeerWithoutTls => peer::PEER_WITHOUT_TLS,
    /// No client certificate.
    CertificateMissing => peer::CERTIFICATE_MISSING,
    /// The certificate's time is over.
    CertificateExpired => peer::CERTIFICATE_EXPIRED,
    /// The certificate's time has not begun.
    CertificateNotYetValid => peer::CERTIFICATE_NOT_YET_VALID,
    /// The certificate is on the revocation list.
    CertificateRevoked => peer::CERTIFICATE_REVOKED,
    /// The certificate comes from another authority, or its chain, usage or form is wrong.
    CertificateUntrusted => peer::CERTIFICATE_UNTRUSTED,
    /// A certificate of test land reached an operator that serves real people.
    CertificateForTests => peer::CERTIFICATE_FOR_TESTS,
    /// The server's certificate lacks the server name that the route demands.
    CertificateNameMismatch => peer::CERTIFICATE_NAME_MISMATCH,
    /// The revocation list is out of date.
    CrlExpired => peer::CRL_EXPIRED,
    /// The certificate's DN is nowhere in the domain list.
    OperatorNotListed => peer::OPERATOR_NOT_LISTED,
    /// Our domain list is too old to admit a peer that it does not already name.
    DomainListStale => peer::DOMAIN_LIST_STALE,
    /// The domain of MAIL FROM is not the peer's.
    SenderDomainNotPeers => peer::SENDER_DOMAIN_NOT_PEERS,
    /// The domain of From is not the peer's.
    FromDomainNotPeers => peer::FROM_DOMAIN_NOT_PEERS,
    /// A peer writes in the name of one of our own domains.
    ClaimsOwnDomain => peer::CLAIMS_OWN_DOMAIN,
    /// The server that we reached is not listed for the recipient's domain.
    ServerNotListed => peer::SERVER_NOT_LISTED,
    /// The other operator's server does not answer.
    PeerUnreachable => peer::PEER_UNREACHABLE,
    /// The time for trying again is over.
    DeliveryExpired => peer::DELIVERY_EXPIRED,
    /// The other operator's server cannot take an address with letters outside ASCII.
    PeerWithoutSmtpUtf8 => peer::PEER_WITHOUT_SMTPUTF8,

    /// Submission without authentication.
    AuthenticationRequired => sender::AUTHENTICATION_REQUIRED,
    /// Credentials that open nothing.
    AuthenticationFailed => sender::AUTHENTICATION_FAILED,
    /// Too many wrong credentials; later again.
    AuthenticationThrottled => sender::AUTHENTICATION_THROTTLED,
    /// MAIL FROM or From is not an account on which the actor may send.
    FromMismatch => sender::FROM_MISMATCH,
    /// A peer asks us to relay to a domain that is not ours.
    RelayRefused => sender::RELAY_REFUSED,
    /// MAIL FROM is no address.
    SenderMalformed => sender::SENDER_MALFORMED,
    /// MAIL FROM is `<>` and the body is no report.
    NullSenderWithoutReport => sender::NULL_SENDER_WITHOUT_REPORT,
    /// More messages than the limit in the time.
    SendingTooFast => sender::SENDING_TOO_FAST,
    /// A citizen writes to a mailbox that never wrote to them.
    CitizenFirst => sender::CITIZEN_FIRST,
    /// A citizen writes to a citizen.
    CitizenToCitizen => sender::CITIZEN_TO_CITIZEN,
    /// A citizen writes into an exchange that the professional has ended.
    ExchangeClosed => sender::EXCHANGE_CLOSED,

    // MSS #35
    /// No account has the address.
    RecipientUnknown => recipient::RECIPIENT_UNKNOWN,
    // MSS #36
    /// The citizen objected to an account. Outside, the same as [`Verdict::RecipientUnknown`].
    RecipientObjected => recipient::RECIPIENT_OBJECTED,
    // MSS #35
    /// The account is closed.
    MailboxClosed => recipient::MAILBOX_CLOSED,
    // MSS #35
    /// The address is no address, or a citizen's address without a right INS.
    RecipientMalformed => recipient::RECIPIENT_MALFORMED,
    /// The recipient's domain is not in the domain list.
    RecipientDomainNotListed => recipient::RECIPIENT_DOMAIN_NOT_LISTED,
    /// More recipients than one message may have.
    TooManyRecipients => recipient::TOO_MANY_RECIPIENTS,
    /// The mailbox is full.
    QuotaExceeded => recipient::QUOTA_EXCEEDED,

    /// Larger than the limit.
    MessageTooLarge => message::MESSAGE_TOO_LARGE,
    /// A CR or LF on its own.
    BareLineEnding => message::BARE_LINE_ENDING,
    /// No message that can be read: From missing or twice, a line too long, parts that do not end.
    MessageMalformed => message::MESSAGE_MALFORMED,
    /// The scanner found malware.
    MalwareFound => message::MALWARE_FOUND,
    /// The message has passed too many servers.
    MailLoop => message::MAIL_LOOP,
    /// No room, or the disk refuses.
    StorageUnavailable => message::STORAGE_UNAVAILABLE,
    /// Something else failed on our side.
    InternalFailure => message::INTERNAL_FAILURE,
    /// We are stopping or overloaded.
    ServiceUnavailable => message::SERVICE_UNAVAILABLE,
}

impl Verdict {
    /// A stable name for logs and metrics of this operator; never sent outside, since it keeps apart what
    /// [`Verdict::as_seen_outside`] makes one.
    pub fn id(self) -> &'static str {
        self.row().id
    }

    /// The verdict that anybody but this operator sees: an account that objected looks like one that never was.
    /// Code, enhanced code and texts are already those of it.
    // MSS #36
    pub fn as_seen_outside(self) -> Self {
        match self {
            Self::RecipientObjected => Self::RecipientUnknown,
            verdict => verdict,
        }
    }

    /// What it is about.
    pub fn area(self) -> Area {
        self.row().area
    }

    /// The SMTP reply code.
    // RFC 5321 §4.2
    pub fn code(self) -> u16 {
        self.outside_row().code
    }

    /// The enhanced status code.
    // RFC 3463
    // RFC 5248
    pub fn enhanced(self) -> EnhancedCode {
        self.outside_row().enhanced
    }

    /// Whether the same message may pass later.
    // RFC 5321 §4.2.1
    pub fn is_temporary(self) -> bool {
        self.enhanced().class == 4
    }

    /// One sentence for a professional or an operator.
    pub fn professional(self) -> Bilingual {
        self.outside_row().professional
    }

    /// A sentence or two for a citizen, in plain words.
    pub fn citizen(self) -> Bilingual {
        self.outside_row().citizen
    }

    /// The next thing to do, in plain words.
    pub fn next_step(self) -> Bilingual {
        self.outside_row().next
    }

    fn outside_row(self) -> &'static Row {
        self.as_seen_outside().row()
    }
}

impl fmt::Display for Verdict {
    /// The id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl std::error::Error for Verdict {}

/// The id is none of a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no verdict has this id")]
pub struct UnknownVerdict;

impl FromStr for Verdict {
    type Err = UnknownVerdict;

    /// Reads an id.
    fn from_str(id: &str) -> Result<Self, UnknownVerdict> {
        Self::ALL.iter().copied().find(|verdict| verdict.id() == id).ok_or(UnknownVerdict)
    }
}

text_value!(Verdict);

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::lang::Lang;

    fn texts(verdict: Verdict) -> Vec<&'static str> {
        let texts = [verdict.professional(), verdict.citizen(), verdict.next_step()];
        texts.into_iter().flat_map(|text| Lang::ALL.map(|lang| text.get(lang))).collect()
    }

    #[test]
    fn ids_are_unique_slugs_and_read_back() {
        let ids: BTreeSet<_> = Verdict::ALL.iter().map(|verdict| verdict.id()).collect();
        assert_eq!(ids.len(), Verdict::ALL.len());
        for verdict in Verdict::ALL {
            let id = verdict.id();
            assert!(id.split('-').all(|word| !word.is_empty()), "{id}");
            assert!(
                id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{id}"
            );
            assert_eq!(id.parse(), Ok(*verdict));
        }
        assert_eq!("x".parse::<Verdict>(), Err(UnknownVerdict));
    }

    #[test]
    fn every_text_is_a_sentence_in_both_languages() {
        for verdict in Verdict::ALL {
            for text in texts(*verdict) {
                assert!(
                    text.len() > 15 && text.ends_with('.') && text.trim() == text,
                    "{verdict}: {text:?}"
                );
                assert!(!text.contains("  ") && !text.contains('\n'), "{verdict}: {text:?}");
            }
            for text in [verdict.professional(), verdict.citizen(), verdict.next_step()] {
                assert_ne!(text.fr, text.en, "{verdict}");
            }
        }
    }

    #[test]
    fn citizens_read_no_jargon() {
        let acronyms = ["SMTP", "TLS", "DNS", "CRL", "DN ", "MAIL FROM", "INS"];
        let words = ["certificat", "opérateur", "operator", "serveur", "server"];
        for verdict in Verdict::ALL {
            let (citizen, next) = (verdict.citizen(), verdict.next_step());
            for text in [citizen.fr, citizen.en, next.fr, next.en] {
                assert!(!acronyms.iter().any(|word| text.contains(word)), "{verdict}: {text}");
            }
            for text in [citizen.fr, citizen.en] {
                assert!(!words.iter().any(|word| text.contains(word)), "{verdict}: {text}");
            }
        }
    }

    #[test]
    fn codes_agree() {
        for verdict in Verdict::ALL {
            let class = verdict.code() / 100;
            assert_eq!(class, u16::from(verdict.enhanced().class()), "{verdict}");
            assert!(matches!(class, 4 | 5), "{verdict}");
            assert_eq!(verdict.is_temporary(), class == 4, "{verdict}");
            assert!(verdict.enhanced().subject() <= 7, "{verdict}");
        }
    }

    #[test]
    fn codes_of_the_specification() {
        for (verdict, reply) in [
            (Verdict::TlsRequired, "530 5.7.0"),
            (Verdict::CrlExpired, "454 4.7.5"),
            (Verdict::SenderDomainNotPeers, "550 5.7.1"),
            (Verdict::AuthenticationThrottled, "454 4.7.0"),
            (Verdict::FromMismatch, "550 5.7.1"),
            (Verdict::RelayRefused, "550 5.7.1"),
            (Verdict::RecipientUnknown, "550 5.1.1"),
            (Verdict::RecipientObjected, "550 5.1.1"),
            (Verdict::MailboxClosed, "550 5.2.1"),
            (Verdict::RecipientMalformed, "550 5.1.3"),
            (Verdict::TooManyRecipients, "452 4.5.3"),
            (Verdict::QuotaExceeded, "452 4.2.2"),
            (Verdict::MessageTooLarge, "552 5.3.4"),
            (Verdict::BareLineEnding, "550 5.6.0"),
            (Verdict::StorageUnavailable, "452 4.3.1"),
        ] {
            assert_eq!(format!("{} {}", verdict.code(), verdict.enhanced()), reply, "{verdict}");
        }
    }

    #[test]
    fn nobody_outside_tells_objected_from_unknown() {
        let (objected, unknown) = (Verdict::RecipientObjected, Verdict::RecipientUnknown);
        assert_eq!(objected.as_seen_outside(), unknown);
        assert_eq!((objected.code(), objected.enhanced()), (unknown.code(), unknown.enhanced()));
        assert_eq!(texts(objected), texts(unknown));
        assert_ne!(objected.id(), unknown.id());
        // Three cases, three texts (MSS #35).
        let cases = [unknown, Verdict::MailboxClosed, Verdict::RecipientMalformed];
        assert_eq!(cases.map(texts).into_iter().collect::<BTreeSet<_>>().len(), 3);
    }
}
