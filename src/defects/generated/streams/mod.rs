//! The same for streams that are carried without BOSH: whatever goes out or comes in, with everything that may go wrong.

mod bend;
mod deed;
mod grammar;
mod place;

pub(super) use bend::Streams;
pub use deed::StreamDeed;
pub(super) use grammar::deeds;
pub use place::StreamPlace;
