//! What a response says of its session, in words: its stream error, its text, and whether the session goes on (XEP-0124
//! §17, XEP-0206 §2).

use std::borrow::Cow;

use super::view::ResponseView;
use crate::bosh::{Body, Condition};
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::http::words::rid;
use crate::rules::kinds;
use crate::rules::stream::conflicts::{self, Conflicts};
use crate::rules::stream::{errors, said};
use crate::rules::words::short;
use crate::trace::Story;
use crate::wire::Side;
use crate::xml::Element;
use crate::xmpp::{ns, stream_condition};

/// A `<body/>` in a response of a session.
#[derive(Debug)]
pub(super) struct Answer<'a> {
    pub(super) view: ResponseView<'a>,
    pub(super) body: &'a Body,
    /// Up to this exchange, requests may have passed without being recorded.
    pub(super) unseen: u64,
    /// The stream error conflict in it, explained.
    pub(super) conflict: Option<String>,
}

impl Answer<'_> {
    /// The stream error inside, in words.
    pub(super) fn stream_error(&self) -> Option<String> {
        self.conflict
            .clone()
            .or_else(|| self.body.element().child(ns::STREAMS, "error").map(errors::explain))
    }

    /// What the connection manager says beside the condition, in an attribute or an element of its own, or nothing.
    pub(super) fn message(&self) -> String {
        let element = || self.body.payloads().find(|it| matches!(it.name(), "text" | "reason"));
        let message = self.body.text("message").map(Cow::Borrowed);
        let message = message.or_else(|| element().map(Element::text)).unwrap_or_default();
        message.trim().to_owned()
    }

    /// The same as a sentence.
    pub(super) fn quoted(&self) -> String {
        match &*self.message() {
            "" => String::new(),
            text => format!(" It says: \"{}\".", short(text)),
        }
    }

    /// What it shows of the cause, and the trace beside it.
    pub(super) fn detail(&self, condition: Condition) -> Option<String> {
        // Who says nothing in particular may have had any of the usual reasons.
        let is_plain = || said::is_plain(&self.message(), condition.as_str());
        match condition {
            // What is wrong with it would have been reported.
            Condition::BadRequest if self.view.asked.rid.is_some() && is_plain() => Some(
                "The connection manager rejected the request. Its XML is well-formed, and its \
                 numbers are numbers, so that is not why: look at its HTTP headers, at the \
                 attributes that this server wants, and into the server's log."
                    .to_owned(),
            ),
            Condition::HostUnknown | Condition::ImproperAddressing | Condition::HostGone => {
                let asked = self.view.link.asked.as_ref()?;
                let to = asked.to.as_deref().or(asked.route.as_deref());
                Some(match to {
                    Some(to) if !to.contains('.') && to != "localhost" => format!(
                        "The client asked for '{}', which does not look like a domain; is it a \
                         user name?",
                        short(to)
                    ),
                    Some(to) if to.contains([':', '/', '@']) => format!(
                        "The client asked for '{}', which is not a domain alone: `to` has no scheme, user name, port or path.",
                        short(to)
                    ),
                    Some(to) => format!("The client asked for '{}'.", short(to)),
                    None => "The client did not name a domain.".to_owned(),
                })
            }
            Condition::SeeOtherUri => {
                self.body.uri().map(|uri| format!("The client has to use {} instead.", short(&uri)))
            }
            _ => self.stream_error(),
        }
    }

    /// Whose the stream error inside is in general.
    pub(super) fn party(&self) -> Option<Party> {
        let error = self.body.element().child(ns::STREAMS, "error")?;
        let condition = stream_condition(error).map_or("", Element::name);
        Some(errors::standing(condition, Side::Server).1)
    }
}

/// Who has taken the place of a session whose stream ends with a conflict.
pub(super) fn conflict(
    view: &ResponseView<'_>,
    body: &Body,
    story: &Story,
    conflicts: &mut Conflicts,
) -> Option<String> {
    let error = body.element().child(ns::STREAMS, "error")?;
    let is_conflict = stream_condition(error)?.name() == "conflict";
    is_conflict.then(|| {
        let who = conflicts::explain(view.session, story, view.at, conflicts);
        format!("Stream error conflict{}: {who}", errors::quoted(error))
    })
}

/// ` after 60.0 s` of a session that has lived.
pub(super) fn age(response: &ResponseView<'_>) -> String {
    match response.at.saturating_sub(response.session.began) {
        age if age.as_secs() >= 1 && response.link.granted.is_some() => {
            format!(" after {}", words(age))
        }
        _ => String::new(),
    }
}

/// A stream error has to come with terminate and remote-stream-error.
pub(super) fn misplaced_stream_error(answer: &Answer<'_>, found: &mut Findings) {
    if let Some(error) = answer.stream_error() {
        let words = format!(
            "{error} A stream error ends the stream, but the body lacks type='terminate' with \
             condition='remote-stream-error'."
        );
        let id = "xbosh-stream-error-condition";
        found.add(&kinds::STREAM_ERROR, id, Level::Error, Party::Server, words);
    }
}

pub(super) fn recoverable(answer: &Answer<'_>, found: &mut Findings) {
    let ResponseView { exchange, asked, link, .. } = answer.view;
    let rid_shown = rid(exchange);
    let again = asked.rid.is_some() && link.open.iter().any(|open| open.rid() == asked.rid);
    let (level, words) = if again {
        (
            Level::Note,
            format!(
                "{rid_shown} got a recoverable error, because it is the older of two copies; the \
                 newer one is held."
            ),
        )
    } else {
        (
            Level::Warning,
            format!(
                "{rid_shown} got a recoverable error: the session continues, and the client has to \
                 repeat this request and all earlier ones without a response."
            ),
        )
    };
    found.add(&kinds::RECOVERABLE_ERROR, "bosh-recoverable-error", level, Party::Server, words);
}

/// What stands after a colon, as a sentence.
pub(super) fn sentence(words: &str) -> String {
    let mut chars = words.trim_end_matches('.').chars();
    let first = chars.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(chars).chain(['.']).collect()
}
