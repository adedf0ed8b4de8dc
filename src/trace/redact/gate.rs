//! The cheap look with which all begins, and for most traffic ends.

use std::sync::LazyLock;

use aho_corasick::packed;

use super::secrets::{ELEMENT_STEMS, STEMS, TAG_STEMS};
use super::url;

/// Searches for many stems at once, many bytes at a time. It knows lower case alone. Nothing on machines where that is
/// not possible.
static STEM: LazyLock<Option<packed::Searcher>> = LazyLock::new(|| {
    let mut stems: Vec<String> = others().chain(STEMS.iter().copied()).map(str::to_owned).collect();
    // Three bytes tell stems from words well, two do not.
    stems.retain(|stem| stem.len() > 2);
    stems.extend(["=", ">", ":", "\"", "'", "]", "d"].map(|behind| format!("pw{behind}")));
    for tag in TAG_STEMS {
        stems.extend(["<", ":", "/"].map(|before| format!("{before}{tag}")));
        stems.push(format!("{tag}>"));
    }
    packed::Config::new().heuristic_pattern_limits(false).builder().extend(stems).build()
});

fn others() -> impl Iterator<Item = &'static str> {
    ELEMENT_STEMS.iter().copied().chain(["websocket-protocol", "eyj", "basic "])
}

/// Whether there can be a secret in these bytes, or something below escapes.
pub(super) fn may_hold(bytes: &[u8]) -> bool {
    if memchr::memchr3(b'&', b'%', b'\\', bytes).is_some() {
        return true;
    }
    let Some(search) = &*STEM else { return true };
    let lower = bytes.to_ascii_lowercase();
    search.find(&lower).is_some()
        || memchr::memchr_iter(b'@', bytes).any(|at| url::is_behind_slashes(bytes, at))
        || url::is_cut(bytes)
}

/// Whether this can be the name of a secret.
pub(super) fn may_hold_name(name: &[u8]) -> bool {
    static THREE: LazyLock<Box<[bool]>> = LazyLock::new(|| {
        let mut known = vec![false; 1 << 15];
        for stem in STEMS.iter().filter(|stem| stem.len() > 2) {
            known[three(stem.as_bytes())] = true;
        }
        known.into()
    });
    name.windows(3).any(|letters| THREE[three(letters)])
        || name.windows(2).any(|letters| letters.eq_ignore_ascii_case(b"pw"))
}

/// Three letters as a number, whatever their case.
fn three(letters: &[u8]) -> usize {
    letters[..3].iter().fold(0, |number, letter| number << 5 | usize::from(letter & 0x1f))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_stems_are_searched_for_at_once() {
        assert!(STEM.is_some());
    }
}
