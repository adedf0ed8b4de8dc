//! A WebSocket of ours (RFC 6455, RFC 7395), as a page opens it.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::features::text;
use super::http::{Got, Http, Request, What, findings};
use super::line::{Came, Line};
use crate::doctor::context::Context;
use crate::doctor::endpoint::Endpoint;
use crate::rules::Finding;
use crate::trace::{Fact, Reading, Response};
use crate::wire::websocket::{Opcode, accept, frame};
use crate::xml::Element;
use crate::xmpp::ns;

/// How a handshake is made.
#[derive(Debug, Clone, Copy)]
pub struct Manner<'a> {
    /// As a page of this origin; as a native client if there is none.
    pub origin: Option<&'a str>,
    /// With the subprotocol `xmpp`.
    pub subprotocol: bool,
}

/// A WebSocket that was opened.
pub struct WebSocket {
    line: Line,
    mask: u32,
}

impl WebSocket {
    /// Sends a text message.
    pub async fn send(&mut self, text: &str) {
        self.frame(Opcode::TEXT, text.as_bytes()).await;
    }

    /// Sends a frame.
    pub async fn frame(&mut self, opcode: Opcode, payload: &[u8]) {
        // Masks have to differ, and hide nothing here (RFC 6455 §10.3 is about pages).
        self.mask = self.mask.wrapping_mul(0x9e37_79b9).wrapping_add(0x7f4a_7c15);
        self.line.write(&frame(opcode, payload, Some(self.mask.to_be_bytes()))).await;
    }

    /// The next thing that comes; pings are answered.
    pub async fn next(&mut self, until: Duration) -> Option<Came> {
        let came = self.line.next(until).await?;
        if let Fact::Frame(frame) = &came.fact
            && frame.opcode == Opcode::PING.0
        {
            let payload = frame.content.bytes.clone();
            self.frame(Opcode::PONG, &payload).await;
        }
        Some(came)
    }

    /// The next element; what else comes is passed over. None if none comes until then.
    pub async fn element(&mut self, until: Duration) -> Option<Element> {
        loop {
            match self.next(until).await?.reading {
                Reading::Element(element) => return Some(*element),
                Reading::Header(header) => return Some(*header),
                _ => {}
            }
        }
    }

    /// Whether the connection is known to have ended.
    pub fn is_over(&self) -> bool {
        self.line.is_over()
    }

    /// The line below.
    pub fn line(&self) -> &Line {
        &self.line
    }

    /// The line below, once it is over.
    pub fn into_line(self) -> Line {
        self.line
    }
}

/// `<open/>` to a domain.
pub fn open_element(domain: &str) -> String {
    let open =
        Element::new(ns::FRAMING, "open").with_attr("to", domain).with_attr("version", "1.0");
    text(&open)
}

/// What came of a handshake.
pub enum Upgrade {
    /// It is open; the response.
    Open(WebSocket, Box<Response>),
    /// It was refused: with what, and what the rules say.
    Refused(Got, Vec<Finding>),
}

/// Makes a handshake.
pub async fn upgrade(
    context: &Context,
    endpoint: &Endpoint,
    at: SocketAddr,
    manner: Manner<'_>,
) -> Upgrade {
    let key = STANDARD.encode(context.number().to_be_bytes().repeat(2));
    let mut request = Request::new("GET", &endpoint.address.path)
        .with("Upgrade", "websocket")
        .with("Connection", "Upgrade")
        .with("Sec-WebSocket-Version", "13")
        .with("Sec-WebSocket-Key", &key)
        .from(manner.origin);
    if manner.subprotocol {
        request = request.with("Sec-WebSocket-Protocol", "xmpp");
    }
    let mut http = match Http::open(context, endpoint, at).await {
        Ok(http) => http,
        Err(unmade) => {
            let got = Got { held: Duration::ZERO, what: What::Unmade(unmade) };
            return Upgrade::Refused(got, Vec::new());
        }
    };
    let got = http.ask(&request).await;
    match got.what {
        What::Response(response, _)
            if response.status == 101
                && response.headers.get("sec-websocket-accept") == Some(&*accept(&key)) =>
        {
            let mask = context.number() as u32;
            Upgrade::Open(WebSocket { line: http.into_line(), mask }, response)
        }
        what => Upgrade::Refused(Got { what, ..got }, findings(http.finish().await)),
    }
}

/// Opens a WebSocket as a page does, and a stream on it up to its features: for a login.
pub async fn open(
    context: &Context,
    endpoint: &Endpoint,
    at: SocketAddr,
) -> Result<WebSocket, String> {
    let manner = Manner { origin: context.settings.origin.as_deref(), subprotocol: true };
    match upgrade(context, endpoint, at, manner).await {
        Upgrade::Open(mut socket, _) => {
            socket.send(&open_element(&context.settings.domain)).await;
            Ok(socket)
        }
        Upgrade::Refused(got, _) => Err(match got.response() {
            Some(response) => format!("a WebSocket is refused (HTTP {})", response.status),
            None => "no WebSocket can be opened".to_owned(),
        }),
    }
}
