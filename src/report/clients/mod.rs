//! `xmppscope generate clients`: which requirements each client meets, as a document in Markdown. It is made from the outcomes
//! of `client run --format json`, several runs of a client beside each other, and holds no times, ports or names of sessions.

mod cell;
mod markdown;
mod outcomes;
mod pages;
mod table;
#[cfg(test)]
mod tests;

pub use markdown::write_clients;
pub use outcomes::{NotOutcomes, Tested};
pub use pages::DeviationPage;
pub use table::ClientTable;
