//! A client's end of a stream over TCP (RFC 6120 §4), on which TLS may begin (§5).

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::came::Came;
use super::way::Way;
use crate::cm::stream::reader::{Item, Reader};
use crate::wire::socket::Socket;
use crate::xml::{Element, Limits, Scope, write};
use crate::xmpp::ns;

/// What the header of the stream declares for all elements in it.
const SCOPE: Scope<'_> = Scope { default: ns::CLIENT, prefixes: &[(ns::STREAMS, "stream")] };

/// A connection that carries a stream.
pub(super) struct Tcp {
    /// None while TLS is agreed on, and when that has failed.
    stream: Option<Socket>,
    reader: Reader,
}

impl Tcp {
    pub(super) async fn open(way: &Way) -> io::Result<Self> {
        let stream = Some(way.connect().await?);
        Ok(Self { stream, reader: Reader::new(Limits::default()) })
    }

    /// Begins TLS.
    pub(super) async fn secure(&mut self, way: &Way) -> io::Result<()> {
        if let Some(stream) = self.stream.take() {
            self.stream = Some(way.secure(stream).await?);
        }
        Ok(())
    }

    fn stream(&mut self) -> io::Result<&mut Socket> {
        self.stream.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// Opens the stream, or opens it anew.
    pub(super) async fn begin(&mut self, domain: &str) -> io::Result<()> {
        self.reader.renew();
        let header = format!(
            "<?xml version='1.0'?><stream:stream xmlns='{}' xmlns:stream='{}' to='{domain}' version='1.0'>",
            ns::CLIENT,
            ns::STREAMS
        );
        self.say(&header).await
    }

    pub(super) async fn send(&mut self, element: &Element) -> io::Result<()> {
        let mut text = String::new();
        write(element, &SCOPE, &mut text);
        self.say(&text).await
    }

    pub(super) async fn say(&mut self, text: &str) -> io::Result<()> {
        let stream = self.stream()?;
        stream.write_all(text.as_bytes()).await?;
        stream.flush().await
    }

    /// Sends nothing more.
    pub(super) async fn shut(&mut self) -> io::Result<()> {
        self.stream()?.shutdown().await
    }

    /// What came; none when the connection is closed. Can be given up at any time.
    pub(super) async fn receive(&mut self) -> io::Result<Option<Vec<Came>>> {
        let mut buffer = vec![0; 16 << 10];
        let read = self.stream()?.read(&mut buffer).await?;
        if read == 0 {
            return Ok(None);
        }
        let (mut rest, mut all) = (&buffer[..read], Vec::new());
        while let Some(item) = self.reader.read(&mut rest).map_err(io::Error::other)? {
            match item {
                Item::Element(element) => all.push(Came::Element(element)),
                Item::End => {
                    all.push(Came::End);
                    break;
                }
                Item::Header(_) | Item::Misnamed(_) => {}
            }
        }
        Ok(Some(all))
    }
}
