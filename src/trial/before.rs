//! What stands before a server to change what passes, or to take TLS over.

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;

use crate::clock::Clock;
use crate::fault::Faults;
use crate::proxy::Proxy;
use crate::wire::address::{Address, AddressError, Scheme};
use crate::wire::tap::Queue;
use crate::wire::tls;

/// Connections that one client may have at once.
const CONNECTIONS: usize = 200;

/// A proxy before a server of this process, whose certificate it need not verify. With TLS towards the client, it accepts
/// that at once or takes STARTTLS over, as the target says.
///
/// # Errors
/// The target is no address.
pub(super) fn before(
    target: &str,
    accept: Option<Arc<ServerConfig>>,
    faults: Option<Faults>,
    queue: Arc<Queue>,
    clock: Clock,
) -> io::Result<Proxy> {
    let target: Address =
        target.parse().map_err(|error: AddressError| io::Error::other(error.to_string()))?;
    let connect = (target.scheme == Scheme::Https).then(|| tls::client(None, true)).transpose();
    let proxy = Proxy::before(target, queue, clock);
    let proxy = match accept {
        Some(accept) => proxy.taking_over(accept).map_err(io::Error::other)?,
        None => proxy,
    };
    Ok(Proxy {
        connect: connect.map_err(io::Error::other)?,
        faults,
        connections: CONNECTIONS,
        ..proxy
    })
}
