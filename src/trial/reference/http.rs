//! One exchange of HTTP/1.1 over a connection that lives on.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::wire::Side;
use crate::wire::http1::{Dialogue, Piece};
use crate::wire::socket::Socket;

/// Posts a body and reads the response: its status and its content.
pub(super) async fn post(stream: &mut Socket, content: &str) -> io::Result<(u16, Vec<u8>)> {
    let request = format!(
        "POST /http-bind HTTP/1.1\r\nHost: {}\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: {}\r\n\r\n{content}",
        stream.tcp().peer_addr()?,
        content.len()
    );
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    let mut dialogue = Dialogue::default();
    dialogue.feed(Side::Client, request.as_bytes(), &mut |_| {});
    let mut buffer = vec![0; 16 << 10];
    let (mut status, mut body, mut done) = (0, Vec::new(), false);
    while !done {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut odd = None;
        dialogue.feed(Side::Server, &buffer[..read], &mut |piece| match piece {
            Piece::Response { head, interim: false, .. } => status = head.code.unwrap_or(0),
            Piece::Content(bytes) => body.extend_from_slice(bytes),
            Piece::End => done = true,
            Piece::NotHttp(why) => odd = Some(io::Error::other(why)),
            _ => {}
        });
        if let Some(error) = odd {
            return Err(error);
        }
    }
    Ok((status, body))
}
