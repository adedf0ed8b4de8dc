//! BOSH: a session is opened, and looked at from all sides (XEP-0124, XEP-0206).

use std::sync::Arc;
use std::time::Duration;

use super::places::elsewhere;
use super::{bosh_held, bosh_lasting, cors, login};
use crate::bosh::{Body, BodyType};
use crate::doctor::check::{BOSH_MECHANISMS, BOSH_SESSION, HTTP};
use crate::doctor::context::{Context, Doing};
use crate::doctor::endpoint::{Endpoint, about};
use crate::doctor::reach::Place;
use crate::doctor::refused::{self, Why};
use crate::doctor::talk::{Got, Http, Reply, Session, What, offered};
use crate::doctor::trouble::{self, Trouble, with_program};
use crate::rules::{Finding, Page};
use crate::trace::{Reading, Response};
use crate::xmpp::ns;

/// So many seconds a session should live without a request.
const ENOUGH: u64 = 10;

/// Why a request of BOSH did not get the answer that was due.
pub fn why(endpoint: &Endpoint, got: &Got, found: &[Finding]) -> Why {
    let (general, words) = refused::why(endpoint, got, found);
    let What::Response(response, Reading::Body(body)) = &got.what else { return (general, words) };
    let kind = match body.text("condition") {
        // The last is what ejabberd says to a domain that it does not serve.
        Some("host-unknown" | "improper-addressing" | "host-gone" | "internal-server-error") => {
            &trouble::DOMAIN_UNKNOWN
        }
        Some("item-not-found") => &trouble::NOT_STICKY,
        Some("see-other-uri") => &trouble::REDIRECTED,
        Some("remote-connection-failed" | "system-shutdown") => &trouble::BACK_END_DOWN,
        _ => &trouble::REFUSED,
    };
    let condition = body.text("condition").unwrap_or("no condition");
    if *kind == trouble::DOMAIN_UNKNOWN {
        let words = format!("the server does not serve this domain ({condition})");
        return (about(with_program(Trouble::new(kind), response), endpoint), words);
    }
    let words = match refused::said(found) {
        Some(words) => words,
        None => format!("the connection manager ends the session ({condition})"),
    };
    (about(with_program(Trouble::new(kind), response), endpoint), words)
}

/// Examines an endpoint of BOSH.
pub async fn examine(context: &Arc<Context>, place: &Place) {
    let endpoint = &place.endpoint;
    let doing = context.begin(&BOSH_SESSION, endpoint);
    let at = place.alive[0];
    let mut http = match Http::open(context, endpoint, at).await {
        Ok(http) => http,
        Err(unmade) => {
            doing.broken(Trouble::new(&trouble::UNREACHABLE), unmade.words());
            return;
        }
    };
    let (mut session, got) =
        Session::open(context, endpoint, &mut http, context.settings.wait).await;
    if !session.is_open() {
        session.keep(http.finish().await);
        let why = refused::why_at(context, place, &got, no_session(&session, &got)).await;
        let why = by_origin(context, place, &got, why).await;
        let (trouble, words) = elsewhere(context, place, why).await;
        doing.broken(trouble, words);
        // What a preflight gets may be the reason that a page sees.
        cors::preflight(context, place).await;
        return;
    }
    doing.well(terms(&session));
    short_terms(&doing, context, &session);
    drop(doing);
    let Some(response) = got.response() else { return };
    cors::judge(context, place, response);
    let mechanisms = mechanisms(&mut session, &mut http, &got);
    let (mechanisms, (), ()) =
        tokio::join!(mechanisms, cors::preflight(context, place), cors::errors(context, place));
    say_mechanisms(
        &context.begin(&BOSH_MECHANISMS, endpoint),
        place,
        response,
        mechanisms.as_deref(),
    );
    notes(context, place, response, &http);
    tokio::join!(
        bosh_held::hold(context, place, session, http),
        bosh_held::release(context, place),
        bosh_lasting::lasting(context, place),
        bosh_lasting::size(context, place),
        login::examine(context, place),
    );
}

/// Why there is no session.
fn no_session(session: &Session<'_>, got: &Got) -> Why {
    match &got.what {
        What::Response(response, Reading::Body(body))
            if response.status == 200 && body.kind() == BodyType::Ordinary =>
        {
            let trouble = Trouble::new(&trouble::NOT_BOSH);
            (
                about(trouble, session.endpoint()),
                "the answer grants no session: it has no sid".to_owned(),
            )
        }
        What::Response(response, reading) if response.status == 200 => {
            let (trouble, words) = why(session.endpoint(), got, &session.findings());
            match changed(response, reading) {
                Some(words) => (Trouble { kind: &trouble::CHANGED, ..trouble }, words),
                None if matches!(reading, Reading::Empty) => {
                    let from = Page::of(response).from();
                    let words = match Page::of(response).by() {
                        Some("Caddy") => ": Caddy sends that where no route leads anywhere",
                        _ => "",
                    };
                    (trouble, format!("an empty answer, HTTP 200{from}{words}"))
                }
                None => (trouble, words),
            }
        }
        _ => why(session.endpoint(), got, &session.findings()),
    }
}

/// How an answer of a connection manager was changed on the way, if it looks like one.
fn changed(response: &Response, reading: &Reading) -> Option<String> {
    let header = |name| response.headers.get(name);
    if response.content.undecoded.is_some() {
        let coding = header("content-encoding").unwrap_or_default();
        return Some(format!(
            "the content of the answer is not what Content-Encoding says ({coding}), so nobody can read it"
        ));
    }
    let text = String::from_utf8_lossy(&response.content.bytes);
    let is_body = text.contains("<body") && text.contains("jabber.org/protocol/httpbind");
    match reading {
        Reading::Other if is_body => Some(format!(
            "the answer is that of a connection manager, with the Content-Type {}, where text/xml is due: clients that have the \
             browser parse it get nothing",
            header("content-type").unwrap_or("none")
        )),
        Reading::OtherXml(_) if is_body => Some(
            "the answer is that of a connection manager, but for its namespace, which has to be \
             http://jabber.org/protocol/httpbind: something replaces text in it"
                .to_owned(),
        ),
        _ => None,
    }
}

/// Whether a native client is not refused.
async fn by_origin(context: &Context, place: &Place, got: &Got, why: Why) -> Why {
    let (trouble, words) = why;
    let status = got.response().map(|response| response.status);
    if let (Some(status @ 400..=499), Some(origin)) = (status, context.settings.origin.as_deref())
        && let Ok(mut http) = Http::open(context, &place.endpoint, place.alive[0]).await
    {
        let (mut session, _) = Session::open_as(None, context, &place.endpoint, &mut http, 1).await;
        http.finish().await;
        if session.is_open() {
            session.end(place.alive[0]).await;
            let words = format!(
                "HTTP {status} with Origin: {origin}, and a session without: pages of this origin are not allowed"
            );
            let trouble = Trouble { kind: &trouble::ORIGIN_REFUSED, ..trouble };
            return (trouble.with("origin", origin), words);
        }
    }
    (trouble, words)
}

/// Says which terms are hard to live with.
fn short_terms(doing: &Doing<'_>, context: &Context, session: &Session<'_>) {
    let granted = |name| {
        let text = session.book().grant().and_then(|grant| grant.body().text(name));
        text.and_then(|text| text.parse::<u64>().ok())
    };
    let of = |kind| about(Trouble::new(kind), session.endpoint());
    if let Some(inactivity) = granted("inactivity").filter(|seconds| *seconds < ENOUGH) {
        doing.weak(
            of(&trouble::SESSION_SHORT),
            format!(
                "sessions end after {inactivity} s without a request: a page in the background, or a network that is \
                 changed, takes longer"
            ),
        );
    }
    if let Some(wait) = granted("wait").filter(|wait| *wait < context.settings.wait.min(3)) {
        doing.weak(
            of(&trouble::NOT_HELD),
            format!("requests are held for {wait} s at most: the client asks again and again"),
        );
    }
}

/// `wait 60 s, hold 1, …`
fn terms(session: &Session<'_>) -> String {
    let granted = |name| session.book().grant().and_then(|grant| grant.body().text(name));
    let mut words = Vec::new();
    for (name, unit) in
        [("wait", " s"), ("hold", ""), ("requests", ""), ("inactivity", " s"), ("polling", " s")]
    {
        if let Some(value) = granted(name) {
            words.push(format!("{name} {value}{unit}"));
        }
    }
    format!("a session was opened: {}", words.join(", "))
}

/// What the stream features offer; none if there are none.
async fn mechanisms(
    session: &mut Session<'_>,
    http: &mut Http<'_>,
    got: &Got,
) -> Option<Vec<String>> {
    let features =
        |body: &Body| body.payloads().find(|one| one.is(ns::STREAMS, "features")).map(offered);
    if let What::Response(_, Reading::Body(body)) = &got.what
        && let Some(found) = features(body)
    {
        return Some(found);
    }
    // They may come later (XEP-0206 §3).
    for _ in 0..2 {
        let sent = http.send(&session.poll()).await;
        match Reply::of(http.receive(sent, Duration::from_secs(5)).await) {
            Reply::Body(body) => {
                if let Some(found) = features(&body) {
                    return Some(found);
                }
            }
            Reply::Other(_) => return None,
        }
    }
    None
}

/// Says how the server lets people log in; `response` names who sent that.
pub fn say_mechanisms(
    doing: &Doing<'_>,
    place: &Place,
    response: &Response,
    mechanisms: Option<&[String]>,
) {
    let of = |kind| about(with_program(Trouble::new(kind), response), &place.endpoint);
    match mechanisms {
        None => doing.broken(
            of(&trouble::FEATURES_MISSING),
            "the server sends no stream features, without which no client can log in",
        ),
        Some([]) => doing.broken(of(&trouble::MECHANISMS_MISSING), no_mechanisms(place)),
        Some(names) => doing.well(format!("mechanisms: {}", names.join(", "))),
    }
}

/// Why there may be none.
pub fn no_mechanisms(place: &Place) -> String {
    let why = if place.endpoint.address.is_tls() {
        "most often because TLS ends at a reverse proxy, and the server takes the connection behind it for \
             insecure and waits for encryption"
    } else {
        "most often because the connection is not encrypted, and the server insists on that"
    };
    format!("the server offers no SASL mechanism: {why}")
}

/// What is worth knowing of how HTTP is spoken.
fn notes(context: &Context, place: &Place, response: &Response, http: &Http<'_>) {
    let by = Page::of(response).by();
    let doing = context.begin(&HTTP, &place.endpoint).by(by);
    let header = |name| response.headers.get(name);
    let mut words = Vec::new();
    match by {
        Some(by) => words.push(format!("answered by {by}")),
        None if header("server").is_some() => {
            words.push(format!("answered by \"{}\"", header("server").unwrap_or_default()));
        }
        None => {}
    }
    let kept = if http.is_free_after(response) {
        "keep-alive"
    } else {
        "no keep-alive: each request costs a new connection"
    };
    words.push(kept.to_owned());
    if let Some(coding) = header("content-encoding") {
        words.push(format!("compressed with {coding}"));
    }
    if header("alt-svc").is_some_and(|value| value.contains("h3")) {
        words.push(
            "HTTP/3 is offered (Alt-Svc), so browsers may leave by another way next time"
                .to_owned(),
        );
    }
    if let Some(cache) = header("cache-control")
        .filter(|value| value.contains("max-age=") && !value.contains("max-age=0"))
    {
        words.push(format!("may be cached (Cache-Control: {cache})"));
    }
    doing.note(words.join("; "));
}
