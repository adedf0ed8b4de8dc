//! Logins by SASL2 and Bind 2 (XEP-0388, XEP-0386), in which streams are enabled and resumed.

use crate::cm::parts::Parts;
use crate::cm::stream::{Output, Session};
use crate::defects::carried::{emptied, is_features};
use crate::defects::defect::{Defect, defect};
use crate::xml::Element;
use crate::xmpp::ns;

pub(super) const DEFECTS: &[Defect] = &[
    defect("sasl2-no-restart/none", "no features follow the success of SASL2", |parts| {
        parts.on_message(|| {
            let mut due = false;
            move |output, _: &Session| {
                due |= succeeds(&output);
                if due && is_features(&output) {
                    due = false;
                    return Vec::new();
                }
                vec![output]
            }
        });
    }),
    defect(
        "sasl2-no-restart/open",
        "the server opens the stream again after the success of SASL2",
        |parts| {
            parts.on_message(|| {
                let mut header = None;
                move |output, _: &Session| {
                    if let Output::Header(_) = &output {
                        header = Some(output.clone());
                    }
                    let again = header.clone().filter(|_| succeeds(&output));
                    std::iter::once(output).chain(again).collect()
                }
            });
        },
    ),
    defect("bind2-inline/bound", "the success of SASL2 does not say what is bound", |parts| {
        successes(parts, |child| child.name() == "bound", |_| None);
    }),
    defect(
        "bind2-inline/bare",
        "after a bind the success of SASL2 has the address without a resource",
        |parts| {
            successes(
                parts,
                |child| child.name() == "authorization-identifier",
                |child| {
                    let text = child.text();
                    let bare = text.split('/').next().unwrap_or_default();
                    Some(Element::new(ns::SASL2, "authorization-identifier").with_text(bare))
                },
            );
        },
    ),
];

fn succeeds(output: &Output) -> bool {
    matches!(output, Output::Element(element) if element.is(ns::SASL2, "success"))
}

/// Changes these children of the success of SASL2.
fn successes(
    parts: &mut Parts,
    which: fn(&Element) -> bool,
    change: fn(&Element) -> Option<Element>,
) {
    parts.on_message(move || {
        move |output, _: &Session| match output {
            Output::Element(success) if success.is(ns::SASL2, "success") => {
                let empty = emptied(&success);
                let children = success.into_children();
                let changed = children
                    .filter_map(|child| if which(&child) { change(&child) } else { Some(child) });
                vec![Output::Element(changed.fold(empty, Element::with_child))]
            }
            other => vec![other],
        }
    });
}
