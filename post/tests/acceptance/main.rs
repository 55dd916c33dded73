//! A message's way in, from outside: who may send what to whom, and what of it stays.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests panic")]

mod authors;
mod delivered;
mod held;
mod nameless;
mod system;

use domain::{MailAddress, MailboxKind, ManualClock, Mode, ReversePath, Verdict};
use jiff::Timestamp;
use mailstore::model::account::{AccountState, NewAccount};
use mailstore::{AccountId, Actor, Faults, SeededRandom, Store, Transaction};
use post::queue::Settlement;
use post::{
    Accepted, Arrival, DsnRequest, Envelope, Origin, Peer, Post, RecipientDsn, Route, Settings,
    Submitter,
};
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

const MARIE: &str = "marie@practice.example";
const LETTERS: &str = "letters@chu.example";
const CITIZEN: &str = "279035121518989@patient.example";

struct Operator {
    post: Post,
    clock: ManualClock,
    faults: Arc<Faults>,
    /// Numbers of letters, so that no two are one.
    number: Cell<u64>,
    runtime: tokio::runtime::Runtime,
}

impl Operator {
    /// An operator of professionals and citizens at once, with Marie and one citizen.
    fn new() -> Self {
        let clock = ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap());
        let random = Arc::new(SeededRandom::new(1));
        let faults = Arc::new(Faults::default());
        let store = Store::in_memory(
            Arc::new(clock.clone()),
            random.clone(),
            Vec::new(),
            Arc::clone(&faults),
        )
        .unwrap();
        let settings = Settings {
            hostname: "mail.practice.example".parse().unwrap(),
            own_domains: ["practice.example", "patient.example"]
                .map(|domain| domain.parse().unwrap())
                .into(),
            citizen_domains: ["patient.example".parse().unwrap()].into_iter().collect(),
            mode: Mode::Test,
            product: "PLI-TEST".into(),
            max_size: 26_214_400,
        };
        let listed = Arc::new(|domain: &domain::MailDomain| domain.as_str() == "chu.example");
        let pharmacy = Arc::new(|address: &MailAddress| address.local() == "pharmacy");
        let post = Post::new(settings, store, Arc::new(clock.clone()), random, listed, pharmacy);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let operator = Self { post, clock, faults, number: Cell::new(100), runtime };
        operator.account(MARIE, MailboxKind::Personal, AccountState::Active);
        operator.account(CITIZEN, MailboxKind::Citizen, AccountState::Active);
        operator
    }

    fn account(&self, address: &str, kind: MailboxKind, state: AccountState) -> AccountId {
        let new = NewAccount {
            address: address.parse().unwrap(),
            kind,
            state,
            ins: None,
            traits: None,
            quota: 1_000_000_000,
            mailboxes: Vec::new(),
            owner: None,
        };
        self.post.store().create_account_blocking(Actor::SYSTEM, new).unwrap().account
    }

    fn id(&self, address: &str) -> AccountId {
        let view = self.post.store().operator_view().unwrap();
        view.account_of(&address.parse().unwrap()).unwrap().unwrap()
    }

    fn own(&self, address: &str) -> Origin {
        Origin::Own(Submitter {
            actor: Actor::SYSTEM,
            account: self.id(address),
            address: address.parse().unwrap(),
            also_as: Vec::new(),
            is_citizen: address == CITIZEN,
        })
    }

    /// The whole way in: MAIL, RCPT, octets, end.
    fn send(
        &self,
        origin: &Origin,
        from: &str,
        to: &[&str],
        message: &str,
    ) -> Result<Accepted, Verdict> {
        let reverse_path = match from {
            "" => ReversePath::Null,
            address => ReversePath::Address(address.parse().unwrap()),
        };
        self.post.sender(origin, &reverse_path)?;
        let mut recipients = Vec::new();
        for address in to {
            let address = address.parse().unwrap();
            recipients.push(self.post.recipient(origin, &address, RecipientDsn::default())?);
        }
        let envelope = Envelope { reverse_path, dsn: DsnRequest::default(), smtputf8: false };
        let arrival = Arrival {
            helo: "mail.chu.example".into(),
            address: "127.0.0.1".parse().unwrap(),
            protocol: "ESMTPS",
        };
        let mut incoming =
            self.post.incoming(origin.clone(), envelope, recipients, Some(arrival))?;
        for piece in message.replace('\n', "\r\n").as_bytes().chunks(7) {
            incoming.write(piece)?;
        }
        self.runtime.block_on(incoming.finish())
    }

    fn letter(&self, to: &[&str], more: &str) -> Result<Accepted, Verdict> {
        let id = match more.contains("Message-ID") {
            true => String::new(),
            false => format!(
                "Message-ID: <{}@chu.example>\n",
                self.number.replace(self.number.get() + 1)
            ),
        };
        let letter = format!("From: {LETTERS}\n{id}{more}\n\nBonjour\n");
        self.send(&hospital(), LETTERS, to, &letter)
    }

    fn answer(&self, to: &str) -> Result<Accepted, Verdict> {
        self.send(&self.own(CITIZEN), CITIZEN, &[to], &format!("From: {CITIZEN}\n\nMerci\n"))
    }

    /// The messages of an account, as stored.
    fn messages(&self, address: &str) -> Vec<String> {
        let store = self.post.store();
        let view = store.view(self.id(address)).unwrap();
        let placed = view.placements(view.inbox().unwrap(), 0, u32::MAX, 1000).unwrap();
        let read = |message| {
            let body = view.message(message).unwrap().body;
            String::from_utf8(store.body(&view, body).unwrap().read_all().unwrap()).unwrap()
        };
        placed.into_iter().map(|(_, placement)| read(placement.message)).collect()
    }
}

fn hospital() -> Origin {
    Origin::Peer(Peer {
        name: "CN=mail.chu.example".into(),
        domains: ["chu.example".parse().unwrap()].into(),
    })
}

#[test]
fn a_letter_is_stored_whole_behind_its_trace_and_the_250_names_it() {
    let operator = Operator::new();
    let accepted = operator.letter(&[MARIE], "Subject: x").unwrap();
    let stored = operator.messages(MARIE);
    assert_eq!(stored.len(), 1);
    let (trace, letter) = stored[0].split_once("From: ").unwrap();
    let beginning = "Return-Path: <letters@chu.example>\r\n\
                     Received: from mail.chu.example ([127.0.0.1])";
    assert!(trace.starts_with(beginning), "{trace}");
    assert!(trace.contains(&accepted.queue_id().to_string()), "{trace}");
    let expected =
        format!("{LETTERS}\r\nMessage-ID: <100@chu.example>\r\nSubject: x\r\n\r\nBonjour\r\n");
    assert_eq!(letter, expected);
}

// MSS #35, MSS #36, MSS #30, MSS #28
#[test]
fn every_recipient_has_its_verdict() {
    let operator = Operator::new();
    let citizen = MailboxKind::Citizen;
    operator.account("185057512345673@patient.example", citizen, AccountState::Closed);
    operator.account("255081416802538@patient.example", citizen, AccountState::Objected);
    operator.account("146026322000196@patient.example", citizen, AccountState::Invited);
    let cases = [
        ("146026322000196@patient.example", Ok(())),
        ("185057512345673@patient.example", Err(Verdict::MailboxClosed)),
        ("255081416802538@patient.example", Err(Verdict::RecipientObjected)),
        ("27903512151898@patient.example", Err(Verdict::RecipientMalformed)),
        ("nobody@practice.example", Err(Verdict::RecipientUnknown)),
        ("a@chu.example", Err(Verdict::RelayRefused)),
        ("a@gmail.example", Err(Verdict::RelayRefused)),
    ];
    for (address, expected) in cases {
        assert_eq!(operator.letter(&[address], "").map(drop), expected, "{address}");
    }
    let outside = |verdict: Verdict| verdict.as_seen_outside();
    assert_eq!(outside(Verdict::RecipientObjected), outside(Verdict::RecipientUnknown));
}

// MSS #29
#[test]
fn submitted_mail_goes_to_listed_domains_only_and_waits_in_the_queue() {
    let operator = Operator::new();
    let marie = operator.own(MARIE);
    let message = format!("From: {MARIE}\n\nBonjour\n");
    let refused = operator.send(&marie, MARIE, &["a@gmail.example"], &message);
    assert_eq!(refused, Err(Verdict::RecipientDomainNotListed));
    let accepted = operator.send(&marie, MARIE, &["a@chu.example"], &message).unwrap();
    let now = operator.clock.advance(Duration::ZERO).as_second();
    let due = post::queue::due(operator.post.store(), now, 10).unwrap();
    assert_eq!(due, [(now, operator.id(MARIE), accepted.queue_id())]);
    let view = operator.post.store().view(operator.id(MARIE)).unwrap();
    let entry = post::queue::entry(&view, accepted.queue_id()).unwrap().unwrap();
    assert_eq!(entry.recipients[0].address, "a@chu.example".parse().unwrap());
    let body = operator.post.store().body(&view, entry.body).unwrap();
    assert!(String::from_utf8(body.read_all().unwrap()).unwrap().ends_with("Bonjour\r\n"));
}

#[test]
fn the_same_octets_for_another_recipient_elsewhere_are_queued_for_them() {
    let operator = Operator::new();
    let marie = operator.own(MARIE);
    let message = format!("From: {MARIE}\nMessage-ID: <1@x>\n\nBonjour\n");
    let first = operator.send(&marie, MARIE, &["a@chu.example"], &message).unwrap();
    let again = operator.send(&marie, MARIE, &["A@chu.example"], &message).unwrap();
    assert_eq!(first, again);
    let second =
        operator.send(&marie, MARIE, &["a@chu.example", "b@chu.example"], &message).unwrap();
    assert_ne!(first, second);
    let view = operator.post.store().view(operator.id(MARIE)).unwrap();
    let entry = post::queue::entry(&view, second.queue_id()).unwrap().unwrap();
    let waiting: Vec<_> = entry.recipients.iter().map(|r| r.address.to_string()).collect();
    assert_eq!(waiting, ["b@chu.example"]);
}

// MSS #36
#[test]
fn a_citizen_does_not_learn_who_exists() {
    let operator = Operator::new();
    for address in [MARIE, "nobody@practice.example"] {
        assert_eq!(operator.answer(address), Err(Verdict::CitizenFirst), "{address}");
    }
    for address in [CITIZEN, "146026322000196@patient.example"] {
        assert_eq!(operator.answer(address), Err(Verdict::CitizenToCitizen), "{address}");
    }
}

// MSS #49
#[test]
fn a_submission_gets_what_it_lacks_and_keeps_what_it_has() {
    let operator = Operator::new();
    let marie = operator.own(MARIE);
    operator.send(&marie, MARIE, &[MARIE], &format!("From: {MARIE}\n\nBonjour\n")).unwrap();
    let stored = operator.messages(MARIE).pop().unwrap();
    for field in ["Date: Fri, 15 Jan 2027 08:00:00 +0000", "Message-ID: <", "X-MSS-NIL: PLI-TEST"] {
        assert!(stored.contains(field), "{field}: {stored}");
    }
    let full = format!(
        "From: {MARIE}\nDate: Mon, 2 Nov 2026 10:00:00 +0100\nMessage-ID: <1@x>\nX-MSS-NIL: LGC\n\nB\n"
    );
    operator.send(&marie, MARIE, &[MARIE], &full).unwrap();
    let stored = operator.messages(MARIE).pop().unwrap();
    for field in ["Date:", "Message-ID:", "X-MSS-NIL:"] {
        assert_eq!(stored.matches(field).count(), 1, "{field}: {stored}");
    }
}

// MSS #37, MSS #38, MSS #39, MSS #40
#[test]
fn a_citizen_answers_who_wrote_first_and_nobody_else() {
    let operator = Operator::new();
    assert_eq!(operator.answer(LETTERS), Err(Verdict::CitizenFirst));
    operator.letter(&[CITIZEN], "Reply-To: service@chu.example").unwrap();
    operator.answer(LETTERS).unwrap();
    operator.answer("service@chu.example").unwrap();
    assert_eq!(operator.answer("other@chu.example"), Err(Verdict::CitizenFirst));
    assert_eq!(operator.answer(CITIZEN), Err(Verdict::CitizenToCitizen));
}

// MSS #41, MSS #42, MSS #43, MSS #44
#[test]
fn fin_closes_and_the_next_letter_opens_again() {
    let operator = Operator::new();
    for (closing, open_after) in [
        ("X-MSS-MES: FIN", false),
        ("Subject: [FIN]", false),
        ("X-MSS-MES: fin", true),
        ("Subject: Re: [FIN]", true),
    ] {
        operator.letter(&[CITIZEN], "Subject: x").unwrap();
        operator.answer(LETTERS).unwrap();
        operator.letter(&[CITIZEN], closing).unwrap();
        let expected = if open_after { Ok(()) } else { Err(Verdict::ExchangeClosed) };
        assert_eq!(operator.answer(LETTERS).map(drop), expected, "{closing}");
    }
    operator.letter(&[CITIZEN], "Subject: again").unwrap();
    operator.answer(LETTERS).unwrap();
}

#[test]
fn reports_and_automatic_mail_open_nothing() {
    let operator = Operator::new();
    operator.letter(&[CITIZEN], "Auto-Submitted: auto-replied").unwrap();
    assert_eq!(operator.answer(LETTERS), Err(Verdict::CitizenFirst));
}

#[test]
fn a_repetition_within_five_days_is_answered_with_the_first_id_and_stored_once() {
    let operator = Operator::new();
    let first = operator.letter(&[MARIE, CITIZEN], "Message-ID: <1@chu.example>").unwrap();
    operator.clock.advance(Duration::from_secs(4 * 24 * 3600));
    let again = operator.letter(&[MARIE, CITIZEN], "Message-ID: <1@chu.example>").unwrap();
    assert_eq!(first.queue_id(), again.queue_id());
    assert_eq!((operator.messages(MARIE).len(), operator.messages(CITIZEN).len()), (1, 1));
    operator.letter(&[MARIE], "Message-ID: <2@chu.example>").unwrap();
    assert_eq!(operator.messages(MARIE).len(), 2);
}

#[test]
fn a_delivery_half_done_is_repeated_and_everybody_has_it_once() {
    let operator = Operator::new();
    operator.faults.commit_halfway(true);
    let refused = operator.letter(&[MARIE, CITIZEN], "Message-ID: <1@chu.example>");
    assert_eq!(refused, Err(Verdict::StorageUnavailable));
    let stored = operator.messages(MARIE).len() + operator.messages(CITIZEN).len();
    assert_eq!(stored, 1, "the fault was not half way");
    operator.faults.commit_halfway(false);
    operator.letter(&[MARIE, CITIZEN], "Message-ID: <1@chu.example>").unwrap();
    assert_eq!((operator.messages(MARIE).len(), operator.messages(CITIZEN).len()), (1, 1));
}

// MSS #34
#[test]
fn a_message_beyond_the_limit_is_refused_while_it_streams() {
    let operator = Operator::new();
    let of = |from: &str, octets: u64| {
        let header = format!("From: {from}\n\n");
        let rest = octets - header.replace('\n', "\r\n").len() as u64;
        format!("{header}{}", "x".repeat(usize::try_from(rest).unwrap()))
    };
    let submit = |octets| operator.send(&operator.own(MARIE), MARIE, &[MARIE], &of(MARIE, octets));
    let receive = |octets| operator.send(&hospital(), LETTERS, &[MARIE], &of(LETTERS, octets));
    submit(26_214_400).unwrap();
    assert_eq!(submit(26_214_401), Err(Verdict::MessageTooLarge));
    // A peer's trace stands before a message that was of the limit.
    receive(26_214_400 + post::TRACE_HEADROOM).unwrap();
    let beyond = 26_214_401 + post::TRACE_HEADROOM;
    assert_eq!(receive(beyond), Err(Verdict::MessageTooLarge));
    assert_eq!(operator.messages(MARIE).len(), 2);
}

#[test]
fn a_recipient_without_room_for_the_declared_size_is_refused_and_the_octets_are_judged_again() {
    let operator = Operator::new();
    let used = operator.letter(&[MARIE], "").map(|_| operator.messages(MARIE)[0].len() as u64);
    let quota = used.unwrap() + 1_000;
    let set = move |tx: &mut Transaction<'_>| tx.set_quota(quota);
    let store = operator.post.store();
    let _set = store.begin(Actor::SYSTEM, operator.id(MARIE), set).wait().unwrap();
    let to = MARIE.parse().unwrap();
    let declared = |size| {
        let dsn = RecipientDsn::default();
        operator.post.recipient_of(&hospital(), &to, dsn, size).map(drop)
    };
    assert_eq!(declared(1_000), Ok(()));
    assert_eq!(declared(1_001), Err(Verdict::QuotaExceeded));
    // Declared smaller than it is: nobody has it, those with room neither.
    let big = format!("From: {LETTERS}\n\n{}", "x".repeat(1_000));
    let refused = operator.send(&hospital(), LETTERS, &[CITIZEN, MARIE], &big);
    assert_eq!(refused, Err(Verdict::QuotaExceeded));
    assert_eq!((operator.messages(CITIZEN).len(), operator.messages(MARIE).len()), (0, 1));
}

#[test]
fn a_header_without_end_is_refused() {
    let operator = Operator::new();
    let endless = format!("From: {LETTERS}\nX: {}", "x".repeat(70_000));
    let refused = operator.send(&hospital(), LETTERS, &[MARIE], &endless);
    assert_eq!(refused, Err(Verdict::MessageMalformed));
}

#[test]
fn a_local_recipient_is_told_where_it_lies() {
    let operator = Operator::new();
    let address = MARIE.to_uppercase().replace("PRACTICE.EXAMPLE", "practice.example");
    let recipient =
        operator.post.recipient(&hospital(), &address.parse().unwrap(), RecipientDsn::default());
    assert_eq!(recipient.unwrap().route, Route::Local(operator.id(MARIE)));
}

/// A letter of Marie's whose recipient fails while her mailbox is full, with a report of this size.
fn reported_to_a_full_mailbox(octets: usize) -> Operator {
    let operator = Operator::new();
    let marie = operator.own(MARIE);
    let message = format!("From: {MARIE}\n\nBonjour\n");
    let id = operator.send(&marie, MARIE, &["a@chu.example"], &message).unwrap().queue_id();
    let account = operator.id(MARIE);
    let store = operator.post.store();
    let full = store.begin(Actor::SYSTEM, account, |tx: &mut Transaction<'_>| tx.set_quota(0));
    let _full = full.wait().unwrap();
    let mut entry = post::queue::entry(&store.view(account).unwrap(), id).unwrap().unwrap();
    entry.recipients.clear();
    let text = format!("From: postmaster@practice.example\r\n\r\n{}", "x".repeat(octets));
    let report = operator.post.report([text.as_bytes()]);
    let was_due = entry.accepted;
    let settlement = Settlement { account, was_due, due: was_due, entry, report: report.ok() };
    let _settled = operator.runtime.block_on(operator.post.settle(settlement)).unwrap();
    assert_eq!(post::queue::due(store, i64::MAX / 4, 10).unwrap(), []);
    assert_eq!(store.view(account).unwrap().counters().unwrap().quota, 0);
    operator
}

#[test]
fn who_has_no_room_is_told_all_the_same_of_what_did_not_arrive() {
    assert_eq!(reported_to_a_full_mailbox(1_000).messages(MARIE).len(), 1);
}

#[test]
fn a_report_that_finds_no_room_does_not_undo_what_became_of_the_message() {
    let beyond = usize::try_from(post::queue::REPORT_HEADROOM).unwrap();
    assert_eq!(reported_to_a_full_mailbox(beyond).messages(MARIE).len(), 0);
}

// RFC 3834 §2
#[test]
fn of_automatic_mail_failure_may_be_told_and_of_reports_nothing() {
    let operator = Operator::new();
    let told = |field: &str| {
        let message = format!("From: {MARIE}\n{field}\n\n--x\n\nBonjour\n--x--\n");
        let sent = operator.send(&operator.own(MARIE), MARIE, &["a@chu.example"], &message);
        let view = operator.post.store().view(operator.id(MARIE)).unwrap();
        let entry = post::queue::entry(&view, sent.unwrap().queue_id()).unwrap().unwrap();
        (entry.may_report, entry.automatic)
    };
    assert_eq!(told("Subject: x"), (true, false));
    assert_eq!(told("Auto-Submitted: auto-generated"), (true, true));
    let report = told("Content-Type: multipart/report; report-type=delivery-status; boundary=x");
    assert!(!report.0);
}
