//! Reading an archive: entries are listed and judged first, then only what the metadata name is
//! unpacked, each under its cap.

use super::{Archive, Document, Limits, Subset, XdmError};
use crate::xds::{MAX_METADATA, Metadata};
use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use zip::ZipArchive;
use zip::result::ZipError;

const ROOT: &str = "ihe_xdm";
const METADATA: &str = "metadata.xml";

pub(super) fn read(octets: &[u8], limits: &mut Limits) -> Result<Archive, XdmError> {
    let mut zip = ZipArchive::new(Cursor::new(octets)).map_err(fault)?;
    let files = list(&mut zip, limits)?;
    let mut subsets = Vec::new();
    for (folded, file) in &files {
        let Some((folder, METADATA)) = folded.rsplit_once('/') else { continue };
        if !folder.split('/').any(|component| component == ROOT) {
            continue;
        }
        let octets = unpack(&mut zip, file.index, MAX_METADATA as u64, limits)?;
        let metadata = Metadata::read(&octets).map_err(XdmError::Metadata)?;
        let documents = documents(&mut zip, &files, folder, &metadata, limits)?;
        subsets.push(Subset { metadata, documents });
    }
    if subsets.is_empty() { Err(XdmError::NoMetadata) } else { Ok(Archive { subsets }) }
}

/// The documents that one metadata file describes.
fn documents(
    zip: &mut ZipArchive<Cursor<&[u8]>>,
    files: &BTreeMap<String, File>,
    folder: &str,
    metadata: &Metadata,
    limits: &mut Limits,
) -> Result<Vec<Document>, XdmError> {
    limits.documents =
        limits.documents.checked_sub(metadata.documents.len()).ok_or(XdmError::TooManyDocuments)?;
    let mut documents = Vec::new();
    for entry in &metadata.documents {
        let uri = entry.uri.as_deref().ok_or(XdmError::NoUri)?;
        let named = format!("{folder}/{}", fold(&clean(&percent_decoded(uri))?));
        let file = files.get(&named).ok_or(XdmError::MissingFile)?;
        let octets = unpack(zip, file.index, limits.each, limits)?;
        if octets.starts_with(b"PK\x03\x04") || entry.mime == "application/zip" {
            return Err(XdmError::NestedArchive);
        }
        documents.push(Document { entry: entry.clone(), path: file.path.clone(), octets });
    }
    Ok(documents)
}

/// A file of the archive.
struct File {
    index: usize,
    path: String,
}

/// The archive's files under their folded paths, if none of its entries is dangerous.
fn list(
    zip: &mut ZipArchive<Cursor<&[u8]>>,
    limits: &Limits,
) -> Result<BTreeMap<String, File>, XdmError> {
    if zip.len() > limits.entries {
        return Err(XdmError::TooManyEntries);
    }
    if zip.has_duplicate_names() {
        return Err(XdmError::DuplicateName);
    }
    let mut files = BTreeMap::new();
    let mut total: u64 = 0;
    for index in 0..zip.len() {
        let entry = zip.by_index_data(index).map_err(fault)?;
        let name = entry.name().map_err(fault)?;
        if entry.is_symlink() {
            return Err(XdmError::Link);
        }
        let path = clean(&name)?;
        if entry.encrypted() {
            return Err(XdmError::Encrypted);
        }
        let (size, packed) = (entry.size(), entry.compressed_size());
        total = total.saturating_add(size);
        let swells = size > Limits::RATIO_FROM && size / packed.max(1) > limits.ratio;
        if size > limits.each || total > limits.total || swells {
            return Err(XdmError::TooLarge);
        }
        if entry.is_dir() || name.ends_with('\\') {
            continue;
        }
        if files.insert(fold(&path), File { index, path }).is_some() {
            return Err(XdmError::DuplicateName);
        }
    }
    // Files that share octets unpack to many times the archive.
    if zip.has_overlapping_entries().map_err(fault)? {
        return Err(XdmError::TooLarge);
    }
    Ok(files)
}

/// One file's octets, at most `most` and what is left of the total, whatever the entry says of its
/// size. What was expanded is taken off the total.
fn unpack(
    zip: &mut ZipArchive<Cursor<&[u8]>>,
    index: usize,
    most: u64,
    limits: &mut Limits,
) -> Result<Vec<u8>, XdmError> {
    let most = most.min(limits.total);
    let file = zip.by_index(index).map_err(fault)?;
    let mut octets = Vec::new();
    let read = file.take(most.saturating_add(1)).read_to_end(&mut octets);
    limits.total = limits.total.saturating_sub(octets.len() as u64);
    read.map_err(|_| XdmError::Damaged)?;
    if octets.len() as u64 > most { Err(XdmError::TooLarge) } else { Ok(octets) }
}

/// A path with `/` between its components, none of which leads elsewhere.
fn clean(name: &str) -> Result<String, XdmError> {
    let name = name.replace('\\', "/");
    let drive = name.as_bytes().get(1) == Some(&b':');
    if name.starts_with('/') || drive || name.chars().any(char::is_control) {
        return Err(XdmError::Path);
    }
    let mut components = Vec::new();
    for component in name.split('/') {
        match component {
            "" | "." => {}
            ".." => return Err(XdmError::Path),
            component => components.push(component),
        }
    }
    Ok(components.join("/"))
}

/// How paths are compared.
fn fold(path: &str) -> String {
    path.to_lowercase()
}

/// A URI's escapes (`%20`).
fn percent_decoded(uri: &str) -> String {
    let mut octets = Vec::with_capacity(uri.len());
    let mut rest = uri.as_bytes();
    while let Some((&octet, tail)) = rest.split_first() {
        rest = tail;
        if octet == b'%'
            && let Some((pair, tail)) = tail.split_at_checked(2)
            && let Some(code) =
                std::str::from_utf8(pair).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok())
        {
            octets.push(code);
            rest = tail;
            continue;
        }
        octets.push(octet);
    }
    String::from_utf8_lossy(&octets).into_owned()
}

#[expect(clippy::needless_pass_by_value, reason = "it is the end of the error")]
fn fault(error: ZipError) -> XdmError {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) | ZipError::InvalidPassword => {
            XdmError::Encrypted
        }
        ZipError::CompressionMethodNotSupported(_) | ZipError::UnsupportedArchive(_) => {
            XdmError::Compression
        }
        _ => XdmError::Damaged,
    }
}
