//! A session that is carried without BOSH, or what behaves like one.

use std::time::Duration;

use super::message::{Action, Input};
use super::session::Session;

/// A session, or what behaves like one.
pub trait Conduct: Send {
    /// Takes in what came, and says what is to be done.
    fn handle(&mut self, input: Input, now: Duration, out: &mut Vec<Action>);
    /// When [`Input::Wake`] is due if nothing comes before.
    fn deadline(&self) -> Option<Duration>;
    /// The session itself.
    fn session(&self) -> &Session;
}

impl Conduct for Session {
    fn handle(&mut self, input: Input, now: Duration, out: &mut Vec<Action>) {
        Session::handle(self, input, now, out);
    }

    fn deadline(&self) -> Option<Duration> {
        Session::deadline(self)
    }

    fn session(&self) -> &Session {
        self
    }
}

/// What makes a session behave; by default nothing does.
pub type Conductor = Box<dyn FnMut(Session) -> Box<dyn Conduct> + Send>;
