//! Texts of the medical record, its documents, and filing by hand.

super::texts! {
    /// The medical record and its documents.
    Record {
        title: "Mon dossier médical", "My medical record";
        lead: "Les documents que les professionnels de santé vous ont envoyés, et ceux que vous y avez classés.",
            "The documents that health professionals sent you, and those you filed yourself.";
        by_kind: "Par type", "By kind";
        by_date: "Par date", "By date";
        ways: "Classement de la liste", "Order of the list";
        empty_title: "Votre dossier est encore vide", "Your record is still empty";
        empty: "Un document qu'un professionnel vous envoie est classé ici de lui-même, quand l'identité qu'il porte est la vôtre. Vous pourrez aussi classer les fichiers joints à vos messages.",
            "A document that a professional sends you is filed here by itself when the identity in it is yours. You will also be able to file what is attached to your messages.";
        waiting: "Un document vous attend : le professionnel qui l'a envoyé souhaite d'abord vous en parler. Vous pourrez le lire ici à partir du {}.",
            "A document is waiting for you: the professional who sent it would like to speak with you about it first. You will be able to read it here from {}.";
        more: "Documents plus anciens", "Older documents";
        all_of_kind: "Tous : {}", "All: {}";
        by: "par {}", "by {}";
        filed_by_you: "classé par vous", "filed by you";
        kind: "Type", "Kind";
        date: "Date du document", "Date of the document";
        author: "Auteur", "Author";
        organisation: "Établissement", "Organisation";
        confidentiality: "Confidentialité", "Confidentiality";
        filed_at: "Classé le", "Filed on";
        message: "Reçu avec", "Received with";
        see_message: "le message du {}", "the message of {}";
        version: "Version", "Version";
        download: "Télécharger le document", "Download the document";
        open_pdf: "Ouvrir le PDF", "Open the PDF";
        pdf_frame: "Le document en PDF", "The document as PDF";
        pdf_hint: "Si le document ne s'affiche pas ci-dessous, ouvrez-le ou téléchargez-le.",
            "If the document is not shown below, open or download it.";
        content: "Contenu du document", "Content of the document";
        media: "Voir le fichier joint au document", "See the file attached to the document";
        unreadable: "Ce document ne peut pas être affiché ici. Vous pouvez le télécharger.",
            "This document cannot be shown here. You can download it.";
        take_back: "Retirer de mon dossier", "Take out of my record";
        take_back_note: "Il n'apparaîtra plus dans votre dossier. Vous pourrez annuler, et le message reste où il est.",
            "It will no longer appear in your record. You can undo this, and the message stays where it is.";
        taken_back: "Ce document est retiré de votre dossier", "This document has been taken out of your record";
        taken_back_note: "Il n'est plus dans vos listes. Vous pouvez l'y remettre quand vous voulez.",
            "It is no longer in your lists. You can put it back whenever you like.";
        undo: "Le remettre dans mon dossier", "Put it back into my record";
        put_back: "Le document est de nouveau dans votre dossier", "The document is in your record again";
        replaced: "Une version plus récente remplace ce document", "A more recent version replaces this document";
        see_newer: "Voir la version plus récente", "See the more recent version";
        fate_filed: "Dans votre dossier", "In your record";
        fate_taken_back: "Retiré de votre dossier", "Taken out of your record";
        fate_not_filed: "Pas classé", "Not filed";
        fate_by_hand: "Pas encore dans votre dossier", "Not in your record yet";
        file_title: "Classer dans mon dossier", "File in my record";
        file_lead: "Le fichier sera copié dans votre dossier ; le message ne change pas.",
            "The file will be copied into your record; the message does not change.";
        file_name: "Fichier", "File";
        name: "Titre", "Title";
        name_hint: "Ce que vous reconnaîtrez dans votre dossier.", "What you will recognise in your record.";
        kind_hint: "Le type sous lequel vous le retrouverez.", "The kind under which you will find it.";
        file_it: "Classer", "File";
        not_filed: "Le fichier n'est pas classé", "The file has not been filed";
        filed: "Le fichier est dans votre dossier", "The file is in your record";
    }
}
