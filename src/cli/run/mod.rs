//! `xmppscope run`: scenarios against a connection manager.

mod against;
mod args;
mod captures;
mod command;
mod discovered;
mod list;
mod named;
mod output;
mod reporting;
mod results;
mod server;
mod snapshots;
mod stems;

pub(super) use args::Args;
pub(super) use command::{Chosen, run};
pub(super) use list::list;
pub(super) use named::Named;
pub(super) use output::Outputs;
pub(super) use reporting::Reporting;
pub(super) use results::{End, Results};
pub(super) use server::Server;
pub(super) use stems::{distinct, stems};
