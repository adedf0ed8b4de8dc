//! What is inlined in SASL2: Bind 2 (XEP-0386), and stream management (XEP-0198 §9).

use super::view::{ElementView, unseen};
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::memory::PerLine;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::trace::Fact;
use crate::wire::Side;
use crate::xml::Element;
use crate::xmpp::ns;

/// Judges what is inlined in a login.
#[derive(Debug, Default)]
pub struct Bind2 {
    lines: PerLine<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What the server offers; none if that was not seen.
    offered: Option<Inlined>,
    /// What the client asks for.
    asked: Inlined,
}

/// What is inlined.
#[derive(Debug, Default, Clone, Copy)]
struct Inlined {
    bind: bool,
    enable: bool,
    resume: bool,
}

impl Rule for Bind2 {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        if let Fact::Closed { .. } = moment.event.fact {
            self.lines.take(moment.event.conn);
            return;
        }
        if unseen(moment).is_some() {
            *self.lines.of(moment.event.conn) = State::default();
        }
        let Some(view) = ElementView::of(moment) else { return };
        let element = view.element;
        match (view.from, element.namespace(), element.name()) {
            (Side::Server, ns::STREAMS, "features") => {
                let inline = element.child(ns::SASL2, "authentication");
                let inline = inline.and_then(|offer| offer.child(ns::SASL2, "inline"));
                self.lines.of(moment.event.conn).offered = Some(Inlined {
                    bind: inline.is_some_and(|inline| inline.child(ns::BIND2, "bind").is_some()),
                    enable: false,
                    resume: inline.is_some_and(|inline| inline.child(ns::SM3, "sm").is_some()),
                });
            }
            (Side::Client, ns::SASL2, "authenticate") => {
                let bind = element.child(ns::BIND2, "bind");
                self.lines.of(moment.event.conn).asked = Inlined {
                    bind: bind.is_some(),
                    enable: bind.is_some_and(|bind| bind.child(ns::SM3, "enable").is_some()),
                    resume: element.child(ns::SM3, "resume").is_some(),
                };
            }
            (Side::Server, ns::SASL2, "success") => {
                self.lines.of(moment.event.conn).succeeded(element, found);
            }
            _ => {}
        }
    }
}

impl State {
    fn succeeded(&mut self, success: &Element, found: &mut Findings) {
        let asked = std::mem::take(&mut self.asked);
        let child = |name| success.child(ns::SM3, name);
        let (resumed, failed) = (child("resumed").is_some(), child("failed").is_some());
        let bound = success.child(ns::BIND2, "bound");
        let not_offered =
            |what: fn(&Inlined) -> bool| self.offered.is_some_and(|offer| !what(&offer));
        if resumed && bound.is_some() {
            let text = "<success/> has both <resumed/> and <bound/>: if the session is resumed, bind is ignored. The client \
                        cannot know which address it has.";
            resume_first(Party::Server, Level::Error, text, found);
        } else if asked.resume && !resumed && !failed && !not_offered(|offer| offer.resume) {
            let text = "The client asked to resume a session within its login, and <success/> has neither <resumed/> nor \
                        <failed/>.";
            resume_first(Party::Server, Level::Error, text, found);
        }
        if resumed || !asked.bind {
            return;
        }
        let Some(bound) = bound else {
            if not_offered(|offer| offer.bind) {
                let text = "The client asked to bind within its login, which the server does not offer, and <success/> has no \
                            <bound/>: the client has to bind now.";
                lacks(Party::Client, Level::Warning, text, found);
            } else {
                let text = "The client asked to bind within its login, and <success/> has no <bound/>: the client has no \
                            address.";
                lacks(Party::Server, Level::Error, text, found);
            }
            return;
        };
        let jid = success.child(ns::SASL2, "authorization-identifier").map(Element::text);
        if !jid.is_some_and(|jid| jid.contains('/')) {
            let text = "<success/> has <bound/>, but its authorization-identifier is not a full JID: the client does not learn \
                        its resource.";
            lacks(Party::Server, Level::Error, text, found);
        }
        let answered =
            ["enabled", "failed"].iter().any(|name| bound.child(ns::SM3, name).is_some());
        if asked.enable && !answered {
            let text = "The client asked for stream management within bind, and <bound/> has neither <enabled/> nor <failed/>: \
                        the two sides may count from different moments.";
            lacks(Party::Server, Level::Error, text, found);
        }
    }
}

fn lacks(party: Party, level: Level, text: &str, found: &mut Findings) {
    found.add(&kinds::BIND2_LACKS, "bind2-inline", level, party, text);
}

fn resume_first(party: Party, level: Level, text: &str, found: &mut Findings) {
    found.add(&kinds::BIND2_LACKS, "sm-inline-resume-first", level, party, text);
}

#[cfg(test)]
#[path = "bind2_tests.rs"]
mod tests;
