//! Options that several commands share, from text to values.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use clap::ValueEnum;

use crate::diag::sanitise::one_line;

/// `64MiB`, `10 MB`, `512k`, `1000`.
pub fn size(text: &str) -> Result<usize, String> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "kb" => 1000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        _ => return Err("expected a size such as 64MiB, 500kB or 4096".to_owned()),
    };
    number
        .parse::<usize>()
        .ok()
        .and_then(|number| number.checked_mul(factor))
        .ok_or_else(|| "expected a size such as 64MiB, 500kB or 4096".to_owned())
}

/// How much of a message is kept: no more than a line of a capture can hold, of which a byte may take six.
pub fn body_limit(text: &str) -> Result<usize, String> {
    match size(text)? {
        size if size > 10 << 20 => {
            Err("at most 10MiB, so that a capture can be read again".to_owned())
        }
        size => Ok(size),
    }
}

/// `192.0.2.53`, `[::1]:5353`
pub fn name_server(text: &str) -> Result<SocketAddr, String> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Ok(SocketAddr::new(ip, 53));
    }
    text.parse().map_err(|_| "expected an IP address, such as 192.0.2.53 or [::1]:5353".to_owned())
}

/// A domain, or what to write instead.
pub fn domain_of(text: &str) -> Result<String, String> {
    let shown = one_line(text);
    if text.is_empty() {
        return Err("the domain is empty: expected one such as chat.example".to_owned());
    }
    if let Some((user, domain)) = text.split_once('@') {
        let domain = one_line(domain);
        // A password is not repeated.
        let shown = if user.contains(':') { format!("USER@{domain}").into() } else { shown };
        return Err(format!(
            "{shown} is the address of a user: examine its domain, with `xmppscope doctor {domain} --user {shown}`"
        ));
    }
    if let Some((host, rest)) = text.split_once(['/', ':'])
        && text.parse::<IpAddr>().is_err()
    {
        let host = one_line(host);
        let url = match rest.split(['/', ':']).next() {
            Some("5222") => format!("xmpp://{shown}"),
            Some("5223") => format!("xmpps://{shown}"),
            _ => format!("https://{shown}"),
        };
        return Err(format!(
            "{shown} is neither a domain nor a URL: write {host} for the domain, or {url} for the URL"
        ));
    }
    let name = jid::DomainPart::new(text)
        .map_err(|_| format!("\"{shown}\" is not a valid XMPP domain, such as chat.example"))?;
    Ok(name.to_string())
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal, unless `NO_COLOR` is set.
    #[value(help = "On a terminal, unless NO_COLOR is set")]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl When {
    /// Whether there is colour.
    pub fn decide(self, terminal: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            #[allow(clippy::disallowed_methods)] // cli reads the environment
            Self::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
        }
    }
}

/// How long the observer pauses after a batch: nobody sees it, and it saves most of the wake-ups under load.
pub const BATCH: Duration = Duration::from_millis(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_with_and_without_units() {
        assert_eq!(size("64MiB"), Ok(64 << 20));
        assert_eq!(body_limit("10MiB"), Ok(10 << 20));
        assert!(body_limit("11MiB").is_err_and(|error| error.contains("at most 10MiB")));
        assert_eq!(size("500 kB"), Ok(500_000));
        assert_eq!(size("4096"), Ok(4096));
        assert!(size("many").is_err());
        assert!(size("-1").is_err());
        assert!(size("99999999999999999999G").is_err());
    }
}
