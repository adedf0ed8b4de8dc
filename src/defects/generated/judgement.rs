//! Generated defects that no scenario has to notice, and why.

use super::generated::Generated;

/// Why a defect need not be noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A connection manager may behave so; with the section.
    Lawful(&'static str),
    /// It changes nothing that a client could see.
    Unseen(&'static str),
}

/// Why this one need not be noticed, if there is a reason.
pub fn reason(_generated: &Generated) -> Option<Reason> {
    None
}
