//! Why a client does not connect: what one would do by hand with `curl`, `dig` and `openssl`, all of it and at once.
//!
//! ```text
//! examine     what is done, in which order and what side by side
//!   checks      discovery, and the checks of an endpoint
//!   refused     what it means when an answer is not the one that was hoped for
//!   talk        connections of ours: HTTP, WebSocket, TCP, a session of BOSH
//!   reach       names, addresses, TLS
//! problems    from outcomes to what is broken, by its cause, in the order in which to mend it
//!   remedy      what to change, as data
//! ```
//!
//! A check talks over a line, which records what passes as any observer would, so that the
//! [rules](crate::rules) explain what is wrong as they do for traffic of others. It then says its [`Outcome`]s through the context.
//! Every check is one that a careful client could have made: nothing here loads a server.

mod certificate;
mod check;
mod checks;
mod context;
mod endpoint;
mod examine;
mod problems;
mod reach;
mod refused;
mod remedy;
mod settings;
mod talk;
mod trouble;

pub use check::{Check, News, Outcome, Verdict};
pub use endpoint::{Carrier, Endpoint};
pub use examine::{discover, endpoint_of, examine, plan};
pub use problems::{Difference, Overall, Problem, Report};
pub use settings::{Account, Settings, Subject};
