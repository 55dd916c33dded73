//! The demo's civil clock: the machine's, and how far it was moved forward.
//!
//! Invariant: it never goes back. The offset lies in the demo's folder, so that a demo that is
//! continued does not go back either.

use domain::Clock;
use jiff::{SignedDuration, Timestamp};
use pki::durable_file::{self, Access};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};

const FILE: &str = "clock";
const MAX_FILE: u64 = 64;

/// The machine's clock, moved forward.
#[derive(Debug)]
pub(crate) struct DemoClock {
    ahead: AtomicI64,
    file: PathBuf,
}

impl DemoClock {
    /// The clock of the demo in `dir`.
    pub(crate) fn of(dir: &Path) -> Self {
        let file = dir.join(FILE);
        let kept = durable_file::read(&file, MAX_FILE).ok();
        let kept = kept.and_then(|octets| String::from_utf8(octets).ok());
        let ahead = kept.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        Self { ahead: AtomicI64::new(ahead), file }
    }

    /// Moves it to an instant, unless it is there already.
    pub(crate) fn advance_to(&self, to: Timestamp) -> std::io::Result<()> {
        let step = to.as_second().saturating_sub(self.now().as_second());
        if step > 0 {
            let ahead = self.ahead.fetch_add(step, Ordering::SeqCst).saturating_add(step);
            durable_file::replace(&self.file, ahead.to_string().as_bytes(), Access::Public)?;
        }
        Ok(())
    }
}

impl Clock for DemoClock {
    fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_secs(self.ahead.load(Ordering::SeqCst));
        Timestamp::now().checked_add(ahead).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_forward_only_and_is_kept() {
        let dir = std::env::temp_dir().join(format!("pli-clock-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let clock = DemoClock::of(&dir);
        let later = clock.now() + SignedDuration::from_hours(24 * 42);
        clock.advance_to(later).unwrap();
        assert!(clock.now() >= later - SignedDuration::from_secs(1));
        clock.advance_to(Timestamp::UNIX_EPOCH).unwrap();
        assert!(clock.now() >= later - SignedDuration::from_secs(1));
        let again = DemoClock::of(&dir);
        assert!(again.now() >= later - SignedDuration::from_secs(1));
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
