//! The control socket of a running operator.
//!
//! Invariants: who calls is asked of the kernel; a caller has [`PATIENCE`] to say what it wants and
//! to take the answer; at most [`CALLERS`] are served at once. The store is open before the socket
//! is made, so a socket that lies there already is one that a crash left.
//! Failure: a caller that is not served gets a refusal, or nothing when it does not speak.

use super::desk::Desk;
use super::frame::{self, MAX_ANSWER, MAX_REQUEST};
use super::request::{Answer, Request};
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Its name in the data directory.
pub(crate) const SOCKET: &str = "control.sock";
/// Callers served at once.
const CALLERS: usize = 8;
/// How long a caller may take to say what it wants, and to take the answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The user who may do everything.
const ROOT: u32 = 0;

/// The socket, bound; its file goes with it.
#[derive(Debug)]
pub(crate) struct Control {
    listener: UnixListener,
    path: PathBuf,
    /// The operator's own user.
    owner: u32,
}

impl Control {
    /// Makes the socket in a data directory whose store is open.
    pub(crate) fn bind(data: &Path) -> io::Result<Self> {
        let path = data.join(SOCKET);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(reachable(&path)?.0)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        let owner = fs::metadata(&path)?.uid();
        Ok(Self { listener, path, owner })
    }

    /// Serves callers until told to stop; who is being served is served to the end.
    pub(crate) async fn serve(self, desk: Arc<Desk>, mut stop: watch::Receiver<bool>) {
        let places = Arc::new(Semaphore::new(CALLERS));
        let mut callers = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                Some(_) = callers.join_next() => continue,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            let Ok((stream, _)) = accepted else { continue };
            let may = may_ask(&stream, self.owner);
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
            let desk = Arc::clone(&desk);
            callers.spawn(async move {
                if let Err(error) = answer(stream, may, &desk).await {
                    tracing::warn!(%error, "a caller of the control socket was not served");
                }
                drop(place);
            });
        }
        while callers.join_next().await.is_some() {}
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // A file that stays is taken for what a crash left.
        let _ = fs::remove_file(&self.path);
    }
}

fn may_ask(stream: &UnixStream, owner: u32) -> bool {
    stream.peer_cred().is_ok_and(|peer| peer.uid() == owner || peer.uid() == ROOT)
}

async fn answer(mut stream: UnixStream, may: bool, desk: &Desk) -> io::Result<()> {
    let request = timeout(PATIENCE, frame::read::<Request>(&mut stream, MAX_REQUEST)).await?;
    let answer = match request {
        _ if !may => Answer::Refused(vec!["only the operator's own user and root may ask".into()]),
        Ok(request) => desk.answer(request).await,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
        Err(_) => Answer::Refused(vec![format!(
            "the operator that runs (Pli {}) does not know this command: run it with the same version",
            env!("CARGO_PKG_VERSION")
        )]),
    };
    timeout(PATIENCE, frame::write(&mut stream, &answer, MAX_ANSWER)).await?
}

/// Octets of a socket's path that every Unix takes.
const MAX_PATH: usize = 100;

/// A path by which the system can reach a socket: those of sockets are short, so a long one is
/// reached through its open directory, which is kept along.
pub(super) fn reachable(path: &Path) -> io::Result<(PathBuf, Option<fs::File>)> {
    use std::os::fd::AsRawFd;
    if path.as_os_str().len() <= MAX_PATH {
        return Ok((path.to_owned(), None));
    }
    let folder = fs::File::open(path.parent().unwrap_or(Path::new(".")))?;
    let through = format!("/proc/self/fd/{}", folder.as_raw_fd());
    Ok((Path::new(&through).join(path.file_name().unwrap_or_default()), Some(folder)))
}
