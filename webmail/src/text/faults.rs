//! Texts of pages that say why something did not happen: what, that nothing is lost, what to do next.

super::texts! {
    /// Pages that say why something did not happen.
    Faults {
        not_found_title: "Cette page n'existe pas", "There is no such page";
        not_found: "Le lien est incomplet, ou ce qu'il montrait n'est plus dans votre espace. Rien d'autre n'a changé.",
            "The link is incomplete, or what it showed is no longer in your space. Nothing else has changed.";
        forgery_title: "Par prudence, rien n'a été fait", "To be safe, nothing was done";
        forgery: "La demande ne venait pas d'une page récente de votre espace. Rien n'est perdu : revenez en arrière, rechargez la page et recommencez.",
            "The request did not come from a recent page of your space. Nothing is lost: go back, reload the page and do it again.";
        too_large_title: "C'est trop volumineux", "That is too large";
        too_large: "Les fichiers joints dépassent ensemble 18 Mo, ou sont trop nombreux. Votre texte est gardé ci-dessous : joignez moins de fichiers, ou envoyez plusieurs messages.",
            "The attached files are larger than 18 MB together, or too many. Your text is kept below: attach fewer files, or send several messages.";
        far_too_large: "Ce que vous envoyez dépasse de loin ce qui peut être reçu. Rien n'est parti. Revenez en arrière : votre texte y est encore.",
            "What you are sending is far larger than can be received. Nothing was sent. Go back: your text is still there.";
        broken_title: "Quelque chose s'est mal passé chez nous", "Something went wrong on our side";
        broken: "Vos messages et votre dossier sont intacts. Réessayez dans un instant ; si cela continue, contactez l'assistance.",
            "Your messages and your record are safe. Try again in a moment; if it goes on, contact support.";
        later_title: "Rien ne peut être enregistré pour l'instant", "Nothing can be stored for now";
        later: "Rien n'a été changé ; vos messages et votre dossier sont intacts et se lisent toujours. Réessayez dans quelques minutes ; si cela continue, contactez l'assistance.",
            "Nothing was changed; your messages and your record are safe and can still be read. Try again in a few minutes; if it goes on, contact support.";
        busy_title: "Un envoi est déjà en cours", "Something is already being sent";
        busy: "Attendez qu'il se termine, puis recommencez. Rien n'est perdu : revenez en arrière, votre texte y est encore.",
            "Wait until it is done, then do it again. Nothing is lost: go back, your text is still there.";
        slow_title: "L'envoi a duré trop longtemps", "Sending took too long";
        slow: "Rien n'est parti. Revenez en arrière, votre texte y est encore : joignez moins de fichiers, ou réessayez avec une meilleure connexion.",
            "Nothing was sent. Go back, your text is still there: attach fewer files, or try again with a better connection.";
        bad_title: "Cette demande ne se lit pas", "This request cannot be read";
        bad: "Une partie du formulaire manquait. Rien n'est perdu : revenez en arrière et recommencez.",
            "Part of the form was missing. Nothing is lost: go back and do it again.";
        ended_title: "Votre session s'est terminée avant l'envoi", "Your session ended before sending";
        ended: "Rien n'est parti, mais votre texte est ici. Copiez-le, connectez-vous, puis collez-le dans votre réponse.",
            "Nothing was sent, but here is your text. Copy it, log in, then paste it into your answer.";
        your_text: "Votre texte", "Your text";
        home: "Aller à mes messages", "Go to my messages";
    }
}
