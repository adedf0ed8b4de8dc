//! Defects of pipelining and what must not be guessed (XEP-0124 §18, §19).

use super::bend::{Bend, Cx, inputs, with_payloads};
use super::defect::{Family, defect};
use crate::bosh::Condition;
use crate::cm::session::Input;
use crate::random::Random;

pub(super) const DEFECTS: Family = &[&[
    defect(
        "bosh-no-pipelining/refused",
        "a held request behind which another one is pipelined ends its session with policy-violation",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| match input {
                    Input::Hurry(token) => {
                        cx.refuse(token, Condition::PolicyViolation);
                        cx.pass(Input::Gone(token));
                        Some(Input::Shutdown)
                    }
                    input => Some(input),
                })
            });
        },
    ),
    defect(
        "bosh-no-pipelining/emptied",
        "of a request that was pipelined behind a held one the payloads are lost",
        |parts| parts.bend(|| Box::<Emptied>::default()),
    ),
    defect(
        "bosh-sid-rid-unpredictable/counter",
        "a sid is the one before it and one more",
        |parts| parts.random = Box::new(Counter(0x1000)),
    ),
    defect(
        "bosh-sid-rid-unpredictable/repeated",
        "every fourth session gets a sid that was used already",
        |parts| {
            let random = std::mem::replace(&mut parts.random, Box::new(Counter(0)));
            parts.random = Box::new(Again { random, first: String::new(), count: 0 });
        },
    ),
]];

/// The request that comes after a hurried one loses what it carries.
#[derive(Default)]
struct Emptied {
    next: bool,
}

impl Bend for Emptied {
    fn come(&mut self, mut input: Input, cx: &mut Cx<'_>) {
        match &mut input {
            Input::Hurry(_) => self.next = true,
            Input::Request(request) if std::mem::take(&mut self.next) => {
                request.body = with_payloads(&request.body, []);
            }
            _ => {}
        }
        cx.pass(input);
    }
}

/// Bytes that count.
struct Counter(u64);

impl Random for Counter {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.0 += 1;
        bytes.fill(0);
        for (byte, digit) in bytes.iter_mut().rev().zip(self.0.to_le_bytes()) {
            *byte = digit;
        }
    }
}

/// Every fourth token is the first one again.
struct Again {
    random: Box<dyn Random>,
    first: String,
    count: u64,
}

impl Random for Again {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.random.fill(bytes);
    }

    fn token(&mut self, bytes: usize) -> String {
        self.count += 1;
        if self.count.is_multiple_of(4) {
            return self.first.clone();
        }
        let token = self.random.token(bytes);
        if self.first.is_empty() {
            self.first.clone_from(&token);
        }
        token
    }
}
