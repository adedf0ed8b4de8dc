//! The JSON Schema of scenario files, for editors: keys, words and kinds of values. What only a whole scenario shows
//! (names, variables, XML, requirement ids) is for the checker. A test compares each key with the reader's.

use serde_json::{Map, Value, json};

use super::limits;
use super::model::{ACCOUNTS, TlsVersion, Transport};
use super::read::{
    ACTION, CONNECTIONS, ENCODING, END, EXTENDED, HTTP, KINDS, LEVEL, NO_ANSWER, OPCODE, OPENED,
    PROVISIONS, RESERVED, STATUS, TERMINAL, TERMS, VIA,
};
use crate::bosh::Condition;

/// The schema, draft 2020-12.
pub fn schema() -> Value {
    let shared = properties(&[
        ("about", text("Prose for the reader.")),
        (
            "needs",
            one_or_more(
                &reference("need"),
                "What the target must provide; otherwise, the scenario is skipped.",
            ),
        ),
        ("session", reference("session")),
        ("actors", reference("actors")),
        ("set", variables("Variables and their values.")),
        ("steps", reference("steps")),
    ]);
    let mut scenario = shared.clone();
    scenario.extend(properties(&[
        ("name", text("The required behaviour, in one sentence.")),
        ("covers", ids("The requirements that the scenario checks; `xmppscope spec` lists them.")),
        ("use", uses()),
        ("sweep", reference("sweep")),
    ]));
    let mut set_up = shared;
    set_up.extend(properties(&[("shared", text("What this file sets up, in one sentence."))]));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "xmppscope scenario",
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
    let by = properties(&[("by", text("The actor whose session it is; default: the client."))]);
    let mut actor = session();
    actor.extend(properties(&[(
        "count",
        number(limits::ACTORS, "The number of actors with this name."),
    )]));
    json!({
        "text": { "type": ["string", "number", "boolean"] },
        "value-or-none": { "type": ["string", "number", "boolean", "null"] },
        "time": { "type": "string", "description": "A time with its unit, at most a day: 500ms, 2s, 1m 30s." },
        "number": { "type": ["integer", "string"], "minimum": 0, "pattern": "^[0-9]+$|\\$\\{" },
        "boolean": { "type": "boolean" },
        "need": { "anyOf": [words(&PROVISIONS, ""), reference("condition")] },
        "session": { "anyOf": [{ "const": "none" }, object(session(), &[])] },
        "actors": {
            "type": "object", "maxProperties": limits::ACTORS,
            "additionalProperties": {
                "anyOf": [{ "const": "none" }, { "type": "null" }, object(actor, &[])],
            },
        },
        "sweep": { "anyOf": [
            {
                "type": "object", "minProperties": 1, "maxProperties": 1,
                "additionalProperties": up_to(limits::ROWS, one_or_more(&reference("text"), "")),
            },
            { "type": "array", "items": variables(""), "maxItems": limits::ROWS },
        ] },
        "condition": { "anyOf": [
            condition("advertised", text("An attribute of the creation response."), std::slice::from_ref(&by)),
            condition("not-advertised", text("An attribute that the creation response must not have."), std::slice::from_ref(&by)),
            condition("offered", xml("An element of the features of the stream."), std::slice::from_ref(&by)),
            condition("received", xml("A stanza that has come, and that no step has taken."), &[by]),
            condition("value", reference("text"), &[demands()]),
            condition("response", text("A request that was answered."), &[expectation()]),
        ] },
        "match": { "anyOf": [reference("text"), object(demands(), &[])] },
        "matches": { "type": "object", "additionalProperties": reference("match") },
        "payload": { "anyOf": [{ "enum": ["empty", "any"] }, object(properties(&[
            ("contains", one_or_more(&xml(""), "Elements that it contains.")),
            ("exactly", xml("The complete list of its elements, with their complete content.")),
            ("in-order", one_or_more(&xml(""), "Elements that it contains, in this order.")),
            ("lacks", one_or_more(&xml(""), "Elements that it does not contain.")),
            ("count", reference("match")),
            ("of", xml("The elements to count; default: all.")),
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
        "steps": { "type": "array", "items": reference("step"), "maxItems": limits::STEPS },
        "step": { "oneOf": KINDS.iter().map(|&(kind, demands)| step(kind, demands)).collect::<Vec<_>>() },
    })
}

fn step(kind: &str, demands: bool) -> Value {
    let (head, keys, required) = kind_of_step(kind);
    let mut all = properties(&[(kind, head)]);
    all.extend(keys);
    if demands {
        all.extend(properties(&[
            ("covers", ids("The requirements that a failure violates; a part of the scenario's.")),
            ("level", words(&LEVEL, "The severity of a failure.")),
            ("says", text("An explanation of a failure.")),
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
        || json!({ "type": ["string", "null"], "description": "An actor; default: the client." });
    let within = || ("within", time("The maximum time it may take."));
    match kind {
        "request" => {
            (text("Sends a request with this name, and continues at once."), request(), none)
        }
        "create" => (
            text("Sends a request that creates a session, and continues at once."),
            request(),
            none,
        ),
        "resend" => {
            let keys = [("as", text("The name of this transmission.")), on(), cut()];
            (text("Sends the bytes of this request again."), properties(&keys), &["as"])
        }
        "raw" => {
            let send = one_or_more(&reference("piece-or-pause"), "The bytes to write.");
            let keys =
                [("by", text("The actor that sends it.")), ("send", send), on(), via(), cut()];
            (text("Sends bytes as a request with this name."), properties(&keys), &["send"])
        }
        "together" => (reference("steps"), Map::new(), none),
        "connect" => {
            let keys = [
                via(),
                ("certificate", words_of(&ACCOUNTS, "The account whose certificate is presented.")),
            ];
            (text("Opens a connection with this name."), properties(&keys), none)
        }
        "disconnect" => (text("Ends a connection."), properties(&[("how", words(&END, ""))]), none),
        "response" => {
            let mut keys = expectation();
            keys.extend(properties(&[
                ("since", text("Times are measured from this request, `send` or `control`.")),
                within(),
                ("not-before", time("The minimum time it must take.")),
                ("after", text("The response must arrive after the response to this request.")),
                ("capture", captures()),
            ]));
            let head =
                one_or_more(&text(""), "Waits for the response to this request, or to each.");
            (head, keys, none)
        }
        "silent" => {
            let head = one_or_more(&text(""), "Requests that must stay unanswered.");
            (head, properties(&[("for", time("For how long."))]), &["for"])
        }
        "disconnected" => {
            let keys = [within(), ("how", words(&END, ""))];
            (text("A connection that the connection manager must end."), properties(&keys), none)
        }
        "connected" => {
            let keys = [("for", time("How long to watch it."))];
            (text("A connection that must still be open."), properties(&keys), none)
        }
        "order" => (
            one_or_more(&text(""), "Requests, in the order in which they must be answered."),
            Map::new(),
            none,
        ),
        "alive" | "gone" => (actor(), properties(&[within()]), none),
        "drain" | "login" | "authenticate" | "starttls" => (actor(), Map::new(), none),
        "handshake" => {
            let keys = [
                ("by", text("The actor whose WebSocket it is; default: the client.")),
                ("method", text("")),
                ("path", text("")),
                url(),
                ("http", http()),
                ("headers", attributes()),
            ];
            (text("Asks for a WebSocket with a request of this name."), properties(&keys), none)
        }
        "secured" => {
            let keys = ["version", "alpn", "certificate"].map(|key| (key, reference("match")));
            (actor(), properties(&keys), none)
        }
        "enable" | "resume" => {
            let keys = [
                ("attributes", attributes()),
                ("as", text("The name of the step.")),
                ("capture", captures()),
            ];
            (actor(), properties(&keys), none)
        }
        "open" | "close" => {
            let keys = [("attributes", attributes()), ("as", text("The name of the step."))];
            (actor(), properties(&keys), none)
        }
        "frame" => {
            let keys = [
                ("opcode", opcode()),
                ("payload", one_or_more(&reference("piece"), "The payload.")),
                ("status", number(STATUS, "The status of a Close frame.")),
                ("last", reference("boolean")),
                ("masked", reference("boolean")),
                ("reserved", number(RESERVED, "The reserved bits: RSV1 is 4, RSV2 2, RSV3 1.")),
                ("length-bytes", length_bytes()),
                ("length", number(u64::MAX, "The length that the frame claims.")),
                ("as", text("The name of the step.")),
            ];
            (actor(), properties(&keys), none)
        }
        "receive" => {
            let keys = [
                ("opcode", opcode()),
                ("text", reference("match")),
                ("payload", one_or_more(&reference("piece"), "The payload, byte for byte.")),
                ("status", reference("match")),
                ("frames", reference("match")),
                ("compressed", reference("boolean")),
                ("since", text("Times are measured from this step.")),
                within(),
                ("not-before", time("The minimum time it must take.")),
                ("none-for", time("None such may arrive for this time.")),
            ];
            (actor(), properties(&keys), none)
        }
        "ended" => {
            let keys = [
                ("since", text("Times are measured from this step.")),
                within(),
                ("not-before", time("The minimum time it must take.")),
                ("how", words(&END, "")),
                ("status", reference("match")),
                ("close-notify", reference("boolean")),
            ];
            (actor(), properties(&keys), none)
        }
        "lint" => (
            ids("The requirements that nothing the server has sent may violate."),
            Map::new(),
            none,
        ),
        "wait" => (time("Does nothing for this time."), Map::new(), none),
        "send" => {
            let keys =
                [("stanza", xml("The stanza to send.")), ("as", text("The name of the step."))];
            (actor(), properties(&keys), &["stanza"])
        }
        "expect" => {
            let keys = [
                ("stanza", xml("The expected stanza; every part given here must match.")),
                ("since", text("Times are measured from this request, `send` or `control`.")),
                within(),
                ("next", reference("boolean")),
                ("capture", captures()),
            ];
            (actor(), properties(&keys), &["stanza"])
        }
        "unseen" => {
            let keys = [
                ("stanza", xml("The stanza that must not arrive.")),
                ("for", time("For how long.")),
            ];
            (actor(), properties(&keys), &["stanza", "for"])
        }
        "value" => (reference("text"), demands(), none),
        "distinct" => {
            let keys = [(
                "bits",
                number(
                    limits::BITS,
                    "The minimum number of bits of apparent entropy in the values.",
                ),
            )];
            (text("A variable whose values so far must be distinct."), properties(&keys), none)
        }
        "repeat" => {
            let keys = [
                ("counting", text("The variable that counts the repetitions, from 1.")),
                ("every", time("The time from one start to the next.")),
                ("steps", reference("steps")),
            ];
            (number(limits::REPEAT, "The number of repetitions."), properties(&keys), &["steps"])
        }
        "if" => {
            let keys = [
                ("steps", reference("steps")),
                ("else", reference("steps")),
                ("skip", text("The reason why the steps are skipped otherwise.")),
            ];
            (
                one_or_more(&reference("condition"), "Conditions that must all hold."),
                properties(&keys),
                &["steps"],
            )
        }
        "set" => (variables("Sets variables."), Map::new(), none),
        "control" => (
            words(&ACTION, "The action for the target to perform."),
            properties(&[("as", text("The name of the step."))]),
            none,
        ),
        "note" => (text("Text for the report."), Map::new(), none),
        // A test builds the whole schema, so a kind that is missing here is found.
        other => unreachable!("no schema for a step `{other}`"),
    }
}

fn opcode() -> Value {
    let names: Vec<_> = OPCODE.iter().map(|(name, _)| *name).collect();
    json!({ "anyOf": [words_of(&names, ""), { "type": "integer", "minimum": 0, "maximum": 15 }] })
}

fn length_bytes() -> Value {
    let numbers = EXTENDED.map(|(_, bytes)| bytes);
    described(json!({ "enum": numbers }), "The number of bytes in which the length is written.")
}

fn session() -> Map<String, Value> {
    let mut login = vec!["none", "anonymous"];
    login.extend(ACCOUNTS);
    let transports = Transport::ALL.map(|(word, _)| word);
    let mut keys = properties(&[
        (
            "transport",
            json!({ "anyOf": [words_of(&transports, ""), { "type": "string", "pattern": "\\$\\{" }], "description": "What carries the session; default: bosh." }),
        ),
        ("answers", reference("boolean")),
        ("attributes", attributes()),
        ("login", words_of(&login, "The account that logs in.")),
        ("rid", text("The first rid.")),
        ("keys", number(limits::KEYS, "The length of its key sequences.")),
        ("opened", words(&OPENED, "When to open the session.")),
        ("polls", reference("boolean")),
        ("headers", attributes()),
        ("http", http()),
        ("connections", words(&CONNECTIONS, "Which connections carry the requests.")),
        via(),
        ("certificate", words_of(&ACCOUNTS, "The account whose certificate is presented.")),
        ("tls", offer()),
    ]);
    keys.extend(TERMS.iter().map(|&(key, _)| (key.to_owned(), reference("text"))));
    keys
}

fn offer() -> Value {
    let versions = TlsVersion::ALL.map(|(word, _)| word);
    // An unquoted 1.2 is a number for a schema, and the text that it is for the reader.
    let version = json!({ "anyOf": [
        words_of(&versions, ""),
        { "enum": [1.2, 1.3] },
        { "type": "string", "pattern": "\\$\\{" },
    ], "description": "The only version of TLS; default: both." });
    let keys = [
        ("version", version),
        (
            "alpn",
            one_or_more(&reference("text"), "The protocols offered by ALPN; default: xmpp-client."),
        ),
        ("sni", text("The name of the server asked for (SNI); default: the domain.")),
        ("verify", reference("boolean")),
    ];
    described(object(properties(&keys), &[]), "What is offered when TLS begins, over TCP.")
}

fn request() -> Map<String, Value> {
    properties(&[
        ("by", text("The actor that sends it; default: the client.")),
        ("rid", text("`+1` is the next rid, `+0` the last one again; or a string, or `absent`.")),
        ("sid", text("A string, or `absent`.")),
        ("attributes", attributes()),
        ("payload", xml("The content of the <body/>.")),
        ("body", one_or_more(&reference("piece"), "The whole entity.")),
        ("method", text("")),
        ("path", text("")),
        url(),
        ("http", http()),
        ("headers", attributes()),
        ("encoding", words(&ENCODING, "The content coding of the entity.")),
        ("chunks", number(limits::CHUNKS, "The number of chunks to send it in.")),
        on(),
        via(),
        cut(),
    ])
}

fn expectation() -> Map<String, Value> {
    let mut terminal: Vec<_> = TERMINAL.iter().map(|(word, _)| *word).collect();
    terminal.extend(Condition::all().map(Condition::as_str));
    properties(&[
        ("no-answer", words(&NO_ANSWER, "The request must not be answered.")),
        ("status", reference("match")),
        ("http", http()),
        ("headers", reference("matches")),
        ("attributes", reference("matches")),
        ("terminal", words_of(&terminal, "Whether and how it ends the session.")),
        ("payload", reference("payload")),
        ("entity", reference("match")),
        ("same-as", text("The entity must be byte for byte that of this response.")),
        ("like", text("Status and XML must be those of this response.")),
        (
            "headers-like",
            text(
                "The header fields must be those of this response, except Date and Content-Length.",
            ),
        ),
        ("any-of", json!({ "type": "array", "items": reference("alternative") })),
    ])
}

fn alternative() -> Map<String, Value> {
    let mut keys = expectation();
    keys.extend(properties(&[
        ("level", words(&LEVEL, "The severity if this alternative matches.")),
        ("says", text("An explanation if this alternative matches.")),
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
    ("on", text("The connection to use; `fresh` opens a new one."))
}

fn url() -> (&'static str, Value) {
    ("url", text("An address that was learned from the target, to connect to."))
}

fn via() -> (&'static str, Value) {
    ("via", words(&VIA, "The address of the target to use."))
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
    described(
        variables(""),
        "Variables, each with the place of its value: `@sid`, `iq/bind/jid`, `status`, `link REL`.",
    )
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

fn number(most: u64, description: &str) -> Value {
    let mut number = reference("number");
    number["maximum"] = json!(most);
    described(number, description)
}

fn uses() -> Value {
    let all = one_or_more(&text(""), "Shared files, by relative path; their steps run first.");
    up_to(limits::USES, all)
}

/// One or more, but no more than this.
fn up_to(most: usize, mut one_or_more: Value) -> Value {
    one_or_more["anyOf"][1]["maxItems"] = json!(most);
    one_or_more
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
