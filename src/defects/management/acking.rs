//! Counts and acknowledgements (XEP-0198 §4, §6).

use super::elements::{came, count, counted, goes, is_stanza, stanza, with};
use crate::cm::parts::Parts;
use crate::cm::stream::{Input, Output, Session};
use crate::defects::carried::{Substitute, condition};
use crate::defects::defect::{Defect, defect};
use crate::xmpp::ns;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "sm-request-answered/requests",
        "requests for acknowledgement are counted, too",
        |parts| {
            counting(parts, |input| i64::from(came(input, "r").is_some()), |_| 0);
        },
    ),
    defect(
        "sm-request-answered/acks",
        "acknowledgements of the client are counted, too",
        |parts| {
            counting(parts, |input| i64::from(came(input, "a").is_some()), |_| 0);
        },
    ),
    defect("sm-request-answered/presence", "presences are not counted", |parts| {
        counting(
            parts,
            |input| match input {
                Input::Element(element) if element.is(ns::CLIENT, "presence") => -1,
                _ => 0,
            },
            |_| 0,
        );
    }),
    defect("sm-request-answered/results", "results are not counted", |parts| {
        counting(
            parts,
            |input| match input {
                Input::Element(element)
                    if element.is(ns::CLIENT, "iq") && element.attr("type") == Some("result") =>
                {
                    -1
                }
                _ => 0,
            },
            |_| 0,
        );
    }),
    defect(
        "sm-request-answered/errors",
        "stanzas that are answered with an error are not counted",
        |parts| {
            counting(
                parts,
                |_| 0,
                |output| {
                    let error = stanza(output).and_then(|stanza| stanza.attr("type"));
                    -i64::from(error == Some("error"))
                },
            );
        },
    ),
    defect("sm-request-answered/before", "stanzas before enable are counted", |parts| {
        parts.substitute(|| Box::new(Before { before: 0, enabled: false }));
    }),
    defect(
        "sm-request-answered/behind",
        "the last stanza before a request is not counted",
        |parts| {
            acks(parts, |_, ack| vec![counted(ack, count(ack).saturating_sub(1))]);
        },
    ),
    defect(
        "sm-request-answered/eighth",
        "from the eighth stanza on one more is counted",
        |parts| {
            acks(parts, |_, ack| vec![counted(ack, count(ack) + u32::from(count(ack) >= 8))]);
        },
    ),
    defect("sm-request-answered/once", "only the first request is answered", |parts| {
        acks(
            parts,
            |number, ack| {
                if number == 1 { vec![Output::Element(ack.clone())] } else { Vec::new() }
            },
        );
    }),
    defect("sm-request-answered/repeat", "a request without news is not answered", |parts| {
        parts.on_output(|| {
            let mut last = None;
            move |output, _: &Session| match goes(&output, "a") {
                Some(ack) => {
                    let news = last.replace(count(ack)) != Some(count(ack));
                    if news { vec![output] } else { Vec::new() }
                }
                None => vec![output],
            }
        });
    }),
    defect("sm-ack-has-h/nothing", "an acknowledgement of nothing has no h", |parts| {
        acks(parts, |_, ack| vec![with(ack, "h", Some("0").filter(|_| count(ack) > 0))]);
    }),
    defect("sm-ack-has-h/later", "from the tenth on acknowledgements have no h", |parts| {
        acks(parts, |number, ack| {
            if number >= 10 {
                vec![with(ack, "h", None)]
            } else {
                vec![Output::Element(ack.clone())]
            }
        });
    }),
    defect("sm-ack-has-h/missing", "an acknowledgement without h is passed over", |parts| {
        passes_over(parts, |h| h.is_none());
    }),
    defect("sm-ack-has-h/text", "an acknowledgement whose h is not a number is ignored", |parts| {
        passes_over(parts, |h| h.is_some_and(|h| h.parse::<f64>().is_err()));
    }),
    defect("sm-ack-has-h/negative", "an acknowledgement of less than 0 is passed over", |parts| {
        passes_over(parts, |h| h.is_some_and(|h| h.starts_with('-')));
    }),
    defect("sm-ack-has-h/fraction", "1.0 is taken for a count", |parts| {
        passes_over(parts, |h| h.is_some_and(|h| h.contains('.')));
    }),
    defect("sm-ack-has-h/large", "a count of 2^32 is taken for 0", |parts| {
        passes_over(parts, |h| h.is_some_and(|h| h.parse::<u64>().is_ok_and(|h| h >> 32 > 0)));
    }),
    defect("sm-count-consistent/less", "the twelfth acknowledgement takes some back", |parts| {
        acks(parts, |number, ack| {
            let less = if number == 12 { 5 } else { 0 };
            vec![counted(ack, count(ack).saturating_sub(less))]
        });
    }),
    defect(
        "sm-count-consistent/more",
        "the last of many acknowledgements is of more than came",
        |parts| {
            acks(parts, |number, ack| {
                let more = if number > 15 { 100 } else { 0 };
                vec![counted(ack, count(ack) + more)]
            });
        },
    ),
    defect(
        "sm-handled-too-high/all",
        "an acknowledgement of more than was sent is passed over",
        |parts| {
            lenient(parts, |_| true);
        },
    ),
    defect(
        "sm-handled-too-high/one",
        "an acknowledgement of one too many is passed over",
        |parts| {
            lenient(parts, |more| more == 1);
        },
    ),
    defect(
        "sm-handled-too-high/far",
        "an acknowledgement of far too many is passed over",
        |parts| {
            lenient(parts, |more| more > 1 << 30);
        },
    ),
    defect(
        "sm-handled-too-high/condition",
        "the error for too high a count is policy-violation",
        |parts| {
            too_high(parts, |_| crate::defects::carried::error("policy-violation"));
        },
    ),
    defect(
        "sm-handled-too-high/detail",
        "the error for too high a count does not say so",
        |parts| {
            too_high(parts, |_| crate::defects::carried::error("undefined-condition"));
        },
    ),
    defect(
        "sm-handled-too-high/count",
        "the error for too high a count lacks the number sent",
        |parts| {
            too_high(parts, |output| {
                let Output::Element(error) = output else { return output.clone() };
                let mut whole = crate::xml::Element::new(ns::STREAMS, "error");
                for child in error.children() {
                    let mut child = child.clone();
                    child.set_attr("", "send-count", None);
                    whole = whole.with_child(child);
                }
                Output::Element(whole)
            });
        },
    ),
    defect(
        "sm-handled-too-high/left",
        "after the error for too high a count the stream stays open",
        |parts| {
            parts.on_output(|| {
                let mut failed = false;
                move |output, _: &Session| {
                    if failed {
                        return Vec::new();
                    }
                    failed = condition(&output) == Some("undefined-condition");
                    vec![output]
                }
            });
        },
    ),
];

/// Counts wrongly, by what comes and goes once stream management is enabled.
fn counting(parts: &mut Parts, came: fn(&Input) -> i64, goes: fn(&Output) -> i64) {
    parts.substitute(move || Box::new(Counting { wrong: 0, enabled: false, came, goes }));
}

struct Counting {
    wrong: i64,
    enabled: bool,
    came: fn(&Input) -> i64,
    goes: fn(&Output) -> i64,
}

impl Substitute for Counting {
    fn come(&mut self, input: Input, _: &Session) -> Vec<Input> {
        if self.enabled {
            self.wrong += (self.came)(&input);
        }
        vec![input]
    }

    fn send(&mut self, output: Output, _: &Session) -> Vec<Output> {
        if let Some(ack) = goes(&output, "a") {
            let wrong = u32::try_from(i64::from(count(ack)) + self.wrong).unwrap_or_default();
            return vec![counted(ack, wrong)];
        }
        if self.enabled {
            self.wrong += (self.goes)(&output);
        }
        self.enabled |= goes(&output, "enabled").is_some();
        vec![output]
    }
}

struct Before {
    before: u32,
    enabled: bool,
}

impl Substitute for Before {
    fn come(&mut self, input: Input, _: &Session) -> Vec<Input> {
        if let Input::Element(element) = &input {
            self.before += u32::from(!self.enabled && is_stanza(element));
        }
        vec![input]
    }

    fn send(&mut self, output: Output, _: &Session) -> Vec<Output> {
        self.enabled |= goes(&output, "enabled").is_some();
        match goes(&output, "a") {
            Some(ack) => vec![counted(ack, count(ack) + self.before)],
            None => vec![output],
        }
    }
}

/// Changes the acknowledgements of the server, by their number on the stream.
fn acks(parts: &mut Parts, change: fn(u32, &crate::xml::Element) -> Vec<Output>) {
    parts.on_output(move || {
        let mut number = 0;
        move |output, _: &Session| match goes(&output, "a") {
            Some(ack) => {
                number += 1;
                change(number, ack)
            }
            None => vec![output],
        }
    });
}

/// Passes over acknowledgements with such an h.
fn passes_over(parts: &mut Parts, which: fn(Option<&str>) -> bool) {
    parts.on_input(move || {
        move |input, _: &Session| match came(&input, "a") {
            Some(ack) if which(ack.attr("h")) => Vec::new(),
            _ => vec![input],
        }
    });
}

/// Passes over acknowledgements of more than was sent, by how many.
fn lenient(parts: &mut Parts, which: fn(u32) -> bool) {
    struct Lenient {
        sent: u32,
        which: fn(u32) -> bool,
    }
    impl Substitute for Lenient {
        fn come(&mut self, input: Input, _: &Session) -> Vec<Input> {
            match came(&input, "a") {
                Some(ack) if count(ack) > self.sent && (self.which)(count(ack) - self.sent) => {
                    Vec::new()
                }
                _ => vec![input],
            }
        }

        fn send(&mut self, output: Output, _: &Session) -> Vec<Output> {
            if goes(&output, "enabled").is_some() {
                self.sent = 0;
            } else if stanza(&output).is_some() {
                self.sent += 1;
            }
            vec![output]
        }
    }
    parts.substitute(move || Box::new(Lenient { sent: 0, which }));
}

/// Changes the error for an acknowledgement of more than was sent.
fn too_high(parts: &mut Parts, change: fn(&Output) -> Output) {
    parts.on_output(move || {
        move |output, _: &Session| match condition(&output) {
            Some("undefined-condition") => vec![change(&output)],
            _ => vec![output],
        }
    });
}
