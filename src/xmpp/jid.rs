//! Addresses cut at their separators, as plain text (RFC 7622 §3.2). Nothing is validated or
//! normalised, so two spellings of one address stay two.

/// The address without its resource: everything before the first `/`.
pub fn before_slash(jid: &str) -> &str {
    jid.split_once('/').map_or(jid, |(bare, _)| bare)
}

/// The resource: everything after the first `/`, which may hold further `/` and `@`.
pub fn after_slash(jid: &str) -> Option<&str> {
    jid.split_once('/').map(|(_, resource)| resource)
}

/// Whether a local part is there: an `@` before the first `/`. Servers and services have none.
pub fn has_local_part(jid: &str) -> bool {
    before_slash(jid).contains('@')
}

/// The domain: between the first `@`, if there is one, and the first `/`.
pub fn domain(jid: &str) -> &str {
    let bare = before_slash(jid);
    bare.split_once('@').map_or(bare, |(_, domain)| domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_address_is_cut_at_the_first_slash() {
        let jid = "room@conference.example/nick/with@signs";
        assert_eq!(before_slash(jid), "room@conference.example");
        assert_eq!(after_slash(jid), Some("nick/with@signs"));
        assert_eq!(domain(jid), "conference.example");
        assert!(has_local_part(jid));
    }

    #[test]
    fn a_domain_has_neither_local_part_nor_resource() {
        assert_eq!(before_slash("example.com"), "example.com");
        assert_eq!(after_slash("example.com"), None);
        assert_eq!(domain("example.com/a@b"), "example.com");
        assert!(!has_local_part("example.com/a@b"));
    }
}
