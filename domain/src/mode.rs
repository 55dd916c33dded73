//! Whether an operator serves real people or a test land.
//!
//! Invariant: the mode is passed to each rule that depends on it; nothing keeps it globally. There is no default:
//! forgetting it does not compile.

use serde::{Deserialize, Serialize};

/// What the operator is for. Test identities and test certification authorities pass in [`Mode::Test`] only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Real people: test and demonstration identities are refused altogether.
    Production,
    /// Test land: identities of the test and demonstration OIDs pass, even with a wrong key.
    Test,
}
