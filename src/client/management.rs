//! Stream management at the client's end (XEP-0198): what comes is counted, and what is sent is kept until it is
//! acknowledged.

use std::collections::VecDeque;

use crate::xml::Element;
use crate::xmpp::ns;

/// The stream management of one session, over all connections that it has.
#[derive(Debug, Default)]
pub struct Management {
    /// It was asked for: what is sent from then on counts.
    asked: bool,
    /// The server has agreed: what comes from then on counts.
    enabled: bool,
    /// By this id the stream can be resumed.
    id: Option<String>,
    /// The stanzas that came.
    handled: u32,
    /// The stanzas that the server has acknowledged.
    acknowledged: u32,
    /// Those that it has not, the oldest first.
    unacknowledged: VecDeque<Element>,
}

/// What an element of the server means for it.
#[derive(Debug, Clone, PartialEq)]
pub enum Managed {
    /// Nothing: it is about something else.
    Other,
    /// It is dealt with.
    Done,
    /// This answers it.
    Answer(Element),
    /// The stream is resumed: these stanzas are sent again.
    Resumed(Vec<Element>),
    /// The stream cannot be resumed, or management not be enabled.
    Refused,
    /// The server claims to have handled more than was sent: the stream ends with this error.
    Impossible(Element),
}

impl Management {
    /// Whether features offer it.
    pub fn is_offered(features: &Element) -> bool {
        features.child(ns::SM3, "sm").is_some()
    }

    /// What enables it on a stream that has a resource.
    pub fn enable(&mut self) -> Element {
        *self = Self { asked: true, ..Self::default() };
        Element::new(ns::SM3, "enable").with_attr("resume", "true")
    }

    /// What resumes the stream on a new connection, if it can be resumed.
    pub fn resume(&self) -> Option<Element> {
        let id = self.id.as_ref()?;
        let resume = Element::new(ns::SM3, "resume").with_attr("previd", id);
        Some(resume.with_attr("h", &self.handled.to_string()))
    }

    /// Whether this was sent and has to be acknowledged.
    pub fn sends(&mut self, element: &Element) -> bool {
        let counts = self.asked && is_stanza(element);
        if counts {
            self.unacknowledged.push_back(element.clone());
        }
        counts
    }

    /// What was sent and is not known to have come. It is not kept any longer.
    pub fn lost(&mut self) -> Vec<Element> {
        std::mem::take(&mut self.unacknowledged).into()
    }

    /// Takes the next element that came.
    pub fn take(&mut self, element: &Element) -> Managed {
        if is_stanza(element) {
            self.handled = self.handled.wrapping_add(u32::from(self.enabled));
            return Managed::Other;
        }
        if element.namespace() != ns::SM3 {
            return Managed::Other;
        }
        match element.name() {
            "enabled" => {
                let resumes = matches!(element.attr("resume"), Some("true" | "1"));
                self.id = element.attr("id").filter(|_| resumes).map(str::to_owned);
                self.enabled = true;
                Managed::Done
            }
            "r" if self.enabled => {
                let handled = self.handled.to_string();
                Managed::Answer(Element::new(ns::SM3, "a").with_attr("h", &handled))
            }
            "a" => match self.acknowledge(element) {
                Ok(()) => Managed::Done,
                Err(error) => Managed::Impossible(*error),
            },
            "resumed" => match self.acknowledge(element) {
                Ok(()) => Managed::Resumed(self.unacknowledged.iter().cloned().collect()),
                Err(error) => Managed::Impossible(*error),
            },
            "failed" => {
                (self.asked, self.enabled, self.id) = (false, false, None);
                Managed::Refused
            }
            _ => Managed::Done,
        }
    }

    /// Takes the server's count. If it is more than was sent, this is the error that says so (§4).
    fn acknowledge(&mut self, element: &Element) -> Result<(), Box<Element>> {
        let Some(count) = element.attr("h").and_then(|h| h.parse::<u32>().ok()) else {
            return Ok(());
        };
        // The difference is modulo 2^32, so what is behind by a little seems to be ahead by very much.
        let more = count.wrapping_sub(self.acknowledged);
        if more as usize > self.unacknowledged.len() && more < u32::MAX / 2 {
            let sent = self.acknowledged.wrapping_add(self.unacknowledged.len() as u32);
            let too_high = Element::new(ns::SM3, "handled-count-too-high")
                .with_attr("h", &count.to_string())
                .with_attr("send-count", &sent.to_string());
            let condition = Element::new(ns::STREAM_ERRORS, "undefined-condition");
            let error = Element::new(ns::STREAMS, "error");
            return Err(Box::new(error.with_child(condition).with_child(too_high)));
        }
        for _ in 0..more.min(self.unacknowledged.len() as u32) {
            self.unacknowledged.pop_front();
            self.acknowledged = self.acknowledged.wrapping_add(1);
        }
        Ok(())
    }
}

fn is_stanza(element: &Element) -> bool {
    element.namespace() == ns::CLIENT && matches!(element.name(), "message" | "presence" | "iq")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: &str) -> Element {
        Element::new(ns::CLIENT, "message").with_attr("id", id)
    }

    fn sm(name: &str, attributes: &[(&str, &str)]) -> Element {
        let start = Element::new(ns::SM3, name);
        attributes.iter().fold(start, |element, (name, value)| element.with_attr(name, value))
    }

    fn enabled() -> Management {
        let mut management = Management::default();
        management.enable();
        let agreed = sm("enabled", &[("id", "x"), ("resume", "true")]);
        assert_eq!(management.take(&agreed), Managed::Done);
        management
    }

    #[test]
    fn what_comes_is_counted_from_enabled_on() {
        let mut management = Management::default();
        assert_eq!(management.take(&message("early")), Managed::Other);
        management.enable();
        management.take(&message("before it is agreed"));
        management.take(&sm("enabled", &[]));
        management.take(&message("one"));
        let asked = management.take(&sm("r", &[]));
        assert_eq!(asked, Managed::Answer(sm("a", &[("h", "1")])));
        assert_eq!(management.resume(), None, "the server gave no id");
    }

    #[test]
    fn what_is_not_acknowledged_is_sent_again() {
        let mut management = enabled();
        for id in ["1", "2", "3"] {
            assert!(management.sends(&message(id)));
        }
        assert!(!management.sends(&sm("r", &[])));
        assert_eq!(management.take(&sm("a", &[("h", "1")])), Managed::Done);
        management.take(&message("came"));
        assert_eq!(management.resume(), Some(sm("resume", &[("previd", "x"), ("h", "1")])));
        let resumed = management.take(&sm("resumed", &[("previd", "x"), ("h", "2")]));
        assert_eq!(resumed, Managed::Resumed(vec![message("3")]));
        assert_eq!(management.take(&sm("failed", &[])), Managed::Refused);
        assert_eq!(management.resume(), None);
        assert_eq!(management.lost(), [message("3")]);
    }

    #[test]
    fn a_count_above_what_was_sent_ends_the_stream_and_an_old_one_does_nothing() {
        let mut management = enabled();
        management.sends(&message("1"));
        management.sends(&message("2"));
        management.take(&sm("a", &[("h", "2")]));
        assert_eq!(management.take(&sm("a", &[("h", "1")])), Managed::Done);
        let Managed::Impossible(error) = management.take(&sm("a", &[("h", "9")])) else {
            panic!("9 stanzas were not sent");
        };
        let why = error.child(ns::SM3, "handled-count-too-high");
        assert_eq!(why.and_then(|why| why.attr("send-count")), Some("2"));
    }
}
