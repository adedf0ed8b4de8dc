//! A monotonic clock that knows the time of the day.

use std::time::Duration;

use chrono::{DateTime, FixedOffset, Local};
use tokio::time::Instant;

/// A monotonic clock with the wall-clock time at which it was started. On a runtime whose time is paused, it is that
/// runtime's time.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
    wall: DateTime<FixedOffset>,
}

impl Clock {
    /// Starts a clock now, in the local time zone.
    #[allow(clippy::disallowed_methods)] // the one place
    pub fn start() -> Self {
        Self { start: Instant::now(), wall: Local::now().fixed_offset() }
    }

    /// Starts a clock now, at another time of the day: for what is to be the same on every run.
    pub fn start_at(wall: DateTime<FixedOffset>) -> Self {
        Self { wall, ..Self::start() }
    }

    /// Monotonic time since the start, in whole microseconds: no more is kept in a capture, and what is printed
    /// from a capture has to be what was printed live.
    pub fn now(&self) -> Duration {
        Duration::from_micros(self.start.elapsed().as_micros() as u64)
    }

    /// Wall-clock time of the start, with the offset of the local time zone.
    pub fn started(&self) -> DateTime<FixedOffset> {
        self.wall
    }
}
