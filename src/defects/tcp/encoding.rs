//! Streams that are not in UTF-8, and white space between stanzas (RFC 6120 §11.6, §11.7).

use super::raw::bent;
use crate::cm::stream::{Input, Output, Session};
use crate::defects::carried::Substitute;
use crate::defects::defect::{Defect, defect};
use crate::xml::Element;
use crate::xmpp::ns;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "tcp-utf8/declared",
        "a stream that says that it is in another encoding stays open",
        |parts| bent(parts, || Opening { due: false, passes: |wrong| wrong == "not-well-formed" }),
    ),
    defect("tcp-utf8/bytes", "what is not UTF-8 is passed over within a stream", |parts| {
        bent(parts, || Passed);
    }),
    defect("tcp-white-space/alone", "white space alone ends the stream", |parts| {
        bent(parts, || Space(false));
    }),
    defect(
        "tcp-restricted-xml/opening",
        "a document type in front of a later header is passed over",
        |parts| bent(parts, || Opening { due: false, passes: |wrong| wrong == "restricted-xml" }),
    ),
    defect(
        "tcp-starttls-proceed/any-namespace",
        "an element named starttls asks for TLS in any namespace",
        |parts| bent(parts, || Any(false)),
    ),
];

/// Passes over what is wrong where a stream is to be opened anew.
struct Opening {
    due: bool,
    passes: fn(&str) -> bool,
}

impl Substitute for Opening {
    fn come(&mut self, input: Input, _: &Session) -> Vec<Input> {
        match &input {
            Input::Secured => self.due = true,
            Input::Header(_) => self.due = false,
            Input::Wrong(wrong) if self.due && (self.passes)(wrong) => return Vec::new(),
            _ => {}
        }
        vec![input]
    }

    fn send(&mut self, output: Output, _: &Session) -> Vec<Output> {
        self.due |= matches!(&output, Output::Element(it) if it.is(ns::SASL, "success"));
        vec![output]
    }
}

/// Passes over bytes that are no text.
struct Passed;

impl Substitute for Passed {
    fn come(&mut self, input: Input, _: &Session) -> Vec<Input> {
        if input == Input::Wrong("not-well-formed") { Vec::new() } else { vec![input] }
    }
}

/// Ends the stream at two signs of life without anything between them. The field: whether the last thing was one.
struct Space(bool);

impl Substitute for Space {
    fn come(&mut self, input: Input, _: &Session) -> Vec<Input> {
        let alive = input == Input::Alive;
        if std::mem::replace(&mut self.0, alive) && alive {
            return vec![Input::Wrong("not-well-formed")];
        }
        vec![input]
    }
}

/// Takes every starttls for the one of TLS, until there is TLS.
struct Any(bool);

impl Substitute for Any {
    fn come(&mut self, input: Input, _: &Session) -> Vec<Input> {
        self.0 |= input == Input::Secured;
        match &input {
            Input::Element(element) if !self.0 && element.name() == "starttls" => {
                vec![Input::Element(Element::new(ns::TLS, "starttls"))]
            }
            _ => vec![input],
        }
    }
}
