//! The fields of what a scenario has names for: `bob.jid`, `client.granted.wait`, `poll.held`.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::cast::Actor;
use super::ledger::SentRequest;
use super::stream::Stream;
use super::target::Target;
use super::wire::Progress;
use crate::client::bosh::Keys;
use crate::scenario::{Login, Transport, Value, names};

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// Of an actor and its session.
pub(super) fn actor(actor: &Actor, target: &Target, fields: &[String]) -> Option<Value> {
    let book = actor.link().book();
    match fields {
        [field] => match field.as_str() {
            "jid" => actor.jid().map(text),
            "bare" => actor.jid().map(|jid| text(jid.split('/').next().unwrap_or(jid))),
            "resource" => actor.jid()?.split_once('/').map(|(_, resource)| text(resource)),
            "user" => actor.jid()?.split_once('@').map(|(user, _)| text(user)),
            "sid" => book.sid().map(text),
            "rid" => Some(Value::Number(i128::from(book.rids().highest()))),
            "key" => book.keys().map(Keys::peek).map(text),
            "newkey" => book.keys()?.peek_newkey().map(text),
            "transport" => {
                let transport = actor.stream().map_or(Transport::Bosh, Stream::transport);
                let word = Transport::ALL.into_iter().find(|(_, one)| *one == transport);
                word.map(|(word, _)| text(word))
            }
            "sent" => actor.stream()?.counts().sent.map(|count| Value::Number(count.into())),
            "received" => {
                actor.stream()?.counts().received.map(|count| Value::Number(count.into()))
            }
            "previd" => actor.stream()?.previd().map(text),
            "domain" => Some(text(&domain(actor, target))),
            _ => None,
        },
        [terms, name] => {
            let attribute = match terms.as_str() {
                "granted" => book.grant()?.attribute(term(name)),
                "asked" => book.asked().get(term(name)),
                _ => None,
            };
            attribute.map(|attribute| term_value(name, attribute))
        }
        _ => None,
    }
}

/// The domain that an actor's session is opened to.
pub(super) fn domain(actor: &Actor, target: &Target) -> String {
    let login = actor.terms().map(|terms| &terms.login.value);
    match (login, &target.anonymous) {
        (Some(Login::Anonymous), Some(domain)) => domain.clone(),
        _ => target.domain.clone(),
    }
}

/// Of an account of the target.
pub(super) fn account(target: &Target, name: &str, fields: &[String]) -> Option<Value> {
    let account = target.accounts.get(name)?;
    let [field] = fields else { return None };
    let value = match field.as_str() {
        "user" => account.user.clone(),
        "password" => account.password.clone(),
        "bare" => format!("{}@{}", account.user, target.domain),
        "plain" => STANDARD.encode(format!("\0{}\0{}", account.user, account.password)),
        _ => return None,
    };
    Some(Value::Text(value))
}

/// Of something that was sent.
pub(super) fn sent(sent: &SentRequest, progress: &Progress, fields: &[String]) -> Option<Value> {
    let [field] = fields else { return None };
    match field.as_str() {
        "rid" => sent.rid.clone().map(Value::Text),
        "held" => {
            let got = progress.got.as_ref()?;
            Some(Value::Time(got.response.first.saturating_sub(progress.written?)))
        }
        "status" => Some(Value::Number(progress.got.as_ref()?.response.status.into())),
        "interim" => Some(
            progress.interim.map_or_else(|| text("none"), |status| Value::Number(status.into())),
        ),
        _ => None,
    }
}

/// The attribute that a term is, by the name that it is written with on the wire.
pub(super) fn term(name: &str) -> &str {
    match name {
        "lang" => "xml:lang",
        "version" => "xmpp:version",
        "restartlogic" => "xmpp:restartlogic",
        other => other,
    }
}

/// Terms that are times are times, other numbers are numbers.
fn term_value(name: &str, value: &str) -> Value {
    match value.parse::<u64>() {
        Ok(seconds) if names::TIMES.contains(&name) => Value::Time(Duration::from_secs(seconds)),
        Ok(number) => Value::Number(number.into()),
        Err(_) => text(value),
    }
}
