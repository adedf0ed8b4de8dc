//! How much of everything there may be in what people write, and in what becomes of it (docs/reference/limits.md). Each limit
//! is far beyond what a sensible file needs, and low enough that no file takes more time or memory than there is.

use std::time::Duration;

/// Bytes of a file.
pub const FILE: u64 = 1 << 20;
/// Bytes of all scenarios of a command, each with the shared files that it uses.
pub const ALL_FILES: u64 = 16 << 20;
/// Files and folders that are looked at to find scenarios.
pub const ENTRIES: usize = 100_000;

/// A length of time.
pub const TIME: Duration = Duration::from_secs(24 * 60 * 60);
/// How exactly times are judged.
pub const TOLERANCE: Duration = Duration::from_secs(60);
/// `wait` of a session, in seconds: an unsigned short (XML Schema of XEP-0124).
pub const WAIT: u64 = 65_535;
/// `hold` of a session: an unsigned byte.
pub const HOLD: u64 = 255;

/// Steps of a file.
pub const STEPS: u64 = 2000;
/// Rows of a sweep.
pub const ROWS: usize = 1000;
/// Shared files that a scenario uses.
pub const USES: usize = 20;
/// Regular expressions of a file.
pub const PATTERNS: u64 = 1000;
/// Bytes that a regular expression may become.
pub const PATTERN: usize = 64 << 10;
/// Actors of a scenario; so many of one name too.
pub const ACTORS: u64 = 1000;
/// Keys of a sequence.
pub const KEYS: u64 = 1000;
/// Chunks of an entity.
pub const CHUNKS: u64 = 1_000_000;
/// Bits of apparent entropy.
pub const BITS: u64 = 10_000;
/// How often steps are repeated.
pub const REPEAT: u64 = 100_000;
/// Operators of an expression: each takes stack.
pub const OPERATORS: usize = 64;
/// Parallel scenarios that a target bears, and its sets of accounts.
pub const JOBS: usize = 1000;

/// Bytes of a text that is made of variables.
pub const TEXT: usize = 64 << 20;
