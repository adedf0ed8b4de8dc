//! A login of a replay: what proves a password is made anew, and put where the recording has hidden it.

use std::collections::VecDeque;

use super::script::Attempt;
use super::texts::HIDDEN;
use crate::client::{Login, Mechanism, Step, Who};
use crate::xml::{Element, Scope, write};
use crate::xmpp::ns;
use crate::xmpp::scram::Hash;

/// The mechanisms that can be made anew.
const KNOWN: [Mechanism; 5] = [
    Mechanism::Scram(Hash::Sha512),
    Mechanism::Scram(Hash::Sha256),
    Mechanism::Scram(Hash::Sha1),
    Mechanism::Plain,
    Mechanism::Anonymous,
];

/// What is sent in the place of an element of SASL.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Instead {
    /// This text.
    Text(String),
    /// As it was.
    Same,
    /// Nothing: this server does not ask for it.
    Nothing,
    /// It cannot go on, for this reason.
    Failed(String),
}

/// The login of a session.
#[derive(Debug)]
pub(super) struct Sasl {
    who: Option<Who>,
    nonce: String,
    login: Option<Login>,
    features: Option<Element>,
    inbox: VecDeque<Element>,
    over: bool,
    /// The attempt is to fail.
    fails: bool,
}

impl Sasl {
    pub(super) fn new(who: Option<Who>, nonce: String) -> Self {
        let (login, features, inbox) = (None, None, VecDeque::new());
        Self { who, nonce, login, features, inbox, over: false, fails: false }
    }

    /// An element of the server has come.
    pub(super) fn heard(&mut self, element: &Element) {
        if element.is(ns::STREAMS, "features") {
            self.features = Some(element.clone());
        } else if element.namespace() == ns::SASL {
            self.inbox.push_back(element.clone());
        }
    }

    /// A login is under way.
    pub(super) fn is_under_way(&self) -> bool {
        self.login.is_some() && !self.over
    }

    /// A login is under way, and the server has not answered its last step.
    pub(super) fn waits(&self) -> bool {
        self.is_under_way() && self.inbox.is_empty()
    }

    /// What is to be sent in the place of a text with an element of SASL.
    ///
    /// An `attempt` that failed in the recording is to fail again.
    pub(super) fn instead(&mut self, text: &str, attempt: Attempt) -> Instead {
        let begins = text.contains("<auth");
        if begins {
            let fails = attempt == Attempt::Fails;
            self.fails = fails;
            let known = KNOWN.into_iter().any(|known| names(text, known.name()));
            if !known && attempt != Attempt::Succeeds {
                // It fails for its mechanism, whatever it says.
                (self.login, self.over) = (None, true);
                return if text.contains(HIDDEN) {
                    Instead::Text(filled(text, "="))
                } else {
                    Instead::Same
                };
            }
            if !text.contains(HIDDEN) && text.contains("ANONYMOUS") {
                return Instead::Same;
            }
            let Some(who) = self.who.clone() else {
                if !text.contains(HIDDEN) {
                    return Instead::Same;
                }
                let why = "the recording holds no password, and there is no account for it";
                return Instead::Failed(why.to_owned());
            };
            return self.begin(if fails { wrong(who) } else { who }, text);
        }
        match self.next() {
            Some(Instead::Text(payload)) => Instead::Text(filled(text, &payload)),
            Some(other) => other,
            None if self.over => Instead::Nothing,
            None if self.login.is_none() => Instead::Same,
            None => Instead::Failed("the server does not go on with it".to_owned()),
        }
    }

    fn begin(&mut self, who: Who, text: &str) -> Instead {
        let Some(features) = self.features.clone() else {
            return Instead::Failed(
                "no stream features have come, so no login is possible".to_owned(),
            );
        };
        self.inbox.clear();
        self.over = false;
        let recorded = KNOWN.into_iter().find(|known| names(text, known.name()));
        let offered = features.descendants().filter(|it| it.is(ns::SASL, "mechanism"));
        let offered: Vec<String> = offered.map(|it| it.text().trim().to_owned()).collect();
        let same = recorded.filter(|known| offered.iter().any(|name| name == known.name()));
        let login = Login::new(who, self.nonce.clone());
        let mut login = match same {
            Some(mechanism) => login.with_mechanism(mechanism),
            None => login,
        };
        let step = login.take(&features);
        self.login = Some(login);
        match step {
            Step::Send(element) if same.is_some() => Instead::Text(filled(text, &element.text())),
            Step::Send(element) => Instead::Text(replaced(text, &element)),
            Step::Failed(why) => Instead::Failed(why),
            _ => Instead::Same,
        }
    }

    /// The next step of the login, if what has come gives one: the payload of a response, or what became of it.
    fn next(&mut self) -> Option<Instead> {
        let login = self.login.as_mut()?;
        while let Some(element) = self.inbox.pop_front() {
            match login.take(&element) {
                Step::Send(element) => return Some(Instead::Text(element.text().into_owned())),
                Step::Restart | Step::Done(_) => {
                    self.over = true;
                    return Some(Instead::Nothing);
                }
                Step::Failed(why) => {
                    self.over = true;
                    return Some(if self.fails { Instead::Nothing } else { Instead::Failed(why) });
                }
                Step::Wait => {}
            }
        }
        None
    }

    /// Before anything else is sent: a response that this server asks for and the recording has not.
    pub(super) fn more(&mut self) -> Option<Instead> {
        let next = self.next()?;
        Some(match next {
            Instead::Text(payload) => {
                let response = Element::new(ns::SASL, "response").with_text(&payload);
                let mut text = String::new();
                write(&response, &Scope { default: "", prefixes: &[] }, &mut text);
                Instead::Text(text)
            }
            other => other,
        })
    }
}

/// Somebody with a wrong password.
fn wrong(who: Who) -> Who {
    match who {
        Who::Account { user, password } => {
            Who::Account { user, password: format!("not {password}") }
        }
        Who::Anonymous => Who::Anonymous,
    }
}

/// Whether an `<auth/>` is for this mechanism.
fn names(text: &str, mechanism: &str) -> bool {
    ['\'', '"'].iter().any(|quote| text.contains(&format!("mechanism={quote}{mechanism}{quote}")))
}

/// A text with a payload where one was hidden, or where an element of SASL has its own: a recording may show what is secret.
fn filled(text: &str, payload: &str) -> String {
    let hidden = || {
        let start = text.find(HIDDEN)?;
        Some((start, start + text[start..].find(']')? + 1))
    };
    let shown = || {
        let element = text.find("<auth").or_else(|| text.find("<response"))?;
        let start = element + text[element..].find('>')? + 1;
        let ends = text[..start].ends_with("/>");
        Some((start, start + text[start..].find("</")?)).filter(|_| !ends)
    };
    match hidden().or_else(shown) {
        Some((start, end)) => format!("{}{payload}{}", &text[..start], &text[end..]),
        None => text.to_owned(),
    }
}

/// A text with another element in the place of `<auth/>`.
fn replaced(text: &str, element: &Element) -> String {
    let mut new = String::new();
    write(element, &Scope { default: "", prefixes: &[] }, &mut new);
    let start = text.find("<auth").unwrap_or(0);
    let end = match text.find("</auth>") {
        Some(end) => end + "</auth>".len(),
        None => text[start..].find('>').map_or(text.len(), |end| start + end + 1),
    };
    format!("{}{new}{}", &text[..start], &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{Limits, parse};

    fn element(text: &str) -> Element {
        parse(text.as_bytes(), &Limits::default()).unwrap()
    }

    fn features(mechanisms: &str) -> Element {
        element(&format!(
            "<f:features xmlns:f='{}'><mechanisms xmlns='{}'>{mechanisms}</mechanisms></f:features>",
            ns::STREAMS,
            ns::SASL
        ))
    }

    fn alice() -> Sasl {
        let who = Who::Account { user: "alice".to_owned(), password: "secret".to_owned() };
        Sasl::new(Some(who), "nonce".to_owned())
    }

    const AUTH: &str = "<body rid='1'><auth mechanism=\"PLAIN\" xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>[hidden 20 bytes]</auth></body>";

    #[test]
    fn a_payload_takes_the_place_of_what_was_hidden() {
        let mut sasl = alice();
        assert!(
            matches!(sasl.instead(AUTH, Attempt::Succeeds), Instead::Failed(_)),
            "there are no features"
        );
        sasl.heard(&features("<mechanism>PLAIN</mechanism><mechanism>SCRAM-SHA-1</mechanism>"));
        assert_eq!(
            filled(&AUTH.replace("[hidden 20 bytes]", "AGE="), "AGI="),
            AUTH.replace("[hidden 20 bytes]", "AGI=")
        );
        let expected = AUTH.replace("[hidden 20 bytes]", "AGFsaWNlAHNlY3JldA==");
        assert_eq!(sasl.instead(AUTH, Attempt::Succeeds), Instead::Text(expected));
        sasl.heard(&element("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"));
        assert_eq!(sasl.more(), Some(Instead::Nothing));
        assert!(!sasl.is_under_way());
    }

    #[test]
    fn another_mechanism_is_taken_where_the_recorded_one_is_not_offered() {
        let mut sasl = alice();
        sasl.heard(&features("<mechanism>SCRAM-SHA-1</mechanism>"));
        let Instead::Text(text) = sasl.instead(AUTH, Attempt::Succeeds) else { panic!() };
        assert!(text.contains("mechanism='SCRAM-SHA-1'") && !text.contains("PLAIN"), "{text}");
        assert!(text.starts_with("<body rid='1'><auth ") && text.ends_with("</auth></body>"));
        assert!(sasl.is_under_way());
    }

    #[test]
    fn a_login_without_an_account_is_sent_as_it_was() {
        let mut sasl = Sasl::new(Some(Who::Anonymous), String::new());
        let text = "<auth mechanism='ANONYMOUS' xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";
        assert_eq!(sasl.instead(text, Attempt::Succeeds), Instead::Same);
    }
}
