//! WebSocket without I/O (RFC 6455), both directions, with permessage-deflate (RFC 7692).
//!
//! Three layers, each usable alone (an [`Endpoint`] is all of them for one that keeps the rules): [`Head`] is the beginning of a frame as bytes; a [`Reader`] finds where the frames
//! of one direction begin and end, and keeps nothing but an unfinished head; an [`Assembler`] makes messages of them,
//! unmasked, inflated and bounded. Nothing is refused here that can be framed: unusual bits are facts, which somebody
//! else judges, and everything that a peer must not send can be written with [`Head::write`].

mod assembler;
mod close;
mod deflate;
mod endpoint;
mod frame;
mod handshake;
mod reader;

pub use assembler::{Assembler, Message, Step};
pub use close::Close;
pub use deflate::{Deflate, Deflater, Inflated, Inflater};
pub use endpoint::{Endpoint, Received, Violation, close, deflated, fragments, frame};
pub use frame::{Head, Opcode, mask};
pub use handshake::{accept, is_upgrade};
pub use reader::{Fault, Piece, Reader};

#[cfg(test)]
mod peer_tests;
