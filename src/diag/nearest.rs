//! What a mistyped word most likely stands for.

/// The candidate that a mistyped word most likely stands for, if one is near enough.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let far = 1 + word.chars().count().min(64) / 4;
    candidates
        .into_iter()
        .map(|candidate| (distance(&word, candidate), candidate))
        .filter(|&(distance, _)| distance <= far)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// How many characters must be put in, left out or replaced.
fn distance(a: &str, b: &str) -> usize {
    if a.len() > 64 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
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
    }
}
