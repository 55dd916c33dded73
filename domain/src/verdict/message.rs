//! Verdicts about the message itself, and about our means to keep it.

use super::{Area, EnhancedCode, Row};
use crate::lang::Bilingual;

// RFC 3463 §3.4
pub(super) const MESSAGE_TOO_LARGE: Row = Row {
    id: "message-too-large",
    area: Area::Message,
    code: 552,
    enhanced: EnhancedCode::new(5, 3, 4),
    professional: Bilingual {
        fr: "Le message dépasse la taille acceptée, pièces jointes codées comprises.",
        en: "The message is larger than what is accepted, encoded attachments included.",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas parti, car il est trop volumineux.",
        en: "Your message has not been sent, because it is too large.",
    },
    next: Bilingual {
        fr: "Réduisez les pièces jointes ou répartissez-les sur plusieurs messages.",
        en: "Make the attachments smaller or spread them over several messages.",
    },
};

// RFC 5321 §2.3.8
pub(super) const BARE_LINE_ENDING: Row = Row {
    id: "bare-line-ending",
    area: Area::Message,
    code: 550,
    enhanced: EnhancedCode::new(5, 6, 0),
    professional: Bilingual {
        fr: "Le message contient une fin de ligne incomplète (CR ou LF seul).",
        en: "The message has an incomplete line ending (a CR or LF alone).",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas parti, car le logiciel utilisé ne l'a pas écrit correctement.",
        en: "Your message has not been sent, because the program used did not write it properly.",
    },
    next: Bilingual {
        fr: "Mettez à jour votre logiciel de messagerie ou prévenez son éditeur.",
        en: "Update your mail program or tell its publisher.",
    },
};

// RFC 3463 §3.7
pub(super) const MESSAGE_MALFORMED: Row = Row {
    id: "message-malformed",
    area: Area::Message,
    code: 550,
    enhanced: EnhancedCode::new(5, 6, 0),
    professional: Bilingual {
        fr: "Le message n'est pas conforme au format du courrier électronique et ne peut pas être lu.",
        en: "The message does not follow the format of electronic mail and cannot be read.",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas parti, car le logiciel utilisé ne l'a pas écrit correctement.",
        en: "Your message has not been sent, because the program used did not write it properly.",
    },
    next: Bilingual {
        fr: "Mettez à jour votre logiciel de messagerie ou prévenez son éditeur.",
        en: "Update your mail program or tell its publisher.",
    },
};

// RFC 3463 §3.8
pub(super) const MALWARE_FOUND: Row = Row {
    id: "malware-found",
    area: Area::Message,
    code: 550,
    enhanced: EnhancedCode::new(5, 7, 1),
    professional: Bilingual {
        fr: "Un programme malveillant a été trouvé dans le message.",
        en: "A malicious program was found in the message.",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas parti, car une pièce jointe semble dangereuse.",
        en: "Your message has not been sent, because an attachment seems dangerous.",
    },
    next: Bilingual {
        fr: "Faites vérifier votre ordinateur par un antivirus, puis renvoyez le message sans cette pièce jointe.",
        en: "Have your computer checked by an antivirus program, then send the message again without this attachment.",
    },
};

// RFC 5321 §6.3
pub(super) const MAIL_LOOP: Row = Row {
    id: "mail-loop",
    area: Area::Message,
    code: 554,
    enhanced: EnhancedCode::new(5, 4, 6),
    professional: Bilingual {
        fr: "Le message tourne en boucle entre plusieurs serveurs.",
        en: "The message goes round in circles between several servers.",
    },
    citizen: Bilingual {
        fr: "Votre message n'a pas été remis, car il tournait en rond.",
        en: "Your message has not been delivered, because it went round in circles.",
    },
    next: Bilingual {
        fr: "Prévenez l'assistance : un renvoi automatique est sans doute mal réglé.",
        en: "Tell support: some automatic forwarding is probably set wrongly.",
    },
};

// RFC 3463 §3.4
pub(super) const STORAGE_UNAVAILABLE: Row = Row {
    id: "storage-unavailable",
    area: Area::Message,
    code: 452,
    enhanced: EnhancedCode::new(4, 3, 1),
    professional: Bilingual {
        fr: "Le message ne peut pas être enregistré pour l'instant.",
        en: "The message cannot be stored for now.",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas encore parti, car nous ne pouvons pas l'enregistrer pour l'instant.",
        en: "Your message has not been sent yet, because we cannot keep it safe for now.",
    },
    next: Bilingual { fr: "Réessayez dans quelques minutes.", en: "Try again in a few minutes." },
};

// RFC 3463 §3.4
pub(super) const INTERNAL_FAILURE: Row = Row {
    id: "internal-failure",
    area: Area::Message,
    code: 451,
    enhanced: EnhancedCode::new(4, 3, 0),
    professional: Bilingual {
        fr: "Une erreur s'est produite de notre côté ; le message n'a pas été pris en charge.",
        en: "Something went wrong on our side; the message was not taken over.",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas encore parti, car une erreur s'est produite de notre côté.",
        en: "Your message has not been sent yet, because something went wrong on our side.",
    },
    next: Bilingual {
        fr: "Réessayez dans quelques minutes ; si cela continue, prévenez l'assistance.",
        en: "Try again in a few minutes; if it goes on, tell support.",
    },
};

// RFC 5321 §3.8
pub(super) const SERVICE_UNAVAILABLE: Row = Row {
    id: "service-unavailable",
    area: Area::Message,
    code: 421,
    enhanced: EnhancedCode::new(4, 3, 2),
    professional: Bilingual {
        fr: "Le service s'arrête ou est trop sollicité.",
        en: "The service is stopping or too busy.",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas encore parti, car le service est momentanément indisponible.",
        en: "Your message has not been sent yet, because the service is not available for the moment.",
    },
    next: Bilingual { fr: "Réessayez dans quelques minutes.", en: "Try again in a few minutes." },
};
