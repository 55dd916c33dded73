//! Submission over real sockets: log-in by secret and by certificate on 587 and 465, and in whose name mail leaves.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::world::{DESK, Door, LAB, Land, MARIE, Site, application};

pub(crate) fn plain(name: &str, secret: &str) -> String {
    format!("AUTH PLAIN {}", STANDARD.encode(format!("\0{name}\0{secret}")))
}

pub(crate) fn external(name: &str) -> String {
    format!("AUTH EXTERNAL {}", STANDARD.encode(name))
}

const DOORS: [Door; 2] = [Door::StartTls, Door::Implicit];

// MSS #22
#[tokio::test]
async fn marie_sends_on_587_and_465_with_her_secret() {
    let site = Site::new().await;
    for door in DOORS {
        let (mut line, capabilities) = site.enter(door, None).await.unwrap();
        assert!(capabilities.contains("AUTH PLAIN\r\n"), "{capabilities}");
        line.hold(&plain(MARIE, &site.secret), "235 2.7.0").await;
        let headers = format!("From: {MARIE}\r\nMessage-ID: <{door:?}@client.example>");
        let reply = line.send(MARIE, DESK, &headers).await;
        assert!(reply.starts_with("250 2."), "{reply}");
        line.hold("QUIT", "221").await;
    }
    let messages = site.messages_of(site.desk.0);
    assert_eq!(messages.len(), 2);
    assert!(messages.iter().all(|message| message.contains("with ESMTPSA")), "{messages:?}");
}

// MSS #28
#[tokio::test]
async fn nothing_is_taken_without_log_in() {
    let site = Site::new().await;
    for door in DOORS {
        let (mut line, _) = site.enter(door, None).await.unwrap();
        line.hold(&format!("MAIL FROM:<{MARIE}>"), "530 5.7.0").await;
        line.hold(&external(""), "504 5.5.4").await;
        for name in [MARIE, "nobody@practice.example"] {
            line.hold(&plain(name, "wrong"), "535 5.7.8").await;
        }
        line.hold(&format!("MAIL FROM:<{MARIE}>"), "530 5.7.0").await;
    }
}

// MSS #27
#[tokio::test]
async fn mail_leaves_in_the_name_of_the_actors_mailbox_or_of_one_granted() {
    let site = Site::new().await;
    let log_in = async || {
        let (mut line, _) = site.enter(Door::Implicit, None).await.unwrap();
        line.hold(&plain(MARIE, &site.secret), "235").await;
        line
    };
    let mut line = log_in().await;
    line.hold(&format!("MAIL FROM:<{DESK}>"), "550 5.7.1").await;
    let reply = line.send(MARIE, LAB, &format!("From: {DESK}")).await;
    assert!(reply.starts_with("550 5.7.1"), "{reply}");
    site.may_send_as(site.desk.0, site.marie.1, None).await;
    let mut line = log_in().await;
    let reply = line.send(DESK, LAB, &format!("From: {DESK}\r\nSender: {DESK}")).await;
    assert!(reply.starts_with("550 5.7.1"), "Sender names the actor: {reply}");
    for sender in ["", "\r\nSender: marie@practice.example"] {
        let reply = line.send(DESK, LAB, &format!("From: {DESK}{sender}")).await;
        assert!(reply.starts_with("250"), "{reply}");
    }
    let messages = site.messages_of(site.lab.0);
    assert_eq!(messages.len(), 2);
    assert!(messages.iter().all(|message| message.contains("\r\nSender: ")), "{messages:?}");
}

// MSS #25
#[tokio::test]
async fn an_application_sends_by_its_certificate_and_no_other_one_opens_its_mailbox() {
    let mut site = Site::new().await;
    let renewed = site.land.issue(&application("LAB"));
    let unlisted = site.land.issue(&application("OTHER"));
    for door in DOORS {
        for certificate in [&site.lab_certificate, &renewed] {
            let (mut line, capabilities) = site.enter(door, Some(certificate)).await.unwrap();
            assert!(capabilities.contains("AUTH PLAIN EXTERNAL\r\n"), "{capabilities}");
            line.hold(&external(MARIE), "535 5.7.8").await;
            line.hold("AUTH EXTERNAL =", "235 2.7.0").await;
            line.hold(&format!("MAIL FROM:<{MARIE}>"), "550 5.7.1").await;
            let reply = line.send(LAB, DESK, &format!("From: {LAB}")).await;
            assert!(reply.starts_with("250"), "{reply}");
        }
        // Offered only where it opens something: programs prefer it and stop when it fails.
        let (mut line, capabilities) = site.enter(door, Some(&unlisted)).await.unwrap();
        assert!(!capabilities.contains("EXTERNAL"), "{capabilities}");
        line.hold("AUTH EXTERNAL =", "504 5.5.4").await;
        line.hold(&plain(MARIE, &site.secret), "235").await;
    }
}

// MSS #20
#[tokio::test]
async fn a_bad_certificate_fails_the_handshake_of_submission() {
    let mut site = Site::new().await;
    let mut other = Land::new();
    let expired = site.land.expired(&application("LAB"));
    let revoked = site.land.issue(&application("LAB"));
    let foreign = other.issue(&application("LAB"));
    site.land.revoke(&revoked);
    site.publish_revocations();
    for door in DOORS {
        for bad in [&expired, &revoked, &foreign] {
            assert!(site.enter(door, Some(bad)).await.is_err());
        }
        site.enter(door, Some(&site.lab_certificate)).await.unwrap();
    }
}

#[tokio::test]
async fn a_revocation_list_that_is_late_is_told_at_auth_external_as_temporary() {
    let site = Site::new().await;
    site.land.clock.advance(Duration::from_secs(60 * 24 * 3600));
    let (mut line, capabilities) =
        site.enter(Door::StartTls, Some(&site.lab_certificate)).await.unwrap();
    assert!(capabilities.contains("EXTERNAL"), "{capabilities}");
    line.hold("AUTH EXTERNAL =", "454 4.7.5").await;
    line.hold(&plain(MARIE, &site.secret), "235").await;
}
