//! An operator that is not Pli: it knows no repetition, and counts what it is given.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::Clock;
use pki::tls::server_config;
use pki::{ClientAuth, Identity, Issued, Trust};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio_rustls::TlsAcceptor;

use super::Land;

/// How it behaves.
#[derive(Clone, Copy, Default)]
pub(crate) struct Manners {
    /// It answers a message only when it is let.
    pub(crate) waits: bool,
    /// It hangs up after each message, without a word.
    pub(crate) hangs_up: bool,
}

/// What happened there.
#[derive(Default)]
pub(crate) struct Foreign {
    taken: AtomicUsize,
    connections: AtomicUsize,
    farewells: AtomicUsize,
    asking: AtomicUsize,
    happened: Notify,
    manners: Manners,
    /// Messages that it may answer.
    let_in: Option<Semaphore>,
}

impl Foreign {
    /// Listens as the operator of a certificate.
    pub(crate) fn start(
        listener: TcpListener,
        issued: &Issued,
        land: &Land,
        trust: &Arc<Trust>,
        manners: Manners,
    ) -> Arc<Self> {
        let clock: Arc<dyn Clock> = Arc::new(land.clock.clone());
        let identity = Identity::from_issued(issued).unwrap();
        let tls = server_config(&identity, trust, ClientAuth::Offered, &clock).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        let let_in = manners.waits.then(|| Semaphore::new(0));
        let foreign = Arc::new(Self { manners, let_in, ..Self::default() });
        let there = Arc::clone(&foreign);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (there, acceptor) = (Arc::clone(&there), acceptor.clone());
                tokio::spawn(async move { there.serve(stream, acceptor).await });
            }
        });
        foreign
    }

    /// Messages that it has taken.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }

    /// Connections under TLS.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Connections that were ended in order.
    pub(crate) fn farewells(&self) -> usize {
        self.farewells.load(Ordering::SeqCst)
    }

    /// Messages that have come and are not answered yet.
    pub(crate) fn asking(&self) -> usize {
        self.asking.load(Ordering::SeqCst)
    }

    /// Waits until something is so.
    pub(crate) async fn until(&self, so: impl Fn(&Self) -> bool) {
        loop {
            let happened = self.happened.notified();
            if so(self) {
                return;
            }
            happened.await;
        }
    }

    /// Lets it answer so many messages.
    pub(crate) fn let_in(&self, messages: usize) {
        self.let_in.as_ref().unwrap().add_permits(messages);
    }

    fn count(&self, what: &AtomicUsize) {
        what.fetch_add(1, Ordering::SeqCst);
        self.happened.notify_waiters();
    }

    async fn serve(&self, stream: TcpStream, acceptor: TlsAcceptor) -> Option<()> {
        let mut plain = BufReader::new(stream);
        plain.write_all(b"220 foreign ESMTP\r\n").await.ok()?;
        for answer in ["250-foreign\r\n250 STARTTLS\r\n", "220 go\r\n"] {
            plain.read_line(&mut String::new()).await.ok()?;
            plain.write_all(answer.as_bytes()).await.ok()?;
        }
        let stream = acceptor.accept(plain.into_inner()).await.ok()?;
        self.count(&self.connections);
        let mut stream = BufReader::new(stream);
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let answer = match line.get(..4)? {
                "EHLO" => "250-foreign\r\n250 8BITMIME\r\n",
                "DATA" => {
                    stream.write_all(b"354 go\r\n").await.ok()?;
                    stream.flush().await.ok()?;
                    self.message(&mut stream).await?;
                    "250 taken\r\n"
                }
                "QUIT" => {
                    self.count(&self.farewells);
                    "221 bye\r\n"
                }
                _ => "250 fine\r\n",
            };
            stream.write_all(answer.as_bytes()).await.ok()?;
            stream.flush().await.ok()?;
            if line.starts_with("DATA") && self.manners.hangs_up {
                return None;
            }
        }
    }

    async fn message<S: AsyncBufReadExt + Unpin>(&self, stream: &mut S) -> Option<()> {
        let mut line = Vec::new();
        while line != b".\r\n" {
            line.clear();
            if stream.read_until(b'\n', &mut line).await.ok()? == 0 {
                return None;
            }
        }
        self.count(&self.asking);
        if let Some(let_in) = &self.let_in {
            let_in.acquire().await.ok()?.forget();
        }
        self.asking.fetch_sub(1, Ordering::SeqCst);
        self.count(&self.taken);
        Some(())
    }
}
