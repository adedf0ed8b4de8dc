//! The same for WebSocket: the handshake and whatever frame goes out or comes in, with everything that may go wrong.

mod bend;
mod deed;
mod grammar;
mod handshake;
mod place;

pub(super) use bend::Frames;
pub use deed::FrameDeed;
pub(super) use grammar::deeds;
pub(super) use handshake::on_handshake;
pub use place::FramePlace;
