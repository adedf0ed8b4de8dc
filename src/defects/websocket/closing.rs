//! The end of a stream and of its connection (RFC 7395 §3.6).

use crate::cm::backend::Command;
use crate::cm::parts::Parts;
use crate::cm::stream::{Input, Outbound, Output, Received, Session};
use crate::defects::carried::Substitute;
use crate::defects::defect::{Defect, defect};

pub(super) const DEFECTS: &[Defect] = &[
    defect("ws-close-handshake/cut", "the server ends TCP without a Close frame", |parts| {
        parts.on_bytes(|| {
            |outbound: &Outbound, bytes| match outbound {
                Outbound::Close(_) => Vec::new(),
                _ => bytes,
            }
        });
        closes_first(parts);
    }),
    defect(
        "ws-close-handshake/answer",
        "the client's Close frame after the close elements is not answered",
        |parts| {
            after_the_end(parts, |received| match received {
                Received::Reply(bytes) if bytes.first() == Some(&0x88) => Vec::new(),
                other => vec![other],
            });
        },
    ),
    defect(
        "ws-close-handshake/open",
        "after the close elements the server neither closes nor answers a Close frame",
        |parts| {
            after_the_end(parts, |_| Vec::new());
            parts.on_message(|| {
                |output, _: &Session| match output {
                    Output::Close(_) => Vec::new(),
                    other => vec![other],
                }
            });
        },
    ),
    defect(
        "ws-close-element-answered/frame",
        "a close element is answered with a Close frame alone",
        |parts| {
            ending(parts, |output, _| match output {
                Output::End => vec![Output::Close(1000)],
                other => vec![other],
            });
        },
    ),
    defect(
        "ws-close-element-answered/login",
        "after the login a close element is answered with a Close frame alone",
        |parts| {
            ending(parts, |output, session| match output {
                Output::End if session.is_known() => vec![Output::Close(1000)],
                other => vec![other],
            });
        },
    ),
    defect(
        "ws-close-element-answered/fresh",
        "before the login a close element is not answered",
        |parts| {
            ending(parts, |output, session| match output {
                Output::End if !session.is_known() => Vec::new(),
                other => vec![other],
            });
        },
    ),
    defect("ws-close-element-answered/twice", "a close element is answered with two", |parts| {
        ending(parts, |output, _| match output {
            Output::End => vec![Output::End, Output::End],
            other => vec![other],
        });
    }),
    defect(
        "ws-close-element-answered/session",
        "a close element ends the stream, and the server keeps the session",
        |parts| told(parts, Command::Close, None),
    ),
    defect(
        "ws-close-element-answered/after",
        "what a client sends after its close element is forwarded",
        |parts| {
            struct Late {
                waits: Option<Command>,
            }
            impl Substitute for Late {
                fn come(&mut self, input: Input, _: &Session) -> Vec<Input> {
                    match input {
                        // The end comes to the server with the connection's.
                        Input::End if self.waits.is_none() => {
                            self.waits = Some(Command::Close);
                            Vec::new()
                        }
                        Input::Element(element) if self.waits.is_some() => {
                            self.waits = None;
                            vec![Input::Element(element), Input::End]
                        }
                        other => vec![other],
                    }
                }
            }
            parts.substitute(|| Box::new(Late { waits: None }));
        },
    ),
    defect(
        "ws-close-before-close-frame",
        "after a stream error the server sends its Close frame without a close element",
        |parts| {
            parts.on_message(|| {
                let mut failed = false;
                move |output, _: &Session| {
                    failed |= crate::defects::carried::is_error(&output);
                    match output {
                        Output::End if failed => vec![Output::Close(1000)],
                        other => vec![other],
                    }
                }
            });
        },
    ),
    defect(
        "ws-broken-socket-ends-session/lost",
        "a session outlives its connection, though nobody can resume it",
        |parts| told(parts, Command::Lost, None),
    ),
    defect(
        "ws-broken-socket-ends-session/close",
        "a session that was left with a Close frame is kept",
        |parts| {
            parts.on_received(|| {
                let mut closed = false;
                move |received| {
                    closed |=
                        matches!(&received, Received::Reply(bytes) if bytes.first() == Some(&0x88));
                    match received {
                        Received::End if closed => Vec::new(),
                        other => vec![other],
                    }
                }
            });
        },
    ),
    defect(
        "ws-sm-keeps-session",
        "a session that could be resumed ends with its connection",
        |parts| told(parts, Command::Lost, Some(Command::Close)),
    ),
];

/// The server is told something else over WebSocket, or nothing.
fn told(parts: &mut Parts, what: Command, instead: Option<Command>) {
    parts.on_tell(move || {
        let (what, instead) = (what.clone(), instead.clone());
        move |command, _: &Session| {
            if command == what { instead.clone().into_iter().collect() } else { vec![command] }
        }
    });
}

/// Changes what frames of a client come to once it has ended its stream.
fn after_the_end(parts: &mut Parts, change: fn(Received) -> Vec<Received>) {
    parts.on_received(move || {
        let mut ended = false;
        move |received| match received {
            Received::Input(input) => {
                ended |= input == Input::End;
                vec![Received::Input(input)]
            }
            other if ended => change(other),
            other => vec![other],
        }
    });
}

/// Changes what is sent once the client has ended its stream.
fn ending(parts: &mut Parts, change: fn(Output, &Session) -> Vec<Output>) {
    struct Ending(bool, fn(Output, &Session) -> Vec<Output>);
    impl Substitute for Ending {
        fn come(&mut self, input: Input, _: &Session) -> Vec<Input> {
            self.0 |= input == Input::End;
            vec![input]
        }

        fn send(&mut self, output: Output, session: &Session) -> Vec<Output> {
            if self.0 { (self.1)(output, session) } else { vec![output] }
        }
    }
    parts.substitute(move || Box::new(Ending(false, change)));
}

/// The server closes as soon as the close elements are exchanged.
fn closes_first(parts: &mut Parts) {
    ending(parts, |output, _| match output {
        Output::End => vec![Output::End, Output::Close(1000)],
        other => vec![other],
    });
}
