//! The stream that follows the login (XEP-0206 §5).

use super::super::bend::{Bend, Cx, changed, inputs, replies, requests, with_payloads};
use super::super::wrapper::literal;
use super::streams::{has_bind, late};
use crate::bosh::{Body, Condition, XBOSH};
use crate::cm::backend::{Command, Event};
use crate::cm::parts::Parts;
use crate::cm::session::{Action, Input, Request};
use crate::defects::defect::{Defect, defect};
use crate::xml::Element;
use crate::xmpp::jid::before_slash;
use crate::xmpp::ns;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "xbosh-restart-support/account",
        "after a login to an account, other than ANONYMOUS, a restart request counts as an empty one",
        |parts| {
            parts.bend(|| {
                let mut account = false;
                requests(move |request, _| {
                    let auth = request.body.payloads().find(|payload| payload.is(ns::SASL, "auth"));
                    if let Some(auth) = auth {
                        account = auth.attr("mechanism") != Some("ANONYMOUS");
                    }
                    if account && request.body.is_restart() {
                        restart(&mut request.body, None);
                    }
                })
            });
        },
    ),
    defect(
        "xbosh-restart-same-session/sid",
        "the response to a restart has a new sid, and the session goes on with the old one",
        |parts| {
            parts.bend(|| {
                replies(|reply, told| {
                    let restarts = told.asked.is_some_and(|asked| asked.body.is_restart());
                    if restarts && !reply.is_terminal() {
                        let sid: String = told.session.sid().chars().rev().collect();
                        reply.set("sid", sid);
                    }
                })
            });
        },
    ),
    defect("xbosh-cm-restart-boolean/one", "xmpp:restart='1' is not understood", |parts| {
        parts.bend(|| {
            requests(|request, _| {
                if request.body.xbosh("restart") == Some("1") {
                    restart(&mut request.body, None);
                }
            })
        });
    }),
    defect(
        "xbosh-cm-restart-boolean/prefix",
        "a restart is seen only if the prefix of the attribute is `xmpp`",
        |parts| literal(parts, "restart"),
    ),
    defect("xbosh-cm-restart-boolean/false", "xmpp:restart='false' restarts the stream", |parts| {
        parts.bend(|| {
            requests(|request, _| {
                if request.body.xbosh("restart") == Some("false") {
                    restart(&mut request.body, Some("true"));
                }
            })
        });
    }),
    defect(
        "xbosh-restart-stanza-ignored/refused",
        "a restart request that carries a stanza is a bad one",
        |parts| {
            parts.bend(|| {
                inputs(|input, _| match input {
                    Input::Request(Request { token, body, .. })
                        if body.is_restart() && !body.is_empty() =>
                    {
                        Some(Input::Broken(token))
                    }
                    input => Some(input),
                })
            });
        },
    ),
    defect(
        "xbosh-restart-stanza-ignored/on-the-old-stream",
        "a stanza in a restart request is sent on the old stream, before the restart",
        |parts| parts.bend(|| Box::<Before>::default()),
    ),
    defect(
        "xbosh-restart-closes-stream",
        "the features after the restart offer the mechanisms again beside the binding",
        mechanisms_again,
    ),
    defect(
        "xbosh-restart-features-forwarded/late",
        "the features after the restart come 4 seconds late, unless the client polls",
        |parts| late(parts, |element| element.is(ns::STREAMS, "features") && has_bind(element)),
    ),
    defect(
        "xbosh-unauth-restart/unanswered",
        "a restart request before the login gets no response",
        |parts| before_login(parts, |_, _| {}),
    ),
    defect(
        "xbosh-unauth-restart/internal-server-error",
        "a restart request before the login ends the session with internal-server-error",
        |parts| {
            before_login(parts, |token, cx| {
                cx.refuse(token, Condition::InternalServerError);
                cx.pass(Input::Shutdown);
            });
        },
    ),
    defect(
        "xbosh-bind-roundtrip/late",
        "the result of the binding comes 4 seconds late, unless the client polls",
        |parts| late(parts, |element| element.name() == "iq" && has_bind(element)),
    ),
    defect(
        "xbosh-bind-roundtrip/bare",
        "the result of the binding has the address without its resource",
        |parts| {
            parts.on_event(|_, event| {
                let Event::Element(iq) = &event else { return Some(event) };
                let Some(jid) = bound(iq) else { return Some(event) };
                let bare = jid.split('/').next().unwrap_or_default().to_owned();
                Some(Event::Element(binding(iq.attr("id"), &bare)))
            });
        },
    ),
    defect(
        "xbosh-bind-roundtrip/answers",
        "until its first presence a client gets answers to its address without the resource",
        |parts| parts.bend(|| Box::<Early>::default()),
    ),
    defect(
        "xbosh-bind-roundtrip/before-login",
        "a binding before the login is answered as if it were one after it",
        bound_before_login,
    ),
];

/// Sets or removes the attribute that asks for a restart. Without it, `to` would ask for another stream.
fn restart(body: &mut Body, value: Option<&str>) {
    *body = changed(body, |element| {
        element.set_attr(XBOSH, "restart", value);
        if value.is_none() {
            element.set_attr("", "to", None);
        }
    });
}

/// The address that the result of a binding tells.
pub(super) fn bound(iq: &Element) -> Option<String> {
    let jid = iq.child(ns::BIND, "bind")?.child(ns::BIND, "jid")?;
    Some(jid.text().into_owned()).filter(|_| iq.name() == "iq")
}

/// The result of a binding.
fn binding(id: Option<&str>, jid: &str) -> Element {
    let jid = Element::new(ns::BIND, "jid").with_text(jid);
    Element::new(ns::CLIENT, "iq")
        .with_attr("type", "result")
        .with_attr_if("id", id)
        .with_child(Element::new(ns::BIND, "bind").with_child(jid))
}

/// Until a client has sent presence, answers to it are to its bare address.
#[derive(Default)]
struct Early {
    bare: Option<String>,
    present: bool,
}

impl Bend for Early {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        let Input::Server(link, Event::Element(mut iq)) = input else { return cx.pass(input) };
        if let Some(jid) = bound(&iq) {
            self.bare = Some(before_slash(&jid).to_owned());
        } else if iq.name() == "iq" && !self.present && self.bare.is_some() {
            iq.set_attr("", "to", self.bare.as_deref());
        }
        cx.pass(Input::Server(link, Event::Element(iq)));
    }

    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        if let Action::Command(_, Command::Send(stanza)) = &action {
            self.present |= stanza.is(ns::CLIENT, "presence");
        }
        cx.act(action);
    }
}

/// What a restart request carries goes ahead of the restart.
#[derive(Default)]
struct Before {
    carried: Vec<Element>,
}

impl Bend for Before {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        if let Input::Request(request) = &input
            && request.body.is_restart()
        {
            self.carried = request.body.payloads().cloned().collect();
        }
        cx.pass(input);
    }

    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        if let Action::Command(link, Command::Restart) = action {
            for stanza in self.carried.drain(..) {
                cx.act(Action::Command(link, Command::Send(stanza)));
            }
        }
        cx.act(action);
    }
}

fn mechanisms_again(parts: &mut Parts) {
    let mut offered: Option<Element> = None;
    parts.on_event(move |_, mut event| {
        if let Event::Element(features) = &mut event
            && features.is(ns::STREAMS, "features")
        {
            match features.child(ns::SASL, "mechanisms") {
                Some(mechanisms) => offered = Some(mechanisms.clone()),
                None => offered.iter().for_each(|offered| features.push(offered.clone())),
            }
        }
        Some(event)
    });
}

/// A restart request before the login has this effect.
fn before_login(parts: &mut Parts, effect: fn(u64, &mut Cx<'_>)) {
    parts.bend(move || {
        let mut known = false;
        inputs(move |input, cx| {
            match &input {
                Input::Request(request) if !known && request.body.is_restart() => {
                    effect(request.token, cx);
                    return None;
                }
                Input::Server(_, Event::Element(element)) => {
                    known |= element.is(ns::SASL, "success");
                }
                _ => {}
            }
            Some(input)
        })
    });
}

fn bound_before_login(parts: &mut Parts) {
    parts.bend(|| {
        let mut known = false;
        inputs(move |input, cx| {
            match &input {
                Input::Request(request) if !known => {
                    let asked =
                        request.body.payloads().find(|it| it.name() == "iq" && has_bind(it));
                    let link = cx.session().links().next();
                    if let (Some(iq), Some(link)) = (asked, link) {
                        let result = binding(iq.attr("id"), "nobody@localhost/r");
                        let mut request = request.clone();
                        request.body = with_payloads(&request.body, []);
                        cx.pass(Input::Request(request));
                        return Some(Input::Server(link, Event::Element(result)));
                    }
                }
                Input::Server(_, Event::Element(element)) => {
                    known |= element.is(ns::SASL, "success");
                }
                _ => {}
            }
            Some(input)
        })
    });
}
