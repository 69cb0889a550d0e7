//! Days as people write them.

use time::OffsetDateTime;

/// The day of a time in milliseconds since the Unix epoch, in UTC: `24 November 2026`. Empty past the year 9999.
pub fn date(ms: u64) -> String {
    let seconds = i64::try_from(ms / 1_000).unwrap_or(i64::MAX);
    let day = OffsetDateTime::from_unix_timestamp(seconds).map(OffsetDateTime::date);
    day.map(|day| format!("{} {} {}", day.day(), day.month(), day.year())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn days_are_those_of_the_calendar() {
        const DAY: u64 = 86_400_000;
        assert_eq!(date(0), "1 January 1970");
        assert_eq!(date(DAY - 1), "1 January 1970");
        assert_eq!(date(11_016 * DAY), "29 February 2000");
        assert_eq!(date(11_017 * DAY), "1 March 2000");
        assert_eq!(date(1_795_478_400_000), "24 November 2026");
        assert_eq!(date(20_818 * DAY), "31 December 2026");
    }
}
