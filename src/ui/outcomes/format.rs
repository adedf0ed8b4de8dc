//! The formats of `xmppscope run`.

use super::github::Github;
use super::json::Json;
use super::junit::Junit;
use super::layout::Layout;
use super::markdown::Markdown;
use super::pretty::Pretty;
use super::tap::Tap;
use super::writer::Writer;

/// A way of writing outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Blocks for people, as scenarios end.
    Pretty,
    /// One JSON object a line.
    Json,
    /// `JUnit`'s XML.
    Junit,
    /// The Test Anything Protocol, version 14.
    Tap,
    /// Commands of GitHub's workflows, which mark the lines of scenarios.
    Github,
    /// A table for the summary of a job.
    Markdown,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Pretty, Self::Json, Self::Junit, Self::Tap, Self::Github, Self::Markdown];

    /// A writer of this format; the layout is that of what people read.
    pub fn writer(self, layout: Layout) -> Box<dyn Writer> {
        match self {
            Self::Pretty => Box::new(Pretty::new(layout)),
            Self::Json => Box::new(Json),
            Self::Junit => Box::new(Junit::default()),
            Self::Tap => Box::new(Tap::default()),
            Self::Github => Box::new(Github::default()),
            Self::Markdown => Box::new(Markdown::default()),
        }
    }

    /// Whether it is written as scenarios end, in whatever order they do. The others are written when the run has finished, in the
    /// order of the scenarios.
    pub fn is_live(self) -> bool {
        self == Self::Pretty
    }
}
