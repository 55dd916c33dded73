//! Texts of the frame around every page.

super::texts! {
    /// The frame around every page.
    Frame {
        skip: "Aller au contenu", "Skip to content";
        space_of: "Espace de", "Space of";
        places: "Rubriques", "Sections";
        conversations: "Messages", "Messages";
        record: "Dossier médical", "Medical record";
        account: "Compte", "Account";
        help: "Aide", "Help";
        log_out: "Se déconnecter", "Log out";
        other_lang: "English", "Français";
        other_lang_tag: "en", "fr";
        unread: "non lus", "unread";
        urgent: "Cette messagerie n'est pas faite pour les urgences. En cas d'urgence, appelez le 15 ou le 112.",
            "This mail is not made for emergencies. In an emergency, call 15 or 112.";
        back_to_list: "Toutes les conversations", "All conversations";
        back_to_record: "Tout le dossier", "The whole record";
        back_to_conversation: "La conversation", "The conversation";
        colon: " :", ":";
        error: "Erreur : {}", "Error: {}";
        cancel: "Annuler", "Cancel";
        today: "aujourd'hui", "today";
        yesterday: "hier", "yesterday";
        at: "à", "at";
    }
}
