//! A BOSH client as machines without I/O (XEP-0124 and XEP-0206 from the client's side): the [`Login`] says what to send
//! to get from stream features to a bound resource, the [`Session`] when which request goes out, and with which content.
//!
//! Neither knows the other: whoever drives them hands over what came, and feeds what one of them says to the other.

mod action;
mod body;
mod granting;
mod login;
#[cfg(test)]
mod login_tests;
mod scram;
mod session;
#[cfg(test)]
mod session_tests;
mod terms;

pub use action::{Action, End, Request};
pub use body::{body, to_xml};
pub use login::{Login, Mechanism, Step, Who};
pub use session::{NoPause, Session};
pub use terms::{Terms, first_rid};
