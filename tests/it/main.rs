//! Integration tests.
#![allow(clippy::unwrap_used)] // in a test a panic is the report
#![allow(clippy::print_stderr)] // what a failed peer said belongs on stderr
#![allow(clippy::disallowed_methods)] // tests measure real time and read the environment

mod architecture;
mod cm;
mod documents;
mod help;
mod hostile;
mod peers;
mod peers_bed;
mod prosody;
mod proxy;
mod rig;
mod scenario;
