//! Connections to other operators: how many at once, kept for the next message, judged again before each; and what a
//! process that ends midway leaves behind.

use std::sync::Arc;
use std::time::Duration;

use domain::MailboxKind;
use mta::client::Routes;
use pki::{Issued, Trust};
use post::RecipientDsn;
use tokio::sync::watch;

use crate::world::{
    CITIZEN, Foreign, LETTERS, Land, MARIE, Manners, Operator, Plan, listen, operator, route,
};

/// A hospital of ours before a practice that is not Pli.
struct Two {
    land: Land,
    hospital: Operator,
    practice: Arc<Foreign>,
    issued: Issued,
    trust: Arc<Trust>,
}

async fn two(manners: Manners) -> Two {
    let mut land = Land::new();
    let own = land.issue(&operator("mail.chu.example"));
    let issued = land.issue(&operator("mail.practice.example"));
    let trust = land.trust(&[("chu.example", &own), ("practice.example", &issued)]);
    let (l1, l2) = (listen().await, listen().await);
    let routes: Routes = [route(&l2, "practice.example")].into();
    let practice = Foreign::start(l2, &issued, &land, &trust, manners);
    let (domain, kind) = ("chu.example", MailboxKind::Application);
    let plan = Plan { domain, address: LETTERS, kind, issued: own, listener: l1 };
    let hospital = Operator::start(plan, &land, &trust, &routes).await;
    Two { land, hospital, practice, issued, trust }
}

/// Sends letters one after another, each once the one before has been taken.
async fn send_in_turn(two: &Two, letters: usize) {
    for n in 0..letters {
        let before = two.practice.taken();
        two.hospital.submit_letter(MARIE, &format!("Subject: {n}")).await;
        two.practice.until(|there| there.taken() > before).await;
        // The entry is gone when the attempt is over, and the connection free.
        while two.hospital.relay.is_busy() {
            tokio::task::yield_now().await;
        }
    }
}

/// Recipients that the only entry of the queue still names.
fn recipients_left(of: &Operator) -> usize {
    let due = post::queue::due(&of.store, i64::MAX / 4, 1).unwrap();
    let [(_, account, id)] = due[..] else { panic!("{due:?}") };
    post::queue::entry(&of.store.view(account).unwrap(), id).unwrap().unwrap().recipients.len()
}

#[tokio::test]
async fn a_process_that_ends_between_two_operators_sends_to_nobody_twice() {
    let mut land = Land::new();
    let own = land.issue(&operator("mail.chu.example"));
    let (first, second) = (
        land.issue(&operator("mail.practice.example")),
        land.issue(&operator("mail.vallee.example")),
    );
    let trust = land.trust(&[
        ("chu.example", &own),
        ("practice.example", &first),
        ("vallee.example", &second),
    ]);
    let (l1, l2, deaf) = (listen().await, listen().await, listen().await);
    let routes: Routes = [route(&l2, "practice.example"), route(&deaf, "vallee.example")].into();
    let practice = Foreign::start(l2, &first, &land, &trust, Manners::default());
    let (domain, kind) = ("chu.example", MailboxKind::Application);
    let plan = Plan { domain, address: LETTERS, kind, issued: own, listener: l1 };
    let hospital = Operator::start(plan, &land, &trust, &routes).await;
    let to = [MARIE, "jean@vallee.example"];
    let letter = format!("From: {LETTERS}\r\n\r\nBonjour\r\n");
    hospital.submit(&to, letter.as_bytes(), RecipientDsn::default()).await.unwrap();
    let relay = hospital.relay.clone();
    let process = tokio::spawn(async move { relay.run_due().await });
    // The second operator takes the connection and says nothing; the first one has the letter.
    let held = deaf.accept().await.unwrap();
    practice.until(|there| there.taken() == 1).await;
    while recipients_left(&hospital) > 1 {
        tokio::task::yield_now().await;
    }
    process.abort();
    let _ = process.await;
    drop((held, deaf));
    hospital.relay_anew().run_due().await;
    assert_eq!((practice.taken(), hospital.queued()), (1, 1), "the other recipient waits");
    land.clock.advance(Duration::from_secs(5 * 24 * 3600 + 60));
    hospital.relay_anew().run_due().await;
    let told = hospital.messages();
    assert_eq!((practice.taken(), hospital.queued(), told.len()), (1, 0, 1));
    assert!(told[0].contains("jean@vallee.example"), "{}", told[0]);
    assert!(!told[0].contains(MARIE), "{}", told[0]);
}

#[tokio::test]
async fn letters_that_wait_begin_as_soon_as_a_place_is_free() {
    let two = two(Manners { waits: true, ..Manners::default() }).await;
    for n in 0..12 {
        two.hospital.submit_letter(MARIE, &format!("Subject: {n}")).await;
    }
    let relay = two.hospital.relay.clone();
    let run = tokio::spawn(async move { relay.run_due().await });
    two.practice.until(|there| there.asking() == 4).await;
    for n in 1..=8 {
        two.practice.let_in(1);
        // No clock moves: one is taken, and the next one is there.
        two.practice.until(|there| there.taken() == n && there.asking() == 4).await;
    }
    two.practice.let_in(4);
    assert!(run.await.unwrap() >= 12);
    assert_eq!((two.practice.taken(), two.hospital.queued()), (12, 0));
    assert_eq!(two.practice.connections(), 4, "each took several");
    two.practice.until(|there| there.farewells() == 4).await;
}

#[tokio::test]
async fn one_connection_takes_several_messages_and_then_makes_room_for_a_fresh_one() {
    let two = two(Manners::default()).await;
    let (stop, stopped) = watch::channel(false);
    let run = tokio::spawn(two.hospital.relay.clone().run(stopped));
    send_in_turn(&two, 100).await;
    assert_eq!(two.practice.connections(), 1);
    send_in_turn(&two, 1).await;
    assert_eq!((two.practice.connections(), two.practice.taken()), (2, 101));
    stop.send(true).unwrap();
    run.await.unwrap();
    two.practice.until(|there| there.farewells() == 2).await;
}

// MSS #11, MSS #14
#[tokio::test]
async fn a_kept_connection_is_not_used_once_its_certificate_is_revoked() {
    let mut two = two(Manners::default()).await;
    let (_stop, stopped) = watch::channel(false);
    let run = tokio::spawn(two.hospital.relay.clone().run(stopped));
    send_in_turn(&two, 2).await;
    assert_eq!((two.practice.connections(), two.practice.taken()), (1, 2));
    two.land.revoke(&two.issued);
    two.land.publish_revocations(&two.trust);
    two.hospital.submit_letter(MARIE, "Subject: later").await;
    // It takes leave of the connection, and another one does not come about.
    two.practice.until(|there| there.farewells() == 1).await;
    while two.hospital.relay.is_busy() {
        tokio::task::yield_now().await;
    }
    assert_eq!((two.practice.taken(), two.hospital.queued()), (2, 1), "it waits");
    run.abort();
}

#[tokio::test]
async fn a_kept_connection_that_the_peer_has_closed_is_replaced_at_once() {
    let two = two(Manners { hangs_up: true, ..Manners::default() }).await;
    let (_stop, stopped) = watch::channel(false);
    let run = tokio::spawn(two.hospital.relay.clone().run(stopped));
    send_in_turn(&two, 3).await;
    assert_eq!((two.practice.connections(), two.hospital.queued()), (3, 0));
    run.abort();
}

#[tokio::test]
async fn what_waits_for_one_operator_goes_to_the_others_in_the_meantime() {
    let mut land = Land::new();
    let domains = ["chu.example", "practice.example", "patient.example"];
    let issued = domains.map(|domain| land.issue(&operator(&format!("mail.{domain}"))));
    let pairs: Vec<_> = domains.iter().copied().zip(&issued).collect();
    let trust = land.trust(&pairs);
    let (l1, l2, l3) = (listen().await, listen().await, listen().await);
    let routes: Routes = [route(&l2, domains[1]), route(&l3, domains[2])].into();
    let slow = Manners { waits: true, ..Manners::default() };
    let practice = Foreign::start(l2, &issued[1], &land, &trust, slow);
    let citizens = Foreign::start(l3, &issued[2], &land, &trust, Manners::default());
    let [own, ..] = issued;
    let (domain, kind) = (domains[0], MailboxKind::Application);
    let plan = Plan { domain, address: LETTERS, kind, issued: own, listener: l1 };
    let hospital = Operator::start(plan, &land, &trust, &routes).await;
    for n in 0..6 {
        let letter = format!("From: {LETTERS}\r\nSubject: {n}\r\n\r\nBonjour\r\n");
        let to = [CITIZEN, MARIE];
        hospital.submit(&to, letter.as_bytes(), RecipientDsn::default()).await.unwrap();
    }
    let relay = hospital.relay.clone();
    let run = tokio::spawn(async move { relay.run_due().await });
    // All citizens' letters are taken while four stand before the practice.
    citizens.until(|there| there.taken() == 6).await;
    practice.until(|there| there.asking() == 4).await;
    practice.let_in(6);
    run.await.unwrap();
    assert_eq!((practice.taken(), citizens.taken(), hospital.queued()), (6, 6, 0));
}
