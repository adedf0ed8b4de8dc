//! Whether values look as if nobody could guess the next one.

use std::collections::HashSet;

/// What is wrong with values that have to be distinct, in words; and if they have to hold some bits, with how they
/// look: too few different characters at too few places, or a counter. An estimate: it finds what is plainly bad.
pub fn distinct(values: &[String], bits: Option<u64>) -> Vec<String> {
    let mut found = Vec::new();
    let mut known = HashSet::new();
    let twice: HashSet<_> = values.iter().filter(|value| !known.insert(value.as_str())).collect();
    if let Some(one) = twice.iter().min() {
        let more = twice.len() - 1;
        let more = if more > 0 { format!(" and {more} others come") } else { " comes".to_owned() };
        found.push(format!("`{one}`{more} more than once among {}", values.len()));
    }
    let Some(bits) = bits else { return found };
    let apparent = apparent_bits(values);
    if apparent < bits as f64 {
        found.push(format!("they hold about {apparent:.0} bits, fewer than {bits}"));
    }
    if let Some(how) = counter(values) {
        found.push(how);
    }
    found
}

/// For each place the logarithm of how many different characters stand there, added up. A place that only some of the values
/// have counts for so much less: a random number has a short value now and then.
fn apparent_bits(values: &[String]) -> f64 {
    let values: Vec<Vec<char>> = values.iter().map(|value| value.chars().collect()).collect();
    let length = values.iter().map(Vec::len).max().unwrap_or_default();
    let bits = (0..length).map(|place| {
        let there: Vec<char> =
            values.iter().filter_map(|value| value.get(place)).copied().collect();
        let kinds: HashSet<_> = there.iter().collect();
        (kinds.len() as f64).log2() * there.len() as f64 / values.len() as f64
    });
    bits.sum()
}

/// Whether they go up one after the other.
fn counter(values: &[String]) -> Option<String> {
    const FEW: usize = 8;
    if values.len() < FEW {
        return None;
    }
    let rising =
        values.windows(2).all(|pair| (pair[0].len(), &pair[0]) < (pair[1].len(), &pair[1]));
    rising.then(|| "each is greater than the one before, as a counter or a clock".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(make: impl Fn(u64) -> String) -> Vec<String> {
        (0..64).map(make).collect()
    }

    /// Digits that look random, from a fixed start.
    fn scattered(n: u64) -> u64 {
        (n + 1)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(17)
            .wrapping_mul(0xd6e8_feb8_6659_fd93)
    }

    #[test]
    fn random_values_pass() {
        let random = values(|n| format!("{:016x}{:016x}", scattered(n), scattered(n + 999)));
        assert_eq!(distinct(&random, Some(64)), [""; 0]);
    }

    #[test]
    fn random_numbers_of_which_one_is_short_pass() {
        let mut numbers: Vec<String> = (0..20).map(|n| scattered(n).to_string()).collect();
        numbers[7].truncate(11);
        assert_eq!(distinct(&numbers, Some(48)), [""; 0]);
        for number in &mut numbers {
            number.truncate(11);
        }
        assert!(distinct(&numbers, Some(48))[0].contains("fewer than 48"));
    }

    #[test]
    fn repeated_few_and_counted_values_are_found() {
        let twice = ["a", "b", "a"].map(str::to_owned);
        assert_eq!(distinct(&twice, None), ["`a` comes more than once among 3"]);
        let short = values(|n| format!("{:04x}", scattered(n) >> 48));
        assert!(distinct(&short, Some(64))[0].contains("bits, fewer than 64"));
        let counted = values(|n| format!("session-{n}"));
        assert!(distinct(&counted, Some(1)).iter().any(|found| found.contains("a counter")));
    }
}
