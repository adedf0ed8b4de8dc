//! A client of BOSH (XEP-0124 and XEP-0206 from the client's side), as a machine without I/O.
//!
//! ```text
//! Session   decides: when which request goes out, what is sent again, whose response is taken
//!   Book    keeps book: rids, keys, what was asked for and granted; drafts the next request
//!     Rids  Keys  Grant
//!   Window  the requests that wait for a response      Wishes  what waits to be sent
//! Wrapper   a <body/> before it is text                Terms   what a session is asked for with
//! ```
//!
//! There is one client for two uses. The demo's users, and actors of a scenario that poll, have an *automatic* session: it
//! opens itself, keeps a request open, polls, restarts and repeats. A scenario that spells its requests out has a *manual*
//! one: it drafts a request as the next one would be ([`Book::draft`]), overrides any part of it ([`Wrapper::set`]), says
//! which rid was used ([`Book::mark_used`]) and hands over responses as it wants them taken ([`Book::receive`]). A manual
//! session can become automatic ([`Session::automate`]); rids and keys go on where they are.
//!
//! Nothing here knows HTTP or sockets: a request is its `<body/>`, and a response is a status with its content.

mod action;
mod book;
mod grant;
mod keys;
mod rids;
mod session;
#[cfg(test)]
mod session_tests;
mod terms;
mod window;
mod wishes;
mod wrapper;

pub use action::{Action, End, Request};
pub use book::Book;
pub use grant::Grant;
pub use keys::Keys;
pub use rids::Rids;
pub use session::{NoPause, Session};
pub use terms::{Terms, first_rid};
pub use wrapper::{Wrapper, content};
