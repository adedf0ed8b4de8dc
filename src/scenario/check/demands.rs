//! Names in expectations and conditions.

use super::scope::Checker;
use crate::scenario::model::{
    Bytes, Capture, Condition, Count, Cut, CutPoint, Expectation, PayloadMatch, PayloadParts,
    Piece, Template, Timespan, ValueMatch, Xml,
};
use crate::scenario::source::Located;

impl Checker {
    pub(super) fn covered(&mut self, covers: &[Located<String>], all: &[Located<String>]) {
        for id in covers {
            if !all.is_empty() && !all.contains(id) {
                let message = format!("`{}` is not covered by the scenario", id.value);
                self.wrong_with_help(
                    &id.place,
                    message,
                    "add it to `covers` at the top of the file",
                );
            }
        }
    }

    pub(super) fn count(&mut self, count: &Count) {
        if let Count::Computed(template) = count {
            self.template(template);
        }
    }

    pub(super) fn time(&mut self, time: &Timespan) {
        if let Timespan::Computed(template) = time {
            self.template(template);
        }
    }

    pub(super) fn times<'a>(&mut self, times: impl IntoIterator<Item = &'a Located<Timespan>>) {
        for time in times {
            self.time(time);
        }
    }

    pub(super) fn templates<'a>(
        &mut self,
        templates: impl IntoIterator<Item = &'a Located<Template>>,
    ) {
        for template in templates {
            self.template(template);
        }
    }

    pub(super) fn bytes(&mut self, bytes: &Bytes) {
        for piece in &bytes.pieces {
            match &piece.value {
                Piece::Text(template) => self.template(template),
                Piece::Pause(time) => self.time(time),
                Piece::Bytes(_) => {}
            }
        }
    }

    pub(super) fn cut(&mut self, cut: Option<&Cut>) {
        match cut.map(|cut| &cut.point.value) {
            Some(CutPoint::Bytes(count)) => self.count(count),
            Some(CutPoint::Sent(time)) => self.time(time),
            Some(CutPoint::Half) | None => {}
        }
    }

    pub(super) fn xml(&mut self, xml: &Xml) {
        self.template(&xml.text);
    }

    pub(super) fn value(&mut self, value: &ValueMatch) {
        let ValueMatch { equals, not, at_least, at_most, above, below, one_of, .. } = value;
        let single = [equals, not, at_least, at_most, above, below];
        self.templates(single.into_iter().flatten().chain(one_of));
    }

    pub(super) fn expectation(&mut self, expected: &Expectation) {
        let headers = expected.headers.iter().map(|(_, value)| value);
        let attributes = expected.attributes.iter().map(|(_, value)| value);
        for value in headers.chain(attributes).chain(&expected.status).chain(&expected.entity) {
            self.value(value);
        }
        if let Some(payload) = &expected.payload
            && let PayloadMatch::Parts(parts) = &payload.value
        {
            let PayloadParts { contains, exactly, in_order, lacks, count } = &**parts;
            for xml in contains.iter().chain(exactly).chain(in_order).chain(lacks) {
                self.xml(xml);
            }
            if let Some(count) = count {
                self.value(&count.count);
                if let Some(of) = &count.of {
                    self.xml(of);
                }
            }
        }
        let others = [&expected.same_as, &expected.like, &expected.headers_like];
        for other in others.into_iter().flatten() {
            self.request(other);
        }
        for alternative in &expected.any_of {
            self.expectation(&alternative.expected);
            self.templates(&alternative.says);
        }
        if let Some(no_answer) = &expected.no_answer {
            let alone =
                Expectation { no_answer: expected.no_answer.clone(), ..Expectation::default() };
            if *expected != alone {
                let message = "`no-answer` cannot be combined with assertions about the response";
                let help = "list what may come instead as alternatives in `any-of`";
                self.wrong_with_help(&no_answer.place, message, help);
            }
        }
    }

    pub(super) fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::Advertised { by, .. } => {
                if let Some(by) = by {
                    self.actor(by);
                }
            }
            Condition::Offered { feature: xml, by } | Condition::Received { stanza: xml, by } => {
                self.xml(&xml.value);
                if let Some(by) = by {
                    self.actor(by);
                }
            }
            Condition::Value { value, expected } => {
                self.template(value);
                self.value(expected);
            }
            Condition::Response { request, expected } => {
                self.request(request);
                self.expectation(expected);
            }
        }
    }

    pub(super) fn captures(&mut self, captures: &[Capture]) {
        for capture in captures {
            self.give(&capture.variable);
        }
    }
}
