//! `xmppscope run`: scenarios against a connection manager.

mod against;
mod args;
mod captures;
mod command;
mod discovered;
mod list;
mod named;
mod output;
mod results;
mod snapshots;
mod stems;

pub(super) use args::Args;
pub(super) use command::run;
