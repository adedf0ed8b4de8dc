//! Where the XMPP server of a domain is: SRV records (RFC 6120 §3.2, XEP-0368), in the order in which they are to be tried.

use std::net::IpAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::ResolverOpts;
use hickory_resolver::proto::rr::RData;

/// How long a DNS server may take for an answer, of two attempts each.
const PATIENCE: Duration = Duration::from_secs(2);

/// Settings of a resolver for which a client waits.
pub fn be_quick(options: &mut ResolverOpts) {
    options.timeout = PATIENCE;
    options.attempts = 1;
}

/// A place that an SRV record names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Less is tried first.
    pub priority: u16,
    /// Among equal priorities, more is chosen more often.
    pub weight: u16,
    /// Host name, without the dot at its end.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// What SRV records say of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// In the order in which they are to be tried.
    Services(Vec<Service>),
    /// There are none.
    Nothing,
    /// A record with the target `.`, and none with another: the domain says that it does not offer the service.
    NotOffered,
}

/// Looks up the SRV records of a domain; `service` is `_xmpp-client._tcp` or `_xmpps-client._tcp`. `chance` gives numbers from 0 up
/// to its argument, both included. An error is a sentence.
pub async fn services(
    resolver: &TokioResolver,
    service: &str,
    domain: &str,
    chance: impl FnMut(u32) -> u32,
) -> Result<Found, String> {
    if domain.parse::<IpAddr>().is_ok() || domain.eq_ignore_ascii_case("localhost") {
        return Ok(Found::Nothing);
    }
    let name = format!("{service}.{}.", domain.trim_end_matches('.'));
    let answer = match resolver.srv_lookup(name.clone()).await {
        Ok(answer) => answer,
        Err(error) if error.is_no_records_found() || error.is_nx_domain() => {
            return Ok(Found::Nothing);
        }
        Err(error) => return Err(format!("cannot look up the SRV records of {name} ({error})")),
    };
    let all = answer.answers().iter().filter_map(|record| match &record.data {
        RData::SRV(srv) => Some(Service {
            priority: srv.priority,
            weight: srv.weight,
            host: srv.target.to_utf8().trim_end_matches('.').to_owned(),
            port: srv.port,
        }),
        _ => None,
    });
    let all: Vec<_> = all.collect();
    Ok(match &all[..] {
        [] => Found::Nothing,
        all if all.iter().all(|service| service.host.is_empty()) => Found::NotOffered,
        _ => Found::Services(ordered(all, chance)),
    })
}

/// By priority, and at random by weight among equals (RFC 2782).
fn ordered(mut rest: Vec<Service>, mut chance: impl FnMut(u32) -> u32) -> Vec<Service> {
    rest.retain(|service| !service.host.is_empty());
    // Those without a weight come first, so that a number of 0 can choose them.
    rest.sort_by_key(|service| (service.priority, service.weight > 0));
    let mut order = Vec::with_capacity(rest.len());
    while let Some(priority) = rest.first().map(|service| service.priority) {
        let equals = rest.iter().take_while(|service| service.priority == priority);
        let sum = equals.map(|service| u32::from(service.weight)).sum();
        let (chosen, mut passed) = (chance(sum), 0);
        let place = rest.iter().position(|service| {
            passed += u32::from(service.weight);
            passed >= chosen
        });
        order.push(rest.remove(place.unwrap_or(0)));
    }
    order
}

#[cfg(test)]
#[path = "resolve_tests.rs"]
mod tests;
