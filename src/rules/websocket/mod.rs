//! Rules on WebSocket as a carrier of XMPP (RFC 7395): its handshake, frames, messages, and its end.

mod ending;
mod ending_course;
mod ending_cut;
mod ending_frames;
mod ending_left;
mod ending_words;
mod frames;
mod idle;
mod messages;
mod messages_framing;
mod pings;
pub(super) mod view;

pub use ending::Ending;
pub use ending_frames::CloseFrames;
pub use frames::Frames;
pub use messages::Messages;
pub use messages_framing::Framing;
pub use pings::Pongs;
