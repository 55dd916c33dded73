//! Verdicts about who sends, and whether they may.

use super::{Area, EnhancedCode, Row};
use crate::lang::Bilingual;

// RFC 4954 §6
pub(super) const AUTHENTICATION_REQUIRED: Row = Row {
    id: "authentication-required",
    area: Area::Sender,
    code: 530,
    enhanced: EnhancedCode::new(5, 7, 0),
    professional: Bilingual {
        fr: "Une authentification est nécessaire pour envoyer.",
        en: "Sending needs authentication.",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas parti, car vous n'êtes pas connecté.",
        en: "Your message has not been sent, because you are not logged in.",
    },
    next: Bilingual {
        fr: "Connectez-vous, puis renvoyez le message.",
        en: "Log in, then send the message again.",
    },
};

// RFC 4954 §6
pub(super) const AUTHENTICATION_FAILED: Row = Row {
    id: "authentication-failed",
    area: Area::Sender,
    code: 535,
    enhanced: EnhancedCode::new(5, 7, 8),
    professional: Bilingual { fr: "L'identification a échoué.", en: "Authentication failed." },
    citizen: Bilingual {
        fr: "La connexion n'a pas réussi, car l'identifiant ou le mot de passe n'a pas été reconnu.",
        en: "You could not be logged in, because the name or the password was not recognised.",
    },
    next: Bilingual {
        fr: "Vérifiez votre identifiant et votre mot de passe, ou demandez-en un nouveau.",
        en: "Check your name and password, or ask for a new one.",
    },
};

// RFC 4954 §4.7
pub(super) const AUTHENTICATION_THROTTLED: Row = Row {
    id: "authentication-throttled",
    area: Area::Sender,
    code: 454,
    enhanced: EnhancedCode::new(4, 7, 0),
    professional: Bilingual {
        fr: "Trop d'essais d'identification ont échoué.",
        en: "Too many attempts to authenticate have failed.",
    },
    citizen: Bilingual {
        fr: "La connexion est suspendue, car trop d'essais ont échoué.",
        en: "Logging in is suspended, because too many attempts have failed.",
    },
    next: Bilingual {
        fr: "Attendez quelques minutes, puis vérifiez l'identifiant et le mot de passe.",
        en: "Wait a few minutes, then check the name and the password.",
    },
};

// RFC 3463 §3.8
pub(super) const FROM_MISMATCH: Row = Row {
    id: "from-mismatch",
    area: Area::Sender,
    code: 550,
    enhanced: EnhancedCode::new(5, 7, 1),
    professional: Bilingual {
        fr: "L'adresse d'expéditeur n'est pas une boîte au nom de laquelle vous pouvez envoyer.",
        en: "The sender's address is not a mailbox in whose name you may send.",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas parti, car l'adresse d'envoi n'est pas la vôtre.",
        en: "Your message has not been sent, because the sending address is not yours.",
    },
    next: Bilingual {
        fr: "Choisissez votre propre adresse d'envoi, ou demandez une délégation au titulaire de la boîte.",
        en: "Choose your own sending address, or ask the mailbox's owner for a delegation.",
    },
};

// RFC 3463 §3.8
pub(super) const RELAY_REFUSED: Row = Row {
    id: "relay-refused",
    area: Area::Sender,
    code: 550,
    enhanced: EnhancedCode::new(5, 7, 1),
    professional: Bilingual {
        fr: "Ce serveur ne relaie pas vers un domaine qui n'est pas le sien.",
        en: "This server does not relay to a domain that is not its own.",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas parti, car il a été présenté à une messagerie qui n'est pas celle du destinataire.",
        en: "Your message has not been sent, because it was handed to a mail service that is not the recipient's.",
    },
    next: Bilingual {
        fr: "Connectez-vous à votre propre messagerie, puis renvoyez le message.",
        en: "Log in to your own mail service, then send the message again.",
    },
};

// RFC 3463 §3.2
pub(super) const SENDER_MALFORMED: Row = Row {
    id: "sender-malformed",
    area: Area::Sender,
    code: 553,
    enhanced: EnhancedCode::new(5, 1, 7),
    professional: Bilingual {
        fr: "L'adresse d'expéditeur n'est pas une adresse valable.",
        en: "The sender's address is not a valid address.",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas parti, car l'adresse d'envoi est mal écrite.",
        en: "Your message has not been sent, because the sending address is not written properly.",
    },
    next: Bilingual {
        fr: "Corrigez l'adresse d'envoi dans les réglages de votre messagerie.",
        en: "Put the sending address right in your mail program's settings.",
    },
};

// RFC 5321 §4.5.5
pub(super) const NULL_SENDER_WITHOUT_REPORT: Row = Row {
    id: "null-sender-without-report",
    area: Area::Sender,
    code: 550,
    enhanced: EnhancedCode::new(5, 7, 1),
    professional: Bilingual {
        fr: "Un expéditeur vide n'est accepté que pour un rapport de remise ou de lecture.",
        en: "An empty sender is accepted for a delivery or disposition report only.",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas parti, car il n'a pas d'adresse d'envoi.",
        en: "Your message has not been sent, because it has no sending address.",
    },
    next: Bilingual {
        fr: "Renvoyez le message avec une adresse d'expéditeur.",
        en: "Send the message again with a sender's address.",
    },
};

// RFC 3463 §3.8
pub(super) const SENDING_TOO_FAST: Row = Row {
    id: "sending-too-fast",
    area: Area::Sender,
    code: 450,
    enhanced: EnhancedCode::new(4, 7, 1),
    professional: Bilingual {
        fr: "Trop de messages ont été envoyés en peu de temps.",
        en: "Too many messages were sent in a short time.",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas parti, car vous avez envoyé beaucoup de messages en peu de temps.",
        en: "Your message has not been sent, because you have sent many messages in a short time.",
    },
    next: Bilingual {
        fr: "Attendez quelques minutes, puis renvoyez le message.",
        en: "Wait a few minutes, then send the message again.",
    },
};

// RFC 3463 §3.8
pub(super) const CITIZEN_FIRST: Row = Row {
    id: "citizen-first",
    area: Area::Sender,
    code: 550,
    enhanced: EnhancedCode::new(5, 7, 1),
    professional: Bilingual {
        fr: "Un usager ne peut écrire qu'à un professionnel qui lui a déjà écrit.",
        en: "A citizen may write only to a professional who has written to them before.",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas parti, car c'est au professionnel de santé de vous écrire en premier.",
        en: "Your message has not been sent, because the health professional has to write to you first.",
    },
    next: Bilingual {
        fr: "Contactez ce professionnel par un autre moyen et demandez-lui de vous écrire ; vous pourrez alors lui répondre.",
        en: "Contact this professional in another way and ask them to write to you; you can then answer.",
    },
};

// RFC 3463 §3.8
pub(super) const CITIZEN_TO_CITIZEN: Row = Row {
    id: "citizen-to-citizen",
    area: Area::Sender,
    code: 550,
    enhanced: EnhancedCode::new(5, 7, 1),
    professional: Bilingual {
        fr: "Deux usagers ne peuvent pas s'écrire par cette messagerie.",
        en: "Two citizens cannot write to each other with this mail service.",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas parti, car cette messagerie sert à écrire aux professionnels de santé seulement.",
        en: "Your message has not been sent, because this mail service is for writing to health professionals only.",
    },
    next: Bilingual {
        fr: "Pour écrire à un proche, utilisez votre messagerie personnelle.",
        en: "To write to somebody close to you, use your personal mail.",
    },
};

// RFC 3463 §3.8
pub(super) const EXCHANGE_CLOSED: Row = Row {
    id: "exchange-closed",
    area: Area::Sender,
    code: 550,
    enhanced: EnhancedCode::new(5, 7, 1),
    professional: Bilingual {
        fr: "Le professionnel a mis fin à cet échange avec l'usager.",
        en: "The professional has ended this exchange with the citizen.",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas parti, car le professionnel de santé a terminé cet échange.",
        en: "Your message has not been sent, because the health professional has ended this conversation.",
    },
    next: Bilingual {
        fr: "Vous pourrez lui écrire de nouveau dès qu'il vous enverra un message ; d'ici là, appelez son cabinet ou son service.",
        en: "You can write again as soon as they send you a message; until then, call their practice or ward.",
    },
};
