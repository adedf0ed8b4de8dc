//! How HTTP around BOSH is made to deviate: [`Edge`]s around the strict one, and a [`Backend`] around the server.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};

use crate::cm::backend::{Backend, Command, Event, Link};
use crate::cm::http::{Edge, Entry, Return, Upgrade};
use crate::cm::machine::Answer;
use crate::cm::parts::Parts;
use crate::xml::{Element, Limits, Scope, parse, write};

/// What makes HTTP deviate. By default everything passes as it is.
pub trait BendHttp: Send {
    /// A request has come: it may be changed, or answered at once.
    fn enter(&mut self, _request: &mut Request<Bytes>) -> Option<Response<Bytes>> {
        None
    }

    /// An answer of the connection manager goes back to this request.
    fn answer(&mut self, _answer: &mut Answer, _request: &Request<Bytes>) {}

    /// A request for a WebSocket is answered.
    fn upgrade(&mut self, _upgrade: &mut Upgrade, _request: &Request<()>) {}

    /// A response goes out; the request is unknown if its content was never read.
    fn leave(&mut self, _response: &mut Response<Bytes>, _request: Option<&Request<Bytes>>) {}
}

struct BentEdge<B> {
    inner: Box<dyn Edge>,
    bend: B,
}

impl<B: BendHttp> Edge for BentEdge<B> {
    fn enter(&mut self, request: &Request<Bytes>) -> Entry {
        let came = Arc::new(request.clone());
        let mut request = request.clone();
        if let Some(mut response) = self.bend.enter(&mut request) {
            self.bend.leave(&mut response, Some(&came));
            return Entry::Response(response);
        }
        match self.inner.enter(&request) {
            Entry::Response(mut response) => {
                self.bend.leave(&mut response, Some(&came));
                Entry::Response(response)
            }
            Entry::Bosh(content, mut back) => {
                back.request = Some(came);
                Entry::Bosh(content, back)
            }
        }
    }

    fn leave(&mut self, answer: &Answer, back: &Return) -> Response<Bytes> {
        let Some(request) = back.request.as_deref() else { return self.inner.leave(answer, back) };
        let mut answer = answer.clone();
        self.bend.answer(&mut answer, request);
        let mut response = self.inner.leave(&answer, back);
        self.bend.leave(&mut response, Some(request));
        response
    }

    fn upgrade(&mut self, request: &Request<()>) -> Upgrade {
        let mut upgrade = self.inner.upgrade(request);
        self.bend.upgrade(&mut upgrade, request);
        upgrade
    }

    fn refuse(&mut self, status: StatusCode) -> Response<Bytes> {
        let mut response = self.inner.refuse(status);
        self.bend.leave(&mut response, None);
        response
    }
}

impl Parts {
    /// HTTP is bent by `bend`.
    pub fn bend_http(&mut self, bend: impl BendHttp + 'static) {
        self.wrap_edge(|inner| Box::new(BentEdge { inner, bend }));
    }

    /// Changes requests before anything reads them, or answers them at once.
    pub fn on_enter(
        &mut self,
        change: impl FnMut(&mut Request<Bytes>) -> Option<Response<Bytes>> + Send + 'static,
    ) {
        struct Enter<F>(F);
        impl<F: FnMut(&mut Request<Bytes>) -> Option<Response<Bytes>> + Send> BendHttp for Enter<F> {
            fn enter(&mut self, request: &mut Request<Bytes>) -> Option<Response<Bytes>> {
                (self.0)(request)
            }
        }
        self.bend_http(Enter(change));
    }

    /// Changes answers on their way to HTTP, those included that belong to no session.
    pub fn on_answer(&mut self, change: impl FnMut(&mut Answer, &Request<Bytes>) + Send + 'static) {
        struct OnAnswer<F>(F);
        impl<F: FnMut(&mut Answer, &Request<Bytes>) + Send> BendHttp for OnAnswer<F> {
            fn answer(&mut self, answer: &mut Answer, request: &Request<Bytes>) {
                (self.0)(answer, request);
            }
        }
        self.bend_http(OnAnswer(change));
    }

    /// Changes HTTP responses.
    pub fn on_leave(
        &mut self,
        change: impl FnMut(&mut Response<Bytes>, Option<&Request<Bytes>>) + Send + 'static,
    ) {
        struct Leave<F>(F);
        impl<F: FnMut(&mut Response<Bytes>, Option<&Request<Bytes>>) + Send> BendHttp for Leave<F> {
            fn leave(&mut self, response: &mut Response<Bytes>, request: Option<&Request<Bytes>>) {
                (self.0)(response, request);
            }
        }
        self.bend_http(Leave(change));
    }

    /// Changes the text of the `<body/>` of responses. They go uncompressed, which needs no permission.
    pub fn on_text(&mut self, change: impl FnMut(&mut String, &Request<Bytes>) + Send + 'static) {
        struct OnText<F>(F);
        impl<F: FnMut(&mut String, &Request<Bytes>) + Send> BendHttp for OnText<F> {
            fn enter(&mut self, request: &mut Request<Bytes>) -> Option<Response<Bytes>> {
                request.headers_mut().remove(http::header::ACCEPT_ENCODING);
                None
            }

            fn leave(&mut self, response: &mut Response<Bytes>, request: Option<&Request<Bytes>>) {
                let text = std::str::from_utf8(response.body());
                if let (Ok(text), Some(request)) = (text, request)
                    && text.starts_with("<body")
                {
                    let mut text = text.to_owned();
                    (self.0)(&mut text, request);
                    *response.body_mut() = text.into();
                }
            }
        }
        self.bend_http(OnText(change));
    }

    /// Changes the `<body/>` of requests, where it can be parsed, before the connection manager reads it.
    pub fn on_body(&mut self, mut change: impl FnMut(&mut Element) + Send + 'static) {
        self.on_enter(move |request| {
            if let Some(mut body) = body(request) {
                let before = body.clone();
                change(&mut body);
                if body != before {
                    *request.body_mut() = text(&body);
                }
            }
            None
        });
    }

    /// Changes what the server is told: what is given back is told.
    pub fn on_command(
        &mut self,
        change: impl FnMut(Link, Command) -> Vec<Command> + Send + 'static,
    ) {
        struct ReplyContext<F>(Box<dyn Backend>, F);
        impl<F: FnMut(Link, Command) -> Vec<Command> + Send> Backend for ReplyContext<F> {
            fn command(&mut self, link: Link, command: Command, now: Duration) {
                for command in (self.1)(link, command) {
                    self.0.command(link, command, now);
                }
            }
            fn next(&mut self) -> Option<(Link, Event)> {
                self.0.next()
            }

            fn behind(&self) -> Option<&dyn Backend> {
                Some(&*self.0)
            }

            fn behind_mut(&mut self) -> Option<&mut dyn Backend> {
                Some(&mut *self.0)
            }
        }
        self.wrap_backend(|inner| Box::new(ReplyContext(inner, change)));
    }

    /// Changes what the server tells: what is given back is heard.
    pub fn on_event(&mut self, change: impl FnMut(Link, Event) -> Option<Event> + Send + 'static) {
        struct Heard<F>(Box<dyn Backend>, F);
        impl<F: FnMut(Link, Event) -> Option<Event> + Send> Backend for Heard<F> {
            fn command(&mut self, link: Link, command: Command, now: Duration) {
                self.0.command(link, command, now);
            }
            fn next(&mut self) -> Option<(Link, Event)> {
                loop {
                    let (link, event) = self.0.next()?;
                    if let Some(event) = (self.1)(link, event) {
                        return Some((link, event));
                    }
                }
            }

            fn behind(&self) -> Option<&dyn Backend> {
                Some(&*self.0)
            }

            fn behind_mut(&mut self) -> Option<&mut dyn Backend> {
                Some(&mut *self.0)
            }
        }
        self.wrap_backend(|inner| Box::new(Heard(inner, change)));
    }
}

/// The content of a request as an element, if it is one.
pub fn body(request: &Request<Bytes>) -> Option<Element> {
    parse(request.body(), &Limits::default()).ok()
}

/// An element as a document.
pub fn text(element: &Element) -> Bytes {
    let mut out = String::new();
    write(element, &Scope { default: "", prefixes: &[] }, &mut out);
    out.into()
}

/// A response without content, which a page of any origin may read as it may the others.
pub fn bare(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    let anyone = http::HeaderValue::from_static("*");
    response.headers_mut().insert(http::header::ACCESS_CONTROL_ALLOW_ORIGIN, anyone);
    response
}

/// Whether a request names a session.
pub fn in_session(request: &Request<Bytes>) -> bool {
    body(request).is_some_and(|body| body.attr("sid").is_some())
}
