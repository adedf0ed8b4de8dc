//! What bends streams over TCP and leaves those over WebSocket alone.

use crate::cm::backend::Command;
use crate::cm::parts::Parts;
use crate::cm::stream::{Framing, Input, Output, Session};
use crate::defects::carried::{Answered, Substitute};
use crate::xmpp::Header;

struct Raw<S>(S);

impl<S: Substitute> Substitute for Raw<S> {
    fn come(&mut self, input: Input, session: &Session) -> Vec<Input> {
        match session.framing() {
            Framing::Raw => self.0.come(input, session),
            Framing::Framed => vec![input],
        }
    }

    fn send(&mut self, output: Output, session: &Session) -> Vec<Output> {
        match session.framing() {
            Framing::Raw => self.0.send(output, session),
            Framing::Framed => vec![output],
        }
    }

    fn tell(&mut self, command: Command, session: &Session) -> Vec<Command> {
        match session.framing() {
            Framing::Raw => self.0.tell(command, session),
            Framing::Framed => vec![command],
        }
    }
}

/// Every stream over TCP is bent by what `make` makes for it.
pub(super) fn bent<S: Substitute + 'static>(
    parts: &mut Parts,
    make: impl Fn() -> S + Send + 'static,
) {
    parts.substitute(move || Box::new(Raw(make())));
}

/// Changes what comes from a client.
pub(super) fn heard(parts: &mut Parts, change: fn(Input, &Session) -> Vec<Input>) {
    struct Heard(fn(Input, &Session) -> Vec<Input>);
    impl Substitute for Heard {
        fn come(&mut self, input: Input, session: &Session) -> Vec<Input> {
            (self.0)(input, session)
        }
    }
    bent(parts, move || Heard(change));
}

/// Changes what is sent to a client.
pub(super) fn sent(parts: &mut Parts, change: fn(Output, &Session) -> Vec<Output>) {
    struct Sent(fn(Output, &Session) -> Vec<Output>);
    impl Substitute for Sent {
        fn send(&mut self, output: Output, session: &Session) -> Vec<Output> {
            (self.0)(output, session)
        }
    }
    bent(parts, move || Sent(change));
}

/// Changes headers of the server by those that they answer.
pub(super) fn answered(parts: &mut Parts, change: fn(&Header, &mut Header)) {
    bent(parts, move || Answered::by(change));
}

/// Changes what is sent once something has come.
pub(super) fn since(
    parts: &mut Parts,
    came: fn(&Input) -> bool,
    change: fn(Output) -> Vec<Output>,
) {
    struct Since(bool, fn(&Input) -> bool, fn(Output) -> Vec<Output>);
    impl Substitute for Since {
        fn come(&mut self, input: Input, _: &Session) -> Vec<Input> {
            self.0 |= (self.1)(&input);
            vec![input]
        }

        fn send(&mut self, output: Output, _: &Session) -> Vec<Output> {
            if self.0 { (self.2)(output) } else { vec![output] }
        }
    }
    bent(parts, move || Since(false, came, change));
}

/// Does not tell the server of an end that comes of this.
pub(super) fn untold(parts: &mut Parts, came: fn(&Input) -> bool) {
    struct Untold(bool, fn(&Input) -> bool);
    impl Substitute for Untold {
        fn come(&mut self, input: Input, _: &Session) -> Vec<Input> {
            self.0 |= (self.1)(&input);
            vec![input]
        }

        fn tell(&mut self, command: Command, _: &Session) -> Vec<Command> {
            let ends = self.0 && matches!(command, Command::Close | Command::Lost);
            if ends { Vec::new() } else { vec![command] }
        }
    }
    bent(parts, move || Untold(false, came));
}
