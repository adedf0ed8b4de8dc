//! A client of BOSH (XEP-0124 and XEP-0206 from the client's side), as a machine without I/O: the [`Session`] says when
//! which request goes out, and with which content.

mod action;
mod body;
mod granting;
mod session;
#[cfg(test)]
mod session_tests;
mod terms;

pub use action::{Action, End, Request};
pub use body::{body, to_xml};
pub use session::{NoPause, Session};
pub use terms::{Terms, first_rid};
