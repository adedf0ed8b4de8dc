//! `xmppscope proxy`: the intercepting proxy, whose traffic is printed and captured.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::Failure;
use super::console::eprint;
use super::observe::Output;
use super::options::size;
use super::watch::{Watch, listen, raise_file_limit, stopped};
use crate::proxy::Proxy;
use crate::trace::intake::Intake;
use crate::wire::address::Address;
use crate::wire::tls;

/// Show the traffic between a web client and its connection manager
///
/// Passes every byte on to the target without delay, prints sessions, requests, responses and stanzas, and explains
/// which side broke which rule. Give your client the URL that is printed at the start. The target is a BOSH connection
/// manager, or anything in front of one that speaks HTTP/1.1, such as a web server.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  xmppscope proxy --target http://127.0.0.1:5280
  xmppscope proxy --target https://chat.example --write session.ndjson
  xmppscope proxy --target http://127.0.0.1:5280 --filter 'not noise'

Exit status:
  0  stopped by Ctrl-C or SIGTERM
  2  wrong usage
  3  the port is in use, a file cannot be written, or a certificate cannot be read")]
pub(super) struct Args {
    /// Server to forward to, http:// or https://
    #[arg(long, value_name = "URL")]
    target: String,
    /// Address to listen on; port 0 picks a free port
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8124")]
    listen: String,
    /// Also write the traffic to FILE, for `xmppscope show`
    ///
    /// All traffic is written, even if --filter hides it from the output. Only the file's owner can read it.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Host header for the target: the client's (keep), the target's own, or NAME
    ///
    /// Servers with virtual hosts use this name to choose one [default: keep for a target on this machine, otherwise
    /// target]. Nothing else in a request is ever changed.
    #[arg(long, value_name = "keep|target|NAME")]
    host: Option<String>,
    /// Trust only the CA certificates in this PEM file, for an https:// target
    #[arg(help_heading = "TLS", long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Accept any certificate of an https:// target
    #[arg(help_heading = "TLS", long, conflicts_with = "ca_file")]
    insecure: bool,
    /// Listen with TLS, for web pages served over https
    ///
    /// The certificate is generated for this run. For one that a browser can trust permanently, use --tls-dir.
    #[arg(help_heading = "TLS", long)]
    tls: bool,
    /// Listen with TLS, using cert.pem and key.pem in DIR, which are generated if missing
    #[arg(help_heading = "TLS", long, value_name = "DIR")]
    tls_dir: Option<PathBuf>,
    /// Do not hide passwords, SASL payloads and cookies in what is printed and written
    #[arg(long)]
    show_secrets: bool,
    /// Maximum amount of traffic waiting to be printed
    ///
    /// Printing never slows down the traffic. When the buffer is full, traffic is left out of the output and the
    /// capture, and the number of messages lost is reported.
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = size)]
    buffer: usize,
    /// Maximum size of a message to print and write; the rest of a longer one is left out
    #[arg(long, value_name = "SIZE", default_value = "4MiB", value_parser = size)]
    body_limit: usize,
    #[command(flatten)]
    output: Output,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    args.output.start_log();
    let target: Address =
        args.target.parse().map_err(|error| Failure::Usage(format!("--target: {error}")))?;
    let host = host(args, &target)?;
    let secured = args.tls || args.tls_dir.is_some();
    let connect = if target.https {
        Some(tls::client(args.ca_file.as_deref(), args.insecure).map_err(environment)?)
    } else if args.ca_file.is_some() || args.insecure {
        let words = "--ca-file and --insecure need an https:// target";
        return Err(Failure::Usage(words.to_owned()));
    } else {
        None
    };
    let identity = secured
        .then(|| tls::identity(names(&args.listen), args.tls_dir.as_deref()).map_err(environment))
        .transpose()?;
    raise_file_limit();

    let mut watch = Watch::prepare(&args.output, args.buffer, false)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Environment(format!("cannot start: {error}")))?;
    let (listener, bound) = runtime.block_on(listen(&args.listen))?;
    if let Some(path) = &args.write {
        watch.capture(path, target.to_string(), args.show_secrets)?;
    }

    let scheme = if secured { "https" } else { "http" };
    eprint(&format!("listening on {scheme}://{bound} → {target}"));
    let path = if target.path == "/" { "/http-bind" } else { &target.path };
    eprint(&format!("give your client {scheme}://{bound}{path} in place of {target}{path}"));
    if let Some(file) = identity.as_ref().and_then(|identity| identity.file.as_ref()) {
        eprint(&format!("your client must trust the certificate {}", file.display()));
    }
    if !bound.ip().is_loopback() {
        eprint("warning: other machines can connect to this port; their traffic is printed here");
    }

    let intake = Intake { show_secrets: args.show_secrets, body_limit: args.body_limit };
    let watching = watch.start(intake)?;

    let accept = identity.map(|identity| identity.config);
    let (queue, clock) = (Arc::clone(&watching.queue), watching.clock);
    let proxy = Proxy { target, host, connect, accept, queue, clock };
    runtime.block_on(proxy.serve(listener, stopped()));
    // The taps of connections that are still open report their end. A name look-up may hang: it is left alone.
    runtime.shutdown_timeout(Duration::from_millis(100));
    watching.finish()
}

#[allow(clippy::needless_pass_by_value)] // the signature `map_err` asks for
fn environment(error: tls::TlsError) -> Failure {
    Failure::Environment(error.to_string())
}

fn host(args: &Args, target: &Address) -> Result<Option<String>, Failure> {
    match args.host.as_deref() {
        Some("keep") => Ok(None),
        Some("target") => Ok(Some(target.authority())),
        Some(name) if name.is_empty() || !name.bytes().all(|b| b.is_ascii_graphic()) => {
            Err(Failure::Usage(format!("--host {name:?}: expected keep, target or a host name")))
        }
        Some(name) => Ok(Some(name.to_owned())),
        None if target.is_loopback() => Ok(None),
        None => Ok(Some(target.authority())),
    }
}

/// The names a certificate for this listening address is made for.
fn names(listen: &str) -> Vec<String> {
    let host = listen.rsplit_once(':').map_or(listen, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    if !names.iter().any(|name| name == host) && !host.is_empty() {
        names.push(host.to_owned());
    }
    names
}
