//! Stanzas of an actor whose session sends by itself.

use std::time::Duration;

use super::exchange::transmit;
use super::run::Run;
use super::waiting::{rest, watch};

/// So long a client that sends stanzas waits for one of its requests to be answered, if as many are open as may be.
const ROOM: Duration = Duration::from_secs(5);
/// Requests of one client that nobody orders are sent so far apart.
const APART: Duration = Duration::from_millis(20);

/// Sends stanzas for an actor that polls, once it may send another request. The one before it has a little time to
/// arrive: on two connections the later one could be first, and not every connection manager bears that.
pub(super) async fn give(run: &mut Run, actor: usize, stanzas: &str) {
    let deadline = run.now() + ROOM;
    loop {
        let left = deadline.saturating_sub(run.now());
        let room = |run: &mut Run| run.cast.get(actor).link().has_room().then_some(());
        if watch(run, left, room).await.is_none() {
            break;
        }
        let age = match run.cast.get(actor).link().latest_flight() {
            None => APART,
            Some(latest) => match run.wire().progress(latest).written {
                Some(written) => run.now().saturating_sub(written),
                None => Duration::ZERO,
            },
        };
        let short = APART.saturating_sub(age);
        if short.is_zero() || left.is_zero() {
            break;
        }
        rest(run, short).await;
    }
    let now = run.now();
    let requests = run.cast.get_mut(actor).link_mut().send_now(stanzas, now);
    transmit(run, actor, &requests);
}
