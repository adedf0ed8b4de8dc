//! What follows from the events alone: which request a response answers, which session both are part of, what was
//! asked and granted, who is logged in. Nothing is judged here.
//!
//! Each part of the story has a file. [`Story`] gives every event to those that it concerns:
//!
//! - `exchanges`: HTTP, which response belongs to which request of a connection;
//! - `bosh`: what XEP-0124 asks and grants, which requests are open;
//! - `streams`: what the XML stream says, whatever carries it; `questions`: which iq answers which;
//! - `sessions`: all sessions of the trace. They are found by what the protocol names, a `sid`, never by their
//!   connection: a reload, another socket or a request sent again stay one story.

mod bosh;
mod exchange;
mod exchanges;
mod follow;
mod id;
mod message;
mod questions;
mod session;
mod sessions;
mod streams;

pub use bosh::BoshLink;
pub use exchange::{BoshRequest, Exchange};
pub use follow::Story;
pub use id::SessionId;
pub use message::{Effect, Message};
pub use session::{Link, Session};
pub use streams::Stream;
