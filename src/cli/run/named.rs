//! What `--target` and `--domain` name: a URL, a target file, a target that is part of the program, or a domain.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::discovered::discovered;
use super::server::Server;
use crate::bundle;
use crate::cli::Failure;
use crate::cli::ci::in_ci;
use crate::cli::console::eprint;
use crate::cli::mistakes::wrong;
use crate::cli::options::{When, domain_of};
use crate::diag::name;
use crate::files::text;
use crate::runner::{Target, Tolerance};
use crate::scenario::{Provision, limits, read_target};
use crate::wire::address::{Address, AddressError, Scheme};

/// A target on the network.
pub(in crate::cli) struct Named {
    pub(in crate::cli) target: Target,
    /// It is a URL or a domain: that it allows anonymous login is only a guess.
    pub(super) guessed: bool,
}

impl Named {
    /// What the command line names; nothing if that is the built-in server.
    pub(in crate::cli) fn of(server: &Server, color: When) -> Result<Option<Self>, Failure> {
        let at_domain = |domain: &str| {
            let domain = domain_of(domain).map_err(Failure::Usage)?;
            Ok(Some(Self {
                target: discovered(server, &domain, default_tolerance())?,
                guessed: true,
            }))
        };
        let Some(given) = &server.target else {
            return server.domain.as_deref().map_or(Ok(None), at_domain);
        };
        if given.contains("://") {
            return Ok(Some(Self { target: url(server, given)?, guessed: true }));
        }
        let (path, text) = match text(Path::new(given), limits::FILE) {
            Ok(text) => (PathBuf::from(given), text),
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(unreadable(given, &error, ""));
            }
            Err(error) => match bundle::target(given) {
                Some(target) => {
                    variables(given, target.text)?;
                    eprint(&format!(
                        "target file: {given}, which is part of xmppscope (`xmppscope generate target {given}` prints it)"
                    ));
                    (target.path, target.text.to_owned())
                }
                None if is_like_a_domain(given) && server.domain.is_none() => {
                    return at_domain(given);
                }
                None => {
                    let hint = format!(
                        "; a URL begins with http:// or https://; xmppscope has the targets {}",
                        bundle::target_names().join(", ")
                    );
                    return Err(unreadable(given, &error, &hint));
                }
            },
        };
        Ok(Some(Self { target: file(server, &path, text, color)?, guessed: false }))
    }
}

/// Sees that the variables of a target file that is part of the program are set, as its tests set them. Others do not know of
/// them, and need a file of their own.
fn variables(name: &str, text: &str) -> Result<(), Failure> {
    let mut missing = Vec::new();
    for after in text.split("${env.").skip(1) {
        let variable = after.split('}').next().unwrap_or_default();
        #[allow(clippy::disallowed_methods)] // cli reads the environment
        if std::env::var_os(variable).is_none() && !missing.contains(&variable) {
            missing.push(variable);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "--target {name}: this target file is part of xmppscope for its own tests, which set {}. For a server of your own, write \
         `xmppscope generate target {name}` to a file, such as targets/mine.yaml, and edit it",
        missing.join(", ")
    )))
}

/// Whether it is a domain, rather than a file that is missing.
fn is_like_a_domain(text: &str) -> bool {
    let is_file = ["yaml", "yml", "json", "toml"]
        .iter()
        .any(|end| Path::new(text).extension().is_some_and(|own| own.eq_ignore_ascii_case(end)));
    !is_file && text.contains('.') && !text.starts_with('.') && domain_of(text).is_ok()
}

fn unreadable(path: &str, error: &dyn std::fmt::Display, hint: &str) -> Failure {
    Failure::Environment(format!("cannot read {}: {error}{hint}", name(Path::new(path))))
}

/// The default tolerance for times: machines in CI systems are busy.
fn default_tolerance() -> Tolerance {
    if in_ci() { Tolerance::BUSY } else { Tolerance::USUAL }
}

fn url(server: &Server, url: &str) -> Result<Target, Failure> {
    let address: Address =
        url.parse().map_err(|error: AddressError| Failure::Usage(format!("--target: {error}")))?;
    let domain = server.domain.clone().unwrap_or_else(|| "localhost".to_owned());
    let secure = if address.is_tls() { Provision::Tls } else { Provision::Plain };
    let websocket = url.starts_with("ws");
    let carrier = match address.scheme {
        Scheme::Xmpp => Provision::Tcp,
        Scheme::Xmpps => Provision::DirectTls,
        _ if websocket => Provision::WebSocket,
        _ => Provision::Bosh,
    };
    let of = |provision| Some(address.clone()).filter(|_| carrier == provision);
    Ok(Target {
        name: if websocket { address.of_websocket() } else { address.to_string() },
        about: None,
        tls: None,
        websocket: of(Provision::WebSocket),
        tcp: of(Provision::Tcp),
        direct_tls: of(Provision::DirectTls),
        ca_file: None,
        address,
        anonymous: Some(domain.clone()),
        domain,
        accounts: BTreeMap::new(),
        more_accounts: Vec::new(),
        hosts: Vec::new(),
        rooms: None,
        create: Vec::new(),
        provides: vec![Provision::Anonymous, secure, carrier, Provision::Slow],
        jobs: None,
        tolerance: default_tolerance(),
        control: BTreeMap::new(),
        skip: Vec::new(),
        deviations: Vec::new(),
    })
}

fn file(server: &Server, path: &Path, text: String, color: When) -> Result<Target, Failure> {
    if server.domain.is_some() {
        let words = "--domain cannot be used with a target file, which contains its own domain";
        return Err(Failure::Usage(words.to_owned()));
    }
    #[allow(clippy::disallowed_methods)] // cli reads the environment
    let environment = |name: &str| std::env::var(name).ok();
    read_target(path, text, default_tolerance(), &environment)
        .map_err(|mistakes| wrong(&mistakes, color))
}
