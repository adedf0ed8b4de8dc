//! What variables are worth while a scenario runs. The runner knows the values; this file does the arithmetic and
//! makes texts, times and numbers of them.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::limits;
use super::model::{Count, Expr, Function, Name, Operator, Part, Template, Timespan, Xml};
use super::source::{Located, Place};
use super::template;
use crate::xmpp::scram::{self, Hash, Proofs};

/// What the runner knows.
pub trait Environment {
    /// The value of a variable, or of a field of something that is named: `bob.jid` has the base `bob` and the field
    /// `jid`, `poll[3].rid` the number 3 too. None if it has none now, such as a term that was not granted.
    fn value(&self, base: &str, nth: Option<u64>, fields: &[String]) -> Option<Value>;

    /// So many random letters and digits.
    fn random(&self, length: usize) -> String;

    /// A text of so many bytes was made; in words, if that is more than may be made in all.
    fn made(&self, _bytes: usize) -> Result<(), String> {
        Ok(())
    }
}

/// What a variable is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A whole number.
    Number(i128),
    /// A length of time, never below zero.
    Time(Duration),
}

/// A value that can't be had while it runs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unresolved {
    /// Where it is asked for.
    pub place: Place,
    /// Why.
    pub message: String,
}

/// Longer texts are not made.
const LONGEST: i128 = limits::TEXT as i128;

impl Value {
    /// As a text: a time in seconds, as the protocol writes times.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Time(time) => {
                let mut text = time.as_secs().to_string();
                let rest = time.subsec_nanos();
                if rest > 0 {
                    let _ = write!(text, ".{rest:09}");
                    text.truncate(text.trim_end_matches('0').len());
                }
                Cow::Owned(text)
            }
        }
    }

    /// As a time: a number is one of seconds, as the protocol counts.
    pub fn time(&self) -> Result<Duration, String> {
        match self.known() {
            Self::Time(time) => Ok(time),
            Self::Number(number) => u64::try_from(number)
                .map(Duration::from_secs)
                .map_err(|_| format!("`{number}` is not a number of seconds")),
            Self::Text(text) => template::duration(&text),
        }
    }

    /// As a whole number from 0.
    pub fn count(&self) -> Result<u64, String> {
        match self.known() {
            Self::Number(number) => u64::try_from(number).ok(),
            _ => None,
        }
        .ok_or_else(|| format!("`{}` is not a whole number", self.text()))
    }

    /// A text that is a number or a time, as that.
    fn known(&self) -> Self {
        let Self::Text(text) = self else { return self.clone() };
        if let Ok(number) = text.trim().parse() {
            return Self::Number(number);
        }
        template::duration(text).map_or_else(|_| self.clone(), Self::Time)
    }
}

impl Template {
    /// Its value: of its one expression, or else a text.
    pub fn value(&self, environment: &dyn Environment) -> Result<Value, Unresolved> {
        match self.parts.as_slice() {
            [Part::Value(expr)] => {
                let value = expr.evaluate(environment)?;
                if let Value::Text(text) = &value {
                    made(text, expr, environment)?;
                }
                Ok(value)
            }
            _ => self.text(environment).map(Value::Text),
        }
    }

    /// Its text.
    pub fn text(&self, environment: &dyn Environment) -> Result<String, Unresolved> {
        self.join(environment, |value, text| *text += value)
    }

    fn join(
        &self,
        environment: &dyn Environment,
        put: impl Fn(&str, &mut String),
    ) -> Result<String, Unresolved> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(literal) => text += literal,
                Part::Value(expr) => {
                    let before = text.len();
                    put(&expr.evaluate(environment)?.text(), &mut text);
                    made(&text[before..], expr, environment)?;
                    if text.len() > limits::TEXT {
                        let message = too_long();
                        return Err(Unresolved { place: expr.place.clone(), message });
                    }
                }
            }
        }
        Ok(text)
    }
}

impl Xml {
    /// Its text, in which the values are escaped: they are text or parts of attributes, never elements.
    pub fn text(&self, environment: &dyn Environment) -> Result<String, Unresolved> {
        let special = |text: &[u8]| {
            memchr::memchr3(b'<', b'>', b'&', text)
                .or_else(|| memchr::memchr2(b'\'', b'"', text))
                .is_some()
        };
        self.text.join(environment, |value, text| {
            // Texts of many megabytes hold nothing of the kind.
            if special(value.as_bytes()) {
                *text += &quick_xml::escape::escape(value);
            } else {
                *text += value;
            }
        })
    }
}

/// Counts what was made of an expression.
fn made(text: &str, expr: &Located<Expr>, environment: &dyn Environment) -> Result<(), Unresolved> {
    let wrong = |message| Unresolved { place: expr.place.clone(), message };
    environment.made(text.len()).map_err(wrong)
}

fn too_long() -> String {
    format!("the text becomes longer than {} MiB, the limit", limits::TEXT >> 20)
}

impl Located<Timespan> {
    /// The length of time; at most a day.
    pub fn resolve(&self, environment: &dyn Environment) -> Result<Duration, Unresolved> {
        match &self.value {
            Timespan::Fixed(time) => Ok(*time),
            Timespan::Computed(template) => {
                let value = template.value(environment)?;
                let time = value.time().and_then(|time| {
                    let words = || {
                        format!(
                            "`{}` s is longer than a day, the longest time possible",
                            value.text()
                        )
                    };
                    if time <= limits::TIME { Ok(time) } else { Err(words()) }
                });
                time.map_err(|message| Unresolved { place: self.place.clone(), message })
            }
        }
    }
}

impl Located<Count> {
    /// The number, which may be this at most.
    pub fn resolve(&self, environment: &dyn Environment, most: u64) -> Result<u64, Unresolved> {
        match &self.value {
            Count::Fixed(count) => Ok(*count),
            Count::Computed(template) => {
                let value = template.value(environment)?;
                let count = value.count().and_then(|count| at_most(count, most));
                count.map_err(|message| Unresolved { place: self.place.clone(), message })
            }
        }
    }
}

/// A number that is not too large, or why it is.
pub(super) fn at_most(number: u64, most: u64) -> Result<u64, String> {
    if number > most { Err(format!("{number} is too many: at most {most}")) } else { Ok(number) }
}

impl Located<Expr> {
    /// The value of an expression.
    pub fn evaluate(&self, environment: &dyn Environment) -> Result<Value, Unresolved> {
        let wrong = |message| Unresolved { place: self.place.clone(), message };
        match &self.value {
            Expr::Number(number) => Ok(Value::Number(*number)),
            Expr::Time(time) => Ok(Value::Time(*time)),
            Expr::Text(text) => Ok(Value::Text(text.clone())),
            Expr::Name(Name { base, nth, fields }) => {
                let nth = match nth {
                    Some(nth) => Some(nth.evaluate(environment)?.count().map_err(wrong)?),
                    None => None,
                };
                let value = environment.value(base, nth, fields);
                value.ok_or_else(|| wrong(format!("`{}` has no value here", self.place.text())))
            }
            Expr::Call(function, given) => {
                let given = given.iter().map(|one| one.evaluate(environment));
                let given = given.collect::<Result<Vec<_>, _>>()?;
                call(*function, &given, environment).map_err(wrong)
            }
            Expr::Binary(operator, left, right) => {
                let (left, right) = (left.evaluate(environment)?, right.evaluate(environment)?);
                calculate(*operator, &left.known(), &right.known()).map_err(wrong)
            }
        }
    }
}

fn call(
    function: Function,
    given: &[Value],
    environment: &dyn Environment,
) -> Result<Value, String> {
    let given: Vec<_> = given.iter().map(Value::text).collect();
    let given: Vec<&str> = given.iter().map(|text| &**text).collect();
    let length = |text: &str| match text.trim().parse() {
        Ok(length @ 0..=LONGEST) => Ok(length as usize),
        _ => Err(format!("`{text}` is not a valid length")),
    };
    let text = match (function, &*given) {
        (Function::Filler, [text]) => "x".repeat(length(text)?),
        (Function::Random, [text]) => environment.random(length(text)?),
        (Function::Upper, [text]) => text.to_uppercase(),
        (Function::Lower, [text]) => text.to_lowercase(),
        (Function::Base64, [text]) => STANDARD.encode(text.as_bytes()),
        (Function::FromBase64, [text]) => {
            let bytes = STANDARD.decode(text.trim());
            let bytes = bytes.map_err(|wrong| format!("`{text}` is not base64: {wrong}"))?;
            String::from_utf8(bytes).map_err(|_| format!("what `{text}` encodes is not UTF-8"))?
        }
        (Function::Sha1, [text]) => {
            let algorithm = &ring::digest::SHA1_FOR_LEGACY_USE_ONLY;
            let digest = ring::digest::digest(algorithm, text.as_bytes());
            digest.as_ref().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
        }
        (Function::ScramAttribute, [message, name]) => {
            let value = scram::attribute(message, name);
            value.ok_or_else(|| format!("`{message}` has no attribute `{name}`"))?.to_owned()
        }
        (Function::ScramProof, _) => STANDARD.encode(proofs(&given)?.client),
        (Function::ScramSignature, _) => STANDARD.encode(proofs(&given)?.server),
        _ => return Err(misused()),
    };
    if text.len() > limits::TEXT {
        return Err(too_long());
    }
    environment.made(text.len())?;
    Ok(Value::Text(text))
}

/// The proofs of an exchange of SCRAM: `mechanism, password, first, challenge, last`.
fn proofs(given: &[&str]) -> Result<Proofs, String> {
    let &[mechanism, password, first, challenge, last] = given else { return Err(misused()) };
    let hash = Hash::of_mechanism(mechanism)
        .ok_or_else(|| format!("`{mechanism}` is not one of SCRAM-SHA-1, -256 and -512"))?;
    let attribute = |name| {
        let value = scram::attribute(challenge, name);
        value.ok_or_else(|| format!("the challenge `{challenge}` has no attribute `{name}`"))
    };
    let salt = STANDARD.decode(attribute("s")?);
    let salt = salt.map_err(|wrong| format!("the salt of `{challenge}` is not base64: {wrong}"))?;
    let iterations = scram::iterations(attribute("i")?)?;
    Ok(hash.proofs(password, &salt, iterations, &format!("{first},{challenge},{last}")))
}

/// The reader counts what a function is given.
fn misused() -> String {
    "this function is given too little or too much".to_owned()
}

fn calculate(operator: Operator, left: &Value, right: &Value) -> Result<Value, String> {
    use Operator::{Add, Divide, Multiply, Remainder, Subtract};
    use Value::{Number, Text, Time};
    let factor = |number: i128| u32::try_from(number).ok();
    let result = match (operator, left, right) {
        (_, Text(text), _) | (_, _, Text(text)) => {
            return Err(format!("`{text}` is neither a number nor a time"));
        }
        (Add, Number(a), Number(b)) => a.checked_add(*b).map(Number),
        (Subtract, Number(a), Number(b)) => a.checked_sub(*b).map(Number),
        (Multiply, Number(a), Number(b)) => a.checked_mul(*b).map(Number),
        (Divide, Number(a), Number(b)) => a.checked_div(*b).map(Number),
        (Remainder, Number(a), Number(b)) => a.checked_rem(*b).map(Number),
        (Multiply, Time(time), Number(n)) | (Multiply, Number(n), Time(time)) => {
            factor(*n).and_then(|n| time.checked_mul(n)).map(Time)
        }
        (Divide, Time(time), Number(n)) => factor(*n).and_then(|n| time.checked_div(n)).map(Time),
        (Divide, Time(a), Time(b)) => {
            a.as_nanos().checked_div(b.as_nanos()).and_then(|n| n.try_into().ok()).map(Number)
        }
        (Add | Subtract, ..) => {
            let (a, b) = (left.time()?, right.time()?);
            match operator {
                Add => a.checked_add(b).map(Time),
                _ => Some(Time(a.saturating_sub(b))),
            }
        }
        (Multiply | Divide | Remainder, ..) => None,
    };
    result.ok_or_else(|| {
        format!("this operation cannot be applied to `{}` and `{}`", left.text(), right.text())
    })
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use super::*;
    use crate::scenario::Source;

    /// Variables by their text: `bob.jid`, `poll[3].rid`.
    #[derive(Default)]
    pub(in crate::scenario) struct Known(pub(in crate::scenario) HashMap<String, Value>);

    impl Environment for Known {
        fn value(&self, base: &str, nth: Option<u64>, fields: &[String]) -> Option<Value> {
            let nth = nth.map_or(String::new(), |nth| format!("[{nth}]"));
            let fields = fields.iter().fold(String::new(), |all, one| all + "." + one);
            self.0.get(&format!("{base}{nth}{fields}")).cloned()
        }

        fn random(&self, length: usize) -> String {
            "r".repeat(length)
        }
    }

    pub(in crate::scenario) fn located(text: &str) -> Located<Template> {
        let source = Arc::new(Source { path: "a.yaml".into(), text: text.into() });
        let place = |span| Place { source: Arc::clone(&source), span };
        let template = template::template(text, &place).unwrap();
        Located::new(template, place(0..text.len()))
    }

    fn known() -> Known {
        let text = |text: &str| Value::Text(text.to_owned());
        Known(HashMap::from([
            ("granted.wait".to_owned(), Value::Time(Duration::from_secs(60))),
            ("requests".to_owned(), Value::Number(2)),
            ("poll[3].rid".to_owned(), Value::Number(7)),
            ("captured".to_owned(), text("5")),
            ("name".to_owned(), text("a<b>'")),
        ]))
    }

    fn text(template: &str) -> String {
        match located(template).text(&known()) {
            Ok(text) => text,
            Err(unresolved) => format!("{}: {unresolved}", unresolved.place),
        }
    }

    #[test]
    fn expressions_are_reckoned() {
        assert_eq!(text("${granted.wait * 2 + 1s}"), "121");
        assert_eq!(text("${granted.wait / 8}"), "7.5");
        assert_eq!(text("${granted.wait - 2m}"), "0");
        assert_eq!(text("${requests + 1}"), "3");
        assert_eq!(text("${captured + 500ms}"), "5.5");
        assert_eq!(text("${granted.wait / 1ms}"), "60000");
        assert_eq!(text("<${poll[requests + 1].rid}>"), "<7>");
        assert_eq!(text("${filler(3)}${random(2)}${upper('ab')}"), "xxxrrAB");
        assert_eq!(text("${sha1('abc')}"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(text("${base64('abc')}"), "YWJj");
        assert_eq!(text("${from-base64('YWJj')}"), "abc");
    }

    /// The example of RFC 5802 §5.
    #[test]
    fn proofs_of_scram_are_reckoned() {
        let values = [
            ("first", "n=user,r=fyko+d2lbbFgONRv9qkxdawL"),
            ("challenge", "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096"),
            ("last", "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j"),
        ];
        let known = Known(
            values
                .into_iter()
                .map(|(name, text)| (name.to_owned(), Value::Text(text.to_owned())))
                .collect(),
        );
        let text = |template: &str| {
            located(template).text(&known).unwrap_or_else(|wrong| wrong.to_string())
        };
        let proof = "${scram-proof('SCRAM-SHA-1', 'pencil', first, challenge, last)}";
        assert_eq!(text(proof), "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=");
        let signature = "${scram-signature('SCRAM-SHA-1', 'pencil', first, challenge, last)}";
        assert_eq!(text(signature), "rmF9pqV8S7suAoZWja4dJRkFsKQ=");
        assert_eq!(text("${scram-attribute(challenge, 's')}"), "QSXCR+Q6sek8bf92");
        for (template, words) in [
            ("${scram-proof('PLAIN', 'pencil', first, challenge, last)}", "is not one of SCRAM"),
            ("${scram-proof('SCRAM-SHA-1', 'x', first, 'r=a', last)}", "has no attribute `s`"),
            ("${scram-proof('SCRAM-SHA-1', 'x', first, 's=?,i=1', last)}", "not base64"),
            ("${scram-proof('SCRAM-SHA-1', 'x', first, 's=,i=9999999', last)}", "iterations"),
            ("${scram-attribute(challenge, 'q')}", "has no attribute `q`"),
            ("${from-base64('?')}", "is not base64"),
            ("${from-base64('/w==')}", "is not UTF-8"),
        ] {
            assert!(text(template).contains(words), "{template}: {}", text(template));
        }
    }

    #[test]
    fn what_has_no_value_is_told_at_its_place() {
        assert_eq!(text("a ${nobody.jid}"), "a.yaml:1:5: `nobody.jid` has no value here");
        assert_eq!(text("${name + 1}"), "a.yaml:1:3: `a<b>'` is neither a number nor a time");
        assert_eq!(text("${1 / 0}"), "a.yaml:1:3: this operation cannot be applied to `1` and `0`");
        assert_eq!(text("${filler(0 - 1)}"), "a.yaml:1:3: `-1` is not a valid length");
        let long = text("${filler(40000000)}${filler(40000000)}");
        assert_eq!(long, "a.yaml:1:22: the text becomes longer than 64 MiB, the limit");
        let long = text("${base64(filler(60000000))}");
        assert_eq!(long, "a.yaml:1:3: the text becomes longer than 64 MiB, the limit");
    }

    #[test]
    fn times_and_counts_are_made_of_what_is_there() {
        let time = |text: &str| located(text).value(&known()).unwrap().time();
        assert_eq!(time("${granted.wait}"), Ok(Duration::from_secs(60)));
        assert_eq!(time("${captured}"), Ok(Duration::from_secs(5)));
        assert_eq!(time("${requests}00ms"), Ok(Duration::from_millis(200)));
        assert!(time("${name}").is_err() && time("${0 - 1}").is_err());
        let count = |text: &str| located(text).value(&known()).unwrap().count();
        assert_eq!(count("${captured}"), Ok(5));
        assert!(count("${granted.wait}").is_err() && count("${0 - 1}").is_err());
        let span = |text: &str| {
            let Located { value, place } = located(text);
            let span = Located::new(Timespan::Computed(value), place).resolve(&known());
            span.map_err(|unresolved| unresolved.message)
        };
        assert_eq!(span("${granted.wait * 1440}"), Ok(limits::TIME));
        let long = "`86460` s is longer than a day, the longest time possible".to_owned();
        assert_eq!(span("${granted.wait * 1441}"), Err(long));
        let Located { value, place } = located("${requests * 3}");
        let count = Located::new(Count::Computed(value), place);
        assert_eq!(count.resolve(&known(), 6), Ok(6));
        let message = count.resolve(&known(), 5).unwrap_err().message;
        assert_eq!(message, "6 is too many: at most 5");
    }

    #[test]
    fn values_in_xml_are_escaped() {
        let xml = Xml { text: located("<a b='${name}'/>").value };
        assert_eq!(xml.text(&known()).unwrap(), "<a b='a&lt;b&gt;&apos;'/>");
    }
}
