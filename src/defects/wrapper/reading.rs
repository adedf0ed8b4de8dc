//! How documents are read: other ways to write the same, and what is nearly right (XEP-0124 §6).

use bytes::Bytes;
use http::{Request, Response};

use super::super::edge::{BendHttp, body};
use super::documents::relayed;
use super::requests::repair;
use crate::bosh::XBOSH;
use crate::cm::parts::Parts;
use crate::defects::defect::{Defect, defect};
use crate::xmpp::ns;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-body-wellformed/echoed",
        "the refusal of a domain repeats it in `from`, as the client has written it but for its references",
        |parts| {
            parts.on_text(|text, request| {
                let Some(to) = body(request).and_then(|body| body.attr("to").map(str::to_owned))
                else {
                    return;
                };
                if text.contains("condition='host-unknown'") {
                    *text = text.replacen("<body", &format!("<body from='{to}'"), 1);
                }
            });
        },
    ),
    defect(
        "bosh-body-wellformed/declaration",
        "a request that begins with an XML declaration is a bad one",
        |parts| unread(parts, |text| text.starts_with("<?xml")),
    ),
    defect(
        "bosh-body-wellformed/quotes",
        "attributes of a request are found only if `=` stands right behind their names",
        |parts| {
            unread(parts, |text| {
                let tag = text.split('>').next().unwrap_or_default();
                tag.contains("xmlns =") || tag.contains("rid\t=")
            });
        },
    ),
    defect(
        "bosh-xml-namespaces/payload",
        "a request with a payload that has a prefix is a bad one",
        |parts| {
            unread(parts, |text| {
                let inside = text.split_once('>').map(|(_, inside)| inside).unwrap_or_default();
                let name = inside.trim_start().strip_prefix('<').unwrap_or_default();
                let name = name.split(|c: char| c.is_whitespace() || c == '>').next();
                name.is_some_and(|name| name.contains(':') && !name.starts_with("stream:"))
            });
        },
    ),
    defect(
        "bosh-unknown-attrs-ignored/local-names",
        "attributes of the wrapper are known by their local names, whatever namespace they are of",
        |parts| {
            parts.on_body(|body| {
                let known = ["", XBOSH, ns::XML];
                let others: Vec<(String, String)> = body
                    .attributes()
                    .filter(|(namespace, _, _)| !known.contains(namespace))
                    .map(|(_, name, value)| (name.to_owned(), value.to_owned()))
                    .collect();
                for (name, value) in others {
                    body.set_attr("", &name, Some(&value));
                }
            });
        },
    ),
    defect(
        "bosh-zero-or-more-payloads/white-space",
        "a request with white space in its wrapper is a bad one",
        |parts| {
            parts.on_body(|body| {
                let text = body.text();
                if !text.is_empty() && text.trim().is_empty() {
                    body.set_attr("", "rid", None);
                }
            });
        },
    ),
    defect(
        "bosh-cm-malformed-xml/trailing",
        "what stands behind the end of the wrapper is passed over",
        |parts| repair(parts, |_| true, first_document),
    ),
    defect(
        "bosh-cm-malformed-xml/twice",
        "of an attribute that stands in the wrapper twice the second is passed over",
        |parts| repair(parts, |_| true, without_second),
    ),
    defect(
        "bosh-no-comments/relayed",
        "a comment in the text of a message comes with it",
        |parts| within(parts, "<!--", "-->"),
    ),
    defect(
        "bosh-no-pi/relayed",
        "a processing instruction in the text of a message comes with it",
        |parts| within(parts, "<?", "?>"),
    ),
    defect("bosh-cm-missing-rid/exponent", "a rid is read as a floating-point number", |parts| {
        rids(parts, |rid| {
            let number: f64 = rid.trim().parse().ok()?;
            (1.0..9e15).contains(&number).then(|| format!("{}", number as u64))
        });
    }),
    defect(
        "bosh-cm-missing-rid/hexadecimal",
        "a rid that begins with 0x is read as a hexadecimal number",
        |parts| {
            rids(parts, |rid| {
                let number = u64::from_str_radix(rid.strip_prefix("0x")?, 16).ok()?;
                Some(number.to_string())
            });
        },
    ),
    defect("bosh-cm-missing-rid/wraps", "of a rid only the lower 64 bits count", |parts| {
        rids(parts, |rid| {
            let number: u128 = rid.parse().ok()?;
            Some((number as u64).to_string())
        });
    }),
    defect(
        "bosh-payload-character-data/attribute-lines",
        "a line end or tab in an attribute of a relayed message becomes a space",
        |parts| {
            relayed(parts, |xml| {
                let (tag, rest) = xml.split_at(xml.find('>').unwrap_or(xml.len()));
                tag.replace("&#10;", " ").replace("&#9;", " ") + rest
            });
        },
    ),
];

/// Requests whose text is so are not read.
fn unread(parts: &mut Parts, which: fn(&str) -> bool) {
    parts.on_enter(move |request| {
        if std::str::from_utf8(request.body()).is_ok_and(which) {
            *request.body_mut() = Bytes::new();
        }
        None
    });
}

/// Another number is read for some rids that are none.
fn rids(parts: &mut Parts, read: fn(&str) -> Option<String>) {
    parts.on_body(move |body| {
        let rid = body.attr("rid").unwrap_or_default();
        let sound = rid.parse::<u64>().is_ok_and(|rid| rid > 0);
        if !sound && let Some(rid) = read(rid) {
            body.set_attr("", "rid", Some(&rid));
        }
    });
}

/// The text to the first place behind which it is a whole document.
fn first_document(text: &str) -> Option<String> {
    let is_one = |end: &usize| super::requests::is_body(&text[..*end]);
    let end = text.match_indices('>').map(|(place, _)| place + 1).find(is_one)?;
    Some(text[..end].to_owned())
}

/// The text without what stands in its first tag for the second time.
fn without_second(text: &str) -> Option<String> {
    let tag = text.find('>')?;
    let (first, rest) = text.split_at(tag);
    for name in ["rid", "hold"] {
        let stands: Vec<usize> =
            first.match_indices(&format!(" {name}=")).map(|(place, _)| place).collect();
        if let [_, second] = *stands {
            let value = second + name.len() + 2;
            let quote = first[value..].chars().next()?;
            let end = value + 1 + first[value + 1..].find(quote)? + 1;
            return Some(format!("{}{}{rest}", &first[..second], &first[end..]))
                .filter(|text| super::requests::is_body(text));
        }
    }
    None
}

/// What stands within a message from one mark to the other is left out while the request is read, and comes back with the
/// response.
fn within(parts: &mut Parts, from: &'static str, to: &'static str) {
    struct Within {
        from: &'static str,
        to: &'static str,
        found: Option<String>,
    }
    impl BendHttp for Within {
        fn enter(&mut self, request: &mut Request<Bytes>) -> Option<Response<Bytes>> {
            let text = std::str::from_utf8(request.body()).ok()?;
            let (before, rest) = text.split_once(self.from)?;
            let (inside, after) = rest.split_once(self.to)?;
            if !before.contains("<message") {
                return None;
            }
            let mark = format!("{}{inside}{}", self.from, self.to);
            self.found = Some(mark);
            *request.body_mut() = format!("{before}{after}").into();
            None
        }

        fn leave(&mut self, response: &mut Response<Bytes>, _: Option<&Request<Bytes>>) {
            let Ok(text) = std::str::from_utf8(response.body()) else { return };
            if text.contains("</message>")
                && let Some(mark) = self.found.take()
            {
                let changed = text.replacen("</message>", &format!("{mark}</message>"), 1);
                *response.body_mut() = changed.into();
            }
        }
    }
    parts.bend_http(Within { from, to, found: None });
}
