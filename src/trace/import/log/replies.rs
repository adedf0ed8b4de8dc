//! What a server sends over BOSH, as far as its log has it: the stanzas of a response without the `<body/>` around them, and then
//! that a response is sent. Prosody does not say which request it answers; ejabberd does.

use std::collections::HashMap;

/// So many sessions may have stanzas that wait, and so many bytes.
const MANY: usize = 1000;
const BYTES: usize = 4 << 20;

/// Stanzas that wait for the response that carries them.
#[derive(Debug, Default)]
pub(super) struct Replies {
    waiting: HashMap<String, Vec<u8>>,
    /// The session that had a stanza last, or was spoken of.
    last: Option<String>,
    /// The session whose response is being described.
    described: Option<String>,
}

/// A response.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reply {
    /// The sid of its session, if the log calls the session so.
    pub sid: Option<String>,
    /// The rid of the request that it answers.
    pub rid: Option<String>,
    /// Its stanzas.
    pub stanzas: Vec<u8>,
}

impl Replies {
    /// The server gives a stanza to a session.
    pub(super) fn stanza(&mut self, session: &str, xml: &[u8]) {
        if self.waiting.len() >= MANY {
            self.waiting.clear();
        }
        let waiting = self.waiting.entry(session.to_owned()).or_default();
        if waiting.len() + xml.len() <= BYTES {
            waiting.extend_from_slice(xml);
        }
        self.last = Some(session.to_owned());
    }

    /// The response that a line without XML tells of.
    pub(super) fn line(&mut self, line: &[u8]) -> Option<Reply> {
        let line = std::str::from_utf8(line.get(..line.len().min(512))?).ok()?;
        if let Some(sid) = between(line, "Session ", " has ") {
            self.last = Some(format!("bosh{sid}"));
        }
        if line.ends_with("so sending on that") {
            let session = self.last.clone()?;
            let stanzas = self.waiting.remove(&session).unwrap_or_default();
            let sid = session.strip_prefix("bosh").map(str::to_owned);
            return Some(Reply { sid, rid: None, stanzas });
        }
        if line.ends_with("Send reply:") {
            self.described = between(line, "] ", "@ejabberd_bosh:").map(str::to_owned);
            return None;
        }
        let session = self.described.take()?;
        let rid = Some(line.strip_prefix("** RequestID: ")?.trim().to_owned());
        let stanzas = self.waiting.remove(&session).unwrap_or_default();
        Some(Reply { sid: None, rid, stanzas })
    }
}

fn between<'a>(line: &'a str, before: &str, behind: &str) -> Option<&'a str> {
    let rest = &line[line.find(before)? + before.len()..];
    rest.find(behind).map(|end| &rest[..end]).filter(|text| !text.contains(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stanzas_wait_for_the_response_that_carries_them() {
        let mut replies = Replies::default();
        replies.stanza("bosha1", b"<iq/>");
        replies.stanza("bosha1", b"<message/>");
        let reply = replies
            .line(b"Nov 29 14:44:03 mod_bosh\tdebug\tWe have an open request, so sending on that");
        let stanzas = b"<iq/><message/>".to_vec();
        assert_eq!(reply, Some(Reply { sid: Some("a1".to_owned()), rid: None, stanzas }));
        replies.stanza("<0.487.0>", b"<success/>");
        assert_eq!(
            replies.line(b"2026 [debug] <0.487.0>@ejabberd_bosh:do_reply/4:679 Send reply:"),
            None
        );
        let reply = replies.line(b"** RequestID: 2626237");
        let stanzas = b"<success/>".to_vec();
        assert_eq!(reply, Some(Reply { sid: None, rid: Some("2626237".to_owned()), stanzas }));
        assert_eq!(replies.line(b"** RequestID: 2626237"), None);
    }
}
