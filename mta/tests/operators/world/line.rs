//! A client that says what a test says.

use std::path::Path;
use std::sync::Arc;

use pki::Issued;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Takes any server: these tests are about the client's certificate.
#[derive(Debug)]
struct AnyServer;

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        pki::tls::provider().signature_verification_algorithms.supported_schemes()
    }
}

fn client(certificate: Option<&Issued>) -> ClientConfig {
    let builder = ClientConfig::builder_with_provider(Arc::new(pki::tls::provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyServer));
    match certificate {
        None => builder.with_no_client_auth(),
        Some(issued) => {
            builder.with_client_auth_cert(issued.chain.clone(), issued.key.der()).unwrap()
        }
    }
}

pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Duplex for S {}

/// The client's side.
pub(crate) struct Line(BufReader<Box<dyn Duplex>>);

impl Line {
    /// Connects, by TLS, with a certificate or none, and says EHLO: the capabilities, or that there is no session.
    pub(crate) async fn enter(
        port: u16,
        implicit: bool,
        certificate: Option<&Issued>,
    ) -> std::io::Result<(Self, String)> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        let mut plain = Self(BufReader::new(Box::new(stream)));
        if !implicit {
            plain.reply().await?;
            plain.say("EHLO client.example").await?;
            plain.say("STARTTLS").await?;
        }
        let mut line = plain.secure(certificate).await?;
        if implicit {
            line.reply().await?;
        }
        let capabilities = line.say("EHLO client.example").await?;
        Ok((line, capabilities))
    }

    /// As [`Line::enter`] with STARTTLS, with plain text in the same packet as it and in the next one.
    pub(crate) async fn enter_after(
        port: u16,
        certificate: Option<&Issued>,
        same: &str,
        next: &str,
    ) -> std::io::Result<(Self, String)> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        let mut plain = Self(BufReader::new(Box::new(stream)));
        plain.reply().await?;
        plain.say("EHLO client.example").await?;
        plain.write(format!("STARTTLS\r\n{same}").as_bytes()).await;
        plain.reply().await?;
        plain.write(next.as_bytes()).await;
        let mut line = plain.secure(certificate).await?;
        let capabilities = line.say("EHLO client.example").await?;
        Ok((line, capabilities))
    }

    async fn secure(self, certificate: Option<&Issued>) -> std::io::Result<Self> {
        let name = ServerName::try_from("mail.practice.example").unwrap();
        let tls = TlsConnector::from(Arc::new(client(certificate)));
        let stream = tls.connect(name, self.0.into_inner()).await?;
        Ok(Self(BufReader::new(Box::new(stream))))
    }

    /// Octets as they are.
    pub(crate) async fn write(&mut self, octets: &[u8]) {
        self.0.write_all(octets).await.unwrap();
        self.0.flush().await.unwrap();
    }

    pub(crate) async fn say(&mut self, command: &str) -> std::io::Result<String> {
        self.0.write_all(format!("{command}\r\n").as_bytes()).await?;
        self.0.flush().await?;
        self.reply().await
    }

    pub(crate) async fn reply(&mut self) -> std::io::Result<String> {
        let mut reply = String::new();
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            reply.push_str(&line);
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(reply);
            }
        }
    }

    /// Holds that a command gets a reply that begins so.
    pub(crate) async fn hold(&mut self, command: &str, begins: &str) {
        let reply = self.say(command).await.unwrap();
        assert!(reply.starts_with(begins), "{command}: {reply}");
    }

    /// Holds that the server says so unasked, and closes.
    pub(crate) async fn is_ended(&mut self, begins: &str) {
        let reply = self.reply().await.unwrap();
        assert!(reply.starts_with(begins), "{reply}");
        assert!(self.reply().await.is_err(), "closed");
    }

    /// A whole transaction; the last reply.
    pub(crate) async fn send(&mut self, from: &str, to: &str, headers: &str) -> String {
        self.begin(from, to).await;
        self.say(&format!("{headers}\r\nSubject: Bonjour\r\n\r\nBonjour\r\n.")).await.unwrap()
    }

    /// A transaction up to the message.
    pub(crate) async fn begin(&mut self, from: &str, to: &str) {
        self.hold(&format!("MAIL FROM:<{from}>"), "250").await;
        self.hold(&format!("RCPT TO:<{to}>"), "250").await;
        self.hold("DATA", "354").await;
    }
}

/// A certificate with its key in files, as programs want it.
pub(crate) fn files(dir: &Path, name: &str, issued: &Issued) -> [String; 2] {
    let [certificate, key] = ["crt", "key"].map(|end| dir.join(format!("{name}.{end}")));
    std::fs::write(&certificate, pki::pem::write_certificates(issued.chain.iter())).unwrap();
    std::fs::write(&key, issued.key.pem().as_bytes()).unwrap();
    [certificate, key].map(|path| path.to_str().unwrap().to_owned())
}
