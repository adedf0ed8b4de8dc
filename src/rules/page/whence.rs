//! Where a request wants to go, and where it comes from: host, path, domain and page, beside each other.

use crate::rules::words::short;
use crate::trace::Headers;

/// A path that shows how it was made, by mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slip {
    /// Of a setting that is not there.
    Unset,
    /// Of a whole URL, or one without its scheme.
    Url,
    /// Of a part that ends in a slash and one that begins with a slash.
    Slashes,
    /// Of a part that has the path already, and the path.
    Twice,
}

/// Where a request wants to go, and where it comes from.
#[derive(Debug, Clone, Default)]
pub struct Whence {
    /// The request target.
    pub target: String,
    /// `Host`
    pub host: Option<String>,
    /// `X-Forwarded-Host`
    pub forwarded_host: Option<String>,
    /// `Origin`: the page that sends it.
    pub origin: Option<String>,
    /// `to` in a `<body/>`: the domain that is wanted.
    pub to: Option<String>,
    /// Something passed it on before it came here.
    pub passed_on: bool,
    /// It is no head as it was sent, but one of a file that does not hold all lines: what the others say is not known.
    pub headless: bool,
}

impl Whence {
    /// What the head of a request says.
    pub fn of(target: &str, headers: &Headers) -> Self {
        let one = |name| headers.get(name).map(str::to_owned);
        Self {
            target: target.to_owned(),
            host: one("host").or_else(|| one(":authority")),
            forwarded_host: one("x-forwarded-host"),
            origin: one("origin"),
            to: None,
            passed_on: headers.are_passed_on(),
            headless: ["host", ":authority", "content-length", "transfer-encoding", "connection"]
                .iter()
                .all(|name| headers.get(name).is_none()),
        }
    }

    /// `Host is a (X-Forwarded-Host b), to is c, Origin https://d`
    pub fn words(&self) -> String {
        let mut words = match &self.host {
            Some(host) => format!("Host is {}", short(host)),
            None if self.headless => "Host and Origin are not known".to_owned(),
            None => "Host is missing".to_owned(),
        };
        if let Some(name) =
            self.forwarded_host.as_ref().filter(|&name| Some(name) != self.host.as_ref())
        {
            words += &format!(" (X-Forwarded-Host {})", short(name));
        }
        if let Some(to) = &self.to {
            words += &format!(", `to` is {}", short(to));
        }
        match &self.origin {
            Some(origin) => words + &format!(", Origin {}", short(origin)),
            None if self.headless || self.to.is_some() => words,
            None => words + ", and there is no Origin",
        }
    }

    /// The host without its port.
    pub fn bare_host(&self) -> Option<&str> {
        let host = self.host.as_deref()?;
        match host.rsplit_once(':') {
            Some((name, port))
                if !name.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                Some(name)
            }
            _ => Some(host),
        }
    }

    /// What the request is for by other words than `Host`, if those are another host.
    pub fn other_host(&self) -> Option<&str> {
        let host = self.bare_host();
        let is_other = |name: &&str| host.is_some_and(|host| !host.eq_ignore_ascii_case(name));
        self.forwarded_host.as_deref().filter(is_other).or(self.to.as_deref().filter(is_other))
    }

    /// What is wrong with the path, if that shows how it was made.
    pub fn slip(&self) -> Option<Slip> {
        if self.is_unset() {
            return Some(Slip::Unset);
        }
        let path = self.path();
        if ["http:/", "https:/", "ws:/", "wss:/"].iter().any(|scheme| path.contains(scheme)) {
            return Some(Slip::Url);
        }
        let mut segments = path.trim_matches('/').split('/').collect::<Vec<_>>();
        let (first, more) = (segments[0], segments.len() > 1);
        if more && self.bare_host().is_some_and(|host| host.eq_ignore_ascii_case(first)) {
            return Some(Slip::Url);
        }
        if path.contains("//") {
            return Some(Slip::Slashes);
        }
        let whole = segments.len();
        segments.dedup();
        (segments.len() < whole).then_some(Slip::Twice)
    }

    fn path(&self) -> &str {
        self.target.split(['?', '#']).next().unwrap_or_default()
    }

    /// Whether the path is one that a program makes of a setting that it does not have.
    fn is_unset(&self) -> bool {
        let path = self.path();
        let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let last = last.to_ascii_lowercase();
        matches!(
            &*last,
            "undefined" | "null" | "none" | "nil" | "nan" | "false" | "[object%20object]"
        ) || last.contains("{{")
            || last.contains("%7b%7b")
            || last.starts_with("${")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_put_beside_each_other() {
        let mut headers = Headers::default();
        headers.push("Host", "192.0.2.70:5280");
        headers.push("X-Forwarded-Host", "meet.example.org");
        let mut whence = Whence::of("/http-bind", &headers);
        assert_eq!(
            whence.words(),
            "Host is 192.0.2.70:5280 (X-Forwarded-Host meet.example.org), and there is no Origin"
        );
        assert_eq!(
            (whence.bare_host(), whence.other_host()),
            (Some("192.0.2.70"), Some("meet.example.org"))
        );
        whence.host = Some("meet.example.org".to_owned());
        assert_eq!(whence.other_host(), None);
        whence.to = Some("example.org".to_owned());
        assert_eq!(whence.words(), "Host is meet.example.org, `to` is example.org");
        assert_eq!(whence.other_host(), Some("example.org"));
        let mut of_log = Headers::default();
        of_log.push("User-Agent", "Mozilla/5.0");
        let mut nothing = Whence::of("/http-bind", &of_log);
        assert_eq!(nothing.words(), "Host and Origin are not known");
        nothing.to = Some("example.org".to_owned());
        assert_eq!(nothing.words(), "Host and Origin are not known, `to` is example.org");
    }

    #[test]
    fn a_path_shows_how_it_was_made() {
        for (target, slip) in [
            ("/undefined", Some(Slip::Unset)),
            ("/chat/null?x", Some(Slip::Unset)),
            ("/undefined/", Some(Slip::Unset)),
            ("/[object%20Object]", Some(Slip::Unset)),
            ("/%7B%7Bbosh%7D%7D", Some(Slip::Unset)),
            ("/http-bind/http-bind", Some(Slip::Twice)),
            ("/chat/ws/ws/?a", Some(Slip::Twice)),
            ("//http-bind", Some(Slip::Slashes)),
            ("/chat//http-bind", Some(Slip::Slashes)),
            ("/https://chat.a/http-bind", Some(Slip::Url)),
            ("/login/wss:/chat.a/ws", Some(Slip::Url)),
            ("/chat.a/http-bind", Some(Slip::Url)),
            ("/http-bind?room=a//b&url=https://c", None),
            ("/chat.a", None),
            ("/a/b/a", None),
            ("/http-bind/", None),
            ("/", None),
            ("", None),
        ] {
            let host = Some("chat.a:5280".to_owned());
            let whence = Whence { target: target.to_owned(), host, ..Whence::default() };
            assert_eq!(whence.slip(), slip, "{target}");
        }
    }
}
