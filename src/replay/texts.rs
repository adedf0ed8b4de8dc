//! Small questions about texts that a client sends.

use crate::random::Random;
use crate::record::rewritten;
use crate::trace::Request;
use crate::xmpp::ns;

pub(super) fn number(random: &mut dyn Random) -> u64 {
    let mut bytes = [0; 8];
    random.fill(&mut bytes);
    u64::from_be_bytes(bytes)
}

/// A `<body/>` with these rids. In the request for a session, `ack` is no rid but always 1 (XEP-0124 §9.1).
pub(super) fn with_rids(text: &[u8], rid: impl FnMut(u64) -> u64) -> Vec<u8> {
    let rid = std::cell::RefCell::new(rid);
    let now = |old| (rid.borrow_mut())(old);
    let end = memchr::memchr(b'>', text).unwrap_or(text.len());
    let asks = !contains(&text[..end], b" sid=");
    let names: &[&str] = if asks { &["rid"] } else { &["rid", "ack"] };
    rewritten(text, names, now).unwrap_or_else(|| text.to_vec())
}

/// A text without what was hidden in it, if anything was. What has a mark is another word each time: the mark.
pub(super) fn shown(text: &str) -> Option<String> {
    let mut rest = text;
    let mut out = String::new();
    while let Some((before, hidden)) = rest.split_once(HIDDEN) {
        out += before;
        let (what, after) = hidden.split_once(']').unwrap_or((hidden, ""));
        out += what.split_once('#').map_or("", |(_, mark)| mark);
        rest = after;
    }
    (rest.len() < text.len()).then_some(out + rest)
}

/// How what is hidden begins.
pub(super) const HIDDEN: &str = "[hidden ";

pub(super) fn contains(text: &[u8], what: &[u8]) -> bool {
    memchr::memmem::find(text, what).is_some()
}

pub(super) fn is_upgrade(request: &Request) -> bool {
    request.headers.all("upgrade").any(crate::wire::websocket::is_upgrade)
}

/// Whether a text holds an element of SASL.
pub(super) fn is_sasl(text: &str) -> bool {
    text.contains(ns::SASL) && (text.contains("<auth") || text.contains("<response"))
}

/// The words of a content.
pub(super) fn words(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let between = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>');
    text.split(between).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
