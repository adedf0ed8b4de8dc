//! Words of what is said anywhere.

/// A number of things: `1 file`, `2 files`.
pub fn counted(number: impl TryInto<u64>, noun: &str) -> String {
    match number.try_into().unwrap_or(u64::MAX) {
        1 => format!("1 {noun}"),
        number => format!("{number} {noun}s"),
    }
}

/// A number of things with more words about them, in which `(s)` marks the plural: of `frame(s) without a mask`,
/// `1 frame without a mask` and `2 frames without a mask`.
pub fn counted_as(number: usize, words: &str) -> String {
    format!("{number} {}", words.replace("(s)", if number == 1 { "" } else { "s" }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular_and_none_is_plural() {
        let words = "failed login(s) (no password)";
        assert_eq!(counted_as(1, words), "1 failed login (no password)");
        assert_eq!(counted_as(0, words), "0 failed logins (no password)");
        assert_eq!((counted(1, "file"), counted(2, "file")), ("1 file".into(), "2 files".into()));
    }
}
