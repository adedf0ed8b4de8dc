//! Where a domain is, as clients find it: host-meta (XEP-0156), SRV records (RFC 6120 §3.2, XEP-0368), usual paths.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::mpsc;

use super::server::Server;
use crate::cli::Failure;
use crate::cli::console::eprint;
use crate::doctor::{Carrier, Endpoint, News, Settings, Subject, Verdict, discover};
use crate::runner::{Target, Tolerance};
use crate::scenario::Provision;
use crate::wire::tls;

/// The target that a domain is: at the first address of each carrier that was found.
pub(super) fn discovered(
    server: &Server,
    domain: &str,
    tolerance: Tolerance,
) -> Result<Target, Failure> {
    let trust = tls::verifier(server.ca_file.as_deref(), server.insecure)
        .map_err(|error| Failure::Usage(error.to_string()))?;
    let settings = Settings {
        subject: Subject::Domain,
        domain: domain.to_owned(),
        guessed: false,
        origin: None,
        direct: None,
        names: server.names(),
        trust: Some(trust),
        quick: true,
        wait: 1,
        idle: Duration::ZERO,
        account: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Environment(format!("cannot start: {error}")))?;
    let (send, mut news) = mpsc::unbounded_channel();
    let endpoints = runtime.block_on(discover(settings, send));
    // A name that is still being looked up is not waited for.
    runtime.shutdown_background();
    let mut seen = Vec::new();
    while let Ok(one) = news.try_recv() {
        if let News::Result(outcome) = one {
            let bad = matches!(outcome.verdict, Verdict::Broken | Verdict::Weak);
            let words = if bad { format!("{} (!)", outcome.words) } else { outcome.words };
            seen.push(format!("    {:<16}{words}", outcome.check.name));
        }
    }
    let target = target(domain, &endpoints, tolerance).ok_or_else(|| {
        Failure::Environment(format!(
            "no address of {domain} was found\n{}\n    try             the address itself: `--target https://…`, \
             `wss://…` or `xmpp://HOST:PORT`, with `--domain {domain}`\n    more            xmppscope doctor {domain}",
            seen.join("\n")
        ))
    })?;
    eprint(&format!("addresses of {domain}:\n{}", seen.join("\n")));
    eprint(&format!("testing: {}", tested(&target)));
    Ok(target)
}

/// The first endpoint of each carrier as a target where anybody may log in.
fn target(domain: &str, endpoints: &[Endpoint], tolerance: Tolerance) -> Option<Target> {
    let first = |carrier, tls: Option<bool>| {
        let is_it = |one: &&Endpoint| {
            one.carrier == carrier && tls.is_none_or(|tls| one.address.is_tls() == tls)
        };
        endpoints.iter().find(is_it).map(|one| one.address.clone())
    };
    let bosh = first(Carrier::Bosh, None);
    let websocket = first(Carrier::WebSocket, None);
    let tcp = first(Carrier::Tcp, Some(false));
    let direct_tls = first(Carrier::Tcp, Some(true));
    let address = [&bosh, &websocket, &tcp, &direct_tls].into_iter().flatten().next().cloned()?;
    let secure = if address.is_tls() { Provision::Tls } else { Provision::Plain };
    let carriers = [
        (Provision::Bosh, bosh.is_some()),
        (Provision::WebSocket, websocket.is_some()),
        (Provision::Tcp, tcp.is_some()),
        (Provision::DirectTls, direct_tls.is_some()),
    ];
    let carriers = carriers.into_iter().filter(|(_, is_there)| *is_there).map(|(one, _)| one);
    let provides = [Provision::Anonymous, secure, Provision::Slow];
    Some(Target {
        name: domain.to_owned(),
        about: None,
        tls: None,
        websocket,
        tcp,
        direct_tls,
        ca_file: None,
        address,
        anonymous: Some(domain.to_owned()),
        domain: domain.to_owned(),
        accounts: BTreeMap::new(),
        more_accounts: Vec::new(),
        hosts: Vec::new(),
        rooms: None,
        create: Vec::new(),
        provides: provides.into_iter().chain(carriers).collect(),
        jobs: None,
        tolerance,
        control: BTreeMap::new(),
        skip: Vec::new(),
        deviations: Vec::new(),
    })
}

/// The carriers that are tested, each with its address, and those that were not found.
fn tested(target: &Target) -> String {
    let bosh = target.provides.contains(&Provision::Bosh).then_some(&target.address);
    let websocket = target.websocket.as_ref();
    let all = [
        ("BOSH", bosh.map(|one| format!("{one}{}", one.path))),
        ("WebSocket", websocket.map(|one| format!("{}{}", one.of_websocket(), one.path))),
        ("TCP", target.tcp.as_ref().map(ToString::to_string)),
        ("TCP with TLS at once", target.direct_tls.as_ref().map(ToString::to_string)),
    ];
    let of = |found: bool| {
        let kept = all.iter().filter(move |(_, at)| at.is_some() == found);
        kept.map(|(name, at)| match at {
            Some(at) => format!("{name} at {at}"),
            None => (*name).to_owned(),
        })
        .collect::<Vec<_>>()
        .join(", ")
    };
    let missing = of(false);
    let missing = if missing.is_empty() { missing } else { format!("; not found: {missing}") };
    of(true) + &missing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::endpoint_of;

    #[test]
    fn the_first_address_of_each_carrier_is_tested() {
        let endpoints = |urls: &[&str]| -> Vec<Endpoint> {
            urls.iter().map(|url| endpoint_of(url, "by SRV").unwrap()).collect()
        };
        let all = endpoints(&[
            "wss://a.example/ws",
            "wss://b.example/ws",
            "https://a.example/bosh",
            "xmpps://d.example:443",
            "xmpp://c.example:5222",
        ]);
        let found = target("a.example", &all, Tolerance::USUAL).unwrap();
        assert_eq!(
            tested(&found),
            "BOSH at https://a.example/bosh, WebSocket at wss://a.example/ws, TCP at xmpp://c.example:5222, \
             TCP with TLS at once at xmpps://d.example:443"
        );
        let found = target("a.example", &all[3..4], Tolerance::USUAL).unwrap();
        assert_eq!(
            tested(&found),
            "TCP with TLS at once at xmpps://d.example:443; not found: BOSH, WebSocket, TCP"
        );
        assert!(found.provides.contains(&Provision::DirectTls));
        assert!(!found.provides.contains(&Provision::Bosh));
        assert!(target("a.example", &[], Tolerance::USUAL).is_none());
    }
}
