//! Presence in words: availability, subscriptions and what happens in rooms (RFC 6121 §4, XEP-0045).

use super::jid;
use super::ns;
use super::words::{
    Words, attr, child_text, in_languages, or_none, own, own_child, quoted, stanza_error, text,
};
use crate::xml::Element;

/// Describe a `<presence/>`.
pub(super) fn describe(presence: &Element) -> Words {
    let mut parts = Vec::new();
    let type_ = attr(presence, "type");
    if type_ == Some("error") {
        parts.extend(stanza_error(presence));
    }
    parts.extend(availability(presence));
    if let Some(join) = presence.child(ns::MUC, "x") {
        parts.push(join_request(presence, join));
    }
    if let Some(user) = presence.child(ns::MUC_USER, "x") {
        parts.extend(occupant(user, type_));
    }
    if let Some(muji) = presence.child(ns::MUJI, "muji") {
        let preparing = muji.child(ns::MUJI, "preparing").is_some();
        parts.push(if preparing { "muji preparing".into() } else { "muji".into() });
    }
    if let Some(nick) = child_text(presence, ns::NICK, "nick") {
        parts.push(format!("nick {nick}"));
    }
    parts.extend(idle(presence));
    parts.extend(delay(presence));
    let in_room = presence.child(ns::MUC, "x").or_else(|| presence.child(ns::MUC_USER, "x"));
    let subject = match (type_, in_room) {
        (Some("subscribe" | "subscribed" | "unsubscribe" | "unsubscribed"), _) => "subscription",
        (_, Some(_)) => "room presence",
        _ => "presence",
    };
    Words { subject: subject.into(), detail: parts.join("; "), ..Words::default() }
}

/// `away "gone for lunch", priority 5`
fn availability(presence: &Element) -> Option<String> {
    let show = own_child(presence, "show").and_then(text);
    let status = in_languages(own(presence, "status").filter(|status| text(status).is_some()));
    let priority = own_child(presence, "priority").and_then(text);
    let mut words = [show, status].into_iter().flatten().collect::<Vec<_>>().join(" ");
    if let Some(priority) = priority.filter(|priority| priority != "0") {
        words = match or_none(&words) {
            Some(words) => format!("{words}, priority {priority}"),
            None => format!("priority {priority}"),
        };
    }
    (!words.is_empty()).then_some(words)
}

/// What a client says to enter a room.
fn join_request(presence: &Element, join: &Element) -> String {
    let nick = attr(presence, "to").and_then(jid::after_slash);
    let mut words = match nick {
        Some(nick) => format!("joins as {}", quoted(nick)),
        None => "joins without a nick".into(),
    };
    if join.child(ns::MUC, "password").is_some() {
        words.push_str(" with a password");
    }
    if let Some(history) = join.child(ns::MUC, "history") {
        let limits: Vec<_> =
            history.attributes().map(|(_, name, value)| format!("{name} {value}")).collect();
        words = format!("{words}, history {}", limits.join(" "));
    }
    words
}

/// What a room says of one occupant.
fn occupant(user: &Element, type_: Option<&str>) -> Vec<String> {
    let mut parts = Vec::new();
    let item = user.child(ns::MUC_USER, "item");
    let codes = codes(user);
    let has = |code: &str| codes.contains(&code);
    if has("303") {
        let nick = item.and_then(|item| attr(item, "nick")).unwrap_or("an unknown nick");
        parts.push(format!("changes nick to {}", quoted(nick)));
    } else if type_ == Some("unavailable") {
        parts.push("leaves the room".into());
    } else if type_.is_none() {
        parts.push("in the room".into());
    }
    if let Some(item) = item {
        let standing: Vec<_> =
            ["affiliation", "role"].iter().filter_map(|name| attr(item, name)).collect();
        if !standing.is_empty() {
            parts.push(standing.join(" "));
        }
        parts.extend(attr(item, "jid").map(|jid| format!("is {jid}")));
        let actor = item.child(ns::MUC_USER, "actor");
        let actor = actor.and_then(|actor| attr(actor, "nick").or_else(|| attr(actor, "jid")));
        parts.extend(actor.map(|actor| format!("by {actor}")));
        parts.extend(child_text(item, ns::MUC_USER, "reason").map(|reason| quoted(&reason)));
    }
    if let Some(destroy) = user.child(ns::MUC_USER, "destroy") {
        let instead = attr(destroy, "jid").map(|jid| format!(", go to {jid}")).unwrap_or_default();
        parts.push(format!("room destroyed{instead}"));
        parts.extend(child_text(destroy, ns::MUC_USER, "reason").map(|reason| quoted(&reason)));
    }
    parts.extend(statuses(&codes));
    parts
}

/// The status codes of a room.
pub(super) fn codes(user: &Element) -> Vec<&str> {
    let statuses = user.children().filter(|child| child.is(ns::MUC_USER, "status"));
    statuses.filter_map(|status| attr(status, "code")).collect()
}

/// Status codes with their meaning: `110 own presence`.
pub(super) fn statuses(codes: &[&str]) -> Vec<String> {
    codes
        .iter()
        .map(|code| match meaning(code) {
            Some(meaning) => format!("{code} {meaning}"),
            None => format!("status {code}"),
        })
        .collect()
}

fn meaning(code: &str) -> Option<&'static str> {
    Some(match code {
        "100" => "everybody sees real addresses",
        "101" => "affiliation changed while absent",
        "102" => "shows unavailable members",
        "103" => "hides unavailable members",
        "104" => "room settings changed",
        "110" => "own presence",
        "170" => "room is logged",
        "171" => "room is no longer logged",
        "172" => "room shows no addresses now",
        "173" => "room shows addresses to moderators now",
        "174" => "room is fully anonymous now",
        "201" => "room created",
        "210" => "nick assigned by the room",
        "301" => "banned",
        "303" => "new nick",
        "307" => "kicked",
        "321" => "removed: affiliation changed",
        "322" => "removed: room is for members now",
        "332" => "removed: service shuts down",
        "333" => "removed: technical problem",
        _ => return None,
    })
}

fn idle(presence: &Element) -> Option<String> {
    let since = attr(presence.child(ns::IDLE, "idle")?, "since")?;
    Some(format!("idle since {since}"))
}

/// `delayed from 2026-01-31T12:00:00Z`
pub(super) fn delay(stanza: &Element) -> Option<String> {
    let stamp = attr(stanza.child(ns::DELAY, "delay")?, "stamp")?;
    Some(format!("delayed from {stamp}"))
}
