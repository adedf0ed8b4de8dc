//! A session survives what happens to it: lost connections, other addresses, large requests.

use std::net::SocketAddr;
use std::time::Duration;

use super::bosh::why;
use crate::client::bosh::first_rid;
use crate::doctor::check::{BOSH_NODES, BOSH_REPEAT, BOSH_SIZE};
use crate::doctor::context::{Context, Doing};
use crate::doctor::endpoint::about;
use crate::doctor::reach::Place;
use crate::doctor::refused::{is_limit, limited};
use crate::doctor::talk::{Got, Http, Reply, Request, Session, What, once};
use crate::doctor::trouble::{self, Trouble, with_program};
use crate::rules::status_words;
use crate::trace::Reading;

/// Requests of these sessions are held for a second.
const SHORT: u64 = 1;
/// How many new connections go on with a session.
const CONNECTIONS: usize = 4;
/// The largest request that is sent.
const LARGEST: usize = 1_000_000;
/// What is to be let through.
const ENOUGH: usize = 1 << 20;
/// What a request has to be allowed to have: a stanza with a picture, several stanzas at once.
const NEEDED: usize = 64 << 10;

/// Sends a request twice, and goes on with a session on new connections.
pub async fn lasting(context: &Context, place: &Place) {
    let repeating = context.begin(&BOSH_REPEAT, &place.endpoint);
    let at = place.alive[0];
    let Ok(mut http) = Http::open(context, &place.endpoint, at).await else {
        return repeating.skipped("no further connection could be made");
    };
    let (mut session, got) = Session::open(context, &place.endpoint, &mut http, SHORT).await;
    if !session.is_open() {
        session.keep(http.finish().await);
        let (trouble, words) = limited(&got, why(&place.endpoint, &got, &session.findings()));
        return repeating.broken(trouble, format!("a further session is refused: {words}"));
    }
    let request = session.poll();
    let sent = http.send(&request).await;
    let first = http.receive(sent, Duration::from_secs(SHORT + 5)).await;
    session.keep(http.finish().await);
    let first = match Reply::of(first) {
        Reply::Body(body) => body,
        Reply::Other(got) => {
            repeating.skipped("the request that was to be repeated got no answer");
            let nodes = context.begin(&BOSH_NODES, &place.endpoint);
            lost(&nodes, place, &session, &got, at);
            return session.end(at).await;
        }
    };
    let (again, _) = once(context, &place.endpoint, at, &request).await;
    match &again.what {
        What::Response(response, Reading::Body(body))
            if response.status == 200 && body.element() == first.element() =>
        {
            repeating.well("a repeated request gets the same answer again");
        }
        What::Response(response, Reading::Body(body))
            if response.status == 200 && body.text("type").is_none() =>
        {
            repeating.note("a repeated request gets another answer than the first time");
        }
        What::Response(response, _) if is_limit(response) => {
            let (trouble, words) = limited(&again, why(&place.endpoint, &again, &[]));
            repeating.broken(trouble, words);
        }
        What::Response(response, _) => repeating.weak(
            about(with_program(Trouble::new(&trouble::REPEAT_LOST), response), &place.endpoint),
            "a repeated request does not get its answer again: what a lost connection had on it is lost, or the session \
             ends (XEP-0124 §14.3)",
        ),
        _ => repeating.skipped("the repeated request got no answer"),
    }
    nodes(context, place, &mut session).await;
    session.end(at).await;
}

/// Goes on with a session on new connections, to all addresses in turn.
async fn nodes(context: &Context, place: &Place, session: &mut Session<'_>) {
    let doing = context.begin(&BOSH_NODES, &place.endpoint);
    let count = CONNECTIONS.max(place.alive.len()).min(6);
    for at in place.alive.iter().cycle().take(count) {
        let request = session.poll();
        let Ok(mut http) = Http::open(context, &place.endpoint, *at).await else {
            return doing.skipped(format!("no further connection to {at} could be made"));
        };
        let sent = http.send(&request).await;
        let got = http.receive(sent, Duration::from_secs(SHORT + 5)).await;
        session.keep(http.finish().await);
        if let Reply::Other(got) = Reply::of(got) {
            return lost(&doing, place, session, &got, *at);
        }
    }
    let addresses = match place.alive.len() {
        1 => String::new(),
        n => format!(" to {n} addresses"),
    };
    doing.well(format!("a session goes on over {count} new connections{addresses}"));
}

fn lost(doing: &Doing<'_>, place: &Place, session: &Session<'_>, got: &Got, at: SocketAddr) {
    let (trouble, said) = limited(got, why(&place.endpoint, got, &session.findings()));
    if trouble.kind.name == trouble::NOT_STICKY.name {
        let words = format!(
            "a session that was granted a moment ago is not known on a new connection (to {at}): several servers answer for \
             this name, and requests of one session do not go to the same one"
        );
        return doing.broken(about(trouble, &place.endpoint), words);
    }
    let on = if place.alive.len() > 1 { format!(" (at {at})") } else { String::new() };
    doing.broken(trouble, said + &on);
}

/// Finds the largest request that passes. It is for a session that does not exist, so that it does nothing.
pub async fn size(context: &Context, place: &Place) {
    if context.settings.quick {
        return;
    }
    let doing = context.begin(&BOSH_SIZE, &place.endpoint);
    let ask = async |size: usize| {
        let request = padded(context, place, size);
        once(context, &place.endpoint, place.alive[0], &request).await.0
    };
    let usual = ask(0).await;
    let Some(usual) = usual.response().map(|response| response.status) else {
        return doing.skipped("a small request got no answer");
    };
    if usual == 429 || usual >= 500 {
        return doing.skipped(format!("a small request is refused, too (HTTP {usual})"));
    }
    let passes = |got: &Got| got.response().is_some_and(|response| response.status == usual);
    let largest = ask(LARGEST).await;
    if passes(&largest) {
        return doing.well("requests of 1 MB pass");
    }
    let (mut good, mut bad, mut refusal) = (0, LARGEST, largest);
    while bad - good > (good / 16).max(1024) {
        let middle = good + (bad - good) / 2;
        let got = ask(middle).await;
        if passes(&got) {
            good = middle;
        } else {
            (bad, refusal) = (middle, got);
        }
    }
    if refusal.response().is_some_and(is_limit) || !passes(&ask(0).await) {
        return doing.skipped("requests are refused whatever their size");
    }
    let trouble = Trouble::new(&trouble::BODY_LIMIT).with("size", ENOUGH);
    let (trouble, how) = match refusal.response() {
        Some(response) => {
            (with_program(trouble, response), format!("HTTP {}", status_words(response)))
        }
        None => (trouble, "the connection is closed".to_owned()),
    };
    let words = format!(
        "requests of more than about {} kB are refused ({how}); larger ones, such as avatars or many stanzas at once, \
         are lost",
        good / 1000
    );
    let trouble = about(trouble, &place.endpoint);
    if good < NEEDED {
        doing.broken(trouble, words);
    } else {
        doing.weak(trouble, words);
    }
}

/// A request of a session that does not exist, with so many bytes in it.
fn padded(context: &Context, place: &Place, size: usize) -> Request {
    let text = format!(
        "<body xmlns='http://jabber.org/protocol/httpbind' rid='{}' sid='xmppscope-{}'>\
         <message xmlns='jabber:client'><body>{}</body></message></body>",
        first_rid(context.number()),
        context.token(),
        "x".repeat(size)
    );
    Request::bosh(&place.endpoint.address.path, text).from(context.settings.origin.as_deref())
}
