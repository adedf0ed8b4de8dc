//! What a stream error follows from: what the trace shows before it is the first suspect, and the general meaning of its
//! condition comes second.

use std::time::Duration;

use super::conflicts::{Conflicts, conflict};
use super::course::{Course, Restart};
use super::early::{TooEarly, too_early_at_all};
use super::errors;
use super::line::{LinePart, LineView};
use super::odd::{Odd, odd};
use super::said;
use super::suspect::{Asking, Big, Cause, host, other_host, silence, specific};
use crate::clock::words;
use crate::rules::finding::{Level, Party};
use crate::rules::moment::Moment;
use crate::rules::words::short;
use crate::trace::{Message, Reading};
use crate::wire::Side;
use crate::xmpp::{jid, ns};

/// Servers have limits from about this size on.
const BIG: usize = 8 * 1024;

/// The side, at the beginning of a sentence.
pub(super) fn side(side: Side) -> &'static str {
    match side {
        Side::Client => "The client",
        Side::Server => "The server",
    }
}

/// What is known of a stream when an error comes.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) course: Course,
    /// The last thing each side sent that is not allowed or unusual.
    odd: [Option<(Duration, Odd)>; 2],
    /// The first stanza that came too early.
    early: Option<(Duration, String, TooEarly)>,
    /// What the client sent after a login that needs a restart.
    unrestarted: Option<(Duration, String)>,
    /// The last big stanza of each side.
    big: [Option<Big>; 2],
    /// The name of the last element of each side, if it could be read.
    last: [Option<(Duration, Option<String>)>; 2],
    /// `from` of the client's last stanza.
    sender: Option<String>,
    /// How often the login has failed, and when it did so last.
    refused: (u32, Duration),
}

impl History {
    /// Takes what happens, after it was judged.
    pub(super) fn take(&mut self, view: &LineView<'_>, moment: &Moment<'_>) {
        if let LinePart::Message(message) = view.part {
            let content = moment.event.fact.content();
            let (bytes, size) = content.map_or((&[][..], 0), |it| (&it.bytes, it.size));
            self.message(view, message, bytes, size as usize);
        }
        self.course.take(view);
    }

    fn message(&mut self, view: &LineView<'_>, message: &Message, bytes: &[u8], size: usize) {
        let (from, at) = (message.from, view.at);
        let unusual = self.out_of_place(view, message).or_else(|| odd(view, message, bytes));
        if let Some(mut odd) = unusual {
            // Whoever joins late does not know which framing is spoken, and reports nothing of it.
            let joined = view.session.websocket().is_some_and(|link| link.handshake.is_none());
            odd.reported &= !joined || view.opened(from);
            self.odd[from as usize] = Some((at, odd));
        }
        let name = match &message.reading {
            Reading::Element(element) | Reading::Header(element) => Some(element.name()),
            Reading::Partial => None,
            _ => return,
        };
        if size >= BIG {
            let id = message.stanzas.first().and_then(|stanza| stanza.summary.id.clone());
            self.big[from as usize] = Some(Big { at, name: shown(name), size, id });
        }
        self.last[from as usize] = Some((at, name.map(str::to_owned)));
        let Reading::Element(element) = &message.reading else { return };
        if from == Side::Server {
            if matches!(element.namespace(), ns::SASL | ns::SASL2) && element.name() == "failure" {
                self.refused = (self.refused.0 + 1, at);
            }
            return;
        }
        if let Some(Restart::Login) = self.course.restart.map(|(_, why)| why)
            && !element.is(ns::FRAMING, "open")
            && !element.is(ns::FRAMING, "close")
            && !self.course.old_framing
        {
            self.unrestarted = Some((at, shown(name)));
        } else if let Some(why) = too_early_at_all(&self.course, element) {
            self.early = Some((at, shown(name), why));
        } else if element.is(ns::CLIENT, "iq") {
            // A bind mends it.
            self.early = None;
        }
        if element.namespace() == ns::CLIENT {
            self.sender = element.attr("from").map(str::to_owned);
        }
    }

    /// What is unusual by what came before it.
    fn out_of_place(&self, view: &LineView<'_>, message: &Message) -> Option<Odd> {
        let course = &self.course;
        let secured = view.session.tcp().is_none_or(|tcp| tcp.secured.is_some());
        if message.from == Side::Client
            && course.tls_required
            && !secured
            && let Reading::Element(element) = &message.reading
            && matches!(element.namespace(), ns::SASL | ns::SASL2)
        {
            return Some(Odd::reported(
                "a login without the TLS that the server requires".to_owned(),
            ));
        }
        if message.from == Side::Server || !view.is_websocket() && course.restart.is_none() {
            return None;
        }
        let opens = Course::opens(view, message).is_some();
        if opens && course.restart.is_some() && course.closed[0].is_some() {
            let close = view.either("<close/>", "</stream:stream>");
            return Some(Odd::reported(format!("{close} in order to open its stream anew")));
        }
        match &message.reading {
            Reading::Element(element)
                if !opens
                    && course.whole
                    && course.opens == 0
                    && view.line.elements[0] == 1
                    && element.name() == "open" =>
            {
                let namespace = short(element.namespace());
                Some(Odd::reported(format!("<open/> in the namespace '{namespace}'")))
            }
            Reading::Element(element)
                if !opens && course.whole && course.opens == 0 && view.line.elements[0] == 1 =>
            {
                Some(Odd::reported(format!("<{}/> in place of <open/>", short(element.name()))))
            }
            _ => None,
        }
    }

    /// Explains a stream error: in words, how serious it is, and who should look at it.
    pub(super) fn explain(
        &self,
        asking: &Asking<'_>,
        conflicts: &mut Conflicts,
    ) -> (String, Level, Party) {
        let (level, party) = errors::standing(asking.condition, asking.from);
        let condition = if asking.condition.is_empty() { "no condition" } else { asking.condition };
        let who = match asking.from {
            Side::Client => " from the client",
            Side::Server => "",
        };
        let text = errors::quoted(asking.error);
        let begins = format!("Stream error {}{who}{text}", short(condition));
        if let Some(cause) = self.cause(asking, conflicts) {
            let words = format!("{begins}: {}", cause.words);
            let level = if cause.reported { Level::Note } else { level };
            return (words, level, cause.party.unwrap_or(party));
        }
        let meaning = errors::meaning_of(asking.error).filter(|_| asking.from == Side::Server);
        let meaning = meaning.map(|words| format!(": {words}")).unwrap_or_default();
        (format!("{begins}{meaning}.{}", self.before(asking)), level, party)
    }

    /// What came last before an error that says little.
    fn before(&self, asking: &Asking<'_>) -> String {
        let vague = matches!(
            asking.condition,
            "undefined-condition"
                | "unsupported-stanza-type"
                | "internal-server-error"
                | ""
                | "invalid-xml"
                | "bad-format"
                | "not-authorized"
                | "not-well-formed"
        );
        let last = self.last[asking.from.other() as usize].as_ref();
        match last.filter(|(at, _)| vague && asking.is_near(*at)) {
            Some((at, name)) => format!(
                " {} had sent {} {} before.",
                side(asking.from.other()),
                shown(name.as_deref()),
                asking.ago(*at)
            ),
            None => String::new(),
        }
    }

    fn cause(&self, asking: &Asking<'_>, conflicts: &mut Conflicts) -> Option<Cause> {
        let by_condition = match (asking.from, asking.condition) {
            (Side::Client, "connection-timeout") => silence(asking, Side::Server),
            (Side::Server, "host-unknown" | "host-gone" | "improper-addressing") => host(asking),
            (Side::Server, "not-authorized") => self.secret(asking).or_else(|| self.early(asking)),
            (Side::Server, "conflict") => Some(conflict(asking, conflicts)),
            (Side::Server, "see-other-host") => other_host(asking.error),
            (Side::Server, "policy-violation" | "resource-constraint") => {
                self.limit(asking, conflicts)
            }
            (Side::Server, "connection-timeout") => {
                self.waiting(asking).or_else(|| silence(asking, Side::Client))
            }
            (Side::Server, "undefined-condition") => said::meaning(&errors::text(asking.error))
                .map(|meaning| Cause::plain(format!("{meaning}.")))
                .or_else(|| specific(asking.error)),
            (Side::Server, "invalid-from") => self.wrong_sender(asking),
            (Side::Server, "system-shutdown" | "reset") => return None,
            _ => None,
        };
        by_condition.or_else(|| self.odd(asking)).or_else(|| {
            let vague = matches!(
                asking.condition,
                "undefined-condition"
                    | "invalid-xml"
                    | "bad-format"
                    | "unsupported-stanza-type"
                    | "invalid-namespace"
                    | "policy-violation"
                    | ""
            );
            if vague && asking.from == Side::Server { self.early(asking) } else { None }
        })
    }

    /// What is not allowed or unusual, right before.
    fn odd(&self, asking: &Asking<'_>) -> Option<Cause> {
        if matches!(asking.condition, "conflict" | "connection-timeout" | "internal-server-error") {
            return None;
        }
        let sender = asking.from.other();
        let (at, odd) = self.odd[sender as usize].as_ref()?;
        if !asking.is_near(*at) || odd.only.is_some_and(|only| only != asking.condition) {
            return None;
        }
        let what = &odd.what;
        let ago = asking.ago(*at);
        let words = format!("follows from what the {} sent {ago} before, {what}.", sender.name());
        Some(Cause { words, party: Some(sender.into()), reported: odd.reported })
    }

    /// A component's handshake (XEP-0114).
    fn secret(&self, asking: &Asking<'_>) -> Option<Cause> {
        let (at, name) = self.last[Side::Client as usize].as_ref()?;
        let is_near = name.as_deref() == Some("handshake") && asking.is_near(*at);
        is_near.then(|| {
            Cause::plain(format!(
                "it answers the component's <handshake/> {} before. The component and the server \
                 have to be configured with the same secret.",
                asking.ago(*at)
            ))
        })
    }

    /// What came too early.
    fn early(&self, asking: &Asking<'_>) -> Option<Cause> {
        if let Some((at, name)) = self.unrestarted.as_ref().filter(|(at, _)| asking.is_near(*at))
            && self.course.restart.is_some()
        {
            return Cause::client(format!(
                "the client sent {name} {} before, without having opened the stream anew after \
                 SASL succeeded.",
                asking.ago(*at)
            ))
            .map(Cause::reported);
        }
        let (at, name, why) = self.early.as_ref().filter(|(at, ..)| asking.is_near(*at))?;
        let ago = asking.ago(*at);
        Cause::client(match (why, self.course.resume_failed) {
            (TooEarly::Login, _) => {
                format!("the client sent {name} {ago} before, and had not logged in.")
            }
            (TooEarly::Bind, Some(_)) => format!(
                "the client sent {name} {ago} before, and had bound no resource after its \
                 resumption was refused: it has to bind first."
            ),
            (TooEarly::Bind, None) => format!(
                "the client sent {name} {ago} before, and had bound no resource: it has to bind \
                 first."
            ),
        })
        .map(Cause::reported)
    }

    /// A restart that the server waits for.
    fn waiting(&self, asking: &Asking<'_>) -> Option<Cause> {
        let (since, why) = self.course.restart?;
        if why != Restart::Login || self.course.old_framing {
            return None;
        }
        Cause::client(format!(
            "SASL had succeeded {} before, and the client has not opened the stream anew.",
            asking.ago(since)
        ))
        .map(Cause::reported)
    }

    /// A limit of the server, by what it says, or else by what came before.
    fn limit(&self, asking: &Asking<'_>, conflicts: &mut Conflicts) -> Option<Cause> {
        let text = errors::text(asking.error);
        let plain = said::is_plain(&text, asking.condition);
        match said::meaning(&text).filter(|_| !plain) {
            Some(said::FAILED_LOGINS) => self.refused(asking),
            Some(said::TOO_BIG) => self.size(asking, conflicts),
            Some(meaning) => Some(Cause::plain(format!("{meaning}."))),
            None if plain => self.refused(asking).or_else(|| self.size(asking, conflicts)),
            None => None,
        }
    }

    /// Logins that failed.
    fn refused(&self, asking: &Asking<'_>) -> Option<Cause> {
        let (count, at) = self.refused;
        if count == 0 || !asking.is_near(at) {
            return None;
        }
        let times = if count == 1 { "once".to_owned() } else { format!("{count} times") };
        let ago = asking.ago(at);
        Cause::client(format!("the login had failed {times}, the last time {ago} before."))
            .map(Cause::reported)
    }

    /// The last big stanza.
    fn size(&self, asking: &Asking<'_>, conflicts: &mut Conflicts) -> Option<Cause> {
        let big = self.big[0].as_ref().filter(|big| asking.is_near(big.at))?;
        let Big { at, name, size, .. } = big;
        let jid = asking.view.session.jid().unwrap_or_default();
        let again = conflicts.blame(jid, big, asking.view.at);
        let limit = match again {
            Some(before) => format!(
                ". It ended the stream {} before as well: as long as the client sends it again, no \
                 stream lives",
                words(before)
            ),
            None if asking.condition == "policy-violation" => {
                ", which is probably more than the server's limit. Sent again, it ends the next \
                 stream as well"
                    .to_owned()
            }
            None => String::new(),
        };
        let ago = asking.ago(*at);
        Cause::client(format!("{name} of {size} bytes came from the client {ago} before{limit}."))
    }

    fn wrong_sender(&self, asking: &Asking<'_>) -> Option<Cause> {
        let (from, jid) = (self.sender.as_deref()?, asking.view.session.jid()?);
        if from == jid || from == jid::before_slash(jid) {
            return None;
        }
        Cause::client(format!(
            "the client's last stanza has from='{}', but its address is {}.",
            short(from),
            short(jid)
        ))
    }
}

/// The name of an element as it is shown.
fn shown(name: Option<&str>) -> String {
    name.map_or("a message".to_owned(), |name| format!("<{}/>", short(name)))
}
