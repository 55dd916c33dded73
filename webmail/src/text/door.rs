//! Texts of the front door: log-in, one-time code, leaving.

super::texts! {
    /// The front door.
    Door {
        title: "Se connecter", "Log in";
        log_in: "Se connecter", "Log in";
        lead: "Entrez dans votre espace pour lire vos messages et votre dossier médical.",
            "Enter your space to read your messages and your medical record.";
        identifier: "Identifiant", "Identifier";
        identifier_hint: "Celui qui figure sur votre courrier d'ouverture, ou votre adresse de messagerie de santé.",
            "The one in your opening letter, or your health mail address.";
        password: "Mot de passe", "Password";
        next: "Continuer", "Continue";
        code_title: "Votre code à usage unique", "Your one-time code";
        code_sent: "Nous venons de vous envoyer un code par le moyen que vous avez choisi (e-mail ou SMS). Il ne sert qu'une fois et ne vaut que quelques minutes.",
            "We have just sent you a code in the way you chose (e-mail or text message). It works once and for a few minutes only.";
        code: "Code", "Code";
        code_hint: "Les chiffres reçus, sans espace. Vous pouvez les coller.", "The digits you received, without blanks. You can paste them.";
        enter: "Entrer dans mon espace", "Enter my space";
        again: "Recommencer et recevoir un autre code", "Start again and receive another code";
        problem: "Vous n'êtes pas encore connecté", "You are not logged in yet";
        identifier_missing: "Écrivez votre identifiant.", "Enter your identifier.";
        password_missing: "Écrivez votre mot de passe.", "Enter your password.";
        code_missing: "Écrivez le code reçu.", "Enter the code you received.";
        refused: "Cet identifiant et ce mot de passe ne vont pas ensemble. Vérifiez-les, majuscules comprises, puis réessayez.",
            "This identifier and password do not go together. Check both, capitals included, and try again.";
        code_wrong: "Ce n'est pas le code envoyé. Vérifiez les chiffres du dernier message reçu et réessayez.",
            "This is not the code we sent. Check the digits in the latest message and try again.";
        code_expired: "Ce code ne vaut plus. Recommencez pour en recevoir un autre.",
            "This code is no longer valid. Start again to receive another one.";
        throttled: "Trop d'essais de suite. Pour protéger votre espace, attendez quelques minutes avant de réessayer.",
            "Too many attempts in a row. To protect your space, wait a few minutes before you try again.";
        unavailable: "La connexion n'est pas possible pour le moment, de notre fait. Réessayez dans quelques minutes.",
            "Logging in is not possible at the moment, through our fault. Try again in a few minutes.";
        out_title: "Vous êtes déconnecté", "You are logged out";
        out: "Votre espace est fermé sur cet appareil. Rien n'y reste.", "Your space is closed on this device. Nothing stays on it.";
        ended: "Votre session est terminée. Connectez-vous de nouveau pour continuer.",
            "Your session has ended. Log in again to continue.";
    }
}
