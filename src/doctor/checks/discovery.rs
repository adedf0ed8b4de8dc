//! From a domain to its endpoints: host-meta (XEP-0156), SRV records (RFC 6120 §3.2, XEP-0368), usual paths.

use std::net::IpAddr;

use super::cors;
use super::places::{at_domain, usual_paths};
use crate::doctor::check::{ADDRESSES, HOST_META, HOST_META_JSON, SRV};
use crate::doctor::context::{Context, Doing};
use crate::doctor::endpoint::{BY_HOST_META, BY_PATH, BY_SRV, Carrier, Endpoint, about};
use crate::doctor::reach::{Unmade, connect};
use crate::doctor::refused::why;
use crate::doctor::talk::{Http, Request, What, findings};
use crate::doctor::trouble::{self, Trouble, with_program};
use crate::rules::{Finding, host_meta_links, status_words};
use crate::trace::Response;
use crate::wire::address::Address;
use crate::wire::resolve::Found;

/// So many redirects are followed.
const REDIRECTS: usize = 3;
/// What a domain says of itself.
pub async fn discover(context: &Context) -> Vec<Endpoint> {
    let (xml, json, tcp) =
        tokio::join!(host_meta(context, false), host_meta(context, true), services(context));
    let mut endpoints: Vec<Endpoint> = Vec::new();
    for endpoint in xml.into_iter().chain(json) {
        if !endpoints.contains(&endpoint) {
            endpoints.push(endpoint);
        }
    }
    if endpoints.is_empty() {
        endpoints = Box::pin(usual_paths(context)).await;
    }
    endpoints.extend(tcp);
    if endpoints.is_empty() {
        no_address(context).await;
    }
    endpoints
}

/// Says so if there is nothing because the domain has no address.
async fn no_address(context: &Context) {
    let domain = &context.settings.domain;
    let ascii = idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.clone());
    if let Err(why) = context.settings.names.addresses(&ascii, 443).await {
        let trouble = Trouble::new(&trouble::NO_ADDRESS).with("host", domain);
        context.begin(&ADDRESSES, domain).broken(trouble, why);
    }
}

async fn host_meta(context: &Context, is_json: bool) -> Vec<Endpoint> {
    let (check, path) = if is_json {
        (&HOST_META_JSON, "/.well-known/host-meta.json")
    } else {
        (&HOST_META, "/.well-known/host-meta")
    };
    let domain = &context.settings.domain;
    let Some(mut endpoint) = at_domain(domain, path) else { return Vec::new() };
    let doing = context.begin(check, domain);
    let mut hops = 0;
    loop {
        let Some((response, found)) = fetch(context, &doing, &endpoint).await else {
            return Vec::new();
        };
        let location = response
            .headers
            .get("location")
            .filter(|_| (300..400).contains(&response.status) && hops < REDIRECTS);
        if let Some(next) = location.and_then(|location| follow(&endpoint, location)) {
            if !may_follow(context, &doing, &endpoint, &response, &next) {
                return Vec::new();
            }
            hops += 1;
            endpoint = next;
            continue;
        }
        if matches!(response.status, 401 | 407 | 500..=599) {
            let trouble = with_program(Trouble::new(&trouble::HOST_META_WRONG), &response);
            doing.weak(
                about(trouble, &endpoint),
                format!(
                    "HTTP {} comes in its place, where 200 or 404 is due: web clients find no URL",
                    status_words(&response)
                ),
            );
            return Vec::new();
        }
        if response.status != 200 {
            doing.note(format!(
                "there is none (HTTP {}): clients that look here find no URL",
                status_words(&response)
            ));
            return Vec::new();
        }
        return judge(context, &doing, &endpoint, &response, &found, is_json);
    }
}

/// Fetches it as a page does; what stands in the way is said.
async fn fetch(
    context: &Context,
    doing: &Doing<'_>,
    endpoint: &Endpoint,
) -> Option<(Response, Vec<Finding>)> {
    let port = endpoint.address.port().unwrap_or(443);
    let name = endpoint.address.name();
    let addresses = match context.settings.names.addresses(name, port).await {
        Ok(addresses) => addresses,
        Err(why) => {
            doing.note(format!("{why}; web clients need the URLs in their settings"));
            return None;
        }
    };
    let mut refusal = None;
    for at in addresses {
        let mut http = match Http::open(context, endpoint, at).await {
            Ok(http) => http,
            Err(unmade) => {
                refusal = Some(unmade);
                continue;
            }
        };
        if let Some(presented) = http.line().presented().filter(|one| !one.is_trusted()) {
            for (trouble, words) in presented.faults() {
                doing.broken(
                    about(trouble, endpoint).with("host", name),
                    format!("{words}: browsers do not fetch it"),
                );
            }
            return None;
        }
        let request = Request::new("GET", &endpoint.address.path)
            .from(cors::foreign_origin(context, endpoint));
        let got = http.ask(&request).await;
        let found = findings(http.finish().await);
        if let What::Response(response, _) = got.what {
            return Some((*response, found));
        }
        let (_, words) = why(endpoint, &got, &found);
        doing.note(format!("{words}; web clients need the URLs in their settings"));
        return None;
    }
    let words = refusal.as_ref().map_or("no address", Unmade::words);
    doing.note(format!("{words}; web clients need the URLs in their settings"));
    None
}

/// Whether a browser follows a redirect: not to http://, and only where the page may read the redirect itself.
fn may_follow(
    context: &Context,
    doing: &Doing<'_>,
    from: &Endpoint,
    response: &Response,
    to: &Endpoint,
) -> bool {
    let of = |kind| with_program(about(Trouble::new(kind), from), response);
    if !to.address.is_tls() {
        let words = format!(
            "it redirects to {}, without TLS: browsers and careful clients do not follow",
            to.origin()
        );
        doing.broken(of(&trouble::HOST_META_INSECURE), words);
        return false;
    }
    if let Some(origin) = cors::foreign_origin(context, from)
        && let Err((_, words)) = cors::readable(&response.headers, origin)
    {
        let words = format!(
            "in the redirect to {}{}, {words}: pages of {origin} are not led on",
            to.origin(),
            to.path()
        );
        doing.broken(of(&trouble::HOST_META_CORS).with("origin", origin), words);
        return false;
    }
    true
}

fn follow(from: &Endpoint, location: &str) -> Option<Endpoint> {
    let url = if location.starts_with('/') {
        format!("{}{location}", from.origin())
    } else {
        location.to_owned()
    };
    Some(Endpoint { address: url.parse().ok()?, ..from.clone() })
}

fn judge(
    context: &Context,
    doing: &Doing<'_>,
    endpoint: &Endpoint,
    response: &Response,
    found: &[Finding],
    is_json: bool,
) -> Vec<Endpoint> {
    let of = |kind| with_program(about(Trouble::new(kind), endpoint), response);
    let mut clean = true;
    for finding in found {
        let kind = match finding.name() {
            "host-meta-wrong" => &trouble::HOST_META_WRONG,
            "host-meta-insecure" => &trouble::HOST_META_INSECURE,
            _ => continue,
        };
        clean = false;
        doing.broken(of(kind), &finding.words);
    }
    if let Some(origin) = cors::foreign_origin(context, endpoint)
        && let Err((kind, words)) = cors::readable(&response.headers, origin)
    {
        clean = false;
        let kind = match kind.name {
            "cors-doubled" => kind,
            _ => &trouble::HOST_META_CORS,
        };
        doing.broken(
            of(kind).with("origin", origin),
            format!("{words}: pages of {origin} find no URL, as if there were no host-meta"),
        );
    }
    let links = host_meta_links(response, is_json).unwrap_or_default();
    let endpoints: Vec<Endpoint> = links
        .iter()
        .filter_map(|link| {
            let rel = link.rel.to_ascii_lowercase();
            let carrier = match rel.strip_prefix("urn:xmpp:alt-connections:")? {
                "websocket" => Carrier::WebSocket,
                "xbosh" => Carrier::Bosh,
                _ => return None,
            };
            let address: Address = link.href.parse().ok()?;
            (!address.scheme.is_stream()).then_some(Endpoint {
                carrier,
                address,
                found: BY_HOST_META,
            })
        })
        .collect();
    if clean {
        let names: Vec<String> = endpoints.iter().map(ToString::to_string).collect();
        match &names[..] {
            [] => doing.note("it has no link for XMPP"),
            names => doing.well(format!("names {}", names.join(" and "))),
        }
        let kind = response.headers.get("content-type").unwrap_or("no Content-Type");
        let due = if is_json { "json" } else { "xml" };
        if !kind.contains(due) {
            doing.note(format!(
                "its Content-Type is {kind}, which is no type of it; browsers read it all the same"
            ));
        }
    }
    endpoints
}

/// What SRV records name.
async fn services(context: &Context) -> Vec<Endpoint> {
    let mut endpoints = Vec::new();
    let domain = &context.settings.domain;
    let (mut none, mut refused) = (0, 0);
    for (service, scheme) in [("_xmpp-client._tcp", "xmpp"), ("_xmpps-client._tcp", "xmpps")] {
        let doing = context.begin(&SRV, domain);
        let chance = |up_to: u32| (context.number() % (u64::from(up_to) + 1)) as u32;
        match context.settings.names.services(service, domain, chance).await {
            Err(why) => doing.skipped(why),
            Ok(Found::Nothing) => {
                none += 1;
                if scheme == "xmpp" {
                    doing.note(format!("no record {service}: clients try {domain}:5222"));
                }
            }
            Ok(Found::NotOffered) => {
                refused += 1;
                if scheme == "xmpp" {
                    doing.weak(
                        Trouble::new(&trouble::SRV_NOT_OFFERED).with("host", domain),
                        format!("the target of {service} is \".\": native clients do not even try"),
                    );
                } else {
                    doing.well(format!("{service}: the domain says that it does not offer this"));
                }
            }
            Ok(Found::Services(services)) => {
                let names: Vec<String> =
                    services.iter().map(|one| format!("{}:{}", one.host, one.port)).collect();
                doing.well(format!("{service}: {}", names.join(", then ")));
                if let Some(ip) = services.iter().find(|one| one.host.parse::<IpAddr>().is_ok()) {
                    doing.weak(
                        Trouble::new(&trouble::SRV_TARGET).with("host", domain),
                        format!(
                            "{service}: the target {} is an IP address, where the name of a host is due: some clients look it \
                             up as a name, and find nothing",
                            ip.host
                        ),
                    );
                }
                for name in names {
                    if let Ok(address) = format!("{scheme}://{name}").parse() {
                        endpoints.push(Endpoint { carrier: Carrier::Tcp, address, found: BY_SRV });
                    }
                }
            }
        }
    }
    if none > 0 && refused == 0 && endpoints.is_empty() {
        // RFC 6120 §3.2.2; whether it is there is no promise of anybody.
        let ascii = idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.clone());
        let address: Option<Address> = format!("xmpp://{ascii}").parse().ok();
        if let Some(address) = address
            && answers(context, &address, 5222).await
        {
            endpoints.push(Endpoint { carrier: Carrier::Tcp, address, found: BY_PATH });
        }
    }
    endpoints
}

/// Whether anything accepts connections there.
async fn answers(context: &Context, address: &Address, port: u16) -> bool {
    let port = address.port().unwrap_or(port);
    let Ok(found) = context.settings.names.addresses(address.name(), port).await else {
        return false;
    };
    for at in found {
        if connect(at).await.is_ok() {
            return true;
        }
    }
    false
}
