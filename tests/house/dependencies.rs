//! Licences, refused crates and one version of TLS: `deny.toml` read against the resolved graph.
//!
//! `deny.toml` is cargo-deny's own format, so that tool reads the same policy where it is installed
//! (`tests/audit`); here it is held without it and without a network beyond the crates themselves.
//! The graph is that of `cargo metadata` with every feature, for each target that `deny.toml`
//! names, tests and build dependencies included. A field of `[licenses]` or `[bans]` that this
//! file does not understand is an error: no rule is passed over in silence.

use cargo_metadata::semver::{Version, VersionReq};
use cargo_metadata::{CargoOpt, Metadata, MetadataCommand};
use pli_tests::workspace_root;
use serde::Deserialize;
use spdx::{Expression, Licensee, ParseMode};
use std::collections::{BTreeMap, BTreeSet};

/// The parts of `deny.toml` that are held here.
#[derive(Debug, Deserialize)]
struct Policy {
    graph: Graph,
    licenses: Licenses,
    bans: Bans,
}

#[derive(Debug, Deserialize)]
struct Graph {
    targets: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Licenses {
    allow: Vec<String>,
    #[serde(default)]
    exceptions: Vec<Exception>,
    #[serde(rename = "unused-allowed-license")]
    _unused: Option<String>,
    #[serde(rename = "confidence-threshold")]
    _confidence: Option<f32>,
}

/// Licences that one crate alone may have.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Bans {
    deny: Vec<Ban>,
    #[serde(rename = "multiple-versions")]
    _multiple_versions: Option<String>,
    #[serde(rename = "wildcards")]
    _wildcards: Option<String>,
    #[serde(rename = "allow-wildcard-paths")]
    _wildcard_paths: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Ban {
    /// `name`, `name:requirement` or `name@version`.
    #[serde(rename = "crate")]
    spec: String,
    #[serde(default)]
    reason: String,
    /// The crate itself is right; two versions of it are not.
    #[serde(default)]
    deny_multiple_versions: bool,
}

impl Ban {
    fn name_and_versions(&self) -> (&str, VersionReq) {
        let parse = |text: &str| VersionReq::parse(text).unwrap();
        if let Some((name, requirement)) = self.spec.split_once(':') {
            (name, parse(requirement))
        } else if let Some((name, version)) = self.spec.split_once('@') {
            (name, parse(&format!("={version}")))
        } else {
            (&self.spec, VersionReq::STAR)
        }
    }
}

/// What the rules need to know of a crate in the graph.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Dependency {
    name: String,
    version: Version,
    licence: Option<String>,
    /// Ours, or from the public index; anything else is a fork or a path outside the tree.
    known_source: bool,
}

fn read_policy(text: &str) -> Policy {
    toml::from_str(text).unwrap()
}

fn refused_licences(policy: &Policy, graph: &BTreeSet<Dependency>) -> Vec<String> {
    let parse = |name: &String| Licensee::parse(name).unwrap();
    let allowed: Vec<Licensee> = policy.licenses.allow.iter().map(parse).collect();
    let mut complaints = Vec::new();
    for one in graph {
        let licence = one.licence.as_deref().unwrap_or_default();
        // Lax, because older crates still write `MIT/Apache-2.0`.
        let of_its_own = policy.licenses.exceptions.iter().filter(|other| other.name == one.name);
        let of_its_own: Vec<Licensee> =
            of_its_own.flat_map(|exception| &exception.allow).map(parse).collect();
        let fine = Expression::parse_mode(licence, ParseMode::LAX).map(|licence| {
            let all = allowed.iter().chain(&of_its_own);
            licence.evaluate(|wanted| all.clone().any(|have| have.satisfies(wanted)))
        });
        match fine {
            Ok(true) => {}
            Ok(false) => complaints.push(format!(
                "{} {}: `{licence}` is not within [licenses] allow of deny.toml",
                one.name, one.version
            )),
            Err(error) => complaints.push(format!(
                "{} {}: licence `{licence}` cannot be read: {}",
                one.name, one.version, error.reason
            )),
        }
    }
    complaints
}

/// A pre-release counts as its release: by itself `*` would let `1.0.0-alpha` through.
fn matches(versions: &VersionReq, version: &Version) -> bool {
    let release = Version::new(version.major, version.minor, version.patch);
    versions.matches(version) || versions.matches(&release)
}

fn refused_crates(policy: &Policy, graph: &BTreeSet<Dependency>) -> Vec<String> {
    let mut complaints = Vec::new();
    for ban in &policy.bans.deny {
        let (name, versions) = ban.name_and_versions();
        let found: Vec<&Version> = graph
            .iter()
            .filter(|one| one.name == name && matches(&versions, &one.version))
            .map(|one| &one.version)
            .collect();
        if ban.deny_multiple_versions && found.len() > 1 {
            complaints.push(format!(
                "{name}: {} versions in the graph; {}",
                found.len(),
                ban.reason
            ));
        } else if !ban.deny_multiple_versions {
            complaints
                .extend(found.iter().map(|version| format!("{name} {version}: {}", ban.reason)));
        }
    }
    let foreign = graph.iter().filter(|one| !one.known_source);
    complaints.extend(
        foreign.map(|one| format!("{} {}: not from the public index", one.name, one.version)),
    );
    complaints
}

fn metadata(target: &str) -> Metadata {
    MetadataCommand::new()
        .manifest_path(workspace_root().join("Cargo.toml"))
        .features(CargoOpt::AllFeatures)
        .other_options(["--locked".to_owned(), format!("--filter-platform={target}")])
        .exec()
        .unwrap()
}

/// What is really built for a target, as `name version`. `cargo metadata` also lists crates behind
/// optional dependencies that a feature names weakly (`ring?/alloc`) and nothing turns on.
fn built(target: &str) -> BTreeSet<String> {
    let output = std::process::Command::new(env!("CARGO"))
        .args(["tree", "--workspace", "--locked", "--all-features", "--prefix", "none"])
        .args(["--edges", "normal,build,dev", "--format", "{p}", "--target", target])
        .current_dir(workspace_root())
        .output()
        .unwrap();
    assert!(output.status.success(), "cargo tree failed");
    let text = String::from_utf8(output.stdout).unwrap();
    let package = |line: &str| {
        let mut words = line.split(' ');
        let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
        Some(format!("{name} {version}"))
    };
    text.lines().filter_map(package).collect()
}

/// The policy, and the graphs of all targets in one.
fn this_tree() -> (Policy, BTreeSet<Dependency>) {
    let policy = read_policy(&std::fs::read_to_string(workspace_root().join("deny.toml")).unwrap());
    let mut graph = BTreeSet::new();
    for target in &policy.graph.targets {
        let metadata = metadata(target);
        let built = built(target);
        let nodes = metadata.resolve.as_ref().unwrap().nodes.iter();
        for package in nodes.map(|node| &metadata[&node.id]) {
            if !built.contains(&format!("{} {}", package.name, package.version)) {
                continue;
            }
            let ours = metadata.workspace_members.contains(&package.id);
            graph.insert(Dependency {
                name: package.name.to_string(),
                version: package.version.clone(),
                licence: package.license.clone(),
                known_source: ours
                    || package.source.as_ref().is_some_and(|source| source.is_crates_io()),
            });
        }
    }
    assert!(graph.iter().any(|one| one.name == "redb"), "the graph is empty");
    (policy, graph)
}

#[test]
fn every_licence_is_allowed() {
    let (policy, graph) = this_tree();
    crate::none(&refused_licences(&policy, &graph));
}

#[test]
fn no_refused_crate_and_one_version_of_tls() {
    let (policy, graph) = this_tree();
    crate::none(&refused_crates(&policy, &graph));
    let has = |name: &str| graph.iter().any(|one| one.name == name);
    assert!(has("aws-lc-rs") || !has("rustls"), "rustls without its one provider, aws-lc-rs");
}

/// A change of `deny.toml` that let one of these in would be a decision: it needs its own record
/// in `docs/adr/` and a change here.
#[test]
fn the_policy_still_refuses_what_was_decided() {
    let (policy, _) = this_tree();
    let refused = [
        ("async-std", "1.13.0"),
        ("mail-auth", "0.14.0"),
        ("mail-parser", "1.0.0"),
        ("mail-send", "0.7.0"),
        ("native-tls", "0.2.14"),
        ("openssl", "0.10.70"),
        ("openssl-sys", "0.9.105"),
        ("ring", "0.17.14"),
        ("samotop", "0.13.2"),
        ("sieve-rs", "0.7.0"),
    ];
    let once = ["aws-lc-rs", "rustls", "rustls-webpki", "tokio-rustls"];
    let one = |name: &str, version: &str| Dependency {
        name: name.to_owned(),
        version: Version::parse(version).unwrap(),
        licence: Some("MIT".to_owned()),
        known_source: true,
    };
    for (name, version) in refused {
        let complaints = refused_crates(&policy, &BTreeSet::from([one(name, version)]));
        assert_eq!(complaints.len(), 1, "{name} {version} is let in");
    }
    for name in once {
        let twice = BTreeSet::from([one(name, "0.1.0"), one(name, "0.2.0")]);
        assert_eq!(refused_crates(&policy, &twice).len(), 1, "two versions of {name} are let in");
    }
    let reasons: BTreeMap<&str, &str> =
        policy.bans.deny.iter().map(|ban| (ban.spec.as_str(), ban.reason.as_str())).collect();
    assert!(reasons.values().all(|reason| !reason.is_empty()), "a refusal says why: {reasons:?}");
}

#[cfg(test)]
mod can_fail {
    use super::{
        BTreeSet, Dependency, Policy, Version, read_policy, refused_crates, refused_licences,
    };

    fn policy() -> Policy {
        read_policy(
            r#"
            [graph]
            targets = []
            [licenses]
            allow = ["MIT", "Apache-2.0", "BSD-3-Clause"]
            [bans]
            deny = [
                { crate = "bad", reason = "bad" },
                { crate = "new:>=2", reason = "too new" },
                { crate = "odd@1.2.3", reason = "broken" },
                { crate = "tls", deny-multiple-versions = true, reason = "one" },
            ]
            "#,
        )
    }

    fn graph(rows: &[(&str, &str, &str)]) -> BTreeSet<Dependency> {
        rows.iter()
            .map(|(name, version, licence)| Dependency {
                name: (*name).to_owned(),
                version: Version::parse(version).unwrap(),
                licence: (!licence.is_empty()).then(|| (*licence).to_owned()),
                known_source: true,
            })
            .collect()
    }

    #[test]
    fn licence_expressions_are_evaluated() {
        let fine = [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0-only OR MIT",
            "(MIT OR Unlicense) AND BSD-3-Clause",
            "Apache-2.0 WITH LLVM-exception OR Apache-2.0",
        ];
        let wrong = [
            "",
            "AGPL-3.0-only",
            "MIT AND GPL-2.0-only",
            "Apache-2.0 WITH LLVM-exception",
            "No such licence",
        ];
        for licence in fine {
            assert_eq!(
                refused_licences(&policy(), &graph(&[("a", "1.0.0", licence)])),
                Vec::<String>::new()
            );
        }
        for licence in wrong {
            let complaints = refused_licences(&policy(), &graph(&[("a", "1.0.0", licence)]));
            assert_eq!(complaints.len(), 1, "`{licence}` is let in");
        }
    }

    #[test]
    fn an_exception_holds_for_its_crate_alone() {
        let text = "[graph]\ntargets = []\n[bans]\ndeny = []\n[licenses]\nallow = [\"MIT\"]\n\
                    exceptions = [{ crate = \"css\", allow = [\"MPL-2.0\"] }]\n";
        let policy = read_policy(text);
        let rows = [("css", "1.0.0", "MPL-2.0"), ("other", "1.0.0", "MPL-2.0")];
        let complaints = refused_licences(&policy, &graph(&rows));
        assert_eq!(complaints.len(), 1);
        assert!(complaints[0].contains("other"), "{complaints:?}");
    }

    #[test]
    fn bans_hold_by_name_by_requirement_and_by_version() {
        let rows = [
            ("bad", "0.1.0", 1),
            ("bad", "0.1.0-alpha.1", 1),
            ("new", "1.9.0", 0),
            ("new", "2.0.1", 1),
            ("odd", "1.2.3", 1),
            ("odd", "1.2.4", 0),
        ];
        for (name, version, expected) in rows {
            let complaints = refused_crates(&policy(), &graph(&[(name, version, "MIT")]));
            assert_eq!(complaints.len(), expected, "{name} {version}");
        }
        assert!(refused_crates(&policy(), &graph(&[("tls", "1.0.0", "MIT")])).is_empty());
        let two = graph(&[("tls", "1.0.0", "MIT"), ("tls", "2.0.0", "MIT")]);
        assert_eq!(refused_crates(&policy(), &two).len(), 1);
    }

    #[test]
    fn a_crate_from_elsewhere_is_refused() {
        let mut fork = graph(&[("fork", "1.0.0", "MIT")]).pop_first().unwrap();
        fork.known_source = false;
        assert_eq!(refused_crates(&policy(), &BTreeSet::from([fork])).len(), 1);
    }

    #[test]
    #[should_panic(expected = "unknown field `private`")]
    fn a_rule_that_is_not_held_here_is_not_passed_over() {
        read_policy(
            "[graph]\ntargets = []\n[licenses]\nallow = []\nprivate = []\n[bans]\ndeny = []\n",
        );
    }
}
