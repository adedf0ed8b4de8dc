//! What a mistyped word most likely stands for.

/// No more candidates are looked at.
const MOST: usize = 1000;
/// A longer word stands for none.
const LONGEST: usize = 64;

/// The candidate that a mistyped word most likely stands for, if one is near enough. Of very many candidates only the first
/// are looked at.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > LONGEST {
        return None;
    }
    let word: Vec<char> = word.to_lowercase().chars().collect();
    let far = 1 + word.len() / 4;
    // A character takes up to four bytes.
    let alike = |candidate: &&str| {
        candidate.len() <= 4 * (word.len() + far) && candidate.len() + far >= word.len()
    };
    candidates
        .into_iter()
        .take(MOST)
        .filter(alike)
        .map(|candidate| (distance(&word, candidate), candidate))
        .filter(|&(distance, _)| distance <= far)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// How many characters must be put in, left out or replaced.
fn distance(a: &[char], b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut corner = i;
        row[0] = i + 1;
        for (j, y) in b.chars().enumerate() {
            let replaced = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = replaced.min(corner + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words() {
        let words = ["message", "presence", "iq", "sid", "rid"];
        assert_eq!(nearest("mesage", words), Some("message"));
        assert_eq!(nearest("PRESENCE", words), Some("presence"));
        assert_eq!(nearest("ri", words), Some("rid"));
        assert_eq!(nearest("banana", words), None);
        assert_eq!(nearest(&"m".repeat(100_000), words), None);
        assert_eq!(nearest("message", [&*"m".repeat(100_000), "mesage"]), Some("mesage"));
        assert_eq!(nearest("éa", ["eé", "éè"]), Some("éè"));
    }
}
