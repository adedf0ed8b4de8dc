//! How clients are tested: which one, where, and with how much patience.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use super::command::Client;
use super::tls::Trust;

/// How clients are tested.
pub struct Bench {
    /// The client.
    pub client: Client,
    /// The page that the client is, if it runs in a browser: whoever is the client opens it.
    pub page: Option<PathBuf>,
    /// Where the server listens; at a free port of this machine by default.
    pub listen: Option<SocketAddr>,
    /// TLS of the servers.
    pub trust: Arc<Trust>,
    /// All that a client may take its time for takes so many times as long: for slow ones, and slow machines.
    pub patience: u32,
    /// Tells a person what to do.
    pub announce: Box<dyn Fn(&str) + Send + Sync>,
}
