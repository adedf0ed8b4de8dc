//! What the tests of WebSocket through the proxy need: a connection whose client and target the test plays, and frames.

use std::net::{Shutdown, TcpStream};

use serde_json::Value;
use xmppscope::wire::websocket::{Head, Opcode};

use crate::rig::{Left, Proxy, Target, expect, rest, send};

pub const FRAMING: &str = "urn:ietf:params:xml:ns:xmpp-framing";

/// A WebSocket through a proxy, with the client and the target played by the test.
pub struct Line {
    pub proxy: Proxy,
    pub client: TcpStream,
    pub server: TcpStream,
}

/// A request for a WebSocket with some more header lines.
pub fn upgrade(more: &str) -> Vec<u8> {
    let lines = "Host: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    format!("GET /ws HTTP/1.1\r\n{lines}{more}\r\n").into_bytes()
}

/// The response to it, with some more header lines.
pub fn switch(more: &str) -> Vec<u8> {
    let lines = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
    format!("HTTP/1.1 101 Switching Protocols\r\n{lines}{more}\r\n").into_bytes()
}

pub const XMPP: &str = "Sec-WebSocket-Protocol: xmpp\r\n";

impl Line {
    /// A WebSocket over which the subprotocol `xmpp` is spoken.
    pub fn open(options: &[&str]) -> Self {
        Self::with(options, "")
    }

    /// The same with this extension.
    pub fn with(options: &[&str], extensions: &str) -> Self {
        let mut line = connected(options);
        let extensions = if extensions.is_empty() {
            String::new()
        } else {
            format!("Sec-WebSocket-Extensions: {extensions}\r\n")
        };
        let lines = format!("{XMPP}{extensions}");
        line.up(&upgrade(&lines));
        line.down(&switch(&lines));
        line
    }

    /// The client sends bytes, and exactly these reach the target.
    #[track_caller]
    pub fn up(&mut self, bytes: &[u8]) {
        send(&mut self.client, bytes);
        expect(&mut self.server, bytes);
    }

    /// The target sends bytes, and exactly these reach the client.
    #[track_caller]
    pub fn down(&mut self, bytes: &[u8]) {
        send(&mut self.server, bytes);
        expect(&mut self.client, bytes);
    }

    /// Both sides close their sockets, the client first, and the proxy is stopped.
    pub fn close(self) -> Left {
        let Self { proxy, client, mut server } = self;
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(rest(&mut server), b"", "nothing more is sent to the target");
        drop((client, server));
        proxy.wait_for_capture("\"closed\"");
        proxy.stop()
    }
}

/// A frame of the client.
pub fn masked(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    written(Head::new(opcode, payload.len() as u64, Some([0x12, 0xfe, 0, 0x80])), payload)
}

/// A frame of the server.
pub fn plain(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    written(Head::new(opcode, payload.len() as u64, None), payload)
}

pub fn written(head: Head, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    head.write_with(payload, &mut bytes);
    bytes
}

/// The lines of JSON about this.
pub fn lines(left: &Left, event: &str) -> Vec<Value> {
    let all = left.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    all.filter(|line| line["event"] == event).collect()
}

/// What the line of JSON about a frame says of these fields, those that are missing left out.
pub fn fields(line: &Value, names: &[&str]) -> String {
    let said =
        names.iter().filter_map(|name| line.get(name).map(|value| format!("{name} {value}")));
    said.collect::<Vec<_>>().join(", ")
}

pub const BITS: [&str; 8] =
    ["opcode", "frames", "masked", "bytes", "reserved", "padded", "unfinished", "clipped"];

/// A connection through a proxy on which nothing has been sent yet.
pub fn connected(options: &[&str]) -> Line {
    let target = Target::start();
    let proxy = Proxy::start(&target.url(), options);
    let (client, server) = (proxy.connect(), target.accept());
    Line { proxy, client, server }
}
