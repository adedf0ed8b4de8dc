//! Streams that go wrong at one place.

use std::collections::BTreeMap;
use std::time::Duration;

use super::deed::StreamDeed;
use super::place::{Before, StreamPlace};
use crate::cm::stream::{Action, Input, Output};
use crate::defects::bend_stream::{StreamBend, StreamCx};
use crate::defects::generated::deed::Deed;
use crate::defects::generated::one::{Generated, Turn};
use crate::defects::generated::place::Place;
use crate::defects::generated::shared::Seen;
use crate::xml::Element;
use crate::xmpp::ns;

const LATE: Duration = Duration::from_secs(2);
const VERY_LATE: Duration = Duration::from_secs(20);

/// A stream that goes wrong at one place.
pub(in crate::defects::generated) struct Streams {
    place: Place,
    /// None only looks where a run comes to.
    deed: Option<StreamDeed>,
    turn: Turn,
    seen: Seen,
    /// How often each place came.
    came: BTreeMap<StreamPlace, u32>,
    before: Before,
    /// The attributes of the element before, of this place.
    stale: Option<Element>,
    swapped_out: Option<Action>,
    swapped_in: Option<Input>,
    /// Nothing is sent any more in this turn.
    silent: bool,
    deaf: bool,
}

impl Streams {
    pub(in crate::defects::generated) fn new(generated: Generated, seen: Seen) -> Self {
        let deed = match generated.deed {
            Deed::Stream(deed) => Some(deed),
            _ => None,
        };
        Self {
            place: generated.place,
            deed,
            turn: generated.turn,
            seen,
            came: BTreeMap::new(),
            before: Before::default(),
            stale: None,
            swapped_out: None,
            swapped_in: None,
            silent: false,
            deaf: false,
        }
    }

    /// What goes wrong here, if it is the place and the turn for it.
    fn strikes(&mut self, place: Option<StreamPlace>) -> Option<StreamDeed> {
        let place = place?;
        let times = self.came.entry(place).or_default();
        let before = std::mem::replace(times, *times + 1);
        self.seen.visit(Place::Stream(place), before + 1);
        self.deed.filter(|_| Place::Stream(place) == self.place && self.turn.has_come(before))
    }

    /// The same thing, gone wrong; none if nothing can be wrong with it.
    fn wrong(&mut self, output: &Output, deed: StreamDeed) -> Option<Output> {
        match output {
            Output::Header(header) => {
                let StreamDeed::Attribute(name, wrong) = deed else { return None };
                let mut header = header.clone();
                let place = match name {
                    "from" => &mut header.from,
                    "to" => &mut header.to,
                    "id" => &mut header.id,
                    "version" => &mut header.version,
                    _ => &mut header.lang,
                };
                let new = wrong.value(place.as_deref(), None)?;
                *place = new;
                Some(Output::Header(header))
            }
            Output::Element(element) => {
                let changed = self.wrong_element(element, deed)?;
                (changed != *element).then_some(Output::Element(changed))
            }
            Output::Close(_) => match deed {
                StreamDeed::Status(status) => Some(Output::Close(status)),
                _ => None,
            },
            _ => None,
        }
    }

    fn wrong_element(&self, element: &Element, deed: StreamDeed) -> Option<Element> {
        let mut changed = element.clone();
        match deed {
            StreamDeed::Attribute(name, wrong) => {
                let (namespace, local) =
                    name.strip_prefix("xml:").map_or(("", name), |local| (ns::XML, local));
                let stale = self.stale.as_ref().and_then(|old| old.attr_ns(namespace, local));
                let new = wrong.value(element.attr_ns(namespace, local), stale)?;
                changed.set_attr(namespace, local, new.as_deref());
            }
            StreamDeed::Namespace => {
                changed = renamed(element, "urn:example:other", element.name());
            }
            StreamDeed::Name => changed = renamed(element, element.namespace(), "other"),
            StreamDeed::ChildLost => {
                let first = element.children().next()?.clone();
                changed = without(element, &first);
            }
            StreamDeed::ChildAdded => changed.push(Element::new("urn:example:added", "added")),
            StreamDeed::ChildNamespace => {
                element.children().next()?;
                changed = empty(element);
                for child in element.children() {
                    changed.push(renamed(child, "urn:example:other", child.name()));
                }
            }
            _ => return None,
        }
        Some(changed)
    }

    fn note(&mut self, output: &Output) {
        match output {
            Output::Header(_) => self.before.headers += 1,
            Output::Element(element) => {
                self.before.features += u32::from(element.is(ns::STREAMS, "features"));
                self.before.resumed |= element.is(ns::SM3, "resumed");
            }
            _ => {}
        }
    }
}

fn empty(element: &Element) -> Element {
    let mut bare = Element::new(element.namespace(), element.name());
    for (namespace, name, value) in element.attributes() {
        bare.set_attr(namespace, name, Some(value));
    }
    bare
}

fn renamed(element: &Element, namespace: &str, name: &str) -> Element {
    let mut new = Element::new(namespace, name);
    for (of, name, value) in element.attributes() {
        new.set_attr(of, name, Some(value));
    }
    for child in element.children() {
        new.push(child.clone());
    }
    let text = element.text();
    if element.children().next().is_none() && !text.is_empty() { new.with_text(&text) } else { new }
}

fn without(element: &Element, child: &Element) -> Element {
    let mut new = empty(element);
    let mut left_out = false;
    for one in element.children() {
        if !left_out && one == child {
            left_out = true;
            continue;
        }
        new.push(one.clone());
    }
    new
}

impl StreamBend for Streams {
    fn come(&mut self, input: Input, cx: &mut StreamCx<'_>) {
        self.silent = false;
        let of_client = !matches!(input, Input::Server(..) | Input::Wake | Input::Shutdown);
        if self.deaf && of_client && !matches!(input, Input::Gone(_)) {
            return;
        }
        if matches!(input, Input::Element(_)) {
            self.before.resumed = false;
        }
        let place = StreamPlace::of_input(&input);
        let Some(deed) = self.strikes(place) else {
            cx.pass(input);
            if let Some(held) = self.swapped_in.take() {
                cx.pass(held);
            }
            return;
        };
        self.seen.fires();
        match deed {
            StreamDeed::Lost => {}
            StreamDeed::Doubled => {
                cx.pass(input.clone());
                cx.pass(input);
            }
            StreamDeed::Late => cx.pass_after(LATE, input),
            StreamDeed::VeryLate => cx.pass_after(VERY_LATE, input),
            StreamDeed::Swapped => self.swapped_in = Some(input),
            _ => cx.pass(input),
        }
    }

    fn go(&mut self, action: Action, cx: &mut StreamCx<'_>) {
        let Action::Send(output) = action else { return cx.act(action) };
        let place = StreamPlace::of_output(&output, self.before);
        self.note(&output);
        let deed = self.strikes(place);
        if self.silent {
            return;
        }
        let held = self.swapped_out.take();
        match deed {
            None => cx.send(output),
            Some(StreamDeed::Lost) => self.seen.fires(),
            Some(StreamDeed::Doubled) => {
                self.seen.fires();
                cx.send(output.clone());
                cx.send(output);
            }
            Some(StreamDeed::Late) => {
                self.seen.fires();
                cx.act_after(LATE, Action::Send(output));
            }
            Some(StreamDeed::VeryLate) => {
                self.seen.fires();
                cx.act_after(VERY_LATE, Action::Send(output));
            }
            Some(StreamDeed::Swapped) => {
                self.seen.fires();
                self.swapped_out = Some(Action::Send(output));
            }
            Some(StreamDeed::EndsAfter) => {
                self.seen.fires();
                self.silent = true;
                self.deaf = true;
                cx.send(output);
                cx.send(Output::End);
                cx.send(Output::Close(1000));
            }
            Some(StreamDeed::CutAfter) => {
                self.seen.fires();
                self.silent = true;
                self.deaf = true;
                cx.send(output);
                cx.send(Output::Close(1006));
            }
            Some(StreamDeed::NothingAfter) => {
                self.seen.fires();
                self.silent = true;
                self.deaf = true;
                cx.send(output);
            }
            Some(StreamDeed::DeafAfter) => {
                self.seen.fires();
                self.deaf = true;
                cx.send(output);
            }
            Some(deed) => {
                let wrong = self.wrong(&output, deed);
                if wrong.as_ref().is_some_and(|wrong| *wrong != output) {
                    self.seen.fires();
                }
                if let Output::Element(element) = &output {
                    self.stale = Some(element.clone());
                }
                cx.send(wrong.unwrap_or(output));
            }
        }
        if let Some(held) = held {
            cx.act(held);
        }
    }
}
