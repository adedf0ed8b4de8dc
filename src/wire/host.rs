//! The one edit that is made on the path: the `Host` header of requests.

use super::Side;
use super::http1::{Dialogue, Piece};

/// Replaces the value of `Host` in every request head that passes.
#[derive(Debug)]
pub struct HostEditor {
    host: String,
    dialogue: Dialogue,
}

impl HostEditor {
    /// An editor that sets `Host` to `host`.
    pub fn new(host: String) -> Self {
        Self { host, dialogue: Dialogue::default() }
    }

    /// The bytes to send for those that came. An unfinished head is kept until it is complete.
    pub fn edit(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len() + 64);
        let Self { host, dialogue } = self;
        dialogue.feed(Side::Client, bytes, &mut |piece| write(&piece, host, &mut out));
        out
    }

    /// What was kept when the client's last byte has come.
    pub fn finish(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        let Self { host, dialogue } = self;
        dialogue.finish(Side::Client, &mut |piece| write(&piece, host, &mut out));
        out
    }
}

fn write(piece: &Piece<'_>, host: &str, out: &mut Vec<u8>) {
    match piece {
        Piece::Request(_, raw) => replace(raw, host, out),
        Piece::Content(bytes) | Piece::Framing(bytes) | Piece::Raw(bytes) => {
            out.extend_from_slice(bytes);
        }
        Piece::Response { .. } | Piece::End | Piece::Cut | Piece::NotHttp(_) => {}
    }
}

/// Only the value changes: order, case and every other byte of the head stay. A head without `Host` stays so.
fn replace(head: &[u8], host: &str, out: &mut Vec<u8>) {
    for line in head.split_inclusive(|&b| b == b'\n') {
        let name = line.get(..5).unwrap_or_default();
        if name.eq_ignore_ascii_case(b"host:") {
            out.extend_from_slice(name);
            out.push(b' ');
            out.extend_from_slice(host.as_bytes());
            let end = line.trim_ascii_end().len();
            out.extend_from_slice(&line[end..]);
        } else {
            out.extend_from_slice(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_alone_is_changed_wherever_the_bytes_are_cut() {
        let sent =
            b"POST /a HTTP/1.1\r\nhOST:a.example:80\r\nX: Host: b\r\nContent-Length: 7\r\n\r\n\
            Host: xPOST /b HTTP/1.0\r\nX: y\r\n\r\n\x16raw";
        let want =
            b"POST /a HTTP/1.1\r\nhOST: chat.example\r\nX: Host: b\r\nContent-Length: 7\r\n\r\n\
            Host: xPOST /b HTTP/1.0\r\nX: y\r\n\r\n\x16raw";
        for step in 1..sent.len() {
            let mut editor = HostEditor::new("chat.example".to_owned());
            let mut out = Vec::new();
            for part in sent.chunks(step) {
                out.extend(editor.edit(part));
            }
            out.extend(editor.finish());
            assert_eq!(out.escape_ascii().to_string(), want.escape_ascii().to_string());
        }
    }
}
