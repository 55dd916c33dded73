//! What a client is told that it may use, one line and its document each.
//!
//! Invariant: nothing is announced that is not there in the session's present state. Nothing fails.

use super::Session;
use crate::APPEND_LIMIT;
use crate::login::LogIn;

/// In every state.
const ALWAYS: [(&str, &str); 5] = [
    ("IMAP4rev2", "RFC 9051"),
    ("IMAP4rev1", "RFC 3501"),
    ("SASL-IR", "RFC 4959"),
    ("ID", "RFC 2971"),
    ("ENABLE", "RFC 5161"),
];

/// Once the client has logged in.
const LOGGED_IN: [(&str, &str); 28] = [
    // RFC 7888 §5: only one of LITERAL+ and LITERAL-.
    ("LITERAL+", "RFC 7888"),
    ("IDLE", "RFC 2177"),
    ("NAMESPACE", "RFC 2342"),
    ("CHILDREN", "RFC 3348"),
    ("MULTIAPPEND", "RFC 3502"),
    ("BINARY", "RFC 3516"),
    ("UNSELECT", "RFC 3691"),
    ("UIDPLUS", "RFC 4315"),
    ("ESEARCH", "RFC 4731"),
    ("SEARCHRES", "RFC 5182"),
    ("SORT", "RFC 5256"),
    ("THREAD=ORDEREDSUBJECT", "RFC 5256"),
    ("THREAD=REFERENCES", "RFC 5256"),
    ("LIST-EXTENDED", "RFC 5258"),
    ("ESORT", "RFC 5267"),
    ("LIST-STATUS", "RFC 5819"),
    ("SPECIAL-USE", "RFC 6154"),
    ("MOVE", "RFC 6851"),
    ("UTF8=ACCEPT", "RFC 6855"),
    ("CONDSTORE", "RFC 7162"),
    ("QRESYNC", "RFC 7162"),
    ("STATUS=SIZE", "RFC 8438"),
    ("OBJECTID", "RFC 8474"),
    ("SAVEDATE", "RFC 8514"),
    ("PREVIEW", "RFC 8970"),
    ("QUOTA", "RFC 9208"),
    ("QUOTA=RES-STORAGE", "RFC 9208"),
    ("INPROGRESS", "RFC 9585"),
];

impl<L: LogIn> Session<L> {
    /// The capabilities of this moment, in one line.
    // RFC 3501 §7.2.1
    pub(super) fn capabilities(&self) -> String {
        let mut names: Vec<&str> = ALWAYS.iter().map(|(name, _)| *name).collect();
        if self.open.is_none() {
            names.push("LITERAL-");
            names.extend(match (self.secure, self.external) {
                (false, _) => ["STARTTLS", "LOGINDISABLED"].as_slice(),
                (true, Some(true)) => &["AUTH=PLAIN", "AUTH=EXTERNAL"],
                (true, _) => &["AUTH=PLAIN"],
            });
            return names.join(" ");
        }
        names.extend(LOGGED_IN.iter().map(|(name, _)| *name));
        // RFC 4978 §3
        if self.deflated.is_none() {
            names.push("COMPRESS=DEFLATE");
        }
        // RFC 7889 §3
        format!("{} APPENDLIMIT={APPEND_LIMIT}", names.join(" "))
    }
}
