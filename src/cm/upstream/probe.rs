//! Whether the server can be reached and serves its domains.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::backend::Upstream;
use super::harmless::harmless;
use super::link;
use super::settings::Settings;
use crate::bosh::Condition;
use crate::cm::backend::{Event, Opening};
use crate::xml::{Scope, write};

/// Opens a stream to each domain of `settings`, or a connection if it names none, and says in a sentence what is
/// wrong with the first that can't be opened.
pub async fn probe(settings: &Arc<Settings>) -> Result<(), String> {
    if settings.domains.is_empty() {
        return settings.address.connect().await.map(drop);
    }
    for domain in &settings.domains {
        let wake = Arc::new(Notify::new());
        let upstream = Upstream::new(Arc::clone(settings), Arc::clone(&wake), Handle::current());
        let (commands, out) = upstream.enter(0);
        let opening =
            Opening { to: domain.clone(), version: Some("1.0".into()), ..Opening::default() };
        let mut task = std::pin::pin!(link::run(opening, settings, commands, out));
        let mut first = None;
        let reason = loop {
            tokio::select! {
                ended = &mut task => break ended,
                () = wake.notified() => {
                    let mut queue = upstream.shared.lock();
                    first = first.or(queue.events.pop_front());
                    queue.links.clear(); // that is all we wanted to know
                }
            }
        };
        let first = first.or_else(|| upstream.shared.lock().events.pop_front());
        match first.map(|(_, event)| event) {
            Some(Event::Opened { .. }) => {}
            Some(Event::Failed(Condition::HostUnknown | Condition::HostGone)) => {
                return Err(format!("it does not serve {domain}"));
            }
            Some(Event::Error(error)) => {
                let mut text = String::new();
                write(&error, &Scope { default: "", prefixes: &[] }, &mut text);
                return Err(format!("it answers a stream to {domain} with {}", harmless(&text)));
            }
            _ => return Err(reason.unwrap_or_else(|| format!("no stream to {domain} opens"))),
        }
    }
    Ok(())
}
