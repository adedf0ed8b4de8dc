//! Whether a response is the same as another.

use super::answer::Answer;
use super::payload;

/// Header fields that say something of one message alone.
const OF_ONE_MESSAGE: [&str; 3] = ["content-length", "date", "x-request-id"];

/// How responses differ: what of them, what the other has, and what this one has.
pub(super) type Difference = [String; 3];

pub(super) fn same_bytes(expected: &Answer, seen: &Answer) -> Option<Difference> {
    let (a, b) = (&expected.entity, &seen.entity);
    (a != b).then(|| {
        let at = a.iter().zip(b.iter()).take_while(|(a, b)| a == b).count();
        let around = |bytes: &[u8]| {
            let end = bytes.len().min(at + 40);
            let start = at.saturating_sub(10).min(end);
            format!("`{}`", String::from_utf8_lossy(&bytes[start..end]))
        };
        [format!("entity, at byte {at}"), around(a), around(b)]
    })
}

pub(super) fn same_xml(expected: &Answer, seen: &Answer) -> Option<Difference> {
    if expected.status != seen.status {
        return Some(["status".into(), expected.status.to_string(), seen.status.to_string()]);
    }
    match (&expected.body, &seen.body) {
        (Ok(a), Ok(b)) => {
            let difference = payload::strict_difference(a.element(), b.element())?;
            Some(["XML".into(), "the same".into(), difference])
        }
        _ => same_bytes(expected, seen),
    }
}

pub(super) fn same_headers(expected: &Answer, seen: &Answer) -> Option<Difference> {
    let list = |answer: &Answer| {
        let mut list: Vec<_> = answer
            .headers
            .iter()
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .filter(|(name, _)| !OF_ONE_MESSAGE.contains(&name.as_str()))
            .collect();
        list.sort();
        list
    };
    let (a, b) = (list(expected), list(seen));
    let only = |a: &[(String, String)], b: &[(String, String)]| {
        let lines: Vec<_> = a
            .iter()
            .filter(|one| !b.contains(one))
            .map(|(name, value)| format!("`{name}: {value}`"))
            .collect();
        if lines.is_empty() { "none".to_owned() } else { lines.join(", ") }
    };
    (a != b).then(|| ["header fields".into(), only(&a, &b), only(&b, &a)])
}
