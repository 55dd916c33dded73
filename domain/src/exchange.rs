//! What a citizen and a professional's mailbox have with each other, and when the citizen may write.
//!
//! Only the citizen's operator judges, when the citizen writes. The rules are pure functions over facts:
//! [`effect_of`] says what an accepted message does to the citizen's exchanges, [`Exchange::after`] what becomes
//! of one, [`judge_citizen_message`] whether the citizen may write.
//!
//! Invariants: a citizens' address never opens or closes anything; nor does Cc, a report or an automatic answer;
//! a closed exchange is kept, so that its closing can be told from a contact that never was.
//! Failure: a [`Verdict`]; none of the three keeps anything.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::MailAddress;
use crate::citizen_address::CitizenDomains;
use crate::mail_domain::MailDomain;
use crate::verdict::Verdict;

/// The header field that closes an exchange, and its only value that does.
// MSS #42
pub const MES_HEADER: &str = "X-MSS-MES";

/// Value of [`MES_HEADER`] that closes an exchange; case counts.
// MSS #43
pub const MES_FIN: &str = "FIN";

/// The subject that closes an exchange, alone.
// MSS #41
pub const SUBJECT_FIN: &str = "[FIN]";

/// Most addresses of one message whose exchanges it changes: From and the first of Reply-To (our own limit).
pub const MAX_ADDRESSES: usize = 10;

/// Whether an exchange lets the citizen write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExchangeState {
    /// The citizen may reply and start new conversations.
    Open,
    /// The professional has ended it (FIN).
    Closed,
}

/// A record in the citizen's account, under the professional's address (*échange*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    first_contact: Timestamp,
    state: ExchangeState,
    since: Timestamp,
}

impl Exchange {
    /// What becomes of the exchange with one address when `change` comes at `at`.
    pub fn after(previous: Option<&Self>, change: ExchangeChange, at: Timestamp) -> Self {
        let state = match change {
            ExchangeChange::Open => ExchangeState::Open,
            ExchangeChange::Close => ExchangeState::Closed,
        };
        match previous {
            None => Self { first_contact: at, state, since: at },
            Some(exchange) if exchange.state == state => *exchange,
            Some(exchange) => Self { first_contact: exchange.first_contact, state, since: at },
        }
    }

    /// Whether the citizen may write.
    pub fn state(&self) -> ExchangeState {
        self.state
    }

    /// When the state last changed.
    pub fn since(&self) -> Timestamp {
        self.since
    }

    /// When the professional first wrote.
    pub fn first_contact(&self) -> Timestamp {
        self.first_contact
    }
}

/// What a message does to an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangeChange {
    /// Opens it, or opens it again.
    Open,
    /// Closes it.
    Close,
}

/// What wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// A person, or a program in a person's place.
    Ordinary,
    /// A delivery or disposition report.
    Report,
    /// An automatic answer or notice.
    AutoSubmitted,
}

impl MessageKind {
    /// The kind of a message from whether it is a report and from its `Auto-Submitted` field.
    // RFC 3834 §5
    pub fn of(is_report: bool, auto_submitted: Option<&str>) -> Self {
        let keyword =
            auto_submitted.map(|value| value.split([';', '(']).next().unwrap_or_default().trim());
        match keyword {
            _ if is_report => Self::Report,
            Some(keyword) if !keyword.eq_ignore_ascii_case("no") => Self::AutoSubmitted,
            _ => Self::Ordinary,
        }
    }
}

/// The facts of a message that was accepted for a citizen. `Debug` prints neither subject nor header.
#[derive(Clone, Copy)]
pub struct AcceptedMessage<'a> {
    /// The address of From.
    pub from: &'a MailAddress,
    /// The addresses of Reply-To.
    pub reply_to: &'a [MailAddress],
    /// What wrote it.
    pub kind: MessageKind,
    /// The value of [`MES_HEADER`].
    pub mss_mes: Option<&'a str>,
    /// The decoded subject.
    pub subject: Option<&'a str>,
    /// The domains that the domain list gives the sending operator; for mail of our own, our domains.
    pub sender_domains: &'a BTreeSet<MailDomain>,
}

impl fmt::Debug for AcceptedMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AcceptedMessage({:?}, {:?}, …)", self.kind, self.from)
    }
}

/// What an accepted message does to the citizen's exchanges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExchangeEffect {
    /// The change.
    pub change: ExchangeChange,
    /// The addresses whose exchanges it changes, each once: From, then Reply-To.
    pub addresses: Vec<MailAddress>,
}

/// What an accepted message does to the citizen's exchanges; `None` when nothing.
// MSS #37
// MSS #45
pub fn effect_of(
    message: &AcceptedMessage<'_>,
    citizens: &CitizenDomains,
) -> Option<ExchangeEffect> {
    let professional = |address: &MailAddress| {
        message.sender_domains.contains(address.domain()) && !citizens.contains(address.domain())
    };
    if message.kind != MessageKind::Ordinary || !professional(message.from) {
        return None;
    }
    let mut seen = BTreeSet::new();
    let addresses = std::iter::once(message.from)
        .chain(message.reply_to.iter().filter(|address| professional(address)))
        .filter(|address| seen.insert(address.lookup_key()))
        .take(MAX_ADDRESSES)
        .cloned()
        .collect();
    let change = if is_fin(message) { ExchangeChange::Close } else { ExchangeChange::Open };
    Some(ExchangeEffect { change, addresses })
}

/// Whether the message ends the conversation. Blanks around a field's value are no part of it.
// MSS #41
// MSS #42
// MSS #43
fn is_fin(message: &AcceptedMessage<'_>) -> bool {
    let is = |value: Option<&str>, fin| value.is_some_and(|value| value.trim_ascii() == fin);
    is(message.mss_mes, MES_FIN) || is(message.subject, SUBJECT_FIN)
}

/// The facts of one recipient of a citizen's message.
#[derive(Clone, Copy, Debug)]
pub struct CitizensRecipient<'a> {
    /// The recipient.
    pub address: &'a MailAddress,
    /// The citizen's exchange with it.
    pub exchange: Option<&'a Exchange>,
    /// Whether the directory flags the mailbox as a pharmacy's that takes prescriptions.
    pub takes_prescriptions: bool,
    /// Whether the citizen has used this pharmacy before.
    pub known_pharmacy: bool,
}

/// Whether a citizen may write to one recipient.
///
/// A pharmacy that the citizen has used before, and that takes prescriptions, is written to after a FIN too: a FIN ends
/// a conversation, the flag stands for the mailbox, and a prescription begins another.
///
/// # Errors
/// [`Verdict::CitizenToCitizen`], [`Verdict::ExchangeClosed`], [`Verdict::CitizenFirst`].
// MSS #37
// MSS #38
// MSS #39
// MSS #40
// MSS #42
pub fn judge_citizen_message(
    recipient: &CitizensRecipient<'_>,
    citizens: &CitizenDomains,
) -> Result<(), Verdict> {
    if citizens.contains(recipient.address.domain()) {
        return Err(Verdict::CitizenToCitizen);
    }
    match recipient.exchange.map(Exchange::state) {
        Some(ExchangeState::Open) => Ok(()),
        _ if recipient.takes_prescriptions && recipient.known_pharmacy => Ok(()),
        Some(ExchangeState::Closed) => Err(Verdict::ExchangeClosed),
        None => Err(Verdict::CitizenFirst),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const DOCTOR: &str = "Doctor@chu.mssante.fr";
    const DESK: &str = "desk@chu.mssante.fr";
    const CITIZEN: &str = "279035121518989@patient.mssante.fr";

    fn address(text: &str) -> MailAddress {
        text.parse().unwrap()
    }

    fn citizens() -> CitizenDomains {
        ["patient.mssante.fr".parse().unwrap()].into_iter().collect()
    }

    /// A message in a few words: From, Reply-To, kind, `X-MSS-MES`, subject.
    type Mail<'a> = (&'a str, &'a str, MessageKind, Option<&'a str>, &'a str);

    /// What it does, and to whom.
    type Done<'a> = Option<(ExchangeChange, Vec<&'a str>)>;

    fn effect(&(from, reply_to, kind, mss_mes, subject): &Mail<'_>) -> Option<ExchangeEffect> {
        // The peer serves the citizens' domain too: still nothing of a citizen's counts.
        let sender_domains = ["chu.mssante.fr", "patient.mssante.fr"]
            .map(|domain| domain.parse().unwrap())
            .into_iter()
            .collect();
        let reply_to: Vec<_> = reply_to.split_whitespace().map(address).collect();
        let (from, subject) = (&address(from), Some(subject));
        let message = AcceptedMessage {
            from,
            reply_to: &reply_to,
            kind,
            mss_mes,
            subject,
            sender_domains: &sender_domains,
        };
        effect_of(&message, &citizens())
    }

    #[test]
    fn what_a_message_does() {
        use ExchangeChange::{Close, Open};
        use MessageKind::{AutoSubmitted, Ordinary, Report};
        let other = "other@elsewhere.mssante.fr";
        let with_citizen = format!("{CITIZEN} {other} {DESK}");
        let table: [(Mail<'_>, Done<'_>); 18] = [
            ((DOCTOR, "", Ordinary, None, "Results"), Some((Open, vec![DOCTOR]))),
            ((DOCTOR, DESK, Ordinary, None, ""), Some((Open, vec![DOCTOR, DESK]))),
            ((DOCTOR, "DOCTOR@chu.mssante.fr", Ordinary, None, ""), Some((Open, vec![DOCTOR]))),
            ((DOCTOR, other, Ordinary, None, ""), Some((Open, vec![DOCTOR]))),
            ((DOCTOR, with_citizen.as_str(), Ordinary, None, ""), Some((Open, vec![DOCTOR, DESK]))),
            ((other, "", Ordinary, None, ""), None),
            ((CITIZEN, "", Ordinary, None, ""), None),
            ((CITIZEN, DOCTOR, Ordinary, Some("FIN"), ""), None),
            ((DOCTOR, "", Report, None, ""), None),
            ((DOCTOR, "", AutoSubmitted, None, ""), None),
            ((DOCTOR, "", AutoSubmitted, Some("FIN"), ""), None),
            ((DOCTOR, DESK, Ordinary, Some("FIN"), "Bye"), Some((Close, vec![DOCTOR, DESK]))),
            ((DOCTOR, "", Ordinary, Some(" FIN "), ""), Some((Close, vec![DOCTOR]))),
            ((DOCTOR, "", Ordinary, Some("fin"), ""), Some((Open, vec![DOCTOR]))),
            ((DOCTOR, "", Ordinary, Some("FINAL"), ""), Some((Open, vec![DOCTOR]))),
            ((DOCTOR, "", Ordinary, None, "[FIN]"), Some((Close, vec![DOCTOR]))),
            ((DOCTOR, "", Ordinary, None, "Re: [FIN]"), Some((Open, vec![DOCTOR]))),
            ((DOCTOR, "", Ordinary, None, "[FIN] merci"), Some((Open, vec![DOCTOR]))),
        ];
        for (mail, expected) in table {
            let expected = expected.map(|(change, addresses)| ExchangeEffect {
                change,
                addresses: addresses.into_iter().map(address).collect(),
            });
            assert_eq!(effect(&mail), expected, "{mail:?}");
        }
    }

    #[test]
    fn a_conversation_from_first_contact_to_reopening() {
        use MessageKind::Ordinary;
        let mut exchanges = BTreeMap::new();
        let mut receive = |mail: Mail<'_>, second: i64| {
            let at = Timestamp::from_second(second).unwrap();
            if let Some(effect) = effect(&mail) {
                for address in effect.addresses {
                    let key = address.lookup_key();
                    let next = Exchange::after(exchanges.get(&key), effect.change, at);
                    exchanges.insert(key, next);
                }
            }
            let judge = |to: &str| {
                let address = &address(to);
                let exchange = exchanges.get(&address.lookup_key());
                let recipient = CitizensRecipient {
                    address,
                    exchange,
                    takes_prescriptions: false,
                    known_pharmacy: false,
                };
                judge_citizen_message(&recipient, &citizens())
            };
            (judge("doctor@chu.mssante.fr"), judge(DESK))
        };
        let first = Err(Verdict::CitizenFirst);
        let closed = Err(Verdict::ExchangeClosed);
        assert_eq!(receive((CITIZEN, "", Ordinary, None, "hello"), 0), (first, first));
        assert_eq!(receive((DOCTOR, "", Ordinary, None, "hello"), 1), (Ok(()), first));
        assert_eq!(
            receive((DOCTOR, DESK, Ordinary, None, "write to the desk"), 2),
            (Ok(()), Ok(()))
        );
        assert_eq!(receive((DOCTOR, DESK, Ordinary, Some("FIN"), "bye"), 3), (closed, closed));
        assert_eq!(
            receive((DOCTOR, DESK, MessageKind::AutoSubmitted, None, "away"), 4),
            (closed, closed)
        );
        assert_eq!(receive((DESK, "", Ordinary, None, "one more thing"), 5), (closed, Ok(())));
        let desk = exchanges[&address(DESK).lookup_key()];
        assert_eq!((desk.first_contact().as_second(), desk.since().as_second()), (2, 5));
        let doctor = exchanges[&address(DOCTOR).lookup_key()];
        assert_eq!((doctor.first_contact().as_second(), doctor.since().as_second()), (1, 3));
    }

    #[test]
    fn whether_the_citizen_may_write() {
        let at = Timestamp::UNIX_EPOCH;
        let open = Exchange::after(None, ExchangeChange::Open, at);
        let closed = Exchange::after(None, ExchangeChange::Close, at);
        let table = [
            (DOCTOR, None, false, false, Err(Verdict::CitizenFirst)),
            (DOCTOR, Some(&open), false, false, Ok(())),
            (DOCTOR, Some(&closed), false, false, Err(Verdict::ExchangeClosed)),
            (DOCTOR, None, true, true, Ok(())),
            (DOCTOR, None, true, false, Err(Verdict::CitizenFirst)),
            (DOCTOR, None, false, true, Err(Verdict::CitizenFirst)),
            (DOCTOR, Some(&closed), true, true, Ok(())),
            (DOCTOR, Some(&closed), true, false, Err(Verdict::ExchangeClosed)),
            (DOCTOR, Some(&closed), false, true, Err(Verdict::ExchangeClosed)),
            (CITIZEN, Some(&open), true, true, Err(Verdict::CitizenToCitizen)),
        ];
        for (to, exchange, takes_prescriptions, known_pharmacy, expected) in table {
            let recipient = CitizensRecipient {
                address: &address(to),
                exchange,
                takes_prescriptions,
                known_pharmacy,
            };
            assert_eq!(judge_citizen_message(&recipient, &citizens()), expected, "{recipient:?}");
        }
    }

    #[test]
    fn a_long_reply_to_is_cut() {
        let many: Vec<_> = (0..50).map(|n| format!("desk{n}@chu.mssante.fr")).collect();
        let effect = effect(&(DOCTOR, &many.join(" "), MessageKind::Ordinary, None, "")).unwrap();
        assert_eq!(effect.addresses.len(), MAX_ADDRESSES);
        assert_eq!(effect.addresses[0], address(DOCTOR));
    }

    #[test]
    fn debug_prints_no_subject() {
        let from = &address(DOCTOR);
        let message = AcceptedMessage {
            from,
            reply_to: &[],
            kind: MessageKind::Ordinary,
            mss_mes: None,
            subject: Some("Your biopsy"),
            sender_domains: &BTreeSet::new(),
        };
        let printed = format!("{message:?}");
        assert_eq!(printed, "AcceptedMessage(Ordinary, MailAddress(…@chu.mssante.fr), …)");
    }

    #[test]
    fn automatic_mail() {
        for (report, auto_submitted, kind) in [
            (false, None, MessageKind::Ordinary),
            (false, Some("no"), MessageKind::Ordinary),
            (false, Some(" No (by hand)"), MessageKind::Ordinary),
            (false, Some("auto-replied; x=1"), MessageKind::AutoSubmitted),
            (false, Some(""), MessageKind::AutoSubmitted),
            (true, Some("auto-generated"), MessageKind::Report),
            (true, None, MessageKind::Report),
        ] {
            assert_eq!(MessageKind::of(report, auto_submitted), kind, "{auto_submitted:?}");
        }
    }
}
