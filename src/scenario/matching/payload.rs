//! Demands on the content of a `<body/>`, element by element.

use super::mismatch::{Mismatch, Subject};
use crate::bosh::NS;
use crate::scenario::fragment::{FragmentError, PREFIXES};
use crate::scenario::model::{PayloadMatch, PayloadParts, Xml};
use crate::scenario::source::{Located, Place};
use crate::scenario::vars::{Environment, Value};
use crate::xml::{Element, Scope, write};

/// In the value of an attribute or as a text it stands for anything.
const ANYTHING: &str = "*";

/// What is not met of a demand on the content of a `<body/>`.
pub(super) fn payload(
    expected: &Located<PayloadMatch>,
    body: &Element,
    environment: &dyn Environment,
) -> Result<Vec<Mismatch>, FragmentError> {
    let mut found = Vec::new();
    let children: Vec<_> = body.children().collect();
    let mut add = |place: &Place, expected: String, seen: String| {
        let (place, subject) = (Some(place.clone()), Subject::Payload);
        found.push(Mismatch { place, subject, expected, seen });
    };
    let PayloadParts { contains, exactly, in_order, lacks, count } = match &expected.value {
        PayloadMatch::Empty => {
            if !children.is_empty() || !body.text().trim().is_empty() {
                add(&expected.place, "none".to_owned(), content(body));
            }
            return Ok(found);
        }
        PayloadMatch::Any => {
            if children.is_empty() {
                add(&expected.place, "any".to_owned(), "none".to_owned());
            }
            return Ok(found);
        }
        PayloadMatch::Parts(parts) => &**parts,
    };
    for xml in contains {
        for pattern in xml.elements(environment)?.children() {
            if !children.iter().any(|child| difference(pattern, child, false).is_none()) {
                add(&xml.place, element_in_short(pattern), nearest(pattern, &children));
            }
        }
    }
    if let Some(xml) = exactly {
        let patterns = xml.elements(environment)?;
        let patterns: Vec<_> = patterns.children().collect();
        if patterns.len() == children.len() {
            for (pattern, child) in patterns.iter().zip(&children) {
                if let Some(difference) = difference(pattern, child, true) {
                    let expected = format!("exactly {}", element_in_short(pattern));
                    add(&xml.place, expected, format!("{}: {difference}", element_in_short(child)));
                }
            }
        } else {
            let expected = format!("exactly {}", content_of(&patterns));
            add(&xml.place, expected, content(body));
        }
    }
    let mut from = 0;
    for xml in in_order {
        for pattern in xml.elements(environment)?.children() {
            let rest = &children[from..];
            let at = rest.iter().position(|child| difference(pattern, child, false).is_none());
            if let Some(at) = at {
                from += at + 1;
            } else {
                let expected = format!("{}, in this order", element_in_short(pattern));
                add(&xml.place, expected, content(body));
            }
        }
    }
    for xml in lacks {
        for pattern in xml.elements(environment)?.children() {
            if let Some(child) =
                children.iter().find(|child| difference(pattern, child, false).is_none())
            {
                let expected = format!("nothing like {}", element_in_short(pattern));
                add(&xml.place, expected, element_in_short(child));
            }
        }
    }
    if let Some(counted) = count {
        let (number, of) = match &counted.of {
            None => (children.len(), "elements".to_owned()),
            Some(xml) => {
                let patterns = xml.elements(environment)?;
                let number = children.iter().filter(|child| matches_any(&patterns, child)).count();
                (number, content(&patterns))
            }
        };
        let seen = Value::Number(number as i128);
        found.extend(
            counted
                .count
                .compare_part(&Subject::Count(of), Some(&seen), environment)
                .map_err(FragmentError::Unresolved)?,
        );
    }
    Ok(found)
}

/// Whether an element is like one of those in `patterns`, which is what [`Xml::elements`] gives.
pub fn matches_any(patterns: &Element, element: &Element) -> bool {
    patterns.children().any(|pattern| matches(pattern, element))
}

/// Whether an element is like the pattern.
pub fn matches(pattern: &Element, element: &Element) -> bool {
    difference(pattern, element, false).is_none()
}

/// In words how elements differ from what is demanded: for a stanza that did not come.
pub fn differences(
    xml: &Located<Xml>,
    seen: &[&Element],
    environment: &dyn Environment,
) -> Result<Mismatch, FragmentError> {
    let patterns = xml.elements(environment)?;
    let first = patterns.children().next();
    Ok(Mismatch {
        place: Some(xml.place.clone()),
        subject: Subject::Stanza,
        expected: content(&patterns),
        seen: first.map_or_else(|| content_of(seen), |first| nearest(first, seen)),
    })
}

/// The same for responses that have to hold the same XML.
pub(super) fn strict_difference(expected: &Element, seen: &Element) -> Option<String> {
    difference(expected, seen, true)
}

/// In words the first way in which `seen` is not what `pattern` demands; none if it is. Each part of the pattern has to
/// be there; if it is strict, nothing else, and in the same order.
fn difference(pattern: &Element, seen: &Element, strict: bool) -> Option<String> {
    let name = pattern.name();
    if name != seen.name() {
        return Some(format!("it is <{}>, not <{name}>", seen.name()));
    }
    if pattern.namespace() != seen.namespace() {
        let of = |namespace: &str| match namespace {
            "" => "no namespace".to_owned(),
            namespace => format!("namespace {namespace}"),
        };
        return Some(format!(
            "<{name}> is in {}, not in {}",
            of(seen.namespace()),
            of(pattern.namespace())
        ));
    }
    for (namespace, attribute, value) in pattern.attributes() {
        match seen.attr_ns(namespace, attribute) {
            None => return Some(format!("<{name}> has no attribute `{attribute}`")),
            Some(other) if other != value && value != ANYTHING => {
                return Some(format!("`{attribute}` of <{name}> is `{other}`, not `{value}`"));
            }
            Some(_) => {}
        }
    }
    if strict {
        for (namespace, attribute, value) in seen.attributes() {
            if pattern.attr_ns(namespace, attribute).is_none() {
                return Some(format!("<{name}> has an attribute more: {attribute}='{value}'"));
            }
        }
    }
    let (wanted, text) = (pattern.text(), seen.text());
    let blank = wanted.trim().is_empty();
    if !blank && wanted.trim() != ANYTHING && wanted != text {
        return Some(format!("the text of <{name}> is `{text}`, not `{wanted}`"));
    }
    if wanted.trim() == ANYTHING && text.trim().is_empty() {
        return Some(format!("<{name}> has no text"));
    }
    if strict && blank && !text.trim().is_empty() {
        return Some(format!("<{name}> has a text: `{text}`"));
    }
    children_difference(pattern, seen, strict)
}

fn children_difference(pattern: &Element, seen: &Element, strict: bool) -> Option<String> {
    let name = seen.name();
    let mut left: Vec<_> = seen.children().collect();
    for wanted in pattern.children() {
        let at = if strict {
            (!left.is_empty()).then_some(0)
        } else {
            left.iter()
                .position(|child| difference(wanted, child, false).is_none())
                // The difference to one of that name says more than that none fits.
                .or_else(|| left.iter().position(|c| c.is(wanted.namespace(), wanted.name())))
        };
        let Some(at) = at else {
            return Some(format!("there is no {} in <{name}>", element_in_short(wanted)));
        };
        if let Some(difference) = difference(wanted, left.remove(at), strict) {
            return Some(difference);
        }
    }
    match left.first() {
        Some(child) if strict => {
            Some(format!("there is {} more in <{name}>", element_in_short(child)))
        }
        _ => None,
    }
}

/// What comes nearest to a pattern and in which way it differs, or else all that came.
fn nearest(pattern: &Element, seen: &[&Element]) -> String {
    let mut same = seen.iter().filter(|child| child.is(pattern.namespace(), pattern.name()));
    let same = same.find_map(|child| Some((child, difference(pattern, child, false)?)));
    match same {
        Some((child, difference)) => format!("{}: {difference}", element_in_short(child)),
        None => content_of(seen),
    }
}

fn content(body: &Element) -> String {
    let children: Vec<_> = body.children().collect();
    match (children.as_slice(), body.text().trim()) {
        ([], text) if !text.is_empty() => format!("the text `{text}`"),
        (children, _) => content_of(children),
    }
}

fn content_of(elements: &[&Element]) -> String {
    const MOST: usize = 5;
    if elements.is_empty() {
        return "none".to_owned();
    }
    let mut shown: Vec<_> =
        elements.iter().take(MOST).map(|element| element_in_short(element)).collect();
    if elements.len() > MOST {
        shown.push(format!("and {} more", elements.len() - MOST));
    }
    shown.join(" ")
}

/// An element as XML, cut if it is long.
pub fn element_in_short(element: &Element) -> String {
    const LONGEST: usize = 300;
    let mut text = String::new();
    write(element, &Scope { default: NS, prefixes: &PREFIXES.map(|(p, ns)| (ns, p)) }, &mut text);
    if let Some((at, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(at);
        text.push('…');
    }
    text
}
