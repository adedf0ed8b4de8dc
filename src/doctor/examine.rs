//! What is done, in which order, and what side by side.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::task::{JoinSet, LocalSet};

use super::check::{self, Check, News};
use super::checks::{bosh, discovery, tcp, websocket};
use super::context::Context;
use super::endpoint::{Carrier, DIRECT, Endpoint, GIVEN};
use super::reach::reach;
use super::settings::{Settings, Subject};
use crate::wire::address::{Address, AddressError, Scheme};

/// Examines a domain or a URL; what comes of it goes to `out` at once, and it is closed at the end.
///
/// # Errors
/// If the URL is none.
pub async fn examine(settings: Settings, out: UnboundedSender<News>) -> Result<(), AddressError> {
    let given = match &settings.subject {
        Subject::Url(url) => Some(endpoint_of(url, GIVEN)?),
        Subject::Domain => None,
    };
    let context = Arc::new(Context::new(settings, out));
    let local = LocalSet::new();
    local
        .run_until(async {
            let mut endpoints = match given {
                Some(endpoint) => vec![endpoint],
                None => Box::pin(discovery::discover(&context)).await,
            };
            if let Some(direct) = context.settings.direct.clone() {
                let carriers = endpoints.iter().map(|endpoint| endpoint.carrier);
                let carrier = direct_carrier(&direct, carriers);
                let direct = Endpoint { carrier, address: direct, found: DIRECT };
                context.is_behind(&direct);
                endpoints.push(direct);
            }
            let mut all = JoinSet::new();
            for endpoint in endpoints {
                let context = Arc::clone(&context);
                all.spawn_local(async move { Box::pin(one(&context, endpoint)).await });
            }
            while all.join_next().await.is_some() {}
        })
        .await;
    Ok(())
}

/// Finds what a domain offers, as [`examine`] begins; what was looked up goes to `out`, and it is closed at the end.
pub async fn discover(settings: Settings, out: UnboundedSender<News>) -> Vec<Endpoint> {
    Box::pin(discovery::discover(&Context::new(settings, out))).await
}

/// What a URL leads to.
///
/// # Errors
/// If it is none.
pub fn endpoint_of(url: &str, found: &'static str) -> Result<Endpoint, AddressError> {
    let address: Address = url.parse()?;
    let websocket = url.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("ws"));
    let carrier = match address.scheme {
        Scheme::Xmpp | Scheme::Xmpps => Carrier::Tcp,
        _ if websocket => Carrier::WebSocket,
        _ => Carrier::Bosh,
    };
    Ok(Endpoint { carrier, address, found })
}

/// `--direct` with http:// may mean BOSH or WebSocket: what is examined in front of it decides, and else its path.
fn direct_carrier(address: &Address, mut fronts: impl Iterator<Item = Carrier>) -> Carrier {
    if address.scheme.is_stream() {
        return Carrier::Tcp;
    }
    let looks_like_websocket = ["ws", "socket"].iter().any(|part| address.path.contains(part));
    match fronts.find(|carrier| *carrier != Carrier::Tcp) {
        Some(Carrier::WebSocket) => Carrier::WebSocket,
        _ if looks_like_websocket => Carrier::WebSocket,
        _ => Carrier::Bosh,
    }
}

/// Examines an endpoint.
async fn one(context: &Arc<Context>, endpoint: Endpoint) {
    let scheme = match endpoint.address.scheme {
        Scheme::Http => 80,
        Scheme::Https => 443,
        Scheme::Xmpp => 5222,
        Scheme::Xmpps => 5223,
    };
    let port = endpoint.address.port().unwrap_or(scheme);
    let Some(place) = reach(context, &endpoint, port).await else { return };
    match place.endpoint.carrier {
        Carrier::Bosh => Box::pin(bosh::examine(context, &place)).await,
        Carrier::WebSocket => websocket::examine(context, &place).await,
        Carrier::Tcp => tcp::examine(context, &place).await,
    }
}

/// A check that would be made, and on which condition.
pub type Planned = (&'static Check, Option<&'static str>);

/// What would be done, and how long it takes at most if all is well.
pub fn plan(settings: &Settings) -> (Vec<Planned>, Duration) {
    use check::{
        ADDRESSES, BOSH_HOLD, BOSH_MECHANISMS, BOSH_NODES, BOSH_RELEASE, BOSH_REPEAT, BOSH_SESSION,
        BOSH_SIZE, CORS, CORS_ERRORS, HOST_META, HOST_META_JSON, HTTP, LOGIN, MESSAGE, PATHS,
        PREFLIGHT, RESUMPTION, SRV, TCP_STREAM, TLS, WS_CLOSE, WS_IDLE, WS_OPEN, WS_ORIGIN,
        WS_SUBPROTOCOL, WS_UPGRADE,
    };
    let carriers: Vec<Carrier> = match &settings.subject {
        Subject::Domain => vec![Carrier::Bosh, Carrier::WebSocket, Carrier::Tcp],
        Subject::Url(url) => {
            endpoint_of(url, GIVEN).map(|endpoint| vec![endpoint.carrier]).unwrap_or_default()
        }
    };
    let mut checks: Vec<Planned> = Vec::new();
    let mut add = |all: &[&'static Check], condition| {
        checks.extend(all.iter().map(|check| (*check, condition)));
    };
    if settings.subject == Subject::Domain {
        add(&[&HOST_META, &HOST_META_JSON, &SRV], None);
        add(&[&PATHS], Some("if host-meta lists no URL"));
    }
    add(&[&ADDRESSES], None);
    add(&[&TLS], Some("if the URL uses TLS"));
    let mut longest = Duration::from_secs(8);
    if carriers.contains(&Carrier::Bosh) {
        add(&[&BOSH_SESSION, &BOSH_MECHANISMS, &HTTP], None);
        if settings.origin.is_some() {
            add(&[&CORS, &PREFLIGHT, &CORS_ERRORS], Some("if the page has another origin"));
        }
        add(&[&BOSH_RELEASE, &BOSH_REPEAT, &BOSH_NODES], None);
        if !settings.quick {
            add(&[&BOSH_HOLD, &BOSH_SIZE], None);
            longest = longest.max(Duration::from_secs(settings.wait + 5));
        }
    }
    if carriers.contains(&Carrier::WebSocket) {
        add(&[&WS_UPGRADE, &WS_SUBPROTOCOL, &WS_OPEN, &WS_CLOSE], None);
        if settings.origin.is_some() {
            add(&[&WS_ORIGIN], None);
        }
        if !settings.quick {
            add(&[&WS_IDLE], None);
            longest = longest.max(settings.idle + Duration::from_secs(5));
        }
    }
    if carriers.contains(&Carrier::Tcp) {
        add(&[&TCP_STREAM], None);
    }
    let anonymous = settings.account.is_none().then_some("anonymously, if the server allows it");
    add(&[&LOGIN, &MESSAGE], anonymous);
    if settings.account.is_some() && carriers != [Carrier::Bosh] {
        add(&[&RESUMPTION], Some("over WebSocket and TCP"));
    }
    (checks, longest)
}
