//! What follows from the events alone: which request a response answers, which session both are part of, what was
//! asked and granted, who is logged in. Nothing is judged here.
//!
//! Each part of the story has a file. [`Story`] gives every event to those that it concerns:
//!
//! - `exchanges`: HTTP, which response belongs to which request of a connection;
//! - `bosh`: what XEP-0124 asks and grants, which requests are open;
//! - `carriers`: WebSocket and TCP, where a connection carries a stream; `lines`: which connection carries which;
//! - `streams`: what the XML stream says, whatever carries it; `header`: what opens one; `questions`: which iq answers
//!   which; `management`: the counts of XEP-0198;
//! - `sessions`: all sessions of the trace. They are found by what the protocol names: a `sid`, or the connection, and
//!   the `previd` of a resumption. A reload, another socket or a request sent again stay one story.

mod bosh;
mod carriers;
mod exchange;
mod exchanges;
mod follow;
mod id;
mod lines;
mod management;
mod message;
mod questions;
mod session;
mod sessions;
mod streams;

pub use bosh::BoshLink;
pub use carriers::{CloseFrame, Line, TcpLink, WebSocketLink};
pub use exchange::{BoshRequest, Exchange, Upgrade};
pub use follow::Story;
pub use id::SessionId;
pub use management::{Ack, Count, Management, Sent, Step};
pub use message::{Effect, Message};
pub use session::{Link, Session};
pub use streams::Stream;
