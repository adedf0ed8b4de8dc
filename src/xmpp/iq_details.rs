//! The particulars of each known payload of an `<iq/>`.

use super::ns;
use super::words::{attr, child_text, count, quoted, text};
use crate::xml::Element;

/// Its subject says it all.
pub(super) fn nothing(_: &Element, _: bool) -> String {
    String::new()
}

fn children_named<'a>(
    element: &'a Element,
    name: &'static str,
) -> impl Iterator<Item = &'a Element> {
    element.children().filter(move |child| child.name() == name)
}

fn join(parts: impl IntoIterator<Item = Option<String>>) -> String {
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The full address in a bind result.
pub(super) fn bound(bind: &Element) -> Option<String> {
    child_text(bind, ns::BIND, "jid")
}

pub(super) fn bind(bind: &Element, _: bool) -> String {
    let resource = child_text(bind, ns::BIND, "resource");
    bound(bind).or(resource.map(|resource| format!("resource {resource}"))).unwrap_or_default()
}

pub(super) fn login(query: &Element, result: bool) -> String {
    let user = child_text(query, ns::AUTH, "username").map(|user| format!("as {user}"));
    let offered = result.then(|| {
        let fields: Vec<_> = query.children().map(Element::name).collect();
        format!("fields {}", fields.join(", "))
    });
    join([user, offered])
}

pub(super) fn registration(query: &Element, _: bool) -> String {
    let has = |name| query.child(ns::REGISTER, name).is_some();
    join([
        has("remove").then(|| "remove the account".into()),
        has("registered").then(|| "already registered".into()),
        child_text(query, ns::REGISTER, "username").map(|user| format!("as {user}")),
        form(query),
    ])
}

pub(super) fn roster(query: &Element, result: bool) -> String {
    let mut items = children_named(query, "item");
    if result {
        return count(items.count(), "contact");
    }
    let Some(item) = items.next() else {
        let version = query.attr("ver").filter(|version| !version.is_empty());
        return version.map(|version| format!("since version {version}")).unwrap_or_default();
    };
    let jid = attr(item, "jid").unwrap_or("?");
    let name = attr(item, "name").map(|name| format!(" {}", quoted(name))).unwrap_or_default();
    let change = match attr(item, "subscription") {
        Some("remove") => format!("remove {jid}"),
        Some(subscription) => format!("{jid}{name} subscription {subscription}"),
        None => format!("{jid}{name}"),
    };
    let ask = attr(item, "ask").map(|_| "asked to subscribe".into());
    let more = items.count();
    join([Some(change), ask, (more > 0).then(|| format!("and {more} more"))])
}

pub(super) fn disco_info(query: &Element, result: bool) -> String {
    let node = attr(query, "node").map(|node| format!("node {node}"));
    if !result {
        return node.unwrap_or_default();
    }
    let identities = children_named(query, "identity").map(|identity| {
        let category = attr(identity, "category").unwrap_or("?");
        let type_ = attr(identity, "type").unwrap_or("?");
        let name = attr(identity, "name").map(|n| format!(" {}", quoted(n))).unwrap_or_default();
        Some(format!("{category}/{type_}{name}"))
    });
    let features = children_named(query, "feature").count();
    join(identities.chain([Some(count(features, "feature"))]))
}

pub(super) fn disco_items(query: &Element, result: bool) -> String {
    let node = attr(query, "node").map(|node| format!("node {node}"));
    join([node, result.then(|| count(children_named(query, "item").count(), "item"))])
}

pub(super) fn services(services: &Element, result: bool) -> String {
    if !result {
        return attr(services, "type").unwrap_or_default().to_owned();
    }
    join(children_named(services, "service").map(|service| {
        let type_ = attr(service, "type").unwrap_or("?");
        let port = attr(service, "port").map(|port| format!(":{port}")).unwrap_or_default();
        Some(format!("{type_} {}{port}", attr(service, "host").unwrap_or("?")))
    }))
}

pub(super) fn version(query: &Element, _: bool) -> String {
    let part = |name| child_text(query, ns::VERSION, name);
    let software = [part("name"), part("version")].into_iter().flatten().collect::<Vec<_>>();
    let software = (!software.is_empty()).then(|| software.join(" "));
    join([software, part("os")])
}

pub(super) fn last_activity(query: &Element, _: bool) -> String {
    attr(query, "seconds").map(|seconds| format!("{seconds} s ago")).unwrap_or_default()
}

pub(super) fn time(time: &Element, _: bool) -> String {
    join([child_text(time, ns::TIME, "utc"), child_text(time, ns::TIME, "tzo")])
}

/// The names of what is inside.
pub(super) fn children(query: &Element, _: bool) -> String {
    join(query.children().map(|child| Some(format!("{} {}", child.name(), child.namespace()))))
}

/// The names of what is inside, each with its own `name`.
pub(super) fn named_children(query: &Element, _: bool) -> String {
    join(query.children().map(|child| {
        let name = attr(child, "name").map(|name| format!(" {}", quoted(name)));
        Some(format!("{}{}", child.name(), name.unwrap_or_default()))
    }))
}

pub(super) fn blocked(list: &Element, result: bool) -> String {
    let addresses: Vec<_> = children_named(list, "item").filter_map(|i| attr(i, "jid")).collect();
    match (addresses.len(), list.name()) {
        (0, "unblock") => "everybody".into(),
        (0, _) if !result => String::new(),
        (0..=3, _) if !result => addresses.join(", "),
        (1, _) => "1 address blocked".into(),
        (number, _) => format!("{number} addresses blocked"),
    }
}

pub(super) fn search(query: &Element, result: bool) -> String {
    let found = children_named(query, "item").count();
    join([(result && found > 0).then(|| format!("{found} found")), form(query)])
}

pub(super) fn vcard(vcard: &Element, _: bool) -> String {
    let name = child_text(vcard, ns::VCARD, "FN").or(child_text(vcard, ns::VCARD, "NICKNAME"));
    let photo = vcard.child(ns::VCARD, "PHOTO").map(|_| "with a photo".into());
    join([name.map(|name| quoted(&name)), photo])
}

pub(super) fn upload(upload: &Element, _: bool) -> String {
    let put = upload.child(ns::HTTP_UPLOAD, "put").and_then(|put| attr(put, "url"));
    let put = put.map(|url| format!("put to {url}"));
    let file = attr(upload, "filename").map(quoted);
    let size = attr(upload, "size").map(|size| format!("{size} bytes"));
    join([file, size, attr(upload, "content-type").map(str::to_owned), put])
}

pub(super) fn push(push: &Element, _: bool) -> String {
    let service = attr(push, "jid").map(|jid| format!("at {jid}"));
    join([service, attr(push, "node").map(|node| format!("node {node}"))])
}

pub(super) fn archive_preferences(preferences: &Element, _: bool) -> String {
    attr(preferences, "default").map(|value| format!("default {value}")).unwrap_or_default()
}

pub(super) fn archive(query: &Element, result: bool) -> String {
    let page = query.child(ns::RSM, "set");
    let page_text = |name| page.and_then(|page| child_text(page, ns::RSM, name));
    if query.name() == "fin" || result {
        let complete = matches!(attr(query, "complete"), Some("true" | "1"));
        return join([
            Some(if complete { "complete".into() } else { "more to come".into() }),
            page_text("count").map(|total| format!("{total} in all")),
            page_text("last").map(|last| format!("last {last}")),
        ]);
    }
    let fields = query.child(ns::DATA_FORMS, "x").into_iter().flat_map(Element::children);
    let asked = fields.filter_map(|field| {
        let name = attr(field, "var").filter(|name| *name != "FORM_TYPE")?;
        let value = children_named(field, "value").find_map(text)?;
        Some(Some(format!("{name} {value}")))
    });
    let before = page.and_then(|page| page.child(ns::RSM, "before"));
    let before = before.map(|before| match text(before) {
        Some(id) => format!("before {id}"),
        None => "the latest".into(),
    });
    join(asked.chain([
        page_text("max").map(|max| format!("at most {max}")),
        before,
        page_text("after").map(|after| format!("after {after}")),
    ]))
}

pub(super) fn room_admin(query: &Element, result: bool) -> String {
    let items: Vec<_> = children_named(query, "item").collect();
    if result || items.len() > 3 {
        return count(items.len(), "entry").replace("entrys", "entries");
    }
    join(items.into_iter().map(|item| {
        let parts = ["nick", "jid", "affiliation", "role"];
        let mut words: Vec<_> =
            parts.iter().filter_map(|part| attr(item, part)).map(str::to_owned).collect();
        let reason = child_text(item, ns::MUC_ADMIN, "reason");
        words.extend(reason.map(|reason| quoted(&reason)));
        Some(words.join(" "))
    }))
}

pub(super) fn room_owner(query: &Element, _: bool) -> String {
    let destroy = query.child(ns::MUC_OWNER, "destroy").map(|destroy| {
        let reason =
            child_text(destroy, ns::MUC_OWNER, "reason").map(|r| format!(" {}", quoted(&r)));
        format!("destroy the room{}", reason.unwrap_or_default())
    });
    join([destroy, form(query)])
}

pub(super) fn jingle(jingle: &Element) -> String {
    let session = attr(jingle, "sid").map(|sid| format!("session {sid}"));
    let contents: Vec<_> =
        children_named(jingle, "content").filter_map(|content| attr(content, "name")).collect();
    let contents = (!contents.is_empty()).then(|| contents.join("+"));
    let reason = jingle.child(ns::JINGLE, "reason").and_then(|reason| reason.children().next());
    join([session, contents, reason.map(|reason| reason.name().to_owned())])
}

pub(super) fn command(command: &Element) -> String {
    let words = ["action", "status"].iter().filter_map(|name| attr(command, name));
    join(words.map(|word| Some(word.to_owned())).chain([form(command)]))
}

pub(super) fn in_band(packet: &Element) -> String {
    let session = attr(packet, "sid").map(|sid| format!("session {sid}"));
    join([session, attr(packet, "seq").map(|seq| format!("packet {seq}"))])
}

pub(super) fn conference(conference: &Element, result: bool) -> String {
    let room = attr(conference, "room").map(str::to_owned);
    let ready = attr(conference, "ready").filter(|_| result).map(|ready| format!("ready {ready}"));
    join([room, ready, attr(conference, "focusjid").map(|focus| format!("focus {focus}"))])
}

pub(super) fn dial(dial: &Element, _: bool) -> String {
    attr(dial, "to").map(|to| format!("to {to}")).unwrap_or_default()
}

/// A data form inside: `form`, `form submit`.
fn form(query: &Element) -> Option<String> {
    let form = query.child(ns::DATA_FORMS, "x")?;
    Some(match attr(form, "type") {
        None | Some("form") => "form".into(),
        Some(kind) => format!("form {kind}"),
    })
}
