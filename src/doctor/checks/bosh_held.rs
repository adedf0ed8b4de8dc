//! A request is held for as long as was granted, through everything on the way; and answered when the next one comes.

use std::time::Duration;

use super::bosh::why;
use crate::clock::words;
use crate::doctor::check::{BOSH_HOLD, BOSH_RELEASE};
use crate::doctor::context::Context;
use crate::doctor::endpoint::about;
use crate::doctor::reach::Place;
use crate::doctor::refused::limited;
use crate::doctor::talk::{Got, Http, Reply, Session, What};
use crate::doctor::trouble::{self, Trouble};
use crate::rules::{Page, status_words};
use crate::trace::Reading;

/// So much later than granted an answer may come.
const SLACK: Duration = Duration::from_secs(10);
/// So much sooner it still counts as held.
const EARLY: Duration = Duration::from_millis(700);
/// A held request is to be answered within this time once the next one is there.
const PROMPT: Duration = Duration::from_secs(2);
/// What a clock may be off.
const MARGIN: Duration = Duration::from_millis(300);
/// Nobody asks for more: a server that grants more is not waited for.
const LONGEST: Duration = Duration::from_secs(600);
/// What a session asks for whose requests are not held to the end.
const LONG: u64 = 60;

/// Has a request held for the whole time.
pub async fn hold(context: &Context, place: &Place, mut session: Session<'_>, mut http: Http<'_>) {
    let at = place.alive[0];
    let granted = session.book().grant().and_then(crate::client::bosh::Grant::wait);
    let Some(granted) = granted.filter(|_| !context.settings.quick) else {
        session.keep(http.finish().await);
        session.end(at).await;
        return;
    };
    let doing = context.begin(&BOSH_HOLD, &place.endpoint);
    if granted > LONGEST {
        session.keep(http.finish().await);
        session.end(at).await;
        let (granted, asked) = (granted.as_secs(), context.settings.wait);
        return doing.skipped(format!(
            "a wait of {granted} s was granted, where {asked} s were asked for: too long to be waited for"
        ));
    }
    let mut tries = 0;
    let (reply, held) = loop {
        let sent = http.send(&session.poll()).await;
        let got = http.receive(sent, granted + SLACK).await;
        let held = got.held;
        match Reply::of(got) {
            // What was on its way when the session began.
            Reply::Body(body) if !body.is_empty() && tries < 3 => tries += 1,
            reply => break (reply, held),
        }
    };
    session.keep(http.finish().await);
    match reply {
        Reply::Body(..) if held + EARLY >= granted => {
            doing.well(format!("held for {}, as granted ({})", words(held), words(granted)));
        }
        Reply::Body(..) if held < Duration::from_secs(1) => doing.weak(
            about(Trouble::new(&trouble::NOT_HELD), &place.endpoint),
            format!(
                "answered empty after {}, although {} were granted: the client asks again and again",
                words(held),
                words(granted)
            ),
        ),
        Reply::Body(..) => doing.note(format!(
            "answered empty after {}, sooner than the {} that were granted",
            words(held),
            words(granted)
        )),
        Reply::Other(got) => {
            let (trouble, words) = given_up(&session, place, &got, granted);
            doing.broken(trouble, words);
        }
    }
    session.end(at).await;
}

/// Who gave up while a request was held.
fn given_up(
    session: &Session<'_>,
    place: &Place,
    got: &Got,
    granted: Duration,
) -> (Trouble, String) {
    let (general, said) = why(&place.endpoint, got, &session.findings());
    let seconds = granted.as_secs() + 15;
    let timed_out = match &got.what {
        What::Response(response, _) => matches!(response.status, 408 | 502 | 504 | 524),
        What::Ended(_) => true,
        _ => false,
    };
    if timed_out && got.held >= Duration::from_millis(500) && got.held < granted {
        let trouble = Trouble { kind: &trouble::READ_TIMEOUT, ..general }
            .with("seconds", seconds)
            .with("wait", granted.as_secs());
        let how = match got.response() {
            Some(response) => {
                format!("HTTP {}{}", status_words(response), Page::of(response).from())
            }
            None => "the connection is ended".to_owned(),
        };
        let words = format!(
            "given up after {} ({how}), while the connection manager may hold a request for {}",
            words(got.held),
            words(granted)
        );
        return (trouble, words);
    }
    if matches!(got.what, What::Late) {
        let trouble = Trouble::new(&trouble::NOT_HELD);
        let words = format!(
            "no answer {} after the {} that were granted: clients take the connection for dead",
            words(SLACK),
            words(granted)
        );
        return (about(trouble, &place.endpoint), words);
    }
    let (trouble, said) = limited(got, (general, said));
    (trouble.with("seconds", seconds), said)
}

/// Sees a held request answered when the next one comes.
pub async fn release(context: &Context, place: &Place) {
    let doing = context.begin(&BOSH_RELEASE, &place.endpoint);
    let at = place.alive[0];
    let Ok(mut first) = Http::open(context, &place.endpoint, at).await else {
        return doing.skipped("no further connection could be made");
    };
    let (mut session, got) = Session::open(context, &place.endpoint, &mut first, LONG).await;
    if !session.is_open() {
        let (trouble, words) = limited(&got, why(&place.endpoint, &got, &session.findings()));
        return doing.broken(trouble, format!("a second session is refused: {words}"));
    }
    if session.is_repeated() {
        return doing.broken(
            about(Trouble::new(&trouble::CACHED), &place.endpoint),
            "two requests that open a session get the same answer, with the same sid: a cache keeps the answers to POST",
        );
    }
    let polling = session.book().grant().and_then(|grant| {
        grant.body().text("polling").and_then(|seconds| seconds.parse::<u64>().ok())
    });
    let pause = Duration::from_secs(polling.unwrap_or_default().min(6)) + MARGIN;
    let mut held = first.send(&session.poll()).await;
    let mut early = first.receive(held, pause).await;
    // The features, if they come late.
    if matches!(&early.what, What::Response(_, Reading::Body(body)) if !body.is_empty() && body.text("type").is_none())
    {
        held = first.send(&session.poll()).await;
        early = first.receive(held, pause).await;
    }
    if matches!(early.what, What::Late) {
        // Not sooner: some servers end a connection on which nothing is asked.
        let Ok(mut second) = Http::open(context, &place.endpoint, at).await else {
            return doing.skipped("no second connection could be made");
        };
        let sent = second.send(&session.poll()).await;
        let got = first.receive(sent, PROMPT).await;
        let after = words(context.clock.now().saturating_sub(sent));
        let answer = match Reply::of(got) {
            Reply::Body(..) => None,
            // The next request may have gone elsewhere, and been answered there.
            Reply::Other(got) if matches!(got.what, What::Late) => {
                let next = second.receive(sent, PROMPT + MARGIN).await;
                Some(if matches!(next.what, What::Late) { got } else { next })
            }
            Reply::Other(got) => Some(got),
        };
        session.keep(first.finish().await);
        session.keep(second.finish().await);
        match answer {
            None => doing.well(format!("a held request is answered {after} after the next one was sent")),
            Some(got) if matches!(got.what, What::Late) => doing.broken(
                about(Trouble::new(&trouble::NOT_RELEASED), &place.endpoint),
                format!(
                    "a held request is not answered within {} after the next one was sent: what a client sends waits for \
                     the poll before it",
                    words(PROMPT)
                ),
            ),
            Some(got) => {
                let (trouble, words) =
                    limited(&got, why(&place.endpoint, &got, &session.findings()));
                doing.broken(trouble, words);
            }
        }
    } else {
        session.keep(first.finish().await);
        match Reply::of(early) {
            Reply::Body(..) => doing.note("requests are not held, so none has to be released"),
            Reply::Other(got) => {
                let (trouble, words) = given_up(&session, place, &got, Duration::from_secs(LONG));
                doing.broken(trouble, words);
            }
        }
    }
    session.end(at).await;
}
