//! Whether values that must not be guessed look as if they could not be (XEP-0124 §19.3).

use std::collections::HashSet;

/// What was demanded and what was seen, if the values are not distinct, or hold less than `bits` bits of apparent
/// entropy, or follow a counter.
pub(super) fn mismatch(values: &[String], bits: Option<u64>) -> Option<(String, String)> {
    let distinct: HashSet<&str> = values.iter().map(String::as_str).collect();
    if distinct.len() < values.len() {
        let seen = format!("{} of them are", distinct.len());
        return Some((format!("all {} values to be distinct", values.len()), seen));
    }
    let bits = bits?;
    if let Some(step) = counter(values) {
        let wanted = "values that can't be guessed".to_owned();
        return Some((wanted, format!("they follow a counter, {step} from one to the next")));
    }
    let seen = apparent_bits(values);
    (seen < bits as f64).then(|| {
        (
            format!("values of at least {bits} bits that can't be guessed"),
            format!("{seen:.0} bits at most change from one to the next"),
        )
    })
}

/// The bits in the characters that change from one value to the next: an upper bound of what can't be guessed.
fn apparent_bits(values: &[String]) -> f64 {
    let longest = values.iter().map(|value| value.chars().count()).max().unwrap_or_default();
    let column = |place: usize| {
        let chars: HashSet<Option<char>> = values.iter().map(|value| value.chars().nth(place)).collect();
        chars.len() as f64
    };
    // As many kinds of characters as are seen in a column at least; a random column of an alphabet of 16 or more shows
    // nearly as many kinds as there are values.
    let kinds: HashSet<char> = values.iter().flat_map(|value| value.chars()).collect();
    let alphabet = (kinds.len() as f64).log2();
    (0..longest)
        .map(|place| {
            let seen = column(place);
            if seen <= 1.0 {
                0.0
            } else if seen >= (values.len() as f64 / 3.0).min(8.0) {
                alphabet
            } else {
                seen.log2()
            }
        })
        .sum()
}

/// The step of a counter that the values follow, as decimal or hexadecimal numbers at their end.
fn counter(values: &[String]) -> Option<i128> {
    let steps = |radix: u32| -> Option<i128> {
        let number = |value: &String| {
            let digits = value.bytes().rev().take_while(|byte| (*byte as char).is_digit(radix)).count();
            let digits = digits.min(24);
            i128::from_str_radix(&value[value.len() - digits..], radix).ok()
        };
        let numbers: Vec<i128> = values.iter().map(number).collect::<Option<_>>()?;
        let mut steps = numbers.windows(2).map(|pair| pair[1] - pair[0]);
        let first = steps.next()?;
        (values.len() > 2 && first.abs() < 1_000_000 && steps.all(|step| step == first)).then_some(first)
    };
    steps(10).or_else(|| steps(16))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(values: &[&str]) -> Vec<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    #[test]
    fn what_can_be_guessed_is_told() {
        let counted = values(&["sid-0041", "sid-0042", "sid-0043", "sid-0044"]);
        assert!(mismatch(&counted, Some(64)).unwrap().1.contains("counter"));
        assert_eq!(mismatch(&counted, None), None);
        let twice = values(&["a", "b", "a"]);
        assert_eq!(mismatch(&twice, None).unwrap().1, "2 of them are");
        let short = values(&["x7", "q2", "m9", "z4"]);
        assert!(mismatch(&short, Some(64)).unwrap().1.contains("bits"));
    }

    #[test]
    fn what_is_random_passes() {
        use crate::cm::random::{Random, Seeded};
        let mut random = Seeded::new(7);
        let tokens: Vec<String> = (0..8).map(|_| random.token(16)).collect();
        assert_eq!(mismatch(&tokens, Some(64)), None);
        let hex = values(&[
            "7a67e52e69ab480b", "0d1ef4a2c6b79953", "f2c41d7e08b3a65c", "9be0573a1cd2f684",
        ]);
        assert_eq!(mismatch(&hex, Some(60)), None);
    }
}
