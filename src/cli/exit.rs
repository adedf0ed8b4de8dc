//! Exit codes, the same for every command.

/// All held.
pub const OK: u8 = 0;
/// An assertion or snapshot differs.
pub const DIFFERS: u8 = 1;
/// Wrong usage, or a file that cannot be understood.
pub const USAGE: u8 = 2;
/// The target or the environment failed.
pub const ENVIRONMENT: u8 = 3;
/// Interrupted.
pub const INTERRUPTED: u8 = 130;
