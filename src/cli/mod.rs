//! The command line: one file per command. Only here the environment is read, output is opened and exit codes are
//! chosen.

mod capture;
mod check;
mod ci;
mod client;
mod cm;
mod command;
mod console;
mod convert;
mod defects;
mod demo;
mod diff;
mod doctor;
pub mod exit;
mod failure;
mod faults;
mod generate;
mod interrupt;
mod kept;
mod lane;
mod mistakes;
mod observe;
mod options;
mod progress;
mod prove;
mod proxy;
mod record;
mod replay;
mod report;
mod run;
mod scenarios;
mod settings;
mod show;
mod shrink;
mod snapshot;
mod spec;
mod survey;
mod watch;

pub use command::main;
pub use failure::Failure;
