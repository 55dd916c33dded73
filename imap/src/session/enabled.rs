//! What a client has switched on for its session.
//!
//! Invariant: nothing is switched off again. Failure: a capability that is not known is passed over.

use imap_types::core::Vec1;
use imap_types::extensions::enable::CapabilityEnable;

use super::answer::Answer;
use super::open::Open;

/// Extensions that change what a client is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Enabled {
    /// Modification sequences are told with flags.
    // RFC 7162 §3.1
    pub(super) condstore: bool,
    /// VANISHED is told in place of EXPUNGE.
    // RFC 7162 §3.2.3
    pub(super) qresync: bool,
    /// Names of mailboxes are UTF-8.
    // RFC 6855 §3
    pub(super) utf8: bool,
    /// The session is one of IMAP4rev2.
    // RFC 9051 §6.3.1
    pub(super) rev2: bool,
}

impl Open {
    // RFC 5161 §3.1
    pub(super) fn enable(
        &mut self,
        capabilities: &Vec1<CapabilityEnable<'_>>,
        out: &mut Vec<u8>,
    ) -> Answer {
        let mut enabled = Vec::new();
        for capability in capabilities.as_ref() {
            let name = capability.to_string().to_ascii_uppercase();
            let known = match name.as_str() {
                "CONDSTORE" => &mut self.enabled.condstore,
                "QRESYNC" => {
                    // RFC 7162 §3.2.3
                    self.enabled.condstore = true;
                    &mut self.enabled.qresync
                }
                "UTF8=ACCEPT" => &mut self.enabled.utf8,
                "IMAP4REV2" => {
                    self.enabled.utf8 = true;
                    &mut self.enabled.rev2
                }
                _ => continue,
            };
            *known = true;
            // RFC 9051 §6.3.1: the name as it is announced.
            enabled.push(name.replace("IMAP4REV2", "IMAP4rev2"));
        }
        if let (true, Some(selected)) = (self.enabled.rev2, &mut self.selected) {
            selected.forget_recent();
        }
        out.extend_from_slice(b"* ENABLED");
        for name in enabled {
            out.extend_from_slice(format!(" {name}").as_bytes());
        }
        out.extend_from_slice(b"\r\n");
        Answer::ok("ENABLE done")
    }
}
