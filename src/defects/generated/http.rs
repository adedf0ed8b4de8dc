//! HTTP and documents that go wrong, and answers that belong to no session.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Request, Response, StatusCode};

use super::answers::make_wrong;
use super::deed::{Deed, Form};
use super::one::Generated;
use super::place::Place;
use super::shared::Shared;
use crate::cm::http::Delivery;
use crate::cm::machine::Answer;
use crate::defects::edge::{BendHttp, in_session};

/// HTTP that goes wrong at one place.
pub(super) struct Http {
    generated: Generated,
    shared: Shared,
    /// How often answers of each place came that belong to no session.
    came: BTreeMap<Place, u32>,
    /// Whether the response that goes out next is to go wrong.
    next: bool,
}

impl Http {
    pub(super) fn new(generated: Generated, shared: Shared) -> Self {
        Self { generated, shared, came: BTreeMap::new(), next: false }
    }
}

impl BendHttp for Http {
    fn enter(&mut self, request: &mut Request<Bytes>) -> Option<Response<Bytes>> {
        if matches!(self.generated.deed, Deed::Http(_)) {
            // Documents are changed as text.
            if self.generated.deed != Deed::Http(Form::Compressed) {
                request.headers_mut().remove(header::ACCEPT_ENCODING);
            }
        }
        None
    }

    fn answer(&mut self, answer: &mut Answer, request: &Request<Bytes>) {
        let mut common = self.shared.lock();
        self.next = common.marked.remove(&answer.token);
        if common.of_sessions.remove(&answer.token) {
            return;
        }
        drop(common);
        let place =
            if in_session(request) { Place::UnknownSession } else { Place::CreationRefused };
        let came = self.came.entry(place).or_default();
        *came += 1;
        self.shared.seen.visit(place, *came);
        if place != self.generated.place || !self.generated.turn.has_come(*came - 1) {
            return;
        }
        match self.generated.deed {
            Deed::Attribute(name, wrong)
                if make_wrong(&mut answer.reply, name, wrong, &BTreeMap::new()) =>
            {
                self.shared.seen.fires();
            }
            Deed::Http(_) => self.next = true,
            _ => {}
        }
    }

    fn leave(&mut self, response: &mut Response<Bytes>, request: Option<&Request<Bytes>>) {
        let Deed::Http(form) = self.generated.deed else { return };
        if std::mem::take(&mut self.next) && request.is_some() && make(response, form) {
            self.shared.seen.fires();
        }
    }
}

/// Makes a response wrong, and tells whether it is another one now.
fn make(response: &mut Response<Bytes>, form: Form) -> bool {
    let text = String::from_utf8_lossy(response.body()).into_owned();
    let inside = |what: &str| match text.find('>') {
        Some(at) if text[..at].ends_with('/') => Some(format!("{}>{what}</body>", &text[..at - 1])),
        Some(at) => Some(format!("{}{what}{}", &text[..=at], &text[at + 1..])),
        None => None,
    };
    let changed = match form {
        Form::Status(status) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
            let other = *response.status_mut() != status;
            *response.status_mut() = status;
            if status == StatusCode::NO_CONTENT {
                *response.body_mut() = Bytes::new();
            }
            return other;
        }
        Form::NoType => return response.headers_mut().remove(header::CONTENT_TYPE).is_some(),
        Form::PageType => return typed(response, "text/html; charset=utf-8"),
        Form::OtherCharset => return typed(response, "text/xml; charset=utf-16"),
        Form::NoCors => {
            return response.headers_mut().remove(header::ACCESS_CONTROL_ALLOW_ORIGIN).is_some();
        }
        Form::Compressed => {
            if response.headers().contains_key(header::CONTENT_ENCODING) {
                return false;
            }
            let gzip = HeaderValue::from_static("gzip");
            response.headers_mut().insert(header::CONTENT_ENCODING, gzip);
            *response.body_mut() = zipped(text.as_bytes()).into();
            return true;
        }
        Form::Chunked => {
            response.extensions_mut().insert(Delivery::Chunked);
            return true;
        }
        Form::Cut => {
            response.extensions_mut().insert(Delivery::Cut);
            return true;
        }
        Form::Truncated => text.get(..text.len().saturating_sub(2)).map(str::to_owned),
        Form::Nothing => Some(String::new()),
        Form::Comment => inside("<!-- x -->"),
        Form::Instruction => inside("<?x y?>"),
        Form::Doctype => Some(format!("<!DOCTYPE body>{text}")),
        Form::Text => inside("text"),
        Form::Namespace => {
            Some(text.replacen(crate::bosh::NS, "http://jabber.org/protocol/bosh", 1))
        }
        Form::Two => Some(format!("{text}{text}")),
    };
    match changed.filter(|changed| *changed != text) {
        Some(changed) => {
            *response.body_mut() = changed.into();
            true
        }
        None => false,
    }
}

fn typed(response: &mut Response<Bytes>, value: &'static str) -> bool {
    let value = HeaderValue::from_static(value);
    let old = response.headers_mut().insert(header::CONTENT_TYPE, value.clone());
    old.as_ref() != Some(&value)
}

fn zipped(content: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    // Writing to memory does not fail.
    let _ = encoder.write_all(content);
    encoder.finish().unwrap_or_default()
}
