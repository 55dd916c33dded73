//! Instants between the calendars of the crates we use: jiff (ours), `time` (rcgen, x509-parser), seconds
//! (rustls).
//!
//! Invariant: whole seconds, as in certificates. Failure: an instant that the other calendar does not have is
//! moved to the end of the one that does, which only certificates of the year 10000 notice.

use jiff::Timestamp;
use rustls::pki_types::UnixTime;
use time::OffsetDateTime;

/// For rcgen.
pub(crate) fn to_offset(at: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(at.as_second()).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// For webpki; instants before 1970 are 1970.
pub(crate) fn to_unix(at: Timestamp) -> UnixTime {
    let seconds = u64::try_from(at.as_second()).unwrap_or(0);
    UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds))
}

/// From rustls.
pub(crate) fn from_unix(at: UnixTime) -> Timestamp {
    from_seconds(i64::try_from(at.as_secs()).unwrap_or(i64::MAX))
}

/// From x509-parser.
pub(crate) fn from_seconds(seconds: i64) -> Timestamp {
    let end = if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_second(seconds).unwrap_or(end)
}

/// Without the part of a second that certificates cannot carry.
pub(crate) fn whole_second(at: Timestamp) -> Timestamp {
    from_seconds(at.as_second())
}
