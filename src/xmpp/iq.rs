//! Requests and their replies in words. A reply with a payload has the subject of its request; one
//! without is joined to it by its id, elsewhere.

use super::iq_details as details;
use super::ns;
use super::pubsub;
use super::stream::name_and_namespace;
use super::words::{Words, attr, stanza_error};
use crate::xml::Element;

/// Turns a payload into words; the flag says whether it is in a result.
type Detail = fn(payload: &Element, result: bool) -> String;

/// A payload that is known.
struct KnownPayload {
    namespace: &'static str,
    /// The name it must have, empty for any.
    name: &'static str,
    subject: &'static str,
    noise: Option<&'static str>,
    detail: Detail,
}

const fn known(
    namespace: &'static str,
    name: &'static str,
    subject: &'static str,
    noise: Option<&'static str>,
    detail: Detail,
) -> KnownPayload {
    KnownPayload { namespace, name, subject, noise, detail }
}

/// A name given stands before the same namespace without one.
const KNOWN: &[KnownPayload] = &[
    known(ns::BIND, "bind", "bind", None, details::bind),
    known(ns::SESSION, "session", "session", None, details::nothing),
    known(ns::AUTH, "", "legacy login", None, details::login),
    known(ns::REGISTER, "", "register", None, details::registration),
    known(ns::ROSTER, "query", "roster", Some("roster"), details::roster),
    known(ns::PING, "ping", "ping", Some("ping"), details::nothing),
    known(ns::DISCO_INFO, "query", "disco#info", Some("disco"), details::disco_info),
    known(ns::DISCO_ITEMS, "query", "disco#items", Some("disco"), details::disco_items),
    known(ns::EXTDISCO, "", "external services", Some("disco"), details::services),
    known(ns::EXTDISCO1, "", "external services", Some("disco"), details::services),
    known(ns::VERSION, "query", "version", Some("version"), details::version),
    known(ns::LAST, "query", "last activity", Some("last"), details::last_activity),
    known(ns::TIME, "time", "time", Some("time"), details::time),
    known(ns::PRIVATE, "query", "private storage", Some("private"), details::children),
    known(ns::PRIVACY, "query", "privacy lists", None, details::named_children),
    known(ns::BLOCKING, "blocklist", "blocklist", Some("blocking"), details::blocked),
    known(ns::BLOCKING, "block", "block", None, details::blocked),
    known(ns::BLOCKING, "unblock", "unblock", None, details::blocked),
    known(ns::SEARCH, "query", "search", None, details::search),
    known(ns::VCARD, "", "vcard", Some("vcard"), details::vcard),
    known(ns::VCARD4, "", "vcard", Some("vcard"), details::nothing),
    known(ns::HTTP_UPLOAD, "", "http upload slot", None, details::upload),
    known(ns::PUSH, "enable", "push enable", Some("push"), details::push),
    known(ns::PUSH, "disable", "push disable", Some("push"), details::push),
    known(ns::CARBONS, "enable", "carbons enable", Some("carbons"), details::nothing),
    known(ns::CARBONS, "disable", "carbons disable", Some("carbons"), details::nothing),
    known(ns::MAM, "prefs", "MAM preferences", Some("mam-prefs"), details::archive_preferences),
    known(ns::MAM1, "prefs", "MAM preferences", Some("mam-prefs"), details::archive_preferences),
    known(ns::MAM, "metadata", "MAM metadata", None, details::nothing),
    known(ns::MAM, "", "MAM query", None, details::archive),
    known(ns::MAM1, "", "MAM query", None, details::archive),
    known(ns::MUC_ADMIN, "query", "MUC admin", None, details::room_admin),
    known(ns::MUC_OWNER, "query", "MUC configuration", None, details::room_owner),
    known(ns::SI, "si", "file offer", None, details::nothing),
    known(ns::BYTESTREAMS, "", "SOCKS5 bytestream", None, details::nothing),
    known(ns::FOCUS, "conference", "jitsi conference", None, details::conference),
    known(ns::COLIBRI, "conference", "colibri conference", None, details::nothing),
    known(ns::COLIBRI2, "", "colibri conference", None, details::nothing),
    known(ns::RAYO, "dial", "dial", None, details::dial),
];

/// Describe an `<iq/>`.
pub(super) fn describe(iq: &Element) -> Words {
    let type_ = attr(iq, "type");
    let result = type_ == Some("result");
    let payload = iq.children().find(|child| child.name() != "error");
    let mut words = match payload {
        Some(payload) => payload_words(iq, payload, result),
        None => Words::default(),
    };
    if type_ == Some("error") {
        words.detail = stanza_error(iq).unwrap_or_else(|| "no error inside".into());
        words.noise = None;
    } else if !result && payload.is_none() {
        words.subject = "empty".into();
    }
    let more = iq.children().filter(|child| child.name() != "error").count().saturating_sub(1);
    if more > 0 {
        // An iq has one payload (RFC 6120 §8.2.3): say that the rest is not described.
        let separator = if words.detail.is_empty() { "" } else { "; " };
        words.detail = format!("{}{separator}and {more} more inside", words.detail);
    }
    words
}

fn payload_words(iq: &Element, payload: &Element, result: bool) -> Words {
    let mut words = Words::default();
    match (payload.namespace(), payload.name()) {
        (ns::PUBSUB | ns::PUBSUB_OWNER, "pubsub") => {
            words.subject = pubsub::request(payload);
            words.detail = pubsub::content(payload);
            let service = if result { attr(iq, "from") } else { attr(iq, "to") };
            words.noise = pubsub::noise(payload, service);
        }
        (ns::JINGLE, "jingle") => {
            words.subject = format!("jingle {}", attr(payload, "action").unwrap_or("?"));
            words.detail = details::jingle(payload);
        }
        (ns::COMMANDS, "command") => {
            words.subject = format!("command {}", attr(payload, "node").unwrap_or("?"));
            words.detail = details::command(payload);
        }
        (ns::IBB, name) => {
            words.subject = format!("in-band bytestream {name}");
            words.detail = details::in_band(payload);
        }
        (namespace, name) => {
            let entry = KNOWN.iter().find(|known| {
                known.namespace == namespace && (known.name.is_empty() || known.name == name)
            });
            match entry {
                Some(known) => {
                    words.subject = known.subject.into();
                    words.detail = (known.detail)(payload, result);
                    words.noise = known.noise;
                }
                None => words.subject = name_and_namespace(payload),
            }
        }
    }
    if payload.is(ns::BIND, "bind") && result {
        words.bound = details::bound(payload);
    }
    words
}
