//! Logins in one exchange: SASL2 (XEP-0388), and the resource that is bound in them (Bind 2, XEP-0386).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::cm::parts::Parts;
use crate::cm::stream::{Input, Output, Session};
use crate::defects::carried::{Substitute, emptied};
use crate::defects::defect::{Defect, defect};
use crate::xml::Element;
use crate::xmpp::ns;

pub(super) const DEFECTS: &[Defect] = &[
    defect("sasl2-features/none", "SASL2 is offered without a mechanism", |parts| {
        features(parts, |features| match features.child(ns::SASL2, "authentication") {
            Some(offer) => replaced(features, offer, |offer| {
                without(offer, |child| child.name() == "mechanism")
            }),
            None => features.clone(),
        });
    }),
    defect("sasl2-features/before-tls", "SASL2 is offered before TLS", |parts| {
        features(parts, |features| {
            if features.child(ns::TLS, "starttls").is_none() {
                return features.clone();
            }
            let plain = Element::new(ns::SASL2, "mechanism").with_text("PLAIN");
            features.clone().with_child(Element::new(ns::SASL2, "authentication").with_child(plain))
        });
    }),
    defect(
        "sasl2-no-restart/waits",
        "after a login by SASL2 without a resource the features wait for a new stream",
        |parts| silent(parts, |success| success.child(ns::BIND2, "bound").is_none()),
    ),
    defect(
        "sasl2-no-restart/bound",
        "after a login that binds a resource no features follow",
        |parts| silent(parts, |success| success.child(ns::BIND2, "bound").is_some()),
    ),
    defect(
        "sasl2-no-restart/open",
        "after a login by SASL2 the server opens the stream again",
        |parts| {
            parts.on_output(|| {
                let mut header = None;
                move |output, _: &Session| {
                    if let Output::Header(_) = &output {
                        header = Some(output.clone());
                    }
                    let granted = matches!(&output, Output::Element(it) if is_success(it));
                    let again = header.clone().filter(|_| granted);
                    std::iter::once(output).chain(again).collect()
                }
            });
        },
    ),
    defect("sasl2-mechanism-announced/any", "an unknown mechanism is treated as PLAIN", |parts| {
        takes_for_plain(parts, |name| name.starts_with("X-"));
    }),
    defect("sasl2-mechanism-announced/external", "EXTERNAL is treated as PLAIN", |parts| {
        takes_for_plain(parts, |name| name == "EXTERNAL");
    }),
    defect(
        "sasl2-mechanism-announced/case",
        "the name of a mechanism may be in small letters",
        |parts| {
            takes_for_plain(parts, |name| name == "plain");
        },
    ),
    defect("sasl2-quiet-enforced/ignored", "a stanza during a login is ignored", |parts| {
        parts.substitute(|| Box::new(LoginFilter { under_way: false, which: |_| true }));
    }),
    defect("sasl2-quiet-enforced/presence", "presence during a login is ignored", |parts| {
        let which = |name: &str| name == "presence";
        parts.substitute(move || Box::new(LoginFilter { under_way: false, which }));
    }),
    defect("sasl2-abort/unanswered", "an aborted login gets no failure", |parts| {
        failures(parts, |failure| {
            if failure.child(ns::SASL, "aborted").is_some() { None } else { Some(failure) }
        });
    }),
    defect(
        "sasl2-abort/namespace",
        "the failure of an aborted login is in the namespace of SASL",
        |parts| {
            failures(parts, |failure| {
                if failure.child(ns::SASL, "aborted").is_none() {
                    return Some(failure);
                }
                let children = failure.children().cloned();
                Some(children.fold(Element::new(ns::SASL, "failure"), Element::with_child))
            });
        },
    ),
    defect(
        "sasl2-success-content/no-address",
        "success has no authorization-identifier",
        |parts| {
            success(parts, |success| {
                without(success, |it| it.name() == "authorization-identifier")
            });
        },
    ),
    defect(
        "sasl2-success-content/full",
        "success has a full address, although no resource was bound",
        |parts| {
            success(parts, |success| match identity(success) {
                Some(identity) if success.child(ns::BIND2, "bound").is_none() => {
                    replaced(success, identity, |identity| {
                        emptied(identity).with_text(&format!("{}/none", identity.text()))
                    })
                }
                _ => success.clone(),
            });
        },
    ),
    defect("sasl2-success-content/no-data", "success has no additional-data", |parts| {
        success(parts, |success| without(success, |it| it.name() == "additional-data"));
    }),
    defect("sasl2-failure-complete/bare", "failure has no condition", |parts| {
        failures(parts, |failure| Some(emptied(&failure)));
    }),
    defect(
        "sasl2-failure-complete/namespace",
        "the condition of a failure is in the namespace of SASL2",
        |parts| {
            failures(parts, |failure| {
                let inner = failure.children().map(|it| Element::new(ns::SASL2, it.name()));
                Some(inner.fold(emptied(&failure), Element::with_child))
            });
        },
    ),
    defect("sasl2-failure-complete/ends", "a failed login ends the stream", |parts| {
        parts.on_output(|| {
            |output, _: &Session| {
                let fails = matches!(&output, Output::Element(it) if it.is(ns::SASL2, "failure"));
                let end = fails.then_some([Output::End, Output::Close(1000)]);
                std::iter::once(output).chain(end.into_iter().flatten()).collect()
            }
        });
    }),
    defect(
        "sasl2-failure-inline/bound",
        "the next login binds the resource that the failed one asked for",
        |parts| parts.substitute(|| Box::new(FailedBind::default())),
    ),
    defect("bind2-inline/bare", "a login that binds a resource gets the bare address", |parts| {
        success(parts, |success| match identity(success) {
            Some(identity) if success.child(ns::BIND2, "bound").is_some() => {
                replaced(success, identity, |identity| {
                    let bare = identity.text().split('/').next().unwrap_or_default().to_owned();
                    emptied(identity).with_text(&bare)
                })
            }
            _ => success.clone(),
        });
    }),
    defect(
        "bind2-inline/other",
        "a login that binds a resource gets the address of another one",
        |parts| {
            success(parts, |success| match identity(success) {
                Some(identity) if success.child(ns::BIND2, "bound").is_some() => {
                    replaced(success, identity, |identity| {
                        emptied(identity).with_text(&format!("{}x", identity.text()))
                    })
                }
                _ => success.clone(),
            });
        },
    ),
    defect("bind2-inline/not-said", "a login binds a resource, and does not say so", |parts| {
        success(parts, |success| without(success, |child| child.is(ns::BIND2, "bound")));
    }),
    defect(
        "bind2-inline/enable-not-answered",
        "stream management is enabled in a login, and the client not told",
        |parts| {
            success(parts, |success| match success.child(ns::BIND2, "bound") {
                Some(bound) => replaced(success, bound, |bound| {
                    without(bound, |child| child.namespace() == ns::SM3)
                }),
                None => success.clone(),
            });
        },
    ),
    defect("bind2-inline/enabled-beside", "enabled stands beside bound, not in it", |parts| {
        success(parts, |success| match success.child(ns::BIND2, "bound") {
            Some(bound) => {
                let managed: Vec<_> = bound
                    .children()
                    .filter(|child| child.namespace() == ns::SM3)
                    .cloned()
                    .collect();
                let bare = replaced(success, bound, |bound| {
                    without(bound, |child| child.namespace() == ns::SM3)
                });
                managed.into_iter().fold(bare, Element::with_child)
            }
            None => success.clone(),
        });
    }),
    defect("bind2-resource/tag", "the tag is not in the resource", |parts| {
        success(parts, |success| match identity(success) {
            Some(identity) if success.child(ns::BIND2, "bound").is_some() => {
                replaced(success, identity, |identity| {
                    let bare = identity.text().split('/').next().unwrap_or_default().to_owned();
                    emptied(identity).with_text(&format!("{bare}/resource"))
                })
            }
            _ => success.clone(),
        });
    }),
    defect("bind2-resource/agent", "the resource is the id of the client's user-agent", |parts| {
        parts.substitute(|| Box::new(Agent(None)));
    }),
    defect(
        "bind2-inline/same-resource",
        "a second login gets the resource of the first one",
        |parts| {
            let known = Arc::new(Mutex::new(HashMap::<String, String>::new()));
            parts.on_output(move || {
                let known = Arc::clone(&known);
                move |output, _: &Session| {
                    let Output::Element(success) = &output else { return vec![output] };
                    let bound = is_success(success) && success.child(ns::BIND2, "bound").is_some();
                    let Some(identity) = identity(success).filter(|_| bound) else {
                        return vec![output];
                    };
                    let full = identity.text();
                    let bare = full.split('/').next().unwrap_or_default().to_owned();
                    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
                    let first = known.entry(bare).or_insert(full.into_owned()).clone();
                    let told = |identity: &Element| emptied(identity).with_text(&first);
                    vec![Output::Element(replaced(success, identity, told))]
                }
            });
        },
    ),
];

/// Ignores stanzas during a login.
struct LoginFilter {
    under_way: bool,
    which: fn(&str) -> bool,
}

impl Substitute for LoginFilter {
    fn come(&mut self, input: Input, _: &Session) -> Vec<Input> {
        match &input {
            Input::Element(it) if it.is(ns::SASL2, "authenticate") => self.under_way = true,
            Input::Element(it)
                if self.under_way && it.namespace() == ns::CLIENT && (self.which)(it.name()) =>
            {
                return Vec::new();
            }
            _ => {}
        }
        vec![input]
    }

    fn send(&mut self, output: Output, _: &Session) -> Vec<Output> {
        if let Output::Element(it) = &output
            && it.namespace() == ns::SASL2
            && it.name() != "challenge"
        {
            self.under_way = false;
        }
        vec![output]
    }
}

/// Whether a login that failed asked for a resource.
#[derive(Default)]
struct FailedBind {
    asks: bool,
    failed: bool,
}

impl Substitute for FailedBind {
    fn come(&mut self, input: Input, _: &Session) -> Vec<Input> {
        if let Input::Element(it) = &input
            && it.is(ns::SASL2, "authenticate")
        {
            self.asks = it.child(ns::BIND2, "bind").is_some();
        }
        vec![input]
    }

    fn send(&mut self, output: Output, _: &Session) -> Vec<Output> {
        match &output {
            Output::Element(it) if it.is(ns::SASL2, "failure") => {
                self.failed |= self.asks;
                vec![output]
            }
            Output::Element(success) if is_success(success) && self.failed => {
                match identity(success) {
                    Some(identity) => {
                        vec![Output::Element(replaced(success, identity, |identity| {
                            emptied(identity).with_text(&format!("{}/first", identity.text()))
                        }))]
                    }
                    None => vec![output],
                }
            }
            _ => vec![output],
        }
    }
}

/// Treats such mechanisms as PLAIN.
fn takes_for_plain(parts: &mut Parts, which: fn(&str) -> bool) {
    parts.on_input(move || {
        move |input, _: &Session| match input {
            Input::Element(it)
                if it.is(ns::SASL2, "authenticate") && it.attr("mechanism").is_some_and(which) =>
            {
                vec![Input::Element(it.with_attr("mechanism", "PLAIN"))]
            }
            other => vec![other],
        }
    });
}

/// Changes the failures of logins.
fn failures(parts: &mut Parts, change: fn(Element) -> Option<Element>) {
    parts.on_output(move || {
        move |output, _: &Session| match output {
            Output::Element(failure) if failure.is(ns::SASL2, "failure") => {
                change(failure).map(Output::Element).into_iter().collect()
            }
            other => vec![other],
        }
    });
}

/// Tells who binds during the login an address with the id of its user-agent in it.
struct Agent(Option<String>);

impl Substitute for Agent {
    fn come(&mut self, input: Input, _: &Session) -> Vec<Input> {
        if let Input::Element(asked) = &input
            && let Some(agent) = asked.child(ns::SASL2, "user-agent")
        {
            self.0 = agent.attr("id").map(str::to_owned);
        }
        vec![input]
    }

    fn send(&mut self, output: Output, _: &Session) -> Vec<Output> {
        let Output::Element(success) = &output else { return vec![output] };
        let bound = is_success(success) && success.child(ns::BIND2, "bound").is_some();
        match (identity(success).filter(|_| bound), &self.0) {
            (Some(identity), Some(agent)) => {
                let told = |identity: &Element| {
                    let bare = identity.text().split('/').next().unwrap_or_default().to_owned();
                    emptied(identity).with_text(&format!("{bare}/{agent}"))
                };
                vec![Output::Element(replaced(success, identity, told))]
            }
            _ => vec![output],
        }
    }
}

fn is_success(element: &Element) -> bool {
    element.is(ns::SASL2, "success")
}

/// The address that a login is told.
fn identity(success: &Element) -> Option<&Element> {
    success.child(ns::SASL2, "authorization-identifier")
}

/// The element without some of its children.
fn without(element: &Element, leaves: impl Fn(&Element) -> bool) -> Element {
    let kept = element.children().filter(|child| !leaves(child)).cloned();
    kept.fold(emptied(element), Element::with_child)
}

/// The element with another one in place of a child.
fn replaced(element: &Element, child: &Element, with: impl Fn(&Element) -> Element) -> Element {
    let children = element.children().map(|it| if it == child { with(it) } else { it.clone() });
    children.fold(emptied(element), Element::with_child)
}

/// Changes the features of streams.
fn features(parts: &mut Parts, change: fn(&Element) -> Element) {
    elements(parts, |element| element.is(ns::STREAMS, "features"), change);
}

/// Changes what a login is told when it has worked.
fn success(parts: &mut Parts, change: fn(&Element) -> Element) {
    elements(parts, is_success, change);
}

/// Leaves out the features behind logins like this.
fn silent(parts: &mut Parts, which: fn(&Element) -> bool) {
    parts.on_output(move || {
        let mut granted = false;
        move |output, _: &Session| match &output {
            Output::Element(success) if is_success(success) => {
                granted = which(success);
                vec![output]
            }
            Output::Element(features) if features.is(ns::STREAMS, "features") => {
                if std::mem::take(&mut granted) { Vec::new() } else { vec![output] }
            }
            _ => vec![output],
        }
    });
}

fn elements(parts: &mut Parts, which: fn(&Element) -> bool, change: fn(&Element) -> Element) {
    parts.on_output(move || {
        move |output, _: &Session| match &output {
            Output::Element(element) if which(element) => vec![Output::Element(change(element))],
            _ => vec![output],
        }
    });
}
