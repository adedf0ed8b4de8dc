//! From the stamps of a log to times that go forward.

use std::time::Duration;

use chrono::{FixedOffset, NaiveDate};

use super::stamp::{Day, Stamp};
use crate::trace::import::instant::instant;

/// A log without a year is of this one, which has all days.
const SOME_YEAR: i32 = 2000;
const DAY: i64 = 86_400_000_000;
/// Lines of several threads may be out of order by so much.
const DISORDER: Duration = Duration::from_secs(60);

/// The times of a log.
#[derive(Debug, Default)]
pub(super) struct Times {
    /// When the last stamp was written, since 1970.
    last: Option<Duration>,
    offset: i32,
    /// The day of stamps that have none.
    day: i64,
    /// Years after `SOME_YEAR`, and the last month, where stamps have no year.
    years: i32,
    month: u32,
    /// A stamp with fractions of a second was there.
    fine: bool,
    /// A stamp with a whole date was there.
    dated: bool,
}

impl Times {
    /// A line has this stamp.
    pub(super) fn see(&mut self, stamp: &Stamp) {
        self.fine |= stamp.fine;
        let day = match stamp.day {
            Day::Date(date) => {
                self.dated = true;
                self.day = days(date);
                self.day
            }
            Day::NoYear(month, day) => {
                if self.month > month + 6 {
                    self.years += 1;
                }
                self.month = month;
                NaiveDate::from_ymd_opt(SOME_YEAR + self.years, month, day).map_or(self.day, days)
            }
            Day::Unknown => {
                if self.day == 0 {
                    self.day = NaiveDate::from_ymd_opt(SOME_YEAR, 1, 1).map_or(0, days);
                }
                let micros = |last: Duration| i64::try_from(last.as_micros()).unwrap_or_default();
                let before = self.last.map(|last| micros(last) - self.day * DAY);
                // Past midnight.
                if before.is_some_and(|before| stamp.micros < before - DAY / 2) {
                    self.day += 1;
                }
                self.day
            }
        };
        let offset = stamp.offset.unwrap_or(0);
        let Some(at) = instant(day * DAY + stamp.micros - i64::from(offset) * 1_000_000) else {
            return;
        };
        if self.last.is_none() {
            self.offset = offset;
        }
        self.last = Some(match self.last {
            Some(last) if at < last && last.saturating_sub(at) < DISORDER => last,
            _ => at,
        });
    }

    /// When what is read now was written, since 1970; nothing is known before the first stamp.
    pub(super) fn now(&self) -> Duration {
        self.last.unwrap_or_default()
    }

    /// Whether there were any.
    pub(super) fn are_known(&self) -> bool {
        self.last.is_some()
    }

    /// What they lack, as a note.
    pub(super) fn note(&self) -> Option<&'static str> {
        match (self.last, self.fine, self.dated) {
            (None, ..) => Some("the log has no times"),
            (_, false, _) => Some("its times are in whole seconds"),
            (_, true, false) => Some("its times have no date"),
            _ => None,
        }
    }

    /// The time zone of the first stamp.
    pub(super) fn zone(&self) -> Option<FixedOffset> {
        FixedOffset::east_opt(self.offset)
    }
}

fn days(date: NaiveDate) -> i64 {
    date.signed_duration_since(NaiveDate::default()).num_days()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::import::instant::date;
    use crate::trace::import::log::stamp::find;

    #[test]
    fn what_no_clock_shows_does_not_count() {
        assert_eq!(seconds(&["2026-03-01 12:00:00", "1926-03-01 12:00:00"]), [0, 0]);
        assert_eq!(seconds(&["1926-03-01 12:00:00", "0000-01-01 00:00:00"]), [0, 0]);
        let mut times = Times::default();
        times.see(&find(b"1926-03-01 12:00:00").unwrap().1);
        assert!(!times.are_known());
        // A year passes with every second line.
        for _ in 0..10_000 {
            times.see(&find(b"Dec 31 23:59:59").unwrap().1);
            times.see(&find(b"Jan 01 00:00:00").unwrap().1);
        }
        assert!(date(times.now(), None).to_rfc3339().starts_with("9999-12-31"));
    }

    fn seconds(lines: &[&str]) -> Vec<i64> {
        let mut times = Times::default();
        let mut first = None;
        let at = lines.iter().map(|line| {
            times.see(&find(line.as_bytes()).unwrap().1);
            let at = times.now().as_secs().cast_signed();
            at - *first.get_or_insert(at)
        });
        at.collect()
    }

    #[test]
    fn times_go_forward() {
        assert_eq!(seconds(&["12:00:00", "12:01:00", "12:00:59"]), [0, 60, 60]);
        assert_eq!(seconds(&["23:59:59.5", "00:00:01.5"]), [0, 2]);
        assert_eq!(seconds(&["Dec 31 23:59:59", "Jan 01 00:00:01"]), [0, 2]);
        assert_eq!(seconds(&["2026-03-01 12:00:00+01:00", "2026-03-01 11:00:01Z"]), [0, 1]);
        // Two logs in one.
        assert_eq!(seconds(&["2026-03-02 12:00:00", "2026-03-01 12:00:00"]), [0, -86_400]);
    }

    #[test]
    fn the_time_of_day_is_that_of_the_log() {
        let mut times = Times::default();
        assert_eq!(times.note(), Some("the log has no times"));
        times.see(&find(b"2026-03-01T12:00:00.5+01:00").unwrap().1);
        assert_eq!(date(times.now(), times.zone()).to_rfc3339(), "2026-03-01T12:00:00.500+01:00");
        assert_eq!(times.note(), None);
    }
}
