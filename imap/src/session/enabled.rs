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
                _ => continue,
            };
            *known = true;
            enabled.push(name);
        }
        out.extend_from_slice(b"* ENABLED");
        for name in enabled {
            out.extend_from_slice(format!(" {name}").as_bytes());
        }
        out.extend_from_slice(b"\r\n");
        Answer::ok("ENABLE done")
    }
}
