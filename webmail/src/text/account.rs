//! Texts of the account page.

super::texts! {
    /// The account page.
    Account {
        title: "Mon compte", "My account";
        identity: "Votre identité", "Your identity";
        identity_note: "Elle vient de votre identité nationale de santé et ne se change pas ici.",
            "It comes from your national health identity and cannot be changed here.";
        name: "Nom de naissance", "Name at birth";
        given_names: "Prénoms", "Given names";
        birth_date: "Date de naissance", "Date of birth";
        address: "Votre adresse de messagerie de santé", "Your health mail address";
        language: "Langue des pages", "Language of the pages";
        sessions: "Appareils connectés", "Logged-in devices";
        sessions_note: "Si vous ne reconnaissez pas une connexion, terminez-la.", "If you do not recognise one, end it.";
        this_one: "Cet appareil", "This device";
        since: "Connexion : {}", "Log-in: {}";
        last_seen: "Dernière activité : {}", "Last activity: {}";
        until: "Se termine sans activité : {}", "Ends without activity: {}";
        end: "Terminer", "End";
        end_all: "Terminer toutes les autres connexions", "End all other log-ins";
        ended: "La connexion est terminée", "The log-in has been ended";
        ended_all: "Toutes les autres connexions sont terminées", "All other log-ins have been ended";
        only_this: "Aucun autre appareil n'est connecté.", "No other device is logged in.";
    }
}
