//! Texts of the help page.

super::texts! {
    /// The help page.
    Help {
        title: "Aide", "Help";
        lead: "L'essentiel, en quelques réponses.", "The essentials, in a few answers.";
        q_what: "À quoi sert cet espace ?", "What is this space for?";
        a_what: "À échanger avec les professionnels de santé qui vous ont écrit, et à garder les documents qu'ils vous envoient dans votre dossier médical.",
            "To exchange with the health professionals who have written to you, and to keep the documents they send you in your medical record.";
        q_write: "Pourquoi ne puis-je pas écrire à n'importe qui ?", "Why can I not write to just anybody?";
        a_write: "C'est le professionnel qui ouvre l'échange en vous écrivant, et lui seul peut le terminer. Vous pouvez lui écrire tant que l'échange est ouvert.",
            "The professional opens the conversation by writing to you, and only they can end it. You can write as long as it is open.";
        q_verified: "Que veut dire « vérifié » ?", "What does “verified” mean?";
        a_verified: "L'expéditeur figure dans l'annuaire des professionnels de santé, et son opérateur de messagerie a prouvé son identité.",
            "The sender is in the directory of health professionals, and their mail operator has proved its identity.";
        q_record: "Pourquoi un document n'est-il pas dans mon dossier ?", "Why is a document not in my record?";
        a_record: "Un document est classé de lui-même quand l'identité qu'il porte est exactement la vôtre. Sinon, il reste dans le message, avec la raison ; certains fichiers peuvent être classés à la main.",
            "A document is filed by itself when the identity in it is exactly yours. Otherwise it stays in the message, with the reason; some files can be filed by hand.";
        q_secret: "Qui lit mes messages ?", "Who reads my messages?";
        a_secret: "Vous, et le professionnel avec qui vous échangez. Ils voyagent chiffrés entre opérateurs de confiance et sont gardés chiffrés.",
            "You, and the professional you exchange with. They travel encrypted between trusted operators and are kept encrypted.";
        q_lost: "J'ai perdu mon mot de passe", "I have lost my password";
        a_lost: "Contactez l'assistance de votre opérateur, dont les coordonnées figurent sur votre courrier d'ouverture. Personne ne vous demandera jamais votre mot de passe ni un code.",
            "Contact your operator's support, whose details are in your opening letter. Nobody will ever ask you for your password or a code.";
    }
}
