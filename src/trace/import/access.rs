//! Access logs of web servers in the formats that nginx and Apache call common and combined, with the host in front, and with
//! nginx's `$request_time` behind. Only requests to paths of BOSH and of XMPP over WebSocket are taken.

use std::collections::BTreeSet;
use std::io::BufRead;
use std::sync::LazyLock;
use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use regex_lite::Regex;

use super::instant::{date, of_date};
use super::lanes::Lanes;
use super::log::Lines;
use super::paths;
use super::sorter::Sorter;
use crate::trace::capture::{CaptureError, Events, Preface};
use crate::trace::event::{Content, Event, Fact, Response};
use crate::trace::intake::{Intake, RequestLine, StatusLine};
use crate::trace::source::{Source, Unknown};
use crate::wire::Side;
use crate::wire::tap::How;

/// A longer line is none of an access log.
const LONGEST: usize = 32 << 10;

/// A line: the host, if it is there; the time; the request; the status; the size; the referrer and the user agent; the rest.
static LINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"^(?:(?<host>[\w.-]+(?::\d+)?) )?[\da-fA-F.:]+ \S+ .*?\[(?<time>\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "(?<request>(?:[^"\\]|\\.)*)" (?<status>\d{3}) (?<size>\d+|-)(?: "(?<referrer>(?:[^"\\]|\\.)*)" "(?<agent>(?:[^"\\]|\\.)*)")?(?<rest>.*)$"#,
    )
    .expect("a test compiles it")
});

/// Times in seconds with thousandths, as nginx writes `$request_time`.
static SECONDS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|[\s=:,\x22])(\d{1,7}\.\d{3})\b").expect("a test compiles it")
});

/// Whether a file that begins so is of this format.
pub(super) fn is(start: &[u8]) -> bool {
    let mut lines = start.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    lines.next().is_some_and(|line| Line::read(line).is_some())
}

/// Reads it.
pub(super) fn open(
    from: Box<dyn BufRead + Send>,
    mut intake: Intake,
) -> Result<(Preface, Events), CaptureError> {
    let mut lines = Lines::new(from);
    let mut sorter = Sorter::default();
    let (mut zone, mut all, mut counts) = (None, 0, Counts::default());
    while let Some(text) = lines.next()? {
        let Some(line) = Line::read(text) else {
            counts.damaged += u64::from(!text.trim_ascii().is_empty());
            continue;
        };
        if !paths::is_xmpp(&line.target) {
            counts.others += 1;
            continue;
        }
        zone.get_or_insert(line.zone);
        counts.untimed += u64::from(line.lasted.is_none());
        counts.given_up += u64::from(line.status == 499);
        all += 1;
        for event in line.events(all, &mut intake) {
            sorter.take(&event)?;
        }
    }
    let Some(first) = sorter.first() else {
        return Err(CaptureError::Foreign(format!(
            "this is an access log, and none of its requests ({}) goes to a path of BOSH or WebSocket, such as /http-bind or /xmpp-websocket; \
             give the log of the virtual host that passes them on",
            counts.others
        )));
    };
    let preface = Preface::read(date(first, zone), String::new(), source(&counts));
    Ok((preface, Box::new(Lanes::new(sorter.in_order(first, None), Vec::new()))))
}

/// What is special in a log, and what is left out of it.
#[derive(Debug, Default)]
struct Counts {
    untimed: u64,
    given_up: u64,
    others: u64,
    damaged: u64,
}

fn source(counts: &Counts) -> Source {
    let Counts { untimed, given_up, others, damaged } = *counts;
    let mut unknown = BTreeSet::from([
        Unknown::Connections,
        Unknown::Heads,
        Unknown::Contents,
        Unknown::Framing,
        Unknown::Control,
        Unknown::Text,
        Unknown::Tls,
    ]);
    if untimed > 0 {
        unknown.insert(Unknown::Times);
    }
    let mut source = Source::new("an access log of a web server", unknown);
    let notes = [
        (untimed > 0).then(|| {
            "how long requests took is not in it: add $request_time to log_format in nginx"
                .to_owned()
        }),
        (given_up > 0)
            .then(|| format!("requests that the client gave up (status 499): {given_up}")),
        (others > 0).then(|| format!("left out: requests to other paths ({others})")),
        (damaged > 0).then(|| format!("left out: lines that are no requests ({damaged})")),
    ];
    source.notes = notes.into_iter().flatten().collect();
    source
}

/// A line of an access log.
#[derive(Debug)]
struct Line {
    host: Option<String>,
    /// When it was written, and in which time zone.
    at: Duration,
    zone: FixedOffset,
    method: String,
    target: String,
    version: u8,
    status: u16,
    size: u64,
    referrer: Option<String>,
    agent: Option<String>,
    /// How long the request took.
    lasted: Option<Duration>,
}

impl Line {
    fn read(line: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(line.get(..line.len().min(LONGEST))?);
        let text = text.ok()?.trim_end_matches('\r');
        let found = LINE.captures(text)?;
        let get = |name| found.name(name).map(|found| found.as_str());
        let given = |name| get(name).filter(|text| !matches!(*text, "" | "-")).map(str::to_owned);
        let mut request = get("request")?.split(' ');
        let (method, target) = (request.next()?.to_owned(), request.next()?.to_owned());
        let version = u8::from(request.next() != Some("HTTP/1.0"));
        let rest = get("rest").unwrap_or_default();
        // The whole is longer than its parts, such as $upstream_response_time.
        let lasted = SECONDS.captures_iter(rest).filter_map(|found| found[1].parse::<f64>().ok());
        let lasted = lasted.reduce(f64::max).map(Duration::from_secs_f64);
        let at = DateTime::parse_from_str(get("time")?, "%d/%b/%Y:%H:%M:%S %z").ok()?;
        Some(Self {
            host: given("host"),
            at: of_date(&at)?,
            zone: *at.offset(),
            method,
            target,
            version,
            status: get("status")?.parse().ok()?,
            size: get("size")?.parse().unwrap_or(0),
            referrer: given("referrer"),
            agent: given("agent"),
            lasted,
        })
    }

    /// The request, which has this number in the log, and what came of it.
    fn events(&self, number: u64, intake: &mut Intake) -> Vec<Event> {
        // A line is written at the end.
        let end = self.at;
        let begin = end.saturating_sub(self.lasted.unwrap_or_default());
        let lines =
            [("Host", &self.host), ("Referer", &self.referrer), ("User-Agent", &self.agent)];
        let headers =
            lines.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?.as_bytes())));
        let line =
            RequestLine { method: &self.method, target: &self.target, version: self.version };
        intake.on(number);
        let request = Fact::Request(intake.request(begin, &line, headers));
        let closed = Fact::Closed { client: 0, server: self.size, stopped: false };
        let facts = if self.status == 499 {
            // nginx: the client has closed the connection and got nothing.
            let ended = Fact::Ended { by: Side::Client, how: How::Fin, together: false };
            vec![(begin, request), (end, ended), (end, closed)]
        } else {
            // A WebSocket has its line when it is closed; how long its handshake took is not in it.
            let upgraded = self.status == 101;
            let at = if upgraded { begin } else { end };
            let line = StatusLine { version: 1, status: self.status, reason: "" };
            let response = intake.response(at, &line, std::iter::empty());
            let size = if upgraded { 0 } else { self.size };
            let content = Content { size, clipped: size > 0, ..Content::default() };
            let mut facts =
                vec![(begin, request), (at, Fact::Response(Response { content, ..response }))];
            if upgraded {
                facts.push((end, closed));
            }
            facts
        };
        facts.into_iter().map(|(at, fact)| Event { at, conn: number, fact }).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    const TIMED: &str = r#"192.0.2.1 - - [01/Mar/2026:12:01:00 +0100] "POST /http-bind HTTP/1.1" 504 167 "https://chat.example.org/a" "Mozilla/5.0" 60.001 60.000"#;

    fn read(text: &str) -> (Preface, Vec<Event>) {
        assert!(is(text.as_bytes()), "{text}");
        let from = Box::new(Cursor::new(text.to_owned()));
        let (preface, events) = open(from, Intake::new(false, 1000)).unwrap();
        (preface, events.map(Result::unwrap).collect())
    }

    #[test]
    fn a_request_that_took_a_minute() {
        let other = TIMED.replace("/http-bind", "/news");
        let (preface, events) = read(&format!("{TIMED}\n{other}\nnoise\n"));
        assert_eq!(preface.started.to_rfc3339(), "2026-03-01T11:59:59.999+01:00");
        let Fact::Request(request) = &events[0].fact else { panic!("{events:?}") };
        assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/http-bind"));
        assert_eq!(request.headers.get("referer"), Some("https://chat.example.org/a"));
        let Fact::Response(response) = &events[1].fact else { panic!("{events:?}") };
        assert_eq!((response.status, response.content.size), (504, 167));
        assert_eq!((events[0].at, events[1].at), (Duration::ZERO, Duration::from_millis(60_001)));
        let source = preface.source.unwrap();
        assert!(!source.unknown.contains(&Unknown::Times));
        let notes =
            ["left out: requests to other paths (1)", "left out: lines that are no requests (1)"];
        assert_eq!(source.notes, notes);
    }

    #[test]
    fn formats_of_nginx_and_apache() {
        for (line, status, lasted) in [
            (TIMED, 504, Some(60_001)),
            (
                r#"::1 - alice [01/Mar/2026:12:00:00 +0000] "POST /http-bind HTTP/1.1" 200 97"#,
                200,
                None,
            ),
            (
                r#"chat.example.org:443 192.0.2.1 - - [01/Mar/2026:12:00:00 +0000] "GET /ws HTTP/1.1" 101 - "-" "-""#,
                101,
                None,
            ),
            (
                r#"192.0.2.1 - - [01/Mar/2026:12:00:00 +0000] "POST /bosh/ HTTP/2.0" 502 559 "-" "a \"b\"" rt=0.002 uct="0.001""#,
                502,
                Some(2),
            ),
        ] {
            let line = Line::read(line.as_bytes()).expect(line);
            assert_eq!(line.status, status, "{line:?}");
            assert_eq!(line.lasted.map(|it| it.as_millis()), lasted, "{line:?}");
        }
        for other in [
            "",
            "hello",
            r#"192.0.2.1 - - [32/Mar/2026:12:00:00 +0000] "POST / HTTP/1.1" 200 1"#,
            r#"192.0.2.1 - - [01/Mar/1926:12:00:00 +0000] "POST / HTTP/1.1" 200 1"#,
            r#"192.0.2.1 - - [01/Mar/2026:12:00:00 +9999] "POST / HTTP/1.1" 200 1"#,
            r#"192.0.2.1 - - [01/Mar/2026:12:00:00 +0000] "\x16\x03\x01" 400 157"#,
        ] {
            assert!(Line::read(other.as_bytes()).is_none(), "{other}");
        }
    }

    #[test]
    fn requests_are_put_in_order_of_time_and_one_that_was_given_up_has_no_response() {
        let quick = TIMED
            .replace("12:01:00", "12:00:30")
            .replace(" 504 ", " 200 ")
            .replace("60.001 60.000", "0.100 0.100");
        let left = TIMED.replace(" 504 ", " 499 ");
        let (_, events) = read(&format!("{quick}\n{left}\n"));
        let names: Vec<_> = events.iter().map(|event| event.fact.name()).collect();
        assert_eq!(names, ["request", "request", "response", "ended", "closed", "finished"]);
        assert_eq!(events[0].conn, 1);
    }

    /// The connection of each event, and what it is.
    fn conns(events: &[Event]) -> Vec<(u64, &str)> {
        events.iter().map(|event| (event.conn, event.fact.name())).collect()
    }

    #[test]
    fn requests_at_the_same_time_are_on_connections_of_their_own() {
        let line = |time: &str, status: u16, lasted: &str| {
            format!(
                r#"192.0.2.1 - - [01/Mar/2026:{time} +0000] "POST /http-bind HTTP/1.1" {status} 9 "-" "-" {lasted}"#
            )
        };
        // One that is held, two that follow each other meanwhile, and one after all of them.
        let held = line("12:01:00", 200, "60.000");
        let quick = [line("12:00:10", 200, "1.000"), line("12:00:20", 499, "1.000")];
        let next = [line("12:00:30", 200, "1.000"), line("12:01:10", 200, "1.000")];
        let (_, events) =
            read(&[&quick[0], &quick[1], &next[0], &held, &next[1]].map(String::as_str).join("\n"));
        assert_eq!(
            conns(&events),
            [
                (1, "request"),
                (2, "request"),
                (2, "response"),
                (2, "request"),
                (2, "ended"),
                (2, "closed"),
                (3, "request"),
                (3, "response"),
                (1, "response"),
                (1, "request"),
                (1, "response"),
                (0, "finished"),
            ]
        );
        let answers = events.iter().filter_map(|event| match &event.fact {
            Fact::Response(response) => response.answers,
            _ => None,
        });
        assert_eq!(answers.collect::<Vec<_>>(), [0, 0, 0, 1]);
    }

    #[test]
    fn a_websocket_opens_at_once_and_closes_when_its_line_is_written() {
        let line =
            TIMED.replace("POST /http-bind", "GET /xmpp-websocket").replace(" 504 ", " 101 ");
        let (_, events) = read(&line);
        let names = [(1, "request"), (1, "response"), (1, "closed"), (0, "finished")];
        assert_eq!(conns(&events), names);
        assert_eq!((events[1].at, events[2].at.as_millis()), (Duration::ZERO, 60_001));
    }

    #[test]
    fn tokens_in_paths_are_hidden_and_other_logs_are_refused_with_a_reason() {
        let (_, events) = read(&TIMED.replace("/http-bind", "/http-bind?token=secretsecret"));
        let Fact::Request(request) = &events[0].fact else { panic!("{events:?}") };
        assert_eq!(request.target, "/http-bind?token=[hidden 12 bytes]");
        let text = TIMED.replace("/http-bind", "/");
        let error = open(Box::new(Cursor::new(text)), Intake::new(false, 9)).err().unwrap();
        assert!(
            error.to_string().starts_with("this is an access log, and none of its requests (1)"),
            "{error}"
        );
    }
}
