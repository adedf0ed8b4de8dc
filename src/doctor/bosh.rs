//! BOSH: a session is opened, and looked at from all sides (XEP-0124, XEP-0206).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::check::{BOSH_MECHANISMS, BOSH_SESSION, HTTP};
use super::context::{Context, Doing};
use super::cors;
use super::endpoint::Endpoint;
use super::http::{Got, Http, Request, What, findings};
use super::reach::Place;
use super::refused::{self, Why, about, with_program};
use super::trouble::{self, Trouble};
use super::{bosh_held, bosh_lasting, login};
use crate::bosh::{Body, BodyType};
use crate::client::bosh::{Book, Terms, Wrapper, first_rid};
use crate::rules::{Finding, Page};
use crate::trace::{Event, Reading, Response};
use crate::xml::Element;
use crate::xmpp::ns;

/// A session of BOSH that nobody logs in to.
pub struct Session<'a> {
    context: &'a Context,
    endpoint: &'a Endpoint,
    book: Book,
    /// What was seen of it, secrets hidden.
    seen: Vec<Event>,
}

/// The answer to a request of a session.
pub enum Reply {
    /// As it should be.
    Body(Box<Body>),
    /// It is none.
    Other(Got),
}

impl Reply {
    /// What came of a request, if it is a body of a session that goes on.
    pub fn of(got: Got) -> Self {
        match got.what {
            What::Response(response, Reading::Body(body))
                if response.status == 200 && body.kind() == BodyType::Ordinary =>
            {
                Self::Body(body)
            }
            what => Self::Other(Got { what, ..got }),
        }
    }
}

impl<'a> Session<'a> {
    /// Opens one on this connection, with this `wait`.
    pub async fn open(
        context: &'a Context,
        endpoint: &'a Endpoint,
        http: &mut Http<'_>,
        wait: u64,
    ) -> (Self, Got) {
        let rid = first_rid(context.number());
        let terms = Terms { wait: Some(wait), ..Terms::new(&*context.settings.domain) };
        let mut book = Book::new(rid, None);
        book.ask(terms.creation(rid));
        let mut session = Self { context, endpoint, book, seen: Vec::new() };
        let creation = session.book.asked().clone();
        session.book.mark_used(rid);
        let request = session.request(&creation).with("Accept-Encoding", "gzip, deflate, br");
        let got = http.ask(&request).await;
        if let What::Response(response, Reading::Body(body)) = &got.what
            && response.status == 200
            && body.kind() == BodyType::Ordinary
        {
            session.book.open((**body).clone());
        }
        (session, got)
    }

    /// Whether it was granted.
    pub fn is_open(&self) -> bool {
        self.book.sid().is_some_and(|sid| !sid.is_empty())
    }

    /// What was granted.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// A request as a page sends it.
    fn request(&self, body: &Wrapper) -> Request {
        Request::bosh(&self.endpoint.address.path, body.to_xml())
            .from(self.context.settings.origin.as_deref())
    }

    /// The next request, empty.
    pub fn poll(&mut self) -> Request {
        let body = self.book.draft();
        self.book.mark_used(self.book.rids().next());
        self.request(&body)
    }

    /// What was seen on a connection of it.
    pub fn keep(&mut self, seen: Vec<Event>) {
        self.seen.extend(seen);
    }

    /// What the rules say of it.
    pub fn findings(&self) -> Vec<Finding> {
        findings(self.seen.clone())
    }

    /// Ends it. Whether anybody hears of that is of no interest.
    pub async fn end(&mut self, at: SocketAddr) {
        if !self.is_open() || self.book.is_over() {
            return;
        }
        let body = self.book.draft().with("type", "terminate");
        let request = self.request(&body);
        if let Ok(mut http) = Http::open(self.context, self.endpoint, at).await {
            let sent = http.send(&request).await;
            http.receive(sent, Duration::from_secs(2)).await;
            self.keep(http.finish().await);
        }
    }

    /// Why a request did not get the answer that was due.
    pub fn why(&self, got: &Got) -> Why {
        why(self.endpoint, got, &self.findings())
    }
}

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
        let (trouble, words) = no_session(&session, &got);
        doing.broken(trouble, words);
        // What a preflight gets may be the reason that a page sees.
        cors::preflight(context, place).await;
        return;
    }
    doing.well(terms(&session));
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
                about(trouble, session.endpoint),
                "the answer grants no session: it has no sid".to_owned(),
            )
        }
        _ => session.why(got),
    }
}

/// `wait 60 s, hold 1, …`
fn terms(session: &Session<'_>) -> String {
    let granted = |name| session.book.grant().and_then(|grant| grant.body().text(name));
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

/// The SASL mechanisms in stream features.
pub fn offered(features: &Element) -> Vec<String> {
    let classic = features.child(ns::SASL, "mechanisms");
    let second = features.child(ns::SASL2, "authentication");
    let lists = classic.into_iter().chain(second);
    let mut names: Vec<String> = lists
        .flat_map(Element::children)
        .filter(|child| child.name() == "mechanism")
        .map(|child| child.text().trim().to_owned())
        .collect();
    names.dedup();
    names
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
        Some(names) => doing.well(format!("log in with {}", names.join(", "))),
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
    let doing = context.begin(&HTTP, &place.endpoint);
    let header = |name| response.headers.get(name);
    let mut words = Vec::new();
    match Page::of(response).by() {
        Some(by) => words.push(format!("answered by {by}")),
        None if header("server").is_some() => {
            words.push(format!("answered by \"{}\"", header("server").unwrap_or_default()));
        }
        None => {}
    }
    let kept = if http.is_free_after(response) {
        "connections are kept"
    } else {
        "each request needs a new connection, which costs a handshake every time"
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
