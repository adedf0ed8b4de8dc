//! Why a client does not connect: what one would do by hand with `curl`, `dig` and `openssl`, all of it and at once.
//!
//! ```text
//! examine     what is done, in which order and what side by side
//!   discovery   from a domain to endpoints: host-meta, SRV, usual paths
//!   reach       names, addresses, TLS
//!   http  bosh  websocket  tcp  login      the checks of an endpoint, a file for each family
//! problems    from outcomes to what is broken, by its cause, in the order in which to mend it
//! ```
//!
//! A check talks over a [`Line`](line::Line), which records what passes as any observer would, so that the
//! [rules](crate::rules) explain what is wrong as they do for traffic of others. It then says its [`Outcome`]s through the [`Context`].
//! Every check is one that a careful client could have made: nothing here loads a server.

mod bosh;
mod bosh_held;
mod bosh_lasting;
mod certificate;
mod check;
mod context;
mod cors;
mod discovery;
mod endpoint;
mod examine;
mod http;
mod line;
mod login;
mod names;
mod problems;
mod reach;
mod refused;
mod remedy;
mod settings;
mod talk;
mod tcp;
mod trouble;
mod websocket;

pub use check::{Check, Outcome, Verdict};
pub use endpoint::Carrier;
pub use examine::{endpoint_of, examine, plan};
pub use names::{Names, Pinned};
pub use problems::{Overall, Problem, Report};
pub use settings::{Account, Settings, Subject};
