//! Texts of conversations, attachments and answers.

super::texts! {
    /// Conversations, attachments and answers.
    Mail {
        title: "Messages", "Messages";
        lead: "Vos conversations avec les professionnels de santé qui vous ont écrit.",
            "Your conversations with the health professionals who have written to you.";
        new: "Écrire à un professionnel", "Write to a professional";
        empty_title: "Pas encore de message", "No message yet";
        empty: "Quand un professionnel de santé vous écrira, sa lettre arrivera ici et vous pourrez lui répondre. C'est lui qui écrit en premier ; vous n'avez rien à faire.",
            "When a health professional writes to you, the letter will arrive here and you will be able to answer. They write first; there is nothing you need to do.";
        unread: "Nouveau", "New";
        verified: "vérifié", "verified";
        verified_long: "Identité vérifiée dans l'annuaire de santé", "Identity verified in the health directory";
        unverified: "absent de l'annuaire", "not in the directory";
        unknown_sender: "Expéditeur sans nom", "Sender without a name";
        masked: "[adresse masquée]", "[address hidden]";
        operator: "Service de messagerie", "Mail service";
        no_subject: "Sans objet", "No subject";
        space_full: "Votre espace est plein. Votre texte est resté ici. Joignez moins de fichiers, ou demandez plus de place à l’organisme qui tient votre espace.", "Your space is full. Your text is still here. Attach fewer files, or ask the organisation that keeps your space for more room.";
        attachment: "1 pièce jointe", "1 attachment";
        attachments: "{} pièces jointes", "{} attachments";
        you: "Vous", "You";
        closed_chip: "Échange terminé", "Conversation ended";
        newer: "Plus récentes", "More recent";
        older: "Plus anciennes", "Older";
        pages: "Pages de la liste", "Pages of the list";
        find: "Chercher dans vos messages et leurs documents", "Search your messages and their documents";
        find_button: "Chercher", "Search";
        find_title: "Recherche", "Search";
        found_none: "Aucun message ne contient ces mots.", "No message contains these words.";
        found_one: "1 message contient ces mots.", "1 message contains these words.";
        found_many: "{} messages contiennent ces mots.", "{} messages contain these words.";
        found_most: "Voici les {} messages qui correspondent le mieux.", "These are the {} best matching messages.";
        found_some: "La recherche n'est pas encore prête pour tous vos messages : d'autres peuvent contenir ces mots. Essayez de nouveau dans quelques minutes.",
            "The search is not ready for all your messages yet: others may contain these words. Try again in a few minutes.";
        found_hint: "Vérifiez l'orthographe, ou essayez avec moins de mots. Le début d'un mot suffit, et les accents ne comptent pas.",
            "Check the spelling, or try fewer words. The beginning of a word is enough, and accents do not count.";
        cut: "Seuls les messages les plus récents sont affichés.", "Only the most recent messages are shown.";
        to_reply: "Aller à la réponse", "Go to the answer";
        letters: "Messages de la conversation", "Messages of the conversation";
        earlier: "Afficher le texte cité", "Show the quoted text";
        html: "Voir la mise en forme de l'expéditeur", "Show the sender's own layout";
        html_frame: "Message mis en forme par l'expéditeur", "Message as laid out by the sender";
        no_text: "Ce message n'a pas de texte.", "This message has no text.";
        long: "Le texte est long : seule la première partie est affichée.", "The text is long: only its first part is shown.";
        damaged: "Une partie de ce message ne peut pas être affichée. Elle est conservée telle quelle.",
            "A part of this message cannot be shown. It is kept as it is.";
        report_failed: "Votre message n'a pas pu être remis.", "Your message could not be delivered.";
        report_delayed: "La remise de votre message prend plus de temps que d'habitude ; les essais continuent.",
            "Delivering your message takes longer than usual; we keep trying.";
        report_delivered: "Votre message a été remis.", "Your message has been delivered.";
        report_read: "Votre message a été lu.", "Your message has been read.";
        report: "Avis automatique au sujet de votre message.", "Automatic notice about your message.";
        automatic: "Réponse automatique", "Automatic answer";
        attached: "Pièces jointes", "Attachments";
        download: "Télécharger", "Download";
        see_document: "Voir dans mon dossier", "See in my record";
        file_it: "Classer dans mon dossier", "File in my record";
        archive: "Archive de documents médicaux", "Archive of medical documents";
        kind_pdf: "Document PDF", "PDF document";
        kind_image: "Image", "Image";
        kind_text: "Texte", "Text";
        kind_message: "Message joint", "Attached message";
        kind_cda: "Document médical", "Medical document";
        kind_other: "Fichier", "File";
        untitled: "Pièce jointe", "Attachment";
        reply_to: "Répondre à {}", "Reply to {}";
        text: "Votre message", "Your message";
        files: "Joindre des fichiers", "Attach files";
        files_hint: "Facultatif. 18 Mo en tout, 20 fichiers au plus.", "Optional. 18 MB in all, at most 20 files.";
        files_again: "Choisissez de nouveau vos fichiers : le navigateur ne les garde pas.",
            "Choose your files again: the browser does not keep them.";
        send: "Envoyer", "Send";
        sent: "Votre message est parti", "Your message has been sent";
        sent_more: "Vous le retrouvez dans cette conversation.", "You find it in this conversation.";
        leaving: "Votre message part dans quelques secondes", "Your message leaves in a few seconds";
        leaving_more: "Vous pouvez l'annuler pendant dix secondes, même si vous fermez cette page entre-temps.",
            "You can take it back for ten seconds, even if you close this page in between.";
        undo: "Annuler l'envoi", "Undo sending";
        undone: "L'envoi est annulé", "Sending is undone";
        undone_more: "Rien n'est parti. Votre texte est ci-dessous ; s'il y avait des fichiers, choisissez-les de nouveau.",
            "Nothing was sent. Your text is below; if there were files, choose them again.";
        too_late: "Trop tard : le message est parti", "Too late: the message has been sent";
        too_late_more: "Pour corriger quelque chose, écrivez un nouveau message.", "To correct something, write a new message.";
        save_draft: "Enregistrer le brouillon", "Save draft";
        discard_draft: "Supprimer le brouillon", "Discard draft";
        draft_saved: "Brouillon enregistré {}. Les fichiers joints ne sont pas gardés.", "Draft saved {}. Attached files are not kept.";
        draft_chip: "Brouillon", "Draft";
        discarded: "Le brouillon est supprimé", "The draft has been discarded";
        begun: "Reprendre le message commencé", "Continue the message you began";
        ends: "Votre session se termine {} si vous ne faites rien d'ici là. Enregistrer le brouillon la prolonge.",
            "Your session ends {} if you do nothing until then. Saving the draft extends it.";
        pdf: "Réunir mes photos en un document PDF", "Gather my photographs into a PDF document";
        pdf_hint: "Pour des pages photographiées (JPEG, PNG) : plus facile à lire et à classer pour le professionnel. Le lieu noté par l'appareil n'est pas transmis.",
            "For photographed pages (JPEG, PNG): easier for the professional to read and file. The place noted by the device is not passed on.";
        photos: "Photos.pdf", "Photographs.pdf";
        photo_broken: "L'image « {} » ne peut pas être lue. Joignez-la sans la réunir en PDF, ou prenez une autre photo.",
            "The image “{}” cannot be read. Attach it without gathering it into a PDF, or take another photograph.";
        print: "Version à imprimer", "Version for printing";
        print_how: "Imprimez cette page, ou enregistrez-la en PDF, avec la commande « Imprimer » de votre navigateur.",
            "Print this page, or save it as a PDF, with the “Print” command of your browser.";
        print_now: "Imprimer", "Print";
        printed: "Imprimé le {}", "Printed on {}";
        not_sent: "Votre message n'est pas parti", "Your message has not been sent";
        text_missing: "Écrivez votre message, ou joignez un fichier.", "Write your message, or attach a file.";
        too_long: "Votre texte est trop long : 100 000 caractères au plus.", "Your text is too long: at most 100,000 characters.";
        closed_title: "Vous ne pouvez pas répondre ici", "You cannot answer here";
        closed: "Le professionnel de santé a terminé cet échange.", "The health professional has ended this conversation.";
        closed_since: "Depuis le {}.", "Since {}.";
        closed_next: "Dès qu'il vous écrira de nouveau, vous pourrez lui répondre. D'ici là, appelez son cabinet ou son service.",
            "As soon as they write to you again, you can answer. Until then, call their practice or ward.";
        automatic_only: "Ce message vient d'un service automatique : il n'y a personne à qui répondre.",
            "This message comes from an automatic service: there is nobody to answer.";
        automatic_next: "Pour joindre un professionnel, répondez à une lettre qu'il vous a écrite, ou appelez-le.",
            "To reach a professional, answer a letter they wrote to you, or call them.";
        new_title: "Écrire à un professionnel", "Write to a professional";
        new_lead: "Vous pouvez écrire à ceux qui vous ont déjà écrit, tant que l'échange est ouvert.",
            "You can write to those who have written to you before, as long as the conversation is open.";
        to: "À qui écrivez-vous ?", "Whom do you write to?";
        subject: "Objet", "Subject";
        subject_hint: "En quelques mots, de quoi il s'agit.", "In a few words, what it is about.";
        to_missing: "Choisissez un professionnel.", "Choose a professional.";
        subject_missing: "Écrivez un objet.", "Enter a subject.";
        nobody_title: "Personne à qui écrire pour l'instant", "Nobody to write to yet";
        nobody: "C'est au professionnel de santé de vous écrire en premier. Demandez-lui, à votre prochain rendez-vous ou par téléphone, de vous envoyer un message ; vous pourrez ensuite lui répondre.",
            "The health professional has to write to you first. Ask them, at your next appointment or by telephone, to send you a message; you can then answer.";
    }
}
