//! What variables may name without being set: facts of the target, of sessions and of requests. The runner gives them
//! their values.

use crate::bosh::SCHEMA_ATTRIBUTES;

/// Facts of the target: its XMPP domain, its service for rooms, the value for `Host`, the path and the whole URL of the
/// connection manager; and in `raw`, how many bytes stand behind the first empty line.
pub const FACTS: [&str; 6] = ["domain", "rooms", "host", "path", "url", "content-length"];
/// What the client's session asked for and was granted, by attribute: `granted.wait`. Times are times.
pub const TERMS: [&str; 2] = ["granted", "asked"];
/// Attributes of [`TERMS`] that are times, in seconds on the wire.
pub const TIMES: [&str; 5] = ["wait", "inactivity", "polling", "maxpause", "pause"];
/// Fields of an actor: its full JID, bare JID, user name, resource, domain, sid, the highest rid it has used without a
/// gap, and the `key` and `newkey` that its next request will hold; what carries its session; and of stream management
/// (XEP-0198) how many stanzas it has sent and received since it was enabled, and the id by which the stream is resumed.
/// `granted` and `asked` are fields too.
pub const ACTOR_FIELDS: [&str; 13] = [
    "jid",
    "bare",
    "user",
    "resource",
    "domain",
    "sid",
    "rid",
    "key",
    "newkey",
    "transport",
    "sent",
    "received",
    "previd",
];
/// Fields of an account: its bare JID, user name, password, and the initial response for SASL PLAIN in base64.
pub const ACCOUNT_FIELDS: [&str; 4] = ["bare", "user", "password", "plain"];
/// Fields of a request: its rid, the time from its last byte sent to the first byte of its response, and the status.
pub const REQUEST_FIELDS: [&str; 4] = ["rid", "held", "status", "interim"];
/// Attributes beside those of the schema that terms may have.
const OTHER_TERMS: [&str; 3] = ["lang", "version", "restartlogic"];

/// Attributes that terms may have: `granted.xml:lang` is written `granted.lang`, and so on.
pub fn term_attributes() -> impl Iterator<Item = &'static str> {
    SCHEMA_ATTRIBUTES.into_iter().chain(OTHER_TERMS)
}
