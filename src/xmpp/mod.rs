//! XMPP as it is read here: namespaces, addresses, what SCRAM computes, and each stanza in words. No I/O.

mod header;
mod iq;
mod iq_details;
pub mod jid;
mod message;
pub mod ns;
mod presence;
mod pubsub;
pub mod scram;
mod stream;
mod summary;
#[cfg(test)]
mod summary_tests;
mod words;

pub use header::Header;
pub use stream::{begins_login, bound_to_tls, stream_condition};
pub use summary::{Kind, Summary, summarise};
