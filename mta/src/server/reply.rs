//! Replies: the one place where SMTP codes and texts of the receiving side are written.
//!
//! Invariants: each line has at most 510 octets and CRLF; lines are ASCII unless the client said SMTPUTF8; a
//! refusal that goes outside is the one that anybody may see ([`Verdict::as_seen_outside`]); the 250 at the end of
//! a message needs an [`Accepted`].
//! Failure: none.

use std::fmt;

use domain::{Bilingual, Lang, Verdict};

use super::fold::to_ascii;
use super::handler::Accepted;

/// Longest reply line without its CRLF.
// RFC 5321 §4.5.3.1.5
pub(super) const MAX_LINE: usize = 510;

/// How replies are written for one client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) lang: Lang,
    /// The client reads UTF-8 in replies.
    // RFC 6531 §3.7.4.1
    pub(super) utf8: bool,
}

/// What the server answers.
#[derive(Debug)]
pub(super) enum Reply {
    /// The connection is open: our name.
    Ready(String),
    /// EHLO or HELO: our name, and what we offer.
    Hello(String, Vec<String>),
    /// After QUIT.
    Bye,
    /// STARTTLS goes on.
    TlsReady,
    /// RSET, NOOP.
    Done,
    /// The sender is taken.
    SenderTaken,
    /// The recipient is taken.
    RecipientTaken,
    /// Logged in.
    LoggedIn,
    /// A response is wanted.
    Challenge,
    /// DATA goes on.
    SendMessage,
    /// A chunk of so many octets is taken.
    ChunkTaken(u64),
    /// The message is ours.
    Accepted(Accepted),
    /// HELP.
    Help,
    /// VRFY.
    CannotVerify,

    /// CR or LF on its own, control characters, octets that are not UTF-8.
    Malformed,
    /// The command line is too long.
    LineTooLong,
    /// The authentication line is too long.
    AuthLineTooLong,
    /// No such command.
    Unknown,
    /// No such command here.
    NotImplemented,
    /// Arguments missing or wrong: the right form.
    Syntax(&'static str),
    /// The count of BDAT is unreadable.
    Count,
    /// A parameter is not offered.
    Parameter,
    /// A parameter's value is wrong.
    ParameterValue,
    /// No greeting yet.
    HelloFirst,
    /// No MAIL yet.
    MailFirst,
    /// MAIL twice.
    MailAgain,
    /// RCPT or DATA after BDAT.
    ChunksBegun,
    /// No recipient is taken.
    NoRecipient,
    /// TLS is on already.
    TlsAlready,
    /// Logged in already, or in the middle of a transaction.
    LoginOutOfOrder,
    /// A mechanism that is not offered.
    Mechanism,
    /// The client gave up its login.
    LoginCancelled,
    /// The response of a login cannot be read.
    LoginMalformed,
    /// An address beyond ASCII without SMTPUTF8.
    AddressNotAscii,
    /// What let the peer in does not hold any more.
    NoMore,
    /// Nothing came for too long.
    TimedOut,
    /// Too many errors, refusals, commands or transactions.
    TooMuch,
    /// Too many connections.
    TooManyConnections,

    /// The rules say no.
    Refused(Verdict),
}

/// An enhanced status code as written, or none.
type Enhanced = Option<(u8, u16, u16)>;

impl Reply {
    /// The reply code.
    // RFC 5321 §4.2.3
    pub(super) fn code(&self) -> u16 {
        self.row().0
    }

    /// Code, enhanced code, text.
    // RFC 2034 §4
    // RFC 5248 §2
    #[rustfmt::skip]
    fn row(&self) -> (u16, Enhanced, Bilingual) {
        let row = |code, enhanced, fr, en| (code, enhanced, Bilingual { fr, en });
        match self {
            Self::Ready(_) => row(220, None, "ESMTP", "ESMTP"),
            Self::Hello(..) => row(250, None, "", ""),
            Self::Bye => row(221, Some((2, 0, 0)), "Au revoir.", "Goodbye."),
            Self::TlsReady => row(220, Some((2, 0, 0)), "Prêt pour TLS.", "Ready for TLS."),
            Self::Done => row(250, Some((2, 0, 0)), "Fait.", "Done."),
            Self::SenderTaken => row(250, Some((2, 1, 0)), "Expéditeur accepté.", "Sender accepted."),
            Self::RecipientTaken => row(250, Some((2, 1, 5)), "Destinataire accepté.", "Recipient accepted."),
            // RFC 4954 §6
            Self::LoggedIn => row(235, Some((2, 7, 0)), "Identification réussie.", "Authentication succeeded."),
            Self::Challenge => row(334, None, "", ""),
            Self::SendMessage => row(354, None, "Envoyez le message, puis un point seul sur sa ligne.", "Send the message, then a dot alone on its line."),
            Self::ChunkTaken(_) => row(250, Some((2, 0, 0)), "Octets reçus :", "Octets received:"),
            Self::Accepted(_) => row(250, Some((2, 0, 0)), "Message accepté :", "Message accepted:"),
            Self::Help => row(214, Some((2, 0, 0)), "Commandes : EHLO HELO STARTTLS AUTH MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT", "Commands: EHLO HELO STARTTLS AUTH MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT"),
            // RFC 5321 §3.5.3
            Self::CannotVerify => row(252, Some((2, 0, 0)), "Les adresses ne se vérifient qu'à l'envoi.", "Addresses are verified at sending only."),

            Self::Malformed => row(500, Some((5, 5, 2)), "La ligne contient un caractère interdit, ou une fin de ligne incomplète (CR ou LF seul).", "The line has a forbidden character, or an incomplete line ending (a CR or LF alone)."),
            Self::LineTooLong => row(500, Some((5, 5, 2)), "La ligne est trop longue.", "The line is too long."),
            // RFC 4954 §6
            Self::AuthLineTooLong => row(500, Some((5, 5, 6)), "La ligne d'identification est trop longue.", "The authentication line is too long."),
            Self::Unknown => row(500, Some((5, 5, 1)), "Commande inconnue.", "Unknown command."),
            Self::NotImplemented => row(502, Some((5, 5, 1)), "Cette commande n'existe pas ici.", "This command does not exist here."),
            Self::Syntax(_) => row(501, Some((5, 5, 4)), "Syntaxe :", "Syntax:"),
            Self::Count => row(501, Some((5, 5, 4)), "Le nombre d'octets est illisible ; la connexion est fermée.", "The count of octets cannot be read; the connection is closed."),
            Self::Parameter => row(555, Some((5, 5, 4)), "Un paramètre n'est pas reconnu.", "A parameter is not recognised."),
            Self::ParameterValue => row(501, Some((5, 5, 4)), "Un paramètre est répété ou sa valeur est incorrecte.", "A parameter is repeated, or its value is wrong."),
            Self::HelloFirst => row(503, Some((5, 5, 1)), "Dites d'abord EHLO.", "Say EHLO first."),
            Self::MailFirst => row(503, Some((5, 5, 1)), "Donnez d'abord l'expéditeur (MAIL).", "Give the sender first (MAIL)."),
            Self::MailAgain => row(503, Some((5, 5, 1)), "L'expéditeur est déjà donné ; RSET l'oublie.", "The sender is given already; RSET forgets it."),
            Self::ChunksBegun => row(503, Some((5, 5, 1)), "Le message a commencé par BDAT ; DATA et RCPT n'y ont plus leur place.", "The message has begun with BDAT; DATA and RCPT have no place in it."),
            Self::NoRecipient => row(554, Some((5, 5, 1)), "Aucun destinataire n'est accepté.", "No recipient is accepted."),
            Self::TlsAlready => row(503, Some((5, 5, 1)), "La connexion est déjà chiffrée.", "The connection is encrypted already."),
            Self::LoginOutOfOrder => row(503, Some((5, 5, 1)), "L'identification se fait une fois, avant le message.", "Authentication happens once, before the message."),
            Self::Mechanism => row(504, Some((5, 5, 4)), "Ce mécanisme d'identification n'est pas proposé.", "This authentication mechanism is not offered."),
            Self::LoginCancelled => row(501, Some((5, 7, 0)), "Identification abandonnée.", "Authentication given up."),
            Self::LoginMalformed => row(501, Some((5, 5, 2)), "La réponse d'identification est illisible.", "The authentication response cannot be read."),
            // RFC 6531 §3.5
            Self::AddressNotAscii => row(553, Some((5, 6, 7)), "Cette adresse demande le paramètre SMTPUTF8.", "This address needs the parameter SMTPUTF8."),
            Self::NoMore => row(421, Some((4, 7, 0)), "Votre certificat, votre secret ou votre droit n'est plus valable ; la connexion est fermée.", "Your certificate, your secret or your right is no longer valid; the connection is closed."),
            Self::TimedOut => row(421, Some((4, 4, 2)), "Rien n'est venu depuis trop longtemps ; la connexion est fermée.", "Nothing has come for too long; the connection is closed."),
            Self::TooMuch => row(421, Some((4, 7, 0)), "Trop d'erreurs, de refus ou de commandes ; la connexion est fermée.", "Too many errors, refusals or commands; the connection is closed."),
            Self::TooManyConnections => row(421, Some((4, 7, 0)), "Trop de connexions ; réessayez plus tard.", "Too many connections; try again later."),

            // MSS #36
            Self::Refused(verdict) => {
                let seen = verdict.as_seen_outside();
                let enhanced = seen.enhanced();
                let enhanced = (enhanced.class(), enhanced.subject(), enhanced.detail());
                (seen.code(), Some(enhanced), seen.professional())
            }
        }
    }

    /// Appends the reply as it goes over the wire.
    pub(super) fn write(&self, style: Style, out: &mut Vec<u8>) {
        let (code, enhanced, text) = self.row();
        let text = text.get(style.lang);
        let text = if style.utf8 { text.to_owned() } else { to_ascii(text) };
        let lines = match self {
            Self::Ready(hostname) => vec![format!("{hostname} {text}")],
            Self::Hello(hostname, offered) => {
                std::iter::once(hostname).chain(offered).cloned().collect()
            }
            Self::Syntax(form) => vec![format!("{text} {form}")],
            Self::ChunkTaken(octets) => vec![format!("{text} {octets}")],
            Self::Accepted(accepted) => vec![format!("{text} {}", accepted.queue_id().as_str())],
            _ => wrapped(&text),
        };
        let enhanced = enhanced.map(Shown);
        for (index, line) in lines.iter().enumerate() {
            let more = if index + 1 < lines.len() { '-' } else { ' ' };
            let line = match &enhanced {
                Some(enhanced) => format!("{code}{more}{enhanced} {line}\r\n"),
                None => format!("{code}{more}{line}\r\n"),
            };
            out.extend_from_slice(line.as_bytes());
        }
    }
}

/// An enhanced status code in writing.
struct Shown((u8, u16, u16));

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self((class, subject, detail)) = self;
        write!(f, "{class}.{subject}.{detail}")
    }
}

/// What stands before the text: `550-5.7.999 `.
const PREFIX: usize = 12;

/// The text in lines that fit, cut between words.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && PREFIX + line.len() + 1 + word.len() > MAX_LINE {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(reply: &Reply, lang: Lang, utf8: bool) -> String {
        let mut out = Vec::new();
        reply.write(Style { lang, utf8 }, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_verdict_is_told_in_one_language_and_folded() {
        let reply = Reply::Refused(Verdict::MessageTooLarge);
        assert_eq!(
            written(&reply, Lang::Fr, false),
            "552 5.3.4 Le message depasse la taille acceptee, pieces jointes codees comprises.\r\n"
        );
        assert_eq!(
            written(&reply, Lang::Fr, true),
            "552 5.3.4 Le message dépasse la taille acceptée, pièces jointes codées comprises.\r\n"
        );
        assert_eq!(
            written(&reply, Lang::En, false),
            "552 5.3.4 The message is larger than what is accepted, encoded attachments included.\r\n"
        );
    }

    #[test]
    fn every_verdict_fits_and_nobody_tells_objected_from_unknown() {
        for verdict in Verdict::ALL {
            for (lang, utf8) in [(Lang::Fr, true), (Lang::Fr, false), (Lang::En, false)] {
                let text = written(&Reply::Refused(*verdict), lang, utf8);
                assert!(text.lines().all(|line| line.len() <= MAX_LINE), "{text}");
                assert!(text.ends_with("\r\n") && !text.contains('?'), "{text}");
            }
        }
        let refused = |verdict| written(&Reply::Refused(verdict), Lang::Fr, false);
        assert_eq!(refused(Verdict::RecipientObjected), refused(Verdict::RecipientUnknown));
    }

    #[test]
    fn long_texts_become_several_lines() {
        let text = "mot ".repeat(300);
        let lines = wrapped(text.trim_end());
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().all(|line| PREFIX + line.len() <= MAX_LINE));
        assert_eq!(lines.join(" "), text.trim_end());
    }

    #[test]
    fn several_lines_carry_code_and_mark() {
        let reply = Reply::Hello("mx.a.fr".into(), vec!["SIZE 5".into(), "HELP".into()]);
        assert_eq!(written(&reply, Lang::Fr, false), "250-mx.a.fr\r\n250-SIZE 5\r\n250 HELP\r\n");
        assert_eq!(written(&Reply::Challenge, Lang::Fr, false), "334 \r\n");
    }
}
