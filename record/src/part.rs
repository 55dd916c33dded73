//! The content of a message's part: cut out of the message by its structure, decoded, bounded.
//!
//! Failure: what cannot be decoded is an error of its own; the message itself is never touched.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mailstore::message::Encoding;
use mailstore::{MessageId, Store, StoreError, View};

/// Why a part's content is not to be had.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PartError {
    /// The message has no such part, or one that holds others.
    #[error("the message has no such attachment")]
    NoSuchPart,
    /// Its content is larger than asked for.
    #[error("the attachment is larger than allowed")]
    TooLarge,
    /// Its transfer encoding does not decode.
    #[error("the attachment's encoding cannot be read")]
    Undecodable,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Padding is often missing or cut in mail.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The decoded content of a part, at most `limit` octets.
// RFC 2045 §6
pub fn content(
    store: &Store,
    view: &View<'_>,
    message: MessageId,
    path: &[u32],
    limit: u64,
) -> Result<Vec<u8>, PartError> {
    let structure = view.structure(message)?;
    let part = structure.part.find(path).ok_or(PartError::NoSuchPart)?;
    let range = part.body_range();
    let encoded = range.end.saturating_sub(range.start);
    // Base64 takes four octets for three, and a line end for each 76 at least.
    let most = limit.saturating_mul(2).saturating_add(1024);
    if encoded > if part.encoding.is_identity() { limit } else { most } {
        return Err(PartError::TooLarge);
    }
    let count = usize::try_from(encoded).map_err(|_| PartError::TooLarge)?;
    let body = store.body(view, view.message(message)?.body)?;
    let octets = body.read(range.start, count).map_err(StoreError::from)?;
    let decoded = decode(&part.encoding, octets)?;
    if decoded.len() as u64 > limit { Err(PartError::TooLarge) } else { Ok(decoded) }
}

fn decode(encoding: &Encoding, octets: Vec<u8>) -> Result<Vec<u8>, PartError> {
    match encoding {
        Encoding::SevenBit | Encoding::EightBit | Encoding::Binary => Ok(octets),
        Encoding::QuotedPrintable => quoted_printable_decode(&octets).ok_or(PartError::Undecodable),
        Encoding::Base64 => {
            let mut octets = octets;
            octets.retain(|octet| !octet.is_ascii_whitespace());
            LENIENT.decode(octets).map_err(|_| PartError::Undecodable)
        }
        Encoding::Other(_) => Err(PartError::Undecodable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encodings_of_mail_are_decoded_and_others_are_not() {
        let decoded = |encoding: Encoding, text: &str| decode(&encoding, text.into()).ok();
        assert_eq!(decoded(Encoding::Base64, "w6nD\r\nqA=="), Some("éè".into()));
        assert_eq!(decoded(Encoding::Base64, "w6nDqA"), Some("éè".into()));
        assert_eq!(decoded(Encoding::QuotedPrintable, "=C3=A9=\r\n!"), Some("é!".into()));
        assert_eq!(decoded(Encoding::EightBit, "é"), Some("é".into()));
        assert_eq!(decoded(Encoding::Base64, "w6n*"), None);
    }
}
