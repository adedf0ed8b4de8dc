//! Enabling it (XEP-0198 §3, §5).

use super::elements::{came, element, goes, with};
use crate::cm::parts::Parts;
use crate::cm::stream::{Input, Output, Session};
use crate::defects::carried::Substitute;
use crate::defects::defect::{Defect, defect};
use crate::xml::Element;
use crate::xmpp::ns;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "sm-enable-answered/plain",
        "enable is answered only if it asks for resumption",
        |parts| {
            parts.on_input(|| {
                |input, _: &Session| match came(&input, "enable") {
                    Some(enable) if enable.attr("resume").is_none() => Vec::new(),
                    _ => vec![input],
                }
            });
        },
    ),
    defect("sm-enable-answered/one", "resume='1' is not understood, and not answered", |parts| {
        parts.on_input(|| {
            |input, _: &Session| match came(&input, "enable") {
                Some(enable) if enable.attr("resume") == Some("1") => Vec::new(),
                _ => vec![input],
            }
        });
    }),
    defect("sm-enable-answered/early", "enable before the bind is not answered", |parts| {
        parts.on_output(|| {
            |output, _: &Session| if unexpected(&output) { Vec::new() } else { vec![output] }
        });
    }),
    defect(
        "sm-enable-answered/at-once",
        "enable before the bind is answered with enabled",
        |parts| {
            parts.on_output(|| {
                |output, _: &Session| {
                    if unexpected(&output) {
                        return vec![Output::Element(element("enabled"))];
                    }
                    vec![output]
                }
            });
        },
    ),
    defect(
        "sm-enable-answered/condition",
        "enable before the bind fails with item-not-found",
        |parts| {
            parts.on_output(|| {
                |output, _: &Session| {
                    if !unexpected(&output) {
                        return vec![output];
                    }
                    let condition = Element::new(ns::STANZA_ERRORS, "item-not-found");
                    vec![Output::Element(element("failed").with_child(condition))]
                }
            });
        },
    ),
    defect(
        "sm-enable-answered/never-again",
        "after an enable that failed none is answered",
        |parts| {
            struct Failed(bool);
            impl Substitute for Failed {
                fn come(&mut self, input: Input, _: &Session) -> Vec<Input> {
                    let again = self.0 && came(&input, "enable").is_some();
                    if again { Vec::new() } else { vec![input] }
                }

                fn send(&mut self, output: Output, _: &Session) -> Vec<Output> {
                    self.0 |= unexpected(&output);
                    vec![output]
                }
            }
            parts.substitute(|| Box::new(Failed(false)));
        },
    ),
    defect("sm-enable-once/enabled", "a second enable is answered with enabled", |parts| {
        again(parts, || element("enabled"));
    }),
    defect("sm-enable-once/failed", "a second enable fails, and the stream goes on", |parts| {
        again(parts, || {
            let condition = Element::new(ns::STANZA_ERRORS, "unexpected-request");
            element("failed").with_child(condition)
        });
    }),
    defect("sm-enable-once/silent", "a second enable is passed over", |parts| {
        parts.on_input(|| {
            let mut enabled = false;
            move |input, _: &Session| {
                let asks = came(&input, "enable").is_some();
                let again = asks && enabled;
                enabled |= asks;
                if again { Vec::new() } else { vec![input] }
            }
        });
    }),
    defect("sm-enabled-resume-id/absent", "enabled has no id", |parts| {
        enabled(parts, |it| with(it, "id", None));
    }),
    defect("sm-enabled-resume-id/empty", "the id in enabled is empty", |parts| {
        enabled(parts, |it| with(it, "id", Some("")));
    }),
    defect("sm-enabled-resume-id/same", "all streams have the same id", |parts| {
        enabled(parts, |it| with(it, "id", Some("stream")));
    }),
    defect("sm-enabled-resume-id/one", "resume='1' is not read as resume='true'", |parts| {
        parts.on_input(|| {
            |input, _: &Session| match came(&input, "enable") {
                Some(enable) if enable.attr("resume") == Some("1") => {
                    let mut enable = enable.clone();
                    enable.set_attr("", "resume", None);
                    vec![Input::Element(enable)]
                }
                _ => vec![input],
            }
        });
    }),
    defect("sm-enabled-resume-id/max", "max in enabled is 0", |parts| {
        enabled(parts, |it| with(it, "max", Some("0")));
    }),
    defect("sm-enabled-resume-id/word", "resume in enabled is yes", |parts| {
        enabled(parts, |it| with(it, "resume", Some("yes")));
    }),
];

/// Whether stream management fails as it was not expected.
fn unexpected(output: &Output) -> bool {
    goes(output, "failed")
        .is_some_and(|failed| failed.child(ns::STANZA_ERRORS, "unexpected-request").is_some())
}

/// Changes what is said when stream management is enabled with resumption.
fn enabled(parts: &mut Parts, change: fn(&Element) -> Output) {
    parts.on_output(move || {
        move |output, _: &Session| match goes(&output, "enabled") {
            Some(enabled) if enabled.attr("id").is_some() => vec![change(enabled)],
            _ => vec![output],
        }
    });
}

/// Answers every enable but the first with this.
fn again(parts: &mut Parts, answer: fn() -> Element) {
    struct Again {
        enabled: bool,
        due: bool,
        answer: fn() -> Element,
    }
    impl Substitute for Again {
        fn come(&mut self, input: Input, _: &Session) -> Vec<Input> {
            if came(&input, "enable").is_some() && self.enabled {
                self.due = true;
                return vec![Input::Element(element("r"))];
            }
            vec![input]
        }

        fn send(&mut self, output: Output, _: &Session) -> Vec<Output> {
            self.enabled |= goes(&output, "enabled").is_some();
            if goes(&output, "a").is_some() && std::mem::take(&mut self.due) {
                return vec![Output::Element((self.answer)())];
            }
            vec![output]
        }
    }
    parts.substitute(move || Box::new(Again { enabled: false, due: false, answer }));
}
