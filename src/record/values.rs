//! Values of a trace, and what stands in their place: expressions in a scenario, other values where a trace is replayed.

use std::collections::BTreeMap;

/// What stands for which value.
#[derive(Debug, Default)]
pub struct Values {
    /// What stands there are expressions, so what looks like one otherwise is escaped.
    expressions: bool,
    /// Whole words: addresses, resources, ids.
    words: BTreeMap<String, String>,
    /// Domains, the longest first: what ends with one of them is below it.
    domains: Vec<(String, String)>,
}

impl Values {
    /// Of a scenario.
    pub(super) fn expressions() -> Self {
        Self { expressions: true, ..Self::default() }
    }

    /// A word is written so. The first that is said of a word counts.
    pub fn word(&mut self, raw: &str, written: impl Into<String>) {
        if !raw.is_empty() {
            self.words.entry(raw.to_owned()).or_insert_with(|| written.into());
        }
    }

    /// A domain is written so.
    pub fn domain(&mut self, raw: &str, written: impl Into<String>) {
        if !raw.is_empty() && self.domains.iter().all(|(known, _)| known != raw) {
            self.domains.push((raw.to_owned(), written.into()));
            self.domains.sort_by_key(|(domain, _)| std::cmp::Reverse(domain.len()));
        }
    }

    /// How a word is written, if anything stands for it.
    pub fn of(&self, word: &str) -> Option<&str> {
        self.words.get(word).map(String::as_str)
    }

    /// Whether anything stands for this address, or for the one without its resource.
    pub(super) fn knows(&self, jid: &str) -> bool {
        let bare = jid.split('/').next().unwrap_or(jid);
        self.words.contains_key(jid) || self.words.contains_key(bare) || self.host(bare).is_some()
    }

    /// A text as it is written.
    pub fn text(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(is_between).unwrap_or(rest.len());
            out += &self.written(&rest[..end]);
            let between = rest[end..].find(|c| !is_between(c)).map_or(rest.len(), |n| end + n);
            out += &self.literal(&rest[end..between]);
            rest = &rest[between..];
        }
        out
    }

    fn literal(&self, text: &str) -> String {
        if self.expressions { literal(text) } else { text.to_owned() }
    }

    fn written(&self, word: &str) -> String {
        if let Some(written) = self.words.get(word) {
            return written.clone();
        }
        if let Some((before, resource)) = word.split_once('/')
            && !before.is_empty()
            && (self.words.contains_key(before) || self.host(after_at(before)).is_some())
        {
            let resource = self.of(resource).map_or_else(|| self.literal(resource), str::to_owned);
            return format!("{}/{resource}", self.written(before));
        }
        let host = after_at(word);
        match self.host(host) {
            Some(written) => self.literal(&word[..word.len() - host.len()]) + &written,
            None => self.literal(word),
        }
    }

    /// A domain, or one below it.
    fn host(&self, host: &str) -> Option<String> {
        self.domains.iter().find_map(|(domain, written)| {
            let below = host.strip_suffix(&**domain)?;
            let is_below = below.is_empty() || below.ends_with('.') && below.len() > 1;
            is_below.then(|| self.literal(below) + written)
        })
    }
}

fn after_at(address: &str) -> &str {
    address.rsplit_once('@').map_or(address, |(_, host)| host)
}

/// A text that holds no expression: `${` is written `$${`.
pub(super) fn literal(text: &str) -> String {
    text.replace("${", "$${")
}

/// What stands between words.
fn is_between(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '(' | ')' | ',' | ';' | '`')
}

/// Whether an id looks like one that was drawn, which nobody wants to read.
pub(super) fn is_drawn(id: &str) -> bool {
    let letters: Vec<char> = id.chars().filter(|c| c.is_alphanumeric()).collect();
    let changes = letters.windows(2).filter(|pair| {
        pair[0].is_ascii_digit() != pair[1].is_ascii_digit()
            || pair[0].is_lowercase() && pair[1].is_uppercase()
    });
    let length = id.chars().count();
    length > 24 || length >= 8 && changes.count() >= 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_what_is_below_a_domain_are_replaced() {
        let mut values = Values::expressions();
        values.domain("example", "${domain}");
        values.domain("rooms.example", "${rooms}");
        values.word("alice@example/web", "${client.jid}");
        values.word("alice@example", "${client.bare}");
        for (raw, written) in [
            ("alice@example/web", "${client.jid}"),
            ("alice@example/other", "${client.bare}/other"),
            ("bob@example", "bob@${domain}"),
            ("tea@rooms.example/alice", "tea@${rooms}/alice"),
            ("upload.example", "upload.${domain}"),
            ("counterexample", "counterexample"),
            ("to <alice@example>, ${x}", "to <${client.bare}>, $${x}"),
            ("a/b and other@elsewhere/x", "a/b and other@elsewhere/x"),
        ] {
            assert_eq!(values.text(raw), written);
        }
        assert!(values.knows("alice@example/other") && !values.knows("bob@example"));
    }

    #[test]
    fn drawn_ids_are_told_from_those_that_somebody_chose() {
        for id in ["ping-1", "roster", "_bind_auth_2", "m1", "disco#info", "request-history"] {
            assert!(!is_drawn(id), "{id}");
        }
        for id in [
            "b0c1d2e3-1111-4222-8333-444455556666",
            "b0c1d2e3-1111-4222-8333-444455556666:sendIQ",
            "8Zk3LxP0aQ",
            "a1b2c3d4e5",
        ] {
            assert!(is_drawn(id), "{id}");
        }
    }
}
