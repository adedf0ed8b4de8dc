//! What can be wrong with a 101: the subprotocol, the answer to the key, extensions (RFC 6455 §4.2.2, §9; RFC 7395
//! §3.1).

use super::asked::Asked;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::words::short;
use crate::trace::{Exchange, Response};
use crate::wire::websocket::{accept, is_upgrade};

/// Reports what is wrong with a 101.
pub(super) fn judge(asked: &Asked, response: &Response, exchange: &Exchange, found: &mut Findings) {
    subprotocol(asked, response, found);
    let Some(upgrade) = &exchange.upgrade else { return };
    accepted(upgrade.key.as_deref(), response, found);
    extensions(&upgrade.extensions, response, found);
}

fn subprotocol(asked: &Asked, response: &Response, found: &mut Findings) {
    let given: Vec<&str> = response.headers.all("sec-websocket-protocol").map(str::trim).collect();
    let missing = &kinds::WS_SUBPROTOCOL_MISSING;
    let wrong = &kinds::WS_SUBPROTOCOL_WRONG;
    let (kind, id, words) = match given[..] {
        [] if asked.offers_xmpp() => (
            missing,
            "ws-subprotocol-negotiated",
            "The 101 has no Sec-WebSocket-Protocol, although the client offered xmpp: browsers close such \
             a WebSocket at once, and there is no XMPP on it. The server behind this path is not one for \
             XMPP over WebSocket, or something in between removed the line."
                .to_owned(),
        ),
        [] => return,
        [one] if asked.offers.iter().any(|offer| offer == one) => {
            if one == "xmpp" || !asked.offers_xmpp() {
                return;
            }
            (
                missing,
                "ws-subprotocol-negotiated",
                format!(
                    "The 101 names the subprotocol {}, and not xmpp, which the client offered as well: \
                     what answers is not an XMPP server.",
                    short(one)
                ),
            )
        }
        [one] if asked.offers.is_empty() => (
            wrong,
            "ws-subprotocol-from-offer",
            format!(
                "The 101 names the subprotocol {}, although the client offered none: browsers close such a \
                 WebSocket at once. Let the client offer it (new WebSocket(url, 'xmpp')).",
                short(one)
            ),
        ),
        [one] if one.contains(',') => (
            wrong,
            "ws-subprotocol-from-offer",
            format!(
                "The 101 names several subprotocols ({}) instead of one of those that the client offered: \
                 browsers close such a WebSocket at once.",
                short(one)
            ),
        ),
        [one] => (
            wrong,
            "ws-subprotocol-from-offer",
            format!(
                "The 101 names the subprotocol {}, but the client offered {}: browsers close such a \
                 WebSocket at once.",
                if one.is_empty() { "\"\"".to_owned() } else { short(one) },
                short(&asked.offers.join(", "))
            ),
        ),
        [first, second, ..] => (
            wrong,
            "ws-subprotocol-from-offer",
            format!(
                "The 101 has {} Sec-WebSocket-Protocol lines ({} and {}) instead of one: browsers close \
                 such a WebSocket at once. Probably a reverse proxy and the server both add it.",
                given.len(),
                short(first),
                short(second)
            ),
        ),
    };
    found.add(kind, id, Level::Error, Party::Server, words);
}

/// Whether the 101 belongs to the key, and has the lines that make it one.
fn accepted(key: Option<&str>, response: &Response, found: &mut Findings) {
    let headers = &response.headers;
    let mut wrong = Vec::new();
    match (key, headers.get("sec-websocket-accept")) {
        (Some(_), None) => wrong.push("it has no Sec-WebSocket-Accept".to_owned()),
        // What was hidden cannot be compared.
        (Some(key), Some(given)) if !key.starts_with('[') && !given.starts_with('[') => {
            let due = accept(key);
            if given.trim() != due {
                wrong.push(format!("Sec-WebSocket-Accept is {} instead of {due}", short(given)));
            }
        }
        _ => {}
    }
    if !headers.all("upgrade").any(is_upgrade) {
        wrong.push("it has no Upgrade: websocket".to_owned());
    }
    let mut tokens = headers.all("connection").flat_map(|value| value.split(','));
    if !tokens.any(|token| token.trim().eq_ignore_ascii_case("upgrade")) {
        wrong.push("it has no Connection: Upgrade".to_owned());
    }
    if wrong.is_empty() {
        return;
    }
    let words = format!(
        "The 101 does not answer this handshake: {}. Clients close such a WebSocket at once. Something in \
         between answers from a cache or by itself, or changes these lines.",
        crate::rules::words::list(&wrong)
    );
    found.add(&kinds::WS_ACCEPT_WRONG, "ws-handshake-accept", Level::Error, Party::Server, words);
}

/// Extensions that were not offered.
fn extensions(offers: &[String], response: &Response, found: &mut Findings) {
    let given = response.headers.all("sec-websocket-extensions");
    let given =
        given.flat_map(|value| value.split(',')).map(str::trim).filter(|one| !one.is_empty());
    for extension in given {
        let name = name(extension);
        let mut same =
            offers.iter().filter(|offer| self::name(offer).eq_ignore_ascii_case(name)).peekable();
        let why = if same.peek().is_none() {
            let offered = match offers {
                [] => "no extension".to_owned(),
                offers => short(&offers.join(", ")),
            };
            format!("The 101 uses the extension {}, but the client offered {offered}", short(name))
        } else if has(extension, "client_max_window_bits")
            && !same.any(|offer| has(offer, "client_max_window_bits"))
        {
            format!(
                "The 101 sets client_max_window_bits for {}, which the client did not offer (RFC 7692 \
                 section 7.1.2.2)",
                short(name)
            )
        } else {
            continue;
        };
        let words = format!("{why}: clients close such a WebSocket at once.");
        let id = "ws-extension-from-offer";
        found.add(&kinds::WS_EXTENSION_WRONG, id, Level::Error, Party::Server, words);
    }
}

fn name(extension: &str) -> &str {
    extension.split(';').next().unwrap_or_default().trim()
}

fn has(extension: &str, parameter: &str) -> bool {
    let parameters = extension.split(';').skip(1);
    parameters
        .map(|one| one.split('=').next().unwrap_or_default().trim())
        .any(|one| one.eq_ignore_ascii_case(parameter))
}
