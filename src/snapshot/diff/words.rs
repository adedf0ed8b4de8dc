//! What stanzas, requests and responses are, in the words of a person.

use crate::bosh::NS;
use crate::snapshot::{Content, Exchange, Message, Tree};
use crate::xmpp::ns;

/// So much of a text is quoted to know it by.
const QUOTED: usize = 40;

/// What a stanza is: `presence unavailable`, `message chat "Are you there?"`, without the text if not `texts`.
pub(super) fn stanza(tree: &Tree, texts: bool) -> String {
    let first = tree.children().next();
    let kind = tree.attr("type");
    let mut parts = Vec::new();
    match (&*tree.name, tree.attr("xmlns")) {
        ("stream:features", _) => parts.push("stream features".to_owned()),
        ("open", Some(ns::FRAMING)) | ("stream:stream", _) => parts.push("stream open".to_owned()),
        ("close", Some(ns::FRAMING)) => parts.push("stream close".to_owned()),
        ("stream:error", _) => {
            parts.push("stream error".to_owned());
            parts.extend(first.map(|child| child.name.clone()));
        }
        (name, Some(ns::SASL)) => {
            parts.push(format!("SASL {name}"));
            parts.extend(tree.attr("mechanism").map(str::to_owned));
            parts.extend(first.filter(|_| name == "failure").map(|child| child.name.clone()));
        }
        (name, Some(ns::SM2 | ns::SM3)) => {
            parts.push(format!("SM {name}"));
            parts.extend(first.filter(|_| name == "failed").map(|child| child.name.clone()));
        }
        ("iq", _) => {
            parts.push("iq".to_owned());
            parts.extend(kind.map(str::to_owned));
            let condition = (kind == Some("error")).then(|| error(tree)).flatten();
            parts.extend(condition.or(first.map(|child| child.name.clone())));
        }
        ("presence", _) => {
            parts.push("presence".to_owned());
            parts.extend(kind.map(str::to_owned));
            parts.extend(tree.attr("from").map(|from| format!("from {from}")));
        }
        ("message", _) => {
            parts.push("message".to_owned());
            parts.extend(kind.map(str::to_owned));
            let body = tree.children().find(|child| child.name == "body");
            parts.extend(match body {
                Some(body) => texts.then(|| quoted(&body.text())),
                None => first.map(|child| child.name.clone()),
            });
        }
        (name, _) => {
            parts.push(name.to_owned());
            let text = tree.text();
            if !text.is_empty() && texts {
                parts.push(quoted(&text));
            }
        }
    }
    parts.join(" ")
}

fn error(tree: &Tree) -> Option<String> {
    let error = tree.children().find(|child| child.name == "error")?;
    error.children().next().map(|condition| condition.name.clone())
}

/// The beginning of a text in quotes.
pub(super) fn quoted(text: &str) -> String {
    let mut chars = text.chars();
    let start: String = chars.by_ref().take(QUOTED).collect();
    let more = if chars.next().is_some() { "…" } else { "" };
    format!("\"{start}{more}\"")
}

/// What an element is that came or went.
pub(super) fn whole(tree: &Tree) -> String {
    let mut text = String::new();
    tree.inline(&mut text);
    if text.chars().count() <= 2 * QUOTED {
        return text;
    }
    let mut start = String::new();
    tree.start(&mut start);
    start + ">…"
}

/// What a request is.
pub(super) fn request(exchange: &Exchange) -> String {
    let message = &exchange.client;
    let mut parts = Vec::new();
    if let Some(body) = message.xml() {
        if body.attr("hold").is_some() || body.attr("wait").is_some() {
            parts.push("opens a session".to_owned());
        }
        if body.attr("xmpp:restart").is_some() {
            parts.push("restarts the stream".to_owned());
        }
        if body.attr("pause").is_some() {
            parts.push("asks for a pause".to_owned());
        }
        match body.attr("type") {
            Some("terminate") => parts.push("ends the session".to_owned()),
            Some(kind) => parts.push(format!("type {kind}")),
            None => {}
        }
        parts.extend(carried(body));
        if parts.is_empty() {
            parts.push("empty poll".to_owned());
        }
    } else {
        parts.extend(content(message));
    }
    if !message.words.is_empty() {
        parts.insert(0, message.words.clone());
    }
    if parts.is_empty() {
        parts.push("no request".to_owned());
    }
    parts.join(", ")
}

/// What a response is.
pub(super) fn response(exchange: &Exchange) -> String {
    let message = &exchange.server;
    let mut parts = Vec::new();
    if !message.words.is_empty() {
        parts.push(message.words.clone());
    }
    if let Some(body) = message.xml() {
        parts.extend(body.attr("type").map(|kind| format!("type {kind}")));
        parts.extend(body.attr("condition").map(str::to_owned));
        let carried = carried(body);
        if carried.is_empty() && body.attr("type").is_none() {
            parts.push("empty".to_owned());
        }
        parts.extend(carried);
    } else {
        parts.extend(content(message));
    }
    parts.join(", ")
}

/// The stanzas of a body, or the elements of a stream; another element is its name.
fn carried(body: &Tree) -> Vec<String> {
    let is_body = body.name == "body" && body.attr("xmlns").is_none_or(|known| known == NS);
    if !is_body && !body.name.is_empty() {
        return vec![tag(body)];
    }
    let mut stanzas: Vec<_> = body.children().take(4).map(|tree| stanza(tree, true)).collect();
    let more = body.children().count().saturating_sub(3);
    if more > 1 {
        stanzas.truncate(3);
        stanzas.push(format!("{more} more"));
    }
    stanzas
}

/// What an element is by its name: `<body>`. One without a name stands for elements of a stream.
pub(super) fn tag(tree: &Tree) -> String {
    match &*tree.name {
        "" => "elements without a root".to_owned(),
        name => format!("<{name}>"),
    }
}

/// What a message has in it.
pub(super) fn contents(content: &Content) -> String {
    match content {
        Content::None => "none".to_owned(),
        Content::Xml(tree) if tree.name.is_empty() => carried(tree).join(", "),
        Content::Xml(tree) => tag(tree),
        Content::Text(lines) => format!("text {}", quoted(&lines.join("\n"))),
    }
}

fn content(message: &Message) -> Option<String> {
    match &message.content {
        Content::None => None,
        Content::Xml(tree) => Some(tag(tree)),
        Content::Text(lines) => Some(quoted(lines.first().map_or("", String::as_str))),
    }
}

/// What kind of message it is: what stays if names, texts and most attributes are taken away.
pub(super) fn kind(message: &Message) -> String {
    let mut out = String::new();
    match &message.content {
        Content::None => out.push_str(&message.words),
        Content::Text(_) => out.push_str("text"),
        Content::Xml(body) => {
            out.push_str(&body.name);
            for name in ["type", "condition", "xmpp:restart", "pause"] {
                if let Some(value) = body.attr(name) {
                    out += &format!(" {name}={value}");
                }
            }
            if body.attr("wait").is_some() || body.attr("hold").is_some() {
                out.push_str(" creates");
            }
            for stanza in body.children() {
                out.push('\n');
                out.push_str(&identity(stanza));
            }
        }
    }
    out
}

/// By what a stanza is known: its name, namespace, type, and its first child.
pub(super) fn identity(tree: &Tree) -> String {
    let child = tree.children().next().map(name).unwrap_or_default();
    format!("{} {} {child}", name(tree), tree.attr("type").unwrap_or_default())
}

/// The name of an element with its namespace, where it says it.
pub(super) fn name(tree: &Tree) -> String {
    format!("{} {}", tree.name, tree.attr("xmlns").unwrap_or_default())
}
