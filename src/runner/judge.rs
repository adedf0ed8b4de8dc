//! Responses as they are judged, and in words.

use super::actor::attribute;
use super::wire::Got;
use super::world::{Done, Stop, World};
use crate::bosh::{Body, BodyType};
use crate::scenario::{Capture, Condition, Located, Origin};
use crate::xml::{Element, Limits, Scope, parse, write};

/// What a response says, if it is a `<body/>` of BOSH.
pub(super) fn body(got: &Got) -> Option<Body> {
    let limits = Limits { bytes: usize::MAX, ..Limits::default() };
    Body::new(parse(&got.response.content.bytes, &limits).ok()?).ok()
}

/// Whether a response ends the session, and with which condition: in BOSH's words, or in HTTP's (XEP-0124 §17).
pub(super) fn terminal(got: &Got) -> Option<Option<String>> {
    let http = match got.response.status {
        400 => Some("bad-request"),
        403 => Some("policy-violation"),
        404 => Some("item-not-found"),
        _ => None,
    };
    if let Some(condition) = http {
        return Some(Some(condition.to_owned()));
    }
    let body = body(got)?;
    (body.kind() == BodyType::Terminate).then(|| body.text("condition").map(str::to_owned))
}

/// Whether a response says that there is no such session.
pub(super) fn is_gone(got: &Got) -> bool {
    terminal(got).flatten().as_deref() == Some("item-not-found")
}

/// A response in a few words.
pub(super) fn short(got: &Got) -> String {
    let response = &got.response;
    let Some(body) = body(got) else {
        let size = response.content.bytes.len();
        return format!("{} {}, {size} B that are no <body/>", response.status, response.reason);
    };
    let mut words = vec![response.status.to_string()];
    match body.kind() {
        BodyType::Ordinary => {}
        BodyType::Terminate => words.push(match body.text("condition") {
            None => "terminate".to_owned(),
            Some(condition) => format!("terminate {condition}"),
        }),
        BodyType::Error => words.push("type='error'".to_owned()),
        BodyType::Other(kind) => words.push(format!("type='{kind}'")),
    }
    let names: Vec<&str> = body.payloads().map(Element::name).collect();
    match names[..] {
        [] => words.push("empty".to_owned()),
        [one] => words.push(format!("with {one}")),
        [ref some @ ..] if some.len() <= 4 => words.push(format!("with {}", some.join(", "))),
        ref many => words.push(format!("with {} elements", many.len())),
    }
    words.join(", ")
}

/// An element as text.
pub(super) fn xml(element: &Element) -> String {
    let mut text = String::new();
    write(element, &Scope { default: crate::xmpp::ns::CLIENT, prefixes: &[] }, &mut text);
    text
}

impl World {
    /// Variables take their values from a response.
    pub(super) fn capture_response(&mut self, captures: &[Capture], got: &Got) -> Done {
        let root = body(got).map(Body::into_element);
        for capture in captures {
            let value = match &capture.from.value {
                Origin::Status => Some(got.response.status.to_string()),
                Origin::Entity => Some(String::from_utf8_lossy(&got.response.content.bytes).into_owned()),
                Origin::Header(name) => got.response.headers.get(name).map(str::to_owned),
                Origin::Path { elements, attribute } => {
                    root.as_ref().and_then(|root| at_path(root, elements, attribute.as_deref()))
                }
            };
            self.capture(capture, value, &short(got))?;
        }
        Ok(())
    }

    /// Variables take their values from a stanza.
    pub(super) fn capture_stanza(&mut self, captures: &[Capture], stanza: &Element) -> Done {
        for capture in captures {
            let value = match &capture.from.value {
                Origin::Path { elements, attribute } => {
                    at_path(stanza, elements, attribute.as_deref())
                }
                _ => None,
            };
            self.capture(capture, value, &xml(stanza))?;
        }
        Ok(())
    }

    fn capture(&mut self, capture: &Capture, value: Option<String>, of: &str) -> Done {
        let Some(value) = value else {
            let wanted = format!("something at `{}` to keep", capture.from.place.text());
            self.fail(&capture.from.place, wanted, of)?;
            return Err(Stop::Failed);
        };
        self.assign(&capture.variable.value, crate::scenario::Value::Text(value));
        Ok(())
    }
}

/// What stands at a path of local names: an attribute, or the text.
fn at_path(root: &Element, elements: &[String], name: Option<&str>) -> Option<String> {
    match elements.split_first() {
        None => match name {
            Some(name) => attribute(root, name).map(str::to_owned),
            None => Some(root.text().into_owned()),
        },
        Some((first, rest)) => root
            .children()
            .filter(|child| first == "*" || child.name() == first)
            .find_map(|child| at_path(child, rest, name)),
    }
}

impl World {
    /// Why a condition does not hold; nothing if it does.
    pub(super) fn unmet(&self, condition: &Located<Condition>) -> Done<Option<String>> {
        match &condition.value {
            Condition::Advertised { attribute, by, not } => {
                let actor = self.actor(by.as_ref())?;
                let has = self.actors[actor].session.granted(&attribute.value).is_some();
                let name = &attribute.value;
                Ok(match (has, *not) {
                    (false, false) => Some(format!("the connection manager does not advertise `{name}`")),
                    (true, true) => Some(format!("the connection manager advertises `{name}`")),
                    _ => None,
                })
            }
            Condition::Value { value, expected } => {
                let worth = value.value.value(self).ok();
                let worth = worth.as_ref().map(crate::scenario::Value::text);
                let mismatch = self.value_mismatch(expected, worth.as_deref())?;
                Ok(mismatch.map(|(wanted, seen)| {
                    format!("`{}` was to be {wanted}, and is {seen}", value.place.text())
                }))
            }
            Condition::Response { request, expected } => {
                let sent = self.sent(request)?.id;
                let Some(got) = self.got(sent) else {
                    return Ok(Some(format!("`{}` has no response", request.name.value)));
                };
                let first = self.mismatches(expected, &got)?.into_iter().next();
                Ok(first.map(|(_, _, wanted, seen)| format!("expected {wanted}; seen: {seen}")))
            }
        }
    }
}
