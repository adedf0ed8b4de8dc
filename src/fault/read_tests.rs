use std::time::Duration;

use super::*;
use crate::fault::what::{Answer, Page, Strip, What};
use crate::wire::Side;
use crate::wire::tap::How;

fn read(text: &str) -> Fault {
    fault("--fault", text).unwrap_or_else(|mistake| panic!("{}", mistake.render(false)))
}

fn mistake(text: &str) -> String {
    fault("--fault", text).expect_err(text).render(false)
}

#[test]
fn conditions() {
    let when = |text: &str| {
        let Condition { filters, nth, chance, after, times, per_session } = read(text).when;
        (filters.len(), nth, chance, after.as_millis(), times, per_session)
    };
    let one = Some(1);
    assert_eq!(when("rid:+3: drop"), (1, None, None, 0, one, false));
    assert_eq!(when("kind:message and text:hello: drop"), (1, None, None, 0, one, false));
    assert_eq!(when("the 2nd poll: drop"), (1, Some(Nth::The(2)), None, 0, one, false));
    assert_eq!(when("kind:iq, the third: drop"), (1, Some(Nth::The(3)), None, 0, one, false));
    assert_eq!(when("every 3rd poll: drop"), (1, Some(Nth::Every(3)), None, 0, None, false));
    assert_eq!(when("every poll, twice: drop"), (1, Some(Nth::Every(1)), None, 0, Some(2), false));
    assert_eq!(when("10%: drop"), (0, None, Some(100_000), 0, None, false));
    assert_eq!(when("after 1.5s, frame:ping, always: drop"), (1, None, None, 1500, None, false));
    assert_eq!(when("poll, 3 times, per session: drop"), (1, None, None, 0, Some(3), true));
    // A colon or a comma within a value ends nothing.
    assert_eq!(when("text:\"a, b: c\" or text:/x: y, z/, once: drop").0, 1);
    assert_eq!(when("path:/http-bind, always: drop"), (1, None, None, 0, None, false));
}

#[test]
fn what_goes_wrong() {
    let what = |text: &str| {
        let fault = read(&format!("always: {text}"));
        (fault.side, fault.what)
    };
    let any = |what| (None, what);
    let seconds = Duration::from_secs;
    assert_eq!(what("drop"), any(What::Drop));
    assert_eq!(what("drop response"), (Some(Side::Server), What::Drop));
    assert_eq!(what("delay 2s"), any(What::Delay { least: seconds(2), most: seconds(2) }));
    assert_eq!(what("delay 1..2s"), any(What::Delay { least: seconds(1), most: seconds(2) }));
    let jitter = What::Delay { least: Duration::from_millis(500), most: seconds(2) };
    assert_eq!(what("delay request 500ms..2s"), (Some(Side::Client), jitter));
    assert_eq!(what("hold 3 s"), any(What::Hold(seconds(3))));
    assert_eq!(what("cut"), any(What::Cut { how: How::Fin, at: 0 }));
    assert_eq!(what("cut rst at 10"), any(What::Cut { how: How::Reset, at: 10 }));
    assert_eq!(what("truncate to 20"), any(What::Truncate(20)));
    let answer =
        |status, page| Answer { status, page, to: None, after: Duration::ZERO, cors: false };
    assert_eq!(what("answer 502"), any(What::Answer(answer(502, Page::Nginx))));
    assert_eq!(what("answer 200 empty"), any(What::Answer(answer(200, Page::Empty))));
    let late = Answer { after: seconds(5), cors: true, ..answer(504, Page::HaProxy) };
    assert_eq!(what("answer 504 haproxy after 5s with cors"), any(What::Answer(late)));
    let login = Answer { to: Some("/login".to_owned()), ..answer(302, Page::Empty) };
    assert_eq!(what("answer 302 to /login"), any(What::Answer(login)));
    assert_eq!(what("item-not-found"), any(What::Terminate("item-not-found".to_owned())));
    let close = What::Close { status: 1012, reason: "so \"long\"".to_owned() };
    assert_eq!(what("close 1012 \"so \\\"long\\\"\""), any(close));
    assert_eq!(what("strip cors"), any(What::Strip(Strip::Cors)));
    assert_eq!(what("strip header Server"), any(What::Strip(Strip::Header("Server".to_owned()))));
    let set = What::Set { name: "wait".to_owned(), value: "50".to_owned() };
    assert_eq!(what("set wait=50"), any(set));
    assert_eq!(what("slow 2 kB/s"), any(What::Slow(2000)));
    assert_eq!(what("stall"), any(What::Stall(None)));
    assert_eq!(what("stall 10s"), any(What::Stall(Some(seconds(10)))));
    assert!(matches!(what("garble at 3"), (None, What::Garble(Some(3)))));
}

#[test]
fn every_verb_has_an_example_that_is_read() {
    for (_, example) in read_what::VERBS {
        read(&format!("once: {example}"));
    }
}

#[test]
fn mistakes_are_shown_at_their_place() {
    insta::assert_snapshot!(mistake("rid:+3: dorp"), @r"
    error: `dorp` is not a fault
     --> --fault:1:9
      |
    1 | rid:+3: dorp
      |         ^^^^
      |
      = help: did you mean `drop`?
    ");
    insta::assert_snapshot!(mistake("always, kind:mesage: drop"), @r"
    error: unknown value `mesage` for `kind`
     --> --fault:1:14
      |
    1 | always, kind:mesage: drop
      |              ^^^^^^
      |
      = help: did you mean `message`? Known values: message, presence, iq, sasl, features, stream-error, sm, tls, other
    ");
    insta::assert_snapshot!(mistake("rid:+3 drop"), @r"
    error: the fault has no WHAT
     --> --fault:1:12
      |
    1 | rid:+3 drop
      |            ^ expected `: WHAT`
      |
      = help: write WHEN: WHAT, for example: the 2nd poll: answer 502 nginx
    ");
    insta::assert_snapshot!(mistake("poll: answer 302"), @r"
    error: expected where it leads: answer 302 to https://login.example/
     --> --fault:1:14
      |
    1 | poll: answer 302
      |              ^^^
      |
      = help: for example: answer 502 nginx
    ");
    insta::assert_snapshot!(mistake("poll: delay"), @r"
    error: expected a time
     --> --fault:1:12
      |
    1 | poll: delay
      |            ^
      |
      = help: write a number and a unit, such as 500ms, 2s or 3min; at most 24 hours
    ");
    insta::assert_snapshot!(mistake("finding:rid: drop"), @r"
    error: `finding` cannot be used here
     --> --fault:1:1
      |
    1 | finding:rid: drop
      | ^^^^^^^ it is known only after a message has passed
    ");
    for text in [
        "",
        "  ",
        ":",
        "poll:",
        ", poll: drop",
        "101%: drop",
        "once, always: drop",
        "the poll: drop",
        "the 0th poll: drop",
        "0 times: drop",
        "after x: drop",
        "poll: drop now",
        "poll: cut at",
        "poll: answer 99",
        "poll: answer 502 ngnix",
        "poll: close x",
        "poll: set wait",
        "poll: slow 2",
        "poll: slow 0 kB/s",
        "poll: delay 2s..1s",
        "poll: delay 3",
        "poll: answer 302 to \"a b\"",
        "poll: strip",
        "poll: double",
        "poll: terminate A",
        "poll: delay 99999min",
        "path:/x drop",
    ] {
        mistake(text);
    }
}
