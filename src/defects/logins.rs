//! Logins (RFC 6120 §6), over WebSocket and TCP.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::bend_stream::{StreamBend, StreamCx};
use super::carried::{condition, emptied};
use super::defect::{Defect, Family, defect};
use crate::cm::parts::Parts;
use crate::cm::stream::{Action, Input, Output, Session};
use crate::xml::Element;
use crate::xmpp::ns;

pub(super) const DEFECTS: Family = &[LOGINS];

const LOGINS: &[Defect] = &[
    defect("sasl-failure-complete/bare", "a login that fails is told no condition", |parts| {
        failures(parts, |_, failure| vec![emptied(&failure)]);
    }),
    defect(
        "sasl-failure-complete/second",
        "the second login that fails on a stream is told no condition",
        |parts| {
            failures(parts, |before, failure| {
                vec![if before == 1 { emptied(&failure) } else { failure }]
            });
        },
    ),
    defect(
        "sasl-failure-complete/namespace",
        "the condition of a login that fails is one of stanzas",
        |parts| {
            failures(parts, |_, failure| {
                let inner = failure.children().map(|it| Element::new(ns::STANZA_ERRORS, it.name()));
                vec![inner.fold(emptied(&failure), Element::with_child)]
            });
        },
    ),
    defect("sasl-retry/first", "the first login that fails ends the stream", |parts| {
        parts.bend_streams(|| Box::new(Impatient { most: 1, failed: 0 }));
    }),
    defect("sasl-retry/second", "the second login that fails ends the stream", |parts| {
        parts.bend_streams(|| Box::new(Impatient { most: 2, failed: 0 }));
    }),
    defect(
        "sasl-retry-limit/silent",
        "a stream on which too many logins fail is ended without a stream error",
        |parts| {
            parts.on_output(|| {
                let mut failed = false;
                move |output, _: &Session| {
                    failed |= matches!(&output, Output::Element(it) if is_failure(it));
                    let tells = failed && condition(&output) == Some("policy-violation");
                    if tells { Vec::new() } else { vec![output] }
                }
            });
        },
    ),
    defect(
        "sasl-retry-limit/endless",
        "a stream on which too many logins fail is not ended, and answers nothing any more",
        |parts| {
            parts.on_output(|| {
                let mut over = false;
                move |output, _: &Session| {
                    over |= condition(&output) == Some("policy-violation");
                    if over { Vec::new() } else { vec![output] }
                }
            });
        },
    ),
    defect("sasl-abort/condition", "a login that is aborted is not-authorized", |parts| {
        conditions(parts, "aborted", "not-authorized");
    }),
    defect("sasl-abort/unanswered", "nobody is told that a login is aborted", |parts| {
        failures(parts, |_, failure| {
            if failure.child(ns::SASL, "aborted").is_some() { Vec::new() } else { vec![failure] }
        });
    }),
    defect("sasl-abort/goes-on", "a login that was aborted goes on with a response", |parts| {
        parts.bend_streams(|| Box::new(Forgetful));
    }),
    defect("sasl-abort/last", "after a login that was aborted no other one succeeds", |parts| {
        parts.on_input(|| {
            let mut aborted = false;
            move |input, _: &Session| match &input {
                Input::Element(it) if it.is(ns::SASL, "auth") && aborted => {
                    vec![Input::Element(it.clone().with_attr("mechanism", "none"))]
                }
                Input::Element(it) => {
                    aborted |= it.is(ns::SASL, "abort");
                    vec![input]
                }
                _ => vec![input],
            }
        });
    }),
    defect(
        "sasl-empty-response/missing",
        "a login without an initial response is taken for one without data",
        |parts| {
            auths(parts, |auth| {
                let is_plain = auth.attr("mechanism") == Some("PLAIN");
                if is_plain && auth.text().is_empty() { auth.with_text("=") } else { auth }
            });
        },
    ),
    defect("sasl-empty-response/equals", "an equals sign is read as base64", |parts| {
        auths(parts, |auth| if auth.text() == "=" { auth.with_text("%") } else { auth });
    }),
    defect(
        "sasl-empty-response/response",
        "PLAIN fails where its data come as a response to a challenge",
        |parts| {
            parts.on_input(|| {
                |input, _: &Session| match input {
                    Input::Element(it) if it.is(ns::SASL, "response") && is_plain(&it.text()) => {
                        vec![Input::Element(emptied(&it).with_text("%"))]
                    }
                    other => vec![other],
                }
            });
        },
    ),
    defect(
        "sasl-offered-mechanism/any",
        "a login with a mechanism that nobody knows is one with PLAIN",
        |parts| takes_for_plain(parts, |name| name.starts_with("X-")),
    ),
    defect(
        "sasl-offered-mechanism/external",
        "EXTERNAL is taken though it is not offered",
        |parts| {
            takes_for_plain(parts, |name| name == "EXTERNAL");
        },
    ),
    defect(
        "sasl-offered-mechanism/prefix",
        "of a mechanism only the first letters count",
        |parts| {
            takes_for_plain(parts, |name| name.starts_with("PLAIN"));
        },
    ),
    defect("sasl-credentials/space", "spaces around a password are passed over", |parts| {
        plain(parts, |[authzid, user, password]| {
            [authzid, user, password.trim()].map(str::to_owned)
        });
    }),
    defect("sasl-credentials/twice", "a password may come twice", |parts| {
        plain(parts, |[authzid, user, password]| {
            let (half, rest) = password.split_at_checked(password.len() / 2).unwrap_or_default();
            let password = if half == rest { half } else { password };
            [authzid, user, password].map(str::to_owned)
        });
    }),
    defect("sasl-credentials/more", "a character too many in a password is passed over", |parts| {
        plain(parts, |[authzid, user, password]| {
            let password = password.strip_suffix('x').unwrap_or(password);
            [authzid, user, password].map(str::to_owned)
        });
    }),
    defect("sasl-authzid/ignored", "who somebody wants to be is not looked at", |parts| {
        plain(parts, |[_, user, password]| ["", user, password].map(str::to_owned));
    }),
    defect("sasl-condition-fits/encoding", "what is not base64 is a malformed request", |parts| {
        conditions(parts, "incorrect-encoding", "malformed-request");
    }),
    defect("sasl-condition-fits/malformed", "a malformed request is not-authorized", |parts| {
        conditions(parts, "malformed-request", "not-authorized");
    }),
    defect("sasl-condition-fits/mechanism", "an unknown mechanism is malformed", |parts| {
        conditions(parts, "invalid-mechanism", "malformed-request");
    }),
    defect("sasl-condition-fits/password", "a wrong password is a temporary failure", |parts| {
        conditions(parts, "not-authorized", "temporary-auth-failure");
    }),
];

fn is_failure(element: &Element) -> bool {
    element.is(ns::SASL, "failure")
}

/// Changes failures, by how many came before on the stream.
fn failures(
    parts: &mut Parts,
    change: impl Fn(u32, Element) -> Vec<Element> + Copy + Send + 'static,
) {
    parts.on_output(move || {
        let mut before = 0;
        move |output, _: &Session| match output {
            Output::Element(failure) if is_failure(&failure) => {
                before += 1;
                change(before - 1, failure).into_iter().map(Output::Element).collect()
            }
            other => vec![other],
        }
    });
}

/// Failures with one condition have another.
fn conditions(parts: &mut Parts, from: &'static str, to: &'static str) {
    failures(parts, move |_, failure| {
        vec![match failure.child(ns::SASL, from) {
            Some(_) => emptied(&failure).with_child(Element::new(ns::SASL, to)),
            None => failure,
        }]
    });
}

/// Changes what begins a login.
fn auths(parts: &mut Parts, change: impl Fn(Element) -> Element + Copy + Send + 'static) {
    parts.on_input(move || {
        move |input, _: &Session| match input {
            Input::Element(it) if it.is(ns::SASL, "auth") => vec![Input::Element(change(it))],
            other => vec![other],
        }
    });
}

fn takes_for_plain(parts: &mut Parts, which: fn(&str) -> bool) {
    auths(parts, move |auth| {
        if auth.attr("mechanism").is_some_and(which) {
            auth.with_attr("mechanism", "PLAIN")
        } else {
            auth
        }
    });
}

/// Changes the data of logins with PLAIN.
fn plain(parts: &mut Parts, change: fn([&str; 3]) -> [String; 3]) {
    auths(parts, move |auth| {
        let data = decoded(&auth.text()).unwrap_or_default();
        let three = <[&str; 3]>::try_from(data.split('\0').collect::<Vec<_>>());
        match three {
            Ok(three) if auth.attr("mechanism") == Some("PLAIN") => {
                emptied(&auth).with_text(&STANDARD.encode(change(three).join("\0")))
            }
            _ => auth,
        }
    });
}

fn decoded(text: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(text).ok()?).ok()
}

fn is_plain(text: &str) -> bool {
    decoded(text).is_some_and(|data| data.matches('\0').count() == 2)
}

/// Ends a stream after some logins that fail.
struct Impatient {
    most: u32,
    failed: u32,
}

impl StreamBend for Impatient {
    fn go(&mut self, action: Action, cx: &mut StreamCx<'_>) {
        let fails = matches!(&action, Action::Send(Output::Element(it)) if is_failure(it));
        cx.act(action);
        self.failed += u32::from(fails);
        if fails && self.failed == self.most {
            cx.send(Output::End);
            cx.send(Output::Close(1000));
        }
    }
}

/// Says that a login is aborted, and goes on with it.
struct Forgetful;

impl StreamBend for Forgetful {
    fn come(&mut self, input: Input, cx: &mut StreamCx<'_>) {
        match input {
            Input::Element(it) if it.is(ns::SASL, "abort") => {
                let aborted = Element::new(ns::SASL, "aborted");
                cx.send(Output::Element(Element::new(ns::SASL, "failure").with_child(aborted)));
            }
            other => cx.pass(other),
        }
    }
}
