//! Stream headers (RFC 6120 §4.2, §4.7).

use std::sync::{Arc, Mutex, PoisonError};

use super::raw::{answered, bent, heard, sent};
use crate::cm::stream::{Input, Output, Session};
use crate::defects::carried::{Substitute, is_error, is_features};
use crate::defects::defect::{Defect, defect};
use crate::xml::Element;
use crate::xmpp::ns;

/// Languages that texts may be in.
const LANGUAGES: [&str; 2] = ["en", "de"];

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "tcp-response-header/error",
        "an error about the first header comes without a header before it",
        |parts| bent(parts, || BeforeErrors { header: None, change: |_, error| vec![error] }),
    ),
    defect(
        "tcp-response-header/behind",
        "the error about the first header comes before the header",
        |parts| {
            bent(parts, || BeforeErrors {
                header: None,
                change: |header, error| vec![error, header],
            });
        },
    ),
    defect(
        "tcp-features-after-header/from",
        "features follow only a header with `from`",
        |parts| {
            bent(parts, || Anonymous(false));
        },
    ),
    defect("tcp-from-to-in-response-header/from", "the server's header has no from", |parts| {
        answered(parts, |_, header| header.from = None);
    }),
    defect(
        "tcp-from-to-in-response-header/to",
        "the server's header has no to, though the client's has from",
        |parts| answered(parts, |_, header| header.to = None),
    ),
    defect(
        "tcp-from-to-in-response-header/unasked",
        "the server's header has to, though the client's has no from",
        |parts| {
            answered(parts, |asked, header| {
                if asked.from.is_none() {
                    header.to.clone_from(&asked.to);
                }
            });
        },
    ),
    defect("tcp-stream-id-unpredictable/counted", "the ids of streams are counted", |parts| {
        let next = Arc::new(Mutex::new(1000));
        bent(parts, move || Counted(Arc::clone(&next)));
    }),
    defect("tcp-stream-id-unpredictable/short", "the ids of streams have four letters", |parts| {
        answered(parts, |_, header| {
            header.id = header.id.take().map(|id| id.chars().take(4).collect());
        });
    }),
    defect(
        "tcp-stream-id-unpredictable/failed",
        "the header in front of an error has the same id each time",
        |parts| {
            let change = |mut header: Output, error| {
                if let Output::Header(header) = &mut header {
                    header.id = Some("0".to_owned());
                }
                vec![header, error]
            };
            bent(parts, move || BeforeErrors { header: None, change });
        },
    ),
    defect("tcp-stream-id-unpredictable/mine", "the id that a client sets is taken", |parts| {
        answered(parts, |asked, header| {
            if asked.id.is_some() {
                header.id.clone_from(&asked.id);
            }
        });
    }),
    defect("tcp-no-id-from-initiator", "a header with an id is refused", |parts| {
        heard(parts, |input, _| match input {
            Input::Header(header) if header.id.is_some() => vec![Input::Wrong("invalid-xml")],
            other => vec![other],
        });
    }),
    defect(
        "tcp-lang-in-response/unasked",
        "the server's header has no language if the client's has none",
        |parts| {
            answered(parts, |asked, header| {
                if asked.lang.is_none() {
                    header.lang = None;
                }
            });
        },
    ),
    defect(
        "tcp-lang-in-response/unknown",
        "the server's header has no language if it has no texts in the client's",
        |parts| {
            answered(parts, |asked, header| {
                let known = |lang: &String| LANGUAGES.contains(&lang.as_str());
                if asked.lang.as_ref().is_some_and(|lang| !known(lang)) {
                    header.lang = None;
                }
            });
        },
    ),
    defect(
        "tcp-unknown-host-from",
        "the header for a domain that is not served is from that domain",
        |parts| answered(parts, |asked, header| header.from.clone_from(&asked.to)),
    ),
    defect(
        "tcp-features-after-header/namespace",
        "a feature is in the namespace of clients",
        |parts| {
            sent(parts, |output, _| match output {
                Output::Element(features) if is_features(&Output::Element(features.clone())) => {
                    let register = Element::new(ns::CLIENT, "register");
                    vec![Output::Element(features.with_child(register))]
                }
                other => vec![other],
            });
        },
    ),
];

/// Changes a header that is followed by an error, and that error.
struct BeforeErrors {
    header: Option<Output>,
    change: fn(Output, Output) -> Vec<Output>,
}

impl Substitute for BeforeErrors {
    fn send(&mut self, output: Output, _: &Session) -> Vec<Output> {
        match (self.header.take(), output) {
            // Nothing follows the header of a stream of no version.
            (None, Output::Header(header)) if header.version.is_some() => {
                self.header = Some(Output::Header(header));
                Vec::new()
            }
            (Some(header), error) if is_error(&error) => (self.change)(header, error),
            (Some(header), other) => vec![header, other],
            (None, other) => vec![other],
        }
    }
}

/// Sends no features to who says nothing of himself.
struct Anonymous(bool);

impl Substitute for Anonymous {
    fn come(&mut self, input: Input, _: &Session) -> Vec<Input> {
        if let Input::Header(header) = &input {
            self.0 = header.from.is_none();
        }
        vec![input]
    }

    fn send(&mut self, output: Output, session: &Session) -> Vec<Output> {
        let kept = self.0 && !session.is_known() && is_features(&output);
        if kept { Vec::new() } else { vec![output] }
    }
}

/// Counts the streams of all clients.
struct Counted(Arc<Mutex<u32>>);

impl Substitute for Counted {
    fn send(&mut self, mut output: Output, _: &Session) -> Vec<Output> {
        if let Output::Header(header) = &mut output {
            let mut next = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            *next += 1;
            header.id = Some(next.to_string());
        }
        vec![output]
    }
}
