//! What every check has at hand: the settings, the time, a voice.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use super::check::{Check, News, Outcome, Verdict};
use super::endpoint::Endpoint;
use super::settings::Settings;
use super::trouble::Trouble;
use crate::clock::Clock;
use crate::diag::sanitise::one_line;
use crate::random::{Random, Secure};
use crate::trace::redact::{self, Known};

/// What every check has at hand.
pub struct Context {
    /// What is examined, and how.
    pub settings: Settings,
    /// The time.
    pub clock: Clock,
    /// The password, which is in nothing that is said.
    known: Known,
    random: Mutex<Secure>,
    conns: AtomicU64,
    sids: Mutex<BTreeSet<String>>,
    /// The URL of the server behind the reverse proxy.
    direct: OnceLock<String>,
    out: UnboundedSender<News>,
}

impl Context {
    /// What comes of the checks goes to `out`.
    pub fn new(settings: Settings, out: UnboundedSender<News>) -> Self {
        let account = settings.account.as_ref();
        let known = Known::of(account.map(|one| (&*one.user, &*one.password)));
        let (random, conns, sids) = (Mutex::default(), AtomicU64::default(), Mutex::default());
        let (clock, direct) = (Clock::start(), OnceLock::new());
        Self { settings, clock, known, random, conns, sids, direct, out }
    }

    /// The number of a new connection.
    pub fn next_conn(&self) -> u64 {
        self.conns.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Unpredictable text, such as an id.
    pub fn token(&self) -> String {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).token(9)
    }

    /// An unpredictable number.
    pub fn number(&self) -> u64 {
        let mut bytes = [0; 8];
        self.random.lock().unwrap_or_else(PoisonError::into_inner).fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// This is the server behind the reverse proxy.
    pub fn is_behind(&self, endpoint: &Endpoint) {
        let _ = self.direct.set(endpoint.to_string()); // there is one
    }

    /// Whether no other session was granted this sid.
    pub fn is_new(&self, sid: &str) -> bool {
        self.sids.lock().unwrap_or_else(PoisonError::into_inner).insert(sid.to_owned())
    }

    fn tell(&self, news: News) {
        let _ = self.out.send(news); // nobody listens any more once it was interrupted
    }

    /// Begins a check.
    pub fn begin(&self, check: &'static Check, subject: &dyn ToString) -> Doing<'_> {
        self.tell(News::Begun(check));
        let (subject, since) = (subject.to_string(), self.clock.now());
        Doing { context: self, check, subject, program: None, since }
    }
}

/// A check under way. It says at least one outcome.
pub struct Doing<'a> {
    context: &'a Context,
    check: &'static Check,
    subject: String,
    program: Option<&'static str>,
    since: Duration,
}

impl Drop for Doing<'_> {
    fn drop(&mut self) {
        self.context.tell(News::Ended(self.check));
    }
}

impl Doing<'_> {
    fn say(&self, verdict: Verdict, trouble: Option<Trouble>, words: &str) {
        let hidden = self.context.known.hide(words);
        let words = hidden.as_deref().unwrap_or(words);
        let outcome = Outcome {
            check: self.check,
            subject: one_line(&redact::target(&self.subject)).into_owned(),
            direct: self.context.direct.get().is_some_and(|direct| *direct == self.subject),
            program: self.program.or(trouble.as_ref().and_then(|trouble| trouble.program)),
            verdict,
            words: one_line(words).into_owned(),
            trouble,
            took: self.context.clock.now().saturating_sub(self.since),
        };
        self.context.tell(News::Result(outcome));
    }

    /// This program answers there.
    #[must_use]
    pub fn by(mut self, program: Option<&'static str>) -> Self {
        self.program = program;
        self
    }

    /// As it should be.
    pub fn well(&self, words: impl AsRef<str>) {
        self.say(Verdict::Well, None, words.as_ref());
    }

    /// Worth knowing.
    pub fn note(&self, words: impl AsRef<str>) {
        self.say(Verdict::Note, None, words.as_ref());
    }

    /// Not for everybody, or not always.
    pub fn weak(&self, trouble: Trouble, words: impl AsRef<str>) {
        self.say(Verdict::Weak, Some(trouble), words.as_ref());
    }

    /// It does not work.
    pub fn broken(&self, trouble: Trouble, words: impl AsRef<str>) {
        self.say(Verdict::Broken, Some(trouble), words.as_ref());
    }

    /// It could not be checked.
    pub fn skipped(&self, words: impl AsRef<str>) {
        self.say(Verdict::Skipped, None, words.as_ref());
    }
}
