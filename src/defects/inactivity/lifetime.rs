//! How long a session lives without a request.

use std::time::Duration;

use crate::bosh::Body;
use crate::cm::parts::Parts;
use crate::cm::session::{Action, Input, Terms};
use crate::defects::bend::{Bend, Cx};

/// Longer than any test.
pub(super) const EVER: Duration = Duration::from_secs(365 * 24 * 3600);
/// What the strict session adds before it ends.
pub(super) const GRACE: Duration = Duration::from_millis(500);

/// The pause that a request asks for.
pub(super) fn seconds(body: &Body) -> Option<Duration> {
    body.pause()?.ok().map(Duration::from_secs)
}

pub(super) fn is_idle(cx: &Cx<'_>) -> bool {
    cx.session().waiting().next().is_none()
}

/// How long sessions live without a request is decided by `limit`, from the pause in force and the terms.
pub(super) fn lives(parts: &mut Parts, limit: fn(Option<Duration>, &Terms) -> Duration) {
    parts.bend(move || Box::new(Lifetime::new(limit)));
}

/// Ends a session without a request at another time than the strict one does.
pub(super) struct Lifetime<F> {
    limit: F,
    since: Duration,
    /// It counts from the request, and not from its response.
    from_request: bool,
    pause: Option<Duration>,
}

impl<F> Lifetime<F> {
    pub(super) fn new(limit: F) -> Self {
        Self { limit, since: Duration::ZERO, from_request: false, pause: None }
    }

    pub(super) fn counted_from_request(self) -> Self {
        Self { from_request: true, ..self }
    }
}

impl<F: FnMut(Option<Duration>, &Terms) -> Duration + Send> Bend for Lifetime<F> {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        if let Input::Request(request) = &input
            && request.rid > cx.session().contiguous()
        {
            self.pause = seconds(&request.body);
        }
        let settle = matches!(input, Input::Settle);
        if !settle || !is_idle(cx) {
            cx.pass(input);
            if settle && is_idle(cx) {
                // It has just answered the last request.
                let end = self.since + (self.limit)(self.pause, cx.session().terms()) + GRACE;
                cx.wake_after(end.saturating_sub(cx.now).max(GRACE));
            }
            return;
        }
        let end = self.since + (self.limit)(self.pause, cx.session().terms()) + GRACE;
        if cx.now < end {
            return cx.wake_after(end.saturating_sub(cx.now));
        }
        cx.pass(input);
        if !cx.session().is_dead() {
            cx.pass(Input::Shutdown);
        }
    }

    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        if let Action::Answer { token, .. } = &action {
            let asked = cx.asked(*token).filter(|_| self.from_request);
            self.since = asked.map_or(cx.now, |asked| asked.at);
        }
        cx.act(action);
    }
}
