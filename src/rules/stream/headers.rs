//! What the parties say when they open a stream: `<open/>` over WebSocket, the stream header over TCP (RFC 7395 §3.4, RFC
//! 6120 §4.7). The same attributes with the same meaning.

use std::collections::VecDeque;

use super::course::Course;
use super::line::{LinePart, LineView};
use super::odd::is_other_kind;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::memory::PerLine;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::{list, short};
use crate::trace::{Fact, Reading};
use crate::wire::Side;
use crate::xmpp::{Header, jid, ns};

/// So many ids of streams are compared.
const REMEMBERED: usize = 64;
/// Steps between ids that are counted.
const STEP: u128 = 16;

/// Judges the attributes that open a stream.
#[derive(Debug, Default)]
pub struct Headers {
    lines: PerLine<State>,
    /// The last ids, of all connections.
    ids: VecDeque<(u64, String)>,
    counting_told: bool,
}

#[derive(Debug, Default)]
struct State {
    /// What the client said when it opened the present stream.
    asked: Option<Header>,
    /// The server answers as another domain than the client asked for. That is a mistake only if the stream goes on: a
    /// server that does not know a domain must not answer in its name.
    other_domain: Option<String>,
    /// What was reported of this connection already.
    told: Vec<&'static str>,
}

impl Rule for Headers {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        // It is to be forgotten also if its stream goes on elsewhere.
        if let Fact::Closed { .. } = moment.event.fact {
            self.lines.take(moment.event.conn);
            return;
        }
        let Some(view) = moment.line() else { return };
        match view.part {
            LinePart::Lost => self.lines.of(view.line.conn).asked = None,
            LinePart::Message(message) => {
                let Some(element) = Course::opens(&view, message) else {
                    if let Reading::Element(element) = &message.reading
                        && element.is(ns::STREAMS, "features")
                    {
                        self.lines.of(view.line.conn).goes_on(&view, found);
                    }
                    return;
                };
                let bytes = moment.event.fact.content().map_or(&[][..], |content| &content.bytes);
                if !view.is_websocket() && is_other_kind(bytes) {
                    return;
                }
                let header = Header::of(element);
                let state = self.lines.of(view.line.conn);
                match message.from {
                    Side::Client => {
                        state.client(&view, &header, found);
                        state.asked = Some(header);
                    }
                    Side::Server => {
                        state.server(&view, &header, found);
                        if let Some(id) = header.id.filter(|id| !id.is_empty()) {
                            self.id(&view, id, found);
                        }
                    }
                }
            }
            _ => {}
        }
    }
}

/// A problem of a header, with the requirements over WebSocket and TCP.
struct Problem<'a> {
    /// Reported once on a connection.
    name: &'static str,
    kind: &'static kinds::Kind,
    tcp: &'static str,
    level: Level,
    from: Side,
    words: &'a str,
}

impl State {
    fn tell(&mut self, view: &LineView<'_>, problem: &Problem<'_>, found: &mut Findings) {
        let Problem { name, kind, tcp, level, from, words } = *problem;
        if self.told.contains(&name) {
            return;
        }
        self.told.push(name);
        found.add(kind, view.either("ws-open-attributes", tcp), level, Party::from(from), words);
    }

    fn client(&mut self, view: &LineView<'_>, header: &Header, found: &mut Findings) {
        let what = view.either("<open/>", "stream header");
        let from = Side::Client;
        let to = header.to.as_deref().unwrap_or_default().trim();
        if to.is_empty() {
            let words = &format!(
                "The client's {what} has no `to`, so the server does not know which of its domains \
                 is meant. Clients have to name the domain of the account."
            );
            let (kind, tcp) = (&kinds::STREAM_HEADER_LACKS, "tcp-to-in-initial-header");
            let level = Level::Error;
            self.tell(view, &Problem { name: "c-to", kind, tcp, level, from, words }, found);
        } else if to.contains(['@', '/']) || has_port(to) {
            let words = &format!(
                "`to` in the client's {what} is '{}', but it has to be the domain of the account \
                 alone{}.",
                short(to),
                if to.contains(':') { ", without a scheme or a port" } else { "" }
            );
            let (kind, tcp) = (&kinds::STREAM_HEADER_WRONG, "tcp-to-in-initial-header");
            let level = Level::Warning;
            self.tell(view, &Problem { name: "c-to", kind, tcp, level, from, words }, found);
        }
        if let Some(id) = &header.id {
            let words = &format!(
                "The client's {what} has id='{}'. Only the server gives a stream its id; this one \
                 is ignored.",
                short(id)
            );
            let (kind, tcp) = (&kinds::STREAM_HEADER_WRONG, "tcp-no-id-from-initiator");
            let level = Level::Warning;
            self.tell(view, &Problem { name: "c-id", kind, tcp, level, from, words }, found);
        }
        let tcp = "tcp-version-numeric";
        let level = Level::Warning;
        match header.version.as_deref().map(|text| (text, version(text))) {
            None => {
                let words = &format!(
                    "The client's {what} has no version, so the server takes it for a client from \
                     before XMPP 1.0: it sends no stream features, and SASL is not possible. Send \
                     version='1.0'."
                );
                let kind = &kinds::STREAM_HEADER_LACKS;
                self.tell(
                    view,
                    &Problem { name: "c-version", kind, tcp, level, from, words },
                    found,
                );
            }
            Some((text, None | Some((0, _)))) => {
                let words = &format!(
                    "The client's {what} has version='{}', which is not 1.0 or higher.",
                    short(text)
                );
                let kind = &kinds::STREAM_HEADER_WRONG;
                self.tell(
                    view,
                    &Problem { name: "c-version", kind, tcp, level, from, words },
                    found,
                );
            }
            Some(_) => {}
        }
    }

    fn server(&mut self, view: &LineView<'_>, header: &Header, found: &mut Findings) {
        let what = view.either("<open/>", "stream header");
        let asked = self.asked.clone();
        self.other_domain = None;
        let modern = asked.as_ref().is_none_or(|asked| {
            asked.version.as_deref().and_then(version).is_some_and(|(major, _)| major >= 1)
        });
        // What the client sent in its place, or that it sent nothing, is reported.
        if asked.is_some() {
            self.lacks(view, header, modern, what, found);
        }
        self.server_version(view, header, asked.as_ref(), what, found);
        let Some(asked) = asked else { return };
        let (from, level) = (Side::Server, Level::Note);
        let (kind, tcp) = (&kinds::STREAM_HEADER_WRONG, "tcp-from-to-in-response-header");
        if let (Some(to), None) = (&header.to, &asked.from) {
            let words = &format!(
                "The server's {what} has to='{}', though the client has not said who it is.",
                short(to)
            );
            self.tell(view, &Problem { name: "s-to", kind, tcp, level, from, words }, found);
        }
        if let (Some(client), Some(to)) = (&asked.from, &header.to)
            && !jid::before_slash(client).eq_ignore_ascii_case(jid::before_slash(to))
        {
            let (client, to) = (short(client), short(to));
            let words = &format!(
                "The client's {what} says from='{client}', but the server's answer says \
                 to='{to}'."
            );
            self.tell(view, &Problem { name: "s-to", kind, tcp, level, from, words }, found);
        }
        if let (Some(to), Some(by)) = (&asked.to, &header.from)
            && !by.is_empty()
            && !to.trim().is_empty()
            && !by.eq_ignore_ascii_case(to.trim())
        {
            let (to, by) = (short(to), short(by));
            self.other_domain = Some(format!(
                "The client asked for {to}, and the server answers as {by}: clients that compare \
                 them give up."
            ));
        }
    }

    /// The server offers features, so the stream is one that it serves.
    fn goes_on(&mut self, view: &LineView<'_>, found: &mut Findings) {
        let Some(words) = &self.other_domain.take() else { return };
        let (kind, tcp) = (&kinds::STREAM_HEADER_WRONG, "tcp-from-to-in-response-header");
        let (level, from) = (Level::Note, Side::Server);
        self.tell(view, &Problem { name: "s-from", kind, tcp, level, from, words }, found);
    }

    /// What the server's header does not say.
    fn lacks(
        &mut self,
        view: &LineView<'_>,
        header: &Header,
        modern: bool,
        what: &str,
        found: &mut Findings,
    ) {
        let kind = &kinds::STREAM_HEADER_LACKS;
        let from = Side::Server;
        let empty = |text: &Option<String>| text.as_ref().is_none_or(|text| text.trim().is_empty());
        let missing = [
            (header.from.is_none(), "s-from", "from", "tcp-from-to-in-response-header"),
            (empty(&header.id), "s-id", "id", "tcp-stream-id-unpredictable"),
            (modern && header.version.is_none(), "s-version", "version", "tcp-version-numeric"),
            (modern && header.lang.is_none(), "s-lang", "xml:lang", "tcp-lang-in-response"),
        ];
        for (missing, name, attribute, tcp) in missing {
            if !missing {
                continue;
            }
            let (level, follows) = match attribute {
                "xml:lang" => (Level::Note, "the language of the server's texts is not known"),
                "version" => (Level::Warning, "clients take it for a server from before XMPP 1.0"),
                "id" => (Level::Warning, "logs and some logins refer to the stream by its id"),
                _ => (Level::Warning, "the client cannot check which domain answers"),
            };
            let words = &format!("The server's {what} has no `{attribute}`: {follows}.");
            self.tell(view, &Problem { name, kind, tcp, level, from, words }, found);
        }
    }

    fn server_version(
        &mut self,
        view: &LineView<'_>,
        header: &Header,
        asked: Option<&Header>,
        what: &str,
        found: &mut Findings,
    ) {
        let Some(text) = header.version.as_deref() else { return };
        let ours = version(text);
        let theirs = asked.and_then(|asked| asked.version.as_deref()).and_then(version);
        let complaint = match (ours, theirs) {
            (None, _) => "which is not a version such as 1.0".to_owned(),
            (Some(ours), Some(theirs)) if ours > theirs && theirs.0 >= 1 => {
                format!(
                    "which is higher than the client's {}.{}: it has to be the lower of the two",
                    theirs.0, theirs.1
                )
            }
            _ => return,
        };
        let words = &format!("The server's {what} has version='{}', {complaint}.", short(text));
        let (kind, tcp) = (&kinds::STREAM_HEADER_WRONG, "tcp-version-numeric");
        let (level, from) = (Level::Warning, Side::Server);
        self.tell(view, &Problem { name: "s-version", kind, tcp, level, from, words }, found);
    }
}

impl Headers {
    /// Looks at the id of a stream, beside those before.
    fn id(&mut self, view: &LineView<'_>, id: String, found: &mut Findings) {
        let conn = view.line.conn;
        let before = self.ids.iter().rev().find(|(_, known)| *known == id);
        if let Some(&(other, _)) = before {
            let (words, id) = if other == conn {
                let words = format!(
                    "The server opens the stream anew with the id it had before, '{}': after a \
                     restart the id has to be another one.",
                    short(&id)
                );
                (words, view.either("ws-restart-by-open", "tcp-restart-new-id"))
            } else {
                let words = format!(
                    "The server gives this stream the id '{}', which the stream on connection \
                     #{other} had: ids must not repeat.",
                    short(&id)
                );
                (words, view.either("ws-open-attributes", "tcp-stream-id-unpredictable"))
            };
            let state = self.lines.of(conn);
            if !state.told.contains(&"s-id-again") {
                state.told.push("s-id-again");
                found.add(&kinds::STREAM_ID_REPEATED, id, Level::Note, Party::Server, words);
            }
        } else {
            self.counted(view, &id, found);
        }
        if self.ids.len() == REMEMBERED {
            self.ids.pop_front();
        }
        self.ids.push_back((conn, id));
    }

    /// Ids that are counted can be guessed. Three in a row are evidence.
    fn counted(&mut self, view: &LineView<'_>, id: &str, found: &mut Findings) {
        let mut last: Vec<&str> = self.ids.iter().rev().take(3).map(|(_, id)| &**id).collect();
        last.reverse();
        last.push(id);
        let numbers: Option<Vec<_>> = last.iter().map(|id| counter(id)).collect();
        let Some(numbers) = numbers.filter(|numbers| numbers.len() == 4) else { return };
        let up = |pair: &[(&str, u128)]| {
            pair[0].0 == pair[1].0
                && pair[1].1.checked_sub(pair[0].1).is_some_and(|step| (1..=STEP).contains(&step))
        };
        if numbers.windows(2).all(up) && !std::mem::replace(&mut self.counting_told, true) {
            let ids: Vec<_> = last.iter().map(|id| format!("'{}'", short(id))).collect();
            let words = format!(
                "The server numbers its streams in sequence: {}. They have to be unpredictable, \
                 since logins and dialback may rely on them.",
                list(&ids)
            );
            let id = view.either("ws-open-attributes", "tcp-stream-id-unpredictable");
            found.add(&kinds::STREAM_ID_PREDICTABLE, id, Level::Warning, Party::Server, words);
        }
    }
}

/// Whether a domain is followed by a port; an address of IPv6 has colons of its own.
fn has_port(to: &str) -> bool {
    to.split_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// What stands in front of the number at the end of an id, and that number.
fn counter(id: &str) -> Option<(&str, u128)> {
    let digits = id.bytes().rev().take_while(u8::is_ascii_digit).count();
    let (front, number) = id.split_at(id.len() - digits);
    Some((front, number.parse().ok()?))
}

/// Major and minor number of a version.
fn version(text: &str) -> Option<(u64, u64)> {
    let number = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
    };
    let (major, minor) = text.trim().split_once('.')?;
    Some((number(major)?, number(minor)?))
}

#[cfg(test)]
#[path = "headers_tests.rs"]
mod tests;
