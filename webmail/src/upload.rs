//! Forms with files, read part by part and bounded.
//!
//! Invariants: what is kept in memory is bounded, whatever comes; a form that is too large is read to its end and its
//! texts are kept, so that nothing the citizen wrote is lost. The texts stand before the files in our forms.
//! Failure: a form that cannot be read, or is larger than anything that is taken.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::Multipart;
use axum::extract::multipart::Field;
use tokio::time::timeout;

use crate::fault::Fault;
use crate::mail::letter::file_name;
use crate::mail::outgoing::Upload;

/// Octets of a request with files that are read at all.
pub(crate) const MAX_REQUEST: usize = 100 * 1024 * 1024;
/// Octets of the files of one message: encoded they stay below what a message may have (25 MB).
// MSS #34
pub(crate) const MAX_FILES_OCTETS: usize = 18 * 1000 * 1000;
/// Files of one message.
pub(crate) const MAX_FILES: usize = 20;
/// Octets of one text field.
const MAX_FIELD: usize = 512 * 1024;
/// How long a form may take to come once it has its turn.
const READ_TIMEOUT: Duration = Duration::from_secs(120);
/// Fields of a form.
const MAX_FIELDS: usize = 10;

/// A form with files.
#[derive(Default)]
pub(crate) struct UploadForm {
    fields: BTreeMap<String, String>,
    pub(crate) files: Vec<Upload>,
    /// More files or octets came than one message takes; none is kept.
    pub(crate) too_large: bool,
}

impl UploadForm {
    /// A field's text; empty when it is not there.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map(String::as_str).unwrap_or_default()
    }

    /// Reads a form to its end.
    pub(crate) async fn read(multipart: Multipart) -> Result<Self, Fault> {
        timeout(READ_TIMEOUT, Self::read_all(multipart, true)).await.unwrap_or(Err(Fault::Slow))
    }

    /// Reads a form to its end, and keeps none of its files.
    pub(crate) async fn read_texts(multipart: Multipart) -> Result<Self, Fault> {
        timeout(READ_TIMEOUT, Self::read_all(multipart, false)).await.unwrap_or(Err(Fault::Slow))
    }

    async fn read_all(mut multipart: Multipart, files_too: bool) -> Result<Self, Fault> {
        let mut form = Self::default();
        let mut octets = 0;
        while let Some(mut part) = multipart.next_field().await.map_err(|e| fault(&e))? {
            let name = part.name().unwrap_or_default().to_owned();
            let Some(file) = part.file_name().map(file_name) else {
                let value = value(&mut part).await?;
                if form.fields.len() >= MAX_FIELDS {
                    return Err(Fault::Malformed);
                }
                form.fields.insert(name, value);
                continue;
            };
            if !files_too {
                while part.chunk().await.map_err(|e| fault(&e))?.is_some() {}
                continue;
            }
            let media_type = media_type(part.content_type());
            let mut content = Vec::new();
            let mut size: usize = 0;
            while let Some(chunk) = part.chunk().await.map_err(|e| fault(&e))? {
                size += chunk.len();
                octets += chunk.len();
                form.too_large |= octets > MAX_FILES_OCTETS;
                if !form.too_large {
                    content.extend_from_slice(&chunk);
                }
            }
            // A field that nothing was chosen for.
            if size == 0 && file.is_empty() {
                continue;
            }
            form.too_large |= form.files.len() >= MAX_FILES;
            if form.too_large {
                form.files = Vec::new();
            } else {
                let name = if file.is_empty() { "document".to_owned() } else { file };
                form.files.push(Upload { name, media_type, octets: content });
            }
        }
        Ok(form)
    }
}

/// The field `text` of a form of which nothing else is of use, read to its end.
pub(crate) async fn text(mut multipart: Multipart) -> Result<String, Fault> {
    let read = async {
        let mut text = None;
        while let Some(mut part) = multipart.next_field().await.map_err(|e| fault(&e))? {
            if text.is_none() && part.name() == Some("text") && part.file_name().is_none() {
                text = Some(value(&mut part).await?);
            } else {
                while part.chunk().await.map_err(|e| fault(&e))?.is_some() {}
            }
        }
        Ok(text.unwrap_or_default())
    };
    timeout(READ_TIMEOUT, read).await.unwrap_or(Err(Fault::Slow))
}

/// The text of a field.
async fn value(part: &mut Field<'_>) -> Result<String, Fault> {
    let mut value = Vec::new();
    while let Some(chunk) = part.chunk().await.map_err(|e| fault(&e))? {
        if value.len() + chunk.len() > MAX_FIELD {
            return Err(Fault::TooLarge);
        }
        value.extend_from_slice(&chunk);
    }
    String::from_utf8(value).map_err(|_| Fault::Malformed)
}

/// The media type that a browser gives, if it is one; else octets.
// RFC 2045 §5.1
fn media_type(given: Option<&str>) -> String {
    let is_token = |text: &str| {
        let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b);
        !text.is_empty() && text.len() <= 100 && text.bytes().all(token)
    };
    let given = given.and_then(|given| given.split(';').next()).unwrap_or_default().trim();
    let given = given.to_ascii_lowercase();
    match given.split_once('/') {
        // Only leaves are attached: what has parts of its own would not be sent as it is.
        Some((kind, subtype))
            if is_token(kind) && is_token(subtype) && kind != "multipart" && kind != "message" =>
        {
            given
        }
        _ => "application/octet-stream".to_owned(),
    }
}

fn fault(error: &axum::extract::multipart::MultipartError) -> Fault {
    match error.status() {
        axum::http::StatusCode::PAYLOAD_TOO_LARGE => Fault::TooLarge,
        _ => Fault::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_is_one_or_octets() {
        for (given, taken) in [
            (Some("application/PDF"), "application/pdf"),
            (Some("text/plain; charset=x"), "text/plain"),
            (Some("message/rfc822"), "application/octet-stream"),
            (Some("a/b\r\nX: y"), "application/octet-stream"),
            (Some(""), "application/octet-stream"),
            (None, "application/octet-stream"),
        ] {
            assert_eq!(media_type(given), taken, "{given:?}");
        }
    }
}
