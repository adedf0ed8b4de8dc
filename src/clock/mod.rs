//! The only place where clocks are read. Everything above works with a [`Duration`](std::time::Duration) since a start.

mod source;
mod words;

pub use source::Clock;
pub use words::words;
