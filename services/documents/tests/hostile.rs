//! Archives and documents made to hurt, through the service: one table, each line with what becomes
//! of it. A refusal's code is that of the receipt. Whatever happens, the message is there and is
//! read, and the service goes on.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests panic")]

mod land;

use documents::{MAX_ARCHIVE, MAX_EXPANDED};
use land::raw_zip::{RawEntry, raw_zip};
use land::{CITIZEN, Land, archive, document, files_of, message, replaced};
use peak_alloc::PeakAlloc;
use record::Refusal::{
    self, ArchiveDamaged, ArchiveDangerous, ArchiveTooLarge, Contradiction, HashDiffers,
    MissingFile, NoIns, NoMetadata, TraitsIncomplete, Unreadable,
};
use record::{AttachmentFate, Fate};
use std::time::{Duration, Instant};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const ASKED: &str = "Disposition-Notification-To: <letters@chu.example>\n";
const MIB: usize = 1024 * 1024;

/// Octets held at once for one message: the archive, what it expands to, and the tree of its largest
/// document, up to a million nodes.
const MOST_MEMORY: usize = MAX_ARCHIVE as usize + MAX_EXPANDED as usize + 160 * MIB;
/// The longest that one message may take, with a compiler that does not hurry.
const MOST_TIME: Duration = Duration::from_secs(20);

/// What becomes of a message's documents.
#[derive(Debug, PartialEq)]
enum Becomes {
    /// Tolerated: as many are filed.
    Filed(usize),
    /// Refused, as a whole or for its first document.
    Refused(Refusal, u16),
}
use Becomes::{Filed, Refused};

struct Scenario {
    what: String,
    zip: Vec<u8>,
    becomes: Becomes,
}

/// The citizen's document under a number of its own.
fn numbered(number: usize) -> Vec<u8> {
    let (id, set) = (format!("1.9.{number}.1"), format!("\"1.9.{number}\""));
    replaced(&document(&id, 1, ""), "\"1.2.3\"", &set)
}

/// Scenarios, each with its own document.
#[derive(Default)]
struct Table(Vec<Scenario>);

impl Table {
    fn add(&mut self, what: &str, zip: Vec<u8>, becomes: Becomes) {
        self.0.push(Scenario { what: what.to_owned(), zip, becomes });
    }

    /// The octets of the next scenario's document.
    fn octets(&self) -> Vec<u8> {
        numbered(self.0.len())
    }

    /// The entries of a sound archive: index, read-me, metadata, document.
    fn entries(&self) -> Vec<RawEntry> {
        let files = files_of(&archive(&self.octets()));
        files.iter().map(|(name, octets)| RawEntry::stored(name, octets)).collect()
    }

    /// A sound archive with one more file.
    fn beside(&mut self, name: impl AsRef<[u8]>, octets: &[u8], becomes: Becomes) {
        let mut entries = self.entries();
        entries.push(RawEntry::stored(&name, octets));
        let what = format!("beside it {:?}", String::from_utf8_lossy(name.as_ref()));
        self.add(&what, raw_zip(&entries), becomes);
    }

    /// A sound archive, changed.
    fn changed(&mut self, what: &str, becomes: Becomes, change: impl FnOnce(&mut Vec<RawEntry>)) {
        let mut entries = self.entries();
        change(&mut entries);
        self.add(what, raw_zip(&entries), becomes);
    }

    /// A sound archive whose metadata name another file, where its document is put as well.
    fn named(&mut self, uri: &str, becomes: Becomes) {
        let mut files = files_of(&archive(&self.octets()));
        files[2].1 = replaced(&files[2].1, "DOC0001.XML", uri);
        let entries: Vec<_> =
            files.iter().map(|(name, octets)| RawEntry::stored(name, octets)).collect();
        self.add(&format!("metadata name {uri:?}"), raw_zip(&entries), becomes);
    }

    /// A document changed before it was packed, so that hash and size are right.
    fn document(&mut self, what: &str, becomes: Becomes, change: impl FnOnce(String) -> Vec<u8>) {
        let sound = self.octets();
        let octets = change(String::from_utf8(sound.clone()).unwrap());
        self.add(what, land::archive_described(&octets, &sound), becomes);
    }
}

fn paths(table: &mut Table) {
    let dangerous = || Refused(ArchiveDangerous, 906);
    for name in [
        "../x",
        "a/../../x",
        "..",
        "./../x",
        "..\\x",
        "a\\..\\..\\x",
        "/etc/passwd",
        "//x",
        "\\x",
        "\\\\server\\share\\x",
        "C:\\x",
        "C:x",
        "c:/x",
        "a\0b",
        "a\nb",
        "a/..",
        "IHE_XDM/..\\..\\x",
    ] {
        table.beside(name, b"x", dangerous());
    }
    // Nothing is ever extracted: a name that leads nowhere is a name.
    for name in
        ["%2e%2e/x", "....//x", "~/.ssh/authorized_keys", "a//b", "con", "x ", "\u{202e}fdp"]
    {
        table.beside(name, b"x", Filed(1));
    }
    table.beside(b"caf\x82.txt", b"x", Filed(1));
    for uri in
        ["../x", "..\\x", "/x", "%2e%2e/x", "..%2fx", "..%5cx", "C:\\x", "../SUBSET02/DOC0001.XML"]
    {
        table.named(uri, dangerous());
    }
    for uri in ["file:///etc/passwd", "http://a.example/b", "DOC0002.XML", "."] {
        table.named(uri, Refused(MissingFile, 906));
    }
    table.named("", Refused(NoMetadata, 906));
    // The metadata themselves are no document, whatever they say of it.
    table.named("METADATA.XML", Refused(Refusal::SizeDiffers, 906));
    for uri in ["./DOC0001.XML", "doc0001.xml", "%44OC0001.XML", "\\DOC0001.XML"] {
        let becomes = if uri.starts_with('\\') { dangerous() } else { Filed(1) };
        table.named(uri, becomes);
    }
}

fn names(table: &mut Table) {
    let dangerous = || Refused(ArchiveDangerous, 906);
    table.changed("a symbolic link", dangerous(), |entries| {
        entries[3].attributes = 0o120_777 << 16;
    });
    table.changed("a link beside the documents", dangerous(), |entries| {
        let link = RawEntry::stored("IHE_XDM/link", b"/etc/passwd");
        entries.push(RawEntry { attributes: 0o120_777 << 16, ..link });
    });
    for again in [
        "IHE_XDM/SUBSET01/DOC0001.XML",
        "ihe_xdm/subset01/doc0001.xml",
        "IHE_XDM\\SUBSET01\\DOC0001.XML",
        "./IHE_XDM/SUBSET01/DOC0001.XML",
    ] {
        table.beside(again, b"another", dangerous());
    }
    table.changed("backslashes for paths", Filed(1), |entries| {
        for entry in entries {
            entry.name.iter_mut().filter(|octet| **octet == b'/').for_each(|octet| *octet = b'\\');
        }
    });
    table.changed("lower-case names", Filed(1), |entries| {
        entries.iter_mut().for_each(|entry| entry.name.make_ascii_lowercase());
    });
    table.changed("everything in a folder of its own", Filed(1), |entries| {
        entries.iter_mut().for_each(|entry| entry.name = [b"export/", &entry.name[..]].concat());
    });
    table.changed("junk of three vendors", Filed(1), |entries| {
        for name in [
            "__MACOSX/._IHE_XDM",
            ".DS_Store",
            "Thumbs.db",
            "IHE_XDM/SUBSET01/STYLE.XSL",
            "autorun.inf",
            "IHE_XDM/SUBSET01/DOC0001.PDF",
        ] {
            entries.push(RawEntry::stored(name, b"x"));
        }
        entries.push(RawEntry::stored("IHE_XDM/SUBSET01/backup.zip", b"PK\x03\x04nested"));
        entries.push(RawEntry::stored("vendor/METADATA.XML", b"not read"));
    });
    let mut entries = table.entries();
    let second = files_of(&archive(&numbered(100_000)));
    for (name, octets) in &second[2..] {
        entries.push(RawEntry::stored(name.replace("SUBSET01", "SS000002"), octets));
    }
    table.add("two subsets", raw_zip(&entries), Filed(2));
    table.changed("a nested archive as the document", dangerous(), |entries| {
        entries[3] = RawEntry::stored("IHE_XDM/SUBSET01/DOC0001.XML", b"PK\x03\x04nested");
    });
    table.changed("no metadata", Refused(NoMetadata, 906), |entries| drop(entries.remove(2)));
    table.changed("no document", Refused(MissingFile, 906), |entries| drop(entries.remove(3)));
    table.changed("a folder in the document's place", Refused(MissingFile, 906), |entries| {
        entries[3] = RawEntry::stored("IHE_XDM/SUBSET01/DOC0001.XML/", b"");
    });
}

fn metadata(table: &mut Table) {
    let wide = |text: &str, mark: &[u8], order: fn(u16) -> [u8; 2]| {
        let units = text.encode_utf16().flat_map(order);
        mark.iter().copied().chain(units).collect::<Vec<_>>()
    };
    let stated = |files: &[RawEntry]| {
        let text = String::from_utf8(files[2].packed.clone()).unwrap();
        text.replace("encoding=\"UTF-8\"", "encoding=\"UTF-16\"")
    };
    let set = |entries: &mut Vec<RawEntry>, octets: &[u8]| {
        entries[2] = RawEntry::stored("IHE_XDM/SUBSET01/METADATA.XML", octets);
    };
    table.changed("metadata in UTF-16, little end first", Filed(1), |entries| {
        let octets = wide(&stated(entries), b"\xff\xfe", u16::to_le_bytes);
        set(entries, &octets);
    });
    table.changed("metadata in UTF-16, big end first, without a mark", Filed(1), |entries| {
        let octets = wide(&stated(entries), b"", u16::to_be_bytes);
        set(entries, &octets);
    });
    let refused = || Refused(NoMetadata, 906);
    table.changed("metadata in half of UTF-16", refused(), |entries| {
        let mut octets = wide(&stated(entries), b"\xff\xfe", u16::to_le_bytes);
        octets.extend([0x00, 0xd8]);
        set(entries, &octets);
    });
    let dtd = "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>";
    for (what, octets) in [
        ("metadata with an external entity", format!("{dtd}<a>&x;</a>").into_bytes()),
        ("empty metadata", Vec::new()),
        ("metadata without documents", b"<RegistryObjectList/>".to_vec()),
        ("metadata that are no XML", b"\x00\x01\x02<<<".to_vec()),
        (
            "metadata of a hundred thousand levels",
            [b"<a>".repeat(100_000), b"</a>".repeat(100_000)].concat(),
        ),
    ] {
        table.changed(what, refused(), |entries| set(entries, &octets));
    }
    table.changed("metadata of 3 MiB", Refused(ArchiveTooLarge, 906), |entries| {
        set(entries, &vec![b' '; 3 * MIB]);
    });
}

fn bombs(table: &mut Table) {
    let refused = || Refused(ArchiveTooLarge, 906);
    table.changed("a file that packs a thousand to one", refused(), |entries| {
        entries.push(RawEntry::deflated("x", &vec![0; 30 * MIB]));
    });
    table.changed("a document that packs a thousand to one", refused(), |entries| {
        entries[3] = RawEntry::deflated("IHE_XDM/SUBSET01/DOC0001.XML", &vec![b' '; 39 * MIB]);
    });
    table.changed("a document that hides its size", Refused(ArchiveDamaged, 906), |entries| {
        let bomb = RawEntry::deflated("IHE_XDM/SUBSET01/DOC0001.XML", &vec![b' '; 39 * MIB]);
        entries[3] = RawEntry { size: 10, ..bomb };
    });
    table.changed("sizes of 4 GB that are not there", refused(), |entries| {
        entries.iter_mut().for_each(|entry| entry.size = u32::MAX - 1);
    });
    table.changed("files that share their octets", refused(), |entries| {
        let first = entries[0].clone();
        for n in 0..200 {
            let name = format!("x{n}").into_bytes();
            entries.push(RawEntry { name, overlaps: true, ..first.clone() });
        }
    });
    let mut many = table.entries();
    many.extend((0..996).map(|n| RawEntry::stored(format!("x{n}"), b"")));
    assert_eq!(many.len(), 1_000);
    table.add("a thousand files", raw_zip(&many), Filed(1));
    table.changed("65,535 files", refused(), |entries| {
        entries.extend((entries.len()..65_535).map(|n| RawEntry::stored(format!("x{n}"), b"")));
    });
    table.changed("encrypted", Refused(ArchiveDamaged, 906), |entries| {
        entries.iter_mut().for_each(|entry| entry.flags |= 1);
    });
    for method in [9, 12, 14, 93, 99] {
        let what = format!("packed by method {method}");
        table.changed(&what, Refused(ArchiveDamaged, 906), |entries| {
            entries.iter_mut().for_each(|entry| entry.method = method);
        });
    }
    table.changed("a wrong checksum", Refused(ArchiveDamaged, 906), |entries| entries[3].crc ^= 1);
    let sound = raw_zip(&table.entries());
    let cut = sound[..sound.len() - 30].to_vec();
    table.add("cut short", cut, Refused(ArchiveDamaged, 906));
    table.add("empty", Vec::new(), Refused(ArchiveDamaged, 906));
    table.add("no archive", b"%PDF-1.7".to_vec(), Refused(ArchiveDamaged, 906));
    let sound = raw_zip(&table.entries());
    table.add("words behind the archive", [&sound[..], b"\r\n-- \r\n"].concat(), Filed(1));
    let sound = raw_zip(&table.entries());
    table.add("words before the archive", [b"MZ not a program", &sound[..]].concat(), Filed(1));
}

fn xml(table: &mut Table) {
    let refused = || Refused(Unreadable, 906);
    let after_declaration = |text: String, dtd: &str, title: &str| {
        let text = text.replace("?>", &format!("?>{dtd}"));
        text.replace("Lettre de liaison", title).into_bytes()
    };
    let external = "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>";
    let laughs =
        "<!DOCTYPE a [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\"><!ENTITY x \"&b;&b;&b;&b;\">]>";
    for (what, dtd) in [
        ("an external entity", external),
        ("a billion laughs", laughs),
        ("an external definition", "<!DOCTYPE a SYSTEM \"http://a.example/b\">"),
        ("a definition without anything", "<!DOCTYPE ClinicalDocument>"),
    ] {
        table.document(what, refused(), |text| after_declaration(text, dtd, "&x;"));
    }
    table.document("an unknown entity", refused(), |text| after_declaration(text, "", "&x;"));
    table.document("a hundred thousand levels", refused(), |text| {
        let deep = [vec!["<a>"; 100_000], vec!["</a>"; 100_000]].concat().concat();
        text.replace("</ClinicalDocument>", &format!("{deep}</ClinicalDocument>")).into_bytes()
    });
    table.document("a million elements", refused(), |text| {
        let many: String = (0..1_000_000).map(|n| format!("<a{n}/>")).collect();
        text.replace("</ClinicalDocument>", &format!("{many}</ClinicalDocument>")).into_bytes()
    });
    table.document("a NUL", refused(), |text| text.replace("Lettre", "Let\0tre").into_bytes());
    table.document("cut short", refused(), |text| text.into_bytes()[..900].to_vec());
    table.document("no XML", refused(), |_| b"%PDF-1.7".to_vec());
    table.document("another XML", refused(), |_| b"<html/>".to_vec());
    table.document("32 MiB and more", refused(), |text| {
        // It packs well, but not as a bomb does.
        let bit = |n: usize| if n.wrapping_mul(2_654_435_761) >> 31 & 1 == 0 { "A" } else { "B" };
        let noise: String = (0..33 * MIB / 16).map(|n| bit(n).repeat(16)).collect();
        text.replace("JVBERi0=", &noise).into_bytes()
    });
    let latin = |text: String| text.chars().map(|c| c as u8).collect::<Vec<_>>();
    let accent = |text: String| text.replace("Lettre", "L\u{e9}ttre");
    let declared = |text: String, label: &str| text.replace("\"UTF-8\"", &format!("\"{label}\""));
    table.document("Latin 1 that says so", Filed(1), |text| {
        latin(declared(accent(text), "ISO-8859-1"))
    });
    table.document("Latin 1 that says UTF-8", refused(), |text| latin(accent(text)));
    table.document("UTF-8 that says UTF-16", refused(), |text| {
        declared(text, "UTF-16").into_bytes()
    });
    table.document("UTF-8 that says EBCDIC", refused(), |text| {
        declared(text, "IBM037").into_bytes()
    });
    table.document("UTF-16 that says so", Filed(1), |text| {
        let text = declared(accent(text), "UTF-16");
        [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
    });
    table.document("UTF-16 that says UTF-8", refused(), |text| {
        [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
    });
}

/// Each element that the national rules ask for, taken away: filing needs to know who, which
/// document and of what type; the strict rules are those of whoever writes (`cda::check`).
// MSS #62
fn elements(table: &mut Table) {
    let without = |from: &'static str, to: &'static str| {
        move |text: String| {
            let (before, rest) = text.split_once(from).unwrap_or_else(|| panic!("{from}"));
            let (_, after) = rest.split_once(to).unwrap_or_else(|| panic!("{to}"));
            [before, after].concat().into_bytes()
        }
    };
    for (what, from, to, becomes) in [
        ("realmCode", "<realmCode", "/>", Filed(1)),
        ("typeId", "<typeId", "/>", Filed(1)),
        ("id", "<id root", "/>", Refused(Contradiction, 906)),
        ("code", "<code", "/>", Refused(Contradiction, 906)),
        ("title", "<title>", "</title>", Filed(1)),
        ("effectiveTime", "<effectiveTime", "/>", Filed(1)),
        ("confidentialityCode", "<confidentialityCode", "/>", Filed(1)),
        ("languageCode", "<languageCode", "/>", Filed(1)),
        ("setId", "<setId", "/>", Filed(1)),
        ("versionNumber", "<versionNumber", "/>", Filed(1)),
        ("recordTarget", "<recordTarget>", "</recordTarget>", Refused(NoIns, 903)),
        ("the patient's number", "<id extension", "/>", Refused(NoIns, 903)),
        ("author", "<author>", "</author>", Filed(1)),
        ("component", "<component>", "</component>", Filed(1)),
        ("birth name", "<family qualifier", "</family>", Refused(TraitsIncomplete, 905)),
        ("first given name", "<given qualifier", "</given>", Refused(TraitsIncomplete, 905)),
        ("given names", "<given>DOM", "</given>", Refused(TraitsIncomplete, 905)),
        ("sex", "<administrativeGenderCode", "/>", Refused(TraitsIncomplete, 905)),
        ("birth date", "<birthTime", "/>", Refused(TraitsIncomplete, 905)),
        ("birth place", "<birthplace>", "</birthplace>", Refused(TraitsIncomplete, 905)),
    ] {
        table.document(&format!("without {what}"), becomes, without(from, to));
    }
    table.document("two patients", Refused(NoIns, 903), |text| {
        let (before, _) = text.split_once("<author>").unwrap();
        let target = format!("<recordTarget>{}", before.split_once("<recordTarget>").unwrap().1);
        text.replace("<author>", &format!("{target}<author>")).into_bytes()
    });
    table.changed("another document of the same size", Refused(HashDiffers, 906), |entries| {
        let mut octets = entries[3].packed.clone();
        let at = octets.windows(7).position(|at| at == b"liaison").unwrap();
        octets[at] = b'L';
        entries[3] = RawEntry::stored("IHE_XDM/SUBSET01/DOC0001.XML", &octets);
    });
}

fn becomes(fates: &[AttachmentFate], filed: usize) -> Becomes {
    match &fates[0].fate {
        Fate::NotFiled(refusal) => Refused(*refusal, refusal.code()),
        _ => Filed(filed),
    }
}

/// Runs a table; everything that is not as it says is told at once.
fn run(fill: fn(&mut Table)) {
    let mut table = Table::default();
    fill(&mut table);
    let land = Land::new();
    let (mut wrong, mut filed_before) = (Vec::new(), 0);
    for Scenario { what, zip, becomes: expected } in table.0 {
        let receipts = land.receipts().len();
        land.send(CITIZEN, &message(ASKED, &zip)).unwrap();
        drop(zip);
        let (begun, before) = (Instant::now(), MEMORY.current_usage());
        MEMORY.reset_peak_usage();
        land.settle();
        let (took, held) = (begun.elapsed(), MEMORY.peak_usage().saturating_sub(before));
        let fates = land.last_fates(CITIZEN);
        let filed = land.entries(CITIZEN).len();
        let found = becomes(&fates, filed - filed_before);
        filed_before = filed;
        if found != expected {
            wrong.push(format!("{what}: {found:?}, not {expected:?}"));
        }
        if held > MOST_MEMORY || took > MOST_TIME {
            wrong.push(format!("{what}: {took:?}, {} MiB", held / MIB));
        }
        let receipt = &land.receipts()[receipts];
        let says = match &expected {
            Filed(_) => "; processed\r\n".to_owned(),
            Refused(_, code) => format!("processed/Error: {code}^"),
        };
        if !receipt.contains(&says) {
            wrong.push(format!("{what}: the receipt does not say {says:?}"));
        }
        assert!(land.last_message(CITIZEN).contains("Bonjour"), "{what}: the message is not there");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

// MSS #58
#[test]
fn paths_of_entries_and_metadata_lead_nowhere() {
    run(paths);
}

// MSS #57, MSS #58
#[test]
fn names_are_read_in_every_layout_and_never_twice() {
    run(names);
}

#[test]
fn metadata_are_read_as_they_are_written_or_not_at_all() {
    run(metadata);
}

// MSS #58
#[test]
fn archives_are_what_they_say_and_no_more() {
    run(bombs);
}

#[test]
fn documents_bring_nothing_from_outside_and_are_in_their_encoding() {
    run(xml);
}

// MSS #62
#[test]
fn each_missing_element_has_its_outcome() {
    run(elements);
}
