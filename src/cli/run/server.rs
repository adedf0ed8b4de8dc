//! The server that a command is about, by its options: where it is, and which certificates it may have.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::ValueHint;

use crate::cli::Failure;
use crate::cli::options::name_server;
use crate::diag::name;
use crate::runner::Target;
use crate::runner::dial::{Dial, Network};
use crate::wire::address::Address;
use crate::wire::names::{Names, Pinned};
use crate::wire::tls;

/// Options of commands that talk to a server.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("server").multiple(true)))]
pub(in crate::cli) struct Server {
    /// Server to test: a URL, a domain, or a target file that describes it [default: the built-in one]
    ///
    /// A domain is looked up as clients do: host-meta (XEP-0156), SRV records, and the usual paths.
    /// `xmppscope generate target NAME` prints a target file to begin with. The files that are part of xmppscope are for its
    /// own tests and need variables that these set; the name of one (such as prosody) is accepted where there is no file of
    /// that name.
    #[arg(long, value_name = "FILE|URL|DOMAIN", group = "server", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) target: Option<String>,
    /// XMPP domain, if the target is a URL [default: localhost]; without a target, the domain to look up and test
    #[arg(long, value_name = "DOMAIN", group = "server")]
    pub(in crate::cli) domain: Option<String>,
    /// Trust only the CA certificates in this PEM file
    #[arg(long, value_name = "FILE", requires = "server")]
    pub(super) ca_file: Option<PathBuf>,
    /// Accept any certificate
    #[arg(long, requires = "server")]
    pub(super) insecure: bool,
    /// Connect to ADDR instead of HOST's address, and to PORT if given; repeatable
    #[arg(long, value_name = "HOST:ADDR[:PORT]", requires = "server")]
    resolve: Vec<Pinned>,
    /// Name server to use instead of the system's
    #[arg(long, value_name = "ADDR[:PORT]", requires = "server", value_parser = name_server)]
    dns: Option<SocketAddr>,
}

impl Server {
    /// How names are looked up.
    pub(super) fn names(&self) -> Names {
        Names::new(self.resolve.clone(), self.dns)
    }

    /// The way to a target.
    pub(in crate::cli) fn dial(&self, target: &Target) -> Result<Arc<dyn Dial>, Failure> {
        let addresses = [Some(&target.address), target.tls.as_ref(), target.websocket.as_ref()];
        // What begins without TLS over TCP may be secured by STARTTLS.
        let secure = addresses.into_iter().flatten().any(Address::is_tls)
            || target.tcp.is_some()
            || target.direct_tls.is_some();
        let trusted = self.ca_file.as_deref().or(target.ca_file.as_deref());
        let network = tls::verifier(trusted, self.insecure || !secure)
            .and_then(|verifier| Network::new(target, verifier, self.names()))
            .map_err(|error| Failure::Usage(error.to_string()))?;
        Ok(Arc::new(network))
    }

    /// The options that were given a value, by name.
    pub(super) fn values(&self, add: &mut impl FnMut(&str, &str)) {
        if let Some(target) = &self.target {
            add("target", target);
        }
        if let Some(domain) = &self.domain {
            add("domain", domain);
        }
        if let Some(file) = &self.ca_file {
            add("ca-file", &name(file).to_string());
        }
        for pinned in &self.resolve {
            add("resolve", &pinned.to_string());
        }
        if let Some(server) = self.dns {
            add("dns", &server.to_string());
        }
    }
}
