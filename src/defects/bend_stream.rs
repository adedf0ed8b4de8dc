//! Streams without BOSH that are bent: what comes and what goes out passes something that may change it.

use std::collections::VecDeque;
use std::time::Duration;

use super::later::Later;
use crate::cm::parts::Parts;
use crate::cm::stream::{Action, Conduct, Input, Output, Session};

/// Changes what comes to a stream and what it wants done; by default nothing.
pub trait StreamBend: Send {
    /// Something comes.
    fn come(&mut self, input: Input, cx: &mut StreamCx<'_>) {
        cx.pass(input);
    }

    /// Something is to be done.
    fn go(&mut self, action: Action, cx: &mut StreamCx<'_>) {
        cx.act(action);
    }
}

/// What is done later.
enum Waiting {
    Act(Action),
    Pass(Input),
}

/// What a [`StreamBend`] can do.
pub struct StreamCx<'a> {
    /// The time.
    pub now: Duration,
    inner: &'a mut dyn Conduct,
    wanted: VecDeque<Action>,
    out: &'a mut Vec<Action>,
    later: &'a mut Later<Waiting>,
}

impl StreamCx<'_> {
    /// The session.
    pub fn session(&self) -> &Session {
        self.inner.session()
    }

    /// Lets something come to the session; what it wants done goes through [`StreamBend::go`] afterwards.
    pub fn pass(&mut self, input: Input) {
        let mut actions = Vec::new();
        self.inner.handle(input, self.now, &mut actions);
        self.wanted.extend(actions);
    }

    /// Does something.
    pub fn act(&mut self, action: Action) {
        self.out.push(action);
    }

    /// Sends something.
    pub fn send(&mut self, output: Output) {
        self.act(Action::Send(output));
    }

    /// Does something later.
    pub fn act_after(&mut self, delay: Duration, action: Action) {
        self.keep(delay, Waiting::Act(action));
    }

    /// Lets something come to the session later.
    pub fn pass_after(&mut self, delay: Duration, input: Input) {
        self.keep(delay, Waiting::Pass(input));
    }

    fn keep(&mut self, delay: Duration, what: Waiting) {
        self.later.keep(self.now + delay, what);
    }
}

/// A stream with what bends it.
pub struct BentStream {
    inner: Box<dyn Conduct>,
    bend: Box<dyn StreamBend>,
    later: Later<Waiting>,
}

impl BentStream {
    fn run(
        &mut self,
        now: Duration,
        out: &mut Vec<Action>,
        act: impl FnOnce(&mut dyn StreamBend, &mut StreamCx<'_>),
    ) {
        let mut cx = StreamCx {
            now,
            inner: &mut *self.inner,
            wanted: VecDeque::new(),
            out,
            later: &mut self.later,
        };
        act(&mut *self.bend, &mut cx);
        while let Some(action) = cx.wanted.pop_front() {
            self.bend.go(action, &mut cx);
        }
    }
}

impl Conduct for BentStream {
    fn handle(&mut self, input: Input, now: Duration, out: &mut Vec<Action>) {
        while let Some(waiting) = self.later.take(now) {
            match waiting {
                Waiting::Act(action) => self.run(now, out, |_, cx| cx.act(action)),
                Waiting::Pass(input) => self.run(now, out, |_, cx| cx.pass(input)),
            }
        }
        self.run(now, out, |bend, cx| bend.come(input, cx));
    }

    fn deadline(&self) -> Option<Duration> {
        [self.inner.deadline(), self.later.due()].into_iter().flatten().min()
    }

    fn session(&self) -> &Session {
        self.inner.session()
    }
}

impl Parts {
    /// Every stream without BOSH is bent by what `make` makes for it.
    pub fn bend_streams(&mut self, make: impl Fn() -> Box<dyn StreamBend> + Send + 'static) {
        self.wrap_streams(move |inner| {
            Box::new(BentStream { inner, bend: make(), later: Later::default() })
        });
    }
}
