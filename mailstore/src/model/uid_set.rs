//! Sets of UIDs, as the change log keeps them.

use serde::{Deserialize, Serialize};

/// A set of UIDs as ranges, in order and apart.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UidSet(Vec<(u32, u32)>);

impl UidSet {
    /// Adds a UID, which must be above those added before.
    fn push(&mut self, uid: u32) {
        match self.0.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(uid) => *last = uid,
            _ => self.0.push((uid, uid)),
        }
    }

    /// The ranges, first and last UID.
    #[must_use]
    pub fn ranges(&self) -> &[(u32, u32)] {
        &self.0
    }

    /// Each UID.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().flat_map(|(first, last)| *first..=*last)
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<u32> for UidSet {
    fn from_iter<I: IntoIterator<Item = u32>>(uids: I) -> Self {
        let mut sorted: Vec<_> = uids.into_iter().collect();
        sorted.sort_unstable();
        sorted.dedup();
        let mut set = Self::default();
        sorted.into_iter().for_each(|uid| set.push(uid));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_collapse_to_ranges() {
        let set: UidSet = [5, 1, 2, 3, 9, 2].into_iter().collect();
        assert_eq!(set.ranges(), [(1, 3), (5, 5), (9, 9)]);
        assert_eq!(set.iter().collect::<Vec<_>>(), [1, 2, 3, 5, 9]);
        let top: UidSet = [u32::MAX, u32::MAX - 1].into_iter().collect();
        assert_eq!(top.ranges(), [(u32::MAX - 1, u32::MAX)]);
    }
}
