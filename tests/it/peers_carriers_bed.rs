//! What the tests of carriers share: servers with ports for WebSocket, STARTTLS and direct TLS, and a proxy before each.
#![cfg_attr(not(feature = "peers"), allow(dead_code))]

use std::any::Any;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::ejabberd::{Ejabberd, Streams};
use crate::peers_bed::Client;
use crate::peers_live::Peer;
use crate::prosody::{Password, Prosody, free_port};
use crate::rig::{self, Proxy};
use crate::upstream::certificate;

/// Clients that are there at the same time, each with an account of its own.
pub const LANES: usize = 4;

/// Who lives in this lane, from 1: the stories of another one must not see what it says.
pub fn alice(lane: usize) -> String {
    let number = if lane == 1 { String::new() } else { lane.to_string() };
    format!("alice{number}@localhost/web")
}

/// How a client reaches a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    WebSocket,
    StartTls,
    DirectTls,
}

impl Carrier {
    /// What xmppscope calls it.
    pub fn transport(self) -> &'static str {
        if self == Self::WebSocket { "websocket" } else { "tcp" }
    }
}

/// Prosody's modules: without PEP, which asks clients what they can do, and asks only once.
const MODULES: &str = r#""saslauth", "tls", "roster", "disco", "ping", "posix", "bosh", "websocket", "carbons", "smacks""#;

/// A server with ports for all carriers.
pub struct Server {
    pub name: &'static str,
    /// `HOST:PORT/PATH`
    pub websocket: String,
    pub starttls: u16,
    pub direct: u16,
    /// Its certificate, for `localhost`.
    pub certificate: TempDir,
    pub alice: Password,
    pub bob: Password,
    _process: Box<dyn Any + Send + Sync>,
}

impl Server {
    pub fn prosody() -> Self {
        Self::prosody_with("")
    }

    /// Prosody with further settings of TLS.
    pub fn prosody_with(tls: &str) -> Self {
        let certificate = certificate("localhost");
        let [starttls, direct] = [free_port(), free_port()];
        let folder = certificate.path().display();
        // The fewest rounds of SCRAM that clients accept: xmpp.js takes seconds for 10,000.
        let server = Prosody::start_with(&format!(
            "c2s_ports = {{ {starttls} }}\nc2s_interfaces = {{ \"127.0.0.1\" }}\n\
             c2s_direct_tls_ports = {{ {direct} }}\nc2s_direct_tls_interfaces = {{ \"127.0.0.1\" }}\n\
             c2s_require_encryption = true\n\
             ssl = {{ certificate = \"{folder}/cert.pem\", key = \"{folder}/key.pem\"{tls} }}\n\
             default_iteration_count = 4096\n\
             modules_enabled = {{ {MODULES} }}\n"
        ));
        server.befriend_each_with_bob();
        let websocket = server.origin().replacen("http://", "", 1) + "/xmpp-websocket";
        let (alice, bob) = (server.alice.clone(), server.bob.clone());
        Self {
            name: "Prosody",
            websocket,
            starttls,
            direct,
            certificate,
            alice,
            bob,
            _process: Box::new(server),
        }
    }

    pub fn ejabberd() -> Self {
        let certificate = certificate("localhost");
        let identity = certificate.path().to_owned();
        let streams = Streams { starttls: free_port(), direct: free_port(), identity };
        let server = Ejabberd::start_with(LANES, Some(&streams));
        let websocket = server.origin().replacen("http://", "", 1) + "/xmpp-websocket";
        let (alice, bob) = (server.alice.clone(), server.bob.clone());
        Self {
            name: "ejabberd",
            websocket,
            starttls: streams.starttls,
            direct: streams.direct,
            certificate,
            alice,
            bob,
            _process: Box::new(server),
        }
    }

    pub fn url(&self, carrier: Carrier) -> String {
        match carrier {
            Carrier::WebSocket => format!("ws://{}", self.websocket),
            Carrier::StartTls => format!("xmpp://127.0.0.1:{}", self.starttls),
            Carrier::DirectTls => format!("xmpps://127.0.0.1:{}", self.direct),
        }
    }

    pub fn certificate(&self) -> PathBuf {
        self.certificate.path().join("cert.pem")
    }

    /// bob, who sends back every message.
    pub fn bob(&self) -> Peer {
        let url = self.url(Carrier::WebSocket);
        let client = Client::at("xmpp-client.mjs", &url, &self.certificate(), &self.bob);
        let mut bob = Peer::start(client.named("bob@localhost/desk"));
        bob.does("echo");
        bob
    }
}

/// What was seen of sessions: one through the proxy, or those of `cm`.
pub struct Session {
    /// What the client printed.
    pub lines: Vec<String>,
    /// What xmppscope printed.
    pub out: String,
    /// The events of the capture, as JSON.
    pub events: Vec<Value>,
    /// What the sessions became as a transcript.
    pub transcript: String,
}

/// A proxy before a server, and what its client needs: the URL, and the certificate to trust.
pub struct Between {
    proxy: Proxy,
    pub url: String,
    identity: TempDir,
}

impl Between {
    pub fn start(server: &Server, carrier: Carrier, more: &[&str]) -> Self {
        let identity = tempfile::tempdir().unwrap();
        let trusted = server.certificate();
        let tls = [
            "--ca-file",
            trusted.to_str().unwrap(),
            "--tls-dir",
            identity.path().to_str().unwrap(),
            "--tls-name",
            "localhost",
        ];
        let plain = ["--color", "never", "--format", "compact"];
        // The target is called localhost, as the certificate: a client need not say whom it wants (SNI).
        let target = server.url(carrier).replace("127.0.0.1", "localhost");
        let takes_over = carrier != Carrier::WebSocket && !more.contains(&"pass");
        let options = if takes_over { &tls[..] } else { &[] };
        let proxy = Proxy::start(&target, &[&plain, options, more].concat());
        let at = proxy.address;
        let url = match carrier {
            Carrier::WebSocket => {
                let path = server.websocket.split_once('/').unwrap().1;
                format!("ws://{at}/{path}")
            }
            Carrier::StartTls => format!("xmpp://{at}"),
            Carrier::DirectTls => format!("xmpps://{at}"),
        };
        Self { proxy, url, identity }
    }

    pub fn certificate(&self) -> PathBuf {
        self.identity.path().join("cert.pem")
    }

    pub fn stop(self, lines: Vec<String>, name: &str) -> Session {
        Session::end(self.proxy, lines, name)
    }
}

impl Session {
    /// Ends what was between, or the server, once every connection has ended. The capture stays to be looked at, in
    /// `target/tmp/artefacts/carriers/`.
    pub fn end(proxy: Proxy, lines: Vec<String>, name: &str) -> Self {
        let capture = proxy.folder.path().join("capture");
        rig::until("every connection is closed", || {
            let capture = std::fs::read_to_string(&capture).unwrap_or_default();
            let count = |event: &str| capture.matches(&format!("\"event\":\"{event}\"")).count();
            count("opened") > 0 && count("opened") == count("closed")
        });
        let left = proxy.stop();
        assert_eq!(left.status.code(), Some(0), "{}", left.errors);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("artefacts/carriers");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::copy(&left.capture, folder.join(format!("{name}.ndjson"))).unwrap();
        let show = |format: &str| {
            let capture = left.capture.to_str().unwrap();
            let (code, out, errors) =
                rig::run(&["show", capture, "--color", "never", "--format", format]);
            assert_eq!(code, Some(0), "{errors}");
            out
        };
        assert_eq!(show("compact"), left.out, "`show` differs from what was printed live");
        let events = show("json").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        Self { lines, out: left.out, events, transcript: show("transcript") }
    }
}
