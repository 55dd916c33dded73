//! The national samples, which lie beside the clone and are not ours to copy.

use std::path::Path;

/// Every sample, with its name; none where the folder is absent.
pub(crate) fn all() -> Vec<(String, Vec<u8>)> {
    let folder =
        Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../../shared/data/cda");
    let Ok(entries) = std::fs::read_dir(folder) else {
        println!("skipped: the national samples are not beside this tree");
        return Vec::new();
    };
    let mut samples: Vec<(String, Vec<u8>)> = entries
        .map(|entry| entry.unwrap())
        .map(|entry| {
            (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())
        })
        .collect();
    samples.sort();
    assert_eq!(samples.len(), 13);
    samples
}

/// One sample by the beginning of its name.
pub(crate) fn one(name: &str) -> Option<Vec<u8>> {
    all().into_iter().find(|(file, _)| file.starts_with(name)).map(|(_, octets)| octets)
}
