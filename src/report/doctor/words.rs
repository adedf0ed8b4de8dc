//! Words of the report that its formats share.

/// A program's name as it is written.
pub fn program(name: &str) -> &str {
    match name {
        "apache" => "Apache",
        "haproxy" => "HAProxy",
        "caddy" => "Caddy",
        "traefik" => "Traefik",
        "prosody" => "Prosody",
        other => other,
    }
}

/// With a capital letter at its beginning, unless that is a name, and a full stop.
pub fn sentence(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let mut chars = text.chars();
    let first = text.split(' ').next().unwrap_or_default();
    let is_name = matches!(first, "nginx" | "ejabberd" | "jabberd2" | "host-meta");
    let plain = !is_name && first.chars().all(char::is_alphabetic);
    match chars.next() {
        Some(first) if plain => first.to_uppercase().chain(chars).chain(['.']).collect(),
        _ => format!("{text}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_begin_with_a_capital_letter_unless_it_is_a_name() {
        assert_eq!(sentence("the answer is late"), "The answer is late.");
        assert_eq!(sentence("nginx gives up"), "nginx gives up.");
        assert_eq!(sentence("127.0.0.1:1: nothing listens."), "127.0.0.1:1: nothing listens.");
    }
}
