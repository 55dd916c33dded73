//! Sessions written down as transcripts, and the means to hold them, without sockets.
//!
//! `C: ` is a line of the client; lines in a row go in one piece. `C| ` is octets without a line end, `\r`, `\n`,
//! `\0` written so. `S: ` is a line of the server; `…` at its end stands for any rest. `TLS` is a handshake that
//! the server asked for. `END` is the server closing.

use std::future::Future;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use mta::server::{Conversation, Role, Session, SessionConfig, TlsInfo, Wants};

use crate::office::{Books, Office};

/// The result of a future that never waits.
pub(crate) fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the handler of the tests does not wait"),
    }
}

pub(crate) fn config(role: Role) -> SessionConfig {
    let (host, postmaster) = ("mx.b.fr".parse().unwrap(), "chief@b.fr".parse().unwrap());
    // Limits are tested as they are said.
    SessionConfig { trace_headroom: 0, ..SessionConfig::new(role, host, postmaster) }
}

/// TLS with this certificate, or with none.
pub(crate) fn tls(certificate: Option<&'static [u8]>) -> TlsInfo {
    let certificates = certificate.map(Into::into).into_iter().collect();
    TlsInfo { certificates, protocol: "TLSv1_3", cipher: "TLS13_AES_256_GCM_SHA384" }
}

/// One connection.
pub(crate) struct Line {
    conversation: Conversation<Office>,
    pub(crate) books: Arc<Books>,
    pub(crate) wants: Wants,
}

impl Line {
    pub(crate) fn new(config: SessionConfig, tls: Option<TlsInfo>) -> Self {
        Self::from("192.0.2.1".parse().unwrap(), config, tls, Office::default())
    }

    pub(crate) fn from(
        address: IpAddr,
        config: SessionConfig,
        tls: Option<TlsInfo>,
        office: Office,
    ) -> Self {
        let books = office.books.clone();
        let session = Session::new(Arc::new(config), address, tls);
        let conversation = Conversation::new(session, Arc::new(office));
        Self { conversation, books, wants: Wants::Write }
    }

    /// A peer at reception, under TLS with a certificate.
    pub(crate) fn of_peer() -> Self {
        Self::new(config(Role::Reception), Some(tls(Some(b"peer"))))
    }

    pub(crate) fn session(&mut self) -> &mut Session {
        self.conversation.session()
    }

    /// Goes on without input.
    pub(crate) fn go_on(&mut self) -> String {
        let mut output = Vec::new();
        loop {
            self.wants = now(self.conversation.advance());
            output.extend(self.session().take_output());
            if self.wants != Wants::Write {
                return String::from_utf8(output).unwrap();
            }
        }
    }

    pub(crate) fn send(&mut self, octets: &[u8]) -> String {
        assert_eq!(self.wants, Wants::Read, "the server reads");
        self.session().receive(octets);
        self.go_on()
    }

    /// Greets, and holds the transcript.
    pub(crate) fn hold(&mut self, script: &str) -> &mut Self {
        let mut said = self.go_on();
        let (mut log, mut group) = (String::new(), Vec::new());
        for line in script.lines().map(str::trim_start).filter(|line| !line.is_empty()) {
            let client = line.strip_prefix("C: ").map(|line| unescaped(line) + "\r\n");
            let client = client.or_else(|| line.strip_prefix("C| ").map(unescaped));
            if let Some(octets) = client {
                assert!(said.is_empty(), "{log}the server also said\n{said}");
                group.extend_from_slice(octets.as_bytes());
                log += &format!("{line}\n");
                continue;
            }
            if !group.is_empty() {
                assert_eq!(self.wants, Wants::Read, "{log}the server has closed\n{said}");
                said += &self.send(&std::mem::take(&mut group));
            }
            if line == "END" {
                assert_eq!((self.wants, said.as_str()), (Wants::Close, ""), "{log}");
            } else if line == "TLS" {
                assert_eq!((self.wants, said.as_str()), (Wants::StartTls, ""), "{log}");
                self.session().secured(tls(Some(b"peer")));
                said = self.go_on();
            } else {
                let wanted = line.strip_prefix("S: ").unwrap_or_else(|| panic!("{line}"));
                let (found, rest) = said.split_once("\r\n").unwrap_or((&said, ""));
                let fits = match wanted.strip_suffix('…') {
                    Some(begin) => found.starts_with(begin),
                    None => found == wanted,
                };
                assert!(fits, "{log}wanted S: {wanted}\nfound  S: {found}\n{rest}");
                log += &format!("S: {found}\n");
                said = rest.to_owned();
            }
        }
        if !group.is_empty() {
            said += &self.send(&group);
        }
        assert!(said.is_empty(), "{log}the server also said\n{said}");
        self
    }
}

/// `\r`, `\n`, `\0`, `\t` as octets.
fn unescaped(text: &str) -> String {
    [("\\r", "\r"), ("\\n", "\n"), ("\\0", "\0"), ("\\t", "\t")]
        .into_iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// The transcript of a peer at reception, under TLS with a certificate, after its EHLO.
pub(crate) fn peer(script: &str) -> Line {
    let mut line = Line::of_peer();
    line.go_on();
    line.send(b"EHLO mx.a.fr\r\n");
    line.hold(script);
    line
}
