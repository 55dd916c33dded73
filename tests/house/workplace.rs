//! No trace of the workplace: the tree builds anywhere, so it names no folder of the machine that
//! it was written on and no host that packages came from.
//!
//! The names looked for are put together from halves, so that this file does not contain them.
//! `Cargo.lock` may name the public index: Cargo writes it there.

use crate::tree::{File, files};
use pli_tests::workspace_root;

/// Folders that only a certain person's machine has.
const HOMES: [&str; 4] =
    [concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/"), concat!("/wo", "rk/")];

/// Hosts that serve packages.
const HOSTS: [&str; 10] = [
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("pythonhosted", ".org"),
    concat!("npmjs", ".org"),
    concat!("npmjs", ".com"),
    concat!("nodesource", ".com"),
    concat!("deb.debian", ".org"),
    concat!("snapshot.debian", ".org"),
    concat!("security.debian", ".org"),
    concat!("proxy.golang", ".org"),
];

/// Whether the text names the folder from the root on, not as the end of a longer path.
fn names_folder(line: &str, folder: &str) -> bool {
    let longer = |c: char| c.is_alphanumeric() || "._-~}/*".contains(c);
    line.match_indices(folder)
        .any(|(at, _)| line.get(..at).is_some_and(|before| !before.ends_with(longer)))
}

fn traces(file: &File, here: &[String]) -> Vec<String> {
    let mut traces = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let folder = HOMES
            .iter()
            .copied()
            .chain(here.iter().map(String::as_str))
            .find(|home| names_folder(line, home));
        let host =
            HOSTS.iter().copied().find(|host| file.path != "Cargo.lock" && line.contains(host));
        for what in [folder, host].into_iter().flatten() {
            traces.push(format!("{}:{}: names `{what}`", file.path, index + 1));
        }
    }
    traces
}

#[test]
fn no_trace_of_the_workplace() {
    let home = std::env::var("HOME").unwrap_or_default();
    let root = workspace_root().to_string_lossy().into_owned();
    // A folder right under the root of the disk may well be a word of ours.
    let here: Vec<String> = [home, root]
        .into_iter()
        .filter(|folder| folder.matches('/').count() > 1)
        .map(|folder| format!("{}/", folder.trim_end_matches('/')))
        .collect();
    crate::none(&files().iter().flat_map(|file| traces(file, &here)).collect::<Vec<_>>());
}

#[cfg(test)]
mod can_fail {
    use super::{File, HOMES, HOSTS, traces};

    #[test]
    fn folders_and_hosts_are_found() {
        for home in HOMES {
            assert_eq!(
                traces(&File::new("a.sh", &format!("cd {home}someone\n")), &[]).len(),
                1,
                "{home}"
            );
            assert!(
                traces(
                    &File::new("a.sh", &format!("cd a{home}b {}\n", home.trim_start_matches('/'))),
                    &[]
                )
                .is_empty(),
                "{home}"
            );
        }
        for host in HOSTS {
            let text = format!("url = \"https://{host}/a\"\n");
            assert_eq!(traces(&File::new("a.toml", &text), &[]).len(), 1, "{host}");
            assert!(traces(&File::new("Cargo.lock", &text), &[]).is_empty(), "{host}");
        }
        let here = ["/srv/build/".to_owned()];
        assert_eq!(traces(&File::new("a.sh", "ls /srv/build/x\n"), &here).len(), 1);
    }
}
