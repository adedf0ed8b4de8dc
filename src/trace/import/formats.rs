//! The table of formats that can be read. Whatever asks which formats there are, asks here.

use std::io::BufRead;

use super::{access, curl, foreign, har, log, pcap};
use crate::trace::capture::{CaptureError, Events, Preface};
use crate::trace::intake::Intake;

/// By so many of its first bytes a file is recognised.
pub(in crate::trace) const START: usize = 64 << 10;

/// A format of another program.
pub(in crate::trace) struct Format {
    /// What people call it.
    pub name: &'static str,
    /// Whether a file that begins so is of this format.
    is: fn(&[u8]) -> bool,
    /// Reads it.
    pub open: Open,
}

/// Reads a file: what stands before the events, and the events.
type Open = fn(Box<dyn BufRead + Send>, Intake) -> Result<(Preface, Events), CaptureError>;

/// All formats, those that are the easiest to tell first.
const FORMATS: &[Format] = &[
    Format { name: "HTTP Archives (HAR)", is: har::is, open: har::open },
    Format { name: "output of `curl -v`", is: curl::is, open: curl::open },
    Format { name: "packets (pcap and pcapng)", is: pcap::is, open: pcap::open },
    Format { name: "access logs of nginx and Apache", is: access::is, open: access::open },
    Format { name: "logs of clients and servers", is: log::is, open: log::open },
];

/// The format of a file that begins so. An error says what else it seems to be, and what to do; `None`: nothing that is known.
pub(in crate::trace) fn recognise(start: &[u8]) -> Result<Option<&'static Format>, CaptureError> {
    match FORMATS.iter().find(|format| (format.is)(start)) {
        Some(format) => Ok(Some(format)),
        None => foreign::name(start).map_or(Ok(None), |words| Err(CaptureError::Foreign(words))),
    }
}

/// What can be read beside captures, as a list in words.
pub(in crate::trace) fn readable() -> String {
    FORMATS.iter().map(|format| format.name).collect::<Vec<_>>().join(", ")
}
