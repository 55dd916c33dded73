//! Archives: the one layout that is written, every layout that is read, everything that is refused.

use super::*;
use crate::xds::Cx;
use std::io::{Cursor, Write as _};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

const XML: &[u8] = b"<ClinicalDocument/>";

fn package() -> Package {
    let entry = DocumentEntry {
        mime: "text/xml".into(),
        unique_id: Some("1.2.3".into()),
        patient: Cx::read("279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH"),
        ..DocumentEntry::default()
    };
    Package {
        sender: Sender {
            name: "Marie <Martin>".into(),
            organisation: "CHU".into(),
            address: "1 rue X".into(),
            phone: "01".into(),
        },
        application: Application {
            name: "Pli".into(),
            version: "0".into(),
            publisher: "Pli".into(),
        },
        documents: vec![(entry, XML.to_vec())],
        ..Package::default()
    }
}

fn metadata(uri: &str) -> Vec<u8> {
    let mut archive =
        Archive::read(&Archive::write(&package()).unwrap(), &Limits::default()).unwrap();
    let mut metadata = archive.subsets.remove(0).metadata;
    metadata.documents[0].uri = Some(uri.into());
    metadata.write().into_bytes()
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (path, octets) in files {
        zip.start_file(*path, options).unwrap();
        zip.write_all(octets).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn read(files: &[(&str, &[u8])]) -> Result<Archive, XdmError> {
    Archive::read(&zip(files), &Limits::default())
}

// MSS #56
#[test]
fn ours_has_exactly_the_four_paths_in_capitals_and_says_who_sent_it() {
    let octets = Archive::write(&package()).unwrap();
    let mut zip = ZipArchive::new(Cursor::new(&octets)).unwrap();
    let names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    assert_eq!(
        names,
        [
            "INDEX.HTM",
            "README.TXT",
            "IHE_XDM/SUBSET01/METADATA.XML",
            "IHE_XDM/SUBSET01/DOC0001.XML"
        ]
    );
    for name in names.iter().flat_map(|name| name.split('/')) {
        let (stem, ending) = name.split_once('.').unwrap_or((name, ""));
        assert!(stem.len() <= 8 && ending.len() <= 3, "{name}");
        assert_eq!(name.to_ascii_uppercase(), name);
    }
    let mut text = |name| std::io::read_to_string(zip.by_name(name).unwrap()).unwrap();
    let index = text("INDEX.HTM");
    assert!(index.contains("Marie &lt;Martin&gt;, CHU") && index.contains("href=\"README.TXT\""));
    let readme = text("README.TXT");
    for part in ["Marie <Martin>", "CHU", "1 rue X", "Pli", "DOC0001.XML"] {
        assert!(readme.contains(part), "{part}");
    }
}

#[test]
fn what_is_written_is_read_with_the_hash_and_size_of_its_octets() {
    let archive = Archive::read(&Archive::write(&package()).unwrap(), &Limits::default()).unwrap();
    let (_, document) = archive.documents().next().unwrap();
    assert_eq!(document.octets, XML);
    assert_eq!(document.entry.size, Some(XML.len() as u64));
    // `printf '<ClinicalDocument/>' | sha1sum`
    let hash = document.entry.hash.as_deref().unwrap();
    assert_eq!(hash, HASH_OF_XML);
}

const HASH_OF_XML: &str = "c85265e6ac3b2d64573ddbf593d5e8c38411b5ae";

// MSS #57
#[test]
fn every_layout_is_read() {
    let (plain, dotted, deep, back) = (
        metadata("DOC0001.XML"),
        metadata("./doc0001.xml"),
        metadata("a/DOC1.XML"),
        metadata("a\\DOC1.XML"),
    );
    let escaped = metadata("DOC%200001.XML");
    for (files, documents) in [
        (
            vec![
                ("IHE_XDM/SS000001/metadata.xml", &plain[..]),
                ("IHE_XDM/SS000001/DOC0001.XML", XML),
            ],
            1,
        ),
        (vec![("ihe_xdm/subset01/Metadata.Xml", &plain), ("ihe_xdm/subset01/doc0001.xml", XML)], 1),
        (
            vec![
                ("IHE_XDM\\SUBSET01\\METADATA.XML", &plain),
                ("IHE_XDM\\SUBSET01\\DOC0001.XML", XML),
            ],
            1,
        ),
        (vec![("./IHE_XDM/S/METADATA.XML", &dotted), ("./IHE_XDM/S/DOC0001.XML", XML)], 1),
        (vec![("IHE_XDM/S/METADATA.XML", &deep), ("IHE_XDM/S/a/DOC1.XML", XML)], 1),
        (vec![("IHE_XDM/S/METADATA.XML", &back), ("IHE_XDM/S/A/doc1.xml", XML)], 1),
        (vec![("IHE_XDM/S/METADATA.XML", &escaped), ("IHE_XDM/S/DOC 0001.XML", XML)], 1),
        (
            vec![
                ("IHE_XDM/A/METADATA.XML", &plain),
                ("IHE_XDM/A/DOC0001.XML", XML),
                ("IHE_XDM/B/METADATA.XML", &plain),
                ("IHE_XDM/B/DOC0001.XML", XML),
                ("__MACOSX/._junk", b"PK\x03\x04"),
                (".DS_Store", b"x"),
                ("vendor/METADATA.XML", b"not read"),
                ("IHE_XDM/A/style.zip", b"PK\x03\x04"),
            ],
            2,
        ),
    ] {
        let archive = read(&files).unwrap_or_else(|error| panic!("{:?}: {error}", files[0].0));
        assert_eq!(archive.documents().count(), documents, "{:?}", files[0].0);
        assert!(archive.documents().all(|(_, document)| document.octets == XML));
    }
}

// MSS #58
#[test]
fn what_is_dangerous_or_incoherent_is_refused_with_its_reason() {
    let good = metadata("DOC0001.XML");
    let (missing, out, absolute) =
        (metadata("DOC0002.XML"), metadata("../../x"), metadata("/etc/passwd"));
    let inner = zip(&[("a", b"b")]);
    let m = "IHE_XDM/S/METADATA.XML";
    let d = "IHE_XDM/S/DOC0001.XML";
    for (files, error) in [
        (vec![(m, &good[..]), (d, XML), ("../evil", b"x")], XdmError::Path),
        (vec![(m, &good), (d, XML), ("a\\..\\..\\evil", b"x")], XdmError::Path),
        (vec![(m, &good), (d, XML), ("/etc/passwd", b"x")], XdmError::Path),
        (vec![(m, &good), (d, XML), ("C:\\x", b"x")], XdmError::Path),
        (vec![(m, &out), (d, XML)], XdmError::Path),
        (vec![(m, &absolute), (d, XML)], XdmError::Path),
        (vec![(m, &good), (d, XML), ("ihe_xdm/s/doc0001.xml", b"x")], XdmError::DuplicateName),
        (vec![(m, &good), (d, &inner)], XdmError::NestedArchive),
        (vec![(m, &missing), (d, XML)], XdmError::MissingFile),
        (vec![(m, b"<a"), (d, XML)], XdmError::Metadata(XdsError::Xml)),
        (vec![("README.TXT", b"x")], XdmError::NoMetadata),
        (vec![("METADATA.XML", &good), ("DOC0001.XML", XML)], XdmError::NoMetadata),
    ] {
        assert_eq!(read(&files).unwrap_err(), error, "{files:?}");
    }
}

#[test]
fn bombs_are_refused_before_and_while_they_are_unpacked() {
    let good = metadata("DOC0001.XML");
    let zeros = vec![0; 3 * 1024 * 1024];
    let files = [("IHE_XDM/S/METADATA.XML", &good[..]), ("IHE_XDM/S/DOC0001.XML", &zeros)];
    // Zeros pack a thousand to one.
    assert_eq!(read(&files).unwrap_err(), XdmError::TooLarge);
    let octets = zip(&files);
    let loose = Limits { ratio: 1_000_000, ..Limits::default() };
    assert!(Archive::read(&octets, &loose).is_ok());
    for limits in
        [Limits { each: 1024 * 1024, ..loose }, Limits { total: 2 * 1024 * 1024, ..loose }]
    {
        assert_eq!(Archive::read(&octets, &limits).unwrap_err(), XdmError::TooLarge);
    }
    let few = Limits { entries: 1, ..loose };
    assert_eq!(Archive::read(&octets, &few).unwrap_err(), XdmError::TooManyEntries);
    // An entry that lies about its size: the central directory says one octet.
    let mut lying = octets.clone();
    let at = (0..lying.len()).rev().find(|at| lying[*at..].starts_with(b"PK\x01\x02")).unwrap();
    lying[at + 24..at + 28].copy_from_slice(&1_u32.to_le_bytes());
    let refused = Archive::read(&lying, &Limits { each: 1024 * 1024, ..loose }).unwrap_err();
    assert!(matches!(refused, XdmError::TooLarge | XdmError::Damaged), "{refused}");
}

#[test]
fn links_encrypted_and_damaged_archives_are_refused() {
    let good = metadata("DOC0001.XML");
    let files = [("IHE_XDM/S/METADATA.XML", &good[..]), ("IHE_XDM/S/DOC0001.XML", XML)];
    let whole = zip(&files);

    let mut link = ZipWriter::new(Cursor::new(Vec::new()));
    link.add_symlink("IHE_XDM/S/DOC0001.XML", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    let link = link.finish().unwrap().into_inner();
    assert_eq!(Archive::read(&link, &Limits::default()).unwrap_err(), XdmError::Link);

    // The encryption flag of every entry, in both directories.
    let mut locked = whole.clone();
    for at in 0..locked.len() - 8 {
        let offset = match &locked[at..at + 4] {
            b"PK\x03\x04" => 6,
            b"PK\x01\x02" => 8,
            _ => continue,
        };
        locked[at + offset] |= 1;
    }
    assert_eq!(Archive::read(&locked, &Limits::default()).unwrap_err(), XdmError::Encrypted);

    for cut in [0, 10, whole.len() / 2, whole.len() - 30] {
        let error = Archive::read(&whole[..cut], &Limits::default()).unwrap_err();
        assert_eq!(error, XdmError::Damaged, "cut at {cut}");
    }
    let mut flipped = whole.clone();
    let at = whole.windows(12).position(|at| at == b"DOC0001.XML\xb3").unwrap();
    flipped[at + 15] ^= 0x55;
    assert_eq!(Archive::read(&flipped, &Limits::default()).unwrap_err(), XdmError::Damaged);
}
