//! Rules on WebSocket as a carrier of XMPP (RFC 7395): its handshake, frames, messages, and its end.

mod after;
mod asked;
mod client_port;
mod ending;
mod ending_course;
mod ending_cut;
mod ending_frames;
mod ending_left;
mod ending_words;
mod frames;
mod handshake;
mod host_meta;
mod messages;
mod messages_framing;
mod pings;
mod refused;
mod refused_by;
#[cfg(test)]
pub(super) mod scripts;
mod switched;
pub(super) mod view;

pub use after::AfterHandshake;
pub use client_port::ClientPort;
pub use ending::Ending;
pub use ending_frames::CloseFrames;
pub use frames::Frames;
pub use handshake::Handshake;
pub use host_meta::{HostMeta, Link, links};
pub use messages::Messages;
pub use messages_framing::Framing;
pub use pings::Pongs;
