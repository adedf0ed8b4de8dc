//! What a request says of the WebSocket that it asks for, and what it lacks where it was seen (RFC 6455 §4.1).

use crate::rules::page::Whence;
use crate::rules::words::short;
use crate::trace::Request;
use crate::wire::websocket::is_upgrade;

/// What a request says of the WebSocket that it asks for.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// Number of its exchange.
    pub(super) number: u64,
    pub(super) method: String,
    /// Where it wants to go.
    pub(super) whence: Whence,
    /// The subprotocols that it offers.
    pub(super) offers: Vec<String>,
    /// `Sec-WebSocket-Version`
    pub(super) version: Option<String>,
    /// It has `Upgrade: websocket`.
    pub(super) upgrades: bool,
    /// It has header lines that only a request for a WebSocket has, whatever became of `Upgrade`.
    pub(super) is_handshake: bool,
    connection: Option<String>,
    key: Option<String>,
    /// Minor version of HTTP/1.
    minor: u8,
}

impl Asked {
    /// What a request says.
    pub(super) fn of(number: u64, request: &Request) -> Self {
        let headers = &request.headers;
        let one = |name| headers.get(name).map(str::to_owned);
        let list = |name| {
            let values = headers.all(name).flat_map(|value| value.split(','));
            values.map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned).collect()
        };
        let upgrades = headers.all("upgrade").any(is_upgrade);
        let of_websocket = ["sec-websocket-key", "sec-websocket-version", "sec-websocket-protocol"];
        let over_http2 = request.method == "CONNECT" || headers.get(":protocol").is_some();
        let is_handshake = !over_http2
            && (upgrades
                || of_websocket.iter().any(|name| headers.get(name).is_some())
                || headers.get("sec-fetch-mode") == Some("websocket"));
        let connection: Vec<String> = list("connection");
        Self {
            number,
            method: request.method.clone(),
            whence: Whence::of(&request.target, headers),
            offers: list("sec-websocket-protocol"),
            version: one("sec-websocket-version"),
            upgrades,
            is_handshake,
            connection: (!connection.is_empty()).then(|| connection.join(", ")),
            key: one("sec-websocket-key"),
            minor: request.version,
        }
    }

    /// Whether it offers the subprotocol of XMPP.
    pub(super) fn offers_xmpp(&self) -> bool {
        self.offers.iter().any(|offer| offer == "xmpp")
    }

    /// Whether it offers the subprotocol of XMPP, perhaps spelled wrong.
    pub(super) fn means_xmpp(&self) -> bool {
        self.offers.iter().any(|offer| offer.to_ascii_lowercase().contains("xmpp"))
    }

    /// What reverse proxies take away, and is missing here: each a clause.
    pub(super) fn lost(&self) -> Vec<String> {
        let mut lost = Vec::new();
        if !self.upgrades {
            lost.push("it has no Upgrade: websocket".to_owned());
        }
        match &self.connection {
            None => lost.push("it has no Connection: Upgrade".to_owned()),
            Some(tokens) if !tokens.to_ascii_lowercase().contains("upgrade") => {
                lost.push(format!("it says Connection: {} instead of Upgrade", short(tokens)));
            }
            Some(_) => {}
        }
        if self.minor == 0 {
            lost.push("it came as HTTP/1.0".to_owned());
        }
        lost
    }

    /// What a client has to send, and is missing here: each a clause.
    pub(super) fn lacks(&self) -> Vec<String> {
        let mut lacks = Vec::new();
        if self.method != "GET" {
            lacks.push(format!("its method is {} instead of GET", short(&self.method)));
        }
        if self.key.is_none() {
            lacks.push("it has no Sec-WebSocket-Key".to_owned());
        }
        match self.version.as_deref() {
            None => lacks.push("it has no Sec-WebSocket-Version".to_owned()),
            Some("13") => {}
            Some(other) => {
                lacks.push(format!("its Sec-WebSocket-Version is {} instead of 13", short(other)));
            }
        }
        lacks
    }

    /// `foo and bar`, or `nothing`.
    pub(super) fn offered(&self) -> String {
        match &self.offers[..] {
            [] => "no subprotocol".to_owned(),
            offers => {
                let offers: Vec<_> = offers.iter().take(4).map(|offer| short(offer)).collect();
                format!("only {}", offers.join(", "))
            }
        }
    }
}
