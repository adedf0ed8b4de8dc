//! Rules on XMPP over WebSocket (RFC 7395, RFC 6455): the handshake, frames, the framing of the stream, the end.

pub(super) mod view;
