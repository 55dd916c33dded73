//! What people read about a document's fate: for the citizen and for the professional who sent it,
//! in French and English, each with what to do next. One table.

use crate::fate::Fate;
use crate::refusal::Refusal;
use domain::Bilingual;

/// One matter, told to two readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sentences {
    /// For the citizen.
    pub citizen: Bilingual,
    /// For the professional who sent the document.
    pub professional: Bilingual,
}

const fn told(
    citizen_fr: &'static str,
    citizen_en: &'static str,
    professional_fr: &'static str,
    professional_en: &'static str,
) -> Sentences {
    Sentences {
        citizen: Bilingual { fr: citizen_fr, en: citizen_en },
        professional: Bilingual { fr: professional_fr, en: professional_en },
    }
}

/// The label that stands behind a refusal's code in integration reports: short, French, without
/// signs that a header field could not carry.
// MSS #68
#[must_use]
pub fn label_of(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::SameIdOtherContent => "Identifiant de document en conflit",
        Refusal::VersionNotAbove => "Version incorrecte",
        Refusal::ReplacesAnothers => "Auteur sans droit de remplacement",
        Refusal::UnknownPatient => "Patient inconnu",
        Refusal::NoIns => "INS absent du document",
        Refusal::OtherCitizen => "INS d'un autre patient",
        Refusal::DocumentOfOther => "INS du document non concordant",
        Refusal::TraitsDiffer => "Traits non concordants",
        Refusal::InsIncomplete => "INS incomplet ou non valide",
        Refusal::TraitsIncomplete => "INS sans les cinq traits",
        Refusal::HashDiffers => "Empreinte non conforme",
        Refusal::SizeDiffers => "Taille non conforme",
        Refusal::NoHash => "Empreinte ou taille absente",
        Refusal::Contradiction => "Document contraire au fichier METADATA.XML",
        Refusal::Unreadable => "Document illisible",
        Refusal::ArchiveDamaged => "Archive illisible",
        Refusal::ArchiveDangerous => "Archive dangereuse",
        Refusal::ArchiveTooLarge => "Archive trop volumineuse",
        Refusal::NoMetadata => "Fichier METADATA.XML absent ou illisible",
        Refusal::MissingFile => "Fichier absent de l'archive",
        Refusal::AttachmentUndecodable => "Encodage de l'archive illisible",
    }
}

pub(crate) fn of_fate(fate: &Fate) -> Sentences {
    match fate {
        Fate::Filed { predecessor_unknown: false, .. } => told(
            "Ce document est classé dans votre dossier. Vous n’avez rien à faire.",
            "This document is filed in your record. There is nothing to do.",
            "Le document est classé dans le dossier du patient.",
            "The document is filed in the patient’s record.",
        ),
        Fate::Filed { predecessor_unknown: true, .. } => told(
            "Ce document est classé dans votre dossier. Il annonce qu’il en remplace un autre, que votre dossier ne contient pas : il est classé comme première version.",
            "This document is filed in your record. It says that it replaces another one, which your record does not hold: it is filed as a first version.",
            "Le document est classé comme première version : le document qu’il remplace n’est pas dans le dossier. Envoyez-le aussi s’il compte encore.",
            "The document is filed as a first version: the record does not hold the one it replaces. Send that one too if it still matters.",
        ),
        Fate::Duplicate { .. } => told(
            "Votre dossier contient déjà ce document. Il n’est pas classé deux fois.",
            "Your record already holds this document. It is not filed twice.",
            "Le dossier contenait déjà ce document ; il n’a pas été classé une seconde fois.",
            "The record already held this document; it was not filed a second time.",
        ),
        Fate::MayBeFiledByHand => told(
            "Vous pouvez ajouter cette pièce jointe à votre dossier.",
            "You can add this attachment to your record.",
            "Le patient peut ajouter cette pièce jointe à son dossier.",
            "The patient can add this attachment to the record.",
        ),
        Fate::NotFiled(refusal) => of_refusal(*refusal),
    }
}

fn of_refusal(refusal: Refusal) -> Sentences {
    match refusal {
        Refusal::SameIdOtherContent => told(
            "Votre dossier contient un autre document sous le même identifiant. Demandez à l’expéditeur de renvoyer ce document avec un nouvel identifiant.",
            "Your record holds another document under the same identifier. Ask the sender to send this document again with a new identifier.",
            "Un autre contenu est déjà classé sous cet identifiant unique. Renvoyez le document avec un nouvel identifiant et une version supérieure.",
            "Another content is filed under this uniqueId. Send the document again with a new identifier and a higher version.",
        ),
        Refusal::VersionNotAbove => told(
            "Votre dossier contient déjà cette version de ce document, ou une plus récente. Vous n’avez rien à faire.",
            "Your record already holds this version of the document or a later one. There is nothing to do.",
            "Le dossier contient une version égale ou plus récente. Augmentez le numéro de version et renvoyez le document.",
            "The record holds this version or a later one. Raise the version number and send the document again.",
        ),
        Refusal::ReplacesAnothers => told(
            "Ce document voulait en remplacer un qui vient d’un autre auteur : il n’est pas classé. Demandez à l’expéditeur de l’envoyer comme nouveau document.",
            "This document was to replace one by another author: it is not filed. Ask the sender to send it as a new document.",
            "Seuls l’auteur du document ou son organisation peuvent le remplacer. Envoyez le vôtre comme nouveau document.",
            "Only the document’s author or the same organisation may replace it. Send yours as a new document.",
        ),
        Refusal::UnknownPatient => told(
            "Ce document porte une identité qui n’est pas la vôtre : il n’est pas classé. Prévenez l’expéditeur.",
            "This document bears an identity that is not yours: it is not filed. Tell the sender.",
            "Le patient désigné par METADATA.XML n’est pas connu ici. Vérifiez l’INS et l’adresse du destinataire, puis renvoyez le document.",
            "The patient in METADATA.XML is unknown here. Check the INS and the recipient’s address, then send the document again.",
        ),
        Refusal::NoIns => told(
            "Ce document ne porte pas votre identité nationale de santé : il n’est pas classé. Vous pouvez le lire dans le message.",
            "This document does not carry your national health identity: it is not filed. You can read it in the message.",
            "L’INS manque dans METADATA.XML ou dans le document. Qualifiez l’identité du patient, puis renvoyez le document.",
            "The INS is missing in METADATA.XML or in the document. Qualify the patient’s identity, then send the document again.",
        ),
        Refusal::OtherCitizen => told(
            "Ce document semble concerner une autre personne : il n’est pas classé dans votre dossier. Prévenez l’expéditeur.",
            "This document seems to concern somebody else: it is not filed in your record. Tell the sender.",
            "L’INS de METADATA.XML n’est pas celui du destinataire. Vérifiez l’adresse et renvoyez le document au bon patient.",
            "The INS in METADATA.XML is not the recipient’s. Check the address and send the document to the right patient.",
        ),
        Refusal::DocumentOfOther => told(
            "L’identité écrite dans ce document n’est pas la vôtre : il n’est pas classé. Prévenez l’expéditeur.",
            "The identity in this document is not yours: it is not filed. Tell the sender.",
            "L’INS du document CDA n’est pas celui de METADATA.XML. Corrigez le document et renvoyez-le.",
            "The INS in the CDA document is not the one in METADATA.XML. Correct the document and send it again.",
        ),
        Refusal::TraitsDiffer => told(
            "Le nom, le prénom, le sexe, la date ou le lieu de naissance de ce document ne sont pas les vôtres : il n’est pas classé. Demandez à l’expéditeur de vérifier votre identité.",
            "The name, given name, sex, birth date or birth place in this document are not yours: it is not filed. Ask the sender to check your identity.",
            "Les traits d’identité du document diffèrent de ceux du dossier. Vérifiez l’identité du patient, puis renvoyez le document.",
            "The identity traits in the document differ from those of the record. Check the patient’s identity, then send the document again.",
        ),
        Refusal::InsIncomplete => told(
            "Le numéro d’identité de santé de ce document n’est pas valide : il n’est pas classé. Prévenez l’expéditeur.",
            "The health identity number in this document is not valid: it is not filed. Tell the sender.",
            "L’INS est incomplet, mal formé, ou sa clé est fausse. Corrigez l’INS et renvoyez le document.",
            "The INS is incomplete, malformed, or its key is wrong. Correct the INS and send the document again.",
        ),
        Refusal::TraitsIncomplete => told(
            "L’identité écrite dans ce document est incomplète : il n’est pas classé. Prévenez l’expéditeur.",
            "The identity in this document is incomplete: it is not filed. Tell the sender.",
            "Un document avec INS doit porter les cinq traits d’identité. Complétez-les et renvoyez le document.",
            "A document with an INS must carry the five identity traits. Complete them and send the document again.",
        ),
        Refusal::HashDiffers | Refusal::SizeDiffers => told(
            "Ce document a été abîmé avant d’arriver : il n’est pas classé. Demandez à l’expéditeur de le renvoyer.",
            "This document was damaged before it came: it is not filed. Ask the sender to send it again.",
            "Le contenu du document ne correspond pas à l’empreinte ou à la taille de METADATA.XML. Fabriquez l’archive de nouveau et renvoyez-la.",
            "The document’s content does not match the hash or the size in METADATA.XML. Make the archive again and send it.",
        ),
        Refusal::NoHash => told(
            "Il manque à ce document de quoi vérifier qu’il est intact : il n’est pas classé. Prévenez l’expéditeur.",
            "This document lacks what proves that it is intact: it is not filed. Tell the sender.",
            "METADATA.XML ne donne pas l’empreinte ou la taille du document. Complétez les slots « hash » et « size », puis renvoyez l’archive.",
            "METADATA.XML gives no hash or no size. Complete the slots “hash” and “size”, then send the archive again.",
        ),
        Refusal::Contradiction => told(
            "Ce document et sa fiche d’accompagnement ne disent pas la même chose : il n’est pas classé. Prévenez l’expéditeur.",
            "This document and its description say different things: it is not filed. Tell the sender.",
            "L’identifiant ou le type du document diffèrent entre METADATA.XML et l’en-tête CDA. Mettez-les en accord et renvoyez l’archive.",
            "The document’s identifier or type differ between METADATA.XML and the CDA header. Make them agree and send the archive again.",
        ),
        Refusal::Unreadable => told(
            "Ce document ne peut pas être lu : il n’est pas classé. Demandez à l’expéditeur de le renvoyer.",
            "This document cannot be read: it is not filed. Ask the sender to send it again.",
            "Le document n’est pas un CDA R2 conforme. Vérifiez-le et renvoyez-le.",
            "The document is no conforming CDA R2. Check it and send it again.",
        ),
        Refusal::ArchiveDamaged | Refusal::AttachmentUndecodable => told(
            "L’archive jointe à ce message est abîmée : rien n’est classé. Demandez à l’expéditeur de la renvoyer.",
            "The archive attached to this message is damaged: nothing is filed. Ask the sender to send it again.",
            "L’archive IHE_XDM.ZIP ne s’ouvre pas (tronquée, chiffrée ou abîmée). Fabriquez-la de nouveau et renvoyez-la.",
            "The archive IHE_XDM.ZIP does not open (truncated, encrypted or damaged). Make it again and send it.",
        ),
        Refusal::ArchiveDangerous => told(
            "L’archive jointe à ce message pourrait être dangereuse : elle n’est pas ouverte. Prévenez l’expéditeur.",
            "The archive attached to this message could be dangerous: it is not opened. Tell the sender.",
            "L’archive contient des chemins interdits, des liens, des noms en double ou une autre archive. Fabriquez-la selon le volet IHE XDM et renvoyez-la.",
            "The archive holds forbidden paths, links, duplicate names or another archive. Make it as IHE XDM says and send it again.",
        ),
        Refusal::ArchiveTooLarge => told(
            "L’archive jointe à ce message est trop volumineuse une fois ouverte : rien n’est classé. Prévenez l’expéditeur.",
            "The archive attached to this message is too large once opened: nothing is filed. Tell the sender.",
            "L’archive dépasse les limites de taille ou de nombre de fichiers. Envoyez moins de documents à la fois.",
            "The archive exceeds the limits of size or of files. Send fewer documents at a time.",
        ),
        Refusal::NoMetadata => told(
            "Il manque à l’archive sa fiche d’accompagnement : rien n’est classé. Prévenez l’expéditeur.",
            "The archive lacks its description: nothing is filed. Tell the sender.",
            "METADATA.XML manque sous IHE_XDM, ou ne se lit pas. Fabriquez l’archive de nouveau et renvoyez-la.",
            "METADATA.XML is missing under IHE_XDM or cannot be read. Make the archive again and send it.",
        ),
        Refusal::MissingFile => told(
            "Un document annoncé manque dans l’archive : il n’est pas classé. Prévenez l’expéditeur.",
            "A document that is announced is missing in the archive: it is not filed. Tell the sender.",
            "METADATA.XML désigne un fichier absent de l’archive. Fabriquez l’archive de nouveau et renvoyez-la.",
            "METADATA.XML names a file that the archive lacks. Make the archive again and send it.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_refusal_has_a_code_a_plain_label_and_four_sentences() {
        for refusal in Refusal::ALL {
            assert!((900..=906).contains(&refusal.code()));
            let label = label_of(refusal);
            assert!(label.is_ascii() && !label.contains('^'), "{label}");
            let told = of_refusal(refusal);
            for text in [told.citizen, told.professional] {
                assert!(text.fr.ends_with('.') && text.en.ends_with('.'), "{refusal:?}");
                assert_ne!(text.fr, text.en);
            }
        }
        let labels: BTreeSet<_> = Refusal::ALL.into_iter().map(label_of).collect();
        assert_eq!(labels.len(), Refusal::ALL.len());
    }
}
