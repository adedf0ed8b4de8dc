//! What is sent: attributes, header fields, XML, bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::reader::Reader;
use super::values::items;
use crate::scenario::fragment::fragment_with_holes;
use crate::scenario::model::{Attribute, Bytes, Header, Piece, Template, Xml};
use crate::scenario::source::Located;
use crate::scenario::yaml::{Value, Yaml};

/// Prefixes that attributes may have without a declaration.
const PREFIXES: [&str; 3] = ["xml", "xmlns", "xmpp"];

impl Reader {
    /// Attributes to send; one without a value is taken away.
    pub(super) fn attributes(&mut self, yaml: &Yaml) -> Vec<Attribute> {
        let pairs = self.pairs(yaml, "attributes");
        let declared: Vec<_> =
            pairs.iter().filter_map(|(name, _)| name.strip_prefix("xmlns:")).collect();
        let mut attributes = Vec::new();
        for (name, value) in pairs {
            self.attribute_name(name, &declared);
            attributes.push(Attribute { name: name.clone(), value: self.value_or_none(value) });
        }
        attributes
    }

    pub(super) fn attribute_name(&mut self, name: &Located<String>, declared: &[&str]) {
        let (prefix, local) = match name.split_once(':') {
            Some((prefix, local)) => (Some(prefix), local),
            None => (None, name.as_str()),
        };
        if !is_xml_name(local) || !prefix.is_none_or(is_xml_name) {
            self.wrong(&name.place, format!("`{}` is no name of an attribute", name.value), "");
        } else if let Some(prefix) = prefix
            && !PREFIXES.contains(&prefix)
            && !declared.contains(&prefix)
        {
            let help = format!(
                "`xmpp:` and `xml:` are known; others are declared beside it: xmlns:{prefix}: 'urn:…'"
            );
            let message = format!("the prefix `{prefix}` is not declared");
            self.wrong_with_help(&name.place, message, "", help);
        }
    }

    /// Header fields to send; one without a value is taken away.
    pub(super) fn headers(&mut self, yaml: &Yaml) -> Vec<Header> {
        let mut headers = Vec::new();
        for (name, value) in self.pairs(yaml, "header fields") {
            self.header_name(name);
            headers.push(Header { name: name.clone(), value: self.value_or_none(value) });
        }
        headers
    }

    pub(super) fn header_name(&mut self, name: &Located<String>) {
        if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
            let message = format!("`{}` is no name of a header field", name.value);
            self.wrong_with_help(&name.place, message, "", "a broken head is written with `raw`");
        }
    }

    fn value_or_none(&mut self, yaml: &Yaml) -> Option<Located<Template>> {
        match yaml.value {
            Value::Null => None,
            _ => self.template(yaml),
        }
    }

    /// Elements, well-formed as far as that is seen before variables have values.
    pub(super) fn xml(&mut self, yaml: &Yaml) -> Option<Located<Xml>> {
        let text = self.text(yaml)?;
        let template = self.template_of(text)?;
        if let Err(wrong) = fragment_with_holes(&text.value) {
            let message = format!("not well-formed: {}", wrong.message);
            self.wrong(&text.place(wrong.at), message, "");
            return None;
        }
        Some(Located::new(Xml { text: template }, yaml.place.clone()))
    }

    /// Elements that are compared with others: there has to be one, and nothing beside it.
    pub(super) fn pattern_xml(&mut self, yaml: &Yaml) -> Option<Located<Xml>> {
        let xml = self.xml(yaml)?;
        let Value::Text(text) = &yaml.value else { return None };
        let body = fragment_with_holes(&text.value).ok()?;
        let stray = body.nodes().iter().filter_map(|node| node.text());
        if body.children().next().is_none() || stray.into_iter().any(|text| !text.trim().is_empty())
        {
            let help = "for instance <iq type='result' xmlns='jabber:client'/>";
            self.wrong_with_help(&yaml.place, "an element is expected here", "", help);
            return None;
        }
        Some(xml)
    }

    /// Bytes: a text, or a list of texts, `hex:`, `base64:` and, if allowed, `pause:`.
    pub(super) fn bytes(&mut self, yaml: &Yaml, pauses: bool) -> Option<Located<Bytes>> {
        let before = self.mistakes.len();
        let mut pieces = Vec::new();
        for item in items(yaml) {
            if let Some(piece) = self.piece(item, pauses) {
                pieces.push(Located::new(piece, item.place.clone()));
            }
        }
        let good = self.mistakes.len() == before;
        good.then(|| Located::new(Bytes { pieces }, yaml.place.clone()))
    }

    fn piece(&mut self, yaml: &Yaml, pauses: bool) -> Option<Piece> {
        if matches!(yaml.value, Value::Text(_)) {
            return self.template(yaml).map(|template| Piece::Text(template.value));
        }
        let mut fields = self.fields(yaml, "a piece of bytes")?;
        let hex = fields.take("hex");
        let base64 = fields.take("base64");
        let pause = if pauses { fields.take("pause") } else { None };
        self.finish(&fields);
        match (hex, base64, pause) {
            (Some(hex), None, None) => self.coded(hex, "hex digits, two for each byte", from_hex),
            (None, Some(base64), None) => {
                let decode = |text: &str| {
                    let text: String = text.split_whitespace().collect();
                    STANDARD.decode(text).ok()
                };
                self.coded(base64, "base64", decode)
            }
            (None, None, Some(pause)) => self.timespan(pause).map(|time| Piece::Pause(time.value)),
            _ => {
                let keys = if pauses { "hex, base64, pause" } else { "hex, base64" };
                let message = format!("a piece is a text, or has one of the keys {keys}");
                self.wrong(&yaml.place, message, "");
                None
            }
        }
    }

    fn coded(
        &mut self,
        yaml: &Yaml,
        what: &str,
        decode: impl Fn(&str) -> Option<Vec<u8>>,
    ) -> Option<Piece> {
        let text = self.string(yaml)?;
        let bytes = decode(&text);
        if bytes.is_none() {
            self.wrong(&text.place, format!("this is not {what}"), "");
        }
        bytes.map(Piece::Bytes)
    }
}

fn is_xml_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'))
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).map(|digit| digit as u8))
        .collect::<Option<_>>()?;
    let pairs = digits.chunks_exact(2);
    pairs.remainder().is_empty().then(|| pairs.map(|pair| pair[0] << 4 | pair[1]).collect())
}
