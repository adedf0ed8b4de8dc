//! See, explain and test XMPP over the web.
//!
//! Everything observed becomes an [`trace::Event`]; producers (proxy, capture file) know no consumer
//! (terminal, rules, reports). Each module is a room with one duty, and imports only point down this
//! list: `cli`, `ui`, `report`, `replay`, `record`, `snapshot`, `trial`, `runner`, `defects`, `scenario`, `doctor`, `proxy`, `fault`, `cm`, `client`, `rules`, `trace`, `wire`,
//! `bosh`, `xmpp`, `xml`, `spec`, `bundle`, `clock`, `random`, `files`, `diag`.

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
compile_error!(
    "xmppscope supports Linux and macOS: captures and keys need Unix permissions to be readable by \
     their owner alone"
);

pub mod bosh;
pub mod bundle;
pub mod cli;
pub mod client;
pub mod clock;
pub mod cm;
pub mod defects;
pub mod diag;
pub mod doctor;
pub mod fault;
pub mod files;
pub mod proxy;
pub mod random;
pub mod record;
pub mod replay;
pub mod report;
pub mod rules;
pub mod runner;
pub mod scenario;
pub mod snapshot;
pub mod spec;
pub mod trace;
pub mod trial;
pub mod ui;
pub mod wire;
pub mod xml;
pub mod xmpp;
