//! Publish-subscribe and personal eventing, in requests and in notifications (XEP-0060, XEP-0163).

use super::jid;
use super::ns;
use super::words::{attr, count, text};
use crate::xml::Element;

/// `publish urn:xmpp:bookmarks:1`: the verb and the node.
pub(super) fn request(pubsub: &Element) -> String {
    let owner = if pubsub.namespace() == ns::PUBSUB_OWNER { "owner " } else { "" };
    match verb(pubsub) {
        None => format!("pubsub {owner}").trim_end().to_owned(),
        Some(verb) => {
            let node = attr(verb, "node").map(|node| format!(" {node}")).unwrap_or_default();
            format!("pubsub {owner}{}{node}", verb.name())
        }
    }
}

/// What is inside: items and who subscribes.
pub(super) fn content(pubsub: &Element) -> String {
    let Some(verb) = verb(pubsub) else { return String::new() };
    let mut words = Vec::new();
    let items: Vec<_> = verb.children().filter(|child| child.name() == "item").collect();
    match items.as_slice() {
        [] if matches!(verb.name(), "items" | "retract") => {
            words.extend(attr(verb, "max_items").map(|max| format!("at most {max}")));
        }
        [] => {}
        [item] => words.push(match attr(item, "id") {
            Some(id) => format!("item {id}"),
            None => "1 item".into(),
        }),
        several => words.push(count(several.len(), "item")),
    }
    for name in ["subscription", "affiliation"] {
        words.extend(attr(verb, name).map(str::to_owned));
        let inner = verb.children().filter(|child| child.name() == name).count();
        if inner > 0 {
            words.push(count(inner, name));
        }
    }
    words.join(", ")
}

/// The element that says what is done; options and pages beside it do not.
fn verb(pubsub: &Element) -> Option<&Element> {
    let mut children = pubsub.children().filter(|child| child.namespace() == pubsub.namespace());
    let first = children.next()?;
    // `<options/>` and `<publish-options/>` may stand first, though they only accompany.
    if matches!(first.name(), "options" | "publish-options") {
        return children.next().or(Some(first));
    }
    Some(first)
}

/// A notification: the node, and what happened in words.
pub(super) fn event(event: &Element) -> (String, String) {
    let Some(change) = event.children().next() else {
        return ("pubsub event".into(), "pubsub event".into());
    };
    let node = attr(change, "node").unwrap_or("without node");
    let subject = format!("pubsub event {node}");
    let mut words = Vec::new();
    let published = change.children().filter(|child| child.name() == "item").count();
    let retracted = change.children().filter(|child| child.name() == "retract").count();
    if published == 1 {
        let item = change.children().find(|child| child.name() == "item");
        let id = item.and_then(|item| attr(item, "id"));
        words.push(id.map_or_else(|| "1 item".into(), |id| format!("item {id}")));
        let nick = item.and_then(|item| item.child(ns::NICK, "nick")).and_then(text);
        words.extend(nick.map(|nick| format!("nick {nick}")));
    } else if published > 1 {
        words.push(count(published, "item"));
    }
    if retracted > 0 {
        words.push(format!("{} retracted", count(retracted, "item")));
    }
    if change.name() != "items" {
        words.push(change.name().to_owned());
    }
    let detail =
        if words.is_empty() { subject.clone() } else { format!("{subject}: {}", words.join(", ")) };
    (subject, detail)
}

/// Whether it is chatter: encryption keys always, other nodes when they belong to an account (`None`
/// stands for one's own) and not to a publish-subscribe service.
pub(super) fn noise(pubsub: &Element, service: Option<&str>) -> Option<&'static str> {
    let mut nodes = pubsub.descendants().filter_map(|element| attr(element, "node"));
    if nodes.any(|node| node.starts_with(ns::OMEMO_LEGACY) || node.starts_with("urn:xmpp:omemo:")) {
        return Some("omemo");
    }
    service.is_none_or(jid::has_local_part).then_some("pep")
}
