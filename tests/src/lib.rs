//! What the tests from outside share: where the workspace is.
//!
//! Each kind of test is one test binary of this package, so that a kind links once: `house/` holds
//! the rules of the house. A new kind is a folder beside it and a `[[test]]` in `Cargo.toml`.

use std::path::Path;

/// The folder of the workspace's `Cargo.toml`.
#[must_use]
pub fn workspace_root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}
