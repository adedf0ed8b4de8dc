//! The accounts of the built-in server.

use jid::BareJid;

use crate::cli::Failure;
use crate::cm::server::{Account, Password};
use crate::random::{Random as _, Secure};

/// An account to be.
pub(super) struct NewAccount {
    pub(super) account: Account,
    /// The password was made here.
    pub(super) made: bool,
}

/// The accounts that options name: by default alice and bob.
pub(super) fn accounts(
    options: &[String],
    random: &mut Secure,
) -> Result<Vec<NewAccount>, Failure> {
    let usual = ["alice".to_owned(), "bob".to_owned()];
    let given = if options.is_empty() { &usual[..] } else { options };
    let mut accounts: Vec<NewAccount> = Vec::new();
    for text in given {
        let (user, password) = match text.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (text.as_str(), None),
        };
        let jid = BareJid::new(&format!("{user}@localhost")).ok();
        let prepared = jid.and_then(|jid| Some(jid.node()?.to_string()));
        let (Some(user), false) = (prepared, password == Some("")) else {
            // The text is not repeated: it may hold a password.
            return Err(Failure::Usage(format!(
                "--account {}…: expected USER or USER:PASSWORD, where USER is the part of the address before the @",
                user.chars().take(20).collect::<String>()
            )));
        };
        if accounts.iter().any(|other| other.account.user == user) {
            return Err(Failure::Usage(format!("--account {user}: the account is given twice")));
        }
        let made = password.is_none();
        let password = Password::new(password.map_or_else(|| random.token(9), str::to_owned));
        if !password.is_usable() {
            return Err(Failure::Usage(format!(
                "--account {user}: the password contains characters that RFC 4013 forbids, such as control characters"
            )));
        }
        accounts.push(NewAccount { account: Account { user, password }, made });
    }
    Ok(accounts)
}
