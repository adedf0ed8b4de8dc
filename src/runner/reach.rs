//! Whether a target can be reached, and how long a round trip to it takes.

use std::sync::Arc;
use std::time::Duration;

use super::dial::{Dial, Route};
use super::offer::Offer;
use super::target::Target;
use super::wire::{Secrets, Sending, Wire};
use crate::clock::{Clock, words};

/// So many requests are measured.
const REQUESTS: usize = 5;
/// Longer nobody waits for a connection, or for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sees that a target can be reached, and measures round trips. One that serves BOSH or WebSocket answers HTTP; of another
/// it is how long a connection takes.
///
/// # Errors
/// In words, with the address.
pub async fn reach(dial: &Arc<dyn Dial>, target: &Target) -> Result<Duration, String> {
    if target.address.scheme.is_stream() {
        let route = if target.tcp.is_some() { Route::Tcp } else { Route::DirectTls };
        return connect(dial, target, route).await;
    }
    answers(dial, target).await
}

/// How long a connection takes.
async fn connect(dial: &Arc<dyn Dial>, target: &Target, route: Route) -> Result<Duration, String> {
    let clock = Clock::start();
    let why = match tokio::time::timeout(PATIENCE, dial.dial(route, &Offer::default())).await {
        Ok(Ok(_)) => return Ok(clock.now()),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no connection within {}", words(PATIENCE)),
    };
    Err(unreachable(target, &format!("{}: {why}", target.address)))
}

/// Sees that a target answers HTTP, and measures round trips: their median, from the last byte of a request written to
/// the first of its response read. It is a plain GET of the path, which concerns no session.
async fn answers(dial: &Arc<dyn Dial>, target: &Target) -> Result<Duration, String> {
    if let Some(tls) = &target.tls {
        let why =
            match tokio::time::timeout(PATIENCE, dial.dial(Route::Tls, &Offer::default())).await {
                Ok(Ok(_)) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(_) => Some(format!("{tls}: no connection within {}", words(PATIENCE))),
            };
        if let Some(why) = why {
            return Err(unreachable(target, &why));
        }
    }
    let mut times = Vec::new();
    for _ in 0..REQUESTS {
        times.push(once(dial, target).await.map_err(|why| unreachable(target, &why))?);
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}

fn unreachable(target: &Target, why: &str) -> String {
    format!(
        "cannot reach {}: {why}; check that it is running and that the URL is right",
        target.name
    )
}

async fn once(dial: &Arc<dyn Dial>, target: &Target) -> Result<Duration, String> {
    let address = &target.address;
    let wire = Wire::new(Arc::clone(dial), Clock::start(), target, Secrets::Hidden);
    let conn = wire.connect(Route::Usual);
    let head = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        address.path,
        address.authority()
    );
    let sent = wire.send(conn, Sending::whole(head.into_bytes(), "GET".to_owned()));
    let settled = wire
        .until(wire.now() + PATIENCE, || {
            if let Err(why) = wire.connected(conn) {
                return Some(Err(why));
            }
            let progress = wire.progress(sent);
            match (progress.written, &progress.got, &progress.ended) {
                (Some(written), Some(got), _) => {
                    Some(Ok(got.response.first.saturating_sub(written)))
                }
                (_, _, Some(_)) => {
                    Some(Err(format!("{address}: it closes the connection without a response")))
                }
                _ => None,
            }
        })
        .await;
    let late = |what: &str| format!("{address}: {what} within {}", words(PATIENCE));
    settled.unwrap_or_else(|| match wire.connected(conn) {
        Ok(true) => Err(late("it accepts connections, but does not answer a GET")),
        _ => Err(late("no connection")),
    })
}
