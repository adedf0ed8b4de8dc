//! Logging in, a message to itself, and what survives a cut (RFC 6120 §6 and §7, XEP-0198).

use std::sync::Arc;
use std::time::Duration;

use crate::client::{Login, Step, Who};
use crate::clock::words;
use crate::doctor::check::{LOGIN, MESSAGE, RESUMPTION};
use crate::doctor::context::Context;
use crate::doctor::endpoint::{Carrier, about};
use crate::doctor::reach::Place;
use crate::doctor::talk::{Talk, offered};
use crate::doctor::trouble::{self, Trouble};
use crate::xml::Element;
use crate::xmpp::ns;

/// How long each step may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long all steps may take together.
const LONGEST: Duration = Duration::from_secs(30);

/// A login that came to an end.
struct LoggedIn {
    talk: Talk,
    jid: String,
    /// The features offer stream management.
    managed: bool,
}

/// Logs in, sends a message, resumes.
pub async fn examine(context: &Arc<Context>, place: &Place) {
    let doing = context.begin(&LOGIN, &place.endpoint);
    let account = context.settings.account.as_ref();
    let who = match account {
        Some(account) => {
            Who::Account { user: account.user.clone(), password: account.password.clone() }
        }
        None => Who::Anonymous,
    };
    let logged_in = match log_in(context, place, &who).await {
        Ok(logged_in) => logged_in,
        Err(NoLogin::NotOffered) => {
            return doing.skipped("not tested: use --user (no anonymous login here)");
        }
        Err(NoLogin::Exposed(why)) => return doing.skipped(why),
        Err(NoLogin::Failed(kind, words)) => {
            return doing.broken(about(Trouble::new(kind), &place.endpoint), words);
        }
    };
    let LoggedIn { mut talk, jid, managed } = logged_in;
    doing.well(format!("logged in as {jid}"));
    message(context, place, &mut talk, &jid).await;
    match (&who, place.endpoint.carrier) {
        (Who::Account { .. }, Carrier::WebSocket | Carrier::Tcp) => {
            resume(context, place, talk, managed, &who).await;
        }
        _ => talk.end().await,
    }
}

/// Why there is no login.
enum NoLogin {
    /// Nobody can log in without an account.
    NotOffered,
    /// Others could read the password.
    Exposed(&'static str),
    Failed(&'static trouble::Kind, String),
}

async fn log_in(context: &Arc<Context>, place: &Place, who: &Who) -> Result<LoggedIn, NoLogin> {
    let broken_off = |words| NoLogin::Failed(&trouble::LOGIN_BROKEN_OFF, words);
    let mut talk = Talk::open(context, place).await.map_err(broken_off)?;
    let mut login = Login::new(who.clone(), context.token());
    let (mut granted, mut managed) = (false, false);
    let end = context.clock.now() + LONGEST;
    loop {
        let since = context.clock.now();
        let Some(element) = talk.next(end.min(since + PATIENCE)).await else {
            return Err(match talk.exposed() {
                Some(why) => NoLogin::Exposed(why),
                None => broken_off(nothing(context, &talk, since)),
            });
        };
        if element.is(ns::STREAMS, "features") {
            managed |= element.child(ns::SM3, "sm").is_some();
            let anonymous = offered(&element).iter().any(|name| name == "ANONYMOUS");
            let begins = element.child(ns::SASL, "mechanisms").is_some();
            if *who == Who::Anonymous && begins && !anonymous {
                talk.end().await;
                return Err(NoLogin::NotOffered);
            }
        }
        granted |= element.is(ns::SASL, "success");
        match login.take(&element) {
            Step::Wait => {}
            Step::Send(element) => talk.send(&element).await,
            Step::Restart => talk.restart().await,
            Step::Done(jid) => return Ok(LoggedIn { talk, jid, managed }),
            Step::Failed(words) => {
                talk.end().await;
                let kind = if element.is(ns::STREAMS, "error") {
                    &trouble::LOGIN_BROKEN_OFF
                } else if granted {
                    &trouble::BIND_FAILED
                } else {
                    &trouble::LOGIN_FAILED
                };
                return Err(NoLogin::Failed(kind, words));
            }
        }
    }
}

/// Why nothing more came.
fn nothing(context: &Context, talk: &Talk, since: Duration) -> String {
    let waited = words(context.clock.now().saturating_sub(since));
    match talk.end_words() {
        Some(why) => format!("{why} (after {waited})"),
        None => format!("nothing more came within {waited}"),
    }
}

/// Sends a message to this very client, which no archive is to keep and no other device to get.
async fn message(context: &Context, place: &Place, talk: &mut Talk, jid: &str) {
    let doing = context.begin(&MESSAGE, &place.endpoint);
    let id = context.token();
    let hints = "urn:xmpp:hints";
    let message = Element::new(ns::CLIENT, "message")
        .with_attr("to", jid)
        .with_attr("type", "chat")
        .with_attr("id", &id)
        .with_child(Element::new(ns::CLIENT, "body").with_text("xmppscope doctor"))
        .with_child(Element::new(hints, "no-store"))
        .with_child(Element::new(hints, "no-copy"));
    let sent = context.clock.now();
    talk.send(&message).await;
    while let Some(element) = talk.next(sent + PATIENCE).await {
        if !element.is(ns::CLIENT, "message") || element.attr("id") != Some(&*id) {
            continue;
        }
        let took = words(context.clock.now().saturating_sub(sent));
        if element.attr("type") == Some("error") {
            let trouble = about(Trouble::new(&trouble::MESSAGE_LOST), &place.endpoint);
            return doing.broken(trouble, "the test message comes back as an error");
        }
        return doing.well(format!("a test message is received after {took}"));
    }
    doing.broken(
        about(Trouble::new(&trouble::MESSAGE_LOST), &place.endpoint),
        format!("the test message does not arrive within {}", words(PATIENCE)),
    );
}

/// Cuts the connection, and resumes the stream on another.
async fn resume(context: &Arc<Context>, place: &Place, mut talk: Talk, managed: bool, who: &Who) {
    let doing = context.begin(&RESUMPTION, &place.endpoint);
    if !managed {
        talk.end().await;
        return doing.note(
            "the server offers no stream management: whoever loses the connection has to log in anew, and may lose messages",
        );
    }
    let enable = Element::new(ns::SM3, "enable").with_attr("resume", "true");
    talk.send(&enable).await;
    let of = |kind| about(Trouble::new(kind), &place.endpoint);
    let enabled = until(context, &mut talk, &["enabled", "failed"]).await;
    let id = enabled.as_ref().and_then(|enabled| enabled.attr("id")).map(str::to_owned);
    let Some(id) = id else {
        talk.end().await;
        return doing.note("stream management is granted without resumption");
    };
    let max = enabled.as_ref().and_then(|enabled| enabled.attr("max")).map(str::to_owned);
    talk.cut().await;
    match resumed(context, place, who, &id).await {
        Ok((talk, after)) => {
            talk.end().await;
            let for_how_long = max.map(|max| format!(", for up to {max} s")).unwrap_or_default();
            doing.well(format!("a cut stream is resumed within {}{for_how_long}", words(after)));
        }
        Err(why) => doing.broken(
            of(&trouble::RESUMPTION_FAILED),
            format!("a stream that was cut a moment ago cannot be resumed: {why}"),
        ),
    }
}

async fn resumed(
    context: &Arc<Context>,
    place: &Place,
    who: &Who,
    id: &str,
) -> Result<(Talk, Duration), String> {
    let since = context.clock.now();
    let mut talk = Talk::open(context, place).await?;
    let mut login = Login::new(who.clone(), context.token());
    let mut restarted = false;
    let end = since + LONGEST;
    loop {
        let asked = context.clock.now();
        let Some(element) = talk.next(end.min(asked + PATIENCE)).await else {
            let silent = || nothing(context, &talk, asked);
            return Err(talk.exposed().map_or_else(silent, str::to_owned));
        };
        if restarted && element.is(ns::STREAMS, "features") {
            let resume =
                Element::new(ns::SM3, "resume").with_attr("previd", id).with_attr("h", "0");
            talk.send(&resume).await;
            let answer = until(context, &mut talk, &["resumed", "failed"]).await;
            let after = context.clock.now().saturating_sub(since);
            return match answer {
                Some(answer) if answer.name() == "resumed" => Ok((talk, after)),
                Some(failed) => {
                    let condition =
                        failed.children().next().map_or("failed", Element::name).to_owned();
                    talk.end().await;
                    Err(format!("the server answers {condition}"))
                }
                None => Err("the server does not answer <resume/>".to_owned()),
            };
        }
        match login.take(&element) {
            Step::Send(element) => talk.send(&element).await,
            Step::Restart => {
                talk.restart().await;
                restarted = true;
            }
            Step::Failed(words) => return Err(words),
            Step::Wait | Step::Done(_) => {}
        }
    }
}

/// The next element of stream management with one of these names.
async fn until(context: &Context, talk: &mut Talk, names: &[&str]) -> Option<Element> {
    let end = context.clock.now() + PATIENCE;
    while let Some(element) = talk.next(end).await {
        if element.namespace() == ns::SM3 && names.contains(&element.name()) {
            return Some(element);
        }
    }
    None
}
