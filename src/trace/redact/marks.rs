//! What stands in the place of a secret.

/// Whether this has been replaced already.
pub(super) fn is_hidden(content: &[u8]) -> bool {
    let inner = content
        .strip_prefix(b"[hidden ")
        .and_then(|rest| rest.strip_suffix(b" bytes]").or_else(|| rest.strip_suffix(b" byte]")));
    inner.is_some_and(|count| count.len() <= 10 && count.iter().all(u8::is_ascii_digit))
}

/// What stands in place of `length` secret bytes.
pub(super) fn hidden(length: usize) -> Vec<u8> {
    placeholder(length).into_bytes()
}

/// The same as text.
pub(super) fn placeholder(length: usize) -> String {
    format!("[hidden {length} byte{}]", if length == 1 { "" } else { "s" })
}
