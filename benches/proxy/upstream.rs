//! The server that the proxies are measured before: answers BOSH-like requests as fast as it can.
//!
//! `bench-upstream PORT`. A request without `sid` opens a session; after that it goes by path: `/http-bind`
//! is answered at once with a small body, `/big` with 1 MB, `/hold` not at all until the client goes. Over WebSocket a message is
//! answered by a message: a small one by a small one, a large one by 1 MB.
#![allow(clippy::unwrap_used)] // a measuring tool stops where it stands

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use xmppscope::wire::websocket::{self, Head, Opcode, Piece, Reader};

const SMALL: &str = "<body xmlns='http://jabber.org/protocol/httpbind'>\
    <message xmlns='jabber:client' from='bob@localhost/web' to='alice@localhost/web' type='chat' id='m1'>\
    <body>All quiet here, and there?</body></message></body>";
/// A request up to this size is looked at, a larger one only counted.
const LOOK: usize = 16 << 10;
const MEGABYTE: usize = 1 << 20;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let port = std::env::args().nth(1).expect("usage: bench-upstream PORT").parse().unwrap();
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let small: &[u8] = Vec::leak(answer(SMALL.as_bytes()));
    let text = format!(
        "<body xmlns='http://jabber.org/protocol/httpbind'><message xmlns='jabber:client'><body>{}</body></message></body>",
        "x".repeat(MEGABYTE)
    );
    let big: &[u8] = Vec::leak(answer(text.as_bytes()));
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, port).into()).unwrap();
    let listener: TcpListener = socket.listen(8192).unwrap();
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            tokio::spawn(serve(stream, small, big));
        }
    }
}

/// The answer that opens a session.
fn opened() -> Vec<u8> {
    static SESSIONS: AtomicU64 = AtomicU64::new(0);
    // spread over all digits, as a random sid would be
    let sid = SESSIONS.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    answer(
        format!(
            "<body xmlns='http://jabber.org/protocol/httpbind' sid='{sid:016x}' wait='60' hold='1' requests='2' \
             inactivity='60' polling='5' ver='1.6' from='localhost' xmlns:xmpp='urn:xmpp:xbosh' xmpp:version='1.0'/>"
        )
        .as_bytes(),
    )
}

fn answer(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nAccess-Control-Allow-Origin: *\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

async fn serve(mut stream: TcpStream, small: &'static [u8], big: &'static [u8]) -> Option<()> {
    let mut buffer = Vec::with_capacity(1024);
    loop {
        let end = loop {
            if let Some(end) = memchr::memmem::find(&buffer, b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut buffer).await.ok()? == 0 {
                return None;
            }
        };
        let head = std::str::from_utf8(&buffer[..end]).ok()?;
        let path = head.split(' ').nth(1)?.to_owned();
        if path == "/ws" {
            return serve_websocket(stream, head).await;
        }
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
        });
        let length: usize = length.unwrap_or(0);
        if length <= LOOK {
            while buffer.len() < end + length {
                if stream.read_buf(&mut buffer).await.ok()? == 0 {
                    return None;
                }
            }
            let opens = memchr::memmem::find(&buffer[end..end + length], b" sid=").is_none();
            buffer.drain(..end + length);
            if opens {
                stream.write_all(&opened()).await.ok()?;
                continue;
            }
        } else {
            let mut left = end + length - buffer.len();
            buffer.clear();
            let mut large = vec![0; 128 << 10];
            while left > 0 {
                let room = large.len().min(left);
                match stream.read(&mut large[..room]).await.ok()? {
                    0 => return None,
                    n => left -= n,
                }
            }
        }
        match path.as_str() {
            "/hold" => while stream.read_buf(&mut buffer).await.ok()? > 0 {},
            "/big" => stream.write_all(big).await.ok()?,
            _ => stream.write_all(small).await.ok()?,
        }
    }
}

/// A WebSocket, from the request that asks for it on.
async fn serve_websocket(mut stream: TcpStream, head: &str) -> Option<()> {
    let key = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key").then(|| value.trim())
    })?;
    let switch = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {}\r\n\
         Sec-WebSocket-Protocol: xmpp\r\n\r\n",
        websocket::accept(key)
    );
    stream.write_all(switch.as_bytes()).await.ok()?;
    let message = |text: &str| {
        let stanza = format!(
            "<message xmlns='jabber:client' from='bob@localhost/web'><body>{text}</body></message>"
        );
        let mut bytes = Vec::new();
        Head::new(Opcode::TEXT, stanza.len() as u64, None)
            .write_with(stanza.as_bytes(), &mut bytes);
        bytes
    };
    let small = message("All quiet here, and there?");
    let mut big = Vec::new();
    let (mut reader, mut length) = (Reader::default(), 0);
    // Small, so that a WebSocket that is idle needs little.
    let mut buffer = vec![0; 4096];
    loop {
        let read = match stream.read(&mut buffer).await.ok()? {
            0 => return None,
            read => read,
        };
        if read == buffer.len() {
            buffer.resize(128 << 10, 0);
        }
        let mut due = Vec::new();
        reader.feed(&buffer[..read], &mut |piece| match piece {
            Piece::Head(head, _) => length = head.length,
            Piece::End => due.push(length),
            _ => {}
        });
        for length in due {
            if length <= LOOK as u64 {
                stream.write_all(&small).await.ok()?;
            } else {
                if big.is_empty() {
                    big = message(&"x".repeat(MEGABYTE));
                }
                stream.write_all(&big).await.ok()?;
            }
        }
    }
}
