//! Files of other programs, read as if they were captures. Each format is a file here that knows two things: whether a
//! file is of its kind, by the first bytes and never by the name, and how it becomes events in order of time. What passes
//! goes through [`Intake`](super::intake::Intake), which hides secrets. What a format cannot know is not invented, but named in the
//! [`Source`](super::source::Source), so that nothing is found that rests on it.

mod access;
mod curl;
mod foreign;
mod formats;
mod har;
mod instant;
mod lanes;
mod log;
mod paths;
mod pcap;
mod sorter;

pub(super) use formats::{START, readable, recognise};
