//! HTTP around BOSH (XEP-0124 §5), and in front of a WebSocket: the [`Edge`] turns requests into contents and answers into responses and does no
//! I/O; the [`Listener`](serve::Service) moves them over connections.

pub(in crate::cm) mod carried;
mod coding;
mod content;
mod count;
mod edge;
#[cfg(test)]
mod edge_tests;
mod frames;
mod handshake;
mod host_meta;
mod page;
mod respond;
pub mod serve;
#[cfg(test)]
mod serve_tests;
mod socket;
mod upgrade;

pub use edge::{Delivery, Edge, Entry, PATHS, Return, Strict};
pub use handshake::{PATH as WEBSOCKET, Upgrade};
