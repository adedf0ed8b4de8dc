//! Defects of key sequences (XEP-0124 §15).

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use bytes::Bytes;
use http::{Request, Response};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use super::bend::{Bend, Cx, changed, replies, requests};
use super::defect::{Family, defect};
use super::edge::{BendHttp, body, text};
use super::steps::{Standing, ends_with, first_link, forget, is_message, standing, stanzas};
use crate::cm::backend::{Command, Link};
use crate::cm::machine::Answer;
use crate::cm::parts::Parts;
use crate::cm::session::{Action, Input, Token};
use crate::xml::Element;

pub(super) const DEFECTS: Family = &[&[
    defect(
        "bosh-key-case-insensitive",
        "a newkey in upper-case digits never matches the key that follows",
        |parts| {
            parts.on_body(|body| {
                let upper =
                    |newkey: &str| newkey.contains(|digit: char| digit.is_ascii_uppercase());
                if body.attr("newkey").is_some_and(upper) {
                    body.set_attr("", "newkey", Some("-"));
                }
            });
        },
    ),
    defect(
        "bosh-cm-verify-key",
        "the eighth key of a sequence is taken for a wrong one though it is right",
        |parts| {
            parts.bend(|| {
                let mut count = 0;
                requests(move |request, session| {
                    if request.body.key().is_none()
                        || !matches!(
                            standing(request.rid, session),
                            Standing::Next | Standing::Ahead
                        )
                    {
                        return;
                    }
                    count += 1;
                    if count == 8 {
                        spoil(&mut request.body);
                    }
                    if request.body.newkey().is_some() {
                        count = 0;
                    }
                })
            });
        },
    ),
    defect(
        "bosh-key-mismatch-not-processed/messages",
        "messages of a request with a wrong key are handed on before its session ends",
        |parts| parts.bend(|| Box::new(Processed::default())),
    ),
    defect(
        "bosh-key-mismatch-not-processed/answered",
        "a request that comes again gets the response that is kept, whatever its key",
        |parts| again(parts, Standing::Remembered),
    ),
    defect(
        "bosh-key-mismatch-not-processed/held",
        "a request that comes again while it is held takes its place, whatever its key",
        |parts| again(parts, Standing::Waiting),
    ),
    defect(
        "bosh-key-mismatch-terminates/alive",
        "a request with a wrong key is refused with item-not-found, but its session lives on",
        |parts| {
            parts.bend_http(Watch::new(
                |_, _, _| false,
                |body| {
                    body.set_attr("", "sid", Some("unknown"));
                },
            ));
        },
    ),
    defect(
        "bosh-key-mismatch-condition/condition",
        "a wrong key ends the session with policy-violation in place of item-not-found",
        |parts| parts.bend(|| Box::new(Condition { missing: false, next: None })),
    ),
    defect(
        "bosh-key-mismatch-condition/last",
        "the last key is taken again, as if it were the one after it",
        |parts| lenient(parts, |_, chain, key| key.eq_ignore_ascii_case(&chain.expected)),
    ),
    defect(
        "bosh-key-mismatch-condition/skipped",
        "a key that is further down the sequence is accepted",
        |parts| {
            lenient(parts, |_, chain, key| sha1(&sha1(key)).eq_ignore_ascii_case(&chain.expected));
        },
    ),
    defect(
        "bosh-key-mismatch-condition/longer",
        "of a key only the first 40 characters are looked at",
        |parts| {
            lenient(parts, |_, chain, key| {
                let start = key.get(..40).unwrap_or(key);
                sha1(start).eq_ignore_ascii_case(&chain.expected)
            });
        },
    ),
    defect(
        "bosh-key-mismatch-condition/end",
        "a request that ends the session needs a key, but no right one",
        |parts| lenient(parts, |body, _, _| body.attr("type") == Some("terminate")),
    ),
    defect(
        "bosh-key-missing/accepted",
        "a request without a key is accepted where one is due",
        |parts| {
            lenient(parts, |body, _, _| body.attr("key").is_none());
        },
    ),
    defect(
        "bosh-key-missing/first",
        "the first request after the creation of a session needs no key",
        |parts| lenient(parts, |body, chain, _| body.attr("key").is_none() && chain.first),
    ),
    defect("bosh-key-missing/end", "a request that ends the session needs no key", |parts| {
        lenient(parts, |body, _, _| {
            body.attr("key").is_none() && body.attr("type") == Some("terminate")
        });
    }),
    defect("bosh-key-missing/pause", "a request for a pause needs no key", |parts| {
        lenient(parts, |body, _, _| body.attr("key").is_none() && body.attr("pause").is_some());
    }),
    defect(
        "bosh-key-mismatch-terminates/last",
        "the key of the request before is right too",
        |parts| {
            lenient(parts, |body, chain, _| body.attr("key") == Some(&*chain.expected));
        },
    ),
    defect("bosh-key-missing/newkey", "a request with a newkey needs no key", |parts| {
        lenient(parts, |body, _, _| body.attr("key").is_none() && body.attr("newkey").is_some());
    }),
    defect(
        "bosh-key-missing/condition",
        "a missing key ends the session with bad-request in place of item-not-found",
        |parts| parts.bend(|| Box::new(Condition { missing: true, next: None })),
    ),
    defect(
        "bosh-key-resend-and-order/resend",
        "a request that comes again with its old key is refused as if the key were wrong",
        |parts| {
            parts.bend(|| {
                requests(|request, session| {
                    if request.body.key().is_some()
                        && standing(request.rid, session) == Standing::Remembered
                    {
                        forget(request);
                    }
                })
            });
        },
    ),
    defect(
        "bosh-key-resend-and-order/order",
        "keys are verified in the order of arrival, so that one ahead of a gap is taken for wrong",
        |parts| {
            parts.bend(|| {
                requests(|request, session| {
                    if request.body.key().is_some()
                        && standing(request.rid, session) == Standing::Ahead
                    {
                        forget(request);
                    }
                })
            });
        },
    ),
    defect(
        "bosh-cm-key-switch/ignored",
        "a newkey beside a key is ignored, and the old sequence is expected to go on",
        |parts| {
            parts.on_body(|body| {
                if body.attr("key").is_some() {
                    body.set_attr("", "newkey", None);
                }
            });
        },
    ),
    defect(
        "bosh-cm-key-switch/pause",
        "a newkey of a request that pauses is ignored, and the old sequence is expected to go on",
        |parts| {
            parts.on_body(|body| {
                if body.attr("key").is_some() && body.attr("pause").is_some() {
                    body.set_attr("", "newkey", None);
                }
            });
        },
    ),
    defect(
        "bosh-key-mismatch-terminates/paused",
        "the first request after a pause needs a key, but no right one",
        |parts| lenient(parts, |body, chain, _| chain.paused && body.attr("key").is_some()),
    ),
    defect(
        "bosh-cm-key-switch/unchecked",
        "a request with a newkey needs a key, but no right one",
        |parts| lenient(parts, |body, _, _| body.attr("newkey").is_some()),
    ),
    defect(
        "bosh-cm-key-switch/old",
        "after a switch to another sequence the old one is still accepted",
        |parts| lenient(parts, |_, chain, key| sha1(key).eq_ignore_ascii_case(&chain.old)),
    ),
    defect(
        "bosh-cm-key-switch/again",
        "when a request with a newkey comes again its sequence begins anew",
        |parts| {
            parts.bend_http(Watch { anew: true, ..Watch::new(|_, _, _| false, beyond) });
        },
    ),
    defect(
        "bosh-response-no-request-attrs/key",
        "the response to a request with a key has that key",
        |parts| {
            parts.bend(|| {
                replies(|reply, told| {
                    if let Some(key) = told.asked.and_then(|asked| asked.body.key()) {
                        reply.set("key", key);
                    }
                })
            });
        },
    ),
    defect(
        "bosh-cm-key-switch/second",
        "after a switch to another sequence its second key is taken for a wrong one",
        |parts| {
            parts.bend(|| {
                let mut since = None;
                requests(move |request, session| {
                    if request.body.key().is_none()
                        || !matches!(
                            standing(request.rid, session),
                            Standing::Next | Standing::Ahead
                        )
                    {
                        return;
                    }
                    since = since.map(|since: u32| since + 1);
                    if request.body.newkey().is_some() {
                        since = Some(0);
                    } else if since == Some(2) {
                        spoil(&mut request.body);
                    }
                })
            });
        },
    ),
]];

/// Makes a key wrong.
fn spoil(body: &mut crate::bosh::Body) {
    *body = changed(body, |element| element.set_attr("", "key", Some("-")));
}

/// Hands on the messages of a request whose key proves wrong.
#[derive(Default)]
struct Processed {
    of: Option<(Token, Link)>,
    messages: Vec<Element>,
}

impl Bend for Processed {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        self.of = None;
        if let Input::Request(request) = &input
            && request.body.key().is_some()
            && standing(request.rid, cx.session()) == Standing::Next
        {
            self.of = first_link(cx).map(|link| (request.token, link));
            self.messages = stanzas(&request.body).filter(is_message).collect();
        }
        cx.pass(input);
    }

    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        if let Action::Answer { token, reply, .. } = &action
            && let Some((of, link)) = self.of
            && of == *token
            && ends_with(reply, "item-not-found")
        {
            for message in self.messages.drain(..) {
                cx.act(Action::Command(link, Command::Send(message)));
            }
        }
        cx.act(action);
    }
}

/// Gives another condition for a key that is wrong, or missing, in the request that is next.
struct Condition {
    missing: bool,
    next: Option<Token>,
}

impl Bend for Condition {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        self.next = match &input {
            Input::Request(request)
                if standing(request.rid, cx.session()) == Standing::Next
                    && request.body.key().is_none() == self.missing
                    && request.body.stream().is_none() =>
            {
                Some(request.token)
            }
            _ => None,
        };
        cx.pass(input);
    }

    fn go(&mut self, mut action: Action, cx: &mut Cx<'_>) {
        if let Action::Answer { token, reply, .. } = &mut action
            && self.next == Some(*token)
            && ends_with(reply, "item-not-found")
        {
            let condition = if self.missing { "bad-request" } else { "policy-violation" };
            reply.set("condition", condition);
        }
        cx.act(action);
    }
}

/// Keys are verified, but for those that `pardons` lets pass.
fn lenient(parts: &mut Parts, pardons: Pardons) {
    parts.bend_http(Watch::new(pardons, beyond));
}

/// Puts a request out of the window: the session ends with item-not-found, as it does after a wrong key.
fn beyond(body: &mut Element) {
    body.set_attr("", "rid", Some("9007199254740991"));
}

/// Whether a request passes though its key is not right, or is missing.
type Pardons = fn(&Element, &Chain, &str) -> bool;

/// Verifies keys in place of the sessions, which never hear of them.
struct Watch {
    chains: HashMap<String, Chain>,
    pardons: Pardons,
    /// A repeat of a switch begins its sequence anew.
    anew: bool,
    /// What becomes of a request with a wrong key.
    wrong: fn(&mut Element),
}

/// The key sequence of a session, so far.
struct Chain {
    rid: u64,
    /// No key was needed yet.
    first: bool,
    expected: String,
    /// What the sequence before the present one would go on with.
    old: String,
    /// The last request began a pause.
    paused: bool,
    /// What waits behind a gap.
    ahead: BTreeMap<u64, Element>,
}

impl Watch {
    fn new(pardons: Pardons, wrong: fn(&mut Element)) -> Self {
        Self { chains: HashMap::new(), pardons, anew: false, wrong }
    }

    fn is_right(&mut self, body: &Element) -> bool {
        let chain = body.attr("sid").and_then(|sid| self.chains.get_mut(sid));
        let rid = body.attr("rid").and_then(|rid| rid.parse::<u64>().ok());
        let (Some(chain), Some(rid)) = (chain, rid) else { return true };
        if rid > chain.rid {
            chain.ahead.insert(rid, body.clone());
        } else if let Some(newkey) = body.attr("newkey").filter(|_| self.anew) {
            newkey.clone_into(&mut chain.expected);
        }
        while let Some(next) = chain.ahead.remove(&(chain.rid + 1)) {
            if !chain.take(&next, self.pardons) {
                return false;
            }
        }
        true
    }
}

impl Chain {
    fn take(&mut self, body: &Element, pardons: Pardons) -> bool {
        let key = body.attr("key");
        let right = key.is_some_and(|key| sha1(key).eq_ignore_ascii_case(&self.expected));
        if !right && !pardons(body, self, key.unwrap_or_default()) {
            return false;
        }
        if let Some(newkey) = body.attr("newkey") {
            key.unwrap_or_default().clone_into(&mut self.old);
            newkey.clone_into(&mut self.expected);
        } else if let Some(key) = key {
            key.clone_into(&mut self.expected);
        }
        self.first = false;
        self.paused = body.attr("pause").is_some();
        self.rid += 1;
        true
    }
}

impl BendHttp for Watch {
    fn enter(&mut self, request: &mut Request<Bytes>) -> Option<Response<Bytes>> {
        let mut body = body(request)?;
        let right = self.is_right(&body);
        for name in ["key", "newkey"] {
            body.set_attr("", name, None);
        }
        if !right {
            (self.wrong)(&mut body);
        }
        *request.body_mut() = text(&body);
        None
    }

    fn answer(&mut self, answer: &mut Answer, request: &Request<Bytes>) {
        let Some(body) = body(request) else { return };
        let rid = body.attr("rid").and_then(|rid| rid.parse().ok());
        if let (Some(sid), Some(newkey), Some(rid)) =
            (answer.reply.get("sid"), body.attr("newkey"), rid)
        {
            let chain = Chain {
                rid,
                first: true,
                expected: newkey.to_owned(),
                old: String::new(),
                paused: false,
                ahead: BTreeMap::new(),
            };
            self.chains.entry(sid.to_owned()).or_insert(chain);
        }
    }
}

/// The key of a request that comes again is not looked at where it stands so.
fn again(parts: &mut Parts, stands: Standing) {
    parts.bend(move || {
        let mut keys: HashMap<u64, String> = HashMap::new();
        requests(move |request, session| {
            let Some(key) = request.body.key().map(str::to_owned) else { return };
            let known = keys.entry(request.rid).or_insert_with(|| key.clone());
            if *known != key && standing(request.rid, session) == stands {
                request.body = changed(&request.body, |body| body.set_attr("", "key", Some(known)));
            }
        })
    });
}

/// The SHA-1 of a text in hexadecimal digits.
pub(super) fn sha1(text: &str) -> String {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
    hash.as_ref().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}"); // a string takes everything
        hex
    })
}
