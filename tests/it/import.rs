//! Files of other programs: what `show` makes of each, that no secret of it is in any output, and that what is converted says the
//! same as before.

use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use xmppscope::trace::open::Input;
use xmppscope::trace::{Event, Fact};

use crate::rig;

/// Passwords in the files, as they are in `fixtures/import`.
const PASSWORDS: [&str; 2] = ["hT7SECRETq9Zr4k2", "\0alice\0secret"];

fn files() -> Vec<PathBuf> {
    let mut paths: Vec<_> =
        fs::read_dir("fixtures/import").unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() > 9, "{paths:?}");
    paths
}

fn name(path: &std::path::Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().replace('-', "_")
}

/// The events in a file with this text, and what is wrong with it.
fn read(text: impl AsRef<[u8]>) -> Result<(String, Vec<Event>, Vec<String>), String> {
    let input = Input::of("FILE".to_owned(), io::Cursor::new(text.as_ref().to_vec()));
    let recording = input.and_then(Input::events).map_err(|error| error.to_string())?;
    let source = recording.preface.source.clone().map(|source| source.to_string());
    let (mut events, mut errors) = (Vec::new(), Vec::new());
    for event in recording {
        match event {
            Ok(event) => events.push(event),
            Err(error) => errors.push(error.to_string()),
        }
    }
    Ok((source.unwrap_or_default(), events, errors))
}

/// A HAR with these entries, which are `request` and `response` in the words of JSON.
fn har(entries: &[&str]) -> String {
    format!(
        r#"{{"log":{{"version":"1.2","creator":{{"name":"test","version":"1"}},"entries":[{}]}}}}"#,
        entries.join(",")
    )
}

/// An entry of BOSH; `more` may add members, or write some again.
fn entry(more: &str) -> String {
    format!(
        r#"{{"startedDateTime":"2026-03-01T11:00:00Z","time":5,"request":{{"method":"POST","url":"https://a.example/http-bind","httpVersion":"HTTP/1.1","headers":[{{"name":"Host","value":"a.example"}}],"postData":{{"text":"<body xmlns='http://jabber.org/protocol/httpbind' rid='5' sid='a'/>"}}}}{more}}}"#
    )
}

#[test]
fn each_file_is_shown_as_what_it_is() {
    for path in files() {
        let (status, out, err) =
            rig::run(&["show", "--color", "never", "--format", "compact", path.to_str().unwrap()]);
        assert_eq!((status, &*err), (Some(0), ""), "{}", path.display());
        assert!(out.starts_with("# read from "), "{out}");
        insta::assert_snapshot!(format!("import_{}", name(&path)), out);
    }
}

#[test]
fn no_secret_of_a_file_is_in_any_output() {
    let folder = tempfile::tempdir().unwrap();
    let mut hidden = 0;
    for path in files() {
        let text = fs::read_to_string(&path).unwrap();
        let secrets: Vec<String> = PASSWORDS
            .into_iter()
            .flat_map(|password| {
                let plain = format!("\0alice\0{password}");
                let basic = format!("alice:{password}");
                let coded = [password, &plain, &basic].map(|text| BASE64_STANDARD.encode(text));
                coded.into_iter().chain([password.to_owned()])
            })
            .collect();
        hidden += u32::from(secrets.iter().any(|secret| text.contains(secret)));
        let file = path.to_str().unwrap();
        let capture = folder.path().join("a.ndjson");
        let capture = capture.to_str().unwrap();
        let mut outputs = vec![
            rig::run(&["show", file]),
            rig::run(&["show", "--format", "json", file]),
            rig::run(&["show", "--format", "transcript", file]),
            rig::run(&["show", "-vv", file]),
            rig::run(&["report", file]),
            rig::run(&["convert", file, "-o", capture, "--force"]),
            rig::run(&["convert", "--to", "har", file]),
        ];
        for number in 1..4 {
            outputs.push(rig::run(&[
                "convert",
                "--to",
                "curl",
                "--exchange",
                &number.to_string(),
                file,
            ]));
        }
        outputs.push((Some(0), fs::read_to_string(capture).unwrap(), String::new()));
        for (_, out, err) in outputs {
            for secret in &secrets {
                assert!(
                    !out.contains(secret) && !err.contains(secret),
                    "{file}: {secret}\n{out}{err}"
                );
            }
        }
    }
    assert!(hidden > 7, "only {hidden} files have secrets");
}

#[test]
fn what_is_converted_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let shown = |file: &str| {
        let (status, out, err) =
            rig::run(&["show", "--format", "compact", "--color", "never", file]);
        assert_eq!((status, &*err), (Some(0), ""), "{file}");
        out
    };
    for path in files() {
        let (file, capture, har) = (path.to_str().unwrap(), at("a.ndjson"), at("a.har"));
        assert_eq!(rig::run(&["convert", file, "-o", &capture, "--force"]).0, Some(0));
        assert_eq!(shown(file), shown(&capture), "{file}");
        assert_eq!(rig::run(&["diff", file, &capture]).0, Some(0), "{file}");
        let to_har = ["convert", &capture, "--to", "har", "-o", &har, "--force"];
        assert_eq!(rig::run(&to_har).0, Some(0));
        let (status, _, err) = rig::run(&to_har[..6]);
        assert_eq!(status, Some(2));
        assert!(err.contains("is not empty") && err.contains("--force"), "{err}");
        let text = fs::read_to_string(&har).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["log"]["version"], "1.2");
        assert_eq!(rig::run(&["diff", file, &har]).0, Some(0), "{file}");
    }
    for path in ["fixtures/converse.ndjson", "fixtures/field/old-framing-xml-declaration.ndjson"] {
        let har = at("b.har");
        let to_har = ["convert", path, "--to", "har", "-o", &har, "--force"];
        assert_eq!(rig::run(&to_har).0, Some(0));
        let summary =
            |text: String| text.lines().last().unwrap().split(" in ").next().unwrap().to_owned();
        assert_eq!(summary(shown(path)), summary(shown(&har)), "{path}");
    }
}

#[test]
fn a_request_becomes_a_command_of_curl() {
    let of = |more: &[&str]| {
        let arguments =
            [&["convert", "--to", "curl", "fixtures/import/chrome-overlap.har"], more].concat();
        rig::run(&arguments)
    };
    let (status, out, _) = of(&["--exchange", "3"]);
    assert_eq!(status, Some(0));
    assert!(out.starts_with("# Secrets are hidden in the recording"), "{out}");
    assert!(out.contains("curl -v https://chat.example.org/http-bind \\\n"), "{out}");
    assert!(out.contains("[hidden 32 bytes]</auth>"), "{out}");
    let (status, filtered, _) = of(&["--filter", "status:204"]);
    assert_eq!(status, Some(0));
    assert!(filtered.contains("-X OPTIONS"), "{filtered}");
    for (more, words) in [
        (&[][..], "has 7 exchanges: choose one with --exchange N"),
        (
            &["--exchange", "8"],
            "there is no exchange 8: the recording has 7 exchanges; N counts requests, from 1",
        ),
        (&["--filter", "status:404"], "none of the recording's 7 exchanges matches"),
        (&["--filter", "status:"], "--filter is not a valid expression"),
    ] {
        let (status, out, err) = of(more);
        assert_eq!((status, &*out), (Some(2), ""));
        assert!(err.contains(words), "{err}");
    }
    let (status, _, err) = rig::run(&["convert", "--exchange", "1", "fixtures/converse.ndjson"]);
    assert_eq!(status, Some(2));
    assert!(err.contains("--to curl"), "{err}");
}

#[test]
fn what_a_content_is_that_is_no_text_is_named() {
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.har");
    for (bytes, words) in [
        (utf16("\u{feff}<body xmlns='http://jabber.org/protocol/httpbind'/>"), "; it is UTF-16."),
        (
            b"\x15\x03\x01\x00\x02\x02\x28".to_vec(),
            "(hidden: it is a TLS alert (handshake_failure))",
        ),
        (
            b"\x28\xb5\x2f\xfd\x04\x00\x01\x02\x03".to_vec(),
            "unreadable: zstd without Content-Encoding",
        ),
        ((128..255).collect(), "it is no text, and hidden as a whole"),
    ] {
        let text = BASE64_STANDARD.encode(&bytes);
        let one = entry(&format!(
            r#","response":{{"status":200,"headers":[{{"name":"Content-Type","value":"text/xml"}}],"content":{{"text":"{text}","encoding":"base64"}}}}"#
        ));
        fs::write(&path, har(&[&one])).unwrap();
        let (_, out, _) = rig::run(&["show", "--color", "never", path.to_str().unwrap()]);
        assert!(out.contains(words), "{words}: {out}");
        assert!(!out.contains("text before the root element"), "{out}");
    }
}

#[test]
fn a_script_that_speaks_xmpp_is_no_xmpp() {
    let chat = entry(r#","response":{"status":200}"#);
    let script = chat.replace("http-bind", "strophe.js").replace(
        r#""response":{"status":200}"#,
        r#""response":{"status":200,"content":{"mimeType":"text/javascript","text":"x('http://jabber.org/protocol/httpbind')"}}"#,
    );
    let script =
        script.replace("<body xmlns='http://jabber.org/protocol/httpbind' rid='5' sid='a'/>", "");
    let (source, events, _) = read(har(&[&script, &chat])).unwrap();
    assert_eq!(events.len(), 3, "{events:?}");
    assert!(source.contains("1 other request left out"), "{source}");
}

#[test]
fn a_url_within_a_url_is_not_where_a_request_goes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.har");
    let url = "https://a.example/http-bind?return=https://x.example/";
    let one = entry(r#","response":{"status":200}"#).replace("https://a.example/http-bind", url);
    fs::write(&path, har(&[&one])).unwrap();
    for to in ["har", "curl"] {
        let (_, out, _) = rig::run(&["convert", "--to", to, path.to_str().unwrap()]);
        assert!(out.contains(url), "{out}");
    }
}

#[test]
fn a_file_is_said_to_be_cut_or_empty_or_of_no_use() {
    let whole = har(&[&entry(r#","response":{"status":200}"#), &entry("")]);
    let cut = &whole[..whole.len() - 40];
    let (_, events, errors) = read(cut).unwrap();
    assert_eq!(events.len(), 3, "{events:?}");
    assert_eq!(errors.len(), 1);
    assert!(errors[0].contains("the file is incomplete: it ends within entry 2"), "{errors:?}");
    let damaged = whole.replacen("\"time\":5", "\"time\":five", 2).replacen("five", "5", 1);
    let (_, events, errors) = read(damaged).unwrap();
    assert_eq!(events.len(), 3);
    assert!(
        errors[0].contains("damaged within entry 2, and what follows cannot be read"),
        "{errors:?}"
    );
    let page = entry("").replace("http-bind", "page").replace("jabber.org", "example.org");
    let words = read(har(&[&page, &page])).unwrap_err();
    assert!(words.contains("none of its 2 requests concerns XMPP"), "{words}");
    let words = read(har(&[])).unwrap_err();
    assert!(words.contains("it has no requests"), "{words}");
}

#[test]
fn odd_values_are_passed_over() {
    for more in [
        r#","response":{"status":"200","headers":null,"content":null,"statusText":5}"#,
        r#","response":{"status":200,"content":{"text":7,"size":"x"},"headers":[1,{"name":2},{"name":"a","value":"b\nc: d"}]}"#,
        r#","response":{"status":200},"timings":[],"connection":{},"_webSocketMessages":null"#,
        r#","response":{"status":200},"timings":{"wait":1e300,"send":-1e300,"receive":"2"},"connection":12"#,
        r#","response":{"status":1e300},"_webSocketMessages":[1,{},{"type":"send"}]"#,
        r#","response":{"status":200,"content":{"text":"PGJvZHk*","encoding":"base64"}}"#,
    ] {
        let (_, events, errors) = read(har(&[&entry(more)])).unwrap();
        assert!(events.len() >= 3, "{more}: {events:?} {errors:?}");
        for event in &events {
            if let Fact::Response(response) = &event.fact {
                assert!(response.headers.iter().all(|(name, _)| name != "c"), "{response:?}");
            }
        }
    }
    // Deep nesting is passed over, and does not overflow a stack.
    let deep = format!(
        r#","response":{{"status":200}},"_x":{}{}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert_eq!(read(har(&[&entry(&deep)])).unwrap().1.len(), 3);
    // What is not UTF-8 is an error in words.
    let mut bytes = har(&[&entry(r#","response":{"status":200}"#), &entry("")]).into_bytes();
    let at = bytes.len() - 60;
    bytes[at] = 0xff;
    let (_, events, errors) = read(bytes).unwrap();
    assert_eq!((events.len(), errors.len()), (3, 1), "{errors:?}");
}

#[test]
fn null_may_stand_everywhere() {
    let answered = entry(r#","response":{"status":200}"#);
    let nulls = answered.replace(r#""httpVersion":"HTTP/1.1""#, r#""httpVersion":null"#);
    let more = r#","response":{"status":200},"time":null,"timings":null,"_webSocketMessages":null,"connection":null"#;
    for entries in [
        &["null", &answered][..],
        &[&answered, "null", "[1]", "true", "1.5", "\"x\""],
        &[r#"{"request":null,"response":null,"startedDateTime":null}"#, &nulls],
        &[&entry(more)],
        &[&entry(&more.replace("null", "{}"))],
        &[&entry(&more.replace("null", "[]"))],
        &[&entry(&more.replace("null", "7"))],
    ] {
        let (_, events, errors) = read(har(entries)).unwrap();
        assert_eq!((events.len(), &errors[..]), (3, &[][..]), "{entries:?}");
    }
    let of_nothing =
        r#"{"log":{"version":null,"creator":null,"browser":null,"pages":null,"entries":null}}"#;
    let words = read(of_nothing).unwrap_err();
    assert!(words.contains("it has no requests"), "{words}");
}

#[test]
fn an_exchange_without_a_date_is_shown_with_the_others() {
    let dated = entry(r#","response":{"status":200}"#);
    for date in [
        "null",
        "\"\"",
        "\"yesterday\"",
        "\"1926-03-01T11:00:00Z\"",
        "\"+262142-12-31T23:59:59Z\"",
        "1e300",
        "-5",
        "[]",
    ] {
        let undated = dated.replace("\"2026-03-01T11:00:00Z\"", date);
        for entries in [[&dated, &undated], [&undated, &dated], [&undated, &undated]] {
            let (source, events, errors) = read(har(&entries.map(String::as_str))).unwrap();
            assert_eq!((events.len(), &errors[..]), (5, &[][..]), "{date}");
            assert!(source.contains("unknown: times"), "{source}");
            assert!(source.contains("without a date"), "{source}");
            // All within the time that one takes.
            assert!(events.iter().all(|event| event.at.as_millis() <= 5), "{date}: {events:?}");
        }
    }
}

#[test]
fn a_capture_with_times_that_no_clock_shows_is_converted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ndjson");
    let text = fs::read_to_string("fixtures/strophe-login-chat.ndjson").unwrap();
    let (preface, rest) = text.split_once('\n').unwrap();
    let mut preface: serde_json::Value = serde_json::from_str(preface).unwrap();
    preface["started"] = "+262142-12-31T23:59:59Z".into();
    let late = rest
        .replace("\"at\":", "\"at\":1844674407370")
        .replace("\"first\":", "\"first\":1844674407370");
    for rest in [rest, &late] {
        fs::write(&path, format!("{preface}\n{rest}")).unwrap();
        for more in
            [&["convert", "--to", "har"][..], &["show"], &["show", "--format", "json"], &["report"]]
        {
            let (status, _, err) = rig::run(&[more, &[path.to_str().unwrap()]].concat());
            assert!(matches!(status, Some(0 | 2)), "{more:?}: {err}");
        }
    }
}

/// Gives a text piece by piece.
struct Pieces<I>(I, io::Cursor<Vec<u8>>);

impl<I: Iterator<Item = Vec<u8>>> Read for Pieces<I> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.1.read(buffer)?;
            if count > 0 {
                return Ok(count);
            }
            match self.0.next() {
                Some(next) => self.1 = io::Cursor::new(next),
                None => return Ok(0),
            }
        }
    }
}

#[test]
fn a_large_page_around_the_chat_and_a_huge_content_are_no_trouble() {
    let image = entry(&format!(
        r#","response":{{"status":200,"content":{{"mimeType":"image/png","text":"{}","encoding":"base64"}}}}"#,
        "iVBORw0K".repeat(12_500)
    ))
    .replace("http-bind", "logo.png")
    .replace("jabber.org", "example.org");
    let chat = entry(r#","response":{"status":200}"#);
    let huge = entry(&format!(
        r#","response":{{"status":200,"content":{{"text":"{}"}}}}"#,
        "x".repeat(40 << 20)
    ));
    let start = r#"{"log":{"version":"1.2","creator":{},"entries":["#.to_owned();
    let all =
        (0..200).flat_map(move |_| [image.clone(), ",".to_owned(), chat.clone(), ",".to_owned()]);
    let all =
        [start].into_iter().chain(all).chain([huge, "]}}".to_owned()]).map(String::into_bytes);
    let input = Input::of("FILE".to_owned(), Pieces(all, io::Cursor::default())).unwrap();
    let recording = input.events().unwrap();
    let source = recording.preface.source.clone().unwrap();
    assert!(source.notes.iter().any(|note| note == "200 other requests left out"), "{source}");
    let events: Vec<Event> = recording.map(Result::unwrap).collect();
    assert_eq!(events.len(), 2 * 201 + 1);
    let largest =
        events.iter().filter_map(|event| event.fact.content()).max_by_key(|it| it.bytes.len());
    let largest = largest.unwrap();
    assert_eq!((largest.bytes.len(), largest.clipped), (4 << 20, true));
}
