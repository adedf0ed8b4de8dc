//! Stream headers and restarts (RFC 7395 §3.4, §3.7).

use std::sync::{Arc, Mutex, PoisonError};

use crate::cm::parts::Parts;
use crate::cm::stream::{Input, Output, Session};
use crate::defects::carried::{Answered, emptied, is_features};
use crate::defects::defect::{Defect, defect};
use crate::xml::Element;
use crate::xmpp::{Header, ns};

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "ws-open-first/stanza",
        "a first message that is not an open element opens a stream",
        |parts| {
            opens_itself(parts, |_| true);
        },
    ),
    defect("ws-open-first/sasl", "a login may begin without an open element", |parts| {
        opens_itself(parts, |element| element.namespace() == ns::SASL);
    }),
    defect(
        "ws-open-first/features",
        "the server begins with its features, and its open element follows",
        |parts| {
            parts.on_message(|| {
                let mut open = None;
                move |output, session: &Session| match (open.take(), output) {
                    (None, Output::Header(header)) if !session.is_known() => {
                        open = Some(Output::Header(header));
                        Vec::new()
                    }
                    (Some(open), features) if is_features(&features) => vec![features, open],
                    (open, other) => open.into_iter().chain([other]).collect(),
                }
            });
        },
    ),
    defect("ws-open-attributes/id", "the server's open element has no id", |parts| {
        headers(parts, |header| header.id = None);
    }),
    defect("ws-open-attributes/from", "the server's open element has no from", |parts| {
        headers(parts, |header| header.from = None);
    }),
    defect("ws-open-attributes/version", "the server's open element has no version", |parts| {
        headers(parts, |header| header.version = None);
    }),
    defect("ws-open-attributes/language", "the server's open element has no language", |parts| {
        headers(parts, |header| header.lang = None);
    }),
    defect("ws-open-attributes/unique", "all streams have the same id", |parts| {
        let first = Arc::new(Mutex::new(None::<String>));
        parts.on_message(move || {
            let first = Arc::clone(&first);
            move |mut output, _: &Session| {
                if let Output::Header(header) = &mut output {
                    let mut first = first.lock().unwrap_or_else(PoisonError::into_inner);
                    let id = header.id.clone().unwrap_or_default();
                    header.id = Some(first.get_or_insert(id).clone());
                }
                vec![output]
            }
        });
    }),
    defect("ws-open-attributes/guess", "the ids of streams are counted", |parts| {
        let next = Arc::new(Mutex::new(1000));
        parts.on_message(move || {
            let next = Arc::clone(&next);
            move |mut output, _: &Session| {
                if let Output::Header(header) = &mut output {
                    let mut next = next.lock().unwrap_or_else(PoisonError::into_inner);
                    *next += 1;
                    header.id = Some(next.to_string());
                }
                vec![output]
            }
        });
    }),
    defect("ws-open-attributes/mine", "the id that a client sets is taken", |parts| {
        echo(parts, |asked, header| {
            if let Some(id) = &asked.id {
                header.id = Some(id.clone());
            }
        });
    }),
    defect(
        "ws-open-attributes/higher",
        "the server has the version that the client has",
        |parts| {
            echo(parts, |asked, header| {
                if asked.version.as_deref() == Some("1.1") {
                    header.version = Some("1.2".to_owned());
                }
            });
        },
    ),
    defect("ws-open-attributes/refused", "a client of a higher version is refused", |parts| {
        parts.on_input(|| {
            |input, _: &Session| match input {
                Input::Header(Header { version: Some(version), .. }) if version == "1.10" => {
                    vec![Input::Wrong("unsupported-version")]
                }
                other => vec![other],
            }
        });
    }),
    defect("ws-open-attributes/asked", "from is what the client wrote, in capitals too", |parts| {
        echo(parts, |_, header| header.from = header.from.as_ref().map(|from| from.to_uppercase()));
    }),
    defect(
        "ws-restart-by-open/id",
        "after a restart the id is that of the stream before",
        |parts| {
            parts.on_message(|| {
                let mut first = None;
                move |mut output, _: &Session| {
                    if let Output::Header(header) = &mut output {
                        let id = first.get_or_insert_with(|| header.id.clone()).clone();
                        header.id = id;
                    }
                    vec![output]
                }
            });
        },
    ),
    defect("ws-restart-by-open/features", "a restart is answered without features", |parts| {
        parts.on_message(|| {
            |output, session: &Session| {
                if is_features(&output) && session.is_known() { Vec::new() } else { vec![output] }
            }
        });
    }),
    defect(
        "ws-restart-by-open/mechanisms",
        "the features after a login are those before it",
        |parts| {
            parts.on_message(|| {
                let mut before = None;
                move |output, session: &Session| {
                    if !is_features(&output) {
                        return vec![output];
                    }
                    if !session.is_known() {
                        before = Some(output.clone());
                    }
                    vec![before.clone().filter(|_| session.is_known()).unwrap_or(output)]
                }
            });
        },
    ),
    defect(
        "ws-restart-by-open/by-itself",
        "the server restarts the stream by itself when the login has succeeded",
        |parts| {
            parts.on_message(|| {
                let mut last = None;
                move |output, _: &Session| {
                    if let Output::Header(_) = &output {
                        last = Some(output.clone());
                    }
                    let success =
                        matches!(&output, Output::Element(it) if it.is(ns::SASL, "success"));
                    let header = last.clone().filter(|_| success);
                    std::iter::once(output).chain(header).collect()
                }
            });
        },
    ),
    defect(
        "ws-restart-by-open/close",
        "the former stream is closed before it is restarted",
        |parts| {
            parts.on_message(|| {
                |output, session: &Session| match &output {
                    Output::Header(_) if session.is_known() => vec![Output::End, output],
                    _ => vec![output],
                }
            });
        },
    ),
    defect("ws-restart-by-open/failed", "a login that failed ends the stream", |parts| {
        parts.on_message(|| {
            |output, _: &Session| match &output {
                Output::Element(element) if element.is(ns::SASL, "failure") => {
                    vec![output, Output::End, Output::Close(1000)]
                }
                _ => vec![output],
            }
        });
    }),
    defect(
        "ws-language-self-contained",
        "texts of errors have no language, and nor has the stream",
        |parts| {
            parts.on_message(|| {
                |output, _: &Session| match output {
                    Output::Header(header) => vec![Output::Header(Header { lang: None, ..header })],
                    Output::Element(element) => vec![Output::Element(with_text(element))],
                    other => vec![other],
                }
            });
        },
    ),
];

/// A first element that fits is taken as if an open element had come before it.
fn opens_itself(parts: &mut Parts, fits: fn(&Element) -> bool) {
    parts.on_input(move || {
        let mut open = false;
        move |input, _: &Session| {
            let opens = !open && matches!(&input, Input::Element(element) if fits(element));
            open |= opens || matches!(input, Input::Header(_) | Input::Misnamed(_));
            let header = opens.then(|| {
                let (to, version) = (Some("localhost".to_owned()), Some("1.0".to_owned()));
                Input::Header(Header { to, version, ..Header::default() })
            });
            header.into_iter().chain([input]).collect()
        }
    });
}

/// An error of a stanza with a text that has no language.
fn with_text(element: Element) -> Element {
    if element.attr("type") != Some("error") {
        return element;
    }
    let mut whole = emptied(&element);
    for child in element.into_children() {
        let text = Element::new(ns::STANZA_ERRORS, "text").with_text("It was not possible.");
        let error = child.is(ns::CLIENT, "error");
        whole = whole.with_child(if error { child.with_child(text) } else { child });
    }
    whole
}

/// Changes the headers of the server.
fn headers(parts: &mut Parts, change: fn(&mut Header)) {
    parts.on_message(move || {
        move |mut output, _: &Session| {
            if let Output::Header(header) = &mut output {
                change(header);
            }
            vec![output]
        }
    });
}

/// Changes the headers of the server by those that they answer.
fn echo(parts: &mut Parts, change: fn(&Header, &mut Header)) {
    parts.substitute(move || Box::new(Answered::by(change)));
}
