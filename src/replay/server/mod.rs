//! The server's side of a recording, for a client that has trouble with it.
//!
//! ```text
//! scenes   what the server of each recorded session said, and after which acts of its client
//! kinds    what a client's act is, to tell whether it is the one that was recorded
//! stage    decides what is answered, and when: a machine without I/O
//! serve    connections of clients for it
//! ```

mod kinds;
mod reply;
mod scenes;
mod serve;
mod stage;
#[cfg(test)]
mod tests;

pub use scenes::Scenes;
pub use serve::{Front, Service};
pub use stage::Stage;
