//! The JSON Schema of scenario files that test a client, for editors. What only a whole scenario shows is for the checker.

use serde_json::{Map, Value, json};

use super::limits;
use super::model::{Term, TermKind};
use super::read::{CLIENT_KINDS, LEVEL, SERVER_ACTS};
use crate::bosh::Condition;

/// The schema, draft 2020-12.
pub fn client_schema() -> Value {
    let settings = Term::ALL.map(|(word, term)| {
        let kind = match term.kind() {
            TermKind::Number => "A whole number.".to_owned(),
            TermKind::Time => "A time; seconds, if it has no unit.".to_owned(),
            TermKind::Switch => "`true` or `false`.".to_owned(),
            TermKind::Word(words) => format!("One of {}.", words.join(", ")),
        };
        (word, text(&kind))
    });
    let steps: Vec<Value> =
        CLIENT_KINDS.iter().map(|(kind, demands)| step(kind, *demands)).collect();
    let alone = json!({ "enum": ["start", "login", "left"] });
    let steps = json!({
        "type": "array",
        "maxItems": limits::STEPS,
        "items": { "anyOf": [alone, { "oneOf": steps }] },
    });
    let head = properties(&[
        ("client", text("What carries the session: bosh, websocket, tcp, or a list of these.")),
        ("name", text("The required behaviour, in one sentence.")),
        ("covers", ids("The requirements that the scenario checks; `xmppscope spec` lists them.")),
        ("about", text("Prose for the reader.")),
        ("set", variables()),
        (
            "sweep",
            json!({ "type": ["object", "array"], "description": "Variables with several values, each of which is a run." }),
        ),
        ("server", object(properties(&settings), &[])),
        (
            "defects",
            one_or_more("Defects of the server; `xmppscope cm --list-defects` lists them."),
        ),
        ("faults", one_or_more("Faults, WHEN: WHAT, from the beginning on.")),
        ("steps", steps),
    ]);
    let mut schema = object(head, &["client", "name", "covers", "steps"]);
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("xmppscope scenario for a client");
    schema["properties"]["client"] = json!({
        "anyOf": [
            { "type": "string" },
            { "type": "array", "items": { "enum": ["bosh", "websocket", "tcp"] } },
        ],
        "description": "What carries the session: bosh, websocket, tcp, or a list of these.",
    });
    schema
}

fn step(kind: &str, demands: bool) -> Value {
    let within = || ("within", text("The longest time that it may take."));
    let since = || {
        (
            "since",
            text(
                "The step from whose beginning on messages count; default: the latest that did something.",
            ),
        )
    };
    let none = json!({ "type": "null" });
    let (value, more, required): (Value, Vec<(&str, Value)>, &[&str]) = match kind {
        "start" => (none, vec![], &[]),
        "login" | "left" => (none, vec![within()], &[]),
        "tell" => (text("A line that the client is told."), vec![], &[]),
        "sent" => (
            text("A filter that something sent by the client matches."),
            vec![
                ("times", text("How often; default: once.")),
                ("after", text("The shortest time that it takes.")),
                within(),
                since(),
            ],
            &[],
        ),
        "unsent" => (
            text("A filter that nothing sent by the client matches."),
            vec![("for", text("How long the client is watched.")), since()],
            &["for"],
        ),
        "needs" => (
            text(
                "A filter that something sent by the client matches; otherwise the scenario is skipped.",
            ),
            vec![within(), ("says", text("Why it is skipped then."))],
            &[],
        ),
        "received" => (
            text("The text of a message that comes to the other user."),
            vec![("times", text("Exactly how often; default: once.")), within()],
            &[],
        ),
        "send" => (text("A stanza that another user sends to the client."), vec![], &[]),
        "server" => {
            let conditions = Condition::all().map(Condition::as_str).collect::<Vec<_>>().join(", ");
            let condition = format!(
                "Of `terminate`: {conditions}. Of `error`: a condition of RFC 6120 §4.9.3."
            );
            (
                json!({ "enum": SERVER_ACTS }),
                vec![
                    ("condition", text(&condition)),
                    ("text", text("What stands in the condition of `error`.")),
                    ("stanza", text("The elements that `say` sends.")),
                ],
                &[],
            )
        }
        "fault" => (text("A fault, WHEN: WHAT, from now on; none ends all."), vec![], &[]),
        "wait" => (text("A time in which nothing is done."), vec![], &[]),
        _ => (text("Text for the report."), vec![], &[]),
    };
    let mut keys = properties(&more);
    keys.insert(kind.to_owned(), value);
    if demands {
        let words: Vec<&str> = LEVEL.iter().map(|(word, _)| *word).collect();
        keys.extend(properties(&[
            (
                "covers",
                ids("The requirements that a failure violates; default: that of the scenario, if it has one."),
            ),
            ("level", json!({ "enum": words, "description": "How serious a failure is." })),
            ("says", text("What the report says of a failure.")),
        ]));
    }
    if kind != "note" {
        keys.extend(properties(&[("name", text("A name, for `since`."))]));
    }
    let required: Vec<&str> = std::iter::once(kind).chain(required.iter().copied()).collect();
    object(keys, &required)
}

fn text(description: &str) -> Value {
    json!({ "type": ["string", "number", "boolean"], "description": description })
}

fn ids(description: &str) -> Value {
    let id = json!({ "type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)+$" });
    json!({ "anyOf": [id, { "type": "array", "items": id }], "description": description })
}

fn one_or_more(description: &str) -> Value {
    let one = json!({ "type": "string" });
    json!({ "anyOf": [one, { "type": "array", "items": one }], "description": description })
}

fn variables() -> Value {
    json!({
        "type": "object",
        "additionalProperties": { "type": ["string", "number", "boolean"] },
        "description": "Variables and their values.",
    })
}

fn properties(keys: &[(&str, Value)]) -> Map<String, Value> {
    keys.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect()
}

#[allow(clippy::needless_pass_by_value)] // it is made for it
fn object(properties: Map<String, Value>, required: &[&str]) -> Value {
    let mut object = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}
