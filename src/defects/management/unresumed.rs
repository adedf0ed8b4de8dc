//! Streams that are not resumed: what was not acknowledged, and requests that are not sound (XEP-0198 §4 to §6).

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::elements::{came, goes, stanza};
use crate::cm::stream::{Input, Output, Session};
use crate::defects::carried::Substitute;
use crate::defects::defect::{Defect, defect};
use crate::xmpp::jid::before_slash;
use crate::xmpp::ns;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "sm-unacked-not-lost/stored",
        "what was sent once does not come again at another login",
        |parts| {
            let sent = Arc::new(Mutex::new(HashSet::<(String, String)>::new()));
            parts.on_output(move || {
                let sent = Arc::clone(&sent);
                let (mut own, mut resumed) = (HashSet::new(), false);
                move |output, _: &Session| {
                    resumed |= goes(&output, "resumed").is_some();
                    let message = stanza(&output).filter(|it| it.name() == "message");
                    let Some((to, id)) =
                        message.and_then(|it| Some((it.attr("to")?, it.attr("id")?)))
                    else {
                        return vec![output];
                    };
                    let key = (before_slash(to).to_owned(), id.to_owned());
                    let mut sent = sent.lock().unwrap_or_else(PoisonError::into_inner);
                    let again = !sent.insert(key.clone()) && !own.contains(&key) && !resumed;
                    own.insert(key);
                    if again { Vec::new() } else { vec![output] }
                }
            });
        },
    ),
    defect("sm-ack-has-h/resume", "a resumption without a count is one with 0", |parts| {
        parts.on_input(|| {
            |input, _: &Session| match came(&input, "resume") {
                Some(resume) if resume.attr("h").is_none_or(|h| h.parse::<u32>().is_err()) => {
                    let mut resume = resume.clone();
                    resume.set_attr("", "h", Some("0"));
                    vec![Input::Element(resume)]
                }
                _ => vec![input],
            }
        });
    }),
    defect("sm-resume-unknown/early", "a resumption before the login is not answered", |parts| {
        parts.substitute(|| Box::new(Early(false)));
    }),
];

/// Passes over resumptions before the login, which the field says is over.
struct Early(bool);

impl Substitute for Early {
    fn come(&mut self, input: Input, _: &Session) -> Vec<Input> {
        if !self.0 && came(&input, "resume").is_some() { Vec::new() } else { vec![input] }
    }

    fn send(&mut self, output: Output, _: &Session) -> Vec<Output> {
        self.0 |= matches!(&output, Output::Element(it) if it.is(ns::SASL, "success"));
        vec![output]
    }
}
