//! Streams that are carried without BOSH and that the scenario does not spell out: opening, logging in, draining, leaving.

use std::time::Duration;

use super::carried::{begin, carried};
use super::dial::Route;
use super::offer::{Offer, Sni, VERSIONS};
use super::provided::lacks;
use super::run::Run;
use super::setting_up::{MOST, PATIENCE, PING, broken, login_of, pinged};
use super::stop::{Done, Stop};
use super::stream::Stream;
use super::waiting::watch;
use super::wire::{ConnId, NotMade, SentId, Wire};
use crate::client::{Login, Step, Who};
use crate::clock::words;
use crate::scenario::{self, Carrier, Located, Provision, Transport, Via};
use crate::xml::Element;
use crate::xmpp::ns;

/// How far a login goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Far {
    /// To the features of the stream that was restarted.
    Authenticated,
    /// To a resource.
    Bound,
}

/// Says of each actor what carries its session.
pub(super) fn carry(run: &mut Run) -> Done {
    for actor in 0..run.cast.len() {
        let Some(terms) = run.cast.get(actor).terms() else { continue };
        let (answers, carrier) = (terms.answers, terms.carrier.clone());
        let via = terms.via.as_ref().map(|via| via.value);
        let offer = terms.tls.clone();
        let transport = match &carrier.value {
            Carrier::Fixed(transport) => *transport,
            Carrier::Computed(template) => {
                let word = template.text(run)?;
                let known = Transport::ALL.into_iter().find(|(name, _)| *name == word);
                let Some((_, transport)) = known else {
                    let why = format!("`{word}` is not a valid value of `transport`");
                    return Err(Stop::Broken(carrier.place, why));
                };
                transport
            }
        };
        let (route, provision) = match transport {
            Transport::Bosh => (Route::Usual, Provision::Bosh),
            Transport::WebSocket => (Route::WebSocket, Provision::WebSocket),
            Transport::Tcp if via == Some(Via::Tls) => (Route::DirectTls, Provision::DirectTls),
            Transport::Tcp => (Route::Tcp, Provision::Tcp),
        };
        if !run.target().provides.contains(&provision) {
            return Err(Stop::Skipped(lacks(provision)));
        }
        if transport != Transport::Bosh {
            let mask = run.chance.number() as u32;
            let offer = offer.map(|offer| offered(run, &offer)).transpose()?.unwrap_or_default();
            let stream = Stream::new(transport, route, answers, mask).offering(offer);
            run.cast.get_mut(actor).carry(stream);
        }
    }
    Ok(())
}

/// What a client offers when TLS begins.
fn offered(run: &Run, tls: &Located<scenario::Offer>) -> Done<Offer> {
    let scenario::Offer { version, alpn, sni, verify } = &tls.value;
    let mut offer = Offer { verify: *verify, ..Offer::default() };
    if let Some(version) = version {
        let word = run.text(version)?;
        let known = VERSIONS.iter().find(|(name, _)| *name == word);
        let unknown = || {
            let why = format!("`{word}` is not a valid version of TLS: it is 1.2 or 1.3");
            Stop::Broken(version.place.clone(), why)
        };
        offer.versions = known.ok_or_else(unknown)?.1;
    }
    if let Some(alpn) = alpn {
        let names = alpn.iter().map(|name| run.text(name)).collect::<Done<Vec<_>>>()?;
        offer.alpn = names.into_iter().filter(|name| !name.is_empty()).collect();
    }
    if let Some(sni) = sni {
        let name = run.text(sni)?;
        offer.sni = if name.is_empty() { Sni::Absent } else { Sni::Name(name) };
    }
    Ok(offer)
}

/// Opens the stream of an actor, and logs in.
pub(super) async fn open_stream(run: &mut Run, actor: usize, who: Option<Who>, far: Far) -> Done {
    carried(run, actor).await?;
    if !run.cast.get(actor).has_features() {
        begin(run, actor, &[])?;
    }
    let Some(who) = who else { return drain_stream(run, actor).await };
    log_in(run, actor, who, far).await?;
    if far == Far::Bound {
        if run.cast.get(actor).terms().is_some_and(|terms| terms.polls) {
            say(run, actor, &Element::new(ns::CLIENT, "presence"));
        }
        drain_stream(run, actor).await?;
    }
    Ok(())
}

/// Logs in, and binds no resource.
pub(super) async fn authenticate(run: &mut Run, actor: usize) -> Done {
    let who = login_of(run, actor)?;
    open_stream(run, actor, who, Far::Authenticated).await
}

/// An element goes out on the stream of an actor.
pub(super) fn say(run: &mut Run, actor: usize, element: &Element) {
    let wire = run.wire().clone();
    if let Some(stream) = run.cast.get_mut(actor).stream_mut() {
        stream.send(&wire, element);
    }
}

async fn log_in(run: &mut Run, actor: usize, who: Who, far: Far) -> Done {
    let mut login = Login::new(who, run.chance.token(24));
    let mut restarted = false;
    for _ in 0..MOST {
        let next = watch(run, PATIENCE, |run| {
            run.cast.get_mut(actor).inbox_mut().pop_front().map(|arrived| arrived.element)
        });
        let Some(element) = next.await else {
            let wanted = "setting up, expected the login to go on";
            let conn = run.cast.get(actor).stream().and_then(Stream::conn);
            let ended = conn.and_then(|conn| run.wire().ended(conn)).is_some();
            let seen = if ended {
                "its connection was ended".to_owned()
            } else {
                format!("nothing came within {}", words(PATIENCE))
            };
            return broken(run, &format!("{wanted}; {seen}"));
        };
        if far == Far::Authenticated && restarted && element.is(ns::STREAMS, "features") {
            return Ok(());
        }
        if secures(run, actor, &element) {
            if let Err(why) = secure(run, actor).await? {
                return broken(run, &format!("no TLS: {why}"));
            }
            begin(run, actor, &[])?;
            continue;
        }
        match login.take(&element) {
            Step::Wait => {}
            Step::Send(element) => say(run, actor, &element),
            Step::Restart => {
                begin(run, actor, &[])?;
                restarted = true;
            }
            Step::Done(jid) => {
                run.cast.get_mut(actor).bind(jid);
                return Ok(());
            }
            Step::Failed(why) => return broken(run, &format!("cannot log in: {why}")),
        }
    }
    broken(run, "the login does not come to an end")
}

/// Whether these are features that offer TLS on a connection that has none yet.
fn secures(run: &Run, actor: usize, element: &Element) -> bool {
    let stream = run.cast.get(actor).stream();
    stream.is_some_and(|stream| stream.transport() == Transport::Tcp && !stream.is_secured())
        && element.is(ns::STREAMS, "features")
        && element.child(ns::TLS, "starttls").is_some()
}

/// Asks for TLS, unless the scenario has done that and was told to proceed, and puts it on the connection (RFC 6120 §5.4). If the
/// server does not bring the handshake to its end: why.
pub(super) async fn secure(run: &mut Run, actor: usize) -> Done<Result<(), String>> {
    let wire = run.wire().clone();
    run.cast.get_mut(actor).hear(&wire);
    let mut inbox = run.cast.get(actor).inbox().iter();
    let asked = inbox.any(|arrived| arrived.element.is(ns::TLS, "proceed"));
    if !asked {
        say(run, actor, &Element::new(ns::TLS, "starttls"));
    }
    let answer = watch(run, PATIENCE, |run| {
        let inbox = run.cast.get_mut(actor).inbox_mut();
        let place = inbox.iter().position(|arrived| arrived.element.namespace() == ns::TLS)?;
        inbox.remove(place).map(|arrived| arrived.element)
    });
    match answer.await {
        Some(answer) if answer.name() == "proceed" && asked => {
            // What the scenario has sent behind its request may be taken for the beginning of TLS.
            match put_tls(run, actor).await {
                Ok(Err(why)) | Err(Stop::Broken(_, why)) => Err(Stop::Skipped(why)),
                other => other,
            }
        }
        Some(answer) if answer.name() == "proceed" => put_tls(run, actor).await,
        Some(answer) => broken(run, &format!("STARTTLS is refused: <{}/>", answer.name())),
        None => broken(run, &format!("STARTTLS is not answered within {}", words(PATIENCE))),
    }
}

/// Puts TLS on the connection of an actor.
async fn put_tls(run: &mut Run, actor: usize) -> Done<Result<(), String>> {
    let Some(conn) = run.cast.get(actor).stream().and_then(Stream::conn) else {
        return broken(run, "there is no connection yet; `open` makes one");
    };
    let wire = run.wire().clone();
    wire.secure(conn);
    match watch(run, PATIENCE, |run| run.wire().secured(conn)).await {
        Some(Ok(())) => {
            if let Some(stream) = run.cast.get_mut(actor).stream_mut() {
                stream.secured();
            }
            Ok(Ok(()))
        }
        Some(Err(NotMade { why, handshake: true })) => Ok(Err(why)),
        Some(Err(NotMade { why, .. })) => broken(run, &format!("no TLS: {why}")),
        None => broken(run, &format!("no TLS within {}", words(PATIENCE))),
    }
}

/// Waits until the server owes nothing: the features have come, or the answer to a ping that stands behind all else.
pub(super) async fn drain_stream(run: &mut Run, actor: usize) -> Done {
    let bound = run.cast.get(actor).jid().is_some();
    let done = if bound {
        let id = ping(run, actor);
        watch(run, PATIENCE, |run| pinged(run, actor, &id).then_some(())).await
    } else {
        watch(run, PATIENCE, |run| run.cast.get(actor).has_features().then_some(())).await
    };
    match done {
        Some(()) => Ok(()),
        None => broken(
            run,
            &format!(
                "setting up, expected {}; none came within {}",
                if bound { "the answer to a ping" } else { "stream features" },
                words(PATIENCE)
            ),
        ),
    }
}

/// Asks the server for an answer; the id of the question.
pub(super) fn ping(run: &mut Run, actor: usize) -> String {
    let id = format!("{PING}{}", run.cast.get_mut(actor).next_number());
    let question = Element::new(ns::CLIENT, "iq")
        .with_attr("type", "get")
        .with_attr("id", &id)
        .with_child(Element::new(ns::PING, "ping"));
    say(run, actor, &question);
    id
}

/// Closes the streams that are open, as a guest should; their connections.
pub(super) fn goodbye(run: &mut Run) -> Vec<ConnId> {
    let wire = run.wire().clone();
    let mut conns = Vec::new();
    for actor in 0..run.cast.len() {
        let Some(stream) = run.cast.get_mut(actor).stream_mut() else { continue };
        let Some(conn) = stream.conn().filter(|&conn| wire.ended(conn).is_none()) else { continue };
        if stream.handshake().is_some_and(|sent| !is_open(&wire, sent)) {
            continue;
        }
        if !stream.has_left() {
            stream.leave(&wire, &[]);
        }
        conns.push(conn);
    }
    conns
}

/// Whether a request for a WebSocket was granted.
fn is_open(wire: &Wire, handshake: SentId) -> bool {
    wire.progress(handshake).got.is_some_and(|got| got.response.status == 101)
}

/// How long a stream is watched that is to stay open.
pub(super) const MOMENT: Duration = Duration::from_millis(300);
