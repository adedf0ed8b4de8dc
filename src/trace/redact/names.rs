//! Names that mean secrets in XML.

use std::borrow::Cow;

use memchr::memchr_iter;

use crate::xml::attributes;

/// Elements whose content is secret in the namespaces that [`sensitive`] names.
pub(super) const SECRETS: [&[u8]; 10] = [
    b"auth",
    b"challenge",
    b"response",
    b"success",
    b"initial-response",
    b"additional-data",
    b"task-data",
    b"digest",
    b"handshake",
    b"hash",
];
/// Elements whose content is secret in every namespace.
pub(super) const PASSWORD: &[u8] = b"password";
/// Of data forms: its content is secret when its attributes say so.
pub(super) const FIELD: &[u8] = b"field";
/// Of HTTP, for an upload (XEP-0363): its content is secret when its name says so.
pub(super) const HEADER: &[u8] = b"header";
/// Attributes whose values are secret everywhere.
pub(super) const ATTRIBUTES: [&[u8]; 2] = [PASSWORD, b"token"];
/// Whether the names in [`SECRETS`] mean secrets in this namespace: in those of authentication, in
/// those an element is in by mistake when its own was forgotten, and when references disguise it.
pub(super) fn sensitive(namespace: &[u8]) -> bool {
    let namespace = namespace.to_ascii_lowercase();
    let has = |part: &[u8]| memchr::memmem::find(&namespace, part).is_some();
    namespace.is_empty()
        || namespace == b"http://jabber.org/protocol/httpbind"
        || [&b"&"[..], b"sasl", b"scram", b"iq:auth", b"iq:register", b"fast"].into_iter().any(has)
        || [&b"jabber:client"[..], b"jabber:server", b"jabber:component"].into_iter().any(has)
}

/// A field of a data form (XEP-0004) that holds a password.
pub(super) fn is_private_field(tag: &[u8]) -> bool {
    attributes(tag).any(|found| {
        let value = tag[found.value].to_ascii_lowercase();
        match &tag[found.name] {
            b"type" => value == b"text-private",
            // whether a room has a password is no secret
            b"var" if value.ends_with(b"passwordprotectedroom") => false,
            b"var" => [&b"password"[..], b"secret", b"token"]
                .into_iter()
                .any(|part| memchr::memmem::find(&value, part).is_some()),
            _ => false,
        }
    })
}

/// A header with which a file is to be uploaded (XEP-0363) that holds a credential.
pub(super) fn is_private_header(tag: &[u8]) -> bool {
    attributes(tag).any(|found| {
        let value = tag[found.value].to_ascii_lowercase();
        &tag[found.name] == b"name" && (value.ends_with(b"authorization") || value == b"cookie")
    })
}

/// A cheap look for an attribute that [`names_secret`].
pub(super) fn may_hold_secret(tag: &[u8]) -> bool {
    memchr_iter(b'=', tag).any(|at| {
        let name = tag[..at].trim_ascii_end();
        name.len() > 5 && matches!(name[name.len() - 1] | 0x20, b'd' | b'n') && ends_secret(name)
    })
}

pub(super) fn ends_secret(name: &[u8]) -> bool {
    ATTRIBUTES.iter().any(|secret| {
        name.len() >= secret.len() && name[name.len() - secret.len()..].eq_ignore_ascii_case(secret)
    })
}

pub(super) fn names_secret(name: &[u8]) -> bool {
    let local = plain(local_name(name));
    ATTRIBUTES.contains(&&local[..])
}

/// What follows the last colon; a name has no more than one, but this one may be no name.
pub(super) fn local_name(name: &[u8]) -> &[u8] {
    memchr::memrchr(b':', name).map_or(name, |colon| &name[colon + 1..])
}

/// A name in lower case without what has no place in a name.
pub(super) fn plain(name: &[u8]) -> Cow<'_, [u8]> {
    if name.iter().all(|&byte| is_plain(byte)) {
        return Cow::Borrowed(name);
    }
    let lower = name.iter().map(u8::to_ascii_lowercase);
    Cow::Owned(lower.filter(|&byte| is_plain(byte) || byte.is_ascii_digit()).collect())
}

pub(super) fn is_plain(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte == b'-'
}

/// In bytes that are no tag: where something that looks like a secret's name ends.
pub(super) fn find_candidate(bytes: &[u8]) -> Option<usize> {
    let names = || SECRETS.iter().chain(&ATTRIBUTES).chain([&FIELD, &HEADER]);
    bytes.iter().enumerate().find_map(|(at, byte)| {
        if !matches!(
            byte | 0x20,
            b'a' | b'c' | b'd' | b'f' | b'h' | b'i' | b'p' | b'r' | b's' | b't'
        ) {
            return None;
        }
        if at > 0 && bytes[at - 1].is_ascii_alphanumeric() {
            return None;
        }
        let rest = &bytes[at..];
        let starts = |name: &&&[u8]| {
            rest.len() >= name.len() && rest[..name.len()].eq_ignore_ascii_case(name)
        };
        names().find(starts).map(|name| at + name.len())
    })
}
