//! What every face does with its sockets, whatever it speaks on them.
//!
//! | question | where |
//! | --- | --- |
//! | how are connections accepted, and how do they end when the server stops? | [`accept`] |
//! | how many may there be? | [`Limits`] |
//! | how does TLS begin, and what did it settle? | [`tls`] |
//! | how is written, and how is a connection closed? | [`stream`] |
//!
//! Invariants: connections are bounded, in all and for each address; so are a handshake, a write and a close. The
//! TLS configuration is the one that the caller gives for this handshake. No protocol's octets stand here.
//! Failure: a connection that fails or panics costs that connection only.

pub mod accept;
mod slots;
pub mod stream;
pub mod tls;

pub use accept::{Protocol, run, stopped};
pub use slots::{GRACE, Limits, MAX_CONNECTIONS, MAX_CONNECTIONS_PER_ADDRESS};
pub use stream::Cut;
pub use tls::TlsInfo;
