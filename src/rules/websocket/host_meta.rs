//! Discovery by host-meta, where it passes here (XEP-0156 §2.2, §3; RFC 7395 §4, §6): the file, its links, and whether a
//! page may read it.

use serde_json::Value;

use crate::rules::finding::{Findings, Level, Party};
use crate::rules::http::view::HttpPart;
use crate::rules::http::words::{from_server, is_page, page};
use crate::rules::kinds::{self, Kind};
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::short;
use crate::trace::{Exchange, Response};
use crate::xml::{Element, Limits, parse};

/// The namespace of an XRD.
const XRD: &str = "http://docs.oasis-open.org/ns/xri/xrd-1.0";

/// What the relations of links for XMPP begin with.
const RELATION: &str = "urn:xmpp:alt-connections:";

/// Findings that are not repeated.
const REMEMBERED: usize = 64;

/// Judges host-meta.
#[derive(Debug, Default)]
pub struct HostMeta {
    /// `Origin`, `Host` and `Sec-Fetch-Site` of requests without a response, by their exchange.
    asked: Vec<(u64, Asked)>,
    /// What was reported: clients ask again and again.
    reported: Vec<String>,
}

#[derive(Debug)]
struct Asked {
    origin: Option<String>,
    host: Option<String>,
}

/// A link in host-meta.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its relation, such as `urn:xmpp:alt-connections:websocket`.
    pub rel: String,
    /// Its URL.
    pub href: String,
}

/// What is wrong.
struct Fault(&'static Kind, Option<&'static str>, Level, Party, String);

impl Rule for HostMeta {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        let Some(view) = moment.http() else { return };
        let exchange = view.exchange;
        let path = exchange.target.split(['?', '#']).next().unwrap_or_default();
        let is_json = path.ends_with("/.well-known/host-meta.json");
        if exchange.method != "GET" || !(is_json || path.ends_with("/.well-known/host-meta")) {
            return;
        }
        match view.part {
            HttpPart::Request(request) => {
                let same = request.headers.get("sec-fetch-site") == Some("same-origin");
                let origin = exchange.origin.clone().filter(|_| !same);
                let host = request.headers.get("host").map(str::to_owned);
                if self.asked.len() >= REMEMBERED {
                    self.asked.remove(0);
                }
                self.asked.push((exchange.number, Asked { origin, host }));
            }
            HttpPart::Response(response, _) => {
                let place = self.asked.iter().position(|(number, _)| *number == exchange.number);
                let asked = place.map(|place| self.asked.remove(place).1);
                if response.own || response.content.cut || response.content.undecoded.is_some() {
                    return;
                }
                let mut faults = judge(exchange, response, is_json);
                if let Some(asked) = asked.filter(|_| response.status == 200) {
                    faults.extend(hidden(&asked, exchange, response));
                }
                for Fault(kind, id, level, party, words) in faults {
                    if !self.reported.contains(&words) {
                        found.add(kind, id, level, party, words.clone());
                        self.reported.push(words);
                    }
                }
                let many = self.reported.len().saturating_sub(REMEMBERED);
                self.reported.drain(..many);
            }
        }
    }
}

/// Whether a page of another origin may read it.
fn hidden(asked: &Asked, exchange: &Exchange, response: &Response) -> Option<Fault> {
    let origin = asked.origin.as_deref().filter(|origin| *origin != "null")?;
    let of_host = origin.split("://").nth(1).map(str::to_owned);
    let allowed = response.headers.get("access-control-allow-origin");
    if of_host == asked.host || allowed.is_some_and(|one| one == "*" || one == origin) {
        return None;
    }
    let why = match allowed {
        Some(one) => format!("Access-Control-Allow-Origin is {}", short(one)),
        None => "it has no Access-Control-Allow-Origin".to_owned(),
    };
    let words = format!(
        "The browser hides {}{} from the page at {}: {why}. The page finds no URL, as if host-meta were \
         missing. Add Access-Control-Allow-Origin: * for this file (XEP-0156 section 3).",
        short(&exchange.target),
        from_server(response),
        short(origin),
    );
    Some(Fault(&kinds::HOST_META_HIDDEN, Some("disco-cors"), Level::Warning, Party::Server, words))
}

fn judge(exchange: &Exchange, response: &Response, is_json: bool) -> Vec<Fault> {
    let target = short(&exchange.target);
    match response.status {
        200 => {}
        400..600 => {
            let what = match response.status {
                404 | 410 => format!("There is no {target}"),
                _ => format!("{target} could not be read"),
            };
            let words = format!(
                "{what}: HTTP {}{}. A client that looks for its URLs there finds none, and needs them in its \
                 settings.",
                response.status,
                from_server(response)
            );
            return vec![Fault(&kinds::HOST_META_MISSING, None, Level::Note, Party::Nobody, words)];
        }
        _ => return Vec::new(),
    }
    let links = match links(response, is_json) {
        Ok(links) => links,
        Err(_) if response.content.clipped => return Vec::new(),
        Err(why) => {
            let words = format!("{target} cannot be used: {why}. Clients find no URL in it.");
            let id = Some("disco-host-meta-xrd");
            return vec![Fault(&kinds::HOST_META_WRONG, id, Level::Error, Party::Server, words)];
        }
    };
    if !links.iter().any(|link| is_about_xmpp(&link.rel)) {
        let words = format!(
            "{target} has no link for XMPP: clients look for the relations {RELATION}websocket and \
             {RELATION}xbosh."
        );
        return vec![Fault(&kinds::HOST_META_WRONG, None, Level::Note, Party::Server, words)];
    }
    links.iter().filter_map(|link| link.fault(&target)).collect()
}

/// The links of host-meta, or of host-meta.json.
///
/// # Errors
/// In words, if it cannot be read.
pub fn links(response: &Response, is_json: bool) -> Result<Vec<Link>, String> {
    if is_json { json(response) } else { xrd(response) }
}

/// The links of an XRD.
fn xrd(response: &Response) -> Result<Vec<Link>, String> {
    let bytes = &response.content.bytes;
    if is_page(bytes) {
        return Err(format!("it is a web page instead of an XRD ({})", page(response)));
    }
    let root = parse(bytes, &Limits::default())
        .map_err(|_| format!("it is not well-formed XML ({})", page(response)))?;
    if root.name() != "XRD" {
        return Err(format!("its root is <{}/> instead of <XRD/>", short(root.name())));
    }
    if root.namespace() != XRD {
        let namespace = short(root.namespace());
        return Err(format!("the namespace of its root is \"{namespace}\" instead of {XRD}"));
    }
    let is_link = |element: &&Element| element.is(XRD, "Link");
    let links = root.children().filter(is_link).map(|link| Link {
        rel: link.attr("rel").unwrap_or_default().to_owned(),
        href: link.attr("href").or_else(|| link.attr("template")).unwrap_or_default().to_owned(),
    });
    Ok(links.collect())
}

/// The links of a JRD.
fn json(response: &Response) -> Result<Vec<Link>, String> {
    let value: Value = serde_json::from_slice(&response.content.bytes)
        .map_err(|_| format!("it is not JSON ({})", page(response)))?;
    let links = value.get("links").and_then(Value::as_array).ok_or("it has no list of links")?;
    let text =
        |link: &Value, name| link.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(links.iter().map(|link| Link { rel: text(link, "rel"), href: text(link, "href") }).collect())
}

fn is_about_xmpp(rel: &str) -> bool {
    rel.to_ascii_lowercase().contains("alt-connections")
}

impl Link {
    fn fault(&self, target: &str) -> Option<Fault> {
        let Self { rel, href } = self;
        if !is_about_xmpp(rel) {
            return None;
        }
        let wrong = |words| {
            let id = Some("disco-host-meta-xrd");
            Some(Fault(&kinds::HOST_META_WRONG, id, Level::Warning, Party::Server, words))
        };
        let due = match rel.as_str() {
            "urn:xmpp:alt-connections:websocket" => ["wss://", "ws://"],
            "urn:xmpp:alt-connections:xbosh" => ["https://", "http://"],
            _ => {
                let name = rel.to_ascii_lowercase();
                let name = name.rsplit(':').next().unwrap_or_default();
                let meant = match name {
                    "websocket" | "websockets" | "ws" | "wss" => "websocket",
                    "xbosh" | "bosh" | "http-bind" => "xbosh",
                    // There are more relations, and may be others yet.
                    _ => return None,
                };
                return wrong(format!(
                    "A link in {target} has the relation {}, which no client looks for: it has to be \
                     {RELATION}{meant}.",
                    short(rel)
                ));
            }
        };
        let lower = href.to_ascii_lowercase();
        if lower.starts_with(due[0]) {
            return None;
        }
        if !lower.starts_with(due[1]) {
            return wrong(format!(
                "The link in {target} for {rel} is {}: it has to begin with {}.",
                short(href),
                due[0]
            ));
        }
        if is_loopback(&lower) {
            return None;
        }
        let words = format!(
            "The link in {target} for {rel} is {}, without TLS: host-meta lists {} URLs only, and a page \
             from https:// cannot use this one.",
            short(href),
            due[0]
        );
        let id = if due[1] == "ws://" { "ws-tls-by-wss" } else { "disco-https-only" };
        Some(Fault(&kinds::HOST_META_INSECURE, Some(id), Level::Error, Party::Server, words))
    }
}

/// Whether the host of a URL is this machine.
fn is_loopback(url: &str) -> bool {
    let host = url.split("://").nth(1).unwrap_or_default();
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    let name =
        if host.starts_with('[') { host } else { host.split(':').next().unwrap_or_default() };
    name == "localhost"
        || name.ends_with(".localhost")
        || name.starts_with("127.")
        || name.starts_with("[::1]")
}

#[cfg(test)]
#[path = "host_meta_tests.rs"]
mod tests;
