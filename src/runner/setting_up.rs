//! What setting up a session needs, whatever carries it.

use std::time::Duration;

use super::run::Run;
use super::stop::{Done, Stop};
use crate::client::Who;
use crate::scenario;

/// A step of a login may take so long.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// So many requests are drained at most.
pub(super) const MOST: usize = 50;
/// The id of stanzas that find out whether something is owed.
pub(super) const PING: &str = "drain-";
/// The scenario cannot be carried out.
pub(super) fn broken<T>(run: &Run, why: &str) -> Done<T> {
    Err(Stop::Broken(run.report.at().place.clone(), why.to_owned()))
}

/// Whom an actor logs in as.
pub(super) fn login_of(run: &Run, actor: usize) -> Done<Option<Who>> {
    let Some(terms) = run.cast.get(actor).terms() else { return Ok(None) };
    match &terms.login.value {
        scenario::Login::None => Ok(None),
        scenario::Login::Anonymous => Ok(Some(Who::Anonymous)),
        scenario::Login::Account(name) => {
            let account = run.target().accounts.get(name);
            let account = account
                .ok_or_else(|| Stop::Skipped(format!("the target has no account {name}")))?;
            let (user, password) = (account.user.clone(), account.password.clone());
            Ok(Some(Who::Account { user, password }))
        }
    }
}

/// Whether the answer to a ping is there; it is taken away.
pub(super) fn pinged(run: &mut Run, actor: usize, id: &str) -> bool {
    let inbox = run.cast.get_mut(actor).inbox_mut();
    let place = inbox.iter().position(|arrived| {
        arrived.element.name() == "iq" && arrived.element.attr("id") == Some(id)
    });
    place.is_some_and(|place| inbox.remove(place).is_some())
}
