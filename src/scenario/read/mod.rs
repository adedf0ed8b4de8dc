//! From YAML to the model. Every mistake is noted with its place, and reading goes on with what can be understood, so
//! that a file is told all its mistakes at once.

mod client;
mod content;
mod expectations;
mod fields;
mod file;
mod head;
mod reader;
mod requests;
mod sessions;
pub(super) mod settings;
mod steps;
mod streams;
pub(super) mod target;
mod values;

pub(super) use client::{CLIENT_KINDS, SERVER_ACTS};
pub(super) use expectations::{LEVEL, NO_ANSWER, TERMINAL};
pub(super) use file::{File, FileKind, Said, read};
pub(super) use head::PROVISIONS;
pub(super) use requests::{ENCODING, END};
pub(super) use sessions::{CONNECTIONS, HTTP, OPENED, TERMS, VIA};
pub(super) use steps::{ACTION, KINDS};
pub(super) use streams::{EXTENDED, OPCODE, RESERVED, STATUS};
