//! What targets provide and do.

/// What a target may provide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Provision {
    /// Anonymous logins.
    Anonymous,
    /// The account `alice`.
    Account,
    /// The accounts `alice` and `bob`.
    Accounts,
    /// Multi-user chat rooms.
    Rooms,
    /// An address with TLS.
    Tls,
    /// An address without TLS.
    Plain,
    /// An address of BOSH.
    Bosh,
    /// An address of HTTP, be it that of BOSH or of WebSocket.
    Http,
    /// An address of WebSocket.
    WebSocket,
    /// An address of TCP.
    Tcp,
    /// An address of TCP with TLS from the first byte.
    DirectTls,
    /// Certificates of clients.
    Certificates,
    /// Compressed requests and responses.
    Compression,
    /// A server of its own behind the connection manager.
    Upstream,
    /// Commands that stop and start it.
    Control,
    /// Time: the scenario waits for more than half a minute.
    Slow,
}

/// What a target's commands do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Stops the connection manager in an orderly way.
    Stop,
    /// Starts it.
    Start,
    /// Stops the server behind it.
    StopUpstream,
    /// Starts the server behind it.
    StartUpstream,
}
