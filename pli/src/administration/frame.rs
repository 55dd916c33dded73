//! Frames on the control socket: the length in four octets, high octet first, then JSON.
//!
//! Invariant: nothing is read beyond the bound. Failure: the error of the socket, or `InvalidData`.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{self, Read, Write};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use zeroize::Zeroizing;

/// Octets of a request: a certificate and some texts.
pub(super) const MAX_REQUEST: u32 = 2 * 1024 * 1024;
/// Octets of an answer: a long list.
pub(super) const MAX_ANSWER: u32 = 64 * 1024 * 1024;

fn too_long() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a frame is longer than it may be")
}

/// A value as a frame.
fn encode(value: &impl Serialize, limit: u32) -> io::Result<Zeroizing<Vec<u8>>> {
    let json = Zeroizing::new(serde_json::to_vec(value)?);
    let length = u32::try_from(json.len()).ok().filter(|length| *length <= limit);
    let length = length.ok_or_else(too_long)?;
    Ok(Zeroizing::new([&length.to_be_bytes(), json.as_slice()].concat()))
}

fn length_of(octets: [u8; 4], limit: u32) -> io::Result<usize> {
    let length = Some(u32::from_be_bytes(octets)).filter(|length| *length <= limit);
    length.and_then(|length| usize::try_from(length).ok()).ok_or_else(too_long)
}

/// Reads a frame.
pub(super) async fn read<T: DeserializeOwned>(
    from: &mut (impl AsyncRead + Unpin),
    limit: u32,
) -> io::Result<T> {
    let mut length = [0; 4];
    from.read_exact(&mut length).await?;
    let mut json = Zeroizing::new(vec![0; length_of(length, limit)?]);
    from.read_exact(&mut json).await?;
    Ok(serde_json::from_slice(&json)?)
}

/// Writes a frame.
pub(super) async fn write(
    to: &mut (impl AsyncWrite + Unpin),
    value: &impl Serialize,
    limit: u32,
) -> io::Result<()> {
    to.write_all(&encode(value, limit)?).await?;
    to.flush().await
}

/// Reads a frame, waiting.
pub(super) fn read_blocking<T: DeserializeOwned>(
    from: &mut impl Read,
    limit: u32,
) -> io::Result<T> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let mut json = Zeroizing::new(vec![0; length_of(length, limit)?]);
    from.read_exact(&mut json)?;
    Ok(serde_json::from_slice(&json)?)
}

/// Writes a frame, waiting.
pub(super) fn write_blocking(
    to: &mut impl Write,
    value: &impl Serialize,
    limit: u32,
) -> io::Result<()> {
    to.write_all(&encode(value, limit)?)?;
    to.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_that_is_too_long_is_not_read() {
        let mut octets = Vec::new();
        write_blocking(&mut octets, &"hello", 16).unwrap();
        assert_eq!(octets, b"\0\0\0\x07\"hello\"");
        assert_eq!(read_blocking::<String>(&mut octets.as_slice(), 7).unwrap(), "hello");
        let refused = read_blocking::<String>(&mut octets.as_slice(), 6).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidData);
        assert!(write_blocking(&mut Vec::new(), &"hello", 6).is_err());
        assert!(read_blocking::<String>(&mut &octets[..9], 7).is_err());
    }
}
