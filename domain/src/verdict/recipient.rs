//! Verdicts about who receives. No text says more than an outsider may know.

use super::{Area, EnhancedCode, Row};
use crate::lang::Bilingual;

// RFC 3463 §3.2
pub(super) const RECIPIENT_UNKNOWN: Row = Row {
    id: "recipient-unknown",
    area: Area::Recipient,
    code: 550,
    enhanced: EnhancedCode::new(5, 1, 1),
    professional: Bilingual {
        fr: "Message non distribué : aucune boîte ne reçoit de messages à cette adresse.",
        en: "Message not delivered: no mailbox receives messages at this address.",
    },
    citizen: Bilingual {
        fr: "Votre message n'a pas été remis, car personne ne reçoit de messages à cette adresse.",
        en: "Your message has not been delivered, because nobody receives messages at this address.",
    },
    next: Bilingual {
        fr: "Vérifiez l'adresse, ou joignez votre correspondant par un autre moyen.",
        en: "Check the address, or reach the other person in another way.",
    },
};

// RFC 3463 §3.2
pub(super) const RECIPIENT_OBJECTED: Row = Row { id: "recipient-objected", ..RECIPIENT_UNKNOWN };

// RFC 3463 §3.3
pub(super) const MAILBOX_CLOSED: Row = Row {
    id: "mailbox-closed",
    area: Area::Recipient,
    code: 550,
    enhanced: EnhancedCode::new(5, 2, 1),
    professional: Bilingual {
        fr: "Message non distribué : cette boîte est fermée et ne reçoit plus de messages.",
        en: "Message not delivered: this mailbox is closed and receives no more messages.",
    },
    citizen: Bilingual {
        fr: "Votre message n'a pas été remis, car cette boîte est fermée.",
        en: "Your message has not been delivered, because this mailbox is closed.",
    },
    next: Bilingual {
        fr: "Joignez votre correspondant par un autre moyen.",
        en: "Reach the other person in another way.",
    },
};

// RFC 3463 §3.2
pub(super) const RECIPIENT_MALFORMED: Row = Row {
    id: "recipient-malformed",
    area: Area::Recipient,
    code: 550,
    enhanced: EnhancedCode::new(5, 1, 3),
    professional: Bilingual {
        fr: "Message non distribué : l'adresse du destinataire n'est pas valable ; pour un usager, elle commence par son matricule INS de 15 caractères.",
        en: "Message not delivered: the recipient's address is not valid; a citizen's begins with their INS number of 15 characters.",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas parti, car l'adresse du destinataire est mal écrite.",
        en: "Your message has not been sent, because the recipient's address is not written properly.",
    },
    next: Bilingual {
        fr: "Corrigez l'adresse, puis renvoyez le message.",
        en: "Put the address right, then send the message again.",
    },
};

// RFC 3463 §3.8
pub(super) const RECIPIENT_DOMAIN_NOT_LISTED: Row = Row {
    id: "recipient-domain-not-listed",
    area: Area::Recipient,
    code: 550,
    enhanced: EnhancedCode::new(5, 7, 1),
    professional: Bilingual {
        fr: "Le domaine du destinataire n'appartient pas à l'espace de confiance.",
        en: "The recipient's domain does not belong to the trust domain.",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas parti, car cette adresse n'appartient pas à une messagerie de santé protégée.",
        en: "Your message has not been sent, because this address does not belong to a protected health mail service.",
    },
    next: Bilingual {
        fr: "Cherchez dans l'annuaire l'adresse de messagerie de santé de votre correspondant.",
        en: "Look in the directory for the other person's health mail address.",
    },
};

// RFC 5321 §4.5.3.1.10
pub(super) const TOO_MANY_RECIPIENTS: Row = Row {
    id: "too-many-recipients",
    area: Area::Recipient,
    code: 452,
    enhanced: EnhancedCode::new(4, 5, 3),
    professional: Bilingual {
        fr: "Le message a trop de destinataires pour un seul envoi.",
        en: "The message has too many recipients for one sending.",
    },
    citizen: Bilingual {
        fr: "Votre message n'a pas pu partir vers tout le monde, car il a trop de destinataires.",
        en: "Your message could not go to everybody, because it has too many recipients.",
    },
    next: Bilingual {
        fr: "Renvoyez le message aux destinataires restants, en plusieurs fois.",
        en: "Send the message again to the remaining recipients, in several goes.",
    },
};

// RFC 3463 §3.3
pub(super) const QUOTA_EXCEEDED: Row = Row {
    id: "quota-exceeded",
    area: Area::Recipient,
    code: 452,
    enhanced: EnhancedCode::new(4, 2, 2),
    professional: Bilingual {
        fr: "La boîte du destinataire est pleine.",
        en: "The recipient's mailbox is full.",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas encore remis, car la boîte du destinataire est pleine.",
        en: "Your message is not delivered yet, because the recipient's mailbox is full.",
    },
    next: Bilingual {
        fr: "Réessayez plus tard, ou prévenez votre correspondant par un autre moyen.",
        en: "Try again later, or tell the other person in another way.",
    },
};
