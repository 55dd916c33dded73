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

#[tokio::test]
async fn replies_put_behind_the_220_of_starttls_end_the_connection_in_plain_text() {
    let trust = Trust::new();
    let tls = trust.client(&trust);
    for injected in ["\n250-mx\n250 SIZE 1", "\n250 ok", "\n220 again", "\n2"] {
        let hop = listen(move |mut peer| async move {
            peer.say("220 mx").await;
            peer.answer("EHLO", "250-mx\n250 STARTTLS").await;
            peer.answer("STARTTLS", &format!("220 go{injected}")).await;
            assert_eq!(peer.hear().await, "", "not a word more");
        })
        .await;
        let refused =
            connect_with(&[hop], &tls, &anybody, Timeouts::default()).await.err().unwrap();
        assert_eq!(refused.failure, Failure::InjectedBeforeTls, "{injected:?}");
    }
}

#[tokio::test]
async fn a_peer_that_reads_no_more_in_the_middle_of_a_message_is_left_in_time() {
    let trust = Trust::new();
    let acceptor = trust.server(ANY_TLS);
    let hop = listen(move |peer| {
        let acceptor = acceptor.clone();
        async move {
            let mut peer = peer.ready(&acceptor, "").await;
            peer.answer("MAIL FROM", "250 ok").await;
            peer.answer("RCPT TO", "250 ok").await;
            peer.answer("DATA", "354 go").await;
            std::future::pending::<()>().await;
        }
    })
    .await;
    let tls = trust.client(&trust);
    let timeouts = Timeouts::default();
    let mut connected = connect_with(&[hop], &tls, &anybody, timeouts).await.ok().unwrap();
    tokio::time::pause();
    let begin = tokio::time::Instant::now();
    let body = "a line of text\r\n".repeat(4_000_000);
    let report =
        connected.connection.send(envelope("b@b.fr"), &mut body.as_bytes(), &anybody).await;
    assert!(matches!(&report.outcomes[..], [Outcome::Deferred(_)]), "{report:?}");
    assert!(begin.elapsed() <= timeouts.block + timeouts.parting, "{:?}", begin.elapsed());
}

#[tokio::test]
async fn a_peer_that_drips_its_answer_is_left_when_its_time_is_over() {
    let trust = Trust::new();
    let acceptor = trust.server(ANY_TLS);
    let hop = listen(move |peer| {
        let acceptor = acceptor.clone();
        async move {
            let mut peer = peer.ready(&acceptor, "").await;
            peer.hear().await;
            let mut tick = tokio::time::interval(std::time::Duration::from_secs(10));
            while peer.drip(b"2").await {
                tick.tick().await;
            }
        }
    })
    .await;
    let tls = trust.client(&trust);
    let timeouts = Timeouts::default();
    let mut connected = connect_with(&[hop], &tls, &anybody, timeouts).await.ok().unwrap();
    tokio::time::pause();
    let begin = tokio::time::Instant::now();
    let mut body = b"Subject: 1\r\n\r\n".as_slice();
    let report = connected.connection.send(envelope("b@b.fr"), &mut body, &anybody).await;
    assert!(matches!(&report.outcomes[..], [Outcome::Deferred(_)]), "{report:?}");
    let second = std::time::Duration::from_secs(1);
    assert!(begin.elapsed() <= timeouts.command + second, "{:?}", begin.elapsed());
}

#[tokio::test]
async fn answers_that_no_standard_knows_defer_the_message_and_break_nothing() {
    let answers = [
        "999 what",
        "000 what",
        "2",
        "25",
        "250_ok",
        "354 go on",
        "abc",
        "250-ok\n251 ok",
        "250\u{0}ok",
        "\u{1b}[31m250 ok",
    ];
    let trust = Trust::new();
    let tls = trust.client(&trust);
    for answer in answers {
        let acceptor = trust.server(ANY_TLS);
        let hop = listen(move |peer| {
            let acceptor = acceptor.clone();
            async move {
                let mut peer = peer.ready(&acceptor, "").await;
                peer.answer("MAIL FROM", answer).await;
                peer.hear().await;
            }
        })
        .await;
        let mut connected = connect_with(&[hop], &tls, &anybody, short()).await.ok().unwrap();
        let mut body = b"Subject: 1\r\n\r\n".as_slice();
        let report = connected.connection.send(envelope("b@b.fr"), &mut body, &anybody).await;
        assert!(matches!(&report.outcomes[..], [Outcome::Deferred(_)]), "{answer:?}: {report:?}");
        assert!(!connected.connection.is_usable(), "{answer:?}");
    }
}

#[tokio::test]
async fn sizes_that_a_peer_cannot_mean_are_no_limit_and_a_small_one_is() {
    let trust = Trust::new();
    let tls = trust.client(&trust);
    for (offer, expected) in [
        ("SIZE 4294967296", true),
        ("SIZE 18446744073709551615", true),
        ("SIZE 99999999999999999999999", true),
        ("SIZE 0", true),
        ("SIZE 9", false),
    ] {
        let acceptor = trust.server(ANY_TLS);
        let hop = listen(move |peer| {
            let acceptor = acceptor.clone();
            async move {
                let mut peer = peer.ready(&acceptor, &format!("250-{offer}\n")).await;
                loop {
                    match peer.hear().await.as_str() {
                        "" => return,
                        "DATA" => peer.say("354 go").await,
                        "Subject: 1" => {}
                        _ => peer.say("250 ok").await,
                    }
                }
            }
        })
        .await;
        let timeouts = Timeouts::default();
        let mut connected = connect_with(&[hop], &tls, &anybody, timeouts).await.ok().unwrap();
        let mut body = b"Subject: 1\r\n".as_slice();
        let report = connected.connection.send(envelope("b@b.fr"), &mut body, &anybody).await;
        let delivered = matches!(&report.outcomes[..], [Outcome::Delivered { .. }]);
        assert_eq!(delivered, expected, "{offer}: {report:?}");
    }
}

#[tokio::test]
async fn what_a_peer_writes_is_shown_without_what_could_deceive() {
    let trust = Trust::new();
    let acceptor = trust.server(ANY_TLS);
    let hop = listen(move |peer| {
        let acceptor = acceptor.clone();
        async move {
            let mut peer = peer.ready(&acceptor, "").await;
            peer.answer("MAIL FROM", "550 5.1.0 \u{1b}[2Jno\u{0}\u{202e}evil\u{7}").await;
            peer.hear().await;
        }
    })
    .await;
    let tls = trust.client(&trust);
    let mut connected =
        connect_with(&[hop], &tls, &anybody, Timeouts::default()).await.ok().unwrap();
    let mut body = b"Subject: 1\r\n\r\n".as_slice();
    let report = connected.connection.send(envelope("b@b.fr"), &mut body, &anybody).await;
    let [Outcome::Refused(problem)] = &report.outcomes[..] else { panic!("{report:?}") };
    assert_eq!(problem.reply.as_ref().unwrap().text(), "?[2Jno??evil?");
}
