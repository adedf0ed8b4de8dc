//! `xmppscope proxy`: the intercepting proxy, whose traffic is printed and captured.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::TokioResolver;

use super::Failure;
use super::capture::CaptureFile;
use super::console::eprint;
use super::faults::FaultOptions;
use super::observe::Output;
use super::options::{body_limit, size};
use super::watch::{Watch, listen, raise_file_limit};
use crate::diag::name;
use crate::files::Inputs;
use crate::proxy::{Proxy, StreamSettings};
use crate::trace::intake::Intake;
use crate::wire::address::{Address, Scheme};
use crate::wire::{resolve, tls};

/// Show the traffic between an XMPP client and its server: BOSH, WebSocket or TCP
///
/// Passes every byte on to the target without delay, prints sessions, requests, messages and stanzas, and explains
/// which side broke which rule. Give your client the URL or address that is printed at the start.
///
/// With an http:// or https:// target, it shows BOSH and WebSocket; the target is a connection manager, an XMPP server,
/// or anything in front of one that speaks HTTP/1.1, such as a web server. With an xmpp:// or xmpps:// target, it shows
/// XML streams over TCP. TLS is taken over: the target's certificate is verified first, and the client gets one of this
/// proxy's own.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  xmppscope proxy --target http://127.0.0.1:5280
  xmppscope proxy --target https://chat.example --write session.ndjson
  xmppscope proxy --target http://127.0.0.1:5280 --filter 'not noise'
  xmppscope proxy --target wss://chat.example
  xmppscope proxy --target xmpp://chat.example --listen 127.0.0.1:5222 --tls-dir ~/proxy-tls

Exit status:
  0  stopped by Ctrl-C or SIGTERM
  2  wrong usage
  3  the port is in use, a file cannot be written, or a certificate cannot be read")]
pub(super) struct Args {
    /// Server to forward to: http://, https://, ws://, wss://, xmpp:// or xmpps://
    ///
    /// `xmpp://DOMAIN` finds the server by the SRV records of the domain, `xmpp://HOST:PORT` connects to that port; TLS
    /// begins by STARTTLS. `xmpps://` is the same with TLS from the first byte (XEP-0368).
    #[arg(long, value_name = "URL")]
    target: String,
    /// Address to listen on; port 0 picks a free port
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8124")]
    listen: String,
    #[command(flatten)]
    capture: CaptureFile,
    /// Host header for the target: the client's (keep), the target's own, or NAME
    ///
    /// Servers with virtual hosts use this name to choose one [default: keep for a target on this machine, otherwise
    /// target]. Without faults, nothing else in a request is changed.
    #[arg(long, value_name = "keep|target|NAME")]
    host: Option<String>,
    /// How to handle STARTTLS with an xmpp:// target [default: take-over]
    #[arg(help_heading = "TLS", long, value_enum)]
    starttls: Option<StartTls>,
    /// Trust only the certificates in this PEM file, of CAs or the target's own, for a target with TLS
    #[arg(help_heading = "TLS", long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Accept any certificate of the target
    #[arg(help_heading = "TLS", long, conflicts_with = "ca_file")]
    insecure: bool,
    /// Listen with TLS, for web pages served over https
    ///
    /// The certificate is generated for this run. For one that a browser can trust permanently, use --tls-dir.
    #[arg(help_heading = "TLS", long)]
    tls: bool,
    /// Listen with TLS, using cert.pem and key.pem in DIR, which are generated if missing
    ///
    /// For an xmpp:// or xmpps:// target, clients get this certificate.
    #[arg(help_heading = "TLS", long, value_name = "DIR")]
    tls_dir: Option<PathBuf>,
    /// Additional name for a generated certificate, such as the XMPP domain; repeatable
    #[arg(help_heading = "TLS", long, value_name = "NAME")]
    tls_name: Vec<String>,
    /// Do not hide passwords, SASL payloads and cookies in what is printed and written
    #[arg(long)]
    show_secrets: bool,
    /// Maximum amount of traffic waiting to be printed
    ///
    /// Printing never slows down the traffic. When the buffer is full, traffic is left out of the output and the
    /// capture, and the number of messages lost is reported.
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = size)]
    buffer: usize,
    /// Maximum size of a message to print and write, up to 10 MiB; the rest of a longer one is left out
    #[arg(long, value_name = "SIZE", default_value = "4MiB", value_parser = body_limit)]
    body_limit: usize,
    /// Maximum number of client connections at a time; further ones are closed
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    max_connections: u32,
    #[command(flatten)]
    faults: FaultOptions,
    #[command(flatten)]
    output: Output,
}

/// What becomes of STARTTLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum StartTls {
    /// End TLS here on both sides, and show the stream in it
    TakeOver,
    /// Pass TLS on: nothing is seen from there on
    Pass,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    args.output.start_log();
    let target: Address =
        args.target.parse().map_err(|error| Failure::Usage(format!("--target: {error}")))?;
    args.check(&target)?;
    let host = host(args, &target)?;
    let faults = args.faults.read(args.output.color())?;
    let is_stream = target.scheme.is_stream();
    let takes_over = is_stream && !args.passes_starttls();
    let connect = (target.is_tls() && !is_stream)
        .then(|| tls::client(args.ca_file.as_deref(), args.insecure))
        .transpose()
        .map_err(environment)?;
    let verifier = takes_over
        .then(|| tls::verifier(args.ca_file.as_deref(), args.insecure))
        .transpose()
        .map_err(environment)?;
    let identity = (args.listens_with_tls() || takes_over)
        .then(|| {
            let mut names = names(&args.listen);
            names.extend(args.tls_name.iter().cloned());
            if is_stream && !names.iter().any(|name| name == target.name()) {
                names.push(target.name().to_owned());
            }
            tls::identity(names, args.tls_dir.as_deref()).map_err(environment)
        })
        .transpose()?;
    raise_file_limit();

    let mut watch = Watch::prepare(&args.output, args.buffer, false)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Environment(format!("cannot start: {error}")))?;
    let (listener, bound) = runtime.block_on(listen("--listen", &args.listen))?;
    watch.capture(&args.capture, &args.inputs(), target.to_string(), args.show_secrets)?;

    args.announce(&target, bound);
    match identity.as_ref().map(|identity| &identity.file) {
        Some(Some(file)) => {
            eprint(&format!("your client must trust the certificate {}", name(file)));
        }
        Some(None) if is_stream => eprint(
            "clients get a certificate that is generated for this run; --tls-dir keeps one that they can trust",
        ),
        Some(None) | None => {}
    }
    if !bound.ip().is_loopback() {
        eprint("warning: other machines can connect to this port; their traffic is printed here");
    }

    let intake = Intake::new(args.show_secrets, args.body_limit);
    let watching = watch.start(intake)?;

    let accept = identity.map(|identity| identity.config);
    let (queue, clock) = (Arc::clone(&watching.queue), watching.clock);
    let (faults, _switching) = args.faults.begin(faults, clock, args.output.color(), &runtime)?;
    let has_srv = is_stream && target.port().is_none() && !target.is_loopback();
    let resolver = if has_srv { runtime.block_on(async { resolver() }) } else { None };
    let streams = StreamSettings {
        pass_starttls: args.passes_starttls(),
        insecure: args.insecure,
        verifier,
        resolver,
    };
    let connections = args.max_connections as usize;
    let proxy = Proxy {
        target,
        host,
        connect,
        accept,
        streams,
        faults,
        queue,
        clock,
        connections,
        listens: None,
    };
    runtime.block_on(proxy.serve(listener, watching.stopped()));
    // The taps of connections that are still open report their end. A name look-up may hang: it is left alone.
    runtime.shutdown_timeout(Duration::from_millis(100));
    watching.finish()
}

impl Args {
    /// What is read.
    fn inputs(&self) -> Inputs {
        let mut inputs = self.output.inputs();
        self.faults.inputs(&mut inputs);
        let own = self.tls_dir.iter().flat_map(|dir| [dir.join("cert.pem"), dir.join("key.pem")]);
        self.ca_file.iter().cloned().chain(own).for_each(|file| inputs.add(&file));
        inputs
    }

    fn listens_with_tls(&self) -> bool {
        self.tls || self.tls_dir.is_some()
    }

    fn passes_starttls(&self) -> bool {
        self.starttls == Some(StartTls::Pass)
    }

    /// Options that do not fit the target.
    fn check(&self, target: &Address) -> Result<(), Failure> {
        let usage = |words: &str| Err(Failure::Usage(words.to_owned()));
        if target.scheme.is_stream() {
            if self.host.is_some() {
                return usage(
                    "--host needs an http:// or https:// target: XMPP has no Host header",
                );
            }
            if self.tls {
                return usage(
                    "--tls needs an http:// or https:// target; with xmpp:// TLS begins by STARTTLS, \
                     with xmpps:// at once",
                );
            }
            if self.starttls.is_some() && target.scheme == Scheme::Xmpps {
                return usage("--starttls needs an xmpp:// target; xmpps:// has no STARTTLS");
            }
            let own = self.tls_dir.is_some() || !self.tls_name.is_empty();
            if self.passes_starttls() && (own || self.ca_file.is_some() || self.insecure) {
                return usage(
                    "--starttls pass leaves TLS to the client and the target: remove --ca-file, \
                     --insecure, --tls-dir and --tls-name",
                );
            }
        } else if self.starttls.is_some() {
            return usage("--starttls needs an xmpp:// target: HTTP has no STARTTLS");
        } else if !target.is_tls() && (self.ca_file.is_some() || self.insecure) {
            return usage("--ca-file and --insecure need a target with TLS, such as https://");
        }
        Ok(())
    }

    /// Says where it listens, and what to give to a client.
    fn announce(&self, target: &Address, bound: SocketAddr) {
        if target.scheme.is_stream() {
            let scheme = if target.is_tls() { "xmpps" } else { "xmpp" };
            eprint(&format!("listening on {scheme}://{bound} → {target}"));
            let tls = if target.is_tls() { ", with direct TLS" } else { "" };
            eprint(&format!(
                "let your client connect to {} port {}{tls}; its JID stays as it is",
                bound.ip(),
                bound.port()
            ));
            return;
        }
        let secure = if self.listens_with_tls() { "s" } else { "" };
        eprint(&format!("listening on http{secure}://{bound} → {target}"));
        let socket = self.target.starts_with("ws");
        let usual = if socket { "/xmpp-websocket" } else { "/http-bind" };
        let path = if target.path == "/" { usual } else { &target.path };
        if socket {
            let asked = self.target.split_once(':').map_or("ws", |(scheme, _)| scheme);
            let authority = target.authority();
            eprint(&format!(
                "give your client ws{secure}://{bound}{path} in place of {asked}://{authority}{path}"
            ));
        } else {
            eprint(&format!(
                "give your client http{secure}://{bound}{path} in place of {target}{path}"
            ));
        }
    }
}

/// Looks up SRV records, by the DNS servers of this system; none if it does not know them.
fn resolver() -> Option<TokioResolver> {
    let resolver = TokioResolver::builder_tokio().and_then(|mut builder| {
        resolve::be_quick(builder.options_mut());
        builder.build()
    });
    resolver
        .inspect_err(|error| {
            eprint(&format!(
                "warning: cannot read the DNS settings of this system ({error}): SRV records are not \
                 looked up"
            ));
        })
        .ok()
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
