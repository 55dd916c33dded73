//! What waits in the queue: behind an operator that is slow, behind entries that rest, and without a body.

use std::sync::Arc;
use std::time::Duration;

use domain::MailboxKind;
use mailstore::disk::RealDisk;
use mailstore::{Embedding, Secret, SeededRandom, Store};
use mta::client::Routes;
use tokio::sync::watch;

use crate::world::{CITIZEN, LETTERS, Land, MARIE, Operator, Plan, listen, operator, route};

/// A hospital and its citizens, beside a practice that hangs up on everybody or takes connections and says nothing.
async fn hospital_before(hangs_up: bool) -> (Land, Operator, Operator) {
    let mut land = Land::new();
    let domains = ["chu.example", "practice.example", "patient.example"];
    let issued = domains.map(|domain| land.issue(&operator(&format!("mail.{domain}"))));
    let pairs: Vec<_> = domains.iter().copied().zip(&issued).collect();
    let trust = land.trust(&pairs);
    let (l1, bad, l3) = (listen().await, listen().await, listen().await);
    let routes: Routes =
        [route(&l1, domains[0]), route(&bad, domains[1]), route(&l3, domains[2])].into();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = bad.accept().await {
            if !hangs_up {
                held.push(stream);
            }
        }
    });
    let [hospital, _, citizens] = issued;
    let kind = MailboxKind::Application;
    let plan = Plan { domain: domains[0], address: LETTERS, kind, issued: hospital, listener: l1 };
    let hospital = Operator::start(plan, &land, &trust, &routes).await;
    let kind = MailboxKind::Citizen;
    let plan = Plan { domain: domains[2], address: CITIZEN, kind, issued: citizens, listener: l3 };
    let citizens = Operator::start(plan, &land, &trust, &routes).await;
    (land, hospital, citizens)
}

#[tokio::test]
async fn an_operator_that_is_slow_holds_up_no_mail_to_others() {
    let (land, hospital, citizens) = hospital_before(false).await;
    for n in 0..40 {
        hospital.submit_letter(MARIE, &format!("Subject: {n}")).await;
    }
    land.clock.advance(Duration::from_secs(1));
    hospital.submit_letter(CITIZEN, "Subject: Lettre").await;
    let mut arrived = citizens.post.store().subscribe(citizens.account).unwrap();
    let (_stop, stopped) = watch::channel(false);
    let running = tokio::spawn(hospital.relay.clone().run(stopped));
    let comes = tokio::time::timeout(Duration::from_secs(30), arrived.changed()).await;
    running.abort();
    comes.expect("the letter waits behind the slow operator").unwrap();
    assert_eq!(citizens.messages().len(), 1);
}

#[tokio::test]
async fn entries_that_rest_hide_none_behind_them() {
    let (land, hospital, citizens) = hospital_before(true).await;
    for n in 0..70 {
        hospital.submit_letter(MARIE, &format!("Subject: {n}")).await;
    }
    // No attempt can be written back.
    hospital.faults.fail_groups(10_000);
    while hospital.relay.run_due().await > 0 {}
    hospital.faults.fail_groups(0);
    land.clock.advance(Duration::from_secs(1));
    hospital.submit_letter(CITIZEN, "Subject: Lettre").await;
    hospital.relay.run_due().await;
    assert_eq!((citizens.messages().len(), hospital.queued()), (1, 70));
}

// RFC 3834 §2
#[tokio::test]
async fn who_was_not_tried_is_not_given_up_and_of_automatic_mail_only_failure_is_told() {
    let (land, hospital, _citizens) = hospital_before(true).await;
    let days = |days: u64| Duration::from_secs(days * 24 * 3600);
    hospital.submit_letter(MARIE, "Auto-Submitted: auto-generated").await;
    hospital.relay.run_due().await;
    land.clock.advance(days(5) - Duration::from_secs(10));
    hospital.relay.run_due().await;
    assert_eq!((hospital.messages().len(), hospital.queued()), (0, 1), "no word of the delay");
    // Five days are over while the operator rests.
    land.clock.advance(Duration::from_secs(11));
    hospital.relay.run_due().await;
    assert_eq!((hospital.messages().len(), hospital.queued()), (0, 1), "nobody tried");
    land.clock.advance(Duration::from_secs(180));
    hospital.relay.run_due().await;
    assert_eq!((hospital.messages().len(), hospital.queued()), (1, 0));
    // Of two only one is tried at once; the other is given up all the same, a day later.
    hospital.submit_letter(MARIE, "Subject: one").await;
    hospital.submit_letter(MARIE, "Subject: two").await;
    land.clock.advance(days(6) + Duration::from_secs(60));
    hospital.relay.run_due().await;
    assert_eq!((hospital.messages().len(), hospital.queued()), (3, 0));
}

#[tokio::test]
async fn a_letter_whose_body_is_damaged_is_reported_and_leaves_the_queue() {
    for cut in [false, true] {
        let mut land = Land::new();
        let issued = [
            land.issue(&operator("mail.chu.example")),
            land.issue(&operator("mail.practice.example")),
        ];
        let trust = land.trust(&[("chu.example", &issued[0]), ("practice.example", &issued[1])]);
        let (l1, l2) = (listen().await, listen().await);
        let routes: Routes = [route(&l1, "chu.example"), route(&l2, "practice.example")].into();
        let embedding = Embedding {
            disk: Arc::new(RealDisk),
            dir: land.dir.join("store"),
            operator_key: Secret::from_bytes([7; 32]),
            clock: Arc::new(land.clock.clone()),
            random: Arc::new(SeededRandom::new(3)),
            consumers: Vec::new(),
        };
        Store::create(&embedding).unwrap();
        let (store, _) = Store::open(embedding).unwrap();
        let [hospital, practice] = issued;
        let (domain, kind) = ("chu.example", MailboxKind::Application);
        let plan = Plan { domain, address: LETTERS, kind, issued: hospital, listener: l1 };
        let faults = Arc::default();
        let hospital = Operator::start_on(store, faults, plan, &land, &trust, &routes).await;
        let (domain, kind) = ("practice.example", MailboxKind::Personal);
        let plan = Plan { domain, address: MARIE, kind, issued: practice, listener: l2 };
        let practice = Operator::start(plan, &land, &trust, &routes).await;
        let big = format!("Subject: Lettre\r\n\r\n{}", "y\r\n".repeat(200_000));
        hospital.submit_letter(MARIE, &big).await;
        let bodies = std::fs::read_dir(land.dir.join("store/bodies")).unwrap();
        let bodies: Vec<_> = bodies.map(|body| body.unwrap().path()).collect();
        assert_eq!(bodies.len(), 1);
        let mut octets = std::fs::read(&bodies[0]).unwrap();
        match cut {
            true => octets.truncate(10),
            false => octets.iter_mut().for_each(|octet| *octet ^= 1),
        }
        std::fs::write(&bodies[0], octets).unwrap();
        hospital.relay.run_due().await;
        assert_eq!((practice.messages().len(), hospital.queued()), (0, 0), "{cut}");
        let told = hospital.messages();
        assert_eq!(told.len(), 1, "{cut}");
        assert!(told[0].contains("Action: failed"), "{}", told[0]);
    }
}
