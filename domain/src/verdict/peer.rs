//! Verdicts about the connection and the other operator: TLS, certificates, the domain list.
//!
//! Failures of the handshake itself are told by a TLS alert; their codes here are for the relay, reports and logs.

use super::{Area, EnhancedCode, Row};
use crate::lang::Bilingual;

// RFC 3207 §4
pub(super) const TLS_REQUIRED: Row = Row {
    id: "tls-required",
    area: Area::Peer,
    code: 530,
    enhanced: EnhancedCode::new(5, 7, 0),
    professional: Bilingual {
        fr: "La connexion doit être chiffrée (STARTTLS) avant tout envoi.",
        en: "The connection must be encrypted (STARTTLS) before anything is sent.",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas parti, car la connexion n'était pas protégée.",
        en: "Your message has not been sent, because the connection was not protected.",
    },
    next: Bilingual {
        fr: "Activez la connexion chiffrée dans les réglages de votre logiciel de messagerie, puis renvoyez le message.",
        en: "Turn the encrypted connection on in your mail program's settings, then send the message again.",
    },
};

// RFC 5248 §2
pub(super) const PEER_WITHOUT_TLS: Row = Row {
    id: "peer-without-tls",
    area: Area::Peer,
    code: 454,
    enhanced: EnhancedCode::new(4, 7, 10),
    professional: Bilingual {
        fr: "Le serveur du destinataire ne propose pas de connexion chiffrée (STARTTLS) ; rien ne lui a été transmis.",
        en: "The recipient's server offers no encrypted connection (STARTTLS); nothing was sent to it.",
    },
    citizen: Bilingual {
        fr: "Votre message attend encore, car la messagerie du destinataire n'est pas assez protégée en ce moment.",
        en: "Your message is still waiting, because the recipient's mail service is not protected well enough just now.",
    },
    next: Bilingual {
        fr: "Vous n'avez rien à faire : nous réessayons et nous vous préviendrons si le message ne peut pas être remis.",
        en: "There is nothing for you to do: we keep trying and will tell you if the message cannot be delivered.",
    },
};

// RFC 3463 §3.8
pub(super) const CERTIFICATE_MISSING: Row = Row {
    id: "certificate-missing",
    area: Area::Peer,
    code: 530,
    enhanced: EnhancedCode::new(5, 7, 0),
    professional: Bilingual {
        fr: "Le serveur émetteur n'a pas présenté de certificat client de l'espace de confiance.",
        en: "The sending server showed no client certificate of the trust domain.",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas parti, car la messagerie qui l'envoie ne s'est pas identifiée.",
        en: "Your message has not been sent, because the mail service that sends it did not identify itself.",
    },
    next: Bilingual {
        fr: "Prévenez l'assistance de votre messagerie : elle doit présenter son certificat.",
        en: "Tell your mail service's support: it must present its certificate.",
    },
};

// RFC 3463 §3.8
pub(super) const CERTIFICATE_EXPIRED: Row = Row {
    id: "certificate-expired",
    area: Area::Peer,
    code: 454,
    enhanced: EnhancedCode::new(4, 7, 5),
    professional: Bilingual {
        fr: "Le certificat de l'autre opérateur a expiré.",
        en: "The other operator's certificate has expired.",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas encore remis, car l'autorisation de l'autre messagerie n'est plus à jour.",
        en: "Your message is not delivered yet, because the other mail service's authorisation is out of date.",
    },
    next: Bilingual {
        fr: "Vous n'avez rien à faire : l'autre messagerie doit renouveler son certificat.",
        en: "There is nothing for you to do: the other mail service must renew its certificate.",
    },
};

// RFC 3463 §3.8
pub(super) const CERTIFICATE_NOT_YET_VALID: Row = Row {
    id: "certificate-not-yet-valid",
    area: Area::Peer,
    code: 454,
    enhanced: EnhancedCode::new(4, 7, 5),
    professional: Bilingual {
        fr: "Le certificat de l'autre opérateur n'est pas encore valable.",
        en: "The other operator's certificate is not valid yet.",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas encore remis, car l'autorisation de l'autre messagerie n'a pas encore commencé.",
        en: "Your message is not delivered yet, because the other mail service's authorisation has not begun.",
    },
    next: Bilingual {
        fr: "Vous n'avez rien à faire : l'autre messagerie doit vérifier les dates de son certificat et l'heure de ses machines.",
        en: "There is nothing for you to do: the other mail service must check the dates of its certificate and the time of its machines.",
    },
};

// RFC 3463 §3.8
pub(super) const CERTIFICATE_REVOKED: Row = Row {
    id: "certificate-revoked",
    area: Area::Peer,
    code: 550,
    enhanced: EnhancedCode::new(5, 7, 5),
    professional: Bilingual {
        fr: "Le certificat de l'autre opérateur a été révoqué.",
        en: "The other operator's certificate has been revoked.",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas remis, car l'autorisation de l'autre messagerie a été retirée.",
        en: "Your message is not delivered, because the other mail service's authorisation has been withdrawn.",
    },
    next: Bilingual {
        fr: "Vous n'avez rien à faire : l'autre messagerie doit demander un nouveau certificat.",
        en: "There is nothing for you to do: the other mail service must ask for a new certificate.",
    },
};

// RFC 3463 §3.8
pub(super) const CERTIFICATE_UNTRUSTED: Row = Row {
    id: "certificate-untrusted",
    area: Area::Peer,
    code: 550,
    enhanced: EnhancedCode::new(5, 7, 5),
    professional: Bilingual {
        fr: "Le certificat de l'autre opérateur ne vient pas de l'autorité de l'espace de confiance ou n'est pas fait pour cet usage.",
        en: "The other operator's certificate does not come from the authority of the trust domain, or is not made for this use.",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas remis, car l'autre messagerie n'est pas reconnue par l'espace de confiance.",
        en: "Your message is not delivered, because the other mail service is not recognised by the trust domain.",
    },
    next: Bilingual {
        fr: "Vous n'avez rien à faire : l'autre messagerie doit utiliser un certificat délivré par l'espace de confiance.",
        en: "There is nothing for you to do: the other mail service must use a certificate issued by the trust domain.",
    },
};

// RFC 3463 §3.8
pub(super) const CERTIFICATE_FOR_TESTS: Row = Row {
    id: "certificate-for-tests",
    area: Area::Peer,
    code: 550,
    enhanced: EnhancedCode::new(5, 7, 5),
    professional: Bilingual {
        fr: "Le certificat de l'autre opérateur est un certificat de test, refusé en production.",
        en: "The other operator's certificate is a test certificate, refused in production.",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas remis, car l'autre messagerie est une messagerie d'essai.",
        en: "Your message is not delivered, because the other mail service is a trial one.",
    },
    next: Bilingual {
        fr: "Vous n'avez rien à faire : l'autre messagerie doit utiliser un vrai certificat.",
        en: "There is nothing for you to do: the other mail service must use a real certificate.",
    },
};

// RFC 3463 §3.8
pub(super) const CERTIFICATE_NAME_MISMATCH: Row = Row {
    id: "certificate-name-mismatch",
    area: Area::Peer,
    code: 550,
    enhanced: EnhancedCode::new(5, 7, 5),
    professional: Bilingual {
        fr: "Le certificat du serveur joint ne porte pas le nom de serveur que la route exige.",
        en: "The certificate of the server reached does not bear the server name that the route demands.",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas remis, car nous n'avons pas pu nous assurer que nous parlions à la bonne messagerie.",
        en: "Your message is not delivered, because we could not make sure that we were talking to the right mail service.",
    },
    next: Bilingual {
        fr: "Prévenez l'assistance de votre messagerie : elle doit vérifier le chemin vers ce destinataire.",
        en: "Tell your mail service's support: it must check the way to this recipient.",
    },
};

// RFC 3463 §3.8
pub(super) const CRL_EXPIRED: Row = Row {
    id: "crl-expired",
    area: Area::Peer,
    code: 454,
    enhanced: EnhancedCode::new(4, 7, 5),
    professional: Bilingual {
        fr: "La liste de révocation n'est plus à jour ; aucun certificat ne peut être vérifié pour l'instant.",
        en: "The revocation list is out of date; no certificate can be checked for now.",
    },
    citizen: Bilingual {
        fr: "Votre message attend encore, car une vérification de sécurité est momentanément impossible.",
        en: "Your message is still waiting, because a security check is not possible for the moment.",
    },
    next: Bilingual {
        fr: "Réessayez plus tard ; l'administrateur est déjà prévenu.",
        en: "Try again later; the administrator has already been told.",
    },
};

// RFC 3463 §3.8
pub(super) const OPERATOR_NOT_LISTED: Row = Row {
    id: "operator-not-listed",
    area: Area::Peer,
    code: 550,
    enhanced: EnhancedCode::new(5, 7, 1),
    professional: Bilingual {
        fr: "Le certificat présenté n'est pas celui d'un opérateur inscrit sur la liste des domaines autorisés.",
        en: "The certificate shown is not that of an operator in the list of authorised domains.",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas parti, car la messagerie qui l'envoie n'est pas inscrite dans l'espace de confiance.",
        en: "Your message has not been sent, because the mail service that sends it is not registered in the trust domain.",
    },
    next: Bilingual {
        fr: "Prévenez l'assistance de votre messagerie : elle doit faire inscrire son certificat exact sur la liste des domaines autorisés.",
        en: "Tell your mail service's support: it must have its exact certificate entered in the list of authorised domains.",
    },
};

// RFC 3463 §3.8
pub(super) const DOMAIN_LIST_STALE: Row = Row {
    id: "domain-list-stale",
    area: Area::Peer,
    code: 454,
    enhanced: EnhancedCode::new(4, 7, 0),
    professional: Bilingual {
        fr: "La liste des domaines autorisés n'a pas pu être mise à jour depuis trop longtemps pour admettre un nouveau correspondant.",
        en: "The list of authorised domains has been out of date for too long to admit a new peer.",
    },
    citizen: Bilingual {
        fr: "Votre message attend encore, car une vérification de sécurité est momentanément impossible.",
        en: "Your message is still waiting, because a security check is not possible for the moment.",
    },
    next: Bilingual {
        fr: "Réessayez plus tard ; l'administrateur est déjà prévenu.",
        en: "Try again later; the administrator has already been told.",
    },
};

// RFC 3463 §3.8
pub(super) const SENDER_DOMAIN_NOT_PEERS: Row = Row {
    id: "sender-domain-not-peers",
    area: Area::Peer,
    code: 550,
    enhanced: EnhancedCode::new(5, 7, 1),
    professional: Bilingual {
        fr: "Le domaine de l'expéditeur (MAIL FROM) n'est pas inscrit pour l'opérateur qui envoie.",
        en: "The sender's domain (MAIL FROM) is not listed for the operator that sends.",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas parti, car la messagerie utilisée ne peut pas envoyer avec cette adresse.",
        en: "Your message has not been sent, because the mail service used may not send with this address.",
    },
    next: Bilingual {
        fr: "Envoyez depuis la messagerie à laquelle appartient l'adresse, ou prévenez son assistance.",
        en: "Send from the mail service that the address belongs to, or tell its support.",
    },
};

// RFC 3463 §3.8
pub(super) const FROM_DOMAIN_NOT_PEERS: Row = Row {
    id: "from-domain-not-peers",
    area: Area::Peer,
    code: 550,
    enhanced: EnhancedCode::new(5, 7, 1),
    professional: Bilingual {
        fr: "Le domaine de l'auteur (From) n'est pas inscrit pour l'opérateur qui envoie.",
        en: "The author's domain (From) is not listed for the operator that sends.",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas parti, car la messagerie utilisée ne peut pas envoyer avec cette adresse d'auteur.",
        en: "Your message has not been sent, because the mail service used may not send with this author's address.",
    },
    next: Bilingual {
        fr: "Écrivez avec une adresse de la messagerie utilisée ; un transfert doit être un nouveau message.",
        en: "Write with an address of the mail service used; forwarding must be a new message.",
    },
};

// RFC 3463 §3.8
pub(super) const CLAIMS_OWN_DOMAIN: Row = Row {
    id: "claims-own-domain",
    area: Area::Peer,
    code: 550,
    enhanced: EnhancedCode::new(5, 7, 1),
    professional: Bilingual {
        fr: "Un autre opérateur ne peut pas envoyer au nom d'un de nos domaines.",
        en: "Another operator may not send in the name of one of our domains.",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas parti, car il utilise une adresse qui appartient à une autre messagerie.",
        en: "Your message has not been sent, because it uses an address that belongs to another mail service.",
    },
    next: Bilingual {
        fr: "Envoyez ce message directement depuis la messagerie à laquelle l'adresse appartient.",
        en: "Send this message directly from the mail service that the address belongs to.",
    },
};

// RFC 3463 §3.8
pub(super) const SERVER_NOT_LISTED: Row = Row {
    id: "server-not-listed",
    area: Area::Peer,
    code: 550,
    enhanced: EnhancedCode::new(5, 7, 1),
    professional: Bilingual {
        fr: "Le serveur joint n'est pas inscrit pour le domaine du destinataire ; rien ne lui a été transmis.",
        en: "The server reached is not listed for the recipient's domain; nothing was sent to it.",
    },
    citizen: Bilingual {
        fr: "Votre message n'est pas remis, car nous n'avons pas pu nous assurer que nous parlions à la bonne messagerie.",
        en: "Your message is not delivered, because we could not make sure that we were talking to the right mail service.",
    },
    next: Bilingual {
        fr: "Joignez votre correspondant par un autre moyen et dites-lui de prévenir l'assistance de sa messagerie.",
        en: "Reach the other person in another way and tell them to let their mail service's support know.",
    },
};

// RFC 3463 §3.5
pub(super) const PEER_UNREACHABLE: Row = Row {
    id: "peer-unreachable",
    area: Area::Peer,
    code: 451,
    enhanced: EnhancedCode::new(4, 4, 1),
    professional: Bilingual {
        fr: "Le serveur du destinataire ne répond pas.",
        en: "The recipient's server does not answer.",
    },
    citizen: Bilingual {
        fr: "Votre message attend encore, car la messagerie du destinataire ne répond pas en ce moment.",
        en: "Your message is still waiting, because the recipient's mail service does not answer just now.",
    },
    next: Bilingual {
        fr: "Vous n'avez rien à faire : nous réessayons et nous vous préviendrons si le message ne peut pas être remis.",
        en: "There is nothing for you to do: we keep trying and will tell you if the message cannot be delivered.",
    },
};

// RFC 3463 §3.5
pub(super) const DELIVERY_EXPIRED: Row = Row {
    id: "delivery-expired",
    area: Area::Peer,
    code: 550,
    enhanced: EnhancedCode::new(5, 4, 7),
    professional: Bilingual {
        fr: "Le message n'a pas pu être remis dans le délai prévu.",
        en: "The message could not be delivered in the time allowed.",
    },
    citizen: Bilingual {
        fr: "Votre message n'a pas pu être remis malgré plusieurs jours d'essais.",
        en: "Your message could not be delivered in spite of several days of trying.",
    },
    next: Bilingual {
        fr: "Si c'est important, joignez votre correspondant par un autre moyen, puis renvoyez le message plus tard.",
        en: "If it matters, reach the other person in another way, then send the message again later.",
    },
};

// RFC 6531 §3.5
pub(super) const PEER_WITHOUT_SMTPUTF8: Row = Row {
    id: "peer-without-smtputf8",
    area: Area::Peer,
    code: 550,
    enhanced: EnhancedCode::new(5, 6, 7),
    professional: Bilingual {
        fr: "Le serveur du destinataire n'accepte pas les adresses avec accents (SMTPUTF8).",
        en: "The recipient's server does not take addresses with accents (SMTPUTF8).",
    },
    citizen: Bilingual {
        fr: "Votre message n'a pas pu être remis, car une des adresses contient des lettres que l'autre messagerie ne sait pas lire.",
        en: "Your message could not be delivered, because one of the addresses has letters that the other mail service cannot read.",
    },
    next: Bilingual {
        fr: "Utilisez, si elle existe, une adresse sans accents.",
        en: "Use an address without accents, if there is one.",
    },
};
