//! Stream errors (RFC 6120 §4.9), and the XML that leads to them (§11.1).

use super::raw::{bent, heard, sent, since, untold};
use crate::cm::parts::Parts;
use crate::cm::stream::{Input, Output, Session};
use crate::defects::carried::{Substitute, condition, error, is_error};
use crate::defects::defect::{Defect, defect};
use crate::xml::Element;
use crate::xmpp::ns;

pub(super) const DEFECTS: &[Defect] = &[
    defect("tcp-stream-error-closes/open", "after a stream error TCP stays open", |parts| {
        after_errors(parts, |output| match output {
            Output::Close(_) => Vec::new(),
            other => vec![other],
        });
    }),
    defect("tcp-stream-error-closes/tag", "no end tag follows a stream error", |parts| {
        after_errors(parts, |output| match output {
            Output::End => Vec::new(),
            other => vec![other],
        });
    }),
    defect("tcp-stream-error-closes/unsaid", "a stream ends without an error", |parts| {
        sent(parts, |output, _| if is_error(&output) { Vec::new() } else { vec![output] });
    }),
    defect(
        "tcp-stream-error-closes/there",
        "whose stream has ended with an error is there for others still",
        |parts| untold(parts, |input| matches!(input, Input::Wrong(_))),
    ),
    defect("tcp-stream-error-closes/client", "a stream error of a client is ignored", |parts| {
        heard(parts, |input, _| match &input {
            Input::Element(element) if element.is(ns::STREAMS, "error") => Vec::new(),
            _ => vec![input],
        });
    }),
    defect(
        "tcp-stream-error-closes/left",
        "after a stream error of a client TCP stays open",
        |parts| {
            since(parts, is_client_error, |output| match output {
                Output::Close(_) => Vec::new(),
                other => vec![other],
            });
        },
    ),
    defect("tcp-stream-error-closes/two", "a stream error has two conditions", |parts| {
        sent(parts, |output, _| match (condition(&output), &output) {
            (Some(name), Output::Element(error)) if name != "undefined-condition" => {
                let second = Element::new(ns::STREAM_ERRORS, "undefined-condition");
                vec![Output::Element(error.clone().with_child(second))]
            }
            _ => vec![output],
        });
    }),
    defect(
        "tcp-error-condition-fits/xml",
        "XML that is not well-formed or restricted is an internal error",
        |parts| {
            instead(parts, |name| matches!(name, "not-well-formed" | "restricted-xml"));
        },
    ),
    defect(
        "tcp-error-condition-fits/host",
        "a domain that is not served is an internal error",
        |parts| instead(parts, |name| matches!(name, "host-unknown" | "improper-addressing")),
    ),
    defect(
        "tcp-error-condition-fits/long",
        "more than the server takes is an internal error",
        |parts| instead(parts, |name| name == "policy-violation"),
    ),
    defect(
        "tcp-error-condition-fits/namespace",
        "a namespace that is not known is an internal error",
        |parts| instead(parts, |name| name == "invalid-namespace"),
    ),
    defect(
        "tcp-error-condition-specific/broken",
        "XML that is not well-formed is bad-format",
        |parts| renamed(parts, "not-well-formed", "bad-format"),
    ),
    defect(
        "tcp-error-condition-specific/restricted",
        "comments, processing instructions and DTDs are bad-format",
        |parts| renamed(parts, "restricted-xml", "bad-format"),
    ),
    defect(
        "tcp-error-condition-specific/namespace",
        "a header of another namespace is bad-format",
        |parts| renamed(parts, "invalid-namespace", "bad-format"),
    ),
    defect("tcp-well-formed/condition", "XML that is not well-formed is invalid-xml", |parts| {
        renamed(parts, "not-well-formed", "invalid-xml");
    }),
    defect(
        "tcp-well-formed/unsaid",
        "a stream on which something comes that is not well-formed ends without an error",
        |parts| {
            sent(parts, |output, _| {
                if condition(&output) == Some("not-well-formed") {
                    Vec::new()
                } else {
                    vec![output]
                }
            });
        },
    ),
    defect(
        "tcp-restricted-xml/comment",
        "what is restricted is skipped, and all that follows it",
        |parts| {
            heard(parts, |input, _| match input {
                Input::Wrong("restricted-xml") => Vec::new(),
                other => vec![other],
            });
        },
    ),
];

fn is_client_error(input: &Input) -> bool {
    matches!(input, Input::Element(element) if element.is(ns::STREAMS, "error"))
}

/// Changes what is sent after a stream error.
fn after_errors(parts: &mut Parts, change: fn(Output) -> Vec<Output>) {
    struct After(bool, fn(Output) -> Vec<Output>);
    impl Substitute for After {
        fn send(&mut self, output: Output, _: &Session) -> Vec<Output> {
            if is_error(&output) {
                self.0 = true;
                return vec![output];
            }
            if self.0 { (self.1)(output) } else { vec![output] }
        }
    }
    bent(parts, move || After(false, change));
}

/// Sends internal-server-error in place of these conditions.
fn instead(parts: &mut Parts, which: fn(&str) -> bool) {
    struct Instead(fn(&str) -> bool);
    impl Substitute for Instead {
        fn send(&mut self, output: Output, _: &Session) -> Vec<Output> {
            match condition(&output) {
                Some(name) if (self.0)(name) => vec![error("internal-server-error")],
                _ => vec![output],
            }
        }
    }
    bent(parts, move || Instead(which));
}

/// One condition is sent in place of another.
fn renamed(parts: &mut Parts, from: &'static str, to: &'static str) {
    parts.on_output(move || {
        move |output, _: &Session| {
            vec![if condition(&output) == Some(from) { error(to) } else { output }]
        }
    });
}
