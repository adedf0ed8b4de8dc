//! Words of what files hold.

/// `1 exchange`, `2 exchanges`.
pub(super) fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
