//! Messages that mean harm, from a peer with a right certificate into a real store: each is refused with its reason,
//! or kept as it came, and the session goes on.

use std::time::{Duration, Instant};

use crate::world::{Door, LETTERS, Line, MARIE, Site};

/// A peer's session with the practice.
async fn peer(site: &Site) -> Line {
    site.enter(Door::Reception, Some(&site.hospital)).await.unwrap().0
}

/// Sends a message, given without its last CRLF; the reply.
async fn send(line: &mut Line, message: &str) -> String {
    line.begin(LETTERS, MARIE).await;
    line.say(&format!("{message}\r\n.")).await.unwrap()
}

#[tokio::test]
async fn a_header_of_ten_megabytes_is_refused_and_the_next_message_is_taken() {
    let site = Site::new().await;
    let mut line = peer(&site).await;
    let fields = "X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(160_000);
    let one_field = format!("Subject: {}", "b".repeat(10_000_000));
    let folded = format!("Subject: a{}", "\r\n b".repeat(2_500_000));
    for header in [fields.as_str(), &one_field, &folded] {
        let reply = send(&mut line, &format!("From: {LETTERS}\r\n{header}\r\n\r\nbody")).await;
        assert!(reply.starts_with("550 5.6.0 "), "{reply}");
    }
    assert_eq!(site.messages(), Vec::<String>::new());
    let reply = send(&mut line, &format!("From: {LETTERS}\r\n\r\nBonjour")).await;
    assert!(reply.starts_with("250 "), "{reply}");
}

/// Parts within parts.
fn nested(levels: usize) -> String {
    let mut message = format!("From: {LETTERS}\r\nMIME-Version: 1.0\r\n");
    for level in 0..levels {
        message +=
            &format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n");
    }
    message += "Content-Type: text/plain\r\n\r\nBonjour\r\n";
    for level in (0..levels).rev() {
        message += &format!("--b{level}--\r\n");
    }
    message
}

#[tokio::test]
async fn a_thousand_levels_of_parts_are_kept_as_they_came_and_take_no_time() {
    let site = Site::new().await;
    let mut line = peer(&site).await;
    let begin = Instant::now();
    let message = nested(1000);
    let reply = send(&mut line, &message).await;
    assert!(reply.starts_with("250 "), "{reply}");
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    let kept = site.messages();
    assert!(kept[0].ends_with(&format!("{message}\r\n")), "{}", kept[0].len());
}

#[tokio::test]
async fn a_hundred_thousand_parts_and_addresses_take_no_time() {
    let site = Site::new().await;
    let mut line = peer(&site).await;
    let begin = Instant::now();
    let parts = "--b\r\n\r\nx\r\n".repeat(100_000);
    let message =
        format!("From: {LETTERS}\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--");
    assert!(send(&mut line, &message).await.starts_with("250 "));
    let to = "a@b.example, ".repeat(4_000);
    let message = format!("From: {LETTERS}\r\nTo: {to}a@b.example\r\n\r\nBonjour");
    assert!(send(&mut line, &message).await.starts_with("250 "));
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
}

// RFC 2045 §2.8
#[tokio::test]
async fn a_message_with_a_nul_is_refused() {
    let site = Site::new().await;
    let mut line = peer(&site).await;
    for message in ["Subject: a\0b\r\n\r\nBonjour", "Subject: a\r\n\r\nBon\0jour"] {
        let reply = send(&mut line, &format!("From: {LETTERS}\r\n{message}")).await;
        assert!(reply.starts_with("550 5.6.0 "), "{reply}");
    }
    assert_eq!(site.messages(), Vec::<String>::new());
}

#[tokio::test]
async fn a_peer_that_hangs_up_in_the_middle_leaves_nothing_behind() {
    let site = Site::new().await;
    for part in
        ["From: ", "From: a@chu.example\r\n\r\nBonjour", "From: a@chu.example\r\n\r\nBonjour\r\n."]
    {
        let mut line = peer(&site).await;
        line.begin(LETTERS, MARIE).await;
        line.write(part.as_bytes()).await;
        drop(line);
    }
    let mut line = peer(&site).await;
    assert!(send(&mut line, &format!("From: {LETTERS}\r\n\r\nBonjour")).await.starts_with("250 "));
    assert_eq!(site.messages().len(), 1);
}

// RFC 3207 §6
#[tokio::test]
async fn plain_text_behind_starttls_is_dropped_in_one_packet_and_fails_the_handshake_in_two() {
    let site = Site::new().await;
    let injected = format!("EHLO pirate\r\nMAIL FROM:<{LETTERS}>\r\nRCPT TO:<{MARIE}>\r\n");
    let port = site.port(Door::Reception);
    let certificate = Some(&site.hospital);
    let (mut line, _) = Line::enter_after(port, certificate, &injected, "").await.unwrap();
    line.hold("DATA", "503").await;
    assert!(Line::enter_after(port, certificate, "", &injected).await.is_err());
}
