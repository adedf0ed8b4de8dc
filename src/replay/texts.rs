//! Small questions about texts that a client sends.

use super::script::Does;
use crate::random::Random;
use crate::record::rewritten;
use crate::trace::Request;

pub(super) fn number(random: &mut dyn Random) -> u64 {
    let mut bytes = [0; 8];
    random.fill(&mut bytes);
    u64::from_be_bytes(bytes)
}

pub(super) fn with_rids(text: &[u8], rid: impl FnMut(u64) -> u64) -> Vec<u8> {
    let rid = std::cell::RefCell::new(rid);
    let now = |old| (rid.borrow_mut())(old);
    rewritten(text, &["rid", "ack"], now).unwrap_or_else(|| text.to_vec())
}

pub(super) fn contains(text: &[u8], what: &[u8]) -> bool {
    memchr::memmem::find(text, what).is_some()
}

pub(super) fn is_upgrade(request: &Request) -> bool {
    request.headers.all("upgrade").any(crate::wire::websocket::is_upgrade)
}

/// The words that an act says.
pub(super) fn words(does: &Does) -> Vec<String> {
    let bytes = match does {
        Does::Request(_, request) => &request.content.bytes,
        Does::Text(bytes) | Does::Part(bytes) => bytes,
        _ => return Vec::new(),
    };
    let text = String::from_utf8_lossy(bytes);
    let between = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>');
    text.split(between).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
