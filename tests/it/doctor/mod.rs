//! `xmppscope doctor` at real reverse proxies before real servers.
//!
//! ```text
//! setup         one set-up, and how it is examined, mended and examined again
//!   front         nginx, Apache, HAProxy, Caddy
//!   back          Prosody, ejabberd
//!   identities    a CA, and certificates that are good and bad
//!   zone          DNS
//!   remedies      the snippets that users are shown, with which set-ups are mended
//! broken_*      what people report, a file for each subject
//! healthy       with which nothing is wrong
//! users         logins
//! snippets      every snippet, as the program that it is for reads it
//! ```
//!
//! One set-up alone: `SETUP=read-timeout-nginx ./test doctor`. To look at one by hand, broken and then mended:
//! `SETUP=… ./test doctor_stays -- --ignored --nocapture`.
#![cfg_attr(not(feature = "peers"), allow(dead_code))]

mod back;
mod broken_bosh;
mod broken_cors;
mod broken_discovery;
mod broken_http;
mod broken_tls;
mod broken_websocket;
mod front;
mod healthy;
mod identities;
mod remedies;
mod setup;
mod snippets;
mod users;
pub mod zone;

use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use back::Servers;
use identities::Identities;
use setup::Setup;

use crate::rig;

/// Set-ups that run side by side: each waits more than it works.
const LANES: usize = 8;

fn broken() -> Vec<Setup> {
    [
        broken_bosh::all(),
        broken_cors::all(),
        broken_discovery::all(),
        broken_http::all(),
        broken_tls::all(),
        broken_websocket::all(),
    ]
    .concat()
}

#[test]
#[cfg_attr(
    not(feature = "peers"),
    ignore = "needs nginx, Apache, HAProxy, Caddy, Prosody and ejabberd: run ./test"
)]
fn doctor_names_what_is_broken_and_its_remedy_mends_it() {
    each(broken(), LANES, Setup::is_broken_and_can_be_mended);
}

#[test]
#[cfg_attr(
    not(feature = "peers"),
    ignore = "needs nginx, Apache, HAProxy, Caddy, Prosody and ejabberd: run ./test"
)]
fn doctor_has_nothing_to_say_where_all_is_well() {
    each(healthy::all(), LANES, Setup::is_well);
}

#[test]
#[ignore = "to look at a set-up by hand"]
fn doctor_stays() {
    each([broken(), healthy::all()].concat(), 1, |setup, servers, identities| {
        for mended in [false, true] {
            let bed = setup.start(mended, servers, identities);
            let state = if mended { "mended" } else { "as it is" };
            eprintln!("{}, {state}\n{bed}\nEnter goes on", setup.name);
            std::io::stdin().read_exact(&mut [0]).unwrap();
        }
    });
}

/// Does the same with all set-ups, and tells of all that fail.
fn each(setups: Vec<Setup>, lanes: usize, does: impl Fn(&Setup, &Servers<'_>, &Identities) + Sync) {
    let wanted = std::env::var("SETUP").ok();
    let setups: Vec<Setup> = setups
        .into_iter()
        .filter(|setup| {
            wanted.as_ref().is_none_or(|wanted| wanted.split(',').any(|name| name == setup.name))
        })
        .collect();
    let identities = Identities::new();
    let servers = Servers::new(&identities);
    let failed = rig::in_lanes(lanes, &setups, |_, setup| {
        let started = Instant::now();
        // The panic has been printed by then.
        let came = catch_unwind(AssertUnwindSafe(|| does(setup, &servers, &identities)));
        eprintln!("{} took {:.1?}", setup.name, started.elapsed());
        came.is_err().then_some(setup.name)
    });
    let failed: Vec<_> = failed.into_iter().flatten().collect();
    assert!(failed.is_empty(), "{} of {}: {failed:#?}", failed.len(), setups.len());
}
