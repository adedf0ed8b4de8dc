//! An entry of an archive, as it is written: of its fields those that are of use.

use std::time::Duration;

use chrono::{DateTime, FixedOffset, NaiveDateTime};
use serde::Deserialize;

use super::fields::{List, Object, Scalar};

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

/// So many milliseconds; nothing for what does not apply.
pub(super) fn millis(time: &Scalar) -> Duration {
    let time = time.number().unwrap_or_default();
    Duration::from_micros((time.clamp(0.0, LONGEST) * 1000.0).round() as u64)
}

/// A point in time, since 1970.
pub(super) fn instant(time: &Scalar) -> Option<(Duration, DateTime<FixedOffset>)> {
    let Scalar::Text(text) = time else { return None };
    let text = text.trim();
    let parsed = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"))
        .or_else(|_| {
            NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f")
                .map(|at| at.and_utc().into())
        });
    let parsed: DateTime<FixedOffset> = parsed.ok()?;
    let micros = u64::try_from(parsed.timestamp_micros()).ok()?;
    Some((Duration::from_micros(micros), parsed))
}

/// The time of a message: seconds since 1970, or milliseconds, or a date.
pub(super) fn moment(time: &Scalar) -> Option<Duration> {
    if let Some((at, _)) = instant(time) {
        return Some(at);
    }
    let number = time.number().filter(|number| *number > 0.0)?;
    let seconds = if number > 1e11 { number / 1000.0 } else { number };
    Some(Duration::from_micros((seconds.min(LONGEST) * 1e6).round() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_programs_write_them() {
        let at = |text: &str| instant(&Scalar::Text(text.to_owned())).map(|(at, _)| at.as_millis());
        for text in [
            "2026-03-01T11:00:00.100Z",
            "2026-03-01T12:00:00.100+01:00",
            "2026-03-01T12:00:00.100+0100",
            "2026-03-01T11:00:00.100000+00:00",
            "2026-03-01T11:00:00.100",
        ] {
            assert_eq!(at(text), Some(1_772_362_800_100), "{text}");
        }
        for text in ["", "today", "1926-03-01T11:00:00Z"] {
            assert_eq!(at(text), None, "{text}");
        }
        let of = |number| moment(&Scalar::Number(number)).map(|at| at.as_millis());
        assert_eq!(of(1_772_362_800.2), Some(1_772_362_800_200));
        assert_eq!(of(1_772_362_800_200.0), Some(1_772_362_800_200));
        assert_eq!((of(f64::NAN), of(-1.0)), (None, None));
        assert_eq!(millis(&Scalar::Number(-1.0)), Duration::ZERO);
        assert_eq!(millis(&Scalar::Text("1.5".to_owned())), Duration::from_micros(1500));
    }
}
