//! The request that asks for an actor's session (XEP-0124 §7.1, XEP-0206 §3).

use super::exchange::post_body;
use super::ledger::SentRequest;
use super::run::Run;
use super::stop::Done;
use crate::client::bosh::{Book, Keys, Terms, Wrapper};
use crate::scenario::{Rid, limits};

/// A rid as it is written in a request; none if it is left out.
pub(super) fn rid(run: &Run, actor: usize, rid: Option<&Rid>) -> Done<Option<String>> {
    let rids = run.cast.get(actor).link().book().rids();
    Ok(match rid {
        None => Some(rids.next().to_string()),
        Some(Rid::Relative(by)) => Some(rids.relative(*by).to_string()),
        Some(Rid::Absent) => None,
        Some(Rid::Text(text)) => Some(text.text(run)?),
    })
}

/// A session begins: the request that asks for it on the actor's terms, with this rid or else one of its own, and its rid as
/// it is written.
pub(super) fn draft(
    run: &mut Run,
    actor: usize,
    own: Option<&Rid>,
) -> Done<(Wrapper, Option<String>)> {
    let to = run.domain_of(actor);
    let terms = run.cast.get(actor).terms().cloned();
    let first = match terms.as_ref().and_then(|terms| terms.rid.as_ref()) {
        None => run.chance.number() % (1 << 52) + 1,
        Some(rid) => run.text(rid)?.trim().parse().unwrap_or(0),
    };
    run.cast.get_mut(actor).begin(Book::new(first, None));
    let mut body = Terms::new(to).creation(first);
    for (name, value) in &run.target().create {
        body.set(name, value.clone());
    }
    for attribute in terms.iter().flat_map(|terms| &terms.attributes) {
        let value = run.text_of(attribute.value.as_ref())?;
        body.set(&attribute.name.value, value);
    }
    let rid = rid(run, actor, own)?;
    body.set("rid", rid.clone());
    let length = terms.as_ref().and_then(|terms| terms.keys.as_ref());
    let length = length.map(|length| length.resolve(run, limits::KEYS)).transpose()?;
    let mut keys = length.map(|length| Keys::new(length as usize, run.chance.token(32)));
    if let Some(keys) = &mut keys {
        body.set("newkey", Some(keys.first()));
    }
    let number = rid.as_deref().and_then(|rid| rid.parse().ok());
    let mut book = Book::new(number.unwrap_or(first), keys);
    if let Some(number) = number {
        book.mark_used(number);
    }
    run.cast.get_mut(actor).begin(book);
    Ok((body, rid))
}

/// Asks for the session of an actor with a request that no step names.
pub(super) fn ask_for_session(run: &mut Run, actor: usize) -> Done<SentRequest> {
    let (body, rid) = draft(run, actor, None)?;
    let text = body.to_xml();
    run.cast.get_mut(actor).link_mut().book_mut().ask(body);
    let (id, sending, conn) = post_body(run, actor, text);
    Ok(SentRequest { id, actor, sending, rid, conn, creates: true })
}
