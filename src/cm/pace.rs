//! How slow a client may be: what it has begun to send, or to read, has half a minute, and a second more for each KiB of it.

use std::time::Duration;

use tokio::time::Instant;

/// How long anything may take. It is what the head of a request has too.
pub(in crate::cm) const TIME: Duration = Duration::from_secs(30);
/// Bytes that earn a second more.
const RATE: u64 = 1024;

/// Something that is under way.
#[derive(Debug, Clone, Copy)]
pub(in crate::cm) struct Pace {
    since: Instant,
    bytes: u64,
}

impl Pace {
    /// It begins now.
    pub(in crate::cm) fn begin() -> Self {
        Self { since: Instant::now(), bytes: 0 }
    }

    /// So many bytes of it have come, or have gone.
    pub(in crate::cm) fn passed(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    /// When it has to be done, unless more passes until then.
    pub(in crate::cm) fn due(&self) -> Instant {
        self.since + TIME + Duration::from_secs(self.bytes / RATE)
    }
}
