//! Every snippet, in the place that its comment names, as the program that it is for reads it.

use std::fs;
use std::process::{Command, Stdio};

use super::front::Program;
use super::identities::Identities;
use super::remedies::REMEDIES;
use super::setup::{PLACEHOLDERS, Values, filled, rendered};
use crate::prosody::{find, free_port};

/// Programs, and where their snippets belong: how the comment begins, and what is around.
const NGINX: [(&str, &str); 4] = [
    ("in the http block", "{snippet} server { }"),
    ("in the location of", "server { location /a { {snippet} } }"),
    (
        "in the server block of",
        "ssl_certificate {valid}/fullchain.pem; ssl_certificate_key {valid}/privkey.pem; server { {snippet} }",
    ),
    (
        "at the beginning of the upstream",
        "upstream xmpp { {snippet} server 127.0.0.1:{port}; } server { }",
    ),
];
const APACHE: [(&str, &str); 3] = [
    ("in the VirtualHost of", "{snippet}"),
    ("in ports.conf", "</VirtualHost>\n{snippet}\n<VirtualHost *>"),
    (
        "in the balancer",
        "<Proxy balancer://xmpp>\nBalancerMember http://127.0.0.1:{port} route=a\n{snippet}\n</Proxy>",
    ),
];
const HAPROXY: [(&str, &str); 4] = [
    ("in the frontend", "frontend web\n  bind 127.0.0.1:{port}\n{snippet}\nbackend xmpp"),
    ("in the backend", "frontend web\n  bind 127.0.0.1:{port}\nbackend xmpp\n{snippet}"),
    ("in global", "global\n{snippet}\nfrontend web\n  bind 127.0.0.1:{port}"),
    (
        "the condition behind",
        "frontend web\n  bind 127.0.0.1:{port}\n  http-request deny {condition}",
    ),
];
const CADDY: [(&str, &str); 3] = [
    ("in the site block of", "https://chat.example:{port} {\n{snippet}\n}"),
    (
        "in the reverse_proxy",
        "https://chat.example:{port} {\nreverse_proxy {server} {\n{snippet}\n}\n}",
    ),
    ("the site block is named", "https://other.example {\n}\n{snippet}"),
];
const PROSODY: [(&str, &str); 3] = [
    ("in the global part", "{snippet}"),
    ("at the end of", "{snippet}"),
    ("in modules_enabled", "modules_enabled = {\n{snippet}\n}"),
];

#[test]
fn every_remedy_can_be_read() {
    let mut names = Vec::new();
    for remedy in REMEDIES.iter() {
        assert!(!names.contains(&&remedy.trouble), "{} is there twice", remedy.trouble);
        names.push(&remedy.trouble);
        assert!(remedy.advice.ends_with('.') && !remedy.advice.contains('\n'), "{}", remedy.advice);
        for (program, snippet) in &remedy.snippets {
            let name = format!("{} for {program}", remedy.trouble);
            let comment = place(snippet);
            assert!(!comment.is_empty(), "{name}: no comment says where it goes");
            // Caddy has placeholders of its own
            let words = snippet.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
            for (word, _) in words.filter(|_| program != "caddy") {
                let own = word.chars().all(|c| c.is_ascii_lowercase());
                assert!(
                    !own || word.is_empty() || PLACEHOLDERS.contains(&word),
                    "{name}: {{{word}}}"
                );
            }
            if matches!(program.as_str(), "traefik" | "ejabberd") && comment != "on the shell" {
                let text =
                    rendered(snippet, "/http-bind", "chat.example").replace("{valid}", "/valid");
                let yaml = serde_saphyr::from_str::<serde_json::Value>(&text);
                assert!(yaml.is_ok(), "{name}: {yaml:?}\n{text}");
            }
        }
    }
}

#[test]
#[cfg_attr(
    not(feature = "peers"),
    ignore = "needs nginx, Apache, HAProxy, Caddy and Lua: run ./test"
)]
fn every_snippet_is_accepted_by_its_program() {
    let identities = Identities::new();
    let mut wrong = Vec::new();
    let mut count = 0;
    for remedy in REMEDIES.iter() {
        for (program, snippet) in &remedy.snippets {
            let says = match program.as_str() {
                "nginx" => read_by(Program::Nginx, snippet, &NGINX, &identities),
                "apache" => read_by(Program::Apache, snippet, &APACHE, &identities),
                "haproxy" => read_by(Program::HaProxy, snippet, &HAPROXY, &identities),
                "caddy" => read_by(Program::Caddy, snippet, &CADDY, &identities),
                "prosody" => read_by_lua(snippet),
                _ => continue,
            };
            count += 1;
            if let Err(why) = says {
                wrong.push(format!("{} for {program}: {why}", remedy.trouble));
            }
        }
    }
    assert!(count > 100, "the test read only {count} snippets");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The comment of a snippet's first line, which says where it goes.
fn place(snippet: &str) -> &str {
    let first = snippet.lines().next().unwrap_or_default();
    let comment = ["# ", "-- ", "; "].iter().find_map(|sign| first.strip_prefix(sign));
    comment.unwrap_or_default().split([';', ':', ',']).next().unwrap()
}

fn around<'a>(snippet: &str, places: &[(&str, &'a str)]) -> Result<Option<&'a str>, String> {
    let place = place(snippet);
    if place == "on the shell" || place.contains("or later") {
        return Ok(None);
    }
    let found = places.iter().find(|(start, _)| place.starts_with(start));
    found.map(|(_, around)| Some(*around)).ok_or_else(|| format!("where is {place:?}?"))
}

fn read_by(
    program: Program,
    snippet: &str,
    places: &[(&str, &str)],
    identities: &Identities,
) -> Result<(), String> {
    let Some(around) = around(snippet, places)? else { return Ok(()) };
    let folder = tempfile::tempdir().unwrap();
    let snippet = rendered(snippet, "/http-bind", "chat.example");
    let condition = snippet.lines().nth(1).unwrap_or_default();
    let lines = around.replace("{snippet}", &snippet).replace("{condition}", condition);
    let values = Values::from([
        ("folder", folder.path().display().to_string()),
        ("valid", identities.folder("valid").display().to_string()),
        ("server", "127.0.0.1:5280".to_owned()),
        ("port", free_port().to_string()),
    ]);
    let text = filled(&program.configuration(&lines), &values);
    let file = folder.path().join("configuration");
    fs::write(&file, &text).unwrap();
    ended(&mut program.check(folder.path(), &file)).map_err(|why| format!("{why}\n{text}"))
}

fn read_by_lua(snippet: &str) -> Result<(), String> {
    let Some(around) = around(snippet, &PROSODY)? else { return Ok(()) };
    let text = around.replace("{snippet}", snippet).replace("VirtualHost ", "print ");
    let text = format!("\n{text}");
    let lua = ["lua5.4", "lua5.3", "lua5.2", "lua5.1", "lua"].into_iter().find_map(find);
    let lua = lua.expect("Prosody brings Lua with it: run ./test, which installs it");
    ended(Command::new(lua).args(["-e", &text])).map_err(|why| format!("{why}\n{text}"))
}

/// What a program says, if it does not end well.
fn ended(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let says = [output.stdout, output.stderr].concat();
    let says = String::from_utf8_lossy(&says).into_owned();
    if output.status.success() { Ok(()) } else { Err(says) }
}
