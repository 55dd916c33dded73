//! The words of a report, French first, then English.
//!
//! Sentences about a cause are the domain's own verdicts wherever one fits; here stand those that no verdict has, and
//! the frame around them.
//!
//! Invariants: a text for a citizen quotes no server; three distinct texts tell an unknown, a closed and a malformed
//! address; lines end in LF. Failure: none.

use domain::{Bilingual, Lang, Verdict};
use jiff::Timestamp;

use super::super::outcome::{Problem, Reason};
use super::super::reply::visible;
use super::super::status::Class;
use super::{Action, Dsn, Event, Reader, RecipientReport};

/// Longest label of a recipient, in characters.
const MAX_LABEL: usize = 120;

/// The subject.
// MSS #35
pub(super) fn subject(action: Action) -> &'static str {
    match action {
        Action::Failed => "Message non distribué",
        Action::Delayed => "Message en attente",
        Action::Relayed => "Message transmis",
        Action::Delivered => "Message remis",
    }
}

/// The whole text.
pub(super) fn body(dsn: &Dsn) -> String {
    let french = in_language(dsn, Lang::Fr);
    let english = in_language(dsn, Lang::En);
    format!("{french}\n----- English -----\n\n{english}")
}

fn in_language(dsn: &Dsn, lang: Lang) -> String {
    let mut out = String::new();
    for action in Action::ALL {
        let told = || dsn.recipients.iter().filter(|report| report.action() == action);
        if told().next().is_none() {
            continue;
        }
        let when = civil(dsn, dsn.original.accepted_at, lang);
        out.push_str(&introduction(action).get(lang).replace("{when}", &when));
        out.push('\n');
        for report in told() {
            out.push('\n');
            for line in about(dsn, report, lang) {
                out.push_str(&format!("    {line}\n"));
            }
        }
        out.push('\n');
    }
    out.push_str(CLOSING.get(lang));
    out.push('\n');
    out
}

fn introduction(action: Action) -> Bilingual {
    match action {
        Action::Failed => Bilingual {
            fr: "Votre message du {when} n'a pas été distribué à :",
            en: "Your message of {when} has not been delivered to:",
        },
        Action::Delayed => Bilingual {
            fr: "Votre message du {when} n'est pas encore remis à :",
            en: "Your message of {when} is not delivered yet to:",
        },
        Action::Relayed => Bilingual {
            fr: "Votre message du {when} a été transmis à une messagerie qui n'envoie pas d'avis de remise, pour :",
            en: "Your message of {when} was handed to a mail service that sends no delivery notices, for:",
        },
        Action::Delivered => Bilingual {
            fr: "Votre message du {when} a été remis à :",
            en: "Your message of {when} has been delivered to:",
        },
    }
}

/// Whom a citizen wrote to, when the directory has no name for it.
const NO_LABEL: Bilingual = Bilingual { fr: "Votre correspondant", en: "Your correspondent" };

const CLOSING: Bilingual = Bilingual {
    fr: "Cet avis est envoyé automatiquement ; il n'attend pas de réponse.",
    en: "This notice is sent automatically; it expects no answer.",
};

const RETRIED_UNTIL: Bilingual = Bilingual {
    fr: "Nous réessayons jusqu'au {until}. Vous n'avez rien à faire.",
    en: "We keep trying until {until}. There is nothing for you to do.",
};

const LAST_CAUSE: Bilingual =
    Bilingual { fr: "Au dernier essai : {cause}", en: "At the last try: {cause}" };

const ANSWER: Bilingual = Bilingual {
    fr: "Réponse du serveur{host} : {answer}",
    en: "Answer of the server{host}: {answer}",
};

/// The lines about one recipient.
fn about(dsn: &Dsn, report: &RecipientReport, lang: Lang) -> Vec<String> {
    // MSS #46
    let otherwise = || match dsn.reader {
        Reader::Professional => report.recipient.address.to_string(),
        Reader::Citizen => NO_LABEL.get(lang).to_owned(),
    };
    let label = report.label.as_deref().map(|label| visible(label, MAX_LABEL));
    let mut lines = vec![label.unwrap_or_else(otherwise)];
    let Some(problem) = report.problem() else { return lines };
    lines.push(sentence(cause(problem), dsn.reader, lang).to_owned());
    if problem.expired && dsn.reader == Reader::Professional {
        let last = Problem { status: problem.reason.status(), expired: false, ..problem.clone() };
        let last = sentence(cause(&last), dsn.reader, lang);
        lines.push(LAST_CAUSE.get(lang).replace("{cause}", last));
    }
    match &report.event {
        Event::Delayed { retried_until, .. } => {
            let until = civil(dsn, *retried_until, lang);
            lines.push(RETRIED_UNTIL.get(lang).replace("{until}", &until));
        }
        _ => lines.push(cause(problem).next.get(lang).to_owned()),
    }
    if dsn.reader == Reader::Professional
        && let Some(reply) = &problem.reply
    {
        let host = report.remote_mta.as_deref().map(|host| format!(" {}", visible(host, 255)));
        let status = reply.status().map(|status| format!("{status} ")).unwrap_or_default();
        let answer = format!("{} {status}{}", reply.code(), reply.text());
        let line = ANSWER.get(lang).replace("{host}", &host.unwrap_or_default());
        lines.push(line.replace("{answer}", answer.trim_end()));
    }
    lines
}

fn civil(dsn: &Dsn, instant: Timestamp, lang: Lang) -> String {
    let form = match lang {
        Lang::Fr => "%d/%m/%Y à %H:%M",
        Lang::En => "%-d %B %Y at %H:%M",
    };
    instant.to_zoned(dsn.zone.clone()).strftime(form).to_string()
}

/// The three sentences about a cause.
#[derive(Clone, Copy)]
struct Cause {
    professional: Bilingual,
    citizen: Bilingual,
    next: Bilingual,
}

fn sentence(cause: Cause, reader: Reader, lang: Lang) -> &'static str {
    match reader {
        Reader::Professional => cause.professional.get(lang),
        Reader::Citizen => cause.citizen.get(lang),
    }
}

fn cause(problem: &Problem) -> Cause {
    if let Some(verdict) = verdict(problem) {
        return Cause {
            professional: verdict.professional(),
            citizen: verdict.citizen(),
            next: verdict.next_step(),
        };
    }
    match problem.reason {
        Reason::NullMx => NULL_MX,
        Reason::GivenUp => GIVEN_UP,
        Reason::TlsFailed | Reason::InjectedBeforeTls => TLS_FAILED,
        Reason::OwnCertificateRefused => OWN_CERTIFICATE_REFUSED,
        _ if problem.status.class() == Class::Permanent => REFUSED,
        _ => DEFERRED,
    }
}

/// The verdict whose words fit: our own, or the one that a peer's status stands for.
// MSS #35
// RFC 3463 §3
fn verdict(problem: &Problem) -> Option<Verdict> {
    if problem.expired {
        return Some(Verdict::DeliveryExpired);
    }
    if let Reason::Verdict(verdict) = problem.reason {
        return Some(verdict.as_seen_outside());
    }
    match (problem.status.class(), problem.status.topic()) {
        (Class::Permanent, (1, 1)) => Some(Verdict::RecipientUnknown),
        (Class::Permanent, (2, 1)) => Some(Verdict::MailboxClosed),
        (Class::Permanent, (1, 3)) => Some(Verdict::RecipientMalformed),
        (Class::Permanent, (3, 4)) => Some(Verdict::MessageTooLarge),
        (Class::Permanent, (6, 7)) => Some(Verdict::PeerWithoutSmtpUtf8),
        (Class::Temporary, (2, 2)) => Some(Verdict::QuotaExceeded),
        (Class::Temporary, (4, _)) => Some(Verdict::PeerUnreachable),
        _ => None,
    }
}

const OTHER_WAY: Bilingual = Bilingual {
    fr: "Joignez votre correspondant par un autre moyen.",
    en: "Reach the other person in another way.",
};

const NOTHING_TO_DO: Bilingual = Bilingual {
    fr: "Vous n'avez rien à faire : nous réessayons et nous vous préviendrons si le message ne peut pas être remis.",
    en: "There is nothing for you to do: we keep trying and will tell you if the message cannot be delivered.",
};

const REFUSED: Cause = Cause {
    professional: Bilingual {
        fr: "Le serveur du destinataire a refusé le message.",
        en: "The recipient's server refused the message.",
    },
    citizen: Bilingual {
        fr: "La messagerie du destinataire a refusé votre message.",
        en: "The recipient's mail service refused your message.",
    },
    next: OTHER_WAY,
};

const DEFERRED: Cause = Cause {
    professional: Bilingual {
        fr: "Le serveur du destinataire ne peut pas prendre le message pour l'instant.",
        en: "The recipient's server cannot take the message for now.",
    },
    citizen: Bilingual {
        fr: "La messagerie du destinataire ne peut pas prendre votre message en ce moment.",
        en: "The recipient's mail service cannot take your message just now.",
    },
    next: NOTHING_TO_DO,
};

const GIVEN_UP: Cause = Cause {
    professional: Bilingual {
        fr: "L'administrateur de notre messagerie a retiré le message de la file d'envoi.",
        en: "The administrator of our mail service took the message out of the queue.",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas parti : l'administrateur de votre messagerie l'a retiré de l'envoi.",
        en: "Your message has not been sent: the administrator of your mail service took it out.",
    },
    next: OTHER_WAY,
};

const NULL_MX: Cause = Cause {
    professional: Bilingual {
        fr: "Le domaine du destinataire déclare qu'il ne reçoit pas de messages.",
        en: "The recipient's domain declares that it receives no messages.",
    },
    citizen: Bilingual {
        fr: "Cette adresse ne peut pas recevoir de messages.",
        en: "This address cannot receive messages.",
    },
    next: OTHER_WAY,
};

const TLS_FAILED: Cause = Cause {
    professional: Bilingual {
        fr: "La connexion chiffrée avec le serveur du destinataire n'a pas pu être établie ; rien ne lui a été transmis.",
        en: "The encrypted connection to the recipient's server could not be made; nothing was sent to it.",
    },
    citizen: Bilingual {
        fr: "Votre message attend encore, car la liaison avec la messagerie du destinataire n'a pas pu être protégée.",
        en: "Your message is still waiting, because the link to the recipient's mail service could not be protected.",
    },
    next: NOTHING_TO_DO,
};

const OWN_CERTIFICATE_REFUSED: Cause = Cause {
    professional: Bilingual {
        fr: "Le serveur du destinataire a refusé notre certificat ; rien ne lui a été transmis.",
        en: "The recipient's server refused our certificate; nothing was sent to it.",
    },
    citizen: TLS_FAILED.citizen,
    next: NOTHING_TO_DO,
};
