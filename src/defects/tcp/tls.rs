//! STARTTLS (RFC 6120 §5), and TLS from the first byte (XEP-0368).

use super::raw::bent;
use crate::cm::stream::{Input, Output, Session};
use crate::defects::carried::{Substitute, is_features};
use crate::defects::defect::{Defect, defect};
use crate::xml::Element;
use crate::xmpp::ns;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "tcp-starttls-offered/beside",
        "mechanisms are offered beside the TLS that is required",
        |parts| {
            bent(parts, || Features {
                tls: false,
                change: |features, tls| {
                    if tls || features.child(ns::TLS, "starttls").is_none() {
                        return features;
                    }
                    let plain = Element::new(ns::SASL, "mechanism").with_text("PLAIN");
                    features.with_child(Element::new(ns::SASL, "mechanisms").with_child(plain))
                },
            });
        },
    ),
    defect("tcp-starttls-proceed/again", "STARTTLS is offered again within TLS", |parts| {
        bent(parts, || Features {
            tls: false,
            change: |features, tls| if tls { offering(features) } else { features },
        });
    }),
    defect(
        "dtls-no-starttls",
        "STARTTLS is offered on a connection with TLS from the first byte",
        |parts| {
            bent(parts, || Features {
                tls: false,
                change: |features, tls| {
                    let offered = features.child(ns::TLS, "starttls").is_some();
                    if tls || offered { features } else { offering(features) }
                },
            });
        },
    ),
    defect(
        "tcp-starttls-proceed/clear",
        "what was sent in the clear behind the request for TLS is handled within TLS",
        |parts| bent(parts, || Clear(None)),
    ),
    defect("tcp-starttls-failure/ignored", "starttls within TLS is ignored", |parts| {
        bent(parts, || Within { secured: false, change: |_| Vec::new() });
    }),
    defect(
        "tcp-starttls-failure/error",
        "starttls within TLS ends the stream with unsupported-stanza-type",
        |parts| {
            bent(parts, || Within {
                secured: false,
                change: |_| vec![Input::Wrong("unsupported-stanza-type")],
            });
        },
    ),
    defect(
        "tcp-starttls-failure/open",
        "the connection stays open after the failure of STARTTLS",
        |parts| {
            struct Failed(bool);
            impl Substitute for Failed {
                fn send(&mut self, output: Output, _: &Session) -> Vec<Output> {
                    if self.0 {
                        return Vec::new();
                    }
                    self.0 = matches!(&output, Output::Element(it) if it.is(ns::TLS, "failure"));
                    vec![output]
                }
            }
            bent(parts, || Failed(false));
        },
    ),
];

fn offering(features: Element) -> Element {
    features.with_child(Element::new(ns::TLS, "starttls"))
}

/// Changes features, by whether TLS has begun on the connection since STARTTLS.
struct Features {
    tls: bool,
    change: fn(Element, bool) -> Element,
}

impl Substitute for Features {
    fn come(&mut self, input: Input, _: &Session) -> Vec<Input> {
        self.tls |= input == Input::Secured;
        vec![input]
    }

    fn send(&mut self, output: Output, session: &Session) -> Vec<Output> {
        match output {
            Output::Element(features)
                if !session.is_known() && is_features(&Output::Element(features.clone())) =>
            {
                vec![Output::Element((self.change)(features, self.tls))]
            }
            other => vec![other],
        }
    }
}

/// Keeps what comes behind a request for TLS until TLS has begun.
struct Clear(Option<Vec<Input>>);

impl Substitute for Clear {
    fn come(&mut self, input: Input, _: &Session) -> Vec<Input> {
        if input == Input::Secured {
            return std::iter::once(input).chain(self.0.take().into_iter().flatten()).collect();
        }
        if let Some(kept) = &mut self.0 {
            kept.push(input);
            return Vec::new();
        }
        if matches!(&input, Input::Element(element) if element.is(ns::TLS, "starttls")) {
            self.0 = Some(Vec::new());
        }
        vec![input]
    }
}

/// Changes a request for TLS within TLS.
struct Within {
    secured: bool,
    change: fn(Input) -> Vec<Input>,
}

impl Substitute for Within {
    fn come(&mut self, input: Input, _: &Session) -> Vec<Input> {
        self.secured |= input == Input::Secured;
        match &input {
            Input::Element(element) if self.secured && element.is(ns::TLS, "starttls") => {
                (self.change)(input)
            }
            _ => vec![input],
        }
    }
}
