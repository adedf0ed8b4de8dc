//! `xmppscope client`: tests of clients.

mod args;
mod command;

pub(super) use args::Args;
pub(super) use command::run;
