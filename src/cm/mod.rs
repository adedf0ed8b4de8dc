//! The reference connection manager: BOSH (XEP-0124, XEP-0206) as strictly as its text allows, and the same server over
//! WebSocket (RFC 7395) and TCP (RFC 6120).

pub mod backend;
#[cfg(test)]
mod bed;
mod bounce;
#[cfg(test)]
mod flood_tests;
pub mod http;
pub mod keeps;
pub mod machine;
mod pace;
pub mod parts;
pub mod policy;
pub mod reply;
#[cfg(test)]
mod resumption_tests;
pub mod server;
pub mod session;
pub mod stream;
mod streams;
pub mod tcp;
pub mod tls;
pub mod upstream;
