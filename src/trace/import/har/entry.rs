//! An entry of an archive, as it is written: of its fields those that are of use.

use std::time::Duration;

use chrono::{DateTime, FixedOffset, NaiveDateTime};
use serde::Deserialize;

use super::fields::{List, Object, Scalar};
use crate::trace::import::instant::{of_date, of_seconds};

/// A request and its response, without messages of WebSocket.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) connection: Scalar,
    pub(super) kind: Scalar,
    pub(super) error: Scalar,
    pub(super) started: Scalar,
    pub(super) time: Scalar,
    pub(super) request: Request,
    pub(super) response: Response,
    pub(super) timings: Timings,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Request {
    pub(super) method: Scalar,
    pub(super) url: Scalar,
    pub(super) http_version: Scalar,
    pub(super) headers: List<Pair>,
    pub(super) body_size: Scalar,
    pub(super) post_data: Object<PostData>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PostData {
    pub(super) text: Scalar,
    pub(super) encoding: Scalar,
    #[serde(rename = "_encoding")]
    pub(super) own_encoding: Scalar,
    pub(super) params: List<Pair>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Response {
    pub(super) status: Scalar,
    pub(super) status_text: Scalar,
    pub(super) http_version: Scalar,
    pub(super) headers: List<Pair>,
    pub(super) body_size: Scalar,
    pub(super) content: Object<Content>,
    #[serde(rename = "_error")]
    pub(super) error: Scalar,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Content {
    pub(super) size: Scalar,
    pub(super) mime_type: Scalar,
    pub(super) text: Scalar,
    pub(super) encoding: Scalar,
}

/// A header line, or a parameter.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Pair {
    pub(super) name: Scalar,
    pub(super) value: Scalar,
}

/// Durations in milliseconds, -1 for what does not apply. `ssl` is a part of `connect`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Timings {
    pub(super) blocked: Scalar,
    pub(super) dns: Scalar,
    pub(super) connect: Scalar,
    pub(super) send: Scalar,
    pub(super) wait: Scalar,
    pub(super) receive: Scalar,
}

/// A message of WebSocket.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message {
    #[serde(rename = "type")]
    pub(super) direction: Scalar,
    pub(super) time: Scalar,
    pub(super) opcode: Scalar,
    pub(super) data: Scalar,
}

/// Longer than any exchange takes, so that sums of times stay in range.
const LONGEST: f64 = 1e12;

/// A larger number is of milliseconds since 1970.
const SECONDS: f64 = 1e11;

/// So many milliseconds; nothing for what does not apply.
pub(super) fn millis(time: &Scalar) -> Duration {
    let time = time.number().unwrap_or_default();
    Duration::from_micros((time.clamp(0.0, LONGEST) * 1000.0).round() as u64)
}

/// A point in time, since 1970, and its time zone: a date, or a number of seconds or milliseconds.
pub(super) fn moment(time: &Scalar) -> Option<(Duration, Option<FixedOffset>)> {
    if let Some(date) = date(time.as_text().trim()) {
        return Some((of_date(&date)?, Some(*date.offset())));
    }
    let number = time.number()?;
    let seconds = if number > SECONDS { number / 1000.0 } else { number };
    Some((of_seconds(seconds)?, None))
}

fn date(text: &str) -> Option<DateTime<FixedOffset>> {
    let date = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"))
        .or_else(|_| {
            NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f")
                .map(|at| at.and_utc().into())
        });
    date.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_programs_write_them() {
        let of = |time: Scalar| moment(&time).map(|(at, _)| at.as_millis());
        let text = |text: &str| of(Scalar::Text(text.to_owned()));
        for date in [
            "2026-03-01T11:00:00.100Z",
            "2026-03-01T12:00:00.100+01:00",
            "2026-03-01T12:00:00.100+0100",
            "2026-03-01T11:00:00.100000+00:00",
            "2026-03-01T11:00:00.100",
            "1772362800100",
        ] {
            assert_eq!(text(date), Some(1_772_362_800_100), "{date}");
        }
        for date in [
            "",
            "today",
            "1926-03-01T11:00:00Z",
            "0000-01-01T00:00:00Z",
            "+99999-01-01T00:00:00Z",
            "+262142-12-31T23:59:59.999+0000",
            "-262143-01-01T00:00:00.000+0000",
            "99999999999999999999999999999999",
            "NaN",
        ] {
            assert_eq!(text(date), None, "{date}");
        }
        let number = |number| of(Scalar::Number(number));
        assert_eq!(number(1_772_362_800.2), Some(1_772_362_800_200));
        assert_eq!(number(1_772_362_800_200.0), Some(1_772_362_800_200));
        assert_eq!((number(f64::NAN), number(-1.0), number(1e300)), (None, None, None));
        assert_eq!(of(Scalar::None), None);
        assert_eq!(millis(&Scalar::Number(-1.0)), Duration::ZERO);
        assert_eq!(millis(&Scalar::Text("1.5".to_owned())), Duration::from_micros(1500));
    }
}
