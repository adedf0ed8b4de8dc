//! Resumption, and the end of streams (XEP-0198 §5, §7, §9).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::elements::{came, count, counted, element, goes, stanza, with};
use crate::cm::backend::Command;
use crate::cm::parts::Parts;
use crate::cm::stream::{Input, Output, Session};
use crate::defects::carried::{Substitute, condition, emptied, error};
use crate::defects::defect::{Defect, defect};
use crate::xml::Element;
use crate::xmpp::ns;

pub(super) const DEFECTS: &[Defect] = &[
    defect("sm-resumed-attributes/previd", "resumed has no previd", |parts| {
        resumed(parts, |_, it| with(it, "previd", None));
    }),
    defect("sm-resumed-attributes/h", "resumed has no h", |parts| {
        resumed(parts, |_, it| with(it, "h", None));
    }),
    defect("sm-resumed-attributes/zero", "h in resumed is always 0", |parts| {
        resumed(parts, |_, it| counted(it, 0));
    }),
    defect("sm-resumed-attributes/one", "h in resumed is one too many", |parts| {
        resumed(parts, |_, it| counted(it, count(it) + 1));
    }),
    defect(
        "sm-resumed-attributes/second",
        "at the second resumption h is that of the first",
        |parts| resumed(parts, |first, it| counted(it, first)),
    ),
    defect(
        "sm-resumed-attributes/goes-on",
        "after a resumption the stanzas of the client are counted from 0",
        |parts| {
            parts.on_output(|| {
                let mut before = 0;
                move |output, _: &Session| {
                    if let Some(resumed) = goes(&output, "resumed") {
                        before = count(resumed);
                    }
                    match goes(&output, "a") {
                        Some(ack) => vec![counted(ack, count(ack) - before.min(count(ack)))],
                        None => vec![output],
                    }
                }
            });
        },
    ),
    defect(
        "sm-resume-resends/first",
        "the first stanza that was not handled does not come again",
        |parts| {
            again(parts, |number, stanza| if number == 1 { Vec::new() } else { vec![stanza] });
        },
    ),
    defect(
        "sm-resume-resends/second",
        "of the stanzas that were not handled only one comes again",
        |parts| {
            again(parts, |number, stanza| if number == 2 { Vec::new() } else { vec![stanza] });
        },
    ),
    defect(
        "sm-resume-resends/twice",
        "the first stanza that was not handled comes twice",
        |parts| {
            again(
                parts,
                |number, stanza| {
                    if number == 1 { vec![stanza.clone(), stanza] } else { vec![stanza] }
                },
            );
        },
    ),
    defect("sm-resume-resends/new", "stanzas that come again have new ids", |parts| {
        again(parts, |_, stanza| match &stanza {
            Output::Element(element) => {
                let id = element.attr("id").unwrap_or_default();
                vec![with(element, "id", Some(&format!("{id}-again")))]
            }
            _ => vec![stanza],
        });
    }),
    defect(
        "sm-resume-resends/handled",
        "the last stanza comes again, though the client has handled it",
        |parts| {
            let last = Arc::new(Mutex::new(None::<Output>));
            parts.on_output(move || {
                let last = Arc::clone(&last);
                move |output, _: &Session| {
                    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                    if goes(&output, "resumed").is_some() {
                        return std::iter::once(output).chain(last.take()).collect();
                    }
                    if stanza(&output).is_some_and(|it| it.name() == "message") {
                        *last = Some(output.clone());
                    }
                    vec![output]
                }
            });
        },
    ),
    defect(
        "sm-resume-resends/order",
        "what was not handled comes again with the first at the end",
        |parts| {
            parts.on_output(|| {
                let (mut resumed, mut first) = (false, None);
                move |output, _: &Session| {
                    resumed |= goes(&output, "resumed").is_some();
                    let message = stanza(&output).is_some_and(|it| it.name() == "message");
                    if !resumed || !message {
                        return vec![output];
                    }
                    match first.take() {
                        None => {
                            first = Some(output);
                            Vec::new()
                        }
                        Some(first) => {
                            resumed = false;
                            vec![output, first]
                        }
                    }
                }
            });
        },
    ),
    defect("sm-resume-unknown/silent", "a resumption that fails is not answered", |parts| {
        failures(parts, |_| Vec::new());
    }),
    defect(
        "sm-resume-unknown/condition",
        "an unknown stream is answered with feature-not-implemented",
        |parts| {
            failures(parts, |_| {
                let condition = Element::new(ns::STANZA_ERRORS, "feature-not-implemented");
                vec![Output::Element(element("failed").with_child(condition))]
            });
        },
    ),
    defect("sm-resume-unknown/resumed", "an unknown stream is said to be resumed", |parts| {
        failures(parts, |_| {
            let resumed = element("resumed").with_attr("previd", "nosuch").with_attr("h", "0");
            vec![Output::Element(resumed)]
        });
    }),
    defect(
        "sm-resume-unknown/bound",
        "a resumption that is asked for after the bind is not answered",
        |parts| {
            parts.on_input(|| {
                let mut bound = false;
                move |input, session: &Session| {
                    let stanza = matches!(&input, Input::Element(it) if it.is(ns::CLIENT, "iq"));
                    bound |= session.is_known() && stanza;
                    let late = bound && came(&input, "resume").is_some();
                    if late { Vec::new() } else { vec![input] }
                }
            });
        },
    ),
    defect("sm-resume-unknown/end", "a resumption that fails ends the stream", |parts| {
        failures(parts, |failed| {
            vec![failed.clone(), error("policy-violation"), Output::End, Output::Close(1000)]
        });
    }),
    defect(
        "sm-resume-unknown/bind",
        "after a resumption that failed the client has to log in anew to bind",
        |parts| {
            struct Failed(bool);
            impl Substitute for Failed {
                fn come(&mut self, input: Input, _: &Session) -> Vec<Input> {
                    match &input {
                        Input::Element(iq) if self.0 && iq.is(ns::CLIENT, "iq") => {
                            vec![Input::Wrong("not-authorized")]
                        }
                        _ => vec![input],
                    }
                }

                fn send(&mut self, output: Output, _: &Session) -> Vec<Output> {
                    self.0 |= not_found(&output);
                    vec![output]
                }
            }
            parts.substitute(|| Box::new(Failed(false)));
        },
    ),
    defect("sm-resume-conflict/no-error", "the former connection ends without an error", |parts| {
        conflicts(parts, |_| Vec::new());
    }),
    defect(
        "sm-resume-conflict/condition",
        "the former connection gets policy-violation",
        |parts| {
            conflicts(parts, |_| vec![error("policy-violation")]);
        },
    ),
    defect(
        "sm-resume-conflict/left",
        "the former connection gets conflict, and stays open",
        |parts| {
            parts.on_output(|| {
                let mut replaced = false;
                move |output, _: &Session| {
                    if replaced {
                        return Vec::new();
                    }
                    replaced = condition(&output) == Some("conflict");
                    vec![output]
                }
            });
        },
    ),
    defect(
        "sm-handled-too-high/resume",
        "a resumption that claims more than was sent is one that claims nothing",
        |parts| {
            parts.on_input(|| {
                |input, _: &Session| match came(&input, "resume") {
                    Some(resume) if count(resume) >= 50 => {
                        let Output::Element(resume) = counted(resume, 0) else {
                            return vec![input];
                        };
                        vec![Input::Element(resume)]
                    }
                    _ => vec![input],
                }
            });
        },
    ),
    defect(
        "sm-clean-close-ends",
        "a stream that was closed can be resumed as if its connection had been lost",
        |parts| {
            struct Closed(bool);
            impl Substitute for Closed {
                fn come(&mut self, input: Input, _: &Session) -> Vec<Input> {
                    self.0 |= input == Input::End;
                    vec![input]
                }

                fn tell(&mut self, command: Command, _: &Session) -> Vec<Command> {
                    match command {
                        Command::Close if self.0 => vec![Command::Lost],
                        other => vec![other],
                    }
                }
            }
            parts.substitute(|| Box::new(Closed(false)));
        },
    ),
    defect(
        "sm-inline-resume-first/failed",
        "a login with a resumption that fails does not say that it failed",
        |parts| {
            success(parts, |success| success.name() != "failed", |_| false);
        },
    ),
    defect(
        "sm-inline-resume-first/bind",
        "a login with a resumption that fails binds nothing",
        |parts| success(parts, |child| child.name() != "bound", |_| false),
    ),
    defect(
        "sm-inline-resume-first/features",
        "a login that resumes a stream is followed by features",
        |parts| success(parts, |_| true, |success| success.child(ns::SM3, "resumed").is_some()),
    ),
    defect("sm-id-unique/first", "every stream of a user is given the id of the first", |parts| {
        let first = Arc::new(Mutex::new(None::<String>));
        parts.on_output(move || {
            let first = Arc::clone(&first);
            move |output, _: &Session| match goes(&output, "enabled") {
                Some(enabled) if enabled.attr("id").is_some() => {
                    let id = enabled.attr("id").unwrap_or_default().to_owned();
                    let mut first = first.lock().unwrap_or_else(PoisonError::into_inner);
                    let id = first.get_or_insert(id);
                    vec![with(enabled, "id", Some(id))]
                }
                _ => vec![output],
            }
        });
    }),
    defect("sm-failed-h/zero", "of a stream that has timed out no stanzas were handled", |parts| {
        failed(parts, |_| 0);
    }),
    defect(
        "sm-failed-h/more",
        "of a stream that has timed out one more stanza was handled than came",
        |parts| failed(parts, |handled| handled + 1),
    ),
];

/// Changes what is said of a resumption that works; the count of the first one of the same stream is given.
fn resumed(parts: &mut Parts, change: fn(u32, &Element) -> Output) {
    let firsts = Arc::new(Mutex::new(HashMap::<String, u32>::new()));
    parts.on_output(move || {
        let firsts = Arc::clone(&firsts);
        move |output, _: &Session| {
            let Some(resumed) = goes(&output, "resumed") else { return vec![output] };
            let id = resumed.attr("previd").unwrap_or_default().to_owned();
            let mut firsts = firsts.lock().unwrap_or_else(PoisonError::into_inner);
            let first = *firsts.entry(id).or_insert_with(|| count(resumed));
            vec![change(first, resumed)]
        }
    });
}

/// Changes the messages after a resumption, by their number.
fn again(parts: &mut Parts, change: fn(u32, Output) -> Vec<Output>) {
    parts.on_output(move || {
        let mut number = None;
        move |output, _: &Session| {
            if goes(&output, "resumed").is_some() {
                number = Some(0);
            }
            match &mut number {
                Some(number) if stanza(&output).is_some_and(|it| it.name() == "message") => {
                    *number += 1;
                    change(*number, output)
                }
                _ => vec![output],
            }
        }
    });
}

/// Whether a resumption fails since the stream is not known.
fn not_found(output: &Output) -> bool {
    goes(output, "failed")
        .is_some_and(|failed| failed.child(ns::STANZA_ERRORS, "item-not-found").is_some())
}

/// Changes what is said of a resumption of an unknown stream.
fn failures(parts: &mut Parts, change: fn(&Output) -> Vec<Output>) {
    parts.on_output(move || {
        move |output, _: &Session| if not_found(&output) { change(&output) } else { vec![output] }
    });
}

/// Changes the error of a stream that was resumed elsewhere.
fn conflicts(parts: &mut Parts, change: fn(&Output) -> Vec<Output>) {
    parts.on_output(move || {
        move |output, _: &Session| match condition(&output) {
            Some("conflict") => change(&output),
            _ => vec![output],
        }
    });
}

/// Leaves out what a login of SASL2 says, or lets features follow it.
fn success(parts: &mut Parts, keeps: fn(&Element) -> bool, offers: fn(&Element) -> bool) {
    parts.on_output(move || {
        move |output, _: &Session| match &output {
            Output::Element(success) if success.is(ns::SASL2, "success") => {
                let features = Output::Element(Element::new(ns::STREAMS, "features"));
                let mut whole = emptied(success);
                for child in success.children().filter(|child| keeps(child)) {
                    whole = whole.with_child(child.clone());
                }
                let features = Some(features).filter(|_| offers(success));
                std::iter::once(Output::Element(whole)).chain(features).collect()
            }
            _ => vec![output],
        }
    });
}

/// Changes the count that a resumption that fails is told.
fn failed(parts: &mut Parts, change: fn(u32) -> u32) {
    parts.on_output(move || {
        move |output, _: &Session| match goes(&output, "failed") {
            Some(failed) if failed.attr("h").is_some() => {
                vec![counted(failed, change(count(failed)))]
            }
            _ => vec![output],
        }
    });
}
