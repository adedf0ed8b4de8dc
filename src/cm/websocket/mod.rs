//! XMPP over WebSocket (RFC 7395) in front of the same server as BOSH: a [`Session`] is one WebSocket, without I/O. It knows no
//! stream management; `xmppscope demo` is its only user so far.

mod session;

pub use session::{Output, Session};
