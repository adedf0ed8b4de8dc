//! What a client asks for when it opens a session, and what it is granted (XEP-0124 §7).

use std::sync::Arc;
use std::time::Duration;

use crate::bosh::{Body, Condition};
use crate::cm::backend::Opening;
use crate::cm::policy::{Policy, Version};
use crate::cm::reply::Reply;

/// The terms of one session, in force from its creation to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The longest that a request is held.
    pub wait: Duration,
    /// How many requests are held at once.
    pub hold: u64,
    /// How many may be open at once: the size of the rid window.
    pub requests: u64,
    /// The shortest time between two empty requests, in a polling session.
    pub polling: Duration,
    /// How long the session lives without an open request.
    pub inactivity: Duration,
    /// The longest pause; zero if none is offered.
    pub maxpause: Duration,
    /// The version that both sides speak; none for a client from before versions.
    pub ver: Option<Version>,
    /// The Content-Type of every response, if the client chose it.
    pub content: Option<Arc<str>>,
    /// The client acknowledges responses.
    pub client_acks: bool,
    /// The connection manager acknowledges requests.
    pub acks: bool,
}

impl Terms {
    /// Whether the client polls: nothing is ever held for it (XEP-0124 §12).
    pub fn is_polling(&self) -> bool {
        self.wait.is_zero() || self.hold == 0
    }

    /// What a creation request is granted, and the stream that it wants.
    pub fn of(body: &Body, policy: &Policy) -> Result<(Self, Opening), Condition> {
        let number = |value: Option<Result<u64, _>>, highest: u64| match value {
            Some(Ok(number)) if number <= highest => Ok(Some(number)),
            Some(_) => Err(Condition::BadRequest),
            None => Ok(None),
        };
        let wait = number(body.wait(), 65_535)?.map(Duration::from_secs);
        let hold = number(body.hold(), 255)?;
        let ack = number(body.ack(), crate::bosh::MAX_RID)?;
        let ver = body.text("ver").map(|text| Version::parse(text).ok_or(Condition::BadRequest));
        let content = body.text("content").map(content_type).transpose()?;
        let to = body.to().unwrap_or_default().trim();
        if to.is_empty() {
            return Err(Condition::ImproperAddressing);
        }
        let wait = wait.unwrap_or(policy.wait).min(policy.wait);
        let hold = hold.unwrap_or(1).min(policy.hold);
        let polls = wait.is_zero() || hold == 0;
        // A client that polls is away between its polls: it gets more than that on top.
        let more = if polls { policy.polling * 2 + Duration::from_secs(1) } else { Duration::ZERO };
        let terms = Self {
            wait,
            hold,
            requests: policy.requests.unwrap_or(0).max(hold + 1).min(255),
            polling: policy.polling,
            inactivity: policy.inactivity + more,
            maxpause: policy.maxpause,
            ver: ver.transpose()?.map(|ver| ver.min(policy.ver)),
            content,
            client_acks: ack == Some(1),
            acks: policy.acks,
        };
        let opening = Opening {
            to: to.to_owned(),
            from: body.from().map(str::to_owned),
            lang: body.lang().map(str::to_owned),
            version: body.xbosh("version").map(str::to_owned),
            management: false,
        };
        Ok((terms, opening))
    }

    /// Says the terms in a creation response (XEP-0124 §7.2).
    pub(super) fn announce(&self, sid: &str, rid: u64, policy: &Policy, reply: &mut Reply) {
        reply.set("sid", sid);
        reply.set("wait", self.wait.as_secs());
        reply.set("requests", self.requests);
        reply.set("hold", self.hold);
        reply.set("polling", self.polling.as_secs());
        reply.set("inactivity", self.inactivity.as_secs());
        if let Some(ver) = self.ver {
            reply.set("ver", ver);
        }
        if !self.maxpause.is_zero() {
            reply.set("maxpause", self.maxpause.as_secs());
        }
        if self.acks {
            reply.set("ack", rid);
        }
        if !policy.accept.is_empty() {
            reply.set("accept", policy.accept);
        }
        if !policy.charsets.is_empty() {
            reply.set("charsets", policy.charsets);
        }
    }
}

/// The media type that a client wants, if it is one: it becomes a header.
fn content_type(text: &str) -> Result<Arc<str>, Condition> {
    let media = text.split(';').next().unwrap_or_default().trim();
    let is_token = |part: &str| {
        let tokens = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        !part.is_empty() && part.bytes().all(tokens)
    };
    let sound = media.split_once('/').is_some_and(|(kind, sub)| is_token(kind) && is_token(sub));
    let printable = text.len() <= 200 && text.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
    if sound && printable { Ok(text.trim().into()) } else { Err(Condition::BadRequest) }
}
