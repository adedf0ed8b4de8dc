//! How traffic is printed.

use chrono::{DateTime, FixedOffset};

use super::styles::Styles;

/// How a printer prints.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools)] // each can be chosen by itself
pub struct Look {
    /// Colours.
    pub styles: Styles,
    /// Columns of the terminal; none for a file, where no line is cut or broken.
    pub width: Option<usize>,
    /// Print the XML below each stanza's line.
    pub xml: bool,
    /// Cut long texts, in XML too, and say how much is left out: what is printed is an excerpt.
    pub brief: bool,
    /// The output is a terminal: lines may be updated.
    pub live: bool,
    /// Say when connections come and go.
    pub verbose: bool,
    /// Wall-clock time at which the trace began.
    pub started: DateTime<FixedOffset>,
}

impl Look {
    /// Without colours, XML, and the width of a terminal.
    pub fn plain(started: DateTime<FixedOffset>) -> Self {
        Self {
            styles: Styles::new(false),
            width: None,
            xml: false,
            brief: false,
            live: false,
            verbose: false,
            started,
        }
    }
}
