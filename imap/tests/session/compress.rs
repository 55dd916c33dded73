//! COMPRESS=DEFLATE, and what it may not be used for.

use super::{Client, Land, Wants};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use imap::frame::MAX_COMMAND;

/// A client that deflates.
struct Deflating {
    client: Client,
    out: Compress,
    back: Decompress,
}

impl Deflating {
    async fn new(mut client: Client) -> Self {
        let capability = client.say("a CAPABILITY\r\n").await;
        assert!(capability.contains(" COMPRESS=DEFLATE"), "{capability}");
        assert_eq!(client.say("b COMPRESS DEFLATE\r\n").await, "b OK");
        let (out, back) = (Compress::new(Compression::best(), false), Decompress::new(false));
        Self { client, out, back }
    }

    fn deflate(&mut self, octets: &[u8]) -> Vec<u8> {
        let mut deflated = Vec::with_capacity(octets.len() + 1024);
        self.out.compress_vec(octets, &mut deflated, FlushCompress::Sync).unwrap();
        deflated
    }

    fn inflate(&mut self, octets: &[u8]) -> String {
        let mut heard = Vec::with_capacity(4 * 1024 * 1024);
        self.back.decompress_vec(octets, &mut heard, FlushDecompress::Sync).unwrap();
        String::from_utf8(heard).unwrap()
    }

    async fn say(&mut self, text: &str) -> String {
        let deflated = self.deflate(text.as_bytes());
        let (heard, _) = self.client.hear(&deflated).await;
        self.inflate(&heard)
    }
}

// RFC 4978 §3, §4
#[tokio::test]
async fn both_directions_are_deflated_from_the_answer_on() {
    let land = Land::new().await;
    let text = format!("Subject: a\r\n\r\n{}", "les memes mots, ".repeat(20_000));
    land.deliver(&[&text]).await;
    let mut client = Deflating::new(land.client().await).await;
    let selected = client.say("c SELECT INBOX\r\n").await;
    assert!(selected.contains("* 1 EXISTS\r\n") && selected.contains("\r\nc OK "), "{selected}");
    let fetched = client.say("d FETCH 1 BODY.PEEK[]\r\ne NOOP\r\n").await;
    assert!(fetched.contains(&text) && fetched.contains("\r\ne OK "));
    let capability = client.say("f CAPABILITY\r\n").await;
    assert!(!capability.contains("COMPRESS"), "{capability}");
    let again = client.say("g COMPRESS DEFLATE\r\n").await;
    assert!(again.starts_with("g NO [COMPRESSIONACTIVE]"), "{again}");
}

#[tokio::test]
async fn it_is_for_those_who_have_logged_in() {
    let land = Land::new().await;
    let mut client = land.connect(true, 0);
    client.session.greet().await;
    client.say("").await;
    assert_eq!(client.say("a COMPRESS DEFLATE\r\n").await, "a BAD");
    assert_eq!(land.client().await.say("b COMPRESS LZMA\r\n").await, "b BAD");
}

#[tokio::test]
async fn a_bomb_is_one_long_line_and_costs_no_more_than_that() {
    let land = Land::new().await;
    let mut client = Deflating::new(land.client().await).await;
    // 64 MB of a line that does not end, in some 64 KB.
    let line = vec![b'x'; 1024 * 1024];
    let mut heard = String::new();
    for at in 0..64 {
        let begun = if at == 0 { b"c LOGIN ".as_slice() } else { b"" };
        let deflated = client.deflate(&[begun, line.as_slice()].concat());
        assert!(deflated.len() < 16 * 1024);
        let (octets, wants) = client.client.hear(&deflated).await;
        assert!(matches!(wants, Wants::Read));
        if !octets.is_empty() {
            heard.push_str(&client.inflate(&octets));
        }
    }
    assert_eq!(heard.matches("c BAD").count(), 1, "told once, after {MAX_COMMAND} octets: {heard}");
    let next = client.say("\r\nd NOOP\r\n").await;
    assert!(next.starts_with("d OK"), "{next}");
}

#[tokio::test]
async fn what_is_not_deflated_ends_the_session() {
    let land = Land::new().await;
    let mut client = Deflating::new(land.client().await).await;
    let (heard, wants) = client.client.hear(b"\xff\xff\xff").await;
    let heard = client.inflate(&heard);
    assert!(heard.contains("* BYE ") && matches!(wants, Wants::Close), "{heard}");
}
