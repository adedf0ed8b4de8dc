//! A WebSocket: a client's end over TCP or TLS (RFC 6455, RFC 7395).

use std::io;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::habit::Habit;
use super::way::Way;
use crate::random::{Random, Secure};
use crate::wire::websocket::{Endpoint, Opcode, Received, Violation, frame};
use crate::wire::{Side, socket};
use crate::xml::{Element, Limits, Scope, parse, write};

/// A message is not longer.
const LIMIT: usize = 1 << 20;
/// The head of the response to a handshake is not longer.
const HEAD: usize = 4096;

/// A WebSocket that carries XMPP.
pub(super) struct Socket {
    stream: socket::Socket,
    endpoint: Endpoint,
    random: Secure,
    received: Vec<Received>,
    /// It has sent its Close frame.
    closing: bool,
    habit: Option<Habit>,
}

impl Socket {
    /// Opens a WebSocket.
    pub(super) async fn open(way: &Way, habit: Option<Habit>) -> io::Result<Self> {
        let mut stream = way.connect().await?;
        let address = stream.tcp().peer_addr()?;
        let mut random = Secure::default();
        let mut nonce = [0; 16];
        random.fill(&mut nonce);
        let request = format!(
            "GET /xmpp-websocket HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {}\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n",
            BASE64_STANDARD.encode(nonce)
        );
        stream.write_all(request.as_bytes()).await?;
        stream.flush().await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") && head.len() < HEAD {
            head.push(stream.read_u8().await?);
        }
        if !head.starts_with(b"HTTP/1.1 101 ") {
            return Err(io::Error::other("the WebSocket was refused"));
        }
        // Without it, nothing of XMPP may be sent (RFC 7395 section 3.1).
        let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
        let agreed = head.lines().any(|line| line.trim() == "sec-websocket-protocol: xmpp");
        if !agreed && habit != Some(Habit::Careless) {
            return Err(io::Error::other("the server did not agree on the subprotocol xmpp"));
        }
        let endpoint = Endpoint::across_from(Side::Server, LIMIT);
        Ok(Self { stream, endpoint, random, received: Vec::new(), closing: false, habit })
    }

    /// Sends an element.
    pub(super) async fn send(&mut self, element: &Element) -> io::Result<()> {
        let mut text = String::new();
        write(element, &Scope { default: "", prefixes: &[] }, &mut text);
        self.say(&text).await
    }

    /// Sends a text.
    pub(super) async fn say(&mut self, text: &str) -> io::Result<()> {
        self.frame(Opcode::TEXT, text.as_bytes()).await
    }

    /// Begins to close the WebSocket.
    pub(super) async fn close(&mut self) -> io::Result<()> {
        self.closing = true;
        self.frame(Opcode::CLOSE, &1000_u16.to_be_bytes()).await
    }

    async fn frame(&mut self, opcode: Opcode, payload: &[u8]) -> io::Result<()> {
        let mut mask = [0; 4];
        self.random.fill(&mut mask);
        let mask = Some(mask).filter(|_| self.habit != Some(Habit::Unmasked));
        self.stream.write_all(&frame(opcode, payload, mask)).await?;
        self.stream.flush().await
    }

    /// The elements that came; none when the WebSocket is closed, which this end then does too. Can be given up at any time.
    pub(super) async fn receive(&mut self) -> io::Result<Option<Vec<Element>>> {
        let mut buffer = vec![0; 16 << 10];
        let read = self.stream.read(&mut buffer).await?;
        if read == 0 {
            return Ok(None);
        }
        let fed = self.endpoint.feed(&buffer[..read], &mut self.received);
        if let Err(Violation { status, words }) = fed
            && self.habit != Some(Habit::Lenient)
        {
            self.frame(Opcode::CLOSE, &status.to_be_bytes()).await?;
            return Err(io::Error::other(words));
        }
        let mut elements = Vec::new();
        for received in std::mem::take(&mut self.received) {
            match received {
                Received::Text(text) => {
                    let element = parse(text.as_bytes(), &Limits::default());
                    elements.push(element.map_err(io::Error::other)?);
                }
                Received::Ping(content) => self.frame(Opcode::PONG, &content).await?,
                Received::Pong => {}
                Received::Close(_) => {
                    // One Close frame is enough (RFC 6455 section 5.5.1).
                    if !self.closing {
                        self.close().await?;
                    }
                    return Ok(None);
                }
            }
        }
        Ok(Some(elements))
    }
}
