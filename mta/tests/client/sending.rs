//! Messages that arrive: whole, one after another, over TLS 1.2 and 1.3, past hosts that are down.

use mta::client::{Outcome, Timeouts};
use tokio::sync::mpsc;

use super::peer::{ANY_TLS, Trust, anybody, connect_with, envelope, listen, nobody};

/// Takes messages by DATA until QUIT and hands them on.
async fn taking(trust: &Trust, received: mpsc::UnboundedSender<String>) -> mta::client::NextHop {
    let acceptor = trust.server(ANY_TLS);
    listen(move |peer| {
        let (acceptor, received) = (acceptor.clone(), received.clone());
        async move {
            let mut peer = peer.ready(&acceptor, "250-PIPELINING\n250-SIZE 1000000\n").await;
            let mut message = String::new();
            loop {
                match peer.hear().await.as_str() {
                    "DATA" => {
                        peer.say("354 go").await;
                        loop {
                            match peer.hear().await.as_str() {
                                "." => break,
                                line => message += &format!("{line}\n"),
                            }
                        }
                        received.send(std::mem::take(&mut message)).unwrap();
                        peer.say("250 2.0.0 queued").await;
                    }
                    "QUIT" => return peer.say("221 bye").await,
                    "" => return,
                    _ => peer.say("250 ok").await,
                }
            }
        }
    })
    .await
}

#[tokio::test]
async fn messages_arrive_one_after_another() {
    let trust = Trust::new();
    let (sender, mut received) = mpsc::unbounded_channel();
    let hops = [nobody().await, taking(&trust, sender).await];
    let tls = trust.client(&trust);
    let mut connected =
        connect_with(&hops, &tls, &anybody, Timeouts::default()).await.ok().unwrap();
    assert_eq!(connected.hop, hops[1]);
    let large = "a line of text\r\n".repeat(20_000);
    for body in ["Subject: 1\r\n\r\n.dot\r\n", large.as_str()] {
        let mut source = body.as_bytes();
        let report = connected.connection.send(envelope("b@b.fr"), &mut source, &anybody).await;
        assert!(matches!(&report.outcomes[..], [Outcome::Delivered { .. }]), "{report:?}");
        assert!(connected.connection.is_usable());
        let arrived = received.recv().await.unwrap();
        assert_eq!(arrived.replace("..dot", ".dot").replace('\n', "\r\n"), body);
    }
    connected.connection.quit().await;
}

// MSS #18, #19
#[tokio::test]
async fn a_peer_with_tls_1_2_only_is_served() {
    let trust = Trust::new();
    let acceptor = trust.server(&[&rustls::version::TLS12]);
    let hop = listen(move |peer| {
        let acceptor = acceptor.clone();
        async move {
            let mut peer = peer.ready(&acceptor, "250-CHUNKING\n").await;
            peer.answer("MAIL FROM:<marie@a.fr>", "250 ok").await;
            peer.answer("RCPT TO:<b@b.fr>", "250 ok").await;
            peer.answer("BDAT 14 LAST", "250 taken").await;
            assert_eq!(peer.hear().await, "Subject: 1");
        }
    })
    .await;
    let tls = trust.client(&trust);
    let mut connected =
        connect_with(&[hop], &tls, &anybody, Timeouts::default()).await.ok().unwrap();
    let mut body = b"Subject: 1\r\n\r\n".as_slice();
    let report = connected.connection.send(envelope("b@b.fr"), &mut body, &anybody).await;
    assert!(matches!(&report.outcomes[..], [Outcome::Delivered { .. }]), "{report:?}");
}
