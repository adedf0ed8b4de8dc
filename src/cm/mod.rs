//! The reference connection manager: BOSH (XEP-0124, XEP-0206) as strictly as its text allows.

pub mod backend;
#[cfg(test)]
mod bed;
mod bounce;
#[cfg(test)]
mod flood_tests;
pub mod http;
pub mod keeps;
pub mod machine;
pub mod parts;
pub mod policy;
pub mod reply;
pub mod server;
pub mod session;
pub mod upstream;
pub mod websocket;
