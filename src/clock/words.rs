//! Durations in words.

use std::time::Duration;

/// A duration as people read it, rounded: `0.4 ms`, `180 ms`, `66.1 s`, `12 min 5 s`, `3 h 20 min`.
pub fn words(duration: Duration) -> String {
    let micros = duration.as_micros();
    let millis = (micros + 500) / 1000;
    let seconds = (millis + 500) / 1000;
    if micros < 9_950 {
        tenths((micros + 50) / 100, "ms")
    } else if millis < 1000 {
        format!("{millis} ms")
    } else if micros < 599_950_000 {
        tenths((micros + 50_000) / 100_000, "s")
    } else if seconds < 7200 {
        parts(seconds / 60, "min", seconds % 60, "s")
    } else {
        parts(seconds / 3600, "h", seconds % 3600 / 60, "min")
    }
}

fn tenths(number: u128, unit: &str) -> String {
    format!("{}.{} {unit}", number / 10, number % 10)
}

fn parts(large: u128, unit: &str, small: u128, small_unit: &str) -> String {
    match small {
        0 => format!("{large} {unit}"),
        _ => format!("{large} {unit} {small} {small_unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short_and_never_read_1000_ms_or_60_min() {
        for (micros, text) in [
            (0, "0.0 ms"),
            (420, "0.4 ms"),
            (9_940, "9.9 ms"),
            (9_960, "10 ms"),
            (180_000, "180 ms"),
            (999_400, "999 ms"),
            (999_600, "1.0 s"),
            (66_060_000, "66.1 s"),
            (599_940_000, "599.9 s"),
            (599_990_000, "10 min"),
            (725_000_000, "12 min 5 s"),
            (7_200_000_000, "2 h"),
            (12_000_000_000, "3 h 20 min"),
        ] {
            assert_eq!(words(Duration::from_micros(micros)), text, "{micros}");
        }
    }
}
