//! Times as logs write them: with a date, with a date but no year, or the time of day alone.

use std::ops::Range;

use chrono::NaiveDate;

/// When a line was written, as far as it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// The day.
    pub day: Day,
    /// Microseconds of that day.
    pub micros: i64,
    /// Seconds east of Greenwich.
    pub offset: Option<i32>,
    /// It has fractions of a second.
    pub fine: bool,
}

/// The day of a stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Day {
    /// A date.
    Date(NaiveDate),
    /// Month and day, from 1.
    NoYear(u32, u32),
    /// None.
    Unknown,
}

/// A line has its time within this many bytes.
const FAR: usize = 160;

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// The first stamp of a line, and where it stands.
pub(super) fn find(text: &[u8]) -> Option<(Range<usize>, Stamp)> {
    let text = &text[..text.len().min(FAR)];
    if let Some(found) = since(text) {
        return Some(found);
    }
    (0..text.len()).find_map(|at| {
        let before = at.checked_sub(1).map(|before| text[before]);
        if !text[at].is_ascii_digit() || before.is_some_and(is_word) {
            return None;
        }
        dated(text, at).or_else(|| timed(text, at).filter(|_| before != Some(b':')))
    })
}

/// Seconds since some beginning, with thousandths, in front of a line.
fn since(text: &[u8]) -> Option<(Range<usize>, Stamp)> {
    let start = text.iter().take_while(|byte| b" \t[".contains(byte)).count();
    let mut scan = Scan { text, at: start };
    let seconds = scan.number(1, 5).filter(|seconds| *seconds < 86_400)?;
    scan.any(b".")?;
    let before = scan.at;
    let fraction = scan.number(3, 6)?;
    let micros = fraction * 10_i64.pow(6 - u32::try_from(scan.at - before).ok()?);
    scan.peek().filter(|byte| b" \t]".contains(byte))?;
    let micros = seconds * 1_000_000 + micros;
    Some((start..scan.at, Stamp { day: Day::Unknown, micros, offset: None, fine: true }))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_')
}

/// `2026-03-01T12:00:00.101Z` and its kin; milliseconds since 1970.
fn dated(text: &[u8], at: usize) -> Option<(Range<usize>, Stamp)> {
    let mut scan = Scan { text, at };
    if let Some(millis) = scan.number(13, 13) {
        let (days, micros) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000) * 1000);
        let day = NaiveDate::from_ymd_opt(1970, 1, 1)?
            .checked_add_days(chrono::Days::new(u64::try_from(days).ok()?))?;
        let stamp = Stamp { day: Day::Date(day), micros, offset: Some(0), fine: true };
        return (!scan.peek().is_some_and(is_word)).then_some((at..scan.at, stamp));
    }
    let year = scan.number(4, 4)?;
    let separator = scan.any(b"-/.")?;
    let month = scan.number(2, 2)?;
    scan.any(&[separator])?;
    let day = scan.number(2, 2)?;
    scan.any(b"T _:")?;
    let (micros, fine) = scan.time()?;
    let offset = scan.offset();
    let day = date(year, month, day)?;
    Some((at..scan.at, Stamp { day: Day::Date(day), micros, offset, fine }))
}

/// `12:00:00.101`, perhaps behind `Nov 29` or `29 Nov 2026`, perhaps in front of a year.
fn timed(text: &[u8], at: usize) -> Option<(Range<usize>, Stamp)> {
    let mut scan = Scan { text, at };
    let (micros, fine) = scan.time()?;
    let (mut start, mut day) = (at, Day::Unknown);
    if let Some((from, month, of_month, year)) = before(&text[..at]) {
        start = from;
        let year = year.or_else(|| {
            let mut behind = Scan { text, at: scan.at };
            behind.any(b" ")?;
            let year = behind.number(4, 4).filter(|year| (1990..2100).contains(year))?;
            scan.at = behind.at;
            Some(year)
        });
        day = match year {
            Some(year) => Day::Date(date(year, i64::from(month), of_month)?),
            None => Day::NoYear(month, u32::try_from(of_month).ok()?),
        };
    }
    let offset = scan.offset();
    Some((start..scan.at, Stamp { day, micros, offset, fine }))
}

/// A date with the name of its month that ends here: where it begins, month, day and year.
fn before(text: &[u8]) -> Option<(usize, u32, i64, Option<i64>)> {
    let text = std::str::from_utf8(text).ok()?;
    let mut words = text.rsplitn(5, [' ', ',']).filter(|word| !word.is_empty());
    let mut next = || words.next().map(|word| (offset_in(text, word), word));
    let (mut at, mut word) = next()?;
    let mut year = None;
    if word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit()) {
        year = word.parse().ok();
        (at, word) = next()?;
    }
    let (other_at, other) = next()?;
    let (month, day) = match (month(other), month(word)) {
        (Some(month), None) => (month, word),
        (None, Some(month)) => (month, other),
        _ => return None,
    };
    let day = day.parse().ok().filter(|day| (1..=31).contains(day))?;
    Some((at.min(other_at), month, day, year))
}

fn offset_in(text: &str, word: &str) -> usize {
    word.as_ptr() as usize - text.as_ptr() as usize
}

fn month(word: &str) -> Option<u32> {
    let start = word.get(..3)?.to_ascii_lowercase();
    let found = MONTHS.iter().position(|month| *month == start)?;
    u32::try_from(found + 1).ok()
}

fn date(year: i64, month: i64, day: i64) -> Option<NaiveDate> {
    let (year, month, day) = (year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?);
    NaiveDate::from_ymd_opt(year, month, day)
}

/// Reads on from a place.
struct Scan<'a> {
    text: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn any(&mut self, bytes: &[u8]) -> Option<u8> {
        let byte = self.peek().filter(|byte| bytes.contains(byte))?;
        self.at += 1;
        Some(byte)
    }

    /// A number of so many digits.
    fn number(&mut self, least: usize, most: usize) -> Option<i64> {
        let digits = self.text[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = std::str::from_utf8(&self.text[self.at..self.at + digits]).ok();
        let number = number.filter(|_| (least..=most).contains(&digits))?.parse().ok()?;
        self.at += digits;
        Some(number)
    }

    /// A time of day in microseconds, and whether it has fractions.
    fn time(&mut self) -> Option<(i64, bool)> {
        let mut hour = self.number(1, 2)?;
        self.any(b":")?;
        let minute = self.number(2, 2).filter(|minute| *minute < 60)?;
        self.any(b":")?;
        let second = self.number(2, 2).filter(|second| *second < 61)?;
        let before = self.at;
        let fraction = self.any(b".,").and_then(|_| {
            let start = self.at;
            let fraction = self.number(1, 9)?;
            let digits = u32::try_from(self.at - start).ok()?;
            Some(fraction * 1_000_000_000 / 10_i64.pow(digits) / 1000)
        });
        if fraction.is_none() {
            self.at = before;
        }
        let half = self.text[self.at..].trim_ascii_start().get(..2).map(<[u8]>::to_ascii_lowercase);
        match half.as_deref() {
            Some(b"pm") if hour < 12 => hour += 12,
            Some(b"am") if hour == 12 => hour = 0,
            _ => {}
        }
        let seconds = (hour * 60 + minute) * 60 + second.min(59);
        (hour < 24).then_some((seconds * 1_000_000 + fraction.unwrap_or(0), fraction.is_some()))
    }

    /// `Z`, `+01:00` or `+0100`, in seconds.
    fn offset(&mut self) -> Option<i32> {
        let before = self.at;
        let offset = self.sign();
        if offset.is_none() {
            self.at = before;
        }
        offset
    }

    fn sign(&mut self) -> Option<i32> {
        self.any(b" ");
        let sign = match self.any(b"Z+-")? {
            b'Z' => return Some(0),
            b'-' => -1,
            _ => 1,
        };
        let start = self.at;
        let number = self.number(2, 4)?;
        let minutes = match self.at - start {
            4 => number / 100 * 60 + number % 100,
            2 if self.any(b":").is_some() => number * 60 + self.number(2, 2)?,
            _ => return None,
        };
        i32::try_from(minutes * 60).ok().filter(|seconds| *seconds < 86_400).map(|s| s * sign)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_of_programs() {
        let day = |year, month, day| Day::Date(date(year, month, day).unwrap());
        let noon = 43_200_000_000;
        for (line, day, micros, offset) in [
            ("12:00:00.101 SENT <body", Day::Unknown, noon + 101_000, None),
            ("log.js:72  2026-03-01T12:00:00.101Z DEBUG", day(2026, 3, 1), noon + 101_000, Some(0)),
            ("[2012-09-06 12:00:00.918] [DEBUG]", day(2012, 9, 6), noon + 918_000, None),
            ("2026.03.01 12:00:00.500 INFO", day(2026, 3, 1), noon + 500_000, None),
            ("2024-01-02 12:00:00.000001+01:00 [debug]", day(2024, 1, 2), noon + 1, Some(3600)),
            ("when=2024-01-02T12:00:00.000001+00:00 level", day(2024, 1, 2), noon + 1, Some(0)),
            ("Nov 29 12:00:00 c2s55d0 debug", Day::NoYear(11, 29), noon, None),
            ("<!-- Outgoing Sun Nov 29 12:00:00 2026 (a@b) -->", day(2026, 11, 29), noon, None),
            ("<!-- Outgoing So 29 Nov 2026 12:00:00 CET (a@b) -->", day(2026, 11, 29), noon, None),
            ("Nov 29, 2026 12:00:00 PM org.jivesoftware", day(2026, 11, 29), noon, None),
            ("<!-- TS:2026-11-29T12:00:00--><iq", day(2026, 11, 29), noon, None),
            ("09:00:00 PM SENT (0): <a", Day::Unknown, noon + 32_400_000_000, None),
            ("    0.050 C   text  <", Day::Unknown, 50_000, None),
            ("[43200.000001] <iq", Day::Unknown, noon + 1, None),
            ("[1788264000000,\"incoming\"", day(2026, 9, 1), noon, Some(0)),
        ] {
            let (_, stamp) = find(line.as_bytes()).expect(line);
            assert_eq!((stamp.day, stamp.micros, stamp.offset), (day, micros, offset), "{line}");
        }
    }

    #[test]
    fn what_is_no_stamp() {
        for line in [
            "",
            "1",
            "converse.js:48053:17",
            "<0.914.0>@mod_bosh:info:212",
            "25:00:00",
            "2026-13-01",
            "table: 0x0162de60",
            "rid=1573741820",
            "12:61:00",
            "1.0 posting",
            "99999999999999",
        ] {
            assert_eq!(find(line.as_bytes()), None, "{line}");
        }
    }
}
