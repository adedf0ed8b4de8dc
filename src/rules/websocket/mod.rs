//! Rules on WebSocket as a carrier of XMPP (RFC 7395): its handshake, frames, messages, and its end.

mod after;
mod asked;
mod client_port;
mod handshake;
mod host_meta;
pub(crate) mod idle;
mod page;
mod refused;
mod refused_by;
mod switched;
pub(super) mod view;

pub use after::AfterHandshake;
pub use client_port::{ClientPort, is_stream};
pub use handshake::Handshake;
pub use host_meta::HostMeta;
