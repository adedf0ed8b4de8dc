//! The options that say how the outcomes of scenarios are reported.

use std::path::PathBuf;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::cli::options::When;
use crate::ui::outcomes::{Format, Show};

/// How outcomes are reported.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Reporting {
    /// Print the traffic of these scenarios
    #[arg(long, value_enum, default_value_t = Show::Failed, help_heading = "Output")]
    pub(in crate::cli) show: Show,
    /// Write a capture of each scenario to this folder, and all outcomes to outcomes.ndjson in it
    ///
    /// `xmppscope report DIR` turns the folder into an HTML page. outcomes.ndjson has the format of --format json;
    /// `capture` is the path of a capture within the folder.
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub(in crate::cli) write: Option<PathBuf>,
    /// Output format; repeatable [default: pretty]
    ///
    /// docs/reference/run.md describes each format.
    #[arg(long, value_enum, help_heading = "Output")]
    pub(in crate::cli) format: Vec<Format>,
    /// Output file of a format: the first --output is for the first --format, and so on
    ///
    /// The last format may have no file; it goes to standard output.
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub(in crate::cli) output: Vec<PathBuf>,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = When::Auto, value_name = "WHEN", help_heading = "Output")]
    pub(in crate::cli) color: When,
}

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            Self::Pretty => ("pretty", "Text for people"),
            Self::Json => ("json", "One JSON object per line, for programs"),
            Self::Junit => ("junit", "JUnit XML, for CI systems"),
            Self::Tap => ("tap", "Test Anything Protocol 14"),
            Self::Github => ("github", "Annotations for GitHub Actions"),
            Self::Markdown => ("markdown", "Tables, for the summary of a CI job"),
        };
        Some(PossibleValue::new(name).help(help))
    }
}

impl ValueEnum for Show {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Failed, Self::All, Self::None]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            Self::Failed => ("failed", "Failed scenarios and warnings, only the relevant part"),
            Self::All => ("all", "All scenarios"),
            Self::None => ("none", "No scenarios"),
        };
        Some(PossibleValue::new(name).help(help))
    }
}
