//! What lets a peer in may cease to hold while its session is open: certificate, secret, grant.

use mailstore::Actor;
use mta::server::serve::ASK_AGAIN;
use tokio::time::{Instant, pause};

use crate::submission::plain;
use crate::world::{DESK, Door, LAB, LETTERS, MARIE, Site, operator};

// MSS #11
#[tokio::test]
async fn a_revocation_ends_the_sessions_of_that_certificate_and_no_others() {
    let mut site = Site::new().await;
    let renewed = site.land.issue(&operator("mail.chu.example"));
    let (mut revoked, _) = site.enter(Door::Reception, Some(&site.hospital)).await.unwrap();
    let (mut other, _) = site.enter(Door::Reception, Some(&renewed)).await.unwrap();
    let (mut program, _) = site.enter(Door::Implicit, Some(&site.lab_certificate)).await.unwrap();
    program.hold("AUTH EXTERNAL =", "235").await;
    site.revoke(|site| &site.hospital);
    revoked.is_ended("421 4.7.0 ").await;
    assert!(other.send(LETTERS, MARIE, &format!("From: {LETTERS}")).await.starts_with("250 "));
    assert!(program.send(LAB, DESK, &format!("From: {LAB}")).await.starts_with("250 "));
    site.revoke(|site| &site.lab_certificate);
    program.is_ended("421 4.7.0 ").await;
    other.hold("NOOP", "250").await;
}

// MSS #11
#[tokio::test]
async fn a_message_whose_peer_is_revoked_while_it_comes_is_not_taken() {
    let mut site = Site::new().await;
    let (mut line, _) = site.enter(Door::Reception, Some(&site.hospital)).await.unwrap();
    line.begin(LETTERS, MARIE).await;
    site.revoke(|site| &site.hospital);
    line.hold(&format!("From: {LETTERS}\r\n\r\nBonjour\r\n."), "421 4.7.0 ").await;
    assert_eq!(site.messages(), Vec::<String>::new());
}

#[tokio::test]
async fn a_secret_that_is_taken_back_sends_nothing_more_and_its_session_ends() {
    let site = Site::new().await;
    let (home, principal) = site.marie;
    let (mut line, _) = site.enter(Door::StartTls, None).await.unwrap();
    line.hold(&plain(MARIE, &site.secret), "235").await;
    assert!(line.send(MARIE, DESK, &format!("From: {MARIE}")).await.starts_with("250 "));
    let [secret] = &site.access.app_secrets(home, principal).unwrap()[..] else { panic!() };
    let access = &site.access;
    assert!(access.revoke_app_secret(Actor::SYSTEM, home, principal, secret.id).await.unwrap());
    line.hold(&format!("MAIL FROM:<{MARIE}>"), "535 5.7.8 ").await;
    pause();
    let begin = Instant::now();
    line.is_ended("421 4.7.0 ").await;
    assert!(begin.elapsed() <= ASK_AGAIN);
}

// MSS #27
#[tokio::test]
async fn a_grant_that_is_taken_back_counts_from_the_next_message_on() {
    let site = Site::new().await;
    let (desk, marie) = (site.desk.0, site.marie.1);
    site.may_send_as(desk, marie, None).await;
    let (mut line, _) = site.enter(Door::Implicit, None).await.unwrap();
    line.hold(&plain(MARIE, &site.secret), "235").await;
    assert!(line.send(DESK, LAB, &format!("From: {DESK}")).await.starts_with("250 "));
    site.may_send_as(desk, marie, Some(0)).await;
    line.hold(&format!("MAIL FROM:<{DESK}>"), "550 5.7.1 ").await;
    assert!(line.send(MARIE, LAB, &format!("From: {MARIE}")).await.starts_with("250 "));
}

// MSS #10
#[tokio::test]
async fn a_certificate_that_expires_during_a_session_is_refused_at_the_next_mail() {
    let site = Site::new().await;
    let (mut line, _) = site.enter(Door::Reception, Some(&site.hospital)).await.unwrap();
    assert!(line.send(LETTERS, MARIE, &format!("From: {LETTERS}")).await.starts_with("250 "));
    site.land.clock.advance(std::time::Duration::from_secs(20 * 365 * 24 * 3600));
    let reply = line.say(&format!("MAIL FROM:<{LETTERS}>")).await.unwrap();
    assert!(!reply.starts_with('2'), "{reply}");
    assert_eq!(site.messages().len(), 1);
}
