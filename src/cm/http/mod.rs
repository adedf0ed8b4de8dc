//! HTTP around BOSH (XEP-0124 §5): the [`Edge`] turns requests into contents and answers into responses and does no
//! I/O; the [`Listener`](serve::Service) moves them over connections.

mod coding;
mod count;
mod edge;
#[cfg(test)]
mod edge_tests;
mod pace;
mod page;
pub mod serve;
#[cfg(test)]
mod serve_tests;
mod socket;
mod upgrade;

pub use edge::{Delivery, Edge, Entry, PATHS, Return, Strict};
