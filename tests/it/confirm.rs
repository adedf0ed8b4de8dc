//! Failures at a target on the network are run again by themselves (`--confirm`): a connection manager that answers as
//! many requests of a kind wrongly as its name says.

use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use regex_lite::Regex;

use crate::rig::{Target, message, ok, run};

/// Answers a request with `wrong='N'` by 500 until N of them have come, and one with `cut='N'` not at all.
fn serve(mut socket: TcpStream, wrong: &Mutex<usize>, cut: &Mutex<usize>) {
    let request = message(&mut socket);
    let more = |name: &str, count: &Mutex<usize>| {
        let most = request
            .split_once(&format!("{name}='"))
            .map_or(0, |(_, rest)| rest.split('\'').next().unwrap().parse().unwrap());
        let mut count = count.lock().unwrap();
        *count += 1;
        most >= *count
    };
    if request.contains("cut='") && more("cut", cut) {
        return;
    }
    if request.contains("wrong='") && more("wrong", wrong) {
        let _ =
            socket.write_all(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n");
        return;
    }
    let _ = socket.write_all(&ok("<body xmlns='http://jabber.org/protocol/httpbind'/>"));
}

fn target() -> SocketAddr {
    let counts = Arc::new((Mutex::new(0), Mutex::new(0)));
    Target::serving(move |socket| serve(socket, &counts.0, &counts.1))
}

/// A scenario that fails as often as a request with this attribute does.
fn scenario(folder: &Path, name: &str, attribute: &str) {
    let text = format!(
        "name: {name}\ncovers: bosh-resp-wait\nsession: none\nsteps:\n  - create: it\n    attributes: {{ {attribute} }}\n  \
         - response: it\n    status: 200\n"
    );
    fs::write(folder.join(format!("{name}.yaml")), text).unwrap();
}

/// The exit status, stdout and stderr of a run with these options.
fn ran(attribute: &str, options: &[&str]) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    scenario(folder.path(), "doubtful", attribute);
    let url = format!("http://{}/http-bind", target());
    let path = folder.path().to_str().unwrap();
    let (code, out, errors) = run(&[&["run", path, "--target", &url], options].concat());
    // What differs from run to run: where the server is, the time of the day, and how long it took.
    let place = Regex::new(r"127\.0\.0\.1:\d+").unwrap();
    let stamp = Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(Z|[+-]\d\d:\d\d)").unwrap();
    let took = Regex::new(r#"( in )\d[\d.]* (?:ms|s)|(_ms":|time=')[\d.]+"#).unwrap();
    let out = place.replace_all(&out, "ADDRESS").replace(path, "FOLDER");
    let out = stamp.replace_all(&out, "STAMP").into_owned();
    (code, took.replace_all(&out, "${1}${2}TIME").into_owned(), errors)
}

#[test]
fn a_failure_that_does_not_repeat_is_unsteady_and_says_nothing_for_the_run() {
    for (options, verdict) in [
        (&[][..], "failed in 1 of 3 runs, passed in 2"),
        (&["--confirm", "1"], "failed in 1 of 2 runs, passed in 1"),
        (&["--strict"], "failed in 1 of 3 runs, passed in 2"),
    ] {
        let (code, out, errors) = ran("wrong: '1'", options);
        assert_eq!(code, Some(0), "{out}{errors}");
        assert!(out.contains("unsteady      doubtful") && out.contains(verdict), "{out}");
        assert!(errors.contains("running 1 failure again"), "{errors}");
    }
    let (code, out, _) = ran("wrong: '2'", &[]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("failed in 2 of 3 runs, passed in 1"), "{out}");
    let (code, out, _) = ran("cut: '1'", &[]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("in 1 of 3 runs, passed in 2"), "{out}");
}

#[test]
fn a_failure_that_repeats_fails() {
    let (code, out, _) = ran("wrong: '9'", &[]);
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("runs      failed in 3 of 3 runs"), "{out}");
    let (code, out, errors) = ran("wrong: '1'", &["--confirm", "0"]);
    assert_eq!(code, Some(1), "{out}");
    assert!(!out.contains("runs ") && !errors.contains("again"), "{out}{errors}");
}

#[test]
fn each_format_tells_what_is_unsteady() {
    for format in ["pretty", "json", "junit", "tap", "github", "markdown"] {
        let (code, out, _) = ran("wrong: '1'", &["--show", "none", "--format", format]);
        assert_eq!(code, Some(0), "{format}: {out}");
        insta::assert_snapshot!(format!("unsteady_{format}"), out);
    }
}
