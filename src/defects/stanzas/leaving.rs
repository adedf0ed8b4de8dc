//! What others see of the end of a session (RFC 6121 §4.5.2).

use super::between::{ALL, Between, bent};
use crate::cm::backend::Command;
use crate::cm::parts::Parts;
use crate::cm::session;
use crate::cm::stream::{Framing, Input, Session};
use crate::defects::bend::actions;
use crate::defects::carried::Substitute;
use crate::defects::defect::{Defect, defect};
use crate::xml::Element;
use crate::xmpp::jid::before_slash;
use crate::xmpp::ns;

pub(super) const DEFECTS: &[Defect] = &[
    defect("presence-end-told/twice", "who leaves is seen to leave twice", |parts| {
        struct Twice;
        impl Between for Twice {
            fn go(&mut self, stanza: Element, me: &str) -> Vec<Element> {
                let other = stanza.attr("from").map(before_slash) != Some(before_slash(me));
                let leaves = stanza.name() == "presence"
                    && stanza.attr("type") == Some("unavailable")
                    && other;
                if leaves { vec![stanza.clone(), stanza] } else { vec![stanza] }
            }
        }
        bent(parts, ALL, || Twice);
    }),
    defect(
        "presence-end-told/held",
        "a session that waits to be resumed is seen to leave",
        |parts| {
            struct Held(bool);
            impl Substitute for Held {
                fn come(&mut self, input: Input, _: &Session) -> Vec<Input> {
                    self.0 |= matches!(&input, Input::Element(it) if it.is(ns::SM3, "enable"));
                    vec![input]
                }

                fn tell(&mut self, command: Command, _: &Session) -> Vec<Command> {
                    if self.0 && command == Command::Lost {
                        let leaves = Element::new(ns::CLIENT, "presence");
                        return vec![
                            Command::Send(leaves.with_attr("type", "unavailable")),
                            command,
                        ];
                    }
                    vec![command]
                }
            }
            parts.substitute(|| Box::new(Held(false)));
        },
    ),
    defect(
        "presence-end-told/cut",
        "over TCP a client whose connection is cut is there still",
        |parts| {
            struct Cut(bool);
            impl Substitute for Cut {
                fn come(&mut self, input: Input, session: &Session) -> Vec<Input> {
                    let raw = session.framing() == Framing::Raw;
                    self.0 |= raw && matches!(input, Input::Gone(_));
                    vec![input]
                }

                fn tell(&mut self, command: Command, _: &Session) -> Vec<Command> {
                    let ends = matches!(command, Command::Close | Command::Lost);
                    if self.0 && ends { Vec::new() } else { vec![command] }
                }
            }
            parts.substitute(|| Box::new(Cut(false)));
        },
    ),
    defect(
        "presence-end-told/terminate",
        "over BOSH a client that has ended its session is there still",
        untold,
    ),
];

/// The server is not told of the end of sessions over BOSH.
fn untold(parts: &mut Parts) {
    parts.bend(|| {
        actions(|action, _| match action {
            session::Action::Command(_, Command::Close | Command::Lost) => None,
            other => Some(other),
        })
    });
}
