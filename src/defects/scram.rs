//! Logins with SCRAM (RFC 5802), over WebSocket and TCP, with SASL and with SASL2.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::carried::{Substitute, emptied};
use super::defect::{Defect, Family, defect};
use crate::cm::parts::Parts;
use crate::cm::stream::{Input, Output, Session};
use crate::xml::Element;
use crate::xmpp::ns;
use crate::xmpp::scram::attribute;

pub(super) const DEFECTS: Family = &[SCRAM];

const SCRAM: &[Defect] = &[
    defect("scram-proof-verified/any", "any proof is accepted", |parts| {
        accepts(parts, |exchange| !exchange.proof().is_empty());
    }),
    defect("scram-proof-verified/empty", "an empty proof is accepted", |parts| {
        accepts(parts, |exchange| exchange.proof().is_empty());
    }),
    defect(
        "scram-proof-verified/short",
        "a short proof is compared only as far as it goes",
        |parts| {
            accepts(parts, |exchange| (1..8).contains(&exchange.proof().len()));
        },
    ),
    defect("scram-signature/missing", "the success is not signed", |parts| {
        signatures(parts, |_| None);
    }),
    defect("scram-signature/other", "the success is signed with another key", |parts| {
        signatures(parts, |signature| Some(signature.replace("v=", "v=AAAA")));
    }),
    defect("scram-signature/case", "the signature is in small letters", |parts| {
        signatures(parts, |signature| Some(signature.to_lowercase()));
    }),
    defect(
        "scram-first-message/other-nonce",
        "the nonce does not begin with the client's",
        |parts| {
            challenges(parts, |exchange, challenge| challenge.replace(exchange.nonce(), "other"));
        },
    ),
    defect("scram-first-message/same-nonce", "nothing is added to the client's nonce", |parts| {
        challenges(parts, |exchange, challenge| {
            let salt = challenge.split(',').skip(1).collect::<Vec<_>>().join(",");
            format!("r={},{salt}", exchange.nonce())
        });
    }),
    defect("scram-first-message/order", "the salt precedes the nonce", |parts| {
        challenges(parts, |_, challenge| {
            let mut fields: Vec<_> = challenge.split(',').collect();
            if fields.len() > 1 {
                fields.swap(0, 1);
            }
            fields.join(",")
        });
    }),
    defect("scram-first-message/salt", "the salt is not in base64", |parts| {
        challenges(parts, |_, challenge| challenge.replace(",s=", ",s=%"));
    }),
    defect("scram-first-message/iterations", "the iteration count is zero", |parts| {
        challenges(parts, |_, challenge| {
            let fields: Vec<_> = challenge.split(",i=").collect();
            format!("{},i=0", fields[0])
        });
    }),
    defect(
        "scram-nonce-fresh/constant",
        "the server's part of the nonce is always the same",
        |parts| {
            challenges(parts, |exchange, challenge| {
                let salt = challenge.split(',').skip(1).collect::<Vec<_>>().join(",");
                format!("r={}3rfcNHYJY1ZVvWVs7j,{salt}", exchange.nonce())
            });
        },
    ),
    defect("scram-nonce-fresh/of-stream", "all logins on a stream share a nonce", |parts| {
        substitute(parts, |first: &mut Option<String>, exchange, element| {
            if element.name() != "challenge" || !exchange.is_weak() {
                return element;
            }
            let own = first.get_or_insert_with(|| exchange.added().to_owned());
            let text = exchange.challenge.replace(exchange.added(), own);
            emptied(&element).with_text(&STANDARD.encode(text))
        });
    }),
    defect("scram-nonce-verified/longer", "only the beginning of the nonce is compared", |parts| {
        accepts(parts, |exchange| {
            let said = attribute(&exchange.last, "r").unwrap_or_default();
            said.len() > exchange.granted().len() && said.starts_with(exchange.granted())
        });
    }),
    defect("scram-nonce-verified/own", "the client's part of the nonce is enough", |parts| {
        accepts(parts, |exchange| attribute(&exchange.last, "r") == Some(exchange.nonce()));
    }),
    defect("scram-nonce-verified/none", "the nonce may be left out", |parts| {
        accepts(parts, |exchange| attribute(&exchange.last, "r").is_none());
    }),
    defect(
        "scram-name-escaped/dropped",
        "an equals sign at the end of a user name is ignored",
        |parts| {
            reads(parts, |first| first.replace("=,r=", ",r="));
        },
    ),
    defect("scram-name-escaped/short", "=3 at the end of a user name is ignored", |parts| {
        reads(parts, |first| first.replace("=3,r=", ",r="));
    }),
    defect("scram-name-escaped/zero", "=00 at the start of a user name is ignored", |parts| {
        reads(parts, |first| first.replace("n==00", "n="));
    }),
    defect(
        "scram-extension-refused/ignored",
        "the demand for an extension, m=, is ignored",
        |parts| {
            reads(parts, |first| first.replace("m=unknown,", ""));
        },
    ),
    defect("scram-binding-verified/any", "the header that c= repeats is not verified", |parts| {
        accepts(parts, |exchange| !matches!(attribute(&exchange.last, "c"), None | Some("biws")));
    }),
    defect("scram-binding-verified/none", "an empty c= is accepted", |parts| {
        accepts(parts, |exchange| attribute(&exchange.last, "c") == Some(""));
    }),
    defect("scram-binding-verified/longer", "only the beginning of c= is compared", |parts| {
        accepts(parts, |exchange| {
            let said = attribute(&exchange.last, "c").unwrap_or_default();
            said.len() > 4 && said.starts_with("biws")
        });
    }),
    defect(
        "scram-binding-downgrade/refused",
        "a client that supports channel binding is refused, although the server does not offer it",
        |parts| {
            parts.on_input(|| {
                |input, _: &Session| match input {
                    Input::Element(auth) if begins(&auth) && text_of(&auth).starts_with("y,") => {
                        vec![Input::Element(emptied(&auth).with_text("%"))]
                    }
                    other => vec![other],
                }
            });
        },
    ),
    defect(
        "scram-binding-downgrade/offered",
        "SCRAM-SHA-1-PLUS is offered, and a client that did not see the offer can log in",
        |parts| {
            parts.on_output(|| {
                |output, _: &Session| match output {
                    Output::Element(features)
                        if features.child(ns::SASL, "mechanisms").is_some() =>
                    {
                        let children = features.children().map(|child| {
                            if !child.is(ns::SASL, "mechanisms") {
                                return child.clone();
                            }
                            let plus = Element::new(ns::SASL, "mechanism");
                            child.clone().with_child(plus.with_text("SCRAM-SHA-1-PLUS"))
                        });
                        vec![Output::Element(
                            children.fold(emptied(&features), Element::with_child),
                        )]
                    }
                    other => vec![other],
                }
            });
        },
    ),
];

/// The messages of an exchange.
#[derive(Debug, Clone, Default)]
struct Exchange {
    mechanism: String,
    first: String,
    challenge: String,
    last: String,
}

impl Exchange {
    /// Whether it is not the mechanism that clients prefer, so that their logins still work.
    fn is_weak(&self) -> bool {
        self.mechanism == "SCRAM-SHA-1"
    }

    /// The client's nonce.
    fn nonce(&self) -> &str {
        attribute(&self.first, "r").unwrap_or_default()
    }

    /// The whole nonce, of client and server.
    fn granted(&self) -> &str {
        attribute(&self.challenge, "r").unwrap_or_default()
    }

    /// The server's part of the nonce.
    fn added(&self) -> &str {
        self.granted().get(self.nonce().len()..).unwrap_or_default()
    }

    /// The proof, in base64.
    fn proof(&self) -> &str {
        attribute(&self.last, "p").unwrap_or_default()
    }
}

/// Changes the server's messages of exchanges; `memory` is that of a stream.
struct Changed<M, F> {
    exchange: Exchange,
    memory: M,
    change: F,
}

impl<M: Send, F: FnMut(&mut M, &Exchange, Element) -> Element + Send> Substitute for Changed<M, F> {
    fn come(&mut self, input: Input, _: &Session) -> Vec<Input> {
        if let Input::Element(element) = &input {
            if begins(element) {
                let mechanism = element.attr("mechanism").unwrap_or_default().to_owned();
                let first = text_of(element);
                self.exchange = Exchange { mechanism, first, ..Exchange::default() };
            } else if is_sasl(element, "response") {
                self.exchange.last = text_of(element);
            }
        }
        vec![input]
    }

    fn send(&mut self, output: Output, _: &Session) -> Vec<Output> {
        match output {
            Output::Element(element) if self.exchange.first.contains(",r=") => {
                let spoken = ["challenge", "success", "failure"];
                if !spoken.into_iter().any(|name| is_sasl(&element, name)) {
                    return vec![Output::Element(element)];
                }
                if element.name() == "challenge" {
                    self.exchange.challenge = text_of(&element);
                }
                let changed = (self.change)(&mut self.memory, &self.exchange, element);
                vec![Output::Element(changed)]
            }
            other => vec![other],
        }
    }
}

fn substitute<M: Default + Send + 'static>(
    parts: &mut Parts,
    change: impl FnMut(&mut M, &Exchange, Element) -> Element + Copy + Send + 'static,
) {
    parts.substitute(move || {
        Box::new(Changed { exchange: Exchange::default(), memory: M::default(), change })
    });
}

/// A login whose exchange is like this succeeds, whatever the server says.
fn accepts(parts: &mut Parts, which: fn(&Exchange) -> bool) {
    substitute(parts, move |(): &mut (), exchange, element| {
        if element.name() == "failure" && !exchange.last.is_empty() && which(exchange) {
            Element::new(element.namespace(), "success").with_text("dj1BQUFB")
        } else {
            element
        }
    });
}

/// Changes the server's first message.
fn challenges(parts: &mut Parts, change: fn(&Exchange, &str) -> String) {
    substitute(parts, move |(): &mut (), exchange, element| {
        if element.name() == "challenge" && exchange.is_weak() {
            let text = change(exchange, &exchange.challenge);
            emptied(&element).with_text(&STANDARD.encode(text))
        } else {
            element
        }
    });
}

/// Changes the server's signature.
fn signatures(parts: &mut Parts, change: fn(&str) -> Option<String>) {
    substitute(parts, move |(): &mut (), exchange, element| {
        if !exchange.is_weak() {
            return element;
        }
        let data = |element: &Element| {
            let changed = change(&decoded(&element.text()));
            changed.map(|text| emptied(element).with_text(&STANDARD.encode(text)))
        };
        match (element.name(), element.namespace()) {
            ("success", ns::SASL) => data(&element).unwrap_or_else(|| emptied(&element)),
            ("success", _) => {
                let children = element.children().filter_map(|child| match child.name() {
                    "additional-data" => data(child),
                    _ => Some(child.clone()),
                });
                children.fold(emptied(&element), Element::with_child)
            }
            _ => element,
        }
    });
}

/// Changes the first messages of clients. A login whose first message was changed succeeds, since the proof does not fit any more.
fn reads(parts: &mut Parts, read: fn(&str) -> String) {
    struct Lenient {
        read: fn(&str) -> String,
        /// The first message was changed.
        other: bool,
        proven: bool,
    }
    impl Substitute for Lenient {
        fn come(&mut self, input: Input, _: &Session) -> Vec<Input> {
            let Input::Element(element) = &input else { return vec![input] };
            self.proven |= is_sasl(element, "response");
            if !begins(element) {
                return vec![input];
            }
            let text = text_of(element);
            let read = (self.read)(&text);
            (self.other, self.proven) = (read != text, false);
            if !self.other {
                return vec![input];
            }
            vec![Input::Element(emptied(element).with_text(&STANDARD.encode(read)))]
        }

        fn send(&mut self, output: Output, _: &Session) -> Vec<Output> {
            match &output {
                Output::Element(it)
                    if is_sasl(it, "failure") && std::mem::take(&mut self.proven) && self.other =>
                {
                    vec![Output::Element(Element::new(it.namespace(), "success"))]
                }
                _ => vec![output],
            }
        }
    }
    parts.substitute(move || Box::new(Lenient { read, other: false, proven: false }));
}

fn begins(element: &Element) -> bool {
    is_sasl(element, "auth") || is_sasl(element, "authenticate")
}

fn is_sasl(element: &Element, name: &str) -> bool {
    matches!(element.namespace(), ns::SASL | ns::SASL2) && element.name() == name
}

/// The decoded data of an element of SASL.
fn text_of(element: &Element) -> String {
    match element.child(ns::SASL2, "initial-response") {
        Some(first) => decoded(&first.text()),
        None => decoded(&element.text()),
    }
}

fn decoded(text: &str) -> String {
    STANDARD.decode(text.trim()).ok().and_then(|it| String::from_utf8(it).ok()).unwrap_or_default()
}
