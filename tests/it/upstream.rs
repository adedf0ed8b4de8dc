//! `xmppscope cm --upstream`: a translator before a server that a test plays, and before the real Prosody.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::cm::{creation, exchange, post, request, response, sid, stopped, told};
use crate::lag::{between, in_time};
use crate::peers_bed::{Client, alone};
use crate::prosody::{Password, Prosody, free_port};
use crate::rig::{self, Nowhere, Proxy, Target};

const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams' from='localhost' id='1' version='1.0'>";

/// A server that answers the start tag of each stream with this, and then each `</iq>` with `echo`.
fn server(opening: &'static str, echo: &'static str) -> SocketAddr {
    Target::serving(move |mut socket| {
        let mut text = String::new();
        let mut bytes = [0; 4096];
        let mut answered = (0, 0);
        while let Ok(read @ 1..) = socket.read(&mut bytes) {
            text.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
            let seen = (text.matches("<stream:stream ").count(), text.matches("<iq").count());
            let mut say = |words: &str| socket.write_all(words.as_bytes()).is_ok();
            let headers = (answered.0..seen.0).all(|_| say(HEADER) && say(opening));
            if !headers
                || !(answered.1..seen.1).all(|_| say(echo))
                || text.contains("</stream:stream>")
            {
                return;
            }
            answered = seen;
        }
    })
}

pub fn before(address: SocketAddr, options: &[&str]) -> Proxy {
    Proxy::start_cm(&[&["--color", "never", "--upstream", &address.to_string()], options].concat())
}

#[test]
fn a_session_before_a_server_that_a_test_plays() {
    let features = "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
        <mechanism>PLAIN</mechanism><mechanism>X-PLUS</mechanism></mechanisms></stream:features>";
    let cm = before(server(features, "<iq type='result' id='1'/>"), &[]);
    let mut stream = cm.connect();
    let (_, created) = exchange(&mut stream, &creation("wait='5' hold='1'"));
    for words in [" from='localhost'", " xmpp:version='1.0'", "<mechanism>PLAIN</mechanism>"] {
        assert!(created.contains(words), "{words}: {created}");
    }
    assert!(!created.contains("X-PLUS"), "{created}");
    let sid = sid(&created);
    let iq = "<iq xmlns='jabber:client' type='get' id='1'/>";
    let (_, answer) = exchange(&mut stream, &request(&sid, 1, iq));
    assert!(answer.contains("<iq xmlns='jabber:client' type='result' id='1'/>"), "{answer}");
    let left = stopped(cm);
    assert!(!left.errors.contains("warning"), "{}", left.errors);
}

#[test]
fn what_a_server_says_instead_of_features_reaches_the_client() {
    let error = "<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>";
    let shutdown = "<stream:error><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>";
    for (opening, words) in [
        (error, "condition='host-unknown'"),
        (shutdown, "condition='remote-stream-error'"),
        (shutdown, "<system-shutdown"),
        ("</stream:stream>", "condition='remote-connection-failed'"),
        ("<a></b>", "condition='remote-connection-failed'"),
    ] {
        let cm = before(server(opening, ""), &[]);
        let (_, answer) = exchange(&mut cm.connect(), &creation(""));
        assert!(
            answer.contains("type='terminate'") && answer.contains(words),
            "{opening}: {answer}"
        );
        stopped(cm);
    }
}

#[test]
fn a_server_that_is_not_there_is_told_at_once_and_to_every_client() {
    let nowhere = Nowhere::new();
    let port = nowhere.address.port();
    let cm = before(nowhere.address, &["--quiet"]);
    let (_, answer) = exchange(&mut cm.connect(), &creation(""));
    assert!(answer.contains("condition='remote-connection-failed'"), "{answer}");
    let left = stopped(cm);
    let warning =
        format!("warning: upstream 127.0.0.1:{port}: nothing listens at 127.0.0.1:{port}");
    assert!(left.errors.contains(&warning), "{}", left.errors);
    assert!(left.errors.contains(&format!("upstream 127.0.0.1:{port}: STARTTLS if offered")));
}

#[test]
fn only_the_domains_given_may_be_asked_for() {
    let cm = before(server("<stream:features/>", ""), &["--domain", "chat.example"]);
    let (_, refused) = exchange(&mut cm.connect(), &creation(""));
    assert!(refused.contains("condition='host-unknown'"), "{refused}");
    let granted = creation("").replace("to='localhost'", "to='Chat.Example'");
    let (_, granted) = exchange(&mut cm.connect(), &granted);
    assert!(granted.contains(" sid='"), "{granted}");
    stopped(cm);
}

#[test]
fn options_that_do_not_go_together() {
    let file = "/nonexistent/ca.pem";
    for (arguments, code, words) in [
        (
            &["--upstream", "localhost", "--account", "alice:hunter2"][..],
            2,
            "--account cannot be used with --upstream",
        ),
        (
            &["--upstream", "localhost", "--anonymous"],
            2,
            "--anonymous cannot be used with --upstream",
        ),
        (&["--upstream", "http://localhost"], 2, "expected HOST[:PORT]"),
        (&["--upstream", "localhost", "--domain", "a@b"], 2, "--domain"),
        (&["--upstream", "localhost", "--insecure", "--ca-file", file], 2, "cannot be used with"),
        (&["--upstream-plain"], 2, "--upstream"),
        (&["--insecure"], 2, "--upstream"),
        (&["--upstream", "localhost", "--ca-file", file], 3, file),
    ] {
        let (status, _, errors) =
            rig::run(&[&["cm", "--listen", "127.0.0.1:0"], arguments].concat());
        assert_eq!(status, Some(code), "{arguments:?}: {errors}");
        assert!(errors.contains(words) && !errors.contains("hunter2"), "{errors}");
    }
}

/// Prosody with BOSH of its own, and a port for TCP clients; with this certificate and key, if there are any.
pub fn prosody(certificate: Option<&Path>) -> (Prosody, SocketAddr) {
    let port = free_port();
    let mut settings = format!("c2s_ports = {{ {port} }}\nc2s_interfaces = {{ \"127.0.0.1\" }}\n");
    settings += &match certificate {
        None => "c2s_require_encryption = false\n".to_owned(),
        Some(folder) => format!(
            "modules_enabled = {{ \"saslauth\", \"tls\", \"roster\", \"disco\", \"ping\", \"posix\", \"bosh\" }}\n\
             c2s_require_encryption = true\n\
             ssl = {{ certificate = \"{0}/cert.pem\", key = \"{0}/key.pem\" }}\n",
            folder.display()
        ),
    };
    (Prosody::start_with(&settings), SocketAddr::from(([127, 0, 0, 1], port)))
}

/// A folder with a self-signed certificate that another user, as which Prosody runs, can read.
pub fn certificate(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
    parameters.not_after = rcgen::date_time_ymd(2050, 1, 1); // ejabberd cannot count to the default, the year 4096
    let certificate = parameters.self_signed(&key).unwrap();
    fs::write(folder.path().join("cert.pem"), certificate.pem()).unwrap();
    fs::write(folder.path().join("key.pem"), key.serialize_pem()).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// The same story, at Prosody's own BOSH and through us at its port for TCP clients.
fn live(story: &[&str], client: impl Fn(&str, &Password) -> Client) {
    let (prosody, address) = prosody(None);
    let there = client(&prosody.origin(), &prosody.alice).live(story);
    let cm = before(address, &[]);
    let here = client(&format!("http://{}", cm.address), &prosody.alice).live(story);
    let left = stopped(cm);
    assert_eq!(told(&there.lines), told(&here.lines));
    assert!(told(&here.lines).len() > 2, "{:?}", here.lines);
    assert!(!left.out.contains(prosody.alice.reveal()), "the password was printed");
    let broken: Vec<&str> = left.out.lines().filter(|line| line.contains("error:")).collect();
    assert!(broken.is_empty(), "a rule was broken: {broken:#?}\n{}", left.out);
    assert!(!left.errors.contains("warning") && !left.errors.contains("WARN"), "{}", left.errors);
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody and Node: run ./test")]
fn strophe_sees_through_us_what_it_sees_at_prosody() {
    let _turn = alone();
    let story = [
        "presence",
        "ping",
        "chat:one é <&> 🎉",
        "reload",
        "chat:two",
        "cut",
        "chat:three",
        "logout",
    ];
    live(&story, Client::strophe);
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody, Node and Chromium: run ./test")]
fn converse_sees_through_us_what_it_sees_at_prosody() {
    let _turn = alone();
    live(&["presence:dnd", "chat:Hello é 🎉", "reload", "chat:again", "logout"], Client::converse);
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody, g++ and gloox: run ./test")]
fn gloox_sees_through_us_what_it_sees_at_prosody() {
    let _turn = alone();
    for mode in ["legacy", "persistent", "pipelining"] {
        live(&["chat:gloox"], |origin, password| Client::gloox(origin, password, mode));
    }
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody and Node: run ./test")]
fn prosody_that_demands_tls_is_spoken_to_in_tls() {
    let _turn = alone();
    let folder = certificate("localhost");
    let (prosody, address) = prosody(Some(folder.path()));
    let file = folder.path().join("cert.pem");
    let trusted = ["--ca-file", file.to_str().unwrap(), "--domain", "localhost"];
    for options in [&trusted[..], &["--insecure"]] {
        let cm = before(address, options);
        let seen = Client::strophe(&format!("http://{}", cm.address), &prosody.alice).live(&[
            "presence",
            "chat:inside",
            "logout",
        ]);
        assert!(seen.lines.iter().any(|line| line.contains("inside")), "{:?}", seen.lines);
        let left = stopped(cm);
        assert!(
            left.out.contains("<stream:features") && left.out.contains("SCRAM-SHA-1"),
            "{}",
            left.out
        );
        assert!(!left.out.contains("starttls") && !left.out.contains("-PLUS"), "{}", left.out);
        assert!(!left.errors.contains("warning"), "{}", left.errors);
    }
    assert!(prosody.log().contains("Stream encrypted"), "{}", prosody.log());
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody: run ./test")]
fn a_certificate_that_is_not_prosodys_is_refused() {
    let (theirs, other, wrong) =
        (certificate("localhost"), certificate("localhost"), certificate("other.example"));
    let (_prosody, address) = prosody(Some(theirs.path()));
    let (_mistaken, misnamed) = prosody(Some(wrong.path()));
    let file =
        |folder: &tempfile::TempDir| folder.path().join("cert.pem").to_str().unwrap().to_owned();
    for (address, file, words) in [
        (address, file(&other), "not signed by a trusted CA; add the CA with --ca-file"),
        (misnamed, file(&wrong), "its certificate is for another domain"),
    ] {
        let cm = before(address, &["--ca-file", &file, "--domain", "localhost"]);
        let (_, answer) = exchange(&mut cm.connect(), &creation(""));
        assert!(answer.contains("condition='remote-connection-failed'"), "{answer}");
        let left = stopped(cm);
        let told = left.errors.lines().filter(|line| line.contains(words)).count();
        assert_eq!(told, 2, "at the start, and of the session: {}", left.errors);
    }
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody: run ./test")]
fn the_death_of_prosody_is_told_at_once() {
    let left = in_time(|| {
        let (mut prosody, address) = prosody(None);
        let cm = before(address, &[]);
        let mut stream = cm.connect();
        let (_, created) = exchange(&mut stream, &creation("wait='60' hold='1'"));
        stream.write_all(post("1.1", "", &request(&sid(&created), 1, "")).as_bytes()).unwrap();
        cm.wait_for_capture("rid='101'");
        let start = Instant::now();
        prosody.stop();
        let (_, answer) = response(&mut stream);
        assert!(answer.contains("condition='remote-connection-failed'"), "{answer}");
        let mut second: TcpStream = cm.connect();
        let (_, answer) = exchange(&mut second, &creation(""));
        assert!(answer.contains("condition='remote-connection-failed'"), "{answer}");
        let took = start.elapsed();
        between(Duration::ZERO, took, Duration::from_secs(2), "the death was told after")?;
        Ok(stopped(cm))
    });
    for words in ["closed the connection without ending the stream", "nothing listens at"] {
        assert!(left.errors.contains(words), "{}", left.errors);
    }
}
