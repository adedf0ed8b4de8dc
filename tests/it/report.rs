//! `xmppscope report`: what is written, from captures and from runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use xmppscope::trace::capture::{Preface, Secrets, Writer};
use xmppscope::trace::{Content, Event, Fact, Headers, Request, Response};

use crate::rig;

/// What a hostile peer would like to have run.
const HARM: &str = "</script><script>harmed()</script><img src=x onerror=harmed()>";

/// A capture that is made up, event by event.
pub struct Talk {
    events: Vec<Event>,
    at: Duration,
    asked: Vec<u64>,
    answered: Vec<u64>,
}

impl Talk {
    pub fn new() -> Self {
        Self { events: Vec::new(), at: Duration::ZERO, asked: vec![0; 9], answered: vec![0; 9] }
    }

    pub fn after(&mut self, millis: u64) -> &mut Self {
        self.at += Duration::from_millis(millis);
        self
    }

    fn event(&mut self, conn: u64, fact: Fact) -> &mut Self {
        self.events.push(Event { at: self.at, conn, fact });
        self
    }

    pub fn connect(&mut self, conn: u64) -> &mut Self {
        self.event(conn, Fact::Opened { client: ([127, 0, 0, 1], 50_000).into() })
    }

    pub fn request(&mut self, conn: u64, headers: &[(&str, &str)], body: &str) -> &mut Self {
        self.asked[conn as usize] += 1;
        let request = Request {
            first: self.at,
            method: "POST".to_owned(),
            target: "/http-bind".to_owned(),
            version: 1,
            headers: lines(headers),
            content: content(body),
        };
        self.event(conn, Fact::Request(request))
    }

    pub fn response(&mut self, conn: u64, headers: &[(&str, &str)], body: &str) -> &mut Self {
        let answers = Some(self.answered[conn as usize]);
        self.answered[conn as usize] += 1;
        let response = Response {
            first: self.at,
            answers,
            version: 1,
            status: 200,
            reason: "OK".to_owned(),
            headers: lines(headers),
            content: content(body),
            own: false,
        };
        self.event(conn, Fact::Response(response))
    }

    pub fn write(&mut self, path: &Path) {
        let started = chrono::DateTime::parse_from_rfc3339("2026-03-01T12:00:00+01:00").unwrap();
        let preface = Preface::new(started, "http://chat.example".to_owned(), Secrets::Hidden);
        let mut writer = Writer::new(fs::File::create(path).unwrap(), &preface).unwrap();
        self.event(0, Fact::Finished);
        for event in &self.events {
            writer.write(event).unwrap();
        }
        writer.flush().unwrap();
    }
}

fn lines(headers: &[(&str, &str)]) -> Headers {
    let mut all = Headers::default();
    all.push("Content-Type", "text/xml; charset=utf-8");
    for (name, value) in headers {
        all.push(name, value);
    }
    all
}

fn content(body: &str) -> Content {
    Content { bytes: body.as_bytes().to_vec(), size: body.len() as u64, ..Content::default() }
}

/// `<body/>` with these attributes and this inside.
pub fn body(attributes: &str, inside: &str) -> String {
    format!(
        "<body xmlns='http://jabber.org/protocol/httpbind' xmlns:xmpp='urn:xmpp:xbosh' {attributes}>{inside}</body>"
    )
}

/// A session whose peers write scripts wherever they can.
pub fn hostile(path: &Path) {
    let escaped = HARM.replace('<', "&lt;");
    let sid = "</script><b>".replace('<', "&lt;");
    let bad = [("X-Harm", HARM)];
    let message = format!(
        "<message xmlns='jabber:client' type='chat' id='{escaped}' from='a@{escaped}'><body>{escaped}</body>\
         <script xmlns='http://www.w3.org/1999/xhtml'>harmed()</script>\
         <img xmlns='http://www.w3.org/1999/xhtml' src='x' onerror='harmed()'/></message>"
    );
    Talk::new()
        .connect(1)
        .request(
            1,
            &bad,
            &body(
                "rid='100' to='a' wait='60' hold='1' ver='1.6' xml:lang='en' xmpp:version='1.0'",
                "",
            ),
        )
        .after(5)
        .response(
            1,
            &bad,
            &body(
                &format!("sid='{sid}' wait='60' hold='1' requests='2' inactivity='60' ver='1.6'"),
                "<stream:features xmlns:stream='http://etherx.jabber.org/streams'/>",
            ),
        )
        .after(20)
        .request(1, &bad, &body(&format!("rid='101' sid='{sid}'"), &message))
        .connect(2)
        .after(50)
        .request(2, &[], &body(&format!("rid='102' sid='{sid}'"), ""))
        .after(1)
        .response(1, &bad, &body("", &message))
        .after(59_000)
        .response(2, &[("X-Harm", "\u{202e}")], &body("", ""))
        .after(10)
        .request(1, &[], &body(&format!("rid='103' sid='{sid}' type='terminate'"), ""))
        .after(10)
        .response(1, &[], &format!("<html><script>harmed()</script>{HARM}"))
        .write(path);
}

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("report.html");
    (folder, page)
}

/// What stands in a page: the policy, and the data.
fn read(page: &str) -> (String, Value) {
    let between = |from: &str, to: &str| {
        let rest = page.split_once(from).unwrap_or_else(|| panic!("no {from}")).1;
        rest.split_once(to).unwrap().0.to_owned()
    };
    let policy = between("http-equiv=\"Content-Security-Policy\" content=\"", "\">");
    let data = between("id=\"data\">", "</script>");
    (policy, serde_json::from_str(&data).unwrap())
}

#[test]
fn of_a_capture() {
    let (_folder, page) = folder();
    let page = page.to_str().unwrap();
    fs::write(page, "what was there before, and is longer than nothing").unwrap();
    let (code, out, errors) = rig::run(&["report", "fixtures/broken.ndjson", "-o", page]);
    assert_eq!((code, out.as_str(), errors.as_str()), (Some(0), "", ""));
    let text = fs::read_to_string(page).unwrap();
    let (_, data) = read(&text);
    let trace = &data["traces"][0];
    let counts = &trace["counts"];
    let shown = rig::run(&["show", "fixtures/broken.ndjson", "--format", "json"]).1;
    let summary: Value = serde_json::from_str(shown.lines().last().unwrap()).unwrap();
    for name in ["sessions", "exchanges", "resends", "empties", "errors", "warnings"] {
        assert_eq!(counts[name], summary[name], "{name}");
    }
    // Those that were refused are among the sessions of the page.
    assert_eq!(counts["refused"], 2);
    let listed = trace["sessions"].as_array().unwrap().len() as u64;
    assert_eq!(Some(listed), counts["sessions"].as_u64().map(|begun| begun + 2));
    // Every event is there, but for the last line of a capture.
    let lines = fs::read_to_string("fixtures/broken.ndjson").unwrap().lines().count();
    let told =
        trace["events"].as_array().unwrap().iter().filter(|event| event["kind"] != "finding");
    assert_eq!(told.count(), lines - 2);
    // With -o -, or none, the same goes to stdout.
    for output in [
        &["report", "fixtures/broken.ndjson", "-o", "-"][..],
        &["report", "fixtures/broken.ndjson"],
    ] {
        assert_eq!(rig::run(output).1, text);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(page).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn nothing_of_the_wire_is_markup() {
    let (folder, page) = folder();
    let capture = folder.path().join("hostile.ndjson");
    hostile(&capture);
    let (code, _, errors) =
        rig::run(&["report", capture.to_str().unwrap(), "-o", page.to_str().unwrap()]);
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    let text = fs::read_to_string(page).unwrap();
    let (policy, data) = read(&text);
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(text.matches("<script").count(), 2, "the data, and the script of the page");
    assert!(!text.contains("<img") && !text.contains("<html><script"));
    let events = data["traces"][0]["events"].to_string();
    assert!(events.contains("<img src=x onerror=harmed()>"), "what was said is told as it was");
    assert!(events.contains("u{202e}"), "what reorders text is told as an escape");
}

#[test]
fn of_a_run() {
    let (folder, page) = folder();
    let captures = folder.path().join("captures");
    let captures = captures.to_str().unwrap();
    let section = "scenarios/xep-0124/14.2-rids-order";
    let script = "scenarios/xep-0124/5-overview/script-syntax.yaml";
    let defect = "bosh-rid-out-of-window-terminates/one-more";
    let (code, json, _) = rig::run(&[
        "run", section, script, "--defect", defect, "--write", captures, "--format", "json",
    ]);
    assert_eq!(code, Some(1));
    let kept = fs::read_to_string(folder.path().join("captures/outcomes.ndjson")).unwrap();
    assert_eq!(kept, json, "the folder holds what --format json prints");
    let mut failed = 0;
    for line in json.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if line["event"] != "scenario" {
            continue;
        }
        match line["capture"].as_str() {
            Some(capture) => {
                assert!(folder.path().join("captures").join(capture).is_file(), "{capture}");
            }
            None => assert_eq!(line["verdict"], "skipped"),
        }
        failed += usize::from(line["verdict"] == "failed");
    }
    assert!(failed > 0);
    let (code, _, errors) = rig::run(&["report", captures, "-o", page.to_str().unwrap()]);
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    let (_, data) = read(&fs::read_to_string(&page).unwrap());
    let scenarios = data["run"]["scenarios"].as_array().unwrap();
    let shown: Vec<_> =
        scenarios.iter().filter(|scenario| scenario["verdict"] == "failed").collect();
    assert_eq!(shown.len(), failed);
    for scenario in shown {
        let trace = scenario["trace"].as_u64().unwrap() as usize;
        assert_eq!(data["traces"][trace]["name"], scenario["capture"]);
        let id = scenario["failures"][0]["requirements"][0]["id"].as_str().unwrap();
        assert_eq!(data["requirements"][id]["section"], "XEP-0124 §14.2");
    }
    // The file itself will do as well.
    let file = format!("{captures}/outcomes.ndjson");
    let (code, again, _) = rig::run(&["report", &file]);
    assert_eq!((code, again), (Some(0), fs::read_to_string(&page).unwrap()));
}

#[test]
fn of_a_folder_without_verdicts() {
    let (folder, _) = folder();
    let path = folder.path().to_str().unwrap();
    let (code, _, errors) = rig::run(&["report", path]);
    assert_eq!(code, Some(2));
    assert!(errors.contains("no outcomes.ndjson and no captures"), "{errors}");
    fs::create_dir(folder.path().join("in")).unwrap();
    fs::copy("fixtures/gloox-http10.ndjson", folder.path().join("in/b.ndjson")).unwrap();
    fs::copy("fixtures/broken.ndjson", folder.path().join("a.ndjson")).unwrap();
    let (code, page, errors) = rig::run(&["report", path]);
    assert_eq!(code, Some(0));
    assert!(errors.contains("shows its captures, without verdicts"), "{errors}");
    let (_, data) = read(&page);
    let names: Vec<&str> = data["traces"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|trace| trace["name"].as_str())
        .collect();
    assert_eq!(names, ["a.ndjson", "in/b.ndjson"]);
}

#[test]
fn of_what_is_damaged() {
    let (folder, _) = folder();
    let path = folder.path().join("damaged.ndjson");
    let text = fs::read_to_string("fixtures/broken.ndjson").unwrap();
    let lines: Vec<&str> = text.lines().collect();
    fs::write(&path, format!("{}\n{}\nnonsense\n{}\n", lines[0], lines[1], lines[2])).unwrap();
    let (code, page, errors) = rig::run(&["report", path.to_str().unwrap()]);
    assert_eq!(code, Some(2));
    assert!(errors.contains("line 3 is damaged") && errors.contains("is incomplete"), "{errors}");
    let (_, data) = read(&page);
    assert_eq!(data["traces"][0]["faults"].as_array().unwrap().len(), 2, "the page says so too");

    let says = |text: &str| {
        fs::write(folder.path().join("outcomes.ndjson"), text).unwrap();
        let (code, _, errors) = rig::run(&["report", folder.path().to_str().unwrap()]);
        (code, errors)
    };
    let preface = r#"{"xmppscope":"outcomes","version":1,"target":"x","scenarios":1}"#;
    let outside = format!("{preface}\n{{\"event\":\"scenario\",\"capture\":\"../x\"}}\n");
    let missing = format!(
        "{preface}\n{{\"event\":\"scenario\",\"capture\":\"x.ndjson\",\"covers\":[],\"failures\":[],\"notes\":[]}}\n"
    );
    for (text, code, part) in [
        ("", 2, "the file is empty: the run has not finished"),
        ("{}\n", 2, "not an outcomes file: line 1"),
        (&preface.replace(":1,", ":7,"), 2, "format version 7"),
        (&format!("{preface}\nnonsense\n"), 2, "line 2 is damaged"),
        (&outside, 2, "not a path within the folder"),
        (&missing, 2, "cannot read"),
    ] {
        let (got, errors) = says(text);
        assert_eq!(got, Some(code), "{text}: {errors}");
        assert!(errors.contains(part), "{text}: {errors}");
    }
    let (code, _, errors) = rig::run(&["report", "no-such-file"]);
    assert_eq!(code, Some(3));
    assert!(errors.contains("cannot read no-such-file"), "{errors}");
    let (code, _, errors) = rig::run(&["report", "README.md"]);
    assert_eq!(code, Some(2));
    assert!(errors.contains("not an xmppscope capture"), "{errors}");
}

/// The capture was replaced by the page that was made of it.
#[test]
fn a_page_does_not_overwrite_what_it_is_made_of() {
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("a.ndjson");
    fs::copy("fixtures/strophe-login-chat.ndjson", &capture).unwrap();
    let before = fs::read(&capture).unwrap();
    let file = capture.to_str().unwrap();
    let other = format!("{}/./a.ndjson", folder.path().display());
    for path in [file, folder.path().to_str().unwrap()] {
        for output in [file, &*other] {
            let (code, _, errors) = rig::run(&["report", path, "-o", output]);
            assert_eq!(code, Some(2), "{errors}");
            assert!(errors.contains("it is one of the inputs"), "{errors}");
            assert_eq!(fs::read(&capture).unwrap(), before);
        }
    }
}

/// They came into the column of the connection manager without defects, as if they were its own.
#[test]
fn outcomes_with_defects_are_no_column_of_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("defect.ndjson");
    let defect = "bosh-resp-requests/over-255";
    let scenario = "scenarios/examples/tutorial/empty-poll.yaml";
    let (_, out, _) = rig::run(&["run", scenario, "--defect", defect, "--format", "json"]);
    fs::write(&file, out).unwrap();
    let (code, out, errors) = rig::run(&["generate", "conformance", file.to_str().unwrap()]);
    assert_eq!((code, &*out), (Some(2), ""), "{errors}");
    assert!(errors.contains(&format!("defects enabled ({defect})")), "{errors}");
}
