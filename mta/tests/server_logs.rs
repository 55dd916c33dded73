//! What is logged names no person and no secret. A binary of its own: who listens to logs is decided once a process.

#[cfg(test)]
#[expect(dead_code, reason = "made for the tests of the session")]
#[path = "server/office.rs"]
mod office;
#[cfg(test)]
#[expect(dead_code, reason = "made for the tests of the session")]
#[path = "server/transcript.rs"]
mod transcript;

use std::io::Write;
use std::sync::{Arc, Mutex};

use mta::server::Role;
use tracing_subscriber::fmt::MakeWriter;

use crate::transcript::{Line, config, tls};

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        let mut page = self.0.lock().map_err(|_| std::io::Error::other("a test failed"))?;
        page.extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Page {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[test]
fn logs_carry_ids_and_codes_only() {
    let page = Page::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(page.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        let mut line = Line::new(config(Role::Submission), Some(tls(Some(b"certificate"))));
        line.go_on();
        let said = line.send(
            b"EHLO laptop\r\nAUTH PLAIN AGplYW4Ad3Jvbmc=\r\nAUTH PLAIN AGplYW4Ac2VzYW1l\r\n\
              MAIL FROM:<jean@b.fr> ENVID=visit\r\nRCPT TO:<objected@b.fr>\r\nRCPT TO:<marie@b.fr>\r\nDATA\r\n",
        );
        assert!(said.ends_with("point seul sur sa ligne.\r\n"), "{said}");
        assert!(line.send(b"Subject: biopsy\r\n\r\nsecret\r\n.\r\n").starts_with("250 "));
        line.send(b"MAIL FROM:<x@y.fr>\r\nBDAT 9\r\nsecret!\r\nNONSENSE jean\r\nQUIT\r\n");
    });
    let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
    for expected in ["authentication-failed", "recipient-objected", "Q1"] {
        assert!(text.contains(expected), "{expected} not in\n{text}");
    }
    for private in ["jean", "marie", "objected@", "sesame", "AGpl", "biopsy", "secret", "visit"] {
        assert!(!text.contains(private), "{private} in\n{text}");
    }
}
