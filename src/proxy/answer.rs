//! What the proxy says itself: causes in sentences, and the answer a client gets when the target gives none.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use rustls::{AlertDescription, CertificateError};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::wire::Side;
use crate::wire::address::Address;
use crate::wire::socket::Socket;
use crate::wire::tap::Tap;
use crate::wire::tls;
use crate::xmpp::ns;

/// How long a client may take for its request or its stream header, if it gets an error in place of the target's answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a peer may take for a TLS handshake, or a part of one.
const HANDSHAKE: Duration = Duration::from_secs(30);
/// How long the proxy reads on after its own answer, so that a reset does not overtake it.
const LINGER: Duration = Duration::from_secs(2);

/// Reports the cause, waits for the client's request and answers it with 502.
pub(super) async fn refuse(mut client: Socket, mut tap: Tap, cause: String) {
    tracing::debug!("{cause}");
    tap.failed(cause.clone());
    let mut buffer = vec![0; 16 * 1024];
    let request = async {
        while !tap.dialogue().unanswered() {
            match client.read(&mut buffer).await {
                Ok(0) | Err(_) => return false,
                Ok(n) => tap.passed(Side::Client, &buffer[..n]),
            };
            if tap.dialogue().client_is_raw() && !tap.dialogue().unanswered() {
                // Nothing that could be answered: the connection ends, as it would have without us.
                return false;
            }
        }
        true
    };
    if tokio::time::timeout(PATIENCE, request).await != Ok(true) {
        return tap.close();
    }
    let answer = text(&tap, &cause);
    tap.answered(answer.as_bytes());
    say(&mut client, answer.as_bytes()).await;
    tap.close();
}

/// Gives the client its last answer, and time to read it. A client that is gone needs none.
async fn say(client: &mut (impl AsyncRead + AsyncWrite + Unpin), answer: &[u8]) {
    if client.write_all(answer).await.is_ok() && client.shutdown().await.is_ok() {
        let mut buffer = vec![0; 4096];
        let rest = async { while client.read(&mut buffer).await.is_ok_and(|n| n > 0) {} };
        // An error here is the patience running out: the client had its time to read.
        let _ = tokio::time::timeout(LINGER, rest).await;
    }
}

/// Reports the cause, and answers the client's stream header with a stream error that says it.
pub(super) async fn refuse_stream(mut client: Socket, mut tap: Tap, cause: String) {
    tap.failed(cause.clone());
    let mut buffer = vec![0; 4096];
    let header = async {
        while tap.conversation().to().is_none() {
            if tap.conversation().is_foreign(Side::Client) {
                return false;
            }
            match client.read(&mut buffer).await {
                Ok(0) | Err(_) => return false,
                Ok(n) => tap.passed(Side::Client, &buffer[..n]),
            };
        }
        true
    };
    if tokio::time::timeout(PATIENCE, header).await == Ok(true) {
        let answer = stream_error(tap.conversation().to().unwrap_or_default(), &cause);
        tap.answered(answer.as_bytes());
        say(&mut client, answer.as_bytes()).await;
    }
    tap.close();
}

/// 502 that a script in a browser may read. Without the header a browser reports status 0, for which strophe.js
/// sends the request again at once. A preflight must be granted for the same reason, or the request that it
/// asks for, and the 502 that answers it, never happen.
fn text(tap: &Tap, cause: &str) -> String {
    let body = format!("xmppscope: {cause}\n");
    let origin = match tap.origin() {
        Some(origin) => format!(
            "Access-Control-Allow-Origin: {origin}\r\nAccess-Control-Allow-Credentials: true\r\n\
             Vary: Origin\r\n"
        ),
        None => "Access-Control-Allow-Origin: *\r\n".to_owned(),
    };
    if tap.dialogue().oldest_is_options() && tap.origin().is_some() {
        return format!(
            "HTTP/1.1 204 No Content\r\n{origin}Access-Control-Allow-Methods: GET, POST, OPTIONS\r\n\
             Access-Control-Allow-Headers: Content-Type, Authorization\r\nAccess-Control-Max-Age: 0\r\n\
             Connection: close\r\n\r\n"
        );
    }
    let sent = if tap.dialogue().oldest_is_head() { "" } else { &body };
    format!(
        "HTTP/1.1 502 Bad Gateway\r\n{origin}Content-Type: text/plain; charset=utf-8\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{sent}",
        body.len()
    )
}

/// A stream that says why there is none (RFC 6120 §4.9.3.15).
/// `from` is a value as the client wrote it, in which nothing but a quote can need escaping.
fn stream_error(from: &str, cause: &str) -> String {
    let from = match from {
        "" => String::new(),
        from => format!(" from='{}'", from.replace('\'', "&apos;")),
    };
    let cause = cause.replace('&', "&amp;").replace('<', "&lt;");
    let (streams, errors) = (ns::STREAMS, ns::STREAM_ERRORS);
    format!(
        "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='{streams}'{from} \
         id='xmppscope' version='1.0' xml:lang='en'><stream:error><remote-connection-failed \
         xmlns='{errors}'/><text xmlns='{errors}' xml:lang='en'>xmppscope: {cause}</text>\
         </stream:error></stream:stream>"
    )
}

pub(super) fn unreachable(target: &Address, refused: Option<(SocketAddr, io::Error)>) -> String {
    let Some((address, error)) = refused else { return format!("{target} has no IP address") };
    match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            format!(
                "nothing listens at {address}: connection to {target} refused; is the server running?"
            )
        }
        io::ErrorKind::TimedOut => {
            format!(
                "{address} does not answer: no connection to {target}; is there a firewall in \
                 between?"
            )
        }
        _ => format!("cannot connect to {target} at {address}: {error}"),
    }
}

pub(super) fn unanswered(target: &Address, error: Option<&io::Error>) -> String {
    match error {
        None => format!("{target} closed the connection before it sent any part of a response"),
        Some(error) if error.kind() == io::ErrorKind::ConnectionReset => {
            format!("{target} reset the connection before it sent any part of a response")
        }
        Some(error) => {
            format!(
                "the connection to {target} was lost before any part of a response arrived: {error}"
            )
        }
    }
}

/// Why TLS with the target failed. Its certificate had to be for `name`.
pub(super) fn connecting(
    target: &Address,
    name: &str,
    starttls: bool,
    error: &io::Error,
) -> String {
    let is_stream = target.scheme.is_stream();
    let advice = match tls::cause(error) {
        Some(rustls::Error::InvalidCertificate(error)) => match error {
            CertificateError::UnknownIssuer => {
                "its certificate is not signed by a trusted CA; give the CA with --ca-file, or use \
                 --insecure"
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "its certificate has expired; --insecure accepts it"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
                if is_stream =>
            {
                return format!(
                    "TLS with {target}: its certificate is not for {name}, the domain that the \
                     client asks for; {}; --insecure accepts it ({error})",
                    tls::NAMES
                );
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                return format!(
                    "TLS with {target}: its certificate is for another name; {}; use a name of it in \
                     --target, or use --insecure ({error})",
                    tls::NAMES
                );
            }
            error if tls::is_marked_as_ca(error) => tls::MARKED_AS_CA,
            _ => "its certificate is not valid; --insecure accepts it",
        },
        Some(rustls::Error::InvalidMessage(_)) if starttls => {
            "what it sends after <proceed/> is not TLS"
        }
        Some(rustls::Error::InvalidMessage(_)) if is_stream => {
            "what it sends is not TLS; is this the port for direct TLS? For STARTTLS, use an xmpp:// \
             target"
        }
        Some(rustls::Error::InvalidMessage(_)) => "does it use TLS on this port? Try http://",
        Some(rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol))
            if is_stream =>
        {
            "it does not offer the protocol that the client asks for by ALPN"
        }
        Some(rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol)) => {
            "it does not offer HTTP/1.1, the only protocol that xmppscope supports"
        }
        _ => "the handshake failed",
    };
    format!("TLS with {target}: {advice} ({error})")
}

/// The peer is too slow. Such an error says in itself what is to be said.
pub(super) fn late(who: &str) -> io::Error {
    let seconds = HANDSHAKE.as_secs();
    io::Error::new(io::ErrorKind::TimedOut, format!("{who} did not finish it within {seconds} s"))
}

/// Does a part of a TLS handshake with somebody, who has a bounded time for it.
pub(super) async fn in_time<T>(
    who: &str,
    handshake: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    let handshake = tokio::time::timeout(HANDSHAKE, handshake).await;
    handshake.unwrap_or_else(|_| Err(late(who)))
}

pub(super) fn accepting(target: &Address, error: &io::Error) -> String {
    let advice = match tls::cause(error) {
        Some(rustls::Error::AlertReceived(
            AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown,
        )) => "the client does not trust the certificate",
        Some(rustls::Error::InvalidMessage(_)) if target.scheme.is_stream() => {
            "the client sends something that is not TLS"
        }
        Some(rustls::Error::InvalidMessage(_)) => {
            "the client does not speak TLS; is it configured with the https:// URL?"
        }
        _ => "the handshake with the client failed",
    };
    format!("TLS: {advice} ({error})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_handshake_that_does_not_come_ends() {
        let start = tokio::time::Instant::now();
        let never = std::future::pending::<io::Result<()>>();
        let error = in_time("the client", never).await.unwrap_err();
        assert_eq!(start.elapsed(), HANDSHAKE);
        let target = "https://chat.example".parse().unwrap();
        assert_eq!(
            accepting(&target, &error),
            "TLS: the handshake with the client failed (the client did not finish it within 30 s)"
        );
    }
}
