//! How a stream without BOSH is made to deviate by functions: what comes, what is sent and what the server is told; and over
//! WebSocket frames, messages and the handshake.

use bytes::Bytes;
use http::{Request, StatusCode};

use super::bend_stream::{StreamBend, StreamCx};
use crate::cm::backend::Command;
use crate::cm::http::{Edge, Entry, Return, Upgrade};
use crate::cm::machine::Answer;
use crate::cm::parts::Parts;
use crate::cm::stream::{Action, Codec, Framing, Input, Outbound, Output, Received, Session};
use crate::wire::websocket::{Head, Piece, Reader, mask};
use crate::xml::Element;
use crate::xmpp::{Header, ns};

/// What makes one stream deviate. By default everything passes as it is.
pub trait Substitute: Send {
    /// Something comes: this comes instead.
    fn come(&mut self, input: Input, _session: &Session) -> Vec<Input> {
        vec![input]
    }

    /// Something is to be sent: this is sent instead.
    fn send(&mut self, output: Output, _session: &Session) -> Vec<Output> {
        vec![output]
    }

    /// The server is to be told something: it is told this instead.
    fn tell(&mut self, command: Command, _session: &Session) -> Vec<Command> {
        vec![command]
    }
}

/// Changes headers of the server by those that they answer.
pub struct Answered {
    asked: Header,
    change: fn(&Header, &mut Header),
}

impl Answered {
    /// What changes them so: the client's header, and the server's.
    pub fn by(change: fn(&Header, &mut Header)) -> Self {
        Self { asked: Header::default(), change }
    }
}

impl Substitute for Answered {
    fn come(&mut self, input: Input, _: &Session) -> Vec<Input> {
        if let Input::Header(header) | Input::Misnamed(header) = &input {
            self.asked = header.clone();
        }
        vec![input]
    }

    fn send(&mut self, mut output: Output, _: &Session) -> Vec<Output> {
        if let Output::Header(header) = &mut output {
            (self.change)(&self.asked, header);
        }
        vec![output]
    }
}

struct Bent<B: ?Sized>(Box<B>);

impl<B: Substitute + ?Sized> StreamBend for Bent<B> {
    fn come(&mut self, input: Input, cx: &mut StreamCx<'_>) {
        for input in self.0.come(input, cx.session()) {
            cx.pass(input);
        }
    }

    fn go(&mut self, action: Action, cx: &mut StreamCx<'_>) {
        match action {
            Action::Send(output) => {
                for output in self.0.send(output, cx.session()) {
                    cx.send(output);
                }
            }
            Action::Command(link, command) => {
                for command in self.0.tell(command, cx.session()) {
                    cx.act(Action::Command(link, command));
                }
            }
        }
    }
}

struct Come<F>(F);
impl<F: FnMut(Input, &Session) -> Vec<Input> + Send> Substitute for Come<F> {
    fn come(&mut self, input: Input, session: &Session) -> Vec<Input> {
        (self.0)(input, session)
    }
}

struct Go<F>(F);
impl<F: FnMut(Output, &Session) -> Vec<Output> + Send> Substitute for Go<F> {
    fn send(&mut self, output: Output, session: &Session) -> Vec<Output> {
        (self.0)(output, session)
    }
}

struct Tell<F>(F);
impl<F: FnMut(Command, &Session) -> Vec<Command> + Send> Substitute for Tell<F> {
    fn tell(&mut self, command: Command, session: &Session) -> Vec<Command> {
        (self.0)(command, session)
    }
}

/// A frame of a client, its payload unmasked.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Its head.
    pub head: Head,
    /// Its payload.
    pub payload: Vec<u8>,
}

impl Frame {
    /// The frames that these bytes are, still masked if they were.
    pub fn all(bytes: &[u8]) -> Vec<Self> {
        let mut frames: Vec<Self> = Vec::new();
        Reader::default().feed(bytes, &mut |piece| match (piece, frames.last_mut()) {
            (Piece::Head(head, _), _) => frames.push(Self { head, payload: Vec::new() }),
            (Piece::Payload(part), Some(frame)) => frame.payload.extend_from_slice(part),
            _ => {}
        });
        frames
    }
}

/// What makes the bytes of one WebSocket deviate. By default everything passes as it is.
pub trait BendFrames: Send {
    /// A frame of the client comes: these come instead.
    fn frame(&mut self, frame: Frame) -> Vec<Frame> {
        vec![frame]
    }

    /// What has come means this: it means that instead.
    fn received(&mut self, received: Received) -> Vec<Received> {
        vec![received]
    }

    /// This is to be sent: that is sent instead.
    fn outbound(&mut self, outbound: Outbound) -> Vec<Outbound> {
        vec![outbound]
    }

    /// These are its bytes.
    fn bytes(&mut self, _outbound: &Outbound, bytes: Vec<u8>) -> Vec<u8> {
        bytes
    }
}

struct BentFrames {
    inner: Box<dyn Codec>,
    bend: Box<dyn BendFrames>,
    reader: Reader,
    /// The frame that is coming.
    coming: Option<Frame>,
}

impl Codec for BentFrames {
    fn read(&mut self, bytes: &[u8], out: &mut Vec<Received>) {
        let (mut whole, mut coming) = (Vec::new(), self.coming.take());
        self.reader.feed(bytes, &mut |piece| match piece {
            Piece::Head(head, _) => coming = Some(Frame { head, payload: Vec::new() }),
            Piece::Payload(part) => {
                if let Some(frame) = &mut coming {
                    frame.payload.extend_from_slice(part);
                }
            }
            Piece::End => whole.extend(coming.take()),
            _ => {}
        });
        self.coming = coming;
        let mut received = Vec::new();
        for mut frame in whole {
            if let Some(key) = frame.head.mask {
                mask(key, 0, &mut frame.payload);
            }
            for Frame { mut head, payload } in self.bend.frame(frame) {
                let usual = Head::new(head.opcode, payload.len() as u64, head.mask);
                (head.length, head.extended) = (usual.length, usual.extended);
                let mut bytes = Vec::new();
                head.write_with(&payload, &mut bytes);
                self.inner.read(&bytes, &mut received);
            }
        }
        for received in received {
            out.extend(self.bend.received(received));
        }
    }

    fn write(&mut self, outbound: &Outbound, out: &mut Vec<u8>) {
        for outbound in self.bend.outbound(outbound.clone()) {
            let mut bytes = Vec::new();
            self.inner.write(&outbound, &mut bytes);
            out.extend(self.bend.bytes(&outbound, bytes));
        }
    }

    fn is_between(&self) -> bool {
        self.coming.is_none() && self.inner.is_between()
    }
}

struct OnFrame<F>(F);
impl<F: FnMut(Frame) -> Vec<Frame> + Send> BendFrames for OnFrame<F> {
    fn frame(&mut self, frame: Frame) -> Vec<Frame> {
        (self.0)(frame)
    }
}

struct OnReceived<F>(F);
impl<F: FnMut(Received) -> Vec<Received> + Send> BendFrames for OnReceived<F> {
    fn received(&mut self, received: Received) -> Vec<Received> {
        (self.0)(received)
    }
}

struct OnOutbound<F>(F);
impl<F: FnMut(Outbound) -> Vec<Outbound> + Send> BendFrames for OnOutbound<F> {
    fn outbound(&mut self, outbound: Outbound) -> Vec<Outbound> {
        (self.0)(outbound)
    }
}

struct OnBytes<F>(F);
impl<F: FnMut(&Outbound, Vec<u8>) -> Vec<u8> + Send> BendFrames for OnBytes<F> {
    fn bytes(&mut self, outbound: &Outbound, bytes: Vec<u8>) -> Vec<u8> {
        (self.0)(outbound, bytes)
    }
}

/// The handshake of a WebSocket, as something changes it.
struct Handshakes<B, A> {
    inner: Box<dyn Edge>,
    before: B,
    after: A,
}

impl<B, A> Edge for Handshakes<B, A>
where
    B: FnMut(&mut Request<()>) + Send,
    A: FnMut(&mut Upgrade, &Request<()>) + Send,
{
    fn enter(&mut self, request: &Request<Bytes>) -> Entry {
        self.inner.enter(request)
    }

    fn leave(&mut self, answer: &Answer, request: &Return) -> http::Response<Bytes> {
        self.inner.leave(answer, request)
    }

    fn upgrade(&mut self, request: &Request<()>) -> Upgrade {
        let mut changed = request.clone();
        (self.before)(&mut changed);
        let mut upgrade = self.inner.upgrade(&changed);
        (self.after)(&mut upgrade, request);
        upgrade
    }

    fn refuse(&mut self, status: StatusCode) -> http::Response<Bytes> {
        self.inner.refuse(status)
    }
}

impl Parts {
    /// Every stream without BOSH is bent by what `make` makes for it.
    pub fn substitute(&mut self, make: impl Fn() -> Box<dyn Substitute> + Send + 'static) {
        self.bend_streams(move || Box::new(Bent(make())));
    }

    /// Changes what comes on streams without BOSH; `make` makes what does so for one of them.
    pub fn on_input<F>(&mut self, make: impl Fn() -> F + Send + 'static)
    where
        F: FnMut(Input, &Session) -> Vec<Input> + Send + 'static,
    {
        self.substitute(move || Box::new(Come(make())));
    }

    /// Changes what is sent on streams without BOSH.
    pub fn on_output<F>(&mut self, make: impl Fn() -> F + Send + 'static)
    where
        F: FnMut(Output, &Session) -> Vec<Output> + Send + 'static,
    {
        self.substitute(move || Box::new(Go(make())));
    }

    /// Changes what is sent over WebSocket.
    pub fn on_message<F>(&mut self, make: impl Fn() -> F + Send + 'static)
    where
        F: FnMut(Output, &Session) -> Vec<Output> + Send + 'static,
    {
        self.on_output(move || {
            let mut change = make();
            move |output, session: &Session| match session.framing() {
                Framing::Framed => change(output, session),
                Framing::Raw => vec![output],
            }
        });
    }

    /// Changes what the server is told of streams over WebSocket.
    pub fn on_tell<F>(&mut self, make: impl Fn() -> F + Send + 'static)
    where
        F: FnMut(Command, &Session) -> Vec<Command> + Send + 'static,
    {
        self.substitute(move || {
            let mut change = make();
            Box::new(Tell(move |command, session: &Session| match session.framing() {
                Framing::Framed => change(command, session),
                Framing::Raw => vec![command],
            }))
        });
    }

    /// Changes requests for a WebSocket before they are read, and what is answered.
    pub fn on_handshake(
        &mut self,
        before: impl FnMut(&mut Request<()>) + Send + 'static,
        after: impl FnMut(&mut Upgrade, &Request<()>) + Send + 'static,
    ) {
        self.wrap_edge(|inner| Box::new(Handshakes { inner, before, after }));
    }

    /// Every WebSocket is bent by what `make` makes for it.
    pub fn bend_frames(&mut self, make: impl Fn() -> Box<dyn BendFrames> + Send + 'static) {
        self.on_handshake(
            |_| {},
            move |upgrade, _| {
                upgrade.codec = upgrade.codec.take().map(|inner| {
                    let (reader, bend) = (Reader::default(), make());
                    Box::new(BentFrames { inner, bend, reader, coming: None }) as Box<dyn Codec>
                });
            },
        );
    }

    /// Changes frames of clients.
    pub fn on_frame<F>(&mut self, make: impl Fn() -> F + Send + 'static)
    where
        F: FnMut(Frame) -> Vec<Frame> + Send + 'static,
    {
        self.bend_frames(move || Box::new(OnFrame(make())));
    }

    /// Changes what frames of clients come to.
    pub fn on_received<F>(&mut self, make: impl Fn() -> F + Send + 'static)
    where
        F: FnMut(Received) -> Vec<Received> + Send + 'static,
    {
        self.bend_frames(move || Box::new(OnReceived(make())));
    }

    /// Changes what is sent over WebSocket, as text.
    pub fn on_outbound<F>(&mut self, make: impl Fn() -> F + Send + 'static)
    where
        F: FnMut(Outbound) -> Vec<Outbound> + Send + 'static,
    {
        self.bend_frames(move || Box::new(OnOutbound(make())));
    }

    /// Changes the bytes that are sent over WebSocket.
    pub fn on_bytes<F>(&mut self, make: impl Fn() -> F + Send + 'static)
    where
        F: FnMut(&Outbound, Vec<u8>) -> Vec<u8> + Send + 'static,
    {
        self.bend_frames(move || Box::new(OnBytes(make())));
    }
}

/// Whether an output is a stream error.
pub(super) fn is_error(output: &Output) -> bool {
    matches!(output, Output::Element(element) if element.is(ns::STREAMS, "error"))
}

/// Whether an output is the features of a stream.
pub(super) fn is_features(output: &Output) -> bool {
    matches!(output, Output::Element(element) if element.is(ns::STREAMS, "features"))
}

/// The condition of a stream error.
pub(super) fn condition(output: &Output) -> Option<&str> {
    match output {
        Output::Element(element) if element.is(ns::STREAMS, "error") => {
            element.children().next().map(Element::name)
        }
        _ => None,
    }
}

/// A stream error.
pub(super) fn error(condition: &str) -> Output {
    let condition = Element::new(ns::STREAM_ERRORS, condition);
    Output::Element(Element::new(ns::STREAMS, "error").with_child(condition))
}

/// An element without its content.
pub(super) fn emptied(element: &Element) -> Element {
    let mut empty = Element::new(element.namespace(), element.name());
    for (namespace, name, value) in element.attributes() {
        empty.set_attr(namespace, name, Some(value));
    }
    empty
}
