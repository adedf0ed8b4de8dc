//! `connect`, `disconnect`, `disconnected`, `connected`: connections by name.

use std::time::Duration;

use crate::clock::words;
use crate::runner::exchange::{how, route};
use crate::runner::run::Run;
use crate::runner::stop::{Done, Stop};
use crate::runner::waiting::{AT_ONCE, made, watch};
use crate::scenario::matching::FailureKind;
use crate::scenario::{Connect, Disconnect, End, Located, Timespan};
use crate::trace::How;
use crate::wire::Side;

/// Opens a connection.
pub(super) async fn connect(run: &mut Run, connect: &Connect) -> Done {
    let conn = run.wire().connect(route(connect.via.as_ref().map(|via| via.value)));
    run.ledger.name_conn(&connect.name.value, conn);
    made(run, &[conn], &connect.name.place).await
}

/// Ends a connection.
pub(super) async fn disconnect(run: &mut Run, disconnect: &Disconnect) -> Done {
    let conn = run.conn(&disconnect.connection)?;
    let end = disconnect.how.as_ref().map_or(How::Fin, |end| how(end.value));
    let wire = run.wire();
    wire.end(conn, end);
    wire.until(wire.now() + AT_ONCE, || wire.ended(conn)).await;
    Ok(())
}

/// The connection manager ends a connection.
pub(super) async fn disconnected(
    run: &mut Run,
    connection: &Located<String>,
    within: Option<&Located<Timespan>>,
    end: Option<&Located<End>>,
) -> Done {
    let conn = run.conn(connection)?;
    let within = run.span_or(within, AT_ONCE)? + run.target().tolerance.late;
    let ended = watch(run, within, |run| run.wire().ended(conn)).await;
    if let Err(why) = run.wire().connected(conn) {
        return Err(Stop::Broken(connection.place.clone(), format!("cannot connect: {why}")));
    }
    let demanded = end.map(|end| how(end.value));
    let wanted = match demanded {
        None => "the connection to be ended",
        Some(How::Fin) => "the connection to be ended in order",
        Some(How::Reset | How::TimedOut) => "the connection to be reset",
    };
    let seen = match ended {
        None => format!("it is open after {}", words(within)),
        Some(ended) if ended.by == Side::Client => "we ended it ourselves".to_owned(),
        Some(ended) if demanded.is_some_and(|how| how != ended.how) => match ended.how {
            How::Fin => "it was ended in order".to_owned(),
            How::Reset => "it was reset".to_owned(),
            How::TimedOut => "it timed out".to_owned(),
        },
        Some(_) => return Ok(()),
    };
    run.fail(FailureKind::Connection, &connection.place, wanted, seen)
}

/// A connection is still open.
pub(super) async fn connected(
    run: &mut Run,
    connection: &Located<String>,
    during: Option<&Located<Timespan>>,
) -> Done {
    let conn = run.conn(connection)?;
    let during = run.span_or(during, Duration::ZERO)?;
    let Some(ended) = watch(run, during, |run| run.wire().ended(conn)).await else { return Ok(()) };
    let after = words(ended.at.saturating_sub(run.report.at().since));
    run.fail(
        FailureKind::Connection,
        &connection.place,
        "the connection to stay open",
        format!("it was ended after {after}"),
    )
}
