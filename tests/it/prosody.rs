//! The real Prosody, started for one test: own folder, own ports, own accounts, loopback alone.
#![cfg_attr(not(feature = "peers"), allow(dead_code))]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::{OpenOptionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::rig::LONG;

/// The domain of the two accounts; `anon.localhost` takes anyone, `conference.localhost` has rooms.
pub const DOMAIN: &str = "localhost";

/// Beside `alice` and `bob` there are `alice2` and `bob2`, and so on, up to so many pairs, with the same passwords.
pub const PAIRS: usize = 6;

const START: Duration = LONG;

/// A password that no log shows by accident.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    pub fn random() -> Self {
        Self(random_hex(16))
    }

    /// The password itself, for a client's environment.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

/// A running Prosody with the accounts `alice` and `bob`; it ends with this value.
pub struct Prosody {
    child: Child,
    folder: TempDir,
    port: u16,
    pub alice: Password,
    pub bob: Password,
}

impl Prosody {
    /// A server with its default limits.
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// A server with further lines in the global part of its configuration, such as `bosh_max_wait = 5`.
    ///
    /// # Panics
    /// When Prosody is not installed or does not start: a test that needs it must not look green.
    pub fn start_with(settings: &str) -> Self {
        let binary = find("prosody").expect(
            "Prosody is not installed, and this test talks to the real one: run ./test, which installs it",
        );
        let mut tries = 0;
        loop {
            tries += 1;
            match Self::try_start(&binary, settings) {
                Ok(server) => return server,
                // another process may take the port between our look and Prosody's bind
                Err(why) if tries == 3 => panic!("Prosody did not start: {why}"),
                Err(_) => {}
            }
        }
    }

    fn try_start(binary: &Path, settings: &str) -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("xmppscope-prosody-").tempdir().unwrap();
        let port = free_port();
        let mark = format!("bed-{}.localhost", random_hex(8));
        let (alice, bob) = (Password::random(), Password::random());
        let config = folder.path().join("prosody.cfg.lua");
        fs::write(&config, configuration(folder.path(), port, &mark, settings)).unwrap();
        for (user, password) in [("alice", &alice), ("bob", &bob)] {
            write_account(folder.path(), user, password);
            for n in 2..=PAIRS {
                write_account(folder.path(), &format!("{user}{n}"), password);
            }
        }
        let log = File::create(folder.path().join("log")).unwrap();
        let mut command = Command::new(binary);
        command.arg("-F").arg("--config").arg(&config).current_dir(folder.path());
        command.env("HOME", folder.path()).stdin(Stdio::null());
        command.stdout(log.try_clone().unwrap()).stderr(log);
        if let Some((uid, gid)) = unprivileged_user("prosody") {
            // as root Prosody prints a warning and then hangs with its ports bound
            hand_over(folder.path(), uid, gid);
            command.uid(uid).gid(gid);
        }
        let child = command.spawn().map_err(|e| format!("{}: {e}", binary.display()))?;
        let mut server = Self { child, folder, port, alice, bob };
        server.wait_until_it_answers(&mark).map(|()| server)
    }

    fn wait_until_it_answers(&mut self, mark: &str) -> Result<(), String> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Err(format!("it ended at once ({status})\n{}", self.log()));
            }
            match is_ours(self.port, mark) {
                Ok(true) => return Ok(()),
                Ok(false) => return Err(format!("another server answers on port {}", self.port)),
                Err(e) if started.elapsed() > START => {
                    return Err(format!("no answer on port {}: {e}\n{}", self.port, self.log()));
                }
                Err(_) => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }

    /// Makes alice and bob see each other's presence, before either has logged in.
    pub fn befriend(&self) {
        self.write_rosters(&[("alice", &["bob"]), ("bob", &["alice"])]);
    }

    /// The same with bob and `alice`, `alice2` and so on.
    pub fn befriend_each_with_bob(&self) {
        let alices: Vec<String> = (1..=PAIRS)
            .map(|n| if n == 1 { "alice".to_owned() } else { format!("alice{n}") })
            .collect();
        let alices: Vec<&str> = alices.iter().map(String::as_str).collect();
        let mut rosters: Vec<(&str, &[&str])> =
            alices.iter().map(|&alice| (alice, &["bob"][..])).collect();
        rosters.push(("bob", &alices));
        self.write_rosters(&rosters);
    }

    fn write_rosters(&self, all: &[(&str, &[&str])]) {
        let rosters = self.folder.path().join("data").join(DOMAIN).join("roster");
        fs::create_dir(&rosters).unwrap();
        for (user, contacts) in all {
            write_roster(&rosters, user, contacts);
        }
        if let Some((uid, gid)) = unprivileged_user("prosody") {
            hand_over(&rosters, uid, gid);
        }
    }

    /// Where the server listens, as `xmppscope proxy --target` wants it.
    pub fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What its target file takes from the environment.
    pub fn environment(&self) -> [(&'static str, String); 6] {
        // This server has BOSH and WebSocket alone, but a target file names what it may have besides.
        let certificate = self.folder.path().join("trusted.pem");
        let made = crate::upstream::certificate("localhost");
        fs::copy(made.path().join("cert.pem"), &certificate).unwrap();
        [
            ("BED_PORT", self.port.to_string()),
            ("BED_TCP", self.port.to_string()),
            ("BED_TLS", self.port.to_string()),
            ("BED_CERTIFICATE", certificate.to_str().unwrap().to_owned()),
            ("BED_ALICE", self.alice.reveal().to_owned()),
            ("BED_BOB", self.bob.reveal().to_owned()),
        ]
    }

    /// What the server logged, without the passwords.
    pub fn log(&self) -> String {
        let log = fs::read(self.folder.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&log)
            .replace(self.alice.reveal(), "…")
            .replace(self.bob.reveal(), "…")
    }

    /// Kills the server at once, as a crash would.
    pub fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Prosody {
    fn drop(&mut self) {
        self.stop();
        if std::thread::panicking() {
            eprintln!("--- Prosody's log\n{}", self.log());
        }
    }
}

/// That of `targets/start`, in this folder and at this port, with further lines in its global part.
fn configuration(folder: &Path, port: u16, mark: &str, settings: &str) -> String {
    let usual = include_str!("../../targets/prosody.cfg.lua");
    let own = usual
        .replace("/srv", folder.to_str().unwrap())
        .replace("ENV_BED_PORT", &port.to_string())
        .replace("ENV_BED_TCP", "")
        .replace("ENV_BED_TLS", "");
    own.replacen("VirtualHost", &format!("{settings}\nVirtualHost \"{mark}\"\nVirtualHost"), 1)
}

/// An account as Prosody stores it; it hashes the password when it first reads it. (`prosodyctl` would
/// show the password to every user of the machine, as an argument.)
fn write_account(folder: &Path, user: &str, password: &Password) {
    let accounts = folder.join("data").join(DOMAIN).join("accounts");
    fs::create_dir_all(&accounts).unwrap();
    let file = accounts.join(format!("{user}.dat"));
    let mut file =
        fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(file).unwrap();
    writeln!(file, "return {{ [\"password\"] = \"{}\" }};", password.reveal()).unwrap();
}

/// A roster as Prosody stores it.
fn write_roster(rosters: &Path, user: &str, contacts: &[&str]) {
    let mut roster = "return { [false] = { version = 1 }".to_owned();
    for contact in contacts {
        write!(
            roster,
            ", [\"{contact}@{DOMAIN}\"] = {{ subscription = \"both\", groups = {{ }} }}"
        )
        .unwrap();
    }
    fs::write(rosters.join(format!("{user}.dat")), roster + " };\n").unwrap();
}

/// Whether a server answers on a port and knows the domain `mark`, which only ours does.
pub fn is_ours(port: u16, mark: &str) -> io::Result<bool> {
    let opened = post(
        port,
        &format!(
            "<body xmlns='http://jabber.org/protocol/httpbind' to='{mark}' rid='1' wait='1' hold='0' \
             ver='1.6' xml:lang='en' xmlns:xmpp='urn:xmpp:xbosh' xmpp:version='1.0'/>"
        ),
    )?;
    let sid = ["sid='", "sid=\""].iter().find_map(|quote| {
        let rest = opened.split_once(quote)?.1;
        Some(rest.split(['\'', '"']).next()?.to_owned())
    });
    let Some(sid) = sid else { return Ok(false) };
    post(
        port,
        &format!(
            "<body xmlns='http://jabber.org/protocol/httpbind' sid='{sid}' rid='2' type='terminate'/>"
        ),
    )?;
    Ok(true)
}

fn post(port: u16, body: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(LONG))?;
    let length = body.len();
    write!(
        stream,
        "POST /http-bind HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: text/xml; charset=utf-8\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// A port outside the range that outgoing connections are given, and free a moment ago. No two tests get the same.
pub fn free_port() -> u16 {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    (0..1000)
        .map(|_| {
            let mut two = [0; 2];
            random(&mut two);
            10_000 + u16::from_le_bytes(two) % 22_000
        })
        .filter(|&port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok())
        .find(|&port| GIVEN.lock().unwrap_or_else(PoisonError::into_inner).insert(port))
        .expect("none of a thousand ports was free")
}

/// Where a program is, as a shell would find it.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/bin".into(), "/usr/sbin".into()])
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// Whom to become when we are root.
pub fn unprivileged_user(wanted: &str) -> Option<(u32, u32)> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let uid = status.lines().find_map(|l| l.strip_prefix("Uid:"))?.split_whitespace().nth(1)?;
    if uid != "0" {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let user = [wanted, "nobody"]
        .iter()
        .find_map(|name| users.lines().find(|line| line.split(':').next() == Some(name)))
        .expect("there is a user who is not root, as whom servers run");
    let mut fields = user.split(':').skip(2).map(|id| id.parse().unwrap());
    Some((fields.next().unwrap(), fields.next().unwrap()))
}

pub fn hand_over(path: &Path, uid: u32, gid: u32) {
    chown(path, Some(uid), Some(gid)).unwrap();
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            hand_over(&entry.unwrap().path(), uid, gid);
        }
    }
}

fn random_hex(bytes: usize) -> String {
    let mut drawn = vec![0; bytes];
    random(&mut drawn);
    drawn.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn random(into: &mut [u8]) {
    File::open("/dev/urandom").unwrap().read_exact(into).unwrap();
}
