//! Rules on WebSocket as a carrier of XMPP (RFC 7395): its handshake, frames, messages, and its end.

pub(crate) mod idle;
pub(super) mod view;
