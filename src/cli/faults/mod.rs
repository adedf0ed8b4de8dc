//! `--fault`: what is to go wrong on purpose, for the commands that pass traffic on.

mod options;
mod switching;

pub(super) use options::FaultOptions;
