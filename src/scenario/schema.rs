//! The JSON Schema of scenario files, for editors: keys, words and kinds of values. What only a whole scenario shows
//! (names, variables, XML, requirement ids) is for the checker. A test compares each key with the reader's.

use serde_json::{Map, Value, json};

use super::model::ACCOUNTS;
use super::read::{
    ACTION, CONNECTIONS, ENCODING, END, HTTP, KINDS, LEVEL, NO_ANSWER, OPENED, PROVISIONS,
    TERMINAL, TERMS, VIA,
};
use crate::bosh::Condition;

/// The schema, draft 2020-12.
pub fn schema() -> Value {
    let shared = properties(&[
        ("about", text("Prose for the reader.")),
        ("needs", one_or_more(&reference("need"), "What must be provided, or it is skipped.")),
        ("session", reference("session")),
        ("actors", reference("actors")),
        ("set", variables("Variables with their values.")),
        ("steps", reference("steps")),
    ]);
    let mut scenario = shared.clone();
    scenario.extend(properties(&[
        ("name", text("What is demanded, in a sentence.")),
        ("covers", ids("The requirements that it checks; `xmppscope spec` lists them.")),
        ("use", one_or_more(&text(""), "Shared files whose steps go before, by relative path.")),
        ("sweep", reference("sweep")),
    ]));
    let mut set_up = shared;
    set_up.extend(properties(&[("shared", text("What this file sets up, in a sentence."))]));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A scenario of xmppscope",
        "oneOf": [
            object(scenario, &["name", "covers", "steps"]),
            object(set_up, &["shared", "steps"]),
        ],
        "$defs": definitions(),
    })
}

fn definitions() -> Value {
    let condition = |key: &str, value: Value, more: &[Map<String, Value>]| {
        let mut keys = properties(&[(key, value)]);
        keys.extend(more.iter().flatten().map(|(key, value)| (key.clone(), value.clone())));
        object(keys, &[key])
    };
    let by = properties(&[("by", text("Whose session; the client's if nothing is said."))]);
    let mut actor = session();
    actor.extend(properties(&[("count", number("How many of this name there are."))]));
    json!({
        "text": { "type": ["string", "number", "boolean"] },
        "value-or-none": { "type": ["string", "number", "boolean", "null"] },
        "time": { "type": "string", "description": "A time with its unit: 500ms, 2s, 1m 30s." },
        "number": { "type": ["integer", "string"], "minimum": 0, "pattern": "^[0-9]+$|\\$\\{" },
        "boolean": { "type": "boolean" },
        "need": { "anyOf": [words(&PROVISIONS, ""), reference("condition")] },
        "session": { "anyOf": [{ "const": "none" }, object(session(), &[])] },
        "actors": {
            "type": "object",
            "additionalProperties": {
                "anyOf": [{ "const": "none" }, { "type": "null" }, object(actor, &[])],
            },
        },
        "sweep": { "anyOf": [
            {
                "type": "object", "minProperties": 1, "maxProperties": 1,
                "additionalProperties": one_or_more(&reference("text"), ""),
            },
            { "type": "array", "items": variables("") },
        ] },
        "condition": { "anyOf": [
            condition("advertised", text("An attribute of the creation response."), std::slice::from_ref(&by)),
            condition("not-advertised", text("An attribute it must not have had."), &[by]),
            condition("value", reference("text"), &[demands()]),
            condition("response", text("A request that was answered."), &[expectation()]),
        ] },
        "match": { "anyOf": [reference("text"), object(demands(), &[])] },
        "matches": { "type": "object", "additionalProperties": reference("match") },
        "payload": { "anyOf": [{ "enum": ["empty", "any"] }, object(properties(&[
            ("contains", one_or_more(&xml(""), "Elements that stand in it.")),
            ("exactly", xml("All elements in it, with all that is in them.")),
            ("in-order", one_or_more(&xml(""), "Elements that stand in it in this order.")),
            ("lacks", one_or_more(&xml(""), "Elements that do not stand in it.")),
            ("count", reference("match")),
            ("of", xml("What is counted; all elements if nothing is said.")),
        ]), &[])] },
        "alternative": object(alternative(), &[]),
        "cut": object(properties(&[
            ("after", text("`half`, `120 bytes`, or a time after the last byte sent.")),
            ("how", words(&END, "")),
        ]), &["after"]),
        "piece": { "anyOf": [
            reference("text"),
            object(properties(&[("hex", text(""))]), &["hex"]),
            object(properties(&[("base64", text(""))]), &["base64"]),
        ] },
        "piece-or-pause": { "anyOf": [
            reference("piece"),
            object(properties(&[("pause", time(""))]), &["pause"]),
        ] },
        "steps": { "type": "array", "items": reference("step") },
        "step": { "oneOf": KINDS.iter().map(|&(kind, demands)| step(kind, demands)).collect::<Vec<_>>() },
    })
}

fn step(kind: &str, demands: bool) -> Value {
    let (head, keys, required) = kind_of_step(kind);
    let mut all = properties(&[(kind, head)]);
    all.extend(keys);
    if demands {
        all.extend(properties(&[
            ("covers", ids("The requirements that its failure breaks, of those at the head.")),
            ("level", words(&LEVEL, "How grave its failure is.")),
            ("says", text("What is said of its failure.")),
        ]));
    }
    let mut needed = vec![kind];
    needed.extend(required);
    object(all, &needed)
}

/// The value of the key that names a kind, the other keys, and which of them are required.
#[allow(clippy::too_many_lines)] // a table with an entry for each kind
fn kind_of_step(kind: &str) -> (Value, Map<String, Value>, &'static [&'static str]) {
    let none: &'static [&'static str] = &[];
    let actor =
        || json!({ "type": ["string", "null"], "description": "An actor; the client if empty." });
    let within = || ("within", time("The longest it may take."));
    match kind {
        "request" => (text("Sends a request named so, and goes on at once."), request(), none),
        "create" => {
            (text("Sends a request that creates a session, and goes on at once."), request(), none)
        }
        "resend" => {
            let keys = [("as", text("Names this sending.")), on(), cut()];
            (text("Sends the bytes of this request again."), properties(&keys), &["as"])
        }
        "raw" => {
            let send = one_or_more(&reference("piece-or-pause"), "Bytes as they are written.");
            let keys = [("by", text("Whose it is.")), ("send", send), on(), via(), cut()];
            (text("Sends bytes, named so."), properties(&keys), &["send"])
        }
        "together" => (reference("steps"), Map::new(), none),
        "connect" => {
            let keys = [via(), ("certificate", words_of(&ACCOUNTS, "Whose certificate is shown."))];
            (text("Opens a connection named so."), properties(&keys), none)
        }
        "disconnect" => (text("Ends a connection."), properties(&[("how", words(&END, ""))]), none),
        "response" => {
            let mut keys = expectation();
            keys.extend(properties(&[
                ("since", text("Counts times from this request, `send` or `control`.")),
                within(),
                ("not-before", time("The shortest it may take.")),
                ("after", text("It arrived after the response to this request.")),
                ("capture", captures()),
            ]));
            (text("Awaits the response to this request."), keys, none)
        }
        "silent" => {
            let head = one_or_more(&text(""), "Requests that stay unanswered.");
            (head, properties(&[("for", time("How long."))]), &["for"])
        }
        "disconnected" => {
            let keys = [within(), ("how", words(&END, ""))];
            (text("A connection that the connection manager ends."), properties(&keys), none)
        }
        "connected" => {
            let keys = [("for", time("How long it is watched."))];
            (text("A connection that is still open."), properties(&keys), none)
        }
        "order" => {
            (one_or_more(&text(""), "Requests in the order of their responses."), Map::new(), none)
        }
        "alive" | "gone" => (actor(), properties(&[within()]), none),
        "drain" | "login" => (actor(), Map::new(), none),
        "wait" => (time("Does nothing for so long."), Map::new(), none),
        "send" => {
            let keys = [("stanza", xml("What is sent.")), ("as", text("Names the step."))];
            (actor(), properties(&keys), &["stanza"])
        }
        "expect" => {
            let keys = [
                ("stanza", xml("A stanza of which each part given must match.")),
                ("since", text("Counts times from this request, `send` or `control`.")),
                within(),
                ("next", reference("boolean")),
                ("capture", captures()),
            ];
            (actor(), properties(&keys), &["stanza"])
        }
        "unseen" => {
            let keys = [("stanza", xml("What must not arrive.")), ("for", time("How long."))];
            (actor(), properties(&keys), &["stanza", "for"])
        }
        "value" => (reference("text"), demands(), none),
        "distinct" => {
            let keys = [("bits", number("They hold so many bits of apparent entropy."))];
            (text("A variable whose values so far are distinct."), properties(&keys), none)
        }
        "repeat" => {
            let keys = [
                ("counting", text("The variable that counts, from 1.")),
                ("every", time("From one start to the next.")),
                ("steps", reference("steps")),
            ];
            (number("How often."), properties(&keys), &["steps"])
        }
        "if" => {
            let keys = [
                ("steps", reference("steps")),
                ("else", reference("steps")),
                ("skip", text("Why nothing is done otherwise.")),
            ];
            (one_or_more(&reference("condition"), "All of these."), properties(&keys), &["steps"])
        }
        "set" => (variables("Gives variables values."), Map::new(), none),
        "control" => (
            words(&ACTION, "Has the target do this."),
            properties(&[("as", text("Names the step."))]),
            none,
        ),
        "note" => (text("Tells this in the report."), Map::new(), none),
        // A test builds the whole schema, so a kind that is missing here is found.
        other => unreachable!("no schema for a step `{other}`"),
    }
}

fn session() -> Map<String, Value> {
    let mut login = vec!["none", "anonymous"];
    login.extend(ACCOUNTS);
    let mut keys = properties(&[
        ("attributes", attributes()),
        ("login", words_of(&login, "Who logs in.")),
        ("rid", text("The first rid.")),
        ("keys", number("Length of its key sequences.")),
        ("opened", words(&OPENED, "When it is opened.")),
        ("polls", reference("boolean")),
        ("headers", attributes()),
        ("http", http()),
        ("connections", words(&CONNECTIONS, "Which connections carry its requests.")),
        via(),
        ("certificate", words_of(&ACCOUNTS, "Whose certificate is shown.")),
    ]);
    keys.extend(TERMS.iter().map(|&(key, _)| (key.to_owned(), reference("text"))));
    keys
}

fn request() -> Map<String, Value> {
    properties(&[
        ("by", text("Whose it is; the client's if nothing is said.")),
        ("rid", text("`+1` is the next, `+0` the last again; a text, or `absent`.")),
        ("sid", text("A text, or `absent`.")),
        ("attributes", attributes()),
        ("payload", xml("What stands in the <body/>.")),
        ("body", one_or_more(&reference("piece"), "The whole entity.")),
        ("method", text("")),
        ("path", text("")),
        ("http", http()),
        ("headers", attributes()),
        ("encoding", words(&ENCODING, "How the entity is coded.")),
        ("chunks", number("In how many chunks it is sent.")),
        on(),
        via(),
        cut(),
    ])
}

fn expectation() -> Map<String, Value> {
    let mut terminal: Vec<_> = TERMINAL.iter().map(|(word, _)| *word).collect();
    terminal.extend(Condition::all().map(Condition::as_str));
    properties(&[
        ("no-answer", words(&NO_ANSWER, "It is not answered.")),
        ("status", reference("match")),
        ("http", http()),
        ("headers", reference("matches")),
        ("attributes", reference("matches")),
        ("terminal", words_of(&terminal, "Whether it ends the session.")),
        ("payload", reference("payload")),
        ("entity", reference("match")),
        ("same-as", text("Its entity has the same bytes as this response's.")),
        ("like", text("It has the same status and XML as this response.")),
        ("headers-like", text("It has the same header fields, but for Date and Content-Length.")),
        ("any-of", json!({ "type": "array", "items": reference("alternative") })),
    ])
}

fn alternative() -> Map<String, Value> {
    let mut keys = expectation();
    keys.extend(properties(&[
        ("level", words(&LEVEL, "How grave it is if this comes.")),
        ("says", text("What is said if this comes.")),
    ]));
    keys
}

fn demands() -> Map<String, Value> {
    let of = |key| (key, reference("text"));
    properties(&[
        ("optional", reference("boolean")),
        ("one-of", one_or_more(&reference("text"), "One of these.")),
        of("equals"),
        of("not"),
        of("at-least"),
        of("at-most"),
        of("above"),
        of("below"),
        ("matches", text("A regular expression.")),
        ("lacks", text("A regular expression that must not match.")),
    ])
}

fn on() -> (&'static str, Value) {
    ("on", text("The connection that carries it; `fresh` for one of its own."))
}

fn via() -> (&'static str, Value) {
    ("via", words(&VIA, "Which address of the target."))
}

fn cut() -> (&'static str, Value) {
    ("cut", reference("cut"))
}

fn http() -> Value {
    // An unquoted 1.0 is a number for a schema, and the text that it is for the reader.
    let mut known: Vec<Value> = HTTP.iter().map(|(word, _)| json!(word)).collect();
    known.extend([json!(1.0), json!(1.1)]);
    json!({ "enum": known })
}

fn attributes() -> Value {
    json!({ "type": "object", "additionalProperties": reference("value-or-none") })
}

fn variables(description: &str) -> Value {
    let all = json!({ "type": "object", "additionalProperties": reference("text") });
    described(all, description)
}

fn captures() -> Value {
    described(variables(""), "Variables, each with a place: `@sid`, `iq/bind/jid`, `status`.")
}

fn ids(description: &str) -> Value {
    let id = json!({ "type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)+$" });
    one_or_more(&id, description)
}

fn one_or_more(one: &Value, description: &str) -> Value {
    described(json!({ "anyOf": [one, { "type": "array", "items": one }] }), description)
}

fn words<T>(table: &[(&str, T)], description: &str) -> Value {
    let words: Vec<_> = table.iter().map(|(word, _)| *word).collect();
    words_of(&words, description)
}

fn words_of(words: &[&str], description: &str) -> Value {
    described(json!({ "enum": words }), description)
}

fn text(description: &str) -> Value {
    described(reference("text"), description)
}

fn time(description: &str) -> Value {
    described(reference("time"), description)
}

fn number(description: &str) -> Value {
    described(reference("number"), description)
}

fn xml(description: &str) -> Value {
    described(json!({ "type": "string" }), description)
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

fn described(mut schema: Value, description: &str) -> Value {
    if !description.is_empty() {
        schema["description"] = json!(description);
    }
    schema
}

fn properties(keys: &[(&str, Value)]) -> Map<String, Value> {
    keys.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect()
}

fn object(properties: impl Into<Value>, required: &[&str]) -> Value {
    let mut object = json!({
        "type": "object",
        "properties": properties.into(),
        "additionalProperties": false,
    });
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}
