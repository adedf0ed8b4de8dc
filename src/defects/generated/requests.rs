//! Requests that are taken in wrongly.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::deed::{Carriage, Deed};
use super::one::Generated;
use super::place::Place;
use super::shared::Shared;
use crate::bosh::{BodyType, XBOSH};
use crate::cm::backend::Command;
use crate::cm::session::{Action, Input, Request};
use crate::defects::bend::{Bend, Cx, changed, with_payloads};
use crate::xml::Element;
use crate::xmpp::ns;

const LATE: Duration = Duration::from_secs(2);

/// A session that takes requests in wrongly at one place.
pub(super) struct Requests {
    generated: Generated,
    shared: Shared,
    /// How often each place came.
    came: BTreeMap<Place, u32>,
    seen: BTreeSet<u64>,
    after: Option<Place>,
    /// What happens to what is handed on now.
    now: Option<Carriage>,
}

impl Requests {
    pub(super) fn new(generated: Generated, shared: Shared) -> Self {
        Self {
            generated,
            shared,
            came: BTreeMap::new(),
            seen: BTreeSet::new(),
            after: None,
            now: None,
        }
    }

    fn places(&self, request: &Request, cx: &Cx<'_>) -> Vec<Place> {
        let body = &request.body;
        if self.seen.contains(&request.rid) {
            return [Place::RepeatedRequest].into_iter().chain(self.after).collect();
        }
        let mut places = vec![if body.is_empty() && body.kind() == BodyType::Ordinary {
            Place::EmptyRequest
        } else {
            Place::PayloadRequest
        }];
        let kinds = [
            (body.is_restart(), Place::RestartRequest),
            (body.pause().is_some(), Place::PauseRequest),
            (body.kind() == BodyType::Terminate, Place::TerminateRequest),
            (request.rid > cx.session().contiguous() + 1, Place::RequestBehindGap),
            (body.newkey().is_some(), Place::KeySwitchRequest),
            (body.stream().is_some() || body.to().is_some(), Place::StreamRequest),
        ];
        places.extend(kinds.into_iter().filter(|(is, _)| *is).map(|(_, place)| place));
        places.extend(self.after);
        places
    }

    fn learn(&mut self, request: &Request) {
        self.seen.insert(request.rid);
        let body = &request.body;
        self.after = if body.pause().is_some() {
            Some(Place::RequestAfterPause)
        } else if body.is_restart() {
            Some(Place::RequestAfterRestart)
        } else {
            None
        };
    }

    fn take_in(&mut self, request: &mut Request, cx: &mut Cx<'_>) {
        match self.generated.deed {
            Deed::Unseen(name) => {
                let (namespace, local) = match name.split_once(':') {
                    Some(("xmpp", local)) => (XBOSH, local),
                    Some(("xml", local)) => (ns::XML, local),
                    _ => ("", name),
                };
                if request.body.element().attr_ns(namespace, local).is_some() {
                    self.shared.seen.fires();
                    let unseen = |body: &mut Element| body.set_attr(namespace, local, None);
                    request.body = changed(&request.body, unseen);
                }
            }
            Deed::Forwarding(Carriage::Anyway) => {
                let Some(link) = cx.session().links().next() else { return };
                for payload in request.body.payloads() {
                    let mut payload = payload.clone();
                    payload.move_namespace(crate::bosh::NS, ns::CLIENT);
                    self.shared.seen.fires();
                    cx.act(Action::Command(link, Command::Send(payload)));
                }
            }
            Deed::Forwarding(Carriage::LastLost) => {
                let mut payloads: Vec<_> = request.body.payloads().cloned().collect();
                if payloads.pop().is_some() {
                    self.shared.seen.fires();
                    request.body = with_payloads(&request.body, payloads);
                }
            }
            Deed::Forwarding(Carriage::Reversed) => {
                let mut payloads: Vec<_> = request.body.payloads().cloned().collect();
                payloads.reverse();
                if payloads.len() > 1 {
                    self.shared.seen.fires();
                    request.body = with_payloads(&request.body, payloads);
                }
            }
            Deed::Forwarding(carriage) => self.now = Some(carriage),
            _ => {}
        }
    }
}

impl Bend for Requests {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        self.now = None;
        match input {
            Input::Request(mut request) => {
                let places = self.places(&request, cx);
                self.learn(&request);
                for place in places {
                    let came = self.came.entry(place).or_default();
                    *came += 1;
                    self.shared.seen.visit(place, *came);
                    if place == self.generated.place && self.generated.turn.has_come(*came - 1) {
                        self.take_in(&mut request, cx);
                    }
                }
                cx.pass(Input::Request(request));
            }
            Input::Gone(token) => {
                self.after = Some(Place::RequestAfterCut);
                cx.pass(Input::Gone(token));
            }
            input => cx.pass(input),
        }
    }

    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        let (Some(carriage), Action::Command(link, Command::Send(element))) = (self.now, &action)
        else {
            return cx.act(action);
        };
        self.shared.seen.fires();
        match carriage {
            Carriage::Lost => {}
            Carriage::Doubled => {
                cx.act(action.clone());
                cx.act(action);
            }
            Carriage::Late => cx.act_after(LATE, action),
            Carriage::NamespaceLost => {
                let mut element = element.clone();
                element.move_namespace(ns::CLIENT, crate::bosh::NS);
                cx.act(Action::Command(*link, Command::Send(element)));
            }
            Carriage::Elsewhere
            | Carriage::Trimmed
            | Carriage::LastLost
            | Carriage::Reversed
            | Carriage::Anyway => cx.act(action),
        }
    }
}
