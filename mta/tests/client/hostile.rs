//! Peers that fall silent, drip, talk without end, or hang up: each costs bounded time and has its name.

use mta::client::{Failure, Loss, Outcome, Phase, ReplyError, Timeouts, TlsFailure};

use super::peer::{ANY_TLS, Trust, anybody, connect_with, envelope, listen, nobody, short};

#[tokio::test]
async fn nobody_listens() {
    let trust = Trust::new();
    let tls = trust.client(&trust);
    let refused = connect_with(&[nobody().await], &tls, &anybody, short()).await.err().unwrap();
    assert_eq!(refused.failure, Failure::Unreachable);
    assert_eq!(refused.host.as_deref(), Some("127.0.0.1"));
}

#[tokio::test]
async fn silence_and_drops_end_at_the_same_deadline() {
    let trust = Trust::new();
    let tls = trust.client(&trust);
    let timed_out = Failure::Lost { loss: Loss::TimedOut, phase: Phase::Greeting };
    let silent = listen(|mut peer| async move { drop(peer.hear().await) }).await;
    let refused = connect_with(&[silent], &tls, &anybody, short()).await.err().unwrap();
    assert_eq!(refused.failure, timed_out);
    // A drop each time the clock lets others run: a deadline for each read would never come.
    let dripping = listen(|mut peer| async move {
        let mut tick = tokio::time::interval(std::time::Duration::from_millis(20));
        while peer.drip(b"2").await {
            tick.tick().await;
        }
    })
    .await;
    let refused = connect_with(&[dripping], &tls, &anybody, short()).await.err().unwrap();
    assert_eq!(refused.failure, timed_out);
}

#[tokio::test]
async fn endless_lines_end() {
    let trust = Trust::new();
    let tls = trust.client(&trust);
    for octets in [&b"220-hello\r\n"[..], b"220 aaaaaaa"] {
        let hop = listen(move |mut peer| async move { while peer.drip(octets).await {} }).await;
        let refused =
            connect_with(&[hop], &tls, &anybody, Timeouts::default()).await.err().unwrap();
        let expected = Failure::Reply { error: ReplyError::TooLong, phase: Phase::Greeting };
        assert_eq!(refused.failure, expected);
    }
}

#[tokio::test]
async fn a_handshake_that_never_ends_or_is_none() {
    let trust = Trust::new();
    let tls = trust.client(&trust);
    for (word, expected) in
        [("", TlsFailure::Lost(Loss::TimedOut)), ("250 what?", TlsFailure::Protocol)]
    {
        let hop = listen(move |mut peer| async move {
            peer.say("220 mx").await;
            peer.answer("EHLO", "250-mx\n250 STARTTLS").await;
            peer.answer("STARTTLS", "220 go").await;
            if !word.is_empty() {
                // After the ClientHello has begun, or it would be an injection.
                peer.octet().await;
                peer.say(word).await;
            }
            std::future::pending::<()>().await;
        })
        .await;
        let refused = connect_with(&[hop], &tls, &anybody, short()).await.err().unwrap();
        assert_eq!(refused.failure, Failure::Tls(expected));
    }
}

#[tokio::test]
async fn a_peer_that_hangs_up_in_the_middle_is_heard_out() {
    let trust = Trust::new();
    let tls = trust.client(&trust);
    for (word, reason) in [("552 5.3.4 too big", "peer-refused"), ("", "connection-lost")] {
        let acceptor = trust.server(ANY_TLS);
        let hop = listen(move |peer| {
            let acceptor = acceptor.clone();
            async move {
                let mut peer = peer.ready(&acceptor, "").await;
                peer.answer("MAIL", "250 ok").await;
                peer.answer("RCPT", "250 ok").await;
                peer.answer("DATA", "354 go").await;
                peer.hear().await;
                if !word.is_empty() {
                    peer.say(word).await;
                }
            }
        })
        .await;
        let mut connected = connect_with(&[hop], &tls, &anybody, short()).await.ok().unwrap();
        let endless = "a line of text\r\n".repeat(1_000_000);
        let mut source = endless.as_bytes();
        let report = connected.connection.send(envelope("b@b.fr"), &mut source, &anybody).await;
        assert_eq!(report.outcomes[0].problem().unwrap().reason.id(), reason);
        let is_refused = matches!(&report.outcomes[0], Outcome::Refused(_));
        assert_eq!(is_refused, reason == "peer-refused");
        assert!(!connected.connection.is_usable());
    }
}
