//! One set-up: a server, what stands before it, and how it is examined.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::back::{Back, Server, Servers};
use super::front::{Front, Program};
use super::identities::Identities;
use super::{remedies, zone};
use crate::prosody::free_port;
use crate::rig::{self, Nowhere};

/// The host of every URL, unless a set-up says otherwise, and the XMPP domain.
pub const HOST: &str = "chat.example";
pub const BOSH: &str = "https://chat.example/http-bind";
pub const WEBSOCKET: &str = "wss://chat.example/xmpp-websocket";
/// The origin of the page that uses the server.
const ORIGIN: &str = "https://page.example";

/// For one run: what is waited for on purpose takes a few seconds.
const LIMIT: Duration = Duration::from_secs(40);

/// What remedies may leave open.
pub const PLACEHOLDERS: [&str; 8] =
    ["path", "host", "domain", "origin", "seconds", "size", "bosh", "websocket"];

/// What stands for a word in braces.
pub type Values = BTreeMap<&'static str, String>;

/// A set-up. In all of its texts there are words in braces: `{server}` is the address of the server behind, `{port}` that of the reverse
/// proxy, `{dead}` a port at which nothing listens, `{valid}` the folder of a certificate (see [`Identities::NAMES`]).
#[derive(Debug, Clone)]
pub struct Setup {
    pub name: &'static str,
    front: Option<(Program, String)>,
    server: Server,
    /// Records of DNS.
    zone: String,
    /// What is examined, and further options.
    arguments: String,
    /// Without what takes time.
    quick: bool,
    /// What is to be found.
    trouble: &'static str,
    /// What else is broken then.
    follows: &'static [&'static str],
    mends: Vec<(String, Mend)>,
}

/// What comes in the place of a text that is the trouble.
#[derive(Debug, Clone)]
enum Mend {
    /// The snippet for this program.
    Snippet(&'static str),
    /// Where no configuration mends it.
    Text(&'static str),
}

impl Setup {
    fn new(name: &'static str, front: Option<(Program, String)>) -> Self {
        Self {
            name,
            front,
            server: Server::Prosody(String::new()),
            zone: format!("{HOST} A 127.0.0.1"),
            arguments: BOSH.to_owned(),
            quick: true,
            trouble: "",
            follows: &[],
            mends: Vec::new(),
        }
    }

    /// nginx, with lines of its server block.
    pub fn nginx(name: &'static str, lines: &str) -> Self {
        Self::new(name, Some((Program::Nginx, lines.to_owned())))
    }

    /// nginx, with one location that passes everything on.
    pub fn location(name: &'static str, path: &str, lines: &str) -> Self {
        Self::nginx(name, &location(path, lines))
    }

    /// Apache, with lines of its `VirtualHost`.
    pub fn apache(name: &'static str, lines: &str) -> Self {
        Self::new(name, Some((Program::Apache, lines.to_owned())))
    }

    /// `HAProxy`, with lines of its backend.
    pub fn haproxy(name: &'static str, lines: &str) -> Self {
        Self::new(name, Some((Program::HaProxy, lines.to_owned())))
    }

    /// Caddy, with lines of its site.
    pub fn caddy(name: &'static str, lines: &str) -> Self {
        Self::new(name, Some((Program::Caddy, lines.to_owned())))
    }

    /// A server alone.
    pub fn direct(name: &'static str) -> Self {
        Self::new(name, None)
    }

    /// With another line of the reverse proxy.
    pub fn front_also(mut self, line: &str) -> Self {
        let (_, lines) = self.front.as_mut().expect("a set-up with a reverse proxy");
        *lines = format!("{line}\n  {lines}");
        self
    }

    /// Behind it is a Prosody with further settings.
    pub fn prosody(mut self, settings: &str) -> Self {
        self.server = Server::Prosody(settings.to_owned());
        self
    }

    /// Behind it is ejabberd with further settings.
    pub fn ejabberd(mut self, settings: &str) -> Self {
        self.server = Server::Ejabberd(settings.to_owned());
        self
    }

    /// What DNS knows.
    pub fn zone(mut self, records: &str) -> Self {
        records.clone_into(&mut self.zone);
        self
    }

    /// What is examined, and further options.
    pub fn at(mut self, arguments: &str) -> Self {
        arguments.clone_into(&mut self.arguments);
        self
    }

    /// With what takes time.
    pub fn slow(mut self) -> Self {
        self.quick = false;
        self
    }

    /// What is to be found.
    pub fn has(mut self, trouble: &'static str) -> Self {
        self.trouble = trouble;
        self
    }

    /// What else is broken then.
    pub fn follows(mut self, troubles: &'static [&'static str]) -> Self {
        self.follows = troubles;
        self
    }

    /// It is mended by the snippet for this program, in the place of a text.
    pub fn mend(mut self, place: &str, program: &'static str) -> Self {
        self.mends.push((place.to_owned(), Mend::Snippet(program)));
        self
    }

    /// It is mended by another text.
    pub fn instead(mut self, place: &str, text: &'static str) -> Self {
        self.mends.push((place.to_owned(), Mend::Text(text)));
        self
    }

    /// As it is, or mended.
    fn mended(&self) -> Self {
        let mut setup = self.clone();
        for (place, mend) in &self.mends {
            let text = match mend {
                Mend::Snippet(program) => self.rendered(program),
                Mend::Text(text) => (*text).to_owned(),
            };
            let mut places = 0;
            let (Server::Prosody(settings) | Server::Ejabberd(settings)) = &mut setup.server;
            let front = setup.front.as_mut().map(|(_, lines)| lines);
            let texts = [Some(&mut setup.zone), Some(&mut setup.arguments), Some(settings), front];
            for old in texts.into_iter().flatten() {
                places += usize::from(old.contains(place));
                *old = old.replace(place, &text);
            }
            assert_eq!(places, 1, "{}: the text in which {place:?} is mended", self.name);
        }
        setup
    }

    /// A snippet as a user writes it: with what it has placeholders for, and the own addresses and files.
    fn rendered(&self, program: &str) -> String {
        let words: Vec<&str> = self.arguments.split_whitespace().collect();
        let domain = words.iter().skip_while(|word| **word != "--domain").nth(1);
        let path = words[0].splitn(4, '/').nth(3).map_or(String::new(), |path| format!("/{path}"));
        let domain = domain.map_or(HOST, |domain| *domain);
        rendered(remedies::snippet(self.trouble, program), &path, domain)
    }

    /// Starts all of it.
    pub fn start(&self, mended: bool, servers: &Servers<'_>, identities: &Identities) -> Bed {
        let setup = if mended { self.mended() } else { self.clone() };
        let server = servers.get(&setup.server);
        let dead = Nowhere::new();
        let port = free_port();
        let mut values = server.values();
        values.insert("port", port.to_string());
        values.insert("dead", dead.address.port().to_string());
        values.insert("plain", free_port().to_string());
        for name in Identities::NAMES {
            values.insert(name, identities.folder(name).display().to_string());
        }
        let lines = setup.front.as_ref().map_or("", |(_, lines)| lines);
        let second = lines.contains("{second}").then(|| servers.second());
        if let Some(second) = &second {
            values.insert("second", second.values()["server"].clone());
        }
        let front = setup.front.as_ref().map(|(program, lines)| {
            let configuration = filled(&program.configuration(lines), &values);
            (Front::start(*program, &configuration, port), filled(lines, &values))
        });
        let (front, lines) = front.unzip();
        let mut arguments = format!("doctor {}", filled(&setup.arguments, &values));
        if !arguments.contains(&format!("--resolve {HOST}")) {
            arguments += &format!(" --resolve {HOST}:127.0.0.1:{port}");
        }
        if setup.quick {
            arguments += " --quick";
        }
        arguments += &format!(
            " --ca-file {} --dns {} --origin {ORIGIN} --wait 3 --idle 4 --format json",
            identities.ca().display(),
            zone::serve(&filled(&setup.zone, &values))
        );
        let lines = lines.unwrap_or_default();
        Bed { arguments, lines, _running: (front, server, second, dead) }
    }

    /// Finds the trouble and no other, mends it and finds nothing any more.
    pub fn is_broken_and_can_be_mended(&self, servers: &Servers<'_>, identities: &Identities) {
        let bed = self.start(false, servers, identities);
        let report = self.examine(&bed);
        let problems = report["problems"].as_array().unwrap();
        let troubles: Vec<&str> =
            problems.iter().map(|problem| problem["trouble"].as_str().unwrap()).collect();
        let wrong = problems.iter().filter(|problem| problem["broken"] == true).find(|problem| {
            let trouble = problem["trouble"].as_str().unwrap();
            trouble != self.trouble && !self.follows.contains(&trouble)
        });
        assert!(
            troubles.first() == Some(&self.trouble) && wrong.is_none(),
            "{}: {troubles:?} instead of {:?}\n{report:#}\n{bed}",
            self.name,
            self.trouble
        );
        self.assert_remedy(&problems[0]);
        drop(bed);
        let bed = self.start(true, servers, identities);
        self.assert_well(&bed);
    }

    /// What is advised has the snippet that mends it, with all that has to be filled in.
    fn assert_remedy(&self, problem: &Value) {
        let remedies = problem["remedies"].as_array().unwrap();
        for (_, mend) in &self.mends {
            let Mend::Snippet(program) = mend else { continue };
            let is_there = remedies.iter().any(|remedy| remedy["program"] == *program);
            assert!(is_there, "{}: no snippet for {program}\n{problem:#}", self.name);
        }
        let shown = problem.to_string();
        for name in PLACEHOLDERS {
            let open = format!("{{{name}}}");
            assert!(!shown.contains(&open), "{}: {open} is not filled in\n{problem:#}", self.name);
        }
    }

    /// Finds nothing.
    pub fn is_well(&self, servers: &Servers<'_>, identities: &Identities) {
        self.assert_well(&self.start(false, servers, identities));
    }

    fn assert_well(&self, bed: &Bed) {
        let report = self.examine(bed);
        let weak =
            report["checks"].as_array().unwrap().iter().any(|check| check["verdict"] == "weak");
        let well = report["verdict"] == "well" && report["problems"] == Value::Array(vec![]);
        assert!(well && !weak, "{} should be well\n{report:#}\n{bed}", self.name);
    }

    pub fn examine(&self, bed: &Bed) -> Value {
        let arguments: Vec<&str> = bed.arguments.split_whitespace().collect();
        let (code, out, errors) = rig::run_within(LIMIT, &arguments);
        let report: Value = serde_json::from_str(&out)
            .unwrap_or_else(|_| panic!("{}: {code:?}\n{out}\n{errors}\n{bed}", self.name));
        let expected = match report["verdict"].as_str().unwrap() {
            "well" | "weak" => 0,
            "broken" => 1,
            _ => 3,
        };
        assert_eq!(code, Some(expected), "{}: {report:#}", self.name);
        report
    }
}

/// A snippet as a user writes it, with the own addresses and files in the place of the usual ones.
pub fn rendered(snippet: &str, path: &str, domain: &str) -> String {
    let values = Values::from([
        ("path", path.to_owned()),
        ("host", HOST.to_owned()),
        ("domain", domain.to_owned()),
        ("origin", ORIGIN.to_owned()),
        ("seconds", "18".to_owned()),
        ("size", "1048576".to_owned()),
        ("bosh", BOSH.to_owned()),
        ("websocket", WEBSOCKET.to_owned()),
    ]);
    [
        ("127.0.0.1:5280", "{server}"),
        ("/etc/letsencrypt/live/chat.example", "{valid}"),
        ("/etc/haproxy/certs/chat.example.pem", "{valid}/haproxy.pem"),
        ("/etc/haproxy/certs/", "{valid}/haproxy.pem"),
        ("5222 chat.example.", "{starttls} xmpp.example."),
        ("5223 chat.example.", "{direct} xmpp.example."),
        ("listen 443", "listen 127.0.0.1:{port}"),
        ("bind :443", "bind 127.0.0.1:{port}"),
    ]
    .iter()
    .fold(filled(snippet, &values), |text, (usual, own)| text.replace(usual, own))
}

/// A location of nginx that passes everything on.
pub fn location(path: &str, lines: &str) -> String {
    format!(
        "location {path} {{
    proxy_pass http://{{server}};
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-Proto $scheme;
    {lines}
  }}"
    )
}

/// What a location of nginx needs for WebSocket.
pub const UPGRADE: &str = "proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection upgrade;";

/// A text with what stands for its words in braces.
pub fn filled(text: &str, values: &Values) -> String {
    values
        .iter()
        .fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// A set-up that runs; it ends with this value.
pub struct Bed {
    pub arguments: String,
    lines: String,
    _running: (Option<Front>, Arc<Back>, Option<Arc<Back>>, Nowhere),
}

impl fmt::Display for Bed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "xmppscope {}\n{}", self.arguments, self.lines)
    }
}
