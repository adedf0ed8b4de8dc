//! Tests of clients: the reference connection manager acts as a scenario says, and what the client does is judged by what is
//! on the wire.
//!
//! Each trial has a `server` of its own with an account of its own, and a client process (`process`) that the tested
//! command starts, or a client that a person starts. All that passes is watched (`watch`) as the proxy watches it: a step
//! looks for something in that trace, and the rules of the proxy say which requirements the client has broken. What the
//! server does by itself is put between it and the connection manager (`stage`).

mod before;
mod bench;
mod check;
mod command;
mod contact;
mod events;
mod looks;
mod mutants;
mod page;
mod process;
mod prove;
mod reference;
mod rules;
mod run;
mod said;
mod schedule;
mod server;
mod stage;
mod stage_peer;
mod stage_tls;
mod state;
mod steps;
mod tls;
mod watch;

pub use bench::Bench;
pub use check::check;
pub use command::Client;
pub use contact::{Contact, Tried, Unusable};
pub use mutants::{MUTANTS, Mutant};
pub use prove::{ClientProof, UNPROVABLE, prove_clients};
pub use reference::{News, Order, SocketUser, User, Way};
pub use run::try_client;
pub use schedule::run_all_clients;
pub use tls::Trust;
