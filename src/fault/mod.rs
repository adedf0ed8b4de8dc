//! Faults on purpose: a small language that says when what is to go wrong (`WHEN: WHAT`), and a machine that does it to the
//! messages of a connection. Described for users in `docs/reference/faults.md`.
//!
//! [`Fault`] is one line of the language. [`Faults`] are those in force, for any number of connections; they can be changed
//! while connections are open. A [`Course`] is one connection: bytes of both sides go in, and what is to be written to each
//! side, and when, comes out. It does no I/O; `proxy` has the sockets.

mod answer;
mod apply;
mod command;
mod condition;
mod control;
mod course;
#[cfg(test)]
mod course_tests;
mod draft;
mod engine;
mod file;
mod lane;
mod page;
mod read;
mod read_what;
mod source;
mod specification;
mod unit;
mod what;
mod words;

pub use command::{Reply, obey};
pub use control::Faults;
pub use course::Course;
pub use engine::Change;
pub use file::read_file;
pub use lane::Next;
pub use specification::Fault;
