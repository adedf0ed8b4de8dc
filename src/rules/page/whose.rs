//! Whose page an answer is. What `Server` says is not who wrote the page: nginx puts its name on everything that it
//! passes on.

use super::saying;
use super::sentence::sentence;
use super::signature::{Meaning, Role, Signature};
use crate::rules::finding::Party;
use crate::rules::words::short;
use crate::trace::{Headers, Response};

/// How much of a page is read.
const READ: usize = 16 * 1024;

/// An answer other than the one that was hoped for.
#[derive(Debug)]
pub struct Page {
    /// Who wrote it, by the page itself.
    author: Option<&'static Signature>,
    /// Who sent it, by its header lines.
    sender: Option<&'static Signature>,
    server: Option<String>,
    via: Option<String>,
    /// The sentence that decides, escaped.
    pub sentence: Option<String>,
    /// What it means, whoever says it.
    says: Option<Meaning>,
    /// Reason phrase and content, in lower case, with single spaces.
    text: String,
    size: u64,
    is_html: bool,
    is_json: bool,
}

impl Page {
    /// What can be told of a response.
    pub fn of(response: &Response) -> Self {
        let bytes: &[u8] = match response.content.undecoded {
            Some(_) => &[],
            None => &response.content.bytes,
        };
        let content = String::from_utf8_lossy(&bytes[..bytes.len().min(READ)]);
        let lower = format!("{}\n{content}", response.reason).to_lowercase();
        let text = lower.split_whitespace().collect::<Vec<_>>().join(" ");
        // Prosody and others escape apostrophes.
        let text = ["&apos;", "&#39;", "&#039;", "&#x27;"]
            .iter()
            .fold(text, |text, apostrophe| text.replace(apostrophe, "'"));
        let (sentence, says) = sentence(&content, response.status, &response.reason);
        let challenge = response.headers.get("www-authenticate");
        let challenge = || saying::meaning(challenge?, response.status).map(|(_, means)| means);
        let says = says.or_else(challenge);
        let header = |name| response.headers.get(name).map(str::to_owned);
        Self {
            author: Signature::of_page(response.status, &text),
            sender: Signature::of_headers(&response.headers),
            server: header("server"),
            via: header("via"),
            sentence,
            says,
            is_html: text.contains("<html") || text.contains("<!doctype html"),
            is_json: content.trim_start().starts_with('{'),
            size: response.content.size,
            text,
        }
    }

    /// What sent these header lines, if they name it.
    pub fn sender(headers: &Headers) -> Option<Role> {
        Signature::of_headers(headers).map(|signature| signature.role)
    }

    #[cfg(test)]
    pub(super) fn signature(&self) -> Option<&'static Signature> {
        self.author
    }

    #[cfg(test)]
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether the page or the reason phrase contains these words, written in lower case.
    pub fn says(&self, words: &str) -> bool {
        self.text.contains(words)
    }

    /// What it means, if it says more than its status.
    pub fn meaning(&self) -> Option<Meaning> {
        let author = self.author.and_then(|author| author.means);
        match author {
            // Why the rule refuses it is in the sentence.
            Some(Meaning::ForbiddenByRule) => self.says.or(author),
            _ => author.or(self.says).or(self.sender.and_then(|sender| sender.means)),
        }
    }

    /// Whether the page is that of a WebSocket module, which shows it to whatever does not ask for a WebSocket.
    pub fn is_of_websocket(&self) -> bool {
        self.meaning() == Some(Meaning::PageOfWebsocket) || self.says("ejabberd_http_ws")
    }

    /// Whether the page is that of a connection manager of BOSH.
    pub fn is_of_bosh(&self) -> bool {
        self.meaning() == Some(Meaning::PageOfBosh)
            || self.says("mod_bosh")
            || self.says("xmpp over bosh")
    }

    /// Whether this is who wrote the page, or at least sent it.
    pub fn is_from(&self, name: &str) -> bool {
        self.by() == Some(name)
    }

    /// Who wrote the page, or else who sent it.
    pub fn by(&self) -> Option<&'static str> {
        self.author.or(self.sender).map(|signature| &*signature.by)
    }

    /// Who wrote the page, by the page itself.
    pub fn author(&self) -> Option<&'static str> {
        self.author.map(|signature| &*signature.by)
    }

    /// Who is behind the answer: the one who wrote the page, or else the one who sent it.
    pub fn role(&self) -> Option<Role> {
        self.author.or(self.sender).map(|signature| signature.role)
    }

    /// Whether an XMPP server wrote the page itself.
    pub fn is_of_server(&self) -> bool {
        self.author.is_some_and(|author| author.role == Role::Server)
    }

    /// Whether something in front of the XMPP server wrote the page itself, by the page or by the lack of one.
    pub fn is_of_proxy(&self) -> bool {
        if let Some(author) = self.author {
            return author.role != Role::Server;
        }
        let sender = self.sender.map(|sender| sender.role);
        self.size == 0 && matches!(sender, Some(Role::Proxy | Role::Cdn | Role::Guard))
    }

    /// Who wrote the page, or sent it: nobody, if nothing shows that.
    pub fn party(&self) -> Party {
        match self.role() {
            _ if self.is_of_proxy() => Party::Between,
            Some(Role::Server) => Party::Server,
            _ => Party::Nobody,
        }
    }

    /// It is a web page, or looks like one.
    pub fn is_html(&self) -> bool {
        self.is_html
    }

    /// It looks like JSON.
    pub fn is_json(&self) -> bool {
        self.is_json
    }

    /// There is nothing on it.
    pub fn is_empty(&self) -> bool {
        self.size == 0
    }

    /// ` from "nginx/1.18.0" (its own page)`, ` from Prosody (by its page), passed on by "nginx"`, or nothing if nobody is
    /// named.
    pub fn from(&self) -> String {
        let server = self.server.as_deref().map(|server| format!("\"{}\"", short(server)));
        let via = self.via.as_deref().map(|via| format!(", via \"{}\"", short(via)));
        let (author, sender) = (self.author(), self.sender.map(|sender| &*sender.by));
        let passes_on = matches!(
            self.sender.map(|sender| sender.role),
            Some(Role::Proxy | Role::Cdn | Role::Guard)
        );
        let from = match (author, sender, server) {
            (Some(author), Some(sender), Some(server)) if author == sender => {
                format!(" from {server} (its own page)")
            }
            (Some(author), _, Some(server)) if passes_on => {
                format!(" from {author} (by its page), passed on by {server}")
            }
            (Some(author), _, Some(server)) => format!(" from {author} (by its page; {server})"),
            (Some(author), _, None) => format!(" from {author} (by its page)"),
            (None, _, Some(server)) => format!(" from {server}"),
            (None, Some(sender), None)
                if self.sender.is_some_and(|one| one.role != Role::Login) =>
            {
                format!(" from {sender}")
            }
            (None, _, None) => String::new(),
        };
        from + &via.unwrap_or_default()
    }

    /// ` The page says "…".`, or nothing.
    pub fn quoted(&self) -> String {
        self.sentence.as_ref().map(|said| format!(" The page says \"{said}\".")).unwrap_or_default()
    }
}

/// `404 Not Found`
pub fn status(response: &Response) -> String {
    match response.reason.as_str() {
        "" => response.status.to_string(),
        reason => format!("{} {}", response.status, short(reason)),
    }
}
