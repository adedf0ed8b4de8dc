//! How files are written: never over an input, whole or not at all, by one writer at a time. No other room opens a file
//! to write into it. And how texts are read as a whole: within a bound.

mod error;
mod growing;
mod inputs;
mod pipe;
mod private;
mod socket;
mod text;
mod whole;

pub use error::FileError;
pub use growing::growing;
pub use inputs::Inputs;
pub use private::{create_private, put_private};
pub use socket::{PrivateSocket, listen_private};
pub use text::{LONGEST_TEXT, bounded, text};
pub use whole::{Access, Whole, put, within};
