//! `xmppscope generate`: files that other programs use.

use clap::ValueEnum;

use super::Failure;
use super::options::print;
use crate::scenario::schema;

/// Print files for other programs
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  xmppscope generate schema >scenario.schema.json

Exit status:
  0  it was printed
  2  wrong usage
  3  it cannot be written")]
pub(super) struct Args {
    /// What to print
    #[arg(value_enum)]
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// The JSON Schema of scenarios, for editors
    Schema,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    match args.what {
        What::Schema => print(format!("{:#}\n", schema()).as_bytes()),
    }
}
