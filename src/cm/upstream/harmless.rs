//! Text of the server that may be printed.

/// What the server said, for a log: nothing in it moves the cursor or reorders text.
pub(super) fn harmless(text: &str) -> String {
    let shown = |c: char| match c {
        '"' | '\'' | '\\' => c.to_string(),
        c => c.escape_debug().to_string(),
    };
    text.chars().map(shown).collect()
}
