//! The contract of the mailstore, written from DESIGN (*The mailstore*): what every engine keeps.
//!
//! Each test is a sentence and runs on both engines (`NOUN::embedded::…`, `NOUN::memory::…`). On
//! the embedded one the harness ([`bench`]) then closes the store, verifies it, opens it again,
//! rebuilds its index from the log, and each time asks for the same state and the same facts.
//! What only one engine can show stands in [`faults`] (memory) and [`opening`] (embedded).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails should fail loudly, its helpers included"
)]

/// Makes a test of each function, on both engines.
macro_rules! contract {
    ($($name:ident),* $(,)?) => {
        mod memory {
            $(#[test] fn $name() { crate::bench::in_memory(super::$name); })*
        }
        mod embedded {
            $(#[test] fn $name() { crate::bench::embedded(super::$name); })*
        }
    };
}

/// Asks for an error of this kind.
macro_rules! assert_error {
    ($error:expr, $kind:pat) => {{
        let error = &$error;
        assert!(matches!(error, $kind), "another error: {error:?}");
    }};
}

#[path = "contract/accounts.rs"]
mod accounts;
#[path = "contract/bench.rs"]
mod bench;
#[path = "contract/bodies.rs"]
mod bodies;
#[path = "contract/changes.rs"]
mod changes;
#[path = "contract/delivery.rs"]
mod delivery;
#[path = "contract/dump.rs"]
mod dump;
#[path = "contract/erasure.rs"]
mod erasure;
#[path = "contract/faults.rs"]
mod faults;
#[path = "contract/fingerprints.rs"]
mod fingerprints;
#[path = "contract/flags.rs"]
mod flags;
#[path = "contract/letters.rs"]
mod letters;
#[path = "contract/mailboxes.rs"]
mod mailboxes;
#[path = "contract/opening.rs"]
mod opening;
#[path = "contract/placements.rs"]
mod placements;
#[path = "contract/principals.rs"]
mod principals;
#[path = "contract/quota.rs"]
mod quota;
#[path = "contract/services.rs"]
mod services;
#[path = "contract/site.rs"]
mod site;
#[path = "contract/threads.rs"]
mod threads;
#[path = "contract/transactions.rs"]
mod transactions;
