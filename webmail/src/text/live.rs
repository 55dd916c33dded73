//! Texts of what happens while a page is open.

super::texts! {
    /// What happens while a page is open.
    Live {
        arrived: "Un nouveau message est arrivé.", "A new message has arrived.";
        show: "Afficher", "Show";
        later: "Plus tard", "Later";
        ending: "Votre session se termine bientôt. Ce que vous écrivez est enregistré comme brouillon.",
            "Your session ends soon. What you are writing is kept as a draft.";
        stay: "Rester connecté", "Stay logged in";
        stayed: "Votre session continue.", "Your session continues.";
        unsaved: "Le brouillon n'a pas pu être enregistré. Copiez votre texte avant de quitter la page.",
            "The draft could not be saved. Copy your text before you leave the page.";
    }
}
