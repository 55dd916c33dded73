//! Peers that must not get a message: each is refused before a word of it is said, and the mail stays queued.

use domain::Verdict;
use mta::client::{Failure, NextHop, NotConnected, Reason, Timeouts, TlsFailure};
use rustls::pki_types::CertificateDer;
use tokio::sync::mpsc;

use super::peer::{ANY_TLS, Tls, Trust, anybody, connect_with, envelope, listen};

/// Hands on what it hears after the handshake.
async fn overhearing(
    trust: &Trust,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> (NextHop, mpsc::UnboundedReceiver<String>) {
    let (sender, heard) = mpsc::unbounded_channel();
    let acceptor = trust.server(versions);
    let hop = listen(move |peer| {
        let (acceptor, sender) = (acceptor.clone(), sender.clone());
        async move {
            let word = match peer.starttls(&acceptor).await {
                Ok(mut peer) => peer.hear().await,
                Err(_) => String::new(),
            };
            sender.send(word).unwrap();
        }
    })
    .await;
    (hop, heard)
}

async fn refused(hop: NextHop, tls: &Tls) -> NotConnected {
    connect_with(&[hop], tls, &anybody, Timeouts::default()).await.err().unwrap()
}

// MSS #12
#[tokio::test]
async fn a_peer_of_another_authority_hears_nothing() {
    let (trust, other) = (Trust::new(), Trust::new());
    let (hop, mut heard) = overhearing(&other, ANY_TLS).await;
    let refused = refused(hop, &trust.client(&trust)).await;
    assert_eq!(refused.failure.reason(), Reason::Verdict(Verdict::CertificateUntrusted));
    assert_eq!(refused.failure.problem().status.to_string(), "4.7.5");
    assert_eq!(heard.recv().await.unwrap(), "");
}

// MSS #13, #14
#[tokio::test]
async fn a_peer_that_is_not_listed_hears_nothing() {
    let trust = Trust::new();
    let (hop, mut heard) = overhearing(&trust, ANY_TLS).await;
    let nobody = |_: &[CertificateDer<'_>]| Err(Verdict::ServerNotListed);
    let tls = trust.client(&trust);
    let refused = connect_with(&[hop], &tls, &nobody, Timeouts::default()).await.err().unwrap();
    assert_eq!(refused.failure, Failure::Peer(Verdict::ServerNotListed));
    assert_eq!(refused.failure.problem().status.to_string(), "4.7.1");
    assert_eq!(heard.recv().await.unwrap(), "");
}

#[tokio::test]
async fn the_alert_at_the_first_read_is_the_handshakes_failure() {
    let (trust, other) = (Trust::new(), Trust::new());
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let (hop, mut heard) = overhearing(&trust, &[version]).await;
        let refused = refused(hop, &trust.client(&other)).await;
        assert!(matches!(refused.failure, Failure::Tls(TlsFailure::Alert(_))), "{refused:?}");
        assert_eq!(refused.failure.reason().id(), "own-certificate-refused");
        assert_eq!(heard.recv().await.unwrap(), "");
    }
}

#[tokio::test]
async fn a_kept_connection_is_checked_again_before_each_message() {
    let trust = Trust::new();
    let (sender, mut heard) = mpsc::unbounded_channel();
    let acceptor = trust.server(ANY_TLS);
    let hop = listen(move |peer| {
        let (acceptor, sender) = (acceptor.clone(), sender.clone());
        async move {
            let mut peer = peer.ready(&acceptor, "").await;
            sender.send(peer.hear().await).unwrap();
        }
    })
    .await;
    let tls = trust.client(&trust);
    let mut connected =
        connect_with(&[hop], &tls, &anybody, Timeouts::default()).await.ok().unwrap();
    let gone = |_: &[CertificateDer<'_>]| Err(Verdict::ServerNotListed);
    let report = connected.connection.send(envelope("b@b.fr"), &mut &b""[..], &gone).await;
    assert_eq!(report.failure, Some(Failure::Peer(Verdict::ServerNotListed)));
    assert_eq!(report.outcomes[0].problem().unwrap().status.to_string(), "4.7.1");
    assert!(!connected.connection.is_usable());
    connected.connection.quit().await;
    assert_eq!(heard.recv().await.unwrap(), "");
}

// MSS #15
#[tokio::test]
async fn a_host_without_tls_is_passed_over() {
    let trust = Trust::new();
    let (sender, mut heard) = mpsc::unbounded_channel();
    let plain = listen(move |mut peer| {
        let sender = sender.clone();
        async move {
            peer.say("220 mx").await;
            peer.answer("EHLO", "250 mx").await;
            sender.send(peer.hear().await).unwrap();
        }
    })
    .await;
    let acceptor = trust.server(ANY_TLS);
    let good = listen(move |peer| {
        let acceptor = acceptor.clone();
        async move { drop(peer.ready(&acceptor, "").await) }
    })
    .await;
    let tls = trust.client(&trust);
    let alone =
        connect_with(std::slice::from_ref(&plain), &tls, &anybody, Timeouts::default()).await;
    assert_eq!(alone.err().unwrap().failure, Failure::TlsNotOffered { reply: None });
    assert_eq!(heard.recv().await.unwrap(), "", "no word more");
    let both = connect_with(&[plain, good.clone()], &tls, &anybody, Timeouts::default()).await;
    assert_eq!(both.ok().unwrap().hop, good);
}
