//! The real ejabberd, started for one test: own folder, own port, own accounts, loopback alone. It runs without
//! `ejabberdctl`, which would need root, a node name and epmd.
#![cfg_attr(not(feature = "peers"), allow(dead_code))]

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::prosody::{DOMAIN, Password, find, free_port, hand_over, is_ours, unprivileged_user};
use crate::rig::LONG;

const START: Duration = LONG;
/// Printed when the accounts are there.
const READY: &str = "accounts are there";

/// A running ejabberd with the accounts `alice` and `bob`, and `alice2`, `bob2` and so on; it ends with this value.
pub struct Ejabberd {
    child: Child,
    folder: TempDir,
    port: u16,
    pub alice: Password,
    pub bob: Password,
}

/// Ports for XML streams; with them there is also WebSocket at `/xmpp-websocket`, stream management, and each `alice` is in
/// the roster of bob.
#[derive(Debug, Clone)]
pub struct Streams {
    /// The port at which TLS begins by STARTTLS.
    pub starttls: u16,
    /// The port at which it begins at once.
    pub direct: u16,
    /// The folder of `cert.pem` and `key.pem`.
    pub identity: PathBuf,
}

impl Ejabberd {
    /// A server with its default limits, so many pairs of accounts, and ports for XML streams if they are given.
    ///
    /// # Panics
    /// When ejabberd is not installed or does not start: a test that needs it must not look green.
    pub fn start_with(pairs: usize, streams: Option<&Streams>) -> Self {
        Self::start_as(pairs, streams, |port| configuration(port, streams))
    }

    /// A server of another domain as well, with these lines at the top level of its configuration.
    pub fn start_for(domain: &str, streams: &Streams, settings: &str) -> Self {
        Self::start_as(1, Some(streams), |port| {
            let hosts = format!("hosts: [{DOMAIN}, {domain}, ");
            let usual =
                configuration(port, Some(streams)).replace(&format!("hosts: [{DOMAIN}, "), &hosts);
            format!("{usual}{settings}\n")
        })
    }

    fn start_as(
        pairs: usize,
        streams: Option<&Streams>,
        configuration: impl Fn(u16) -> String,
    ) -> Self {
        let binary = find("erl").filter(|_| find("ejabberdctl").is_some());
        let binary = binary.expect(
            "ejabberd is not installed, and this test talks to the real one: run ./test, which installs it",
        );
        let folder = tempfile::Builder::new().prefix("xmppscope-ejabberd-").tempdir().unwrap();
        let port = free_port();
        let (alice, bob) = (Password::random(), Password::random());
        let at = |name: &str| folder.path().join(name);
        fs::write(at("ejabberd.yml"), configuration(port)).unwrap();
        fs::create_dir(at("spool")).unwrap();
        let users: Vec<String> = (1..=pairs)
            .flat_map(|n| {
                let n = if n == 1 { String::new() } else { n.to_string() };
                [format!("{{<<\"alice{n}\">>, A}}"), format!("{{<<\"bob{n}\">>, B}}")]
            })
            .collect();
        let befriend = streams.map_or(String::new(), |_| {
            let both = |user: &str, contact: &str| {
                format!(
                    "mod_admin_extra:add_rosteritem(<<\"{user}\">>, <<\"{DOMAIN}\">>, <<\"{contact}\">>, <<\"{DOMAIN}\">>, \
                     <<>>, <<>>, <<\"both\">>), "
                )
            };
            let alices = (1..=pairs).map(|n| if n == 1 { String::new() } else { n.to_string() });
            let alices = alices.map(|n| format!("alice{n}"));
            alices.map(|alice| both(&alice, "bob") + &both("bob", &alice)).collect()
        });
        // The passwords are in the environment: command lines are seen by every user of the machine.
        let register = format!(
            "A = list_to_binary(os:getenv(\"BED_ALICE\")), B = list_to_binary(os:getenv(\"BED_BOB\")), \
             lists:foreach(fun({{U, P}}) -> ok = ejabberd_auth:try_register(U, <<\"{DOMAIN}\">>, P) end, [{}]), \
             {befriend}io:format(\"{READY}~n\").",
            users.join(", ")
        );
        let log = File::create(at("console")).unwrap();
        let mut command = Command::new(binary);
        command
            .args(["-noinput", "-mnesia", "dir", &format!("\"{}\"", at("spool").display())])
            .args(["-s", "ejabberd", "-eval", &register])
            .current_dir(folder.path())
            .env("HOME", folder.path())
            .env("ERL_LIBS", "/usr/lib/x86_64-linux-gnu")
            .env("EJABBERD_CONFIG_PATH", at("ejabberd.yml"))
            .env("EJABBERD_LOG_PATH", at("ejabberd.log"))
            .env("EJABBERD_PID_PATH", at("pid"))
            .env("ERL_CRASH_DUMP_BYTES", "0")
            .env("BED_ALICE", alice.reveal())
            .env("BED_BOB", bob.reveal())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        if let Some((uid, gid)) = unprivileged_user("nobody") {
            hand_over(folder.path(), uid, gid);
            command.uid(uid).gid(gid);
        }
        let child = command.spawn().expect("erl starts");
        let mut server = Self { child, folder, port, alice, bob };
        server.wait_until_it_is_ready();
        server
    }

    fn wait_until_it_is_ready(&mut self) {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("ejabberd ended at once ({status})\n{}", self.log());
            }
            // It loads its code when that is needed first, which takes time that nobody is to measure.
            if self.console().contains(READY)
                && is_ours(self.port, DOMAIN).is_ok_and(|answers| answers)
            {
                return;
            }
            assert!(started.elapsed() < START, "ejabberd did not start\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Where the server listens.
    pub fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn console(&self) -> String {
        fs::read_to_string(self.folder.path().join("console")).unwrap_or_default()
    }

    /// What the server said and logged, without the passwords.
    pub fn log(&self) -> String {
        let log = fs::read_to_string(self.folder.path().join("ejabberd.log")).unwrap_or_default();
        (self.console() + &log).replace(self.alice.reveal(), "…").replace(self.bob.reveal(), "…")
    }
}

impl Drop for Ejabberd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- ejabberd's log\n{}", self.log());
        }
    }
}

/// That of `targets/start` at this port, with the ports for XML streams if they are given.
fn configuration(port: u16, streams: Option<&Streams>) -> String {
    let usual = include_str!("../../targets/ejabberd.yml").replace("@PORT@", &port.to_string());
    let listener = |port: &str, tls: &str| {
        format!(
            "  - port: {port}\n    ip: 127.0.0.1\n    module: ejabberd_c2s\n    backlog: 128\n    {tls}: true\n"
        )
    };
    let listeners = listener("@TCP@", "starttls_required") + &listener("@TLS@", "tls");
    assert!(usual.contains(&listeners), "the listeners for TCP are written otherwise");
    let Some(Streams { starttls, direct, identity }) = streams else {
        let certificates = "certfiles: [/srv/cert.pem, /srv/key.pem]\n";
        return usual.replace(&listeners, "").replace(certificates, "");
    };
    // Channel binding cannot succeed where TLS is taken over.
    let without = "scram-sha-1-plus, scram-sha-256-plus, scram-sha-512-plus";
    usual
        .replace("@TCP@", &starttls.to_string())
        .replace("@TLS@", &direct.to_string())
        .replace("/srv/", &format!("{}/", identity.display()))
        .replace("[x-oauth2]", &format!("[x-oauth2, {without}]"))
}
