//! Where servers usually have BOSH and WebSocket, for those who do not say it, or say it wrongly.

use std::net::SocketAddr;

use tokio::task::JoinSet;

use crate::doctor::check::PATHS;
use crate::doctor::context::Context;
use crate::doctor::endpoint::{BY_PATH, Carrier, Endpoint};
use crate::doctor::reach::{Place, connect};
use crate::doctor::refused::Why;
use crate::doctor::talk::{Http, Session, open_websocket};
use crate::doctor::trouble::{self, Trouble};
use crate::wire::address::Address;

/// Where servers usually have BOSH and WebSocket, with `:PORT` where it is not 443.
const BOSH_PATHS: [&str; 7] = [
    "/http-bind",
    "/http-bind/",
    "/bosh",
    ":5281/http-bind",
    ":5280/http-bind",
    ":5443/bosh",
    ":7443/http-bind/",
];
const WEBSOCKET_PATHS: [&str; 7] = [
    "/xmpp-websocket",
    "/ws",
    "/websocket",
    ":5281/xmpp-websocket",
    ":5443/ws",
    ":7443/ws/",
    ":5280/xmpp-websocket",
];

/// An endpoint of HTTPS at the domain itself.
pub fn at_domain(domain: &str, rest: &str) -> Option<Endpoint> {
    let ascii = idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_owned());
    let address: Address = format!("https://{ascii}{rest}").parse().ok()?;
    Some(Endpoint { carrier: Carrier::Bosh, address, found: BY_PATH })
}

/// Whether what is expected at an endpoint is there.
async fn is_there(context: &Context, endpoint: &Endpoint, at: SocketAddr) -> bool {
    if endpoint.carrier == Carrier::WebSocket {
        let Ok(socket) = open_websocket(context, endpoint, at).await else { return false };
        socket.into_line().finish().await;
        return true;
    }
    let Ok(mut http) = Http::open(context, endpoint, at).await else { return false };
    let (mut session, _) = Session::open(context, endpoint, &mut http, 1).await;
    session.end(at).await;
    session.is_open()
}

/// What was asked for is not there. It may be at a usual path of the same server, or the path may be that of the other
/// carrier.
pub async fn elsewhere(context: &Context, place: &Place, why: Why) -> Why {
    let (trouble, words) = why;
    let missing = [
        &trouble::PATH_WRONG,
        &trouble::NOT_BOSH,
        &trouble::NOT_WEBSOCKET,
        &trouble::HOST_META_DEAD_LINK,
    ];
    if !missing.contains(&trouble.kind) {
        return (trouble, words);
    }
    let (endpoint, at) = (&place.endpoint, place.alive[0]);
    let (other, paths) = match endpoint.carrier {
        Carrier::Bosh => (Carrier::WebSocket, BOSH_PATHS),
        _ => (Carrier::Bosh, WEBSOCKET_PATHS),
    };
    let name = endpoint.carrier.name();
    let twin = Endpoint { carrier: other, ..endpoint.clone() };
    if is_there(context, &twin, at).await {
        let trouble = Trouble { kind: &trouble::OTHER_TRANSPORT, ..trouble }
            .with("found", &twin)
            .with("other", other.name())
            .with("carrier", name);
        let words = format!("this path is that of {}, which answers at {twin}", other.name());
        return (trouble, words);
    }
    for path in paths.into_iter().filter(|path| path.starts_with('/') && *path != endpoint.path()) {
        let Ok(address) = format!("{}{path}", endpoint.origin()).parse() else { continue };
        let found = Endpoint { address, ..endpoint.clone() };
        if is_there(context, &found, at).await {
            let words = format!("{name} is at {found}, and not at this path. {words}");
            return (trouble.with("found", &found), words);
        }
    }
    (trouble, words)
}

/// Tries the usual places.
pub async fn usual_paths(context: &Context) -> Vec<Endpoint> {
    let domain = &context.settings.domain;
    let doing = context.begin(&PATHS, domain);
    let places = BOSH_PATHS
        .map(|rest| (Carrier::Bosh, rest))
        .into_iter()
        .chain(WEBSOCKET_PATHS.map(|rest| (Carrier::WebSocket, rest)));
    let mut found = Vec::new();
    let mut dead: Vec<u16> = Vec::new();
    for (carrier, rest) in places {
        if found.iter().any(|one: &Endpoint| one.carrier == carrier) {
            continue;
        }
        let Some(endpoint) = at_domain(domain, rest) else { continue };
        let endpoint = Endpoint { carrier, ..endpoint };
        let port = endpoint.address.port().unwrap_or(443);
        if dead.contains(&port) {
            continue;
        }
        let Ok(addresses) = context.settings.names.addresses(endpoint.address.name(), port).await
        else {
            break;
        };
        let Some(at) = first_alive(&addresses).await else {
            dead.push(port);
            continue;
        };
        if is_there(context, &endpoint, at).await {
            found.push(endpoint);
        }
    }
    match &found[..] {
        [] => doing.note(
            "nothing answers at the usual paths and ports: name the URL itself, if there is one",
        ),
        all => {
            let names: Vec<String> = all.iter().map(ToString::to_string).collect();
            doing.well(format!("found {}; no host-meta says so", names.join(" and ")));
        }
    }
    found
}

async fn first_alive(addresses: &[SocketAddr]) -> Option<SocketAddr> {
    let mut tries = JoinSet::new();
    for &at in addresses {
        tries.spawn(async move { connect(at).await.ok().map(|_| at) });
    }
    while let Some(tried) = tries.join_next().await {
        if let Ok(Some(at)) = tried {
            return Some(at);
        }
    }
    None
}
