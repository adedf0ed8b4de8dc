//! Points in time, as files have them. What a clock that is set cannot show is not taken for one: a year of five digits, a time
//! before 1970, a number that is none.

use std::time::Duration;

use chrono::{DateTime, FixedOffset, TimeZone};

/// The first microsecond after the year 9999.
const END: u64 = 253_402_300_800_000_000;

/// The time since 1970 that a file gives in microseconds; none if no clock shows it.
pub(super) fn instant(micros: impl TryInto<u64>) -> Option<Duration> {
    let micros = micros.try_into().ok()?;
    (micros < END).then_some(Duration::from_micros(micros))
}

/// The same of a date.
pub(super) fn of_date(date: &DateTime<FixedOffset>) -> Option<Duration> {
    instant(date.timestamp_micros())
}

/// The same of a number with fractions, in seconds.
pub(super) fn of_seconds(seconds: f64) -> Option<Duration> {
    let micros = (seconds * 1e6).round();
    // A cast gives 0 for what is no number, and the largest for what is larger.
    (micros > 0.0).then_some(micros as u64).and_then(instant)
}

/// The date of a point in time. One that comes of adding to what a file says may be later than all that there are.
pub(super) fn date(at: Duration, zone: Option<FixedOffset>) -> DateTime<FixedOffset> {
    let micros = i64::try_from(at.as_micros().min(u128::from(END - 1))).unwrap_or_default();
    let utc = DateTime::from_timestamp_micros(micros).unwrap_or_default().naive_utc();
    zone.unwrap_or_else(|| DateTime::<FixedOffset>::default().timezone()).from_utc_datetime(&utc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_clock_shows_is_no_time() {
        assert_eq!(instant(1_u64), Some(Duration::from_micros(1)));
        assert_eq!(instant(END - 1), Some(Duration::from_micros(END - 1)));
        assert_eq!((instant(END), instant(-1_i64), instant(u128::MAX)), (None, None, None));
        assert_eq!(of_seconds(1.5), Some(Duration::from_millis(1500)));
        for seconds in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e12, 1e300] {
            assert_eq!(of_seconds(seconds), None, "{seconds}");
        }
    }

    #[test]
    fn every_point_in_time_has_a_date() {
        let zone = FixedOffset::east_opt(3600);
        let far = DateTime::<chrono::Utc>::MAX_UTC.fixed_offset();
        assert_eq!((of_date(&far), of_date(&date(Duration::MAX, None)).is_some()), (None, true));
        let first = date(Duration::from_secs(1), zone);
        assert_eq!(first.to_rfc3339(), "1970-01-01T01:00:01+01:00");
        for at in [Duration::MAX, Duration::from_micros(END)] {
            for zone in [None, FixedOffset::east_opt(86_399), FixedOffset::west_opt(86_399)] {
                assert!(date(at, zone).to_utc().to_rfc3339().starts_with("9999-12-31"));
            }
        }
    }
}
