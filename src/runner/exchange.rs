//! Requests that go out, and what their responses bring.

use super::dial::Route;
use super::judge;
use super::ledger::SentRequest;
use super::link::Arrival;
use super::message::Message;
use super::run::Run;
use super::spacing::{open, until_empty};
use super::stop::{Done, Stop};
use super::wire::{ConnId, ReceivedResponse, Sending, SentId};
use crate::bosh::XBOSH;
use crate::client::bosh::{Book, Request, Wrapper};
use crate::scenario::matching::FailureKind;
use crate::scenario::{Connections, End, Header, On, Place, Via};
use crate::trace::How;
use crate::xml::Element;
use crate::xmpp::ns;

const CONTENT_TYPE: &str = "text/xml; charset=utf-8";

/// A POST of an actor, without the header fields that the scenario says for its session.
pub(super) fn post(run: &Run, actor: usize, entity: Vec<u8>) -> Message {
    let address = &run.target().address;
    let host = address.authority();
    let headers = [("Host", host.as_str()), ("Content-Type", CONTENT_TYPE)];
    let mut message = Message::post(&address.path, &headers, entity);
    let http = run.cast.get(actor).terms().and_then(|terms| terms.http.as_ref());
    if let Some(http) = http {
        message.http = http.value;
    }
    message
}

/// The header fields that the scenario says for the session of an actor.
pub(super) fn session_headers(run: &Run, actor: usize) -> &[Header] {
    run.cast.get(actor).terms().map_or(&[], |terms| &terms.headers)
}

/// A request with this `<body/>` is sent, as any of the session.
pub(super) fn post_body(run: &mut Run, actor: usize, body: String) -> (SentId, Sending, ConnId) {
    let mut message = post(run, actor, body.into_bytes());
    for header in session_headers(run, actor) {
        let value = header.value.as_ref().and_then(|value| run.text(value).ok());
        message.set(&header.name.value, value);
    }
    let (bytes, _) = message.bytes();
    let sending = Sending::whole(bytes, message.method);
    let conn = conn_for(run, actor, None, None, None);
    (send(run, actor, conn, sending.clone()), sending, conn)
}

/// Gives a connection something of an actor to send.
pub(super) fn send(run: &mut Run, actor: usize, conn: ConnId, sending: Sending) -> SentId {
    let id = run.wire().send(conn, sending);
    run.cast.get_mut(actor).link_mut().enter(id);
    id
}

/// A request that no step names: the next of the session, as it is drafted.
pub(super) fn ask(
    run: &mut Run,
    actor: usize,
    draft: impl FnOnce(&mut Book) -> Wrapper,
) -> SentRequest {
    let book = run.cast.get_mut(actor).link_mut().book_mut();
    let rid = book.rids().next();
    let body = draft(book);
    book.mark_used(rid);
    let (id, sending, conn) = post_body(run, actor, body.to_xml());
    SentRequest { id, actor, sending, rid: Some(rid.to_string()), conn, creates: false }
}

/// The next request of a session, with this content.
pub(super) fn with_content(content: &str) -> impl FnOnce(&mut Book) -> Wrapper {
    |book| {
        let mut body = book.draft();
        body.push_text(content);
        body
    }
}

/// Requests that a session has decided on are sent.
pub(super) fn transmit(run: &mut Run, actor: usize, requests: &[Request]) {
    for request in requests {
        let (id, ..) = post_body(run, actor, request.content.to_string());
        run.cast.get_mut(actor).link_mut().fly(id, Some(request));
    }
}

/// Takes in what has come that no step awaits, and sends what sessions want sent by themselves.
pub(super) fn pump(run: &mut Run) {
    let wire = run.wire().clone();
    for actor in 0..run.cast.len() {
        run.cast.get_mut(actor).hear(&wire);
        for arrival in run.cast.get_mut(actor).link_mut().arrivals(&wire) {
            let (Arrival::Response(sent) | Arrival::Element(sent, _)) = &arrival;
            let Some(got) = wire.progress(*sent).got else { continue };
            match arrival {
                Arrival::Response(_) => take_in(run, actor, &got),
                Arrival::Element(_, element) => run.cast.get_mut(actor).take(got.at, element),
            }
        }
        let now = wire.now();
        let due = run.cast.get(actor).link().deadline().is_some_and(|due| due <= now);
        // A request that was sent by hand is open.
        if due && open(run, actor) > 0 {
            let pause = until_empty(run, actor);
            run.cast.get_mut(actor).link_mut().rest_until(now + pause);
        }
        let requests = run.cast.get_mut(actor).link_mut().settle(now);
        transmit(run, actor, &requests);
    }
}

/// Nothing is known of something sent whose connection could not be made; but if its address was learned from the target, it has
/// to lead somewhere.
pub(super) fn reached(run: &mut Run, sent: SentId, place: &Place) -> Done {
    let Some(conn) = run.wire().conn_of(sent) else { return Ok(()) };
    let Err(why) = run.wire().connected(conn) else { return Ok(()) };
    let why = format!("cannot connect: {why}");
    let Some(address) = run.wire().learned(conn) else {
        return Err(Stop::Broken(place.clone(), why));
    };
    run.fail(FailureKind::Connection, place, format!("a connection to {address}"), why)?;
    Err(Stop::Failed)
}

/// A session was granted.
pub(super) fn created(run: &mut Run, actor: usize, got: &ReceivedResponse) {
    let Some(body) = judge::body(got) else { return };
    run.report.advertise(|| attributes(body.element()));
    run.cast.get_mut(actor).link_mut().book_mut().open(body);
    take_in(run, actor, got);
}

/// Takes what a response brought.
pub(super) fn take_in(run: &mut Run, actor: usize, got: &ReceivedResponse) {
    let Some(body) = judge::body(got) else { return };
    let actor = run.cast.get_mut(actor);
    for element in actor.link_mut().book_mut().receive(&body) {
        actor.take(got.at, element);
    }
    if judge::terminal(got).is_some() {
        actor.link_mut().book_mut().end();
    }
}

/// The connection that carries a request. Without a wish it is a free one of the actor, and never `not`.
pub(super) fn conn_for(
    run: &mut Run,
    actor: usize,
    on: Option<&On>,
    via: Option<Via>,
    not: Option<ConnId>,
) -> ConnId {
    match on {
        Some(On::Named(name)) => {
            if let Some(conn) = run.ledger.conn(name) {
                return conn;
            }
            let conn = open_conn(run, actor, via);
            run.ledger.name_conn(name, conn);
            conn
        }
        Some(On::Fresh) => open_conn(run, actor, via),
        None => {
            let terms = run.cast.get(actor).terms();
            let fresh = terms.is_some_and(|terms| terms.connections.value == Connections::Fresh);
            if fresh || via.is_some() {
                return open_conn(run, actor, via);
            }
            if let Some(conn) = run.cast.get(actor).link().free_conn(run.wire(), not) {
                return conn;
            }
            let conn = open_conn(run, actor, via);
            run.cast.get_mut(actor).link_mut().keep_conn(conn);
            conn
        }
    }
}

/// A new connection, on the route that is wished or else the actor's.
pub(super) fn open_conn(run: &Run, actor: usize, via: Option<Via>) -> ConnId {
    let terms = run.cast.get(actor).terms();
    let via = via.or(terms.and_then(|terms| terms.via.as_ref()).map(|via| via.value));
    run.wire().connect(route(via))
}

pub(super) fn route(via: Option<Via>) -> Route {
    match via {
        None => Route::Usual,
        Some(Via::Plain) => Route::Plain,
        Some(Via::Tls) => Route::Tls,
    }
}

pub(super) fn how(end: End) -> How {
    match end {
        End::Fin => How::Fin,
        End::Reset => How::Reset,
    }
}

/// All attributes of an element, by the names that they are written with.
fn attributes(element: &Element) -> Vec<(String, String)> {
    let name = |namespace: &str, name: &str| match namespace {
        "" => name.to_owned(),
        XBOSH => format!("xmpp:{name}"),
        ns::XML => format!("xml:{name}"),
        other => format!("{{{other}}}{name}"),
    };
    let all = element.attributes().map(|(of, local, value)| (name(of, local), value.to_owned()));
    all.collect()
}
