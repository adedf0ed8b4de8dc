//! Addresses that a scenario has learned from its target. Only hosts that somebody has named are connected to: a server must not
//! send its tester to other machines, or to what listens on the tester's own.

use super::run::Run;
use super::stop::{Done, Stop};
use super::target::Target;
use crate::scenario::matching::FailureKind;
use crate::scenario::{Located, Template};
use crate::wire::address::Address;

/// The address that a step says, to which it may connect.
pub(super) fn learned(run: &mut Run, url: Option<&Located<Template>>) -> Done<Option<Address>> {
    let Some(url) = url else { return Ok(None) };
    let text = run.text(url)?;
    let address = match text.parse::<Address>() {
        Ok(address) if !address.scheme.is_stream() => address,
        Ok(_) | Err(_) => {
            let wanted = "an HTTP or WebSocket URL";
            run.fail(FailureKind::Connection, &url.place, wanted, format!("{text:?}"))?;
            return Err(Stop::Failed);
        }
    };
    if !may_lead(run.target(), &address) {
        return Err(Stop::Skipped(format!(
            "{text} is on a host that the target's file does not name; to follow such links, add it to `hosts`"
        )));
    }
    Ok(Some(address))
}

/// Whether a target may lead its clients to an address: on a host of its own. To this machine, only if it is there itself, or if
/// its file names it.
fn may_lead(target: &Target, address: &Address) -> bool {
    let Target { tls, websocket, tcp, direct_tls, .. } = target;
    let others = [tls, websocket, tcp, direct_tls].into_iter().flatten();
    let own: Vec<&Address> = std::iter::once(&target.address).chain(others).collect();
    let is = |name: &str| name.eq_ignore_ascii_case(address.name());
    let is_named = target.hosts.iter().any(|host| is(host));
    if address.is_loopback() {
        return is_named || own.iter().any(|own| own.is_loopback());
    }
    is_named || is(&target.domain) || own.iter().any(|own| is(own.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_leads_to_hosts_that_somebody_has_named() {
        let mut target = crate::runner::embedded_target();
        let may = |target: &Target, url: &str| may_lead(target, &url.parse().unwrap());
        assert!(may(&target, "http://localhost:1/x") && may(&target, "ws://127.0.0.1:2/"));
        assert!(!may(&target, "http://10.0.0.1/") && !may(&target, "https://chat.example/"));
        target.address = "https://chat.example/bosh".parse().unwrap();
        (target.websocket, target.tcp, target.direct_tls) = (None, None, None);
        target.domain = "example.org".to_owned();
        target.hosts = vec!["cdn.example".to_owned()];
        for url in ["wss://chat.example:5281/ws", "https://EXAMPLE.org/", "https://cdn.example/"] {
            assert!(may(&target, url), "{url}");
        }
        for url in [
            "http://localhost/",
            "http://[::1]/",
            "https://a.chat.example/",
            "http://169.254.169.254/",
        ] {
            assert!(!may(&target, url), "{url}");
        }
        // What the domain is called says nothing of where the target is.
        target.domain = "localhost".to_owned();
        assert!(!may(&target, "http://localhost/") && !may(&target, "http://127.0.0.1/"));
        target.hosts.push("localhost".to_owned());
        assert!(may(&target, "http://localhost/") && !may(&target, "http://127.0.0.1/"));
    }
}
