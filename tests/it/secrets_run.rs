//! `run` knows passwords, and a server that repeats them does not make it show them.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::rig::{self, Target};
use crate::secrets::{KEPT, SASL, escaped, percent};

/// A server of BOSH that answers every login with `reply`.
fn server(reply: String) -> SocketAddr {
    Target::serving(move |socket| serve(socket, &reply, || ()))
}

/// Answers requests as a server of BOSH does, and each login with `reply`.
pub fn serve(stream: impl Read + Write, reply: &str, asked: impl Fn()) {
    let mut lines = BufReader::new(stream);
    loop {
        let mut length = 0;
        let mut get = false;
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let lower = line.to_ascii_lowercase();
            get |= lower.starts_with("get ");
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        if lines.read_exact(&mut body).is_err() {
            return;
        }
        let created = "<body xmlns='http://jabber.org/protocol/httpbind' sid='s1d' wait='5' hold='1' \
                       requests='2' inactivity='30' authid='a' xmlns:stream='http://etherx.jabber.org/streams' \
                       xmlns:xmpp='urn:xmpp:xbosh' xmpp:version='1.0'><stream:features><mechanisms \
                       xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>\
                       </stream:features></body>";
        let text = if get {
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_owned()
        } else if String::from_utf8_lossy(&body).contains("<auth") {
            asked();
            reply.to_owned()
        } else {
            format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: {}\r\n\r\n{created}",
                created.len()
            )
        };
        if lines.get_mut().write_all(text.as_bytes()).is_err() {
            return;
        }
    }
}

fn all_text(folder: &Path) -> String {
    let mut all = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all += &all_text(&path);
        } else {
            all += &format!("\n== {}\n", path.display());
            all += &String::from_utf8_lossy(&fs::read(&path).unwrap());
        }
    }
    all
}

pub const PASSWORD: &str = "wonder<land7";

/// The password as a server may repeat it.
pub fn forms() -> [String; 5] {
    let plain = BASE64_STANDARD.encode(format!("\0alice\0{PASSWORD}"));
    let alone = BASE64_STANDARD.encode(PASSWORD);
    [PASSWORD.to_owned(), escaped(PASSWORD), plain, alone, percent(PASSWORD)]
}

/// Answers to a login that repeat the password.
pub fn replies() -> [String; 4] {
    let ok = |body: &str| {
        let kind = "Content-Type: text/xml; charset=utf-8";
        format!("HTTP/1.1 200 OK\r\n{kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    };
    let ns = "xmlns='http://jabber.org/protocol/httpbind'";
    let every = format!("{KEPT} {}", forms()[1..].join(" "));
    let page = format!("<html><body>{KEPT} {PASSWORD} {every}</body></html>");
    [
        ok(&format!(
            "<body {ns}><failure xmlns='{SASL}'><not-authorized/><text>{every}</text></failure></body>"
        )),
        ok(&format!(
            "<body {ns} type='terminate' condition='{}'><x>{every}</x></body>",
            percent(PASSWORD)
        )),
        format!("HTTP/1.1 500 No\r\nContent-Length: {}\r\n\r\n{page}", page.len()),
        format!("rubbish {KEPT} {PASSWORD} {every}\r\n\r\n"),
    ]
}

/// A login that the runner carries out, which ends the run early, and one that the scenario spells out.
const LOGINS: [&str; 2] = [
    "session: { login: alice, polls: true }
steps:
  - send: client
    stanza: <presence/>
",
    "session: none
steps:
  - create: session
  - response: session
  - request: auth
    payload: <auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${alice.plain}</auth>
  - response: auth
    level: must
    payload: { contains: <success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/> }
",
];

#[test]
fn a_run_shows_no_password_that_a_server_repeats() {
    for (reply, login) in
        replies().into_iter().flat_map(|reply| LOGINS.map(|login| (reply.clone(), login)))
    {
        let address = server(reply.clone());
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let text = |name: &str| path(name).to_str().unwrap().to_owned();
        let head = "name: login\ncovers: [bosh-long-polling]\nneeds: [account]\n";
        fs::write(path("s.yaml"), format!("{head}{login}")).unwrap();
        fs::write(
            path("t.yaml"),
            format!("name: a server\nurl: http://{address}/http-bind\ndomain: localhost\naccounts:\n  alice: {{ user: alice, password: '{PASSWORD}' }}\n"),
        )
        .unwrap();
        let (code, out, errors) = rig::run(&[
            "run",
            &text("s.yaml"),
            "--target",
            &text("t.yaml"),
            "--write",
            &text("captures"),
            "--snapshots",
            &text("snaps"),
            "--update",
            "all",
            "--show",
            "all",
            "--color",
            "never",
        ]);
        assert!(matches!(code, Some(1 | 3)), "{code:?}\n{out}\n{errors}");
        let (_, html, _) = rig::run(&["report", &text("captures"), "-o", "-"]);
        fs::remove_file(path("t.yaml")).unwrap();
        let all = format!("{out}\n{errors}\n{html}\n{}", all_text(folder.path()));
        // A run that ends early has no traffic to show.
        let early = login == LOGINS[0];
        assert!(early || all.contains(KEPT) && out.contains("[hidden"), "{reply}\n{all}");
        for secret in forms() {
            assert!(!all.contains(&secret), "{secret} of {reply} is in\n{all}");
        }
    }
}
