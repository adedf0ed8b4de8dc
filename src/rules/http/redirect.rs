//! What a redirect of a request of BOSH means: where to, and what is different there.

use http::Uri;

use crate::rules::page::Whence;
use crate::rules::words::short;
use crate::trace::Response;

/// What a redirect means, and what to do.
pub(super) fn explain(response: &Response, whence: &Whence) -> String {
    let Some(location) = response.headers.get("location") else {
        let words = match response.status {
            304 => "A cache answers that nothing has changed: switch caching off for this path.",
            _ => "It does not name a destination.",
        };
        return words.to_owned();
    };
    let get = match response.status {
        301..=303 => "Most clients repeat the request there with GET and without its content. ",
        _ => "",
    };
    let to = location.parse::<Uri>().unwrap_or_default();
    let change = Change::of(&to, whence);
    format!("It redirects to {}{}. {get}{}", short(location), change.words(), change.advice(whence))
}

/// How the destination differs from what was requested.
struct Change {
    /// The scheme that it names.
    scheme: Option<String>,
    host: bool,
    port: Option<u16>,
    path: Path,
}

#[derive(PartialEq)]
enum Path {
    Same,
    /// Only the slash at its end is different.
    Slash,
    Other,
    /// Another one, and by its look a page for people.
    Page,
}

impl Path {
    fn of(from: &str, to: &str) -> Self {
        if from == to {
            Self::Same
        } else if from.trim_end_matches('/') == to.trim_end_matches('/') {
            Self::Slash
        } else if to == "/" || to.rsplit('/').next().is_some_and(|last| last.contains('.')) {
            Self::Page
        } else {
            Self::Other
        }
    }
}

impl Change {
    fn of(to: &Uri, whence: &Whence) -> Self {
        let path = |target: &str| target.parse::<Uri>().map(|uri| uri.path().to_owned());
        let from = path(&whence.target).unwrap_or_else(|_| whence.target.clone());
        let host = whence.host.as_deref().and_then(|host| host.parse::<Uri>().ok());
        let port = host.as_ref().and_then(Uri::port_u16);
        let other_host = to.host().zip(whence.bare_host());
        Self {
            scheme: to.scheme_str().map(str::to_owned),
            host: other_host.is_some_and(|(to, from)| !to.eq_ignore_ascii_case(from)),
            port: to.port_u16().filter(|to| Some(*to) != port),
            path: Path::of(&from, to.path()),
        }
    }

    fn words(&self) -> String {
        let port = self.port.map(|port| format!("by the port {port}"));
        let differs: Vec<String> = [
            self.host.then(|| "by the host".to_owned()),
            port,
            (self.path == Path::Slash).then(|| "by the slash at its end".to_owned()),
        ]
        .into_iter()
        .flatten()
        .collect();
        match (&differs[..], self.scheme.as_deref()) {
            _ if matches!(self.path, Path::Other | Path::Page) => String::new(),
            ([], Some("https")) => ", the same with https".to_owned(),
            ([], Some("http")) => ", the same with http".to_owned(),
            ([], _) => String::new(),
            (differs, _) => format!(", which differs {}", differs.join(" and ")),
        }
    }

    fn advice(&self, whence: &Whence) -> String {
        let of_https = whence.origin.as_deref().is_some_and(|origin| origin.starts_with("https:"));
        if self.path == Path::Page {
            return format!(
                "That is a page for people, and no connection manager answered at {}: check the path and the route of the \
                 reverse proxy.",
                short(&whence.target)
            );
        }
        let pass_on = "Let the reverse proxy tell the back end what the client has asked for (X-Forwarded-Proto, \
                       X-Forwarded-Port, Host), or rewrite Location (proxy_redirect in nginx)";
        if self.scheme.as_deref() == Some("http") && of_https {
            return format!("A page of https:// may not go there: browsers block it. {pass_on}.");
        }
        match (self.port, &self.scheme) {
            (Some(_), _) if !self.host => {
                format!("The port may be one that only the reverse proxy knows. {pass_on}.")
            }
            (None, Some(scheme)) if scheme == "https" && !self.host && self.path == Path::Same => {
                format!(
                    "Configure the client with that URL. If it has that URL, this goes round in circles: {}.",
                    pass_on.replacen("Let", "let", 1)
                )
            }
            _ => "Configure the client with that URL.".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::playbook::words;

    #[test]
    fn each_redirect_says_what_is_different() {
        for (location, origin, pieces) in [
            ("https://chat.a/http-bind", "", &["the same with https", "goes round in circles"][..]),
            (
                "https://www.chat.a/http-bind",
                "",
                &["differs by the host. ", "Configure the client"],
            ),
            (
                "http://chat.a:8080/http-bind/",
                "",
                &["by the port 8080 and by the slash", "only the reverse proxy knows"],
            ),
            ("/http-bind/", "", &["differs by the slash at its end. Most", "Configure the client"]),
            (
                "http://chat.a/http-bind",
                "https://www.a",
                &["the same with http.", "browsers block it"],
            ),
            (
                "http://chat.a/http-bind",
                "http://www.a",
                &["the same with http.", "Configure the client"],
            ),
            (
                "https://chat.a/maintenance.html",
                "",
                &["a page for people", "no connection manager answered at /http-bind"],
            ),
            ("/", "", &["redirects to /. ", "a page for people"]),
            ("/bosh", "", &["redirects to /bosh. ", "Configure the client"]),
            ("::", "", &["redirects to ::. "]),
        ] {
            let origin =
                if origin.is_empty() { String::new() } else { format!(" | Origin: {origin}") };
            let script = format!(
                "0 1 C> POST /http-bind | Host: chat.a{origin} | <body rid='100000' to='a' wait='60' hold='1' ver='1.6' xml:lang='en' \
                 xmpp:version='1.0'/>\n10 1 S> 301 | Location: {location}"
            );
            let found = words("http-status", &script).join("\n");
            for piece in pieces {
                assert!(found.contains(piece), "{location}: {piece}: {found}");
            }
        }
    }
}
