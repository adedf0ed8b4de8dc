//! How outcomes are laid out for people.

use chrono::{DateTime, FixedOffset};

use crate::ui::styles::Styles;

/// How outcomes are laid out for people.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Colours.
    pub styles: Styles,
    /// Columns of the terminal; none for a file.
    pub width: Option<usize>,
    /// What is told beside failures.
    pub show: Show,
    /// The time of the day at which each trace began.
    pub started: DateTime<FixedOffset>,
    /// How to run one alone.
    pub again: Again,
}

/// How to run one scenario alone.
#[derive(Debug, Clone)]
pub struct Again {
    /// The command, as in `xmppscope run`.
    pub command: &'static str,
    /// The options of this run.
    pub options: String,
    /// The scenarios are those of the pack that is part of the program: the command finds them without a path.
    pub pack: bool,
}

/// Of which scenarios the traffic is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// Of those that failed, as far as it is about the failure.
    Failed,
    /// Of all.
    All,
    /// Of none.
    None,
}

impl Layout {
    /// Without colours and without end of a line, for a file.
    pub fn plain(started: DateTime<FixedOffset>) -> Self {
        let styles = Styles::default();
        Self {
            styles,
            width: None,
            show: Show::Failed,
            started,
            again: Again { command: "xmppscope run", options: String::new(), pack: false },
        }
    }
}
