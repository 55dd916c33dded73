//! What the tests from outside share: where the workspace is.
//!
//! Each kind of test is one test binary of this package, so that a kind links once: `house/` holds
//! the rules of the house. A new kind is a folder beside it and a `[[test]]` in `Cargo.toml`.

use std::path::{Path, PathBuf};

/// The folder of the workspace's `Cargo.toml`. Asked when the test runs: a binary that another clone
/// built into the same target directory would name that clone.
#[must_use]
pub fn workspace_root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    here.parent().map(Path::to_path_buf).unwrap_or(here)
}
