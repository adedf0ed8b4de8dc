//! HTTP around BOSH (XEP-0124 §5): the [`Edge`] turns requests into contents and answers into responses and does no
//! I/O; the [`Listener`](serve::Service) moves them over connections.

mod coding;
mod edge;
#[cfg(test)]
mod edge_tests;
mod page;
pub mod serve;
#[cfg(test)]
mod serve_tests;
mod socket;

pub use edge::{Delivery, Edge, Entry, Return, Strict};

/// Where the connection manager is found: `/http-bind` by custom, and `/bosh`, which Openfire and others use.
pub const PATHS: [&str; 2] = ["/http-bind", "/bosh"];
