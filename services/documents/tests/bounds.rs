//! What one message may cost: archives, documents, expanded octets, memory held at once.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests panic")]

mod land;

use documents::{MAX_ARCHIVES, MAX_EXPANDED};
use land::{CITIZEN, Land, archive, document};
use peak_alloc::PeakAlloc;
use record::{AttachmentFate, Fate, MAX_FATES, Refusal};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const NAME: &str = "IHE_XDM.ZIP";
const MIB: usize = 1024 * 1024;

fn fates(land: &Land, archives: &[Vec<u8>]) -> Vec<AttachmentFate> {
    let files: Vec<_> = archives.iter().map(|octets| (NAME, &octets[..])).collect();
    land.send(CITIZEN, &land::with_attachments(&files)).unwrap();
    land.settle();
    land.last_fates(CITIZEN)
}

fn too_large(fates: &[AttachmentFate]) -> usize {
    let is = |fate: &&AttachmentFate| fate.fate == Fate::NotFiled(Refusal::ArchiveTooLarge);
    fates.iter().filter(is).count()
}

/// An archive with a document of `size` octets that packs well, but not as a bomb does, and is refused when it
/// has been expanded: nothing of it is kept.
fn large(number: usize, size: usize) -> Vec<u8> {
    let octets = document(&format!("1.2.3.{number}"), 1, "");
    land::repacked(&archive(&octets), |files| {
        let mut state = number as u32 + 1;
        let mut bit = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            b'a' + (state >> 31) as u8
        };
        files[3].1 = (0..size / 16).flat_map(|_| [bit(); 16]).collect();
    })
}

#[test]
fn every_archive_has_a_fate_and_those_after_the_tenth_are_refused() {
    let land = Land::new();
    let archives: Vec<_> = (0..MAX_ARCHIVES + 2)
        .map(|n| {
            let octets = land::replaced(
                &document(&format!("5.{n}.1"), 1, ""),
                "\"1.2.3\"",
                &format!("\"5.{n}\""),
            );
            archive(&octets)
        })
        .collect();
    let fates = fates(&land, &archives);
    assert_eq!((fates.len(), too_large(&fates)), (MAX_ARCHIVES + 2, 2));
    assert_eq!(land.entries(CITIZEN).len(), MAX_ARCHIVES);
    let last = fates.iter().find(|fate| fate.part == [2 + MAX_ARCHIVES as u32 + 1]).unwrap();
    assert_eq!(last.fate, Fate::NotFiled(Refusal::ArchiveTooLarge));
}

#[test]
fn the_archives_of_a_message_share_what_they_may_expand_to() {
    let land = Land::new();
    let each = 39 * MIB;
    let fit = MAX_EXPANDED as usize / each;
    let archives: Vec<_> = (0..fit + 2).map(|n| large(n, each)).collect();
    let fates = fates(&land, &archives);
    assert_eq!((fates.len(), too_large(&fates)), (fit + 2, 2), "{fates:?}");
}

#[test]
fn a_message_describes_as_many_documents_as_fates_are_kept() {
    let land = Land::new();
    let whole = archive(&document("1.2.3.1", 1, ""));
    let many = land::repacked(&whole, |files| {
        let (metadata, document) = (files[2].1.clone(), files[3].1.clone());
        for n in 1..=MAX_FATES {
            files.push((format!("IHE_XDM/S{n}/METADATA.XML"), metadata.clone()));
            files.push((format!("IHE_XDM/S{n}/DOC0001.XML"), document.clone()));
        }
    });
    let fates = fates(&land, &[many]);
    assert_eq!((fates.len(), too_large(&fates)), (1, 1), "{:?}", fates.first());
}

#[test]
fn one_archive_is_held_at_once() {
    let land = Land::new();
    let each = 9 * MIB;
    let archives: Vec<_> = (0..10).map(|n| large(n, each)).collect();
    let files: Vec<_> = archives.iter().map(|octets| (NAME, &octets[..])).collect();
    land.send(CITIZEN, &land::with_attachments(&files)).unwrap();
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    land.settle();
    let fates = land.last_fates(CITIZEN);
    assert_eq!((fates.len(), too_large(&fates)), (10, 0), "all ten were expanded");
    let held = MEMORY.peak_usage().saturating_sub(before);
    assert!(held >= each, "the allocator counts");
    assert!(held < 3 * each, "{} MiB held for {} MiB expanded", held / MIB, 10 * each / MIB);
}
