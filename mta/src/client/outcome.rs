//! What became of each recipient, and the one table from failures to temporary or permanent, to stable reason ids
//! and to the status of a delivery report.
//!
//! Invariants: a [`Problem`] of an [`Outcome::Deferred`] has a status of class 4, of an [`Outcome::Refused`] of
//! class 5; a reason has one id, a lower-case slug that logs and metrics may carry.
//! Failure: none.

use domain::Verdict;
use domain::verdict::Area;

use super::failure::{Failure, Loss, TlsFailure};
use super::reply::Reply;
use super::status::{Class, Status};

/// What became of one recipient in one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It lies in a mailbox of our own.
    Stored,
    /// The peer has taken the message for this recipient.
    Delivered {
        /// Its answer to the whole message.
        reply: Reply,
    },
    /// It never will: the sender is told.
    Refused(Problem),
    /// It may later: the recipient stays in the queue.
    Deferred(Problem),
}

/// Why a recipient did not get the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Why, for logs, metrics and texts.
    pub reason: Reason,
    /// For the report.
    pub status: Status,
    /// The peer's answer, where there is one.
    pub reply: Option<Reply>,
    /// A word more for the operator and the report's diagnostic: an alert, a phase. Never what a peer wrote.
    pub detail: Option<String>,
    /// Whether the time for trying again is over; `reason` is then that of the last attempt.
    pub expired: bool,
}

/// Why, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// One of the rules' own verdicts.
    Verdict(Verdict),
    /// The peer answered 5yz.
    PeerRefused,
    /// The peer answered 4yz, or turned the whole connection away.
    PeerDeferred,
    /// The name server does not answer.
    DnsFailed,
    /// The domain leads to no host.
    NoRoute,
    /// The domain takes no mail.
    NullMx,
    /// The peer fell silent.
    PeerTimeout,
    /// The connection was lost.
    ConnectionLost,
    /// A kept connection was gone: a fresh one may serve at once.
    StaleConnection,
    /// The peer does not speak SMTP as it should.
    ProtocolError,
    /// Octets were injected before TLS.
    InjectedBeforeTls,
    /// TLS did not come about.
    TlsFailed,
    /// The peer refuses our certificate.
    OwnCertificateRefused,
    /// The peer lacks 8BITMIME and the message needs it.
    PeerWithout8BitMime,
    /// The body could not be read.
    BodyUnavailable,
    /// An administrator has taken the message out of the queue.
    GivenUp,
}

impl Reason {
    /// A stable name for logs, metrics and the diagnostic of reports.
    pub fn id(self) -> &'static str {
        match self {
            Self::Verdict(verdict) => verdict.as_seen_outside().id(),
            Self::PeerRefused => "peer-refused",
            Self::PeerDeferred => "peer-deferred",
            Self::DnsFailed => "dns-failed",
            Self::NoRoute => "no-route",
            Self::NullMx => "null-mx",
            Self::PeerTimeout => "peer-timeout",
            Self::ConnectionLost => "connection-lost",
            Self::StaleConnection => "stale-connection",
            Self::ProtocolError => "protocol-error",
            Self::InjectedBeforeTls => "injected-before-tls",
            Self::TlsFailed => "tls-failed",
            Self::OwnCertificateRefused => "own-certificate-refused",
            Self::PeerWithout8BitMime => "peer-without-8bitmime",
            Self::BodyUnavailable => "body-unavailable",
            Self::GivenUp => "given-up",
        }
    }

    /// The status where no answer of the peer gives a better one; its class says whether mail stays queued.
    // RFC 3463 §3
    pub fn status(self) -> Status {
        use Class::{Permanent, Temporary};
        match self {
            Self::Verdict(verdict) => {
                Status::from(verdict.enhanced()).in_class(class_when_sending(verdict))
            }
            Self::PeerRefused => Status::new(Permanent, 0, 0),
            Self::PeerDeferred => Status::new(Temporary, 0, 0),
            Self::DnsFailed => Status::new(Temporary, 4, 3),
            Self::NoRoute => Status::new(Temporary, 4, 4),
            // RFC 7505 §4.1
            Self::NullMx => Status::new(Permanent, 1, 10),
            Self::PeerTimeout | Self::ConnectionLost | Self::StaleConnection => {
                Status::new(Temporary, 4, 2)
            }
            Self::ProtocolError => Status::new(Temporary, 5, 0),
            Self::InjectedBeforeTls => Status::new(Temporary, 7, 0),
            Self::TlsFailed | Self::OwnCertificateRefused => Status::new(Temporary, 7, 5),
            // RFC 6152 §3
            Self::PeerWithout8BitMime => Status::new(Permanent, 6, 3),
            Self::BodyUnavailable => Status::new(Temporary, 3, 0),
            Self::GivenUp => Status::new(Permanent, 0, 0),
        }
    }
}

/// Faults of the other operator are mended by people within hours: mail stays queued on them, whatever their code.
// MSS #10, #11, #12, #14, #15
fn class_when_sending(verdict: Verdict) -> Class {
    let final_here = matches!(verdict, Verdict::PeerWithoutSmtpUtf8 | Verdict::DeliveryExpired);
    let mendable = verdict.area() == Area::Peer && !final_here;
    if mendable || verdict.is_temporary() { Class::Temporary } else { Class::Permanent }
}

impl Problem {
    /// A problem that is all said by its reason.
    pub fn new(reason: Reason) -> Self {
        Self { reason, status: reason.status(), reply: None, detail: None, expired: false }
    }

    /// An answer of class 4 or 5; the class of any other answer is taken as 4.
    pub(super) fn answered(reply: Reply) -> Self {
        let reason = match reply.class() {
            Some(Class::Permanent) => Reason::PeerRefused,
            _ => Reason::PeerDeferred,
        };
        let status = reply.status().unwrap_or(reason.status());
        Self { status, reply: Some(reply), ..Self::new(reason) }
    }

    /// The same answer, kept queued although its code is permanent.
    pub(super) fn mendable(reply: Reply) -> Self {
        let status = reply.status().unwrap_or(Reason::PeerDeferred.status());
        let status = status.in_class(Class::Temporary);
        Self { status, reply: Some(reply), ..Self::new(Reason::PeerDeferred) }
    }

    /// The problem when the time for trying again is over.
    // RFC 3463 §3.5
    #[must_use]
    pub fn expired(self) -> Self {
        let status = Reason::Verdict(Verdict::DeliveryExpired).status();
        Self { status, expired: true, ..self }
    }

    /// The outcome that the class of the status stands for.
    pub fn outcome(self) -> Outcome {
        if self.status.class() == Class::Permanent {
            Outcome::Refused(self)
        } else {
            Outcome::Deferred(self)
        }
    }
}

impl Outcome {
    /// The problem, unless delivered.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Stored | Self::Delivered { .. } => None,
            Self::Refused(problem) | Self::Deferred(problem) => Some(problem),
        }
    }

    /// Whether the recipient may be tried again without waiting: on a fresh connection, or in a transaction of
    /// its own because the last one had too many recipients.
    // RFC 5321 §4.5.3.1.10
    pub fn retry_at_once(&self) -> bool {
        let again = [Reason::StaleConnection, Reason::Verdict(Verdict::TooManyRecipients)];
        self.problem().is_some_and(|problem| again.contains(&problem.reason))
    }
}

impl Failure {
    /// Why, in one word.
    pub fn reason(&self) -> Reason {
        let lost = |loss: &Loss| match loss {
            Loss::TimedOut => Reason::PeerTimeout,
            Loss::Closed | Loss::Broken => Reason::ConnectionLost,
        };
        match self {
            Self::Unreachable => Reason::Verdict(Verdict::PeerUnreachable),
            Self::NoRoute => Reason::NoRoute,
            Self::Dns => Reason::DnsFailed,
            Self::NullMx => Reason::NullMx,
            Self::Lost { loss, .. } | Self::Tls(TlsFailure::Lost(loss)) => lost(loss),
            Self::Stale => Reason::StaleConnection,
            Self::TurnedAway { .. } => Reason::PeerDeferred,
            // MSS #15
            Self::TlsNotOffered { .. } => Reason::Verdict(Verdict::PeerWithoutTls),
            Self::InjectedBeforeTls => Reason::InjectedBeforeTls,
            Self::Tls(TlsFailure::Alert(alert)) if alert_about_us(*alert) => {
                Reason::OwnCertificateRefused
            }
            Self::Tls(TlsFailure::Certificate(verdict) | TlsFailure::NotConfigured(verdict))
            | Self::Peer(verdict) => Reason::Verdict(*verdict),
            Self::Tls(_) => Reason::TlsFailed,
            Self::Reply { .. } | Self::Unexpected { .. } | Self::Unasked { .. } => {
                Reason::ProtocolError
            }
            Self::BareLineEnding => Reason::Verdict(Verdict::BareLineEnding),
            Self::BodyUnavailable => Reason::BodyUnavailable,
        }
    }

    /// Why a recipient without an answer of its own did not get the message.
    pub fn problem(&self) -> Problem {
        match self {
            Self::TurnedAway { reply, .. } => Problem::mendable(reply.clone()),
            Self::TlsNotOffered { reply } => {
                Problem { reply: reply.clone(), ..Problem::new(self.reason()) }
            }
            _ => Problem { detail: self.detail(), ..Problem::new(self.reason()) },
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::Lost { phase, .. } => Some(format!("{phase:?}").to_ascii_lowercase()),
            Self::Tls(TlsFailure::Alert(alert)) => Some(format!("alert {}", u8::from(*alert))),
            Self::Reply { .. } | Self::Unexpected { .. } | Self::Unasked { .. } => {
                Some(self.to_string())
            }
            _ => None,
        }
    }

    /// Whether the next hop as such is in trouble, so that other mail for it should wait too.
    pub fn concerns_host(&self) -> bool {
        !matches!(self, Self::BareLineEnding | Self::BodyUnavailable | Self::Stale | Self::NullMx)
    }
}

/// Alerts by which a peer says that it does not take our certificate.
// RFC 8446 §6.2
fn alert_about_us(alert: rustls::AlertDescription) -> bool {
    use rustls::AlertDescription as A;
    matches!(
        alert,
        A::NoCertificate
            | A::BadCertificate
            | A::UnsupportedCertificate
            | A::CertificateRevoked
            | A::CertificateExpired
            | A::CertificateUnknown
            | A::UnknownCA
            | A::DecryptError
            | A::AccessDenied
            | A::CertificateRequired
    )
}
