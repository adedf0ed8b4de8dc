//! What is demanded of responses, stanzas and values.

use std::str::FromStr;

use super::fields::Fields;
use super::reader::Reader;
use super::sessions::HTTP;
use super::values::items;
use crate::scenario::model::{
    Alternative, Capture, Condition, Counted, Expectation, Level, NoAnswer, Origin, PayloadMatch,
    PayloadParts, Presence, Template, Terminal, ValueMatch, Xml,
};
use crate::scenario::source::Located;
use crate::scenario::template::is_name;
use crate::scenario::yaml::{Value, Yaml};

pub(in super::super) const LEVEL: [(&str, Level); 3] =
    [("must", Level::Must), ("should", Level::Should), ("may", Level::May)];
pub(in super::super) const NO_ANSWER: [(&str, NoAnswer); 3] =
    [("closed", NoAnswer::Closed), ("silent", NoAnswer::Silent), ("any", NoAnswer::Any)];
pub(in super::super) const TERMINAL: [(&str, Terminal); 3] =
    [("none", Terminal::No), ("any", Terminal::Any), ("plain", Terminal::Plain)];

impl Reader {
    /// The keys of an expectation among others.
    pub(super) fn expectation(&mut self, fields: &mut Fields<'_>) -> Expectation {
        let no_answer = fields.take("no-answer");
        let http = fields.take("http");
        Expectation {
            no_answer: no_answer.and_then(|way| self.word(way, "value of `no-answer`", &NO_ANSWER)),
            status: fields.take("status").and_then(|status| self.value_match(status)),
            http: http.and_then(|http| self.word(http, "HTTP version", &HTTP)),
            headers: fields
                .take("headers")
                .map_or(Vec::new(), |all| self.matches(all, "header fields", Self::header_name)),
            attributes: fields.take("attributes").map_or(Vec::new(), |all| {
                self.matches(all, "attributes", |reader, name| reader.attribute_name(name, &[]))
            }),
            terminal: fields.take("terminal").and_then(|terminal| self.terminal(terminal)),
            payload: fields.take("payload").and_then(|payload| self.payload_match(payload)),
            entity: fields.take("entity").and_then(|entity| self.value_match(entity)),
            same_as: fields.take("same-as").and_then(|other| self.reference(other)),
            like: fields.take("like").and_then(|other| self.reference(other)),
            headers_like: fields.take("headers-like").and_then(|other| self.reference(other)),
            any_of: fields.take("any-of").map_or(Vec::new(), |all| self.alternatives(all)),
        }
    }

    fn matches(
        &mut self,
        yaml: &Yaml,
        what: &str,
        check: impl Fn(&mut Self, &Located<String>),
    ) -> Vec<(Located<String>, ValueMatch)> {
        let mut matches = Vec::new();
        for (name, value) in self.pairs(yaml, what) {
            check(self, name);
            if let Some(value) = self.value_match(value) {
                matches.push((name.clone(), value));
            }
        }
        matches
    }

    fn terminal(&mut self, yaml: &Yaml) -> Option<Located<Terminal>> {
        let text = self.string(yaml)?;
        if let Ok(condition) = crate::bosh::Condition::from_str(&text) {
            return Some(text.map(|_| Terminal::Condition(condition)));
        }
        let conditions = crate::bosh::Condition::all()
            .map(|condition| (condition.as_str(), Terminal::Condition(condition)));
        let words: Vec<_> = TERMINAL.into_iter().chain(conditions).collect();
        self.word(yaml, "value of `terminal`", &words)
    }

    fn alternatives(&mut self, yaml: &Yaml) -> Vec<Alternative> {
        let Value::List(items) = &yaml.value else {
            self.wrong(&yaml.place, "`any-of` must be a list", "");
            return Vec::new();
        };
        let mut alternatives = Vec::new();
        for item in items {
            let Some(mut fields) = self.fields(item, "an alternative") else { continue };
            let expected = self.expectation(&mut fields);
            let level = self.level(&mut fields);
            let says = fields.take("says").and_then(|says| self.template(says));
            self.finish(&fields);
            alternatives.push(Alternative { place: item.place.clone(), expected, level, says });
        }
        alternatives
    }

    pub(super) fn level(&mut self, fields: &mut Fields<'_>) -> Option<Located<Level>> {
        fields.take("level").and_then(|level| self.word(level, "level", &LEVEL))
    }

    /// A text that has to be equal, `absent`, `present`, or several demands.
    pub(super) fn value_match(&mut self, yaml: &Yaml) -> Option<ValueMatch> {
        if let Value::Map(_) = yaml.value {
            let mut fields = self.fields(yaml, "an assertion")?;
            let demands = self.demands(&mut fields);
            self.finish(&fields);
            return Some(demands);
        }
        let template = self.template(yaml)?;
        let place = Some(yaml.place.clone());
        Some(match template.as_plain() {
            Some("absent") => {
                ValueMatch { place, presence: Presence::Absent, ..ValueMatch::default() }
            }
            Some("present") => ValueMatch { place, ..ValueMatch::default() },
            _ => ValueMatch { place, equals: Some(template), ..ValueMatch::default() },
        })
    }

    /// The keys of a demand on a value among others.
    pub(super) fn demands(&mut self, fields: &mut Fields<'_>) -> ValueMatch {
        let optional =
            fields.take("optional").and_then(|yaml| self.boolean(yaml)).unwrap_or_default();
        let mut one_of = Vec::new();
        if let Some(yaml) = fields.take("one-of") {
            for item in items(yaml) {
                one_of.extend(self.template(item));
            }
        }
        let mut text = |reader: &mut Self, key| -> Option<Located<Template>> {
            fields.take(key).and_then(|yaml| reader.template(yaml))
        };
        ValueMatch {
            presence: if optional { Presence::Optional } else { Presence::Present },
            equals: text(self, "equals"),
            not: text(self, "not"),
            at_least: text(self, "at-least"),
            at_most: text(self, "at-most"),
            above: text(self, "above"),
            below: text(self, "below"),
            one_of,
            matches: fields.take("matches").and_then(|yaml| self.pattern(yaml)),
            lacks: fields.take("lacks").and_then(|yaml| self.pattern(yaml)),
            place: Some(fields.place.clone()),
        }
    }

    fn payload_match(&mut self, yaml: &Yaml) -> Option<Located<PayloadMatch>> {
        if let Value::Text(_) = yaml.value {
            let words = [("empty", PayloadMatch::Empty), ("any", PayloadMatch::Any)];
            return self.word(yaml, "payload; to match elements, write a mapping", &words);
        }
        let mut fields = self.fields(yaml, "a payload")?;
        let contains = fields.take("contains").map_or(Vec::new(), |all| self.patterns(all));
        let in_order = fields.take("in-order").map_or(Vec::new(), |all| self.patterns(all));
        let lacks = fields.take("lacks").map_or(Vec::new(), |all| self.patterns(all));
        let exactly = fields.take("exactly").and_then(|xml| self.pattern_xml(xml));
        let count = fields.take("count");
        let of = fields.take("of").map(|of| (of, self.pattern_xml(of)));
        self.finish(&fields);
        let count = match (count, of) {
            (None, Some((of, _))) => {
                self.wrong(&of.place, "`of` needs `count`", "");
                None
            }
            (count, of) => count.and_then(|yaml| {
                let count = self.value_match(yaml)?;
                let of = of.and_then(|(_, pattern)| pattern);
                Some(Located::new(Counted { count, of }, yaml.place.clone()))
            }),
        };
        let parts = PayloadParts { contains, exactly, in_order, lacks, count };
        Some(Located::new(PayloadMatch::Parts(Box::new(parts)), yaml.place.clone()))
    }

    fn patterns(&mut self, yaml: &Yaml) -> Vec<Located<Xml>> {
        items(yaml).iter().filter_map(|item| self.pattern_xml(item)).collect()
    }

    pub(super) fn captures(&mut self, fields: &mut Fields<'_>) -> Vec<Capture> {
        let Some(yaml) = fields.take("capture") else { return Vec::new() };
        let mut captures = Vec::new();
        for (variable, place) in self.pairs(yaml, "captures") {
            if !is_name(variable) {
                self.wrong(
                    &variable.place,
                    format!("`{}` is not a valid name", variable.value),
                    "",
                );
            }
            if let Some(text) = self.string(place) {
                if let Some(from) = from(&text) {
                    let from = Located::new(from, text.place);
                    captures.push(Capture { variable: variable.clone(), from });
                } else {
                    let help = "write `@sid` for an attribute, `iq/bind/jid` for the text of an element, `iq@id`, \
                                `.` for the text of the whole, `name(error/*)` for a name, `status`, `entity`, `header NAME` or `link REL`";
                    let message = format!("`{}` is not a valid place in a response", text.value);
                    self.wrong_with_help(&text.place, message, "", help);
                }
            }
        }
        captures
    }

    /// What an `if` or `needs` asks.
    pub(super) fn condition(&mut self, yaml: &Yaml) -> Option<Located<Condition>> {
        let mut fields = self.fields(yaml, "a condition")?;
        let advertised = fields.take("advertised");
        let not_advertised = fields.take("not-advertised");
        let offered = fields.take("offered");
        let received = fields.take("received");
        let value = fields.take("value");
        let response = fields.take("response");
        let condition = match (advertised, not_advertised, offered, received, value, response) {
            (Some(name), None, None, None, None, None) => self.advertised(name, &mut fields, false),
            (None, Some(name), None, None, None, None) => self.advertised(name, &mut fields, true),
            (None, None, Some(feature), None, None, None) => {
                let by = fields.take("by").and_then(|by| self.reference(by));
                self.pattern_xml(feature).map(|feature| Condition::Offered { feature, by })
            }
            (None, None, None, Some(stanza), None, None) => {
                let by = fields.take("by").and_then(|by| self.reference(by));
                self.pattern_xml(stanza).map(|stanza| Condition::Received { stanza, by })
            }
            (None, None, None, None, Some(value), None) => {
                let expected = Box::new(self.demands(&mut fields));
                self.template(value).map(|value| Condition::Value { value, expected })
            }
            (None, None, None, None, None, Some(request)) => {
                let expected = Box::new(self.expectation(&mut fields));
                let request = self.reference(request);
                request.map(|request| Condition::Response { request, expected })
            }
            _ => {
                let message = "a condition needs one of the keys \
                               advertised, not-advertised, offered, received, value, response";
                self.wrong(&yaml.place, message, "");
                return None;
            }
        };
        self.finish(&fields);
        condition.map(|condition| Located::new(condition, yaml.place.clone()))
    }

    fn advertised(&mut self, name: &Yaml, fields: &mut Fields<'_>, not: bool) -> Option<Condition> {
        let by = fields.take("by").and_then(|by| self.reference(by));
        let attribute = self.string(name)?;
        self.attribute_name(&attribute, &[]);
        Some(Condition::Advertised { attribute, by, not })
    }
}

fn from(text: &str) -> Option<Origin> {
    match text {
        "status" => return Some(Origin::Status),
        "entity" => return Some(Origin::Entity),
        "." => return Some(Origin::Path { elements: Vec::new(), attribute: None }),
        _ => {}
    }
    if let Some(relation) = text.strip_prefix("link ") {
        let relation = relation.trim();
        let sound = !relation.is_empty() && !relation.contains(char::is_whitespace);
        return sound.then(|| Origin::Link(relation.to_owned()));
    }
    if let Some(name) = text.strip_prefix("header ") {
        let name = name.trim();
        return http::HeaderName::from_bytes(name.as_bytes())
            .ok()
            .map(|_| Origin::Header(name.into()));
    }
    if let Some(path) = text.strip_prefix("name(").and_then(|rest| rest.strip_suffix(')')) {
        let Origin::Path { elements, attribute: None } = from(path)? else { return None };
        return Some(Origin::Name(elements));
    }
    let (path, attribute) = match text.split_once('@') {
        Some((path, attribute)) => (path, Some(attribute.to_owned())),
        None => (text, None),
    };
    let elements: Vec<_> =
        if path.is_empty() { Vec::new() } else { path.split('/').map(str::to_owned).collect() };
    let good = |name: &str| {
        !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || "<>'\"{}".contains(c))
    };
    let sound = elements.iter().all(|name| good(name)) && attribute.as_deref().is_none_or(good);
    (sound && !(elements.is_empty() && attribute.is_none()))
        .then_some(Origin::Path { elements, attribute })
}
