//! Stream management (XEP-0198), and the login that can have it inlined: SASL2 (XEP-0388) and Bind 2 (XEP-0386).
//!
//! - `counts`: the two counts of stanzas, and where they part;
//! - `requests`: `<r/>` and its answer;
//! - `enabling`: `<enable/>` and its answer;
//! - `resuming`: `<resume/>`, its answer, and what the client does then; `former`: what is remembered of sessions that
//!   may be resumed; `resumed`: what follows a resumption;
//! - `resending`: stanzas that are due again after a resumption;
//! - `unacked`: stanzas that nobody had acknowledged when the connection ended;
//! - `sasl2`, `bind2`: the login.
//!
//! All of them look at connections that carry a stream; what comes on a connection that another one has replaced is
//! left out, except in `resumed`, which waits for its end.

mod bind2;
mod counts;
mod enabling;
mod former;
#[cfg(test)]
mod lawful_tests;
mod requests;
mod resending;
mod resumed;
mod resuming;
mod sasl2;
#[cfg(test)]
pub(super) mod scripts;
mod unacked;
mod view;

pub use bind2::Bind2;
pub use counts::Counts;
pub use enabling::Enabling;
pub use requests::Requests;
pub use resending::Resending;
pub use resumed::Resumed;
pub use resuming::Resuming;
pub use sasl2::Sasl2;
pub use unacked::Unacked;
