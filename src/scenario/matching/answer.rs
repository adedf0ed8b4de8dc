//! What became of a request: a response, in parts and in a line, or none.

use bytes::Bytes;

use crate::bosh::{Body, XBOSH};
use crate::scenario::model::{Http, NoAnswer};
use crate::xml::{Limits, parse};

/// A response as it came.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The HTTP version.
    pub http: Http,
    /// Header fields in the order they came.
    pub headers: Vec<(String, String)>,
    /// The entity, after its content coding was undone.
    pub entity: Bytes,
    /// The `<body/>` in it, or in words why there is none.
    pub body: Result<Body, String>,
}

impl Answer {
    /// A response with its `<body/>` read.
    pub fn new(status: u16, http: Http, headers: Vec<(String, String)>, entity: Bytes) -> Self {
        let body = match parse(&entity, &Limits::default()) {
            Ok(element) => Body::new(element).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        Self { status, http, headers, entity, body }
    }

    /// The values of a header field, joined with commas; none if it did not come.
    pub fn header(&self, name: &str) -> Option<String> {
        let named = self.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        let values: Vec<_> = named.map(|(_, value)| value.as_str()).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }
}

/// What became of a request.
#[derive(Debug, Clone, Copy)]
pub enum Outcome<'a> {
    /// It was answered.
    Answer(&'a Answer),
    /// It was not; never [`NoAnswer::Any`].
    None(NoAnswer),
}

/// A response in a line: `404`, `200 type='terminate' condition='item-not-found'`.
pub fn in_short(answer: &Answer) -> String {
    let mut text = answer.status.to_string();
    match &answer.body {
        Ok(body) => {
            for (namespace, name, value) in body.element().attributes() {
                let prefix = if namespace == XBOSH { "xmpp:" } else { "" };
                text += &format!(" {prefix}{name}='{value}'");
            }
            let children = body.element().children().count();
            text += match children {
                0 => ", empty",
                _ => ", with payload",
            };
        }
        Err(why) if answer.status == 200 => text += &format!(", no <body/>: {why}"),
        Err(_) => {}
    }
    text
}

/// Why there is no response.
pub(super) fn no_answer_in_words(no_answer: NoAnswer) -> &'static str {
    match no_answer {
        NoAnswer::Closed => "no answer, the connection ended",
        NoAnswer::Silent => "no answer at all",
        NoAnswer::Any => "no answer",
    }
}
