//! `xmppscope run`: scenarios against a connection manager.

mod against;
mod args;
mod captures;
mod command;
mod list;
mod output;
mod reporting;
mod results;
mod snapshots;
mod stems;

pub(super) use against::{dial, target};
pub(super) use args::Args;
pub(super) use command::{expression, run};
pub(super) use list::list;
pub(super) use output::Outputs;
pub(super) use reporting::Reporting;
pub(super) use results::{End, Results};
pub(super) use stems::{distinct, stems};
