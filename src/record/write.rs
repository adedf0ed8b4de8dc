//! The text of a scenario: YAML as people write it.

use std::time::Duration;

use super::script::{ABSENT, Pairs, Request, Response, Script, Step};
use crate::diag::sanitise::one_line;
use crate::snapshot::Tree;
use crate::trace::How;

/// What the only actor is called.
pub(super) const CLIENT: &str = "client";
/// The term whose value is a mapping.
pub(super) const ATTRIBUTES: &str = "attributes";

/// A stanza that fits beside its key is written there.
const WIDTH: usize = 110;

/// The file.
pub(super) fn text(script: &Script) -> String {
    let mut out = String::new();
    for line in &script.comment {
        out += format!("# {}", one_line(line)).trim_end();
        out.push('\n');
    }
    out += &format!("name: {}\n", scalar(&script.name));
    out += &format!("covers: [{}]\n", script.covers.join(", "));
    if !script.needs.is_empty() {
        out += &format!("needs: [{}]\n", script.needs.join(", "));
    }
    match &script.actors[..] {
        [(name, terms)] if name == CLIENT && terms.is_empty() => out += "session: none\n",
        [(name, terms)] if name == CLIENT => out += &format!("session: {}\n", terms_of(terms)),
        all => {
            out += "session: none\nactors:\n";
            for (name, terms) in all {
                let terms = if terms.is_empty() { "none".to_owned() } else { terms_of(terms) };
                out += &format!("  {name}: {terms}\n");
            }
        }
    }
    if !script.set.is_empty() {
        out += &format!("set: {}\n", flow(&script.set));
    }
    out += if script.steps.is_empty() { "steps:\n  - alive:\n" } else { "steps:\n" };
    script.steps.iter().for_each(|step| write(step, &mut out));
    out
}

/// A step as it is written.
pub(super) fn step(step: &Step) -> String {
    let mut out = String::new();
    write(step, &mut out);
    out
}

fn write(step: &Step, out: &mut String) {
    let of =
        |actor: &Option<String>| actor.as_ref().map_or(String::new(), |actor| format!(" {actor}"));
    match step {
        Step::Login(actor) => *out += &format!("  - login:{}\n", of(actor)),
        Step::Authenticate(actor) => *out += &format!("  - authenticate:{}\n", of(actor)),
        Step::Open { actor, attributes } => {
            *out += &format!("  - open:{}\n", of(actor));
            pairs("attributes", attributes, out);
        }
        Step::Close(actor) => *out += &format!("  - close:{}\n", of(actor)),
        Step::Send { actor, stanzas } => {
            *out += &format!("  - send:{}\n", of(actor));
            xml("stanza", stanzas, out);
        }
        Step::Frame { actor, frame } => {
            *out += &format!("  - frame:{}\n", of(actor));
            if let Some(opcode) = frame.opcode {
                *out += &format!("    opcode: {opcode}\n");
            }
            if let Some(status) = frame.status {
                *out += &format!("    status: {status}\n");
            }
            if frame.opcode.is_none() || !frame.payload.is_empty() {
                *out += &format!("    payload: {}\n", quoted(&frame.payload));
            }
        }
        Step::Raw { name, actor, text } => {
            let by = actor.as_deref().unwrap_or("client");
            *out += &format!("  - raw: {name}\n    by: {by}\n    send: {}\n", quoted(text));
        }
        Step::Expect { actor, stanza, capture, within } => {
            *out += &format!("  - expect:{}\n", of(actor));
            xml("stanza", std::slice::from_ref(stanza), out);
            pairs("capture", capture, out);
            if let Some(within) = within {
                *out += &format!("    within: {}\n", time(*within));
            }
        }
        Step::Request(request) => write_request(request, out),
        Step::Resend { name, again, on } => {
            *out += &format!("  - resend: {name}\n    as: {again}\n");
            *out += &format!("    on: {}\n", on.as_deref().unwrap_or("fresh"));
        }
        Step::Response(response) => write_response(response, out),
        Step::Silent { requests, during } => {
            *out += &format!("  - silent: [{}]\n    for: {}\n", requests.join(", "), time(*during));
        }
        Step::Wait(time_) => *out += &format!("  - wait: {}\n", time(*time_)),
        Step::Disconnect { actor, how } => {
            let actor = actor.as_deref().unwrap_or("client");
            *out += &format!("  - disconnect: {actor}\n    how: {}\n", word(*how));
        }
        Step::Ended { actor, within } => {
            *out += &format!("  - ended:{}\n    within: {}\n", of(actor), time(*within));
        }
    }
}

fn write_request(request: &Request, out: &mut String) {
    let Request { name, by, creates, method, rid, sid, attributes, payload, on, cut } = request;
    let kind = if *creates { "create" } else { "request" };
    *out += &format!("  - {kind}: {name}\n");
    let mut key = |key: &str, value: &Option<String>| {
        if let Some(value) = value {
            *out += &format!("    {key}: {}\n", scalar(value));
        }
    };
    key("by", by);
    key("method", method);
    key("rid", rid);
    key("sid", sid);
    key("on", on);
    pairs("attributes", attributes, out);
    xml("payload", payload, out);
    if let Some((after, how)) = cut {
        *out += &format!("    cut: {{ after: {}, how: {} }}\n", time(*after), word(*how));
    }
}

fn write_response(response: &Response, out: &mut String) {
    let Response { name, status, terminal, attributes, closed, not_before } = response;
    *out += &format!("  - response: {name}\n");
    if let Some(status) = status {
        *out += &format!("    status: {status}\n");
    }
    if let Some(terminal) = terminal {
        *out += &format!("    terminal: {}\n", scalar(terminal));
    }
    pairs("attributes", attributes, out);
    if *closed {
        *out += "    no-answer: closed\n";
    }
    if let Some(least) = not_before {
        *out += &format!("    not-before: {}\n", time(*least));
    }
}

fn pairs(key: &str, pairs: &Pairs, out: &mut String) {
    if !pairs.is_empty() {
        *out += &format!("    {key}: {}\n", flow(pairs));
    }
}

/// Elements as the value of a key: beside it if there is room, or else below it.
fn xml(key: &str, elements: &[Tree], out: &mut String) {
    match elements {
        [] => return,
        [only] => {
            let mut line = String::new();
            only.inline(&mut line);
            if line.chars().count() <= WIDTH && is_plain(&line) {
                *out += &format!("    {key}: {line}\n");
                return;
            }
        }
        _ => {}
    }
    *out += &format!("    {key}: |\n");
    for element in elements {
        element.write(6, out);
    }
}

/// Terms of a session on one line; their attributes are a mapping already.
fn terms_of(terms: &Pairs) -> String {
    let term = |(name, value): &(String, String)| match &**name {
        ATTRIBUTES => format!("{name}: {value}"),
        _ => format!("{name}: {}", in_flow(value)),
    };
    format!("{{ {} }}", terms.iter().map(term).collect::<Vec<_>>().join(", "))
}

/// A mapping on one line.
pub(super) fn flow(pairs: &Pairs) -> String {
    let pair = |(name, value): &(String, String)| {
        let name = if name.contains(':') { format!("'{name}'") } else { name.clone() };
        format!("{name}: {}", in_flow(value))
    };
    format!("{{ {} }}", pairs.iter().map(pair).collect::<Vec<_>>().join(", "))
}

fn in_flow(value: &str) -> String {
    if value == ABSENT {
        return String::new();
    }
    let simple = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '@');
    let plain = !value.is_empty()
        && value.chars().all(simple)
        && value.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '@');
    // `@` may not begin a plain scalar.
    if plain && !value.starts_with('@') { value.to_owned() } else { quoted(value) }
}

fn scalar(value: &str) -> String {
    let simple = |c: char| !c.is_control();
    let plain = value.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '+')
        && value.chars().all(simple)
        && is_plain(value);
    if plain { value.to_owned() } else { quoted(value) }
}

/// Whether a text means itself as a plain scalar, as far as what is within it goes.
fn is_plain(text: &str) -> bool {
    let odd = [": ", " #", "\n", "\r", "\t"];
    !text.is_empty()
        && !odd.iter().any(|odd| text.contains(odd))
        && !text.ends_with(':')
        && text.trim() == text
        && !text.chars().any(char::is_control)
}

fn quoted(text: &str) -> String {
    if text.chars().any(char::is_control) {
        // JSON's escapes are YAML's.
        return serde_json::Value::from(text).to_string();
    }
    format!("'{}'", text.replace('\'', "''"))
}

fn time(time: Duration) -> String {
    match time.as_millis() {
        millis if millis % 1000 == 0 => format!("{}s", millis / 1000),
        millis => format!("{millis}ms"),
    }
}

fn word(how: How) -> &'static str {
    match how {
        How::Fin => "fin",
        How::Reset | How::TimedOut => "reset",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_quoted_where_they_have_to_be() {
        for (value, written) in [
            ("a name", "a name"),
            ("", "''"),
            ("a: b", "'a: b'"),
            ("it's", "it's"),
            ("'quoted'", "'''quoted'''"),
            ("a\nb", "\"a\\nb\""),
            ("+1", "+1"),
            ("# no comment", "'# no comment'"),
        ] {
            assert_eq!(scalar(value), written);
        }
        assert_eq!(in_flow("${domain}"), "'${domain}'");
        assert_eq!(in_flow("@id"), "'@id'");
        assert_eq!(in_flow("1.6"), "1.6");
    }
}
