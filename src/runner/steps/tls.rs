//! `starttls`, `secured`: TLS on the connections of streams over TCP.

use crate::runner::carried::stream;
use crate::runner::compare::mismatch;
use crate::runner::dial::Route;
use crate::runner::offer::Negotiated;
use crate::runner::open_stream::secure;
use crate::runner::run::Run;
use crate::runner::setting_up::PATIENCE;
use crate::runner::stop::{Done, Stop};
use crate::runner::waiting::watch;
use crate::scenario::matching::FailureKind;
use crate::scenario::{Place, Reference, Secured, TlsVersion, Value};
use crate::wire::presented::{Flaw, Presented, VALID};

/// Asks for TLS, and puts it on the connection.
pub(super) async fn starttls(run: &mut Run, actor: &Reference) -> Done {
    let place = &actor.name.place;
    let actor = run.actor_named(actor)?;
    match secure(run, actor).await? {
        Ok(()) => Ok(()),
        Err(why) => unsecured(run, place, why),
    }
}

fn unsecured(run: &mut Run, place: &Place, seen: String) -> Done {
    run.fail(FailureKind::Connection, place, "TLS to be negotiated on the connection", seen)?;
    Err(Stop::Failed)
}

/// TLS is on the connection of an actor, which is made first if there is none.
pub(super) async fn secured(run: &mut Run, secured: &Secured) -> Done {
    let actor = run.actor_named(&secured.actor)?;
    let place = secured.actor.name.place.clone();
    let negotiated = match negotiated(run, actor, &place).await? {
        Ok(negotiated) => negotiated,
        Err(why) => return unsecured(run, &place, why),
    };
    let version = TlsVersion::ALL
        .iter()
        .find_map(|(word, _)| negotiated.tls.version.ends_with(word).then_some(*word))
        .unwrap_or(&negotiated.tls.version);
    let certificate = negotiated.presented.as_ref().map(flaws);
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    let parts = [
        ("the version of TLS", &secured.version, text(version)),
        (
            "the protocol selected by ALPN",
            &secured.alpn,
            negotiated.tls.alpn.as_deref().and_then(text),
        ),
        ("the certificate", &secured.certificate, certificate.as_deref().and_then(text)),
    ];
    for (name, expected, seen) in parts {
        let Some(expected) = expected else { continue };
        for found in expected.compare(name, seen.as_ref(), run)? {
            mismatch(run, &found, &place, None)?;
        }
    }
    Ok(())
}

/// What was negotiated on the connection of an actor; why not, if the server did not bring the handshake to its end.
async fn negotiated(
    run: &mut Run,
    actor: usize,
    place: &Place,
) -> Done<Result<Negotiated, String>> {
    let wire = run.wire().clone();
    let of = stream(run, actor, place)?;
    let (route, offer) = (of.route(), of.offer().clone());
    let there = of.conn().filter(|&conn| wire.ended(conn).is_none());
    let conn = if let Some(conn) = there {
        conn
    } else {
        run.cast.get_mut(actor).renew();
        let conn = wire.connect_offering(route, offer);
        stream(run, actor, place)?.begin(conn, None);
        conn
    };
    let made = watch(run, PATIENCE, |run| match run.wire().connected(conn) {
        Ok(false) => None,
        Ok(true) => Some(Ok(())),
        Err(why) => Some(Err(why)),
    });
    match made.await {
        Some(Ok(())) => {}
        Some(Err(why)) if wire.handshake_failed(conn) => return Ok(Err(why)),
        Some(Err(why)) => {
            return Err(Stop::Broken(place.clone(), format!("cannot connect: {why}")));
        }
        None if route == Route::DirectTls => {
            return Ok(Err("no TLS connection within the time".to_owned()));
        }
        None => return Err(Stop::Broken(place.clone(), "cannot connect".to_owned())),
    }
    Ok(wire
        .negotiated(conn)
        .ok_or_else(|| "the connection has no TLS; put a `starttls` step before".to_owned()))
}

/// What is wrong with a certificate, in words.
fn flaws(presented: &Presented) -> String {
    let flaws = presented.flaws();
    if flaws.is_empty() {
        return VALID.to_owned();
    }
    let words = Flaw::ALL.iter().filter(|(_, flaw)| flaws.contains(flaw)).map(|(word, _)| *word);
    words.collect::<Vec<_>>().join(" ")
}
