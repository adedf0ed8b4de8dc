//! Bytes without policy: the HTTP/1 framing reader, sockets with and without TLS, the tunnel between two of
//! them, and the tap that hands copies of what passes to an observer.

pub mod address;
pub mod authority;
pub mod conversation;
pub mod fault;
pub mod host;
pub mod http1;
pub mod names;
#[cfg(test)]
pub(crate) mod nameserver;
pub mod presented;
pub mod protocol;
pub mod resolve;
pub mod secured;
mod side;
pub mod socket;
pub mod stream;
pub mod tap;
pub mod tls;
pub mod tunnel;
pub mod websocket;

pub use side::Side;
