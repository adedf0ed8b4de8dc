//! `cm --fault`: the relay of `proxy` before the connection manager, in the same process. Clients meet the relay; the connection
//! manager listens behind it, where nobody else looks for it.

use std::io;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;

use super::streams::Listeners;
use crate::cli::Failure;
use crate::clock::Clock;
use crate::cm::http::serve::Service;
use crate::cm::tcp::Protection;
use crate::fault::Faults;
use crate::proxy::Proxy;
use crate::wire::address::Address;
use crate::wire::tap::Queue;

/// What is served, and what stands before it.
pub(super) struct Before {
    pub(super) listener: TcpListener,
    pub(super) listeners: Listeners,
    pub(super) relays: Vec<(TcpListener, Proxy)>,
}

/// Puts a relay with these faults before each listener. Without a queue, nobody looks at what passes.
pub(super) async fn before(
    faults: Faults,
    (listener, listeners): (TcpListener, Listeners),
    queue: Option<Arc<Queue>>,
    clock: Clock,
) -> Result<Before, Failure> {
    let queue = queue.unwrap_or_else(Queue::unheard);
    let relay = |target: Address| Proxy {
        faults: Some(faults.clone()),
        ..Proxy::before(target, Arc::clone(&queue), clock)
    };
    let (inner, address) = inside("http").await?;
    let mut relays = vec![(listener, relay(address))];
    let mut inners = Vec::new();
    for (outer, bound, protection) in listeners.0 {
        let scheme = if matches!(protection, Protection::Direct(_)) { "xmpps" } else { "xmpp" };
        let (inner, address) = inside(scheme).await?;
        let mut proxy = relay(address);
        if let Protection::StartTls(config) | Protection::Direct(config) = &protection {
            let taking_over = proxy.taking_over(Arc::clone(config));
            proxy = taking_over.map_err(|error| Failure::Environment(error.to_string()))?;
        }
        relays.push((outer, proxy));
        inners.push((inner, bound, protection));
    }
    Ok(Before { listener: inner, listeners: Listeners(inners), relays })
}

/// A listener that only this machine reaches.
async fn inside(scheme: &str) -> Result<(TcpListener, Address), Failure> {
    let failed = |error: io::Error| Failure::Environment(format!("cannot listen: {error}"));
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    let address = format!("{scheme}://{bound}").parse();
    let address =
        address.map_err(|_| Failure::Environment("cannot name its own port".to_owned()))?;
    Ok((listener, address))
}

impl Before {
    /// Serves clients until `stop` is done; what the connection manager says at the end still passes.
    pub(super) async fn serve(self, service: Arc<Service>, stop: impl Future<Output = ()>) {
        let Self { listener, listeners, relays } = self;
        listeners.serve(&service);
        let over = watch::Sender::new(false);
        let relays: Vec<_> = relays
            .into_iter()
            .map(|(listener, proxy)| {
                let mut over = over.subscribe();
                tokio::spawn(async move {
                    let over = async move {
                        let _ = over.wait_for(|over| *over).await; // a sender that is gone means the same
                    };
                    proxy.serve(listener, over).await;
                })
            })
            .collect();
        service.serve(listener, stop).await;
        over.send_replace(true);
        for relay in relays {
            let _ = relay.await; // it has said what went wrong, if anything did
        }
    }
}
