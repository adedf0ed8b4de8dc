//! HTTP at the port for XMPP over TCP: the answer is an XML stream (RFC 6120 §4).

use rustc_hash::FxHashMap;

use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::short;
use crate::trace::Fact;
use crate::wire::Side;
use crate::wire::protocol::Protocol;

/// Reports that HTTP was sent to a port for XMPP over TCP.
#[derive(Debug, Default)]
pub struct ClientPort {
    /// The first request of each connection; none if the answer was reported.
    asked: FxHashMap<u64, Option<String>>,
}

impl Rule for ClientPort {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        let conn = moment.event.conn;
        match &moment.event.fact {
            Fact::Request(request) => {
                self.asked.entry(conn).or_insert_with(|| {
                    Some(format!("{} {}", short(&request.method), short(&request.target)))
                });
            }
            Fact::Raw(raw)
                if raw.from == Side::Server
                    && Protocol::of(&raw.bytes) == Some(Protocol::XmppStream) =>
            {
                let asked = self.asked.insert(conn, None);
                if asked != Some(None) {
                    report(asked.flatten().as_deref(), &raw.bytes, found);
                }
            }
            Fact::Closed { .. } => {
                self.asked.remove(&conn);
            }
            _ => {}
        }
    }
}

fn report(asked: Option<&str>, bytes: &[u8], found: &mut Findings) {
    let text = String::from_utf8_lossy(bytes);
    let error = condition(&text).map(|name| format!(" with the error {name}")).unwrap_or_default();
    let request =
        asked.map_or("an HTTP request".to_owned(), |asked| format!("the HTTP request {asked}"));
    let port = if text.contains("jabber:server") {
        "the port for XMPP servers over TCP (5269)"
    } else {
        "the port for XMPP clients over TCP (5222)"
    };
    let words = format!(
        "The answer to {request} is an XMPP stream{error}: this is {port}, not one for HTTP. Use the \
         server's HTTP port, usually 5280 or 5281 (Prosody, ejabberd), 5443 (ejabberd), 7070 or 7443 \
         (Openfire)."
    );
    found.add(&kinds::CLIENT_PORT, None, Level::Error, Party::Client, words);
}

/// The condition of a stream error.
fn condition(text: &str) -> Option<String> {
    let error = &text[text.find(":error")?..];
    let inner = &error[error.find('>')? + 1..];
    let inner = inner.trim_start().strip_prefix('<')?;
    let name: String =
        inner.chars().take_while(|char| char.is_ascii_lowercase() || *char == '-').collect();
    (!name.is_empty()).then(|| short(&name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::playbook::{at_least, names};

    const STREAM: &str = "<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' \
        version='1.0' id='' xmlns='jabber:client'><stream:error><not-well-formed \
        xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>";

    #[test]
    fn a_stream_in_answer_to_http_is_the_wrong_port() {
        let ask = "0 1 C> GET / | Host: a | Upgrade: websocket | Connection: Upgrade";
        let script = format!("{ask}\n5 1 !raw S invalid HTTP version | {STREAM}\n6 1 S. fin");
        assert_eq!(
            at_least(Level::Note, &script),
            [
                "5 Error client-port Client: The answer to the HTTP request GET / is an XMPP stream with the \
              error not-well-formed: this is the port for XMPP clients over TCP (5222), not one for HTTP. \
              Use the server's HTTP port, usually 5280 or 5281 (Prosody, ejabberd), 5443 (ejabberd), 7070 \
              or 7443 (Openfire)."
            ]
        );
        let servers = script.replace("jabber:client", "jabber:server");
        assert!(at_least(Level::Note, &servers)[0].contains("servers over TCP (5269)"));
        assert_eq!(
            names("0 1 C> <body rid='1'/>\n5 1 !raw S invalid HTTP version").pop(),
            Some("not-http")
        );
    }
}
