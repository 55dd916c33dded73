//! The rules of the house, held by tests: each module is one rule, a pure function over facts,
//! a test that it can fail on made-up facts, and a test that this tree keeps it.
//!
//! Facts come from `cargo metadata` and from the files of the tree; nothing here builds, opens a
//! socket or waits. A failing test lists every place that breaks the rule and what to do there.

#[cfg(test)]
mod dependencies;
#[cfg(test)]
mod files;
#[cfg(test)]
mod imports;
#[cfg(test)]
mod standards;
#[cfg(test)]
mod tree;
#[cfg(test)]
mod workplace;

/// Fails with one complaint a line, or passes when there is none.
#[cfg(test)]
fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}
