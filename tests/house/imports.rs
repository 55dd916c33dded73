//! Imports run one way:
//! `pli → {mta, imap, webmail, services/*} → post → {access, record, search} → {mailstore, directory} → {pki, clinical} → domain`,
//! and `listener`, what the faces share of their sockets, between them and `pki`.
//!
//! A crate imports lower layers only: never its own layer, never a higher one. So the faces and
//! services never import each other; `services/kit` is the contract that the services share.
//! Dependencies for tests and for building count like the others, except that `tests/` and
//! `fuzz/` import what they like, and are imported by nobody.

use cargo_metadata::MetadataCommand;
use pli_tests::workspace_root;

/// From the lowest to the highest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Layer {
    /// Values and rules.
    Domain,
    /// Formats and certificates.
    Formats,
    /// What the faces do with their sockets; of use to them only.
    Sockets,
    /// What is kept.
    Stores,
    /// What an account opens to whom, and the record that it holds.
    Account,
    /// Accepting a message.
    Post,
    /// The contract of the services.
    Kit,
    /// What follows the change log.
    Service,
    /// What clients speak to.
    Face,
    /// The binary.
    Binary,
    /// Tests from outside.
    Tests,
}
use Layer::{Account, Binary, Domain, Face, Formats, Kit, Post, Service, Sockets, Stores, Tests};

/// Every crate of the workspace by its folder.
const TABLE: &[(&str, Layer)] = &[
    ("domain", Domain),
    ("clinical", Formats),
    ("pki", Formats),
    ("listener", Sockets),
    ("directory", Stores),
    ("mailstore", Stores),
    ("access", Account),
    ("record", Account),
    ("search", Account),
    ("post", Post),
    ("services/kit", Kit),
    ("services/agenda", Service),
    ("services/catalogue", Service),
    ("services/crossborder", Service),
    ("services/documents", Service),
    ("services/enrolment", Service),
    ("services/gateway", Service),
    ("services/profile", Service),
    ("imap", Face),
    ("mta", Face),
    ("webmail", Face),
    ("pli", Binary),
    ("fuzz", Tests),
    ("tests", Tests),
];

/// One crate, by its folder from the root, and the folders of those it depends on.
struct Crate {
    folder: String,
    imports: Vec<String>,
}

fn layer(folder: &str) -> Option<Layer> {
    TABLE.iter().find(|(name, _)| *name == folder).map(|(_, layer)| *layer)
}

fn may_import(from: Layer, to: Layer) -> bool {
    match (from, to) {
        (Face, Service | Kit) => false,
        (_, Sockets) => from >= Face,
        _ => from > to,
    }
}

fn wrong_imports(crates: &[Crate]) -> Vec<String> {
    let mut wrong = Vec::new();
    for one in crates {
        let from = &one.folder;
        let Some(from_layer) = layer(from) else {
            wrong.push(format!("{from}: no layer; add it to TABLE in tests/house/imports.rs"));
            continue;
        };
        for to in one.imports.iter().filter(|to| *to != from) {
            match layer(to) {
                None => wrong.push(format!("{from} imports {to}, a folder that TABLE in tests/house/imports.rs lacks")),
                Some(to_layer) if !may_import(from_layer, to_layer) => wrong.push(format!(
                    "{from} ({from_layer:?}) imports {to} ({to_layer:?}): imports run downwards only"
                )),
                Some(_) => {}
            }
        }
    }
    wrong
}

#[test]
fn imports_run_one_way() {
    let metadata = MetadataCommand::new()
        .manifest_path(workspace_root().join("Cargo.toml"))
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .unwrap();
    let root = &metadata.workspace_root;
    let crates: Vec<Crate> = metadata
        .workspace_packages()
        .into_iter()
        .map(|package| {
            let folder = package.manifest_path.parent().unwrap().strip_prefix(root).unwrap();
            let paths =
                package.dependencies.iter().filter_map(|dependency| dependency.path.as_ref());
            let relative = |path: &cargo_metadata::camino::Utf8PathBuf| {
                path.strip_prefix(root).unwrap_or(path).to_string()
            };
            Crate { folder: folder.to_string(), imports: paths.map(relative).collect() }
        })
        .collect();
    assert!(crates.iter().any(|one| one.folder == "mailstore" && !one.imports.is_empty()));
    crate::none(&wrong_imports(&crates));
}

#[cfg(test)]
mod can_fail {
    use super::{Crate, wrong_imports};

    fn complaints(graph: &[(&str, &[&str])]) -> Vec<String> {
        let crates: Vec<Crate> = graph
            .iter()
            .map(|(folder, imports)| Crate {
                folder: (*folder).to_owned(),
                imports: imports.iter().map(|name| (*name).to_owned()).collect(),
            })
            .collect();
        wrong_imports(&crates)
    }

    #[test]
    fn downwards_is_right() {
        let graph: &[(&str, &[&str])] = &[
            ("domain", &["domain"]),
            ("mailstore", &["domain"]),
            ("post", &["mailstore", "directory", "pki", "domain"]),
            ("services/documents", &["services/kit", "post", "clinical"]),
            ("mta", &["post", "listener"]),
            ("listener", &["pki", "domain"]),
            ("pli", &["mta", "services/documents", "services/kit", "domain"]),
            ("tests", &["pli", "imap"]),
        ];
        assert_eq!(complaints(graph), Vec::<String>::new());
    }

    #[test]
    fn upwards_and_sideways_are_wrong() {
        let wrong = [
            ("domain", "pki"),
            ("mailstore", "post"),
            ("mailstore", "directory"),
            ("pki", "clinical"),
            ("post", "services/kit"),
            ("mta", "imap"),
            ("post", "listener"),
            ("listener", "mailstore"),
            ("webmail", "services/documents"),
            ("webmail", "services/kit"),
            ("services/profile", "services/documents"),
            ("services/profile", "webmail"),
            ("mta", "pli"),
            ("pli", "tests"),
        ];
        for (from, to) in wrong {
            assert_eq!(complaints(&[(from, &[to])]).len(), 1, "{from} imports {to}");
        }
    }

    #[test]
    fn a_crate_without_a_layer_is_told_where_to_get_one() {
        let complaints = complaints(&[("ftp", &["domain"]), ("mta", &["../elsewhere"])]);
        assert_eq!(complaints.len(), 2);
        assert!(complaints.iter().all(|line| line.contains("TABLE in tests/house/imports.rs")));
    }
}
