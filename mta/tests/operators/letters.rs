//! Letters between three operators: a hospital, a practice and one of citizens.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::{MailboxKind, ReversePath, Verdict};
use mailstore::Actor;
use mailstore::model::account::{AccountState, NewAccount};
use mta::client::Routes;
use post::{DsnRequest, Envelope, RecipientDsn};

use crate::world::{CITIZEN, LETTERS, Land, MARIE, Operator, Plan, listen, operator, route};

/// Three operators that trust each other.
async fn three() -> (Land, [Operator; 3]) {
    let mut land = Land::new();
    let domains = ["chu.example", "practice.example", "patient.example"];
    let issued = domains.map(|domain| land.issue(&operator(&format!("mail.{domain}"))));
    let pairs: Vec<_> = domains.iter().copied().zip(&issued).collect();
    let trust = land.trust(&pairs);
    let listeners = [listen().await, listen().await, listen().await];
    let routes: Routes = listeners.iter().zip(domains).map(|(l, d)| route(l, d)).collect();
    let [hospital, practice, citizens] = issued;
    let [l1, l2, l3] = listeners;
    let plan =
        |domain, address, kind, issued, listener| Plan { domain, address, kind, issued, listener };
    let operators = [
        Operator::start(
            plan(domains[0], LETTERS, MailboxKind::Application, hospital, l1),
            &land,
            &trust,
            &routes,
        )
        .await,
        Operator::start(
            plan(domains[1], MARIE, MailboxKind::Personal, practice, l2),
            &land,
            &trust,
            &routes,
        )
        .await,
        Operator::start(
            plan(domains[2], CITIZEN, MailboxKind::Citizen, citizens, l3),
            &land,
            &trust,
            &routes,
        )
        .await,
    ];
    (land, operators)
}

// MSS #16
#[tokio::test]
async fn a_letter_goes_to_a_citizen_and_a_colleague_and_the_citizen_answers() {
    let (_land, [hospital, practice, citizens]) = three().await;
    assert_eq!(citizens.send(&[LETTERS], "Subject: too soon").await, Err(Verdict::CitizenFirst));
    hospital.send(&[CITIZEN, MARIE], "Subject: Lettre").await.unwrap();
    for there in [&practice, &citizens] {
        let messages = there.messages();
        assert_eq!(messages.len(), 1);
        assert!(messages[0].contains("\r\nReceived: from mail.chu.example ([127.0.0.1])"));
        assert!(messages[0].ends_with("Bonjour é\r\n.\r\n"), "{}", messages[0]);
    }
    assert_eq!(hospital.queued(), 0);
    citizens.send(&[LETTERS], "Subject: Merci").await.unwrap();
    assert!(hospital.messages()[0].contains("Subject: Merci"));
}

#[tokio::test]
async fn more_recipients_than_one_transaction_takes_are_sent_in_portions() {
    let (_land, [hospital, practice, _citizens]) = three().await;
    let unknown: Vec<_> = (0..150).map(|n| format!("u{n}@practice.example")).collect();
    let mut to: Vec<_> = unknown.iter().map(String::as_str).collect();
    to.push(MARIE);
    hospital.send(&to, "Subject: Lettre").await.unwrap();
    assert_eq!((practice.messages().len(), hospital.queued()), (1, 0));
}

// MSS #35
#[tokio::test]
async fn an_unknown_recipient_comes_back_as_one_report() {
    let (_land, [hospital, _practice, _citizens]) = three().await;
    hospital.send(&["nobody@practice.example"], "Subject: Lettre").await.unwrap();
    let messages = hospital.messages();
    assert_eq!(messages.len(), 1);
    assert!(messages[0].contains("Status: 5.1.1"), "{}", messages[0]);
    assert!(messages[0].contains("Message non distribu"), "{}", messages[0]);
    assert_eq!(hospital.queued(), 0);
    // Of automatic mail too: it has a sender who does not know.
    let automatic = "Auto-Submitted: auto-generated";
    hospital.send(&["nobody@practice.example"], automatic).await.unwrap();
    assert_eq!((hospital.messages().len(), hospital.queued()), (2, 0));
}

// RFC 3461 §5.2.1
#[tokio::test]
async fn a_sender_who_asks_is_told_once_that_the_letter_lies_in_the_mailbox() {
    let (_land, [hospital, practice, _citizens]) = three().await;
    let notify = post::Notify { success: true, ..post::Notify::DEFAULT };
    let original = Some("rfc822;marie@old.example".to_owned());
    let letter = format!("From: {LETTERS}\r\nSubject: Lettre\r\n\r\nBonjour\r\n");
    let dsn = RecipientDsn { notify, original };
    hospital.send_whole(&[MARIE], letter.as_bytes(), dsn).await.unwrap();
    assert_eq!((practice.messages().len(), hospital.messages().len()), (1, 0));
    // The note becomes a report, and the report goes its way.
    for _ in 0..4 {
        practice.relay.run_due().await;
    }
    let told = hospital.messages();
    assert_eq!((told.len(), practice.queued()), (1, 0));
    for text in [
        "Return-Path: <>",
        "Subject: =?utf-8?Q?Message_remis?=",
        "Auto-Submitted: auto-replied",
        "Original-Recipient: rfc822;marie@old.example",
        "Final-Recipient: rfc822;marie@practice.example",
        "Action: delivered",
        "Status: 2.1.5",
        "Subject: Lettre",
    ] {
        assert!(told[0].contains(text), "{text}: {}", told[0]);
    }
    // Nobody asks for a report on a report.
    hospital.relay.run_due().await;
    assert_eq!((practice.messages().len(), practice.queued(), hospital.queued()), (1, 0, 0));
}

#[tokio::test]
async fn a_services_mail_to_another_account_here_is_delivered_or_waits_for_room() {
    let (land, [_hospital, mut practice, _citizens]) = three().await;
    let new = NewAccount {
        address: "paul@practice.example".parse().unwrap(),
        kind: MailboxKind::Personal,
        state: AccountState::Active,
        ins: None,
        traits: None,
        quota: 0,
        mailboxes: Vec::new(),
        owner: None,
    };
    let store = practice.post.store().clone();
    let paul = store.create_account(Actor::SYSTEM, new).await.unwrap().account;
    let quota = |quota| move |tx: &mut mailstore::Transaction<'_>| tx.set_quota(quota);
    let _room = store.transact(Actor::SYSTEM, paul, quota(1 << 20)).await.unwrap();
    let reverse_path = ReversePath::Address(MARIE.parse().unwrap());
    let envelope = Envelope { reverse_path, dsn: DsnRequest::default(), smtputf8: false };
    let octets = format!("From: {MARIE}\r\nSubject: Accord\r\n\r\nBonjour\r\n");
    let to = ["paul@practice.example".parse().unwrap()];
    let marie = practice.account;
    practice.post.submit_system(marie, envelope, &to, octets.as_bytes()).await.unwrap();
    // Full when the relay comes to it.
    let _full = store.transact(Actor::SYSTEM, paul, quota(0)).await.unwrap();
    practice.relay.run_due().await;
    assert_eq!((practice.queued(), practice.messages().len()), (1, 0), "it waits, nobody is told");
    let _room = store.transact(Actor::SYSTEM, paul, quota(1 << 20)).await.unwrap();
    land.clock.advance(Duration::from_secs(3600));
    practice.relay.run_due().await;
    practice.relay.run_due().await;
    assert_eq!((practice.queued(), practice.messages().len()), (0, 0));
    practice.account = paul;
    assert_eq!(practice.messages().len(), 1);
}

// MSS #46
#[tokio::test]
async fn a_citizens_report_names_the_professional_and_never_the_address() {
    let (_land, [hospital, _practice, citizens]) = three().await;
    hospital.send(&[CITIZEN], "Subject: Lettre").await.unwrap();
    // The hospital's mailbox is closed when the citizen answers.
    let close = |tx: &mut mailstore::Transaction<'_>| tx.set_account_state(AccountState::Closed);
    let store = hospital.post.store();
    let _closed = store.transact(Actor::SYSTEM, hospital.account, close).await.unwrap();
    citizens.send(&[LETTERS], "Subject: Merci").await.unwrap();
    let report = citizens.messages().pop().unwrap();
    assert!(report.contains("Service de cardiologie"), "{report}");
    assert!(!report.contains(LETTERS) && !report.contains("letters@"), "{report}");
}

// MSS #34
#[tokio::test]
async fn a_message_of_the_limit_passes_two_operators() {
    let (_land, [hospital, practice, _citizens]) = three().await;
    let header = format!("From: {LETTERS}\r\nSubject: Images\r\n\r\n");
    let line = [b"x".repeat(62).as_slice(), b"\r\n"].concat();
    let mut message = header.into_bytes();
    while message.len() + line.len() <= 26_214_400 {
        message.extend_from_slice(&line);
    }
    message.resize(26_214_398, b'y');
    message.extend_from_slice(b"\r\n");
    hospital.send_whole(&[MARIE], &message, RecipientDsn::default()).await.unwrap();
    assert_eq!((hospital.messages().len(), hospital.queued()), (0, 0));
    assert!(practice.messages()[0].len() > 26_214_400);
}

// RFC 5321 §4.5.4.1
#[tokio::test]
async fn an_operator_that_is_down_rests_and_is_tried_by_one_message_only() {
    let mut land = Land::new();
    let issued = land.issue(&operator("mail.chu.example"));
    let down = land.issue(&operator("mail.practice.example"));
    let trust = land.trust(&[("chu.example", &issued), ("practice.example", &down)]);
    let (listener, deaf) = (listen().await, listen().await);
    let routes: Routes = [route(&deaf, "practice.example")].into();
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&tries);
    // Hangs up on everybody.
    tokio::spawn(async move {
        while let Ok((stream, _)) = deaf.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            drop(stream);
        }
    });
    let (domain, kind) = ("chu.example", MailboxKind::Application);
    let plan = Plan { domain, address: LETTERS, kind, issued, listener };
    let hospital = Operator::start(plan, &land, &trust, &routes).await;
    hospital.send(&[MARIE], "Subject: one").await.unwrap();
    assert_eq!((tries.load(Ordering::SeqCst), hospital.queued()), (1, 1));
    hospital.send(&[MARIE], "Subject: two").await.unwrap();
    assert_eq!((tries.load(Ordering::SeqCst), hospital.queued()), (1, 2), "nobody tries");
    land.clock.advance(Duration::from_secs(90));
    hospital.relay.run_due().await;
    assert_eq!((tries.load(Ordering::SeqCst), hospital.queued()), (2, 2), "one tries");
}

// MSS #10, MSS #11, MSS #13, MSS #14
#[tokio::test]
async fn a_peer_whose_certificate_is_not_right_is_not_written_to_and_the_mail_waits() {
    for fault in ["expired", "revoked", "unlisted", "foreign"] {
        let mut land = Land::new();
        let mut other = Land::new();
        let sender = land.issue(&operator("mail.chu.example"));
        let peer = match fault {
            "expired" => land.expired(&operator("mail.practice.example")),
            "foreign" => other.issue(&operator("mail.practice.example")),
            _ => land.issue(&operator("mail.practice.example")),
        };
        if fault == "revoked" {
            land.revoke(&peer);
        }
        let listed = land.issue(&operator("mail.listed.example"));
        let of_practice = if fault == "unlisted" { &listed } else { &peer };
        let trust = land.trust(&[("chu.example", &sender), ("practice.example", of_practice)]);
        let (l1, l2) = (listen().await, listen().await);
        let routes: Routes = [route(&l1, "chu.example"), route(&l2, "practice.example")].into();
        let hospital = Plan {
            domain: "chu.example",
            address: LETTERS,
            kind: MailboxKind::Application,
            issued: sender,
            listener: l1,
        };
        let practice = Plan {
            domain: "practice.example",
            address: MARIE,
            kind: MailboxKind::Personal,
            issued: peer,
            listener: l2,
        };
        let hospital = Operator::start(hospital, &land, &trust, &routes).await;
        let practice = Operator::start(practice, &land, &trust, &routes).await;
        hospital.send(&[MARIE], "Subject: Lettre").await.unwrap();
        assert_eq!(practice.messages(), Vec::<String>::new(), "{fault}");
        assert_eq!(hospital.queued(), 1, "{fault}: the mail waits");
        // The other way: the wrong certificate is the client's now.
        practice.send(&[LETTERS], "Subject: Lettre").await.unwrap();
        assert_eq!(hospital.messages(), Vec::<String>::new(), "{fault}");
        // After five days the sender is told.
        land.clock.advance(Duration::from_secs(5 * 24 * 3600 + 60));
        hospital.relay.run_due().await;
        let told: BTreeSet<_> = hospital.messages().into_iter().collect();
        assert_eq!((told.len(), hospital.queued()), (1, 0), "{fault}");
    }
}
