//! Stream errors (RFC 7395 §3.3.2, §3.5).

use crate::cm::parts::Parts;
use crate::cm::stream::{Framing, Input, Outbound, Output, Session};
use crate::defects::carried::{condition, error, is_error};
use crate::defects::defect::{Defect, defect};
use crate::xml::Element;
use crate::xmpp::ns;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "ws-header-namespace-error/condition",
        "a header in another namespace is answered with invalid-xml",
        |parts| {
            errors(parts, |output, _| match condition(&output) {
                Some("invalid-namespace") => vec![error("invalid-xml")],
                _ => vec![output],
            });
        },
    ),
    defect(
        "ws-header-namespace-error/open",
        "after invalid-namespace the stream is not closed",
        |parts| after_errors(parts, |condition, _| condition == "invalid-namespace"),
    ),
    defect("ws-error-complete/never", "streams end without an error", |parts| {
        errors(parts, |_, _| Vec::new());
    }),
    defect("ws-error-complete/login", "sessions end without an error", |parts| {
        errors(parts, |output, session| if session.is_known() { Vec::new() } else { vec![output] });
    }),
    defect(
        "ws-error-complete/restricted",
        "restricted XML ends a stream without an error",
        |parts| unsaid(parts, "restricted-xml"),
    ),
    defect(
        "ws-error-complete/authorized",
        "a stanza before the login ends the stream without an error",
        |parts| unsaid(parts, "not-authorized"),
    ),
    defect(
        "ws-error-complete/malformed",
        "what is not well-formed ends a stream without an error",
        |parts| unsaid(parts, "not-well-formed"),
    ),
    defect("ws-error-complete/condition", "stream errors have no condition", |parts| {
        errors(parts, |_, _| vec![Output::Element(Element::new(ns::STREAMS, "error"))]);
    }),
    defect("ws-error-complete/namespace", "stream errors are in no namespace", |parts| {
        errors(parts, |output, _| match condition(&output) {
            Some(name) => {
                let condition = Element::new(ns::STREAM_ERRORS, name);
                vec![Output::Element(Element::new("", "error").with_child(condition))]
            }
            None => vec![output],
        });
    }),
    defect("ws-error-after-open/swapped", "an error comes before the open element", |parts| {
        first(parts, |header, error| vec![error, header]);
    }),
    defect(
        "ws-error-after-open/none",
        "where there is an error there is no open element",
        |parts| {
            first(parts, |_, error| vec![error]);
        },
    ),
    defect("ws-error-after-open/host", "host-unknown comes without an open element", |parts| {
        first(parts, |header, error| match condition(&error) {
            Some("host-unknown") => vec![error],
            _ => vec![header, error],
        });
    }),
    defect("ws-error-after-open/id", "the open element in front of an error has no id", |parts| {
        first(parts, |mut header, error| {
            if let Output::Header(header) = &mut header {
                header.id = None;
            }
            vec![header, error]
        });
    }),
    defect(
        "ws-header-namespace/error",
        "the open element in front of an error is in the namespace of clients",
        |parts| {
            parts.on_outbound(|| {
                let mut open = None;
                move |outbound| match (open.take(), outbound) {
                    (None, Outbound::Text(text)) if text.starts_with("<open") => {
                        open = Some(text);
                        Vec::new()
                    }
                    (Some(open), Outbound::Text(text)) => {
                        let failed = text.contains(ns::STREAM_ERRORS);
                        let open =
                            if failed { open.replace(ns::FRAMING, ns::CLIENT) } else { open };
                        vec![Outbound::Text(open), Outbound::Text(text)]
                    }
                    (open, other) => open.map(Outbound::Text).into_iter().chain([other]).collect(),
                }
            });
        },
    ),
    defect("ws-error-then-close/client", "a stream error of a client is ignored", |parts| {
        parts.on_input(|| {
            |input, session: &Session| match &input {
                Input::Element(element)
                    if session.framing() == Framing::Framed && element.is(ns::STREAMS, "error") =>
                {
                    Vec::new()
                }
                _ => vec![input],
            }
        });
    }),
    defect("ws-error-complete/long", "the error for what is too long has no condition", |parts| {
        errors(parts, |output, _| match condition(&output) {
            Some("policy-violation") => {
                vec![Output::Element(Element::new(ns::STREAMS, "error"))]
            }
            _ => vec![output],
        });
    }),
    defect("ws-error-then-close/nothing", "after an error the stream is not closed", |parts| {
        after_errors(parts, |_, _| true);
    }),
    defect("ws-error-then-close/twice", "after an error there are two close elements", |parts| {
        ends(parts, |output| match output {
            Output::End => vec![Output::End, Output::End],
            other => vec![other],
        });
    }),
    defect("ws-error-then-close/element", "after an error there is no close element", |parts| {
        ends(parts, |output| match output {
            Output::End => Vec::new(),
            other => vec![other],
        });
    }),
    defect("ws-error-then-close/connection", "after an error the WebSocket stays open", |parts| {
        ends(parts, |output| match output {
            Output::Close(_) => Vec::new(),
            other => vec![other],
        });
    }),
    defect(
        "ws-error-then-close/login",
        "after an error of a session the WebSocket stays open",
        |parts| {
            parts.on_message(|| {
                let mut failed = false;
                move |output, session: &Session| {
                    failed |= is_error(&output) && session.is_known();
                    match output {
                        Output::Close(_) if failed => Vec::new(),
                        other => vec![other],
                    }
                }
            });
        },
    ),
];

/// Changes stream errors.
fn errors(
    parts: &mut Parts,
    change: impl Fn(Output, &Session) -> Vec<Output> + Copy + Send + 'static,
) {
    parts.on_message(move || {
        move |output, session: &Session| {
            if is_error(&output) { change(output, session) } else { vec![output] }
        }
    });
}

/// Streams end without this error.
fn unsaid(parts: &mut Parts, which: &'static str) {
    errors(
        parts,
        move |output, _| {
            if condition(&output) == Some(which) { Vec::new() } else { vec![output] }
        },
    );
}

/// Changes what comes after a stream error.
fn ends(parts: &mut Parts, change: fn(Output) -> Vec<Output>) {
    parts.on_message(move || {
        let mut failed = false;
        move |output, _: &Session| {
            failed |= is_error(&output);
            if failed { change(output) } else { vec![output] }
        }
    });
}

/// Sends nothing after such an error.
fn after_errors(parts: &mut Parts, which: fn(&str, &Session) -> bool) {
    parts.on_message(move || {
        let mut failed = false;
        move |output, session: &Session| {
            if failed {
                return Vec::new();
            }
            failed = condition(&output).is_some_and(|condition| which(condition, session));
            vec![output]
        }
    });
}

/// Changes a header and the error that follows it.
fn first(parts: &mut Parts, change: fn(Output, Output) -> Vec<Output>) {
    parts.on_message(move || {
        let mut kept = None;
        move |output, _: &Session| match (kept.take(), output) {
            (None, header @ Output::Header(_)) => {
                kept = Some(header);
                Vec::new()
            }
            (Some(header), error) if is_error(&error) => change(header, error),
            (Some(header), other) => vec![header, other],
            (None, other) => vec![other],
        }
    });
}
