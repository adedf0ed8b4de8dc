//! Defects of XMPP over WebSocket (RFC 7395) and of WebSocket itself (RFC 6455).

mod all;
mod closing;
mod discovery;
mod errors;
mod fragments;
mod frames;
mod handshake;
mod headers;
mod messages;
mod pings;

pub(super) use all::DEFECTS;
