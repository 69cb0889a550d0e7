//! Times as engines write them.

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A time in seconds since the Unix epoch as engines write it: `2026-01-02T03:04:05Z`. Empty past the year 9999.
pub(crate) fn rfc3339(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    time.and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_default()
}

/// Milliseconds since the Unix epoch of a time as engines write it (`2026-01-02T03:04:05.678901234Z`, or with `+02:00`).
/// 0 for what is no time, and for the engine's "never" (year 1).
pub(crate) fn epoch_ms(text: &str) -> u64 {
    parse_time(text).map_or(0, millis)
}

/// Milliseconds since the Unix epoch; 0 for what was before.
pub(crate) fn millis(nanos: i128) -> u64 {
    u64::try_from(nanos / 1_000_000).unwrap_or(0)
}

/// Nanoseconds since the Unix epoch, for an order finer than milliseconds.
pub(crate) fn parse_time(text: &str) -> Option<i128> {
    OffsetDateTime::parse(text, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engine_times_are_read() {
        assert_eq!(epoch_ms("1970-01-01T00:00:01.5Z"), 1500);
        assert_eq!(epoch_ms("2024-02-29T12:00:00.123456789Z"), 1_709_208_000_123);
        assert_eq!(epoch_ms("2024-02-29T14:00:00.123456789+02:00"), 1_709_208_000_123);
        assert_eq!(epoch_ms("0001-01-01T00:00:00Z"), 0);
        assert_eq!(epoch_ms("nonsense"), 0);
    }

    #[test]
    fn a_time_is_written_as_it_is_read() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(1_709_210_096), "2024-02-29T12:34:56Z");
        assert_eq!(epoch_ms(&rfc3339(5_000_000_000)), 5_000_000_000_000);
        assert_eq!(rfc3339(u64::MAX), "");
    }
}
