//! The trace: everything observed, as [`Event`]s in order, and what follows from them alone: which request an
//! answer belongs to, which session both are part of. Capture files hold a trace; rules judge it.

mod ahead;
pub mod capture;
mod content;
pub mod event;
pub mod filter;
mod half;
mod import;
pub mod intake;
pub mod open;
pub mod reading;
pub mod record;
pub mod redact;
mod scope;
pub mod source;
pub mod story;
mod written;

pub use content::UNKNOWN_CODING;
pub use event::{
    AppliedFault, Content, Event, Fact, Frame, Headers, How, Part, Raw, Request, Response, Secured,
    Tls,
};
pub use open::open;
pub use reading::{Reading, Stanza};
pub use source::{Source, Unknown};
pub use story::{
    Ack, BoshLink, BoshRequest, CloseFrame, Count, Effect, Exchange, Line, Link, Management,
    Message, Sent, Session, SessionId, Step, Story, Stream, TcpLink, Upgrade, WebSocketLink,
};
