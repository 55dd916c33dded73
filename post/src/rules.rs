//! The rules of acceptance: pure functions over facts, whatever brought the message.
//!
//! What concerns a recipient's account is judged in `recipient.rs` and again in the transaction
//! that stores the message; what concerns the transport, in `pki` and `mta`.

use crate::envelope::Envelope;
use crate::facts::{Facts, MAX_HOPS};
use crate::origin::{Origin, Peer, Submitter};
use domain::exchange::MessageKind;
use domain::{MailAddress, MailDomain, ReversePath, Verdict};
use std::collections::BTreeSet;

/// Judges the reverse path, at MAIL.
pub fn judge_reverse_path(
    origin: &Origin,
    reverse_path: &ReversePath,
    own: &BTreeSet<MailDomain>,
) -> Result<(), Verdict> {
    let Some(address) = reverse_path.address() else { return Ok(()) };
    match origin {
        Origin::Peer(peer) => judge_peers_domain(peer, address, own, Verdict::SenderDomainNotPeers),
        // MSS #27
        Origin::Own(submitter) if !submitter.may_send_as(address) => Err(Verdict::FromMismatch),
        Origin::System(_) if !own.contains(address.domain()) => Err(Verdict::FromMismatch),
        Origin::Own(_) | Origin::System(_) => Ok(()),
    }
}

/// A peer speaks for the domains that the domain list gives it, and never for one of ours.
// MSS #13
fn judge_peers_domain(
    peer: &Peer,
    address: &MailAddress,
    own: &BTreeSet<MailDomain>,
    otherwise: Verdict,
) -> Result<(), Verdict> {
    if own.contains(address.domain()) {
        return Err(Verdict::ClaimsOwnDomain);
    }
    if peer.domains.contains(address.domain()) { Ok(()) } else { Err(otherwise) }
}

/// Judges the message itself, when all of it has come.
pub fn judge_message(
    origin: &Origin,
    envelope: &Envelope,
    facts: &Facts,
    own: &BTreeSet<MailDomain>,
) -> Result<(), Verdict> {
    // RFC 5321 §6.3
    if facts.hops > MAX_HOPS {
        return Err(Verdict::MailLoop);
    }
    // RFC 5322 §3.6.2
    if facts.from.is_empty() || !facts.from_reads || facts.ambiguous {
        return Err(Verdict::MessageMalformed);
    }
    // RFC 5321 §4.5.5
    if envelope.reverse_path == ReversePath::Null && facts.kind != MessageKind::Report {
        return Err(Verdict::NullSenderWithoutReport);
    }
    match origin {
        Origin::System(_) => {
            let is_own = |from: &MailAddress| own.contains(from.domain());
            if facts.from.iter().all(is_own) { Ok(()) } else { Err(Verdict::FromMismatch) }
        }
        Origin::Peer(peer) => facts
            .from
            .iter()
            .try_for_each(|from| judge_peers_domain(peer, from, own, Verdict::FromDomainNotPeers)),
        Origin::Own(submitter) => judge_authors(submitter, facts),
    }
}

/// The authors of a submitted message: accounts in whose name the actor may send. Where none of
/// them is the actor's own, Sender names the actor.
// MSS #27
fn judge_authors(submitter: &Submitter, facts: &Facts) -> Result<(), Verdict> {
    if !facts.from.iter().all(|from| submitter.may_send_as(from)) {
        return Err(Verdict::FromMismatch);
    }
    let own = submitter.address.lookup_key();
    let is_own = |address: &MailAddress| address.lookup_key() == own;
    // RFC 5322 §3.6.2
    match &facts.sender {
        Some(sender) if !is_own(sender) => Err(Verdict::FromMismatch),
        None if !facts.from.iter().any(is_own) || facts.from.len() > 1 => {
            Err(Verdict::FromMismatch)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::DsnRequest;
    use mailstore::message::digest_of;
    use mailstore::{AccountId, Actor};

    const OWN: &str = "practice.example";

    fn own() -> BTreeSet<MailDomain> {
        BTreeSet::from([OWN.parse().unwrap()])
    }

    fn peer() -> Origin {
        let domains = ["chu.example", "lab.chu.example"].map(|domain| domain.parse().unwrap());
        Origin::Peer(Peer { name: "CN=mail.chu.example".into(), domains: domains.into() })
    }

    fn submitter() -> Origin {
        Origin::Own(Submitter {
            actor: Actor::SYSTEM,
            account: AccountId::from_bytes([1; 16]),
            address: "marie@practice.example".parse().unwrap(),
            also_as: vec!["cabinet@practice.example".parse().unwrap()],
            is_citizen: false,
        })
    }

    fn path(text: &str) -> ReversePath {
        match text {
            "" => ReversePath::Null,
            address => ReversePath::Address(address.parse().unwrap()),
        }
    }

    fn judge(origin: &Origin, from: &str, header: &str) -> Result<(), Verdict> {
        let envelope =
            Envelope { reverse_path: path(from), dsn: DsnRequest::default(), smtputf8: false };
        judge_reverse_path(origin, &envelope.reverse_path, &own())?;
        let body = match header.contains("multipart/report") {
            true => "--x\r\n\r\nreport\r\n--x--\r\n",
            false => "text\r\n",
        };
        let message = format!("{}\r\n\r\n{body}", header.replace('\n', "\r\n"));
        judge_message(origin, &envelope, &Facts::of(&digest_of(message)), &own())
    }

    const REPORT: &str = "Content-Type: multipart/report; boundary=x";

    #[test]
    fn every_verdict_on_a_peers_message() {
        let cases: [(&str, String, Result<(), Verdict>); 10] = [
            ("a@chu.example", "From: a@chu.example".into(), Ok(())),
            ("a@lab.chu.example", "From: b@chu.example".into(), Ok(())),
            ("a@other.example", "From: a@chu.example".into(), Err(Verdict::SenderDomainNotPeers)),
            ("a@practice.example", "From: a@chu.example".into(), Err(Verdict::ClaimsOwnDomain)),
            ("a@chu.example", "From: a@other.example".into(), Err(Verdict::FromDomainNotPeers)),
            ("a@chu.example", "From: m@practice.example".into(), Err(Verdict::ClaimsOwnDomain)),
            (
                "a@chu.example",
                "From: a@chu.example, b@other.example".into(),
                Err(Verdict::FromDomainNotPeers),
            ),
            ("a@chu.example", "To: x@practice.example".into(), Err(Verdict::MessageMalformed)),
            ("", "From: a@chu.example".into(), Err(Verdict::NullSenderWithoutReport)),
            ("", format!("From: a@chu.example\n{REPORT}"), Ok(())),
        ];
        for (from, header, expected) in cases {
            assert_eq!(judge(&peer(), from, &header), expected, "{from:?} {header:?}");
        }
    }

    #[test]
    fn every_verdict_on_a_submitted_message() {
        let marie = "marie@practice.example";
        let cases: [(&str, String, Result<(), Verdict>); 9] = [
            (marie, format!("From: {marie}"), Ok(())),
            (marie, "From: MARIE@practice.example".into(), Ok(())),
            ("paul@practice.example", format!("From: {marie}"), Err(Verdict::FromMismatch)),
            (marie, "From: paul@practice.example".into(), Err(Verdict::FromMismatch)),
            (marie, "From: cabinet@practice.example".into(), Err(Verdict::FromMismatch)),
            (marie, format!("From: cabinet@practice.example\nSender: {marie}"), Ok(())),
            ("cabinet@practice.example", format!("From: {marie}"), Ok(())),
            ("", format!("From: {marie}\n{REPORT}"), Ok(())),
            ("", format!("From: {marie}"), Err(Verdict::NullSenderWithoutReport)),
        ];
        for (from, header, expected) in cases {
            assert_eq!(judge(&submitter(), from, &header), expected, "{from:?} {header:?}");
        }
    }

    #[test]
    fn a_message_that_went_round_in_circles_is_stopped() {
        let hops = "Received: from a by b\n".repeat(MAX_HOPS + 1);
        let header = format!("{hops}From: a@chu.example");
        assert_eq!(judge(&peer(), "a@chu.example", &header), Err(Verdict::MailLoop));
    }
}
