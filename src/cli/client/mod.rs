//! `xmppscope client`: tests of clients.

mod args;
mod command;
mod prove;

pub(super) use args::Args;
pub(super) use command::run;
