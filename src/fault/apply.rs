//! What becomes of a message, by the faults that are due for it.

use std::time::Duration;

use super::answer::{self, Asked, Carrier};
use super::draft::Draft;
use super::engine::{Engine, Seen};
use super::specification::Fault;
use super::unit::Unit;
use super::what::{Strip, What};
use super::words as say;
use crate::clock::words;
use crate::trace::Message;
use crate::wire::Side;
use crate::wire::fault::AppliedFault;
use crate::wire::tap::How;

/// What becomes of a message.
#[derive(Debug)]
pub(super) struct Plan {
    /// The message, if it is passed on.
    pub(super) pass: Option<Draft>,
    /// It is passed on twice.
    pub(super) twice: bool,
    /// It, and what is behind it, is passed on so much later.
    pub(super) delay: Duration,
    /// It alone is passed on so much later.
    pub(super) hold: Option<Duration>,
    /// It is passed on behind the next one.
    pub(super) swap: bool,
    /// It is passed on with so many bytes a second.
    pub(super) rate: Option<u64>,
    /// The connection ends behind so many bytes of it.
    pub(super) cut: Option<(How, usize)>,
    /// Its direction stands still for so long, from before it.
    pub(super) stall: Option<Duration>,
    /// What the client gets in its place.
    pub(super) instead: Option<Instead>,
    /// What was done.
    pub(super) reports: Vec<AppliedFault>,
}

/// What the client gets in place of what the server would have said.
#[derive(Debug)]
pub(super) struct Instead {
    pub(super) bytes: Vec<u8>,
    pub(super) after: Duration,
    /// It ends the stream, and the connection with it.
    pub(super) ends: bool,
}

impl Plan {
    /// What becomes of a message for which faults are due.
    pub(super) fn of(seen: &Seen, unit: Unit, asked: &Asked, engine: &mut Engine) -> Self {
        let mut plan = Self {
            pass: Some(Draft::of(unit, &seen.event.fact)),
            twice: false,
            delay: Duration::ZERO,
            hold: None,
            swap: false,
            rate: None,
            cut: None,
            stall: None,
            instead: None,
            reports: Vec::new(),
        };
        let from = seen.event.fact.from().unwrap_or(Side::Client);
        let message = say::message(&seen.event.fact, &seen.effect);
        let rid = seen.effect.message.as_ref().and_then(Message::rid);
        for fault in &seen.due {
            let Some(did) = plan.apply(fault, from, &message, seen, asked, engine) else {
                continue;
            };
            let fault = fault.title().to_owned();
            plan.reports.push(AppliedFault { fault, did, from, rid });
        }
        plan
    }

    /// Applies one more fault. Gives in words what was done, if anything was.
    fn apply(
        &mut self,
        fault: &Fault,
        from: Side,
        message: &str,
        seen: &Seen,
        asked: &Asked,
        engine: &mut Engine,
    ) -> Option<String> {
        let draft = self.pass.as_mut()?;
        Some(match &fault.what {
            What::Drop | What::Strip(Strip::Pings) => {
                self.pass = None;
                format!("dropped {message}: {}", say::unseen(from))
            }
            What::Delay { least, most } => {
                let delay = engine.between(*least, *most);
                self.delay += delay;
                format!("delayed {message} by {}", words(delay))
            }
            What::Hold(time) => {
                self.hold = Some(*time);
                format!("held {message} back for {}", words(*time))
            }
            What::Swap => {
                self.swap = true;
                format!("held {message} back until the next one has overtaken it")
            }
            What::Duplicate => {
                self.twice = true;
                format!("sent {message} twice")
            }
            What::Cut { how, at } => {
                self.cut = Some((*how, *at));
                format!("{} {message}", say::cut(*how, (*at).min(draft.len()), draft.len()))
            }
            What::Truncate(length) => {
                if !draft.truncate(*length) {
                    return None;
                }
                format!("truncated {message} to {length} bytes")
            }
            What::Garble(at) => {
                let at = draft.garble(*at)?;
                format!("made byte {at} of {message} invalid (0xff)")
            }
            What::Set { name, value } => {
                if !draft.set(name, value) {
                    return None;
                }
                format!("set {name}='{value}' in {message}")
            }
            What::Remove(name) => {
                if !draft.remove(name) {
                    return None;
                }
                format!("removed the attribute {name} from {message}")
            }
            What::Strip(strip) => {
                draft.strip(strip);
                format!("removed {} from {message}", strip.words())
            }
            What::DoubleCors => {
                draft.double_cors();
                format!("doubled Access-Control-Allow-Origin in {message}")
            }
            What::Slow(rate) => {
                self.rate = Some(*rate);
                format!("slowed {message} down to {}", say::rate(*rate))
            }
            What::Stall(time) => {
                self.stall = Some(time.unwrap_or(Duration::MAX));
                let direction = format!("what the {} sends", from.name());
                format!("stalled {direction} {}, from {message} on", say::lasting(*time))
            }
            What::Answer(answer) => {
                let page = answer::response(answer, asked);
                self.say(page, answer.after, false);
                let after = match answer.after {
                    Duration::ZERO => String::new(),
                    after => format!(" after {}", words(after)),
                };
                let status = answer.status;
                format!(
                    "answered {message} with {status}{after} in the server's place: {}",
                    say::seen(from)
                )
            }
            What::Terminate(condition) => {
                let carrier = Carrier::of(&seen.event);
                self.end(answer::end(carrier, condition, asked), carrier);
                format!(
                    "ended the session with {condition} in place of {message}: {}",
                    say::seen(from)
                )
            }
            What::SeeOther(uri) => {
                let carrier = Carrier::of(&seen.event);
                self.end(answer::elsewhere(carrier, uri, asked), carrier);
                format!("sent the client to {uri} in place of {message}: {}", say::seen(from))
            }
            What::Close { status, reason } => {
                self.end(answer::close(*status, reason), Carrier::WebSocket);
                format!("sent Close {status} in place of {message}")
            }
        })
    }

    fn end(&mut self, bytes: Vec<u8>, carrier: Carrier) {
        self.say(bytes, Duration::ZERO, carrier != Carrier::Bosh);
    }

    fn say(&mut self, bytes: Vec<u8>, after: Duration, ends: bool) {
        self.pass = None;
        self.instead = Some(Instead { bytes, after, ends });
    }
}

impl Strip {
    fn words(&self) -> &str {
        match self {
            Self::Cors => "the CORS headers",
            Self::Subprotocol => "Sec-WebSocket-Protocol",
            Self::Upgrade => "Upgrade and Connection",
            Self::Pings => "pings",
            Self::Header(name) => name,
        }
    }
}
