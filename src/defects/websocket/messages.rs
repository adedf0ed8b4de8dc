//! Messages, one element each (RFC 7395 §3.3, §3.8, §3.9).

use std::time::Duration;

use crate::cm::parts::Parts;
use crate::cm::stream::{Outbound, Output, Session};
use crate::defects::carried::{Frame, is_features};
use crate::defects::defect::{Defect, defect};
use crate::wire::websocket::Opcode;
use crate::xml::{Element, Limits, parse};
use crate::xmpp::ns;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "ws-one-element-per-message/first",
        "of several elements in a message the first is taken",
        |parts| {
            texts(parts, || {
                |text| {
                    let end = text.find("</message>")? + "</message>".len();
                    (end < text.len()).then(|| text[..end].to_owned())
                }
            });
        },
    ),
    defect(
        "ws-one-element-per-message/last",
        "of several elements in a message the last is taken",
        |parts| {
            texts(parts, || {
                |text| {
                    let start = text.rfind("<message")?;
                    (start > 0).then(|| text[start..].to_owned())
                }
            });
        },
    ),
    defect(
        "ws-one-element-per-message/open",
        "what follows an open element in its message is passed over",
        |parts| {
            texts(parts, || {
                |text| {
                    let end = text.find("/>")? + 2;
                    (text.starts_with("<open ") && end < text.len()).then(|| text[..end].to_owned())
                }
            });
        },
    ),
    defect(
        "ws-one-element-per-message/spread",
        "a message that is not well-formed waits for the rest of it",
        |parts| {
            parts.on_frame(|| {
                let mut begun = Vec::new();
                move |mut frame: Frame| {
                    if frame.head.opcode != Opcode::TEXT || !frame.head.fin {
                        return vec![frame];
                    }
                    let before = std::mem::take(&mut begun);
                    frame.payload = [before, frame.payload].concat();
                    let stanza = frame.payload.starts_with(b"<message");
                    if stanza && !frame.payload.ends_with(b"</message>") {
                        begun = frame.payload;
                        return Vec::new();
                    }
                    vec![frame]
                }
            });
        },
    ),
    defect("ws-first-char-lt/space", "white space before an element is passed over", |parts| {
        texts(parts, || |text| trimmed(text, char::is_whitespace));
    }),
    defect("ws-first-char-lt/line", "a line break before an element is passed over", |parts| {
        texts(parts, || |text| trimmed(text, |it| it == '\n'));
    }),
    defect(
        "ws-first-char-lt/mark",
        "a byte order mark before an element is passed over",
        |parts| {
            texts(parts, || |text| trimmed(text, |it| it == '\u{feff}'));
        },
    ),
    defect("ws-first-char-lt/open", "white space before an open element is passed over", |parts| {
        texts(parts, || {
            |text| if text.contains("<open") { trimmed(text, char::is_whitespace) } else { None }
        });
    }),
    defect("ws-first-char-lt/stanza", "white space before a stanza is passed over", |parts| {
        texts(parts, || {
            |text| if text.contains("<message") { trimmed(text, char::is_whitespace) } else { None }
        });
    }),
    defect("ws-first-char-lt/empty", "a message without a character is passed over", |parts| {
        drops(parts, str::is_empty);
    }),
    defect("ws-no-text-around-root", "text stands behind errors of stanzas", |parts| {
        sent(parts, |text| {
            let error = text.starts_with("<iq") && text.contains(" type='error'");
            if error { text + "." } else { text }
        });
    }),
    defect("ws-no-xml-declaration/open", "the open element has an XML declaration", |parts| {
        sent(parts, |text| {
            if text.starts_with("<open") {
                "<?xml version='1.0'?>".to_owned() + &text
            } else {
                text
            }
        });
    }),
    defect(
        "ws-no-xml-declaration/restart",
        "the open element after a restart has an XML declaration",
        |parts| {
            parts.on_outbound(|| {
                let mut restarts = false;
                move |outbound| match outbound {
                    Outbound::Text(text) if text.starts_with("<open") => {
                        let declared = std::mem::replace(&mut restarts, true);
                        let prolog = if declared { "<?xml version='1.0'?>" } else { "" };
                        vec![Outbound::Text(prolog.to_owned() + &text)]
                    }
                    other => vec![other],
                }
            });
        },
    ),
    defect("ws-no-xml-declaration/answers", "answers have an XML declaration", |parts| {
        sent(parts, |text| {
            if text.starts_with("<iq") { "<?xml version='1.0'?>".to_owned() + &text } else { text }
        });
    }),
    defect("ws-no-xml-declaration/refused", "a message with a declaration is refused", |parts| {
        texts(parts, || |text| text.starts_with("<?xml").then(|| "<".to_owned()));
    }),
    defect(
        "ws-no-xml-declaration/once",
        "only the first message may have a declaration",
        |parts| {
            texts(parts, || {
                let mut first = true;
                move |text: &str| {
                    let first = std::mem::replace(&mut first, false);
                    (!first && text.starts_with("<?xml")).then(|| "<".to_owned())
                }
            });
        },
    ),
    defect(
        "ws-namespaces-self-contained/errors",
        "stream errors have a prefix that is not declared",
        |parts| {
            sent(parts, |text| undeclared(text, "error"));
        },
    ),
    defect(
        "ws-namespaces-self-contained/features",
        "features have a prefix that is not declared after the login",
        |parts| {
            sent(
                parts,
                |text| {
                    if text.contains("<bind") { undeclared(text, "features") } else { text }
                },
            );
        },
    ),
    defect(
        "ws-namespaces-self-contained/stanzas",
        "messages are in no namespace, as if the stream had declared it",
        |parts| {
            sent(parts, |text| {
                if text.starts_with("<message") {
                    return text.replacen(" xmlns='jabber:client'", "", 1);
                }
                text
            });
        },
    ),
    defect(
        "ws-namespaces-self-contained/default",
        "a stanza without a namespace is one of jabber:client",
        |parts| {
            texts(parts, || {
                |text| {
                    let bare = text.starts_with("<message") && !text.contains("xmlns=");
                    bare.then(|| text.replacen("<message", "<message xmlns='jabber:client'", 1))
                }
            });
        },
    ),
    defect(
        "ws-namespaces-self-contained/remembered",
        "a prefix that an earlier message declared holds for later ones",
        |parts| {
            texts(parts, || {
                |text| {
                    let bare = text.starts_with("<c:message") && !text.contains("xmlns:c=");
                    bare.then(|| {
                        text.replacen("<c:message", "<c:message xmlns:c='jabber:client'", 1)
                    })
                }
            });
        },
    ),
    defect(
        "ws-namespaces-self-contained/prefix",
        "the prefix stream need not be declared",
        |parts| {
            texts(parts, || {
                |text| {
                    let uses = text.contains("stream:") && !text.contains("xmlns:stream=");
                    let at = text.find([' ', '/', '>']).filter(|_| uses)?;
                    let (start, rest) = text.split_at(at);
                    Some(format!("{start} xmlns:stream='{}'{rest}", ns::STREAMS))
                }
            });
        },
    ),
    defect(
        "ws-features-own-message/start",
        "the features come in the message of the open element",
        |parts| joined(parts, |_| true),
    ),
    defect(
        "ws-features-own-message/restart",
        "after a login the features come in the message of the open element",
        |parts| joined(parts, |number| number > 1),
    ),
    defect("ws-features-own-message/late", "the features come before the open element", |parts| {
        parts.on_outbound(|| {
            let mut open = None;
            move |outbound| match &outbound {
                Outbound::Text(text) if text.starts_with("<open") => {
                    open = Some(outbound);
                    Vec::new()
                }
                _ => std::iter::once(outbound).chain(open.take()).collect(),
            }
        });
    }),
    defect("ws-no-whitespace-keepalive/ping", "a space is sent instead of a ping", |parts| {
        parts.on_outbound(|| {
            |outbound| match outbound {
                Outbound::Ping => vec![Outbound::Text(" ".to_owned())],
                other => vec![other],
            }
        });
    }),
    defect(
        "ws-no-whitespace-keepalive/taken",
        "a message of white space is passed over",
        |parts| {
            drops(parts, |text| !text.is_empty() && text.trim().is_empty());
        },
    ),
    defect("ws-no-whitespace-keepalive/echo", "a message of white space is sent back", |parts| {
        parts.on_received(|| {
            |received| match &received {
                crate::cm::stream::Received::Input(crate::cm::stream::Input::Wrong(_)) => {
                    let space = crate::wire::websocket::frame(Opcode::TEXT, b" ", None);
                    vec![crate::cm::stream::Received::Reply(space), received]
                }
                _ => vec![received],
            }
        });
    }),
    defect(
        "ws-idle-survives-proxy",
        "a client that has nothing to say for 100 seconds is cut off without being asked",
        |parts| {
            parts.policy.ping = Duration::ZERO;
            parts.policy.idle = Duration::from_secs(100);
        },
    ),
    defect("ws-open-empty", "the open element has a child", |parts| {
        sent(parts, |text| {
            if text.starts_with("<open") {
                return text.replace("/>", "><software xmlns='urn:example:software'/></open>");
            }
            text
        });
    }),
    defect("ws-no-starttls/start", "STARTTLS is offered before the login", |parts| {
        starttls(parts, |known| !known);
    }),
    defect("ws-no-starttls/login", "STARTTLS is offered after the login", |parts| {
        starttls(parts, |known| known);
    }),
    defect(
        "ws-header-namespace/open",
        "an open element with a prefix is not known as one",
        |parts| texts(parts, || |text| prefixed(text, "open").then(|| "<x/>".to_owned())),
    ),
    defect(
        "ws-header-namespace/close",
        "a close element with a prefix is not known as one",
        |parts| {
            texts(parts, || {
                |text| prefixed(text, "close").then(|| "<x xmlns='jabber:client'/>".to_owned())
            });
        },
    ),
    defect(
        "ws-header-namespace/reference",
        "the namespace of an open element is compared as it is written",
        |parts| texts(parts, || |text| text.contains("'&#").then(|| "<x/>".to_owned())),
    ),
    defect(
        "ws-header-namespace-error/accepted",
        "an open element in a namespace that begins with the right one is accepted",
        |parts| renamed(parts, "urn:ietf:params:xml:ns:xmpp-framing:1"),
    ),
    defect(
        "ws-header-namespace-error/case",
        "the namespace of open and close is compared without regard to case",
        |parts| renamed(parts, "URN:ietf:params:xml:ns:xmpp-framing"),
    ),
    defect(
        "ws-header-namespace-error/space",
        "white space around the namespace of an open element is passed over",
        |parts| renamed(parts, "urn:ietf:params:xml:ns:xmpp-framing "),
    ),
    defect(
        "ws-header-namespace-error/client",
        "an open element in jabber:client is accepted",
        |parts| {
            texts(parts, || {
                |text| {
                    let open = text.starts_with("<open ") && text.contains("'jabber:client'");
                    open.then(|| text.replace("jabber:client", ns::FRAMING))
                }
            });
        },
    ),
    defect(
        "ws-header-namespace-error/none",
        "an open element in no namespace is accepted",
        |parts| {
            texts(parts, || {
                |text| {
                    let open = text.starts_with("<open ") && !text.contains("xmlns=");
                    open.then(|| {
                        text.replacen("<open", &format!("<open xmlns='{}'", ns::FRAMING), 1)
                    })
                }
            });
        },
    ),
    defect(
        "ws-header-namespace-error/close",
        "a close element in no namespace closes the stream",
        |parts| {
            texts(parts, || {
                |text| {
                    let close = text.starts_with("<close") && !text.contains("xmlns=");
                    close.then(|| format!("<close xmlns='{}'/>", ns::FRAMING))
                }
            });
        },
    ),
    defect("ws-open-first/stream", "the header of a stream over TCP opens a stream", |parts| {
        texts(parts, || {
            |text| {
                let header = text.starts_with("<stream:stream");
                let open = format!("<open to='localhost' version='1.0' xmlns='{}'/>", ns::FRAMING);
                header.then_some(open)
            }
        });
    }),
];

/// Writes an element of streams with a prefix that is not declared.
fn undeclared(text: String, name: &str) -> String {
    let own = format!("<{name} xmlns='{}'>", ns::STREAMS);
    if !text.starts_with(&own) {
        return text;
    }
    let rest = text.replacen(&own, &format!("<stream:{name}>"), 1);
    rest.replace(&format!("</{name}>"), &format!("</stream:{name}>"))
}

/// Changes whole text messages of clients.
fn texts<F>(parts: &mut Parts, make: impl Fn() -> F + Send + 'static)
where
    F: FnMut(&str) -> Option<String> + Send + 'static,
{
    parts.on_frame(move || {
        let mut change = make();
        move |mut frame: Frame| {
            if frame.head.opcode == Opcode::TEXT
                && frame.head.fin
                && let Some(text) = std::str::from_utf8(&frame.payload).ok().and_then(&mut change)
            {
                frame.payload = text.into_bytes();
            }
            vec![frame]
        }
    });
}

/// Passes over text messages of clients.
fn drops(parts: &mut Parts, which: fn(&str) -> bool) {
    parts.on_frame(move || {
        move |frame: Frame| {
            let text = std::str::from_utf8(&frame.payload).ok();
            let whole = frame.head.opcode == Opcode::TEXT && frame.head.fin;
            if whole && text.is_some_and(which) { Vec::new() } else { vec![frame] }
        }
    });
}

/// Changes messages of the server.
fn sent(parts: &mut Parts, change: fn(String) -> String) {
    parts.on_outbound(move || {
        move |outbound| match outbound {
            Outbound::Text(text) => vec![Outbound::Text(change(text))],
            other => vec![other],
        }
    });
}

fn trimmed(text: &str, which: fn(char) -> bool) -> Option<String> {
    let rest = text.trim_start_matches(which);
    (rest.len() < text.len() && !rest.is_empty()).then(|| rest.to_owned())
}

/// Whether a message is this element with a prefix.
fn prefixed(text: &str, name: &str) -> bool {
    let element = parse(text.as_bytes(), &Limits::default()).ok();
    let is = element.is_some_and(|element| element.is(ns::FRAMING, name));
    is && !text.starts_with(&format!("<{name}"))
}

/// Takes another namespace for that of open and close.
fn renamed(parts: &mut Parts, namespace: &'static str) {
    texts(parts, move || {
        move |text: &str| {
            let (wrong, right) = (format!("'{namespace}'"), format!("'{}'", ns::FRAMING));
            text.contains(&wrong).then(|| text.replace(&wrong, &right))
        }
    });
}

/// Sends the features in the message of the open element, by the number of that.
fn joined(parts: &mut Parts, which: fn(u32) -> bool) {
    parts.on_outbound(move || {
        let (mut number, mut open) = (0, String::new());
        move |outbound| match outbound {
            Outbound::Text(text) if text.starts_with("<open") => {
                number += 1;
                if which(number) {
                    open = text;
                    return Vec::new();
                }
                vec![Outbound::Text(text)]
            }
            Outbound::Text(text) => vec![Outbound::Text(std::mem::take(&mut open) + &text)],
            other => vec![other],
        }
    });
}

/// Offers STARTTLS, depending on whether the client has logged in.
fn starttls(parts: &mut Parts, which: fn(bool) -> bool) {
    parts.on_message(move || {
        move |output: Output, session: &Session| match output {
            Output::Element(features)
                if is_features(&Output::Element(features.clone())) && which(session.is_known()) =>
            {
                let starttls = Element::new(ns::TLS, "starttls");
                vec![Output::Element(features.with_child(starttls))]
            }
            other => vec![other],
        }
    });
}
