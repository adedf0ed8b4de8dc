//! What a scenario needs of a target, held against what that provides.

use super::target::{Skip, Target};
use crate::scenario::{Provision, Scenario};

/// Why a scenario is not run against a target: it is to be skipped, or the target lacks what it needs.
pub fn skipped(scenario: &Scenario, target: &Target) -> Option<String> {
    let meant = |skip: &&Skip| skip.what.iter().any(|what| what.names(scenario));
    let skip = target.skip.iter().find(meant).map(|skip| skip.why.clone());
    skip.or_else(|| missing(scenario, target))
}

/// What the target lacks.
fn missing(scenario: &Scenario, target: &Target) -> Option<String> {
    let provides = |provision| target.provides.contains(&provision);
    let missing = |provision: &Provision| match provision {
        Provision::Http => !provides(Provision::Bosh) && !provides(Provision::WebSocket),
        other => !provides(*other),
    };
    let first = scenario.provisions().into_iter().find(missing)?;
    Some(lacks(first))
}

/// That a target does not provide this.
pub(super) fn lacks(provision: Provision) -> String {
    format!("the target does not provide {}", name(provision))
}

fn name(provision: Provision) -> &'static str {
    match provision {
        Provision::Anonymous => "anonymous login",
        Provision::Account => "the account alice",
        Provision::Accounts => "the accounts alice and bob",
        Provision::Rooms => "rooms",
        Provision::Tls => "an address with TLS",
        Provision::Plain => "an address without TLS",
        Provision::Bosh => "an address of BOSH",
        Provision::Http => "an address of BOSH or WebSocket",
        Provision::WebSocket => "an address of WebSocket",
        Provision::Tcp => "an address of TCP",
        Provision::DirectTls => "an address of TCP with TLS from the first byte",
        Provision::Certificates => "client certificates",
        Provision::Compression => "compression",
        Provision::Upstream => "its own server behind the connection manager",
        Provision::Control => "commands to stop and start it",
        Provision::Slow => "time for long waits",
    }
}
