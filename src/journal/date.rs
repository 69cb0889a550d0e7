//! Days as people write them.

/// The day of a time in milliseconds since the Unix epoch, in UTC: `24 November 2026`.
pub fn date(ms: u64) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    // Years that begin in March have their leap day at the end, so that months have lengths that repeat.
    let days = ms / 86_400_000 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year_of_era + u64::from(month >= 10);
    let name = usize::try_from((month + 2) % 12).ok().and_then(|index| MONTHS.get(index)).unwrap_or(&"");
    format!("{day} {name} {year}")
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
