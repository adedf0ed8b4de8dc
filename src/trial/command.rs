//! The client that is tested: a command that starts it, or a person who does.

use std::net::SocketAddr;

use super::mutants::Mutant;
use crate::scenario::Transport;

/// What is tested.
#[derive(Debug, Clone)]
pub enum Client {
    /// A program with its arguments, in which `{url}` and the like stand for values.
    Command(Vec<String>),
    /// A person starts it.
    Person,
    /// The reference client, which is part of this program.
    Reference(Option<&'static Mutant>),
}

/// What a client has to know.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub(super) carrier: Transport,
    pub(super) url: String,
    pub(super) address: SocketAddr,
    pub(super) domain: String,
    pub(super) user: String,
    pub(super) password: String,
    pub(super) peer: String,
    /// Where its page is, if it has one.
    pub(super) page: Option<String>,
    /// The file with the CA that has signed the server's certificate, if there is TLS.
    pub(super) ca: Option<String>,
}

impl Facts {
    /// Each by its name: `{name}` in a command, `XMPPSCOPE_NAME` in the environment of the client.
    pub(super) fn all(&self) -> Vec<(&'static str, String)> {
        let carrier = Transport::ALL.into_iter().find(|(_, one)| *one == self.carrier);
        let mut all = vec![
            ("carrier", carrier.map_or("", |(word, _)| word).to_owned()),
            ("url", self.url.clone()),
            ("host", self.address.ip().to_string()),
            ("port", self.address.port().to_string()),
            ("domain", self.domain.clone()),
            ("jid", format!("{}@{}", self.user, self.domain)),
            ("user", self.user.clone()),
            ("password", self.password.clone()),
            ("peer", self.peer.clone()),
        ];
        all.extend(self.page.iter().map(|page| ("page", page.clone())));
        all.extend(self.ca.iter().map(|ca| ("ca", ca.clone())));
        all
    }

    /// What its URL begins with: `https`.
    pub(super) fn scheme(&self) -> &str {
        self.url.split_once(':').map_or("", |(scheme, _)| scheme)
    }

    /// The words of a command with their values.
    pub(super) fn fill(&self, command: &[String]) -> Vec<String> {
        let facts = self.all();
        let fill = |word: &String| {
            facts.iter().fold(word.clone(), |text, (name, value)| {
                text.replace(&format!("{{{name}}}"), value)
            })
        };
        command.iter().map(fill).collect()
    }
}

#[cfg(test)]
impl Facts {
    /// Those of a client of nobody's.
    pub(super) fn sample() -> Self {
        Self {
            carrier: Transport::Bosh,
            url: "http://127.0.0.1:1/http-bind".to_owned(),
            address: ([127, 0, 0, 1], 1).into(),
            domain: "localhost".to_owned(),
            user: "alice".to_owned(),
            password: "secret".to_owned(),
            peer: "bob@localhost".to_owned(),
            page: None,
            ca: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_filled_and_other_braces_stay() {
        let facts = Facts::sample();
        let command = ["--url={url}", "{jid}", "{\"a\": {other}}", "{carrier}"].map(str::to_owned);
        assert_eq!(
            facts.fill(&command),
            ["--url=http://127.0.0.1:1/http-bind", "alice@localhost", "{\"a\": {other}}", "bosh"]
        );
    }
}
