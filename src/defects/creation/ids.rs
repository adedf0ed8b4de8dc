//! Defects of the identifiers that sessions get (XEP-0124 §7.2).

use std::sync::Arc;

use crate::cm::parts::Parts;
use crate::defects::bend::Bend;
use crate::defects::defect::{Defect, defect};
use crate::random::{Random, Seeded};

pub(in super::super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-sid-unpredictable/counter",
        "sids count up from the first one, which is random",
        |parts| {
            let mut last = None;
            tokens(parts, move |random, _| {
                let next = last.map_or_else(
                    || {
                        let mut first = [0; 8];
                        random.fill(&mut first);
                        u64::from_be_bytes(first)
                    },
                    |last: u64| last.wrapping_add(1),
                );
                last = Some(next);
                format!("{next:032x}")
            });
        },
    ),
    defect(
        "bosh-sid-unpredictable/short",
        "sids have five characters, of 30 random bits",
        |parts| {
            tokens(parts, |random, bytes| random.token(bytes)[..5].to_owned());
        },
    ),
    defect(
        "bosh-sid-unique",
        "while sixteen sessions or more are open the sid of the first one is given again",
        |parts| {
            let open = Arc::new(());
            let count = Arc::downgrade(&open);
            let mut first = None;
            tokens(parts, move |random, bytes| {
                let token = random.token(bytes);
                let first = first.get_or_insert_with(|| token.clone());
                if count.strong_count() > 16 { first.clone() } else { token }
            });
            parts.bend(move || Box::new(Open { _counted: Arc::clone(&open) }));
        },
    ),
];

/// Is there as long as its session.
struct Open {
    _counted: Arc<()>,
}

impl Bend for Open {}

/// Makes identifiers in another way.
pub(super) fn tokens(
    parts: &mut Parts,
    make: impl FnMut(&mut dyn Random, usize) -> String + Send + 'static,
) {
    struct Tokens<F>(Box<dyn Random>, F);
    impl<F: FnMut(&mut dyn Random, usize) -> String + Send> Random for Tokens<F> {
        fn fill(&mut self, bytes: &mut [u8]) {
            self.0.fill(bytes);
        }
        fn token(&mut self, bytes: usize) -> String {
            (self.1)(&mut *self.0, bytes)
        }
    }
    let inner = std::mem::replace(&mut parts.random, Box::new(Seeded::new(0)));
    parts.random = Box::new(Tokens(inner, make));
}
