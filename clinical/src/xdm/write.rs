//! Writing an archive: `INDEX.HTM`, `README.TXT`, and one submission set under `IHE_XDM/SUBSET01`.
//!
//! Names are capitals in 8.3 form (ISO 9660 level 1). Hash, size, URI and membership are set here,
//! from the octets themselves: a caller cannot get them wrong.

use super::XdmError;
use crate::xds::{
    Association, AssociationKind, DocumentEntry, MAX_DOCUMENTS, Metadata, SubmissionSet,
};
use aws_lc_rs::digest;
use std::fmt::Write as _;
use std::io::{Cursor, Write as _};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const FOLDER: &str = "IHE_XDM/SUBSET01";
const SET_ID: &str = "SubmissionSet01";

/// Who sends.
#[derive(Debug, Clone, Default)]
pub struct Sender {
    /// The person.
    pub name: String,
    /// The organisation.
    pub organisation: String,
    /// The postal address, on one line.
    pub address: String,
    /// The telephone number.
    pub phone: String,
}

/// The application that made the archive.
#[derive(Debug, Clone, Default)]
pub struct Application {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its publisher.
    pub publisher: String,
}

/// What an archive is made of.
#[derive(Clone, Default)]
pub struct Package {
    /// Who sends.
    pub sender: Sender,
    /// With what.
    pub application: Application,
    /// The submission set; its id is set by the writer.
    pub set: SubmissionSet,
    /// The documents with their descriptions; id, URI, hash and size are set by the writer.
    pub documents: Vec<(DocumentEntry, Vec<u8>)>,
    /// Which document (by its index) replaces which entry of the registry.
    pub replaces: Vec<(usize, String)>,
}

impl std::fmt::Debug for Package {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Package({} documents, …)", self.documents.len())
    }
}

/// SHA-1 as the slot `hash` has it.
fn sha1(octets: &[u8]) -> String {
    // MSS #59: the national metadata know no other hash.
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, octets);
    hash.as_ref().iter().fold(String::with_capacity(40), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}

pub(super) fn write(package: &Package) -> Result<Vec<u8>, XdmError> {
    if package.documents.is_empty() || package.documents.len() > MAX_DOCUMENTS {
        return Err(XdmError::Write);
    }
    let mut metadata = Metadata { set: package.set.clone(), ..Metadata::default() };
    SET_ID.clone_into(&mut metadata.set.id);
    let mut files = Vec::new();
    for (number, (entry, octets)) in (1..).zip(&package.documents) {
        let ending = ending(&entry.mime).ok_or(XdmError::Write)?;
        let name = format!("DOC{number:04}.{ending}");
        let entry = DocumentEntry {
            id: format!("Document{number:02}"),
            uri: Some(name.clone()),
            hash: Some(sha1(octets)),
            size: Some(octets.len() as u64),
            ..entry.clone()
        };
        metadata.associations.push(Association {
            kind: AssociationKind::HasMember,
            source: SET_ID.into(),
            target: entry.id.clone(),
        });
        metadata.documents.push(entry);
        files.push((format!("{FOLDER}/{name}"), octets.as_slice()));
    }
    for (index, target) in &package.replaces {
        let source = metadata.documents.get(*index).ok_or(XdmError::Write)?.id.clone();
        let kind = AssociationKind::Replace;
        metadata.associations.push(Association { kind, source, target: target.clone() });
    }
    let (index, readme, described) = (index(package), readme(package, &files), metadata.write());
    let metadata_path = format!("{FOLDER}/METADATA.XML");
    let first: [(&str, &[u8]); 3] = [
        ("INDEX.HTM", index.as_bytes()),
        ("README.TXT", readme.as_bytes()),
        (&metadata_path, described.as_bytes()),
    ];
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let rest = files.iter().map(|(path, octets)| (path.as_str(), *octets));
    for (path, octets) in first.into_iter().chain(rest) {
        zip.start_file(path, options).map_err(|_| XdmError::Write)?;
        zip.write_all(octets).map_err(|_| XdmError::Write)?;
    }
    Ok(zip.finish().map_err(|_| XdmError::Write)?.into_inner())
}

fn ending(mime: &str) -> Option<&'static str> {
    Some(match mime {
        "text/xml" | "application/xml" => "XML",
        "application/pdf" => "PDF",
        "image/jpeg" => "JPG",
        "text/plain" => "TXT",
        _ => return None,
    })
}

fn escaped(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

fn index(package: &Package) -> String {
    let (name, organisation) = (&package.sender.name, &package.sender.organisation);
    format!(
        "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML Basic 1.0//EN\" \
         \"http://www.w3.org/TR/xhtml-basic/xhtml-basic10.dtd\">\r\n\
         <html xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang=\"fr\">\r\n\
         <head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=UTF-8\"/>\
         <title>Documents de sant\u{e9}</title></head>\r\n\
         <body>\r\n<p>Exp\u{e9}diteur : {}, {}</p>\r\n\
         <p><a href=\"README.TXT\">README.TXT</a></p>\r\n</body>\r\n</html>\r\n",
        escaped(name),
        escaped(organisation)
    )
}

fn readme(package: &Package, files: &[(String, &[u8])]) -> String {
    let line = |text: &str| text.replace(['\r', '\n'], " ");
    let (sender, application) = (&package.sender, &package.application);
    let mut text = format!(
        "EXPEDITEUR\r\n Nom          : {}\r\n Organisation : {}\r\n Adresse      : {}\r\n T\u{e9}l\u{e9}phone    : {}\r\n\r\n\
         APPLICATION\r\n Nom          : {}\r\n Version      : {}\r\n \u{c9}diteur      : {}\r\n\r\n\
         INSTRUCTIONS\r\n Ce dossier suit le profil IHE XDM. Le fichier METADATA.XML d\u{e9}crit les documents ;\r\n\
         \x20un logiciel de sant\u{e9} les ajoute au dossier du patient.\r\n\r\n\
         ARBORESCENCE\r\n INDEX.HTM\r\n README.TXT\r\n {FOLDER}/METADATA.XML\r\n",
        line(&sender.name),
        line(&sender.organisation),
        line(&sender.address),
        line(&sender.phone),
        line(&application.name),
        line(&application.version),
        line(&application.publisher),
    );
    for (path, _) in files {
        let _ = write!(text, " {path}\r\n");
    }
    text
}
