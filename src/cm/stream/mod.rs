//! Streams that are carried without BOSH (RFC 7395, RFC 6120), in front of the same server: a [`Session`] is the stream of one
//! connection, without I/O; a [`Codec`] makes bytes of what it says. WebSocket and TCP differ in their [`Framing`] alone.

mod codec;
mod conduct;
mod entry;
mod framed;
mod framing;
mod ids;
mod live;
mod message;
pub mod reader;
mod refusal;
mod session;
mod times;

pub use codec::{Codec, Received};
pub use conduct::{Conduct, Conductor};
pub use entry::Entry;
pub use framed::message;
pub use framing::{Framing, Outbound};
pub use ids::Ids;
pub use live::{Ended, Front, live};
pub use message::{Action, Input, Output};
pub use refusal::condition_of;
pub use session::{Security, Served, Session};
