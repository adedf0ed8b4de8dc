//! The pace of requests that no step spells out. A connection manager may refuse an empty request as overactivity if it is
//! the last of `requests` that wait for a response, and comes within `polling` seconds of the one before it (XEP-0124 §11);
//! or if it follows another so soon in a session that polls (§12).

use std::time::Duration;

use super::exchange::{ask, with_content};
use super::judge;
use super::ledger::SentRequest;
use super::run::Run;
use super::spacing::until_empty;
use super::waiting::rest;
use super::wire::{ReceivedResponse, SentId};
use crate::client::bosh::Book;

/// The next request of a session, which nobody may refuse as overactivity: empty, once that is allowed; or at once with a
/// payload that asks for no answer, where the session may have stanzas.
pub(super) async fn ask_in_pace(run: &mut Run, actor: usize) -> SentRequest {
    rest(run, pause(run, actor)).await;
    if until_empty(run, actor).is_zero() {
        return ask(run, actor, Book::draft);
    }
    let id = run.cast.get_mut(actor).next_number();
    ask(
        run,
        actor,
        with_content(&format!("<iq xmlns='jabber:client' type='result' id='none-{id}'/>")),
    )
}

/// How long such a request has to wait.
pub(super) fn pause(run: &Run, actor: usize) -> Duration {
    match run.cast.get(actor).jid() {
        Some(_) => Duration::ZERO,
        None => until_empty(run, actor),
    }
}

/// The lag of this machine by which a request came when its session was lawfully over: the session was without a request for
/// longer than `inactivity` (XEP-0124 §10).
pub(super) fn overslept(
    run: &Run,
    actor: usize,
    sent: SentId,
    got: &ReceivedResponse,
) -> Option<Duration> {
    if !judge::is_gone(got) {
        return None;
    }
    let link = run.cast.get(actor).link();
    let inactivity = link.book().grant()?.inactivity()?;
    let written = run.wire().progress(sent).written?;
    let before = link.all_sent().iter().take_while(|&&before| before < sent);
    let answered = before.map(|&before| run.got(before).map_or(written, |got| got.at)).max()?;
    let excess = written.saturating_sub(answered).checked_sub(inactivity)?;
    run.lag(answered, excess)
}
