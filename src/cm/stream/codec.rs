//! The bytes of one connection, as a machine without I/O: what comes becomes inputs of a session, and what the session wants
//! becomes bytes.

use super::framing::Outbound;
use super::message::Input;

/// What the bytes of a client come to.
#[derive(Debug, Clone, PartialEq)]
pub enum Received {
    /// This, for the session.
    Input(Input),
    /// These bytes are to be sent back, whatever the session says.
    Reply(Vec<u8>),
    /// The connection is over for the client; when all is written it ends.
    End,
}

/// The bytes of one connection.
pub trait Codec: Send {
    /// Bytes came.
    fn read(&mut self, bytes: &[u8], out: &mut Vec<Received>);

    /// The bytes of what is to be sent.
    fn write(&mut self, outbound: &Outbound, out: &mut Vec<u8>);

    /// Whether nothing has begun to come that is not whole.
    fn is_between(&self) -> bool;
}
