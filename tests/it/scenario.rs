//! The reference of the scenario language and its JSON Schema say what the reader does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use regex_lite::Regex;
use serde_json::Value;
use xmppscope::scenario::{Loaded, client_schema, load_texts, schema};

/// What stands before an example that is a part of `steps`.
const HEAD: &str =
    "name: example\ncovers: bosh-rid-window\nsession: { login: anonymous }\nsteps:\n";

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference")
}

/// The examples of the reference as whole files.
fn examples() -> Vec<String> {
    let text = fs::read_to_string(docs().join("scenario.md")).unwrap();
    let block = Regex::new(r"(?s)\n```yaml\n(.*?)```\n").unwrap();
    let whole = |text: &str| {
        if text.starts_with('-') { format!("{HEAD}{text}") } else { text.to_owned() }
    };
    block.captures_iter(&text).map(|found| whole(&found[1])).collect()
}

fn loaded(files: Vec<(PathBuf, String)>) -> Loaded {
    load_texts(files, &|_| Err(io::Error::other("not there")))
}

fn mistakes(text: &str) -> Vec<String> {
    let loaded = loaded(vec![("a.yaml".into(), text.to_owned())]);
    loaded.mistakes.iter().map(|mistake| mistake.render(false)).collect()
}

fn json(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

#[test]
fn every_example_in_the_reference_is_read() {
    let mut files = Vec::new();
    for (number, text) in examples().into_iter().enumerate() {
        let name = if text.starts_with("shared: two users") {
            "contacts.yaml".into()
        } else {
            format!("example-{number}.yaml").into()
        };
        files.push((name, text));
    }
    let count = files.len();
    assert!(count > 20, "only {count} examples found");
    let Loaded { scenarios, shared, mistakes, .. } = loaded(files);
    let mistakes: Vec<_> = mistakes.iter().map(|mistake| mistake.render(false)).collect();
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n\n"));
    assert_eq!(scenarios.len() + shared, count);
}

#[test]
fn the_schema_accepts_every_example() {
    let schema = schema();
    for text in examples() {
        let wrong = judge(&schema, &schema, &json(&text));
        assert!(wrong.is_empty(), "{}\nin\n{text}", wrong.join("\n"));
    }
}

#[test]
fn every_key_has_an_example() {
    let mut used = BTreeSet::new();
    for text in examples() {
        keys(&json(&text), &mut used);
    }
    let mut known = BTreeSet::new();
    properties(&schema(), &mut known);
    assert!(known.len() > 80, "only {} keys in the schema", known.len());
    let missing: Vec<_> = known.difference(&used).collect();
    assert!(missing.is_empty(), "without an example: {missing:?}");
}

/// A change in one place that is wrong in itself: both the reader and the schema have to see it.
#[test]
fn the_schema_rejects_what_the_reader_rejects() {
    let steps = |steps: &str| format!("{HEAD}{steps}");
    let response = |keys: &str| steps(&format!("- request: a\n- response: a\n  {keys}\n"));
    for text in [
        "covers: bosh-rid-window\nsteps: []".to_owned(),
        "name: a\nsteps: []".to_owned(),
        "name: a\ncovers: bosh-rid-window".to_owned(),
        "name: a\ncovers: bosh-rid-window\nsteps: {}".to_owned(),
        "name: a\ncovers: Bosh\nsteps: []".to_owned(),
        "shared: a\nuse: b.yaml\nsteps: []".to_owned(),
        format!("sesion: none\n{HEAD}- note: a"),
        format!("needs: [acounts]\n{HEAD}- note: a"),
        format!("needs: [{{ advertised: wait, wait: 5 }}]\n{HEAD}- note: a"),
        HEAD.replace("anonymous", "carol") + "- note: a",
        HEAD.replace("login: anonymous", "polls: often") + "- note: a",
        HEAD.replace("login: anonymous", "attributes: [a]") + "- note: a",
        format!("actors: {{ a: {{ via: ssl }} }}\n{HEAD}- note: a"),
        format!("sweep: {{ a: [1], b: [2] }}\n{HEAD}- note: '${{a}} ${{b}}'"),
        steps("- unknown: a"),
        steps("- request: { a: b }"),
        steps("- request: a\n  encoding: zip"),
        steps("- request: a\n  http: 2.0"),
        steps("- request: a\n  cut: { how: fin }"),
        steps("- request: a\n  within: 5s"),
        steps("- request: a\n  body: [ { hax: 00 } ]"),
        steps("- request: a\n- resend: a"),
        steps("- raw: a\n  by: client"),
        steps("- request: a\n- silent: a"),
        steps("- request: a\n- silent: a\n  for: 5"),
        steps("- send: client"),
        steps("- repeat: 3"),
        steps("- repeat: many\n  steps: []"),
        steps("- repeat: 100001\n  steps: []"),
        steps("- request: a\n  chunks: 1000001"),
        format!("use: [{}]\n{HEAD}- note: a", "a.yaml, ".repeat(21)),
        format!("sweep: {{ a: [{}] }}\n{HEAD}- note: '${{a}}'", "1, ".repeat(1001)),
        steps(&"- note: a\n".repeat(2001)),
        steps("- if: { advertised: wait, response: a }\n  steps: []"),
        steps("- control: restart"),
        HEAD.replace("login: anonymous", "transport: smtp") + "- note: a",
        steps("- handshake: a\n  rid: 5"),
        steps("- frame: client\n  opcode: pin"),
        steps("- frame: client\n  length-bytes: 3"),
        steps("- receive: client\n  compressed: often"),
        steps("- wait: { for: 5s }"),
        response("terminal: bad-reqest"),
        response("level: high"),
        response("payload: full"),
        response("payload: { exact: <a/> }"),
        response("attributes: { wait: { atmost: 5 } }"),
        response("attributes: wait"),
        response("any-of: { status: 404 }"),
        response("no-answer: true"),
        response("capture: ['@sid']"),
    ] {
        assert!(!mistakes(&text).is_empty(), "the reader accepts\n{text}");
        let schema = schema();
        assert!(!judge(&schema, &schema, &json(&text)).is_empty(), "the schema accepts\n{text}");
    }
}

/// The reader lists its keys when it meets one that is nothing like any of them.
#[test]
fn the_keys_of_each_step_are_those_of_the_schema() {
    let schema = schema();
    let listed = Regex::new(r"(?s)`zzzzzzzzzzzz` is not a key of a `[a-z]+` step.*?= help: (it has no keys|the keys are ([^=]*))").unwrap();
    let steps = schema["$defs"]["step"]["oneOf"].as_array().unwrap();
    assert_eq!(steps.len(), 39);
    for step in steps {
        let kind = step["required"][0].as_str().unwrap();
        let told = mistakes(&format!("{HEAD}- {kind}: a\n  zzzzzzzzzzzz: 1\n")).join("\n\n");
        let found = listed.captures(&told).unwrap_or_else(|| panic!("{kind}: {told}"));
        let list = found.get(2).map_or("", |list| list.as_str().split("\n\n").next().unwrap());
        let reader: BTreeSet<_> =
            list.split([',', '\n']).map(str::trim).filter(|key| !key.is_empty()).collect();
        let properties = step["properties"].as_object().unwrap();
        let schema: BTreeSet<_> =
            properties.keys().map(String::as_str).filter(|key| *key != kind).collect();
        assert_eq!(reader, schema, "{kind}");
    }
}

/// With `TRYCMD=overwrite` it is written anew.
#[test]
fn the_schema_in_the_reference_is_that_of_the_program() {
    let path = docs().join("scenario.schema.json");
    let current = format!("{:#}\n", schema());
    if std::env::var_os("TRYCMD").is_some_and(|value| value == "overwrite") {
        fs::write(&path, &current).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == current, "docs/reference/scenario.schema.json is not that of the program");
}

/// The same for scenarios that test a client: examples, schema and reader agree.
#[test]
fn the_language_for_clients_is_as_its_reference_says() {
    let path = docs().join("client-scenario.schema.json");
    let schema = client_schema();
    let current = format!("{schema:#}\n");
    if std::env::var_os("TRYCMD").is_some_and(|value| value == "overwrite") {
        fs::write(&path, &current).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored == current,
        "docs/reference/client-scenario.schema.json is not that of the program"
    );

    let text = fs::read_to_string(docs().join("client-scenario.md")).unwrap();
    let block = Regex::new(r"(?s)\n```yaml\n(.*?)```\n").unwrap();
    let examples: Vec<_> = block.captures_iter(&text).map(|found| found[1].to_owned()).collect();
    assert!(examples.len() > 4);
    let mut used = BTreeSet::new();
    for example in &examples {
        let told = mistakes(example);
        assert!(told.is_empty(), "{}\nin\n{example}", told.join("\n"));
        let loaded = loaded(vec![("a.yaml".into(), example.clone())]);
        let told = xmppscope::trial::check(&loaded.scenarios);
        assert!(told.is_empty(), "{}", told[0].render(false));
        let wrong = judge(&schema, &schema, &json(example));
        assert!(wrong.is_empty(), "{}\nin\n{example}", wrong.join("\n"));
        keys(&json(example), &mut used);
    }
    let mut known = BTreeSet::new();
    properties(&schema, &mut known);
    let missing: Vec<_> = known.difference(&used).collect();
    assert!(missing.is_empty(), "without an example: {missing:?}");

    let head = "client: bosh\nname: a\ncovers: bosh-type-values\nsteps:\n";
    for wrong in [
        head.replace("bosh\n", "smtp\n") + "- login",
        head.replace("type-values", "http10-compatible") + "- login",
        head.replace("steps", "server: { wait: soon }\nsteps") + "- login",
        head.replace("steps", "server: { weight: 5 }\nsteps") + "- login",
        head.replace("steps", "server: { sasl2: maybe }\nsteps") + "- login",
        head.replace("steps", "server: { tls: true }\nsteps") + "- login",
        head.replace("steps", "server: { certificate: wrong }\nsteps") + "- login",
        head.replace("steps", "faults: 'once: explode'\nsteps") + "- login",
        head.to_owned() + "- logon",
        head.to_owned() + "- sent: 'kind:mesage'",
        head.to_owned() + "- sent: kind:message\n  within: 5",
        head.to_owned() + "- sent: kind:message\n  since: never",
        head.to_owned() + "- unsent: kind:message",
        head.to_owned() + "- server: explode",
        head.to_owned() + "- server: terminate\n  condition: mood",
        head.to_owned() + "- send: <message>",
        head.to_owned() + "- tell: send ${mood}",
        head.to_owned() + "- fault: 'sometimes: drop'",
        head.to_owned() + "- wait: 5",
        head.to_owned() + "- login: now",
        head.to_owned() + "- tell: a\n  name: x\n- tell: b\n  name: x",
    ] {
        assert!(!mistakes(&wrong).is_empty(), "the reader accepts\n{wrong}");
    }
}

fn keys(value: &Value, all: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                all.insert(key.clone());
                keys(value, all);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, all)),
        _ => {}
    }
}

/// All names of properties in a schema.
fn properties(schema: &Value, all: &mut BTreeSet<String>) {
    if let Some(map) = schema.get("properties").and_then(Value::as_object) {
        all.extend(map.keys().cloned());
    }
    match schema {
        Value::Object(map) => map.values().for_each(|value| properties(value, all)),
        Value::Array(items) => items.iter().for_each(|item| properties(item, all)),
        _ => {}
    }
}

/// What a schema has against a value: the keywords that ours uses, and no others.
#[allow(clippy::too_many_lines)] // a table with an entry for each keyword
fn judge(root: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    for (keyword, demand) in schema.as_object().unwrap() {
        let below = |schema: &Value, value: &Value| judge(root, schema, value);
        let members =
            || -> BTreeMap<&String, &Value> { value.as_object().into_iter().flatten().collect() };
        match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" => {}
            "$ref" => {
                let pointer = demand.as_str().unwrap().trim_start_matches('#');
                wrong.extend(below(root.pointer(pointer).unwrap(), value));
            }
            "type" => {
                let name = match value {
                    Value::Null => "null",
                    Value::Bool(_) => "boolean",
                    Value::Number(_) => "number",
                    Value::String(_) => "string",
                    Value::Array(_) => "array",
                    Value::Object(_) => "object",
                };
                let is = |one: &Value| {
                    one == name || one == "integer" && (value.is_u64() || value.is_i64())
                };
                let good = demand.as_array().map_or_else(|| is(demand), |all| all.iter().any(is));
                if !good {
                    wrong.push(format!("{value} is {name}, not {demand}"));
                }
            }
            "const" => {
                if value != demand {
                    wrong.push(format!("{value} is not {demand}"));
                }
            }
            "enum" => {
                if !demand.as_array().unwrap().contains(value) {
                    wrong.push(format!("{value} is none of {demand}"));
                }
            }
            "pattern" => {
                let regex = Regex::new(demand.as_str().unwrap()).unwrap();
                if value.as_str().is_some_and(|text| !regex.is_match(text)) {
                    wrong.push(format!("{value} does not match {demand}"));
                }
            }
            "minimum" => {
                if value.as_f64().is_some_and(|number| number < demand.as_f64().unwrap()) {
                    wrong.push(format!("{value} is less than {demand}"));
                }
            }
            "maximum" => {
                if value.as_f64().is_some_and(|number| number > demand.as_f64().unwrap()) {
                    wrong.push(format!("{value} is more than {demand}"));
                }
            }
            "maxItems" => {
                if value.as_array().is_some_and(|all| all.len() as u64 > demand.as_u64().unwrap()) {
                    wrong.push(format!("{value} has too many items"));
                }
            }
            "minProperties" => {
                if value.is_object() && members().len() < demand.as_u64().unwrap() as usize {
                    wrong.push(format!("{value} has too few keys"));
                }
            }
            "maxProperties" => {
                if members().len() > demand.as_u64().unwrap() as usize {
                    wrong.push(format!("{value} has too many keys"));
                }
            }
            "required" => {
                for key in demand.as_array().unwrap() {
                    if value.is_object() && value.get(key.as_str().unwrap()).is_none() {
                        wrong.push(format!("{key} is missing in {value}"));
                    }
                }
            }
            "properties" => {
                for (key, schema) in demand.as_object().unwrap() {
                    wrong.extend(value.get(key).into_iter().flat_map(|one| below(schema, one)));
                }
            }
            "additionalProperties" => {
                let known = schema.get("properties").and_then(Value::as_object);
                for (key, one) in members() {
                    if known.is_some_and(|known| known.contains_key(key)) {
                        continue;
                    }
                    match demand {
                        Value::Bool(false) => wrong.push(format!("unknown key {key}")),
                        demand => wrong.extend(below(demand, one)),
                    }
                }
            }
            "items" => {
                let items = value.as_array().into_iter().flatten();
                wrong.extend(items.flat_map(|item| below(demand, item)));
            }
            "anyOf" | "oneOf" => {
                let all: Vec<_> =
                    demand.as_array().unwrap().iter().map(|one| below(one, value)).collect();
                let good = all.iter().filter(|wrong| wrong.is_empty()).count();
                if good == 0 || keyword == "oneOf" && good > 1 {
                    let least = all.into_iter().min_by_key(Vec::len).unwrap_or_default();
                    wrong.push(format!("{good} of {keyword} fit {value}: {}", least.join("; ")));
                }
            }
            other => panic!("the schema uses `{other}`, which this test does not know"),
        }
    }
    wrong
}

/// What is sent to the authors of a server has to work for them, and what is right has to pass.
#[test]
fn the_built_in_connection_manager_passes_the_scenarios_of_the_deviations() {
    let mut found = 0;
    for page in std::fs::read_dir("docs/deviations").unwrap() {
        let page = page.unwrap().path();
        let text = std::fs::read_to_string(&page).unwrap();
        for block in text.split("```yaml\n").skip(1) {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("it.yaml");
            let block = block.split("```").next().unwrap();
            std::fs::write(&file, block).unwrap();
            let file = file.to_str().unwrap();
            let is_about_client = block.lines().any(|line| line.starts_with("client:"));
            let (code, out, _) = if is_about_client {
                crate::rig::run(&["client", "run", file, "--strict", "--built-in"])
            } else {
                crate::rig::run(&["run", file, "--strict"])
            };
            assert_eq!(code, Some(0), "{}: {out}", page.display());
            found += 1;
        }
    }
    assert!(found > 3, "only {found} scenarios found");
}
