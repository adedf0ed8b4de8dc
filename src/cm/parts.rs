//! A connection manager before it is put together: its settings, its edge to HTTP, and the server behind it. Whoever
//! wants it to deviate from the strict one changes the settings, or wraps a part in one of its own.

use super::backend::Backend;
use super::http::{Edge, Strict};
use super::machine::{Conduct, Machine};
use super::policy::Policy;
use super::{stream, tls};
use crate::random::Random;

/// Puts a session inside something that changes how it behaves.
type Wrap = Box<dyn Fn(Box<dyn Conduct>) -> Box<dyn Conduct> + Send>;
/// The same for a stream without BOSH.
type WrapStream = Box<dyn Fn(Box<dyn stream::Conduct>) -> Box<dyn stream::Conduct> + Send>;

/// All that a connection manager is made of.
pub struct Parts {
    /// The settings.
    pub policy: Policy,
    /// The way from HTTP and back.
    pub edge: Box<dyn Edge>,
    /// The server behind.
    pub backend: Box<dyn Backend>,
    /// Where session identifiers come from.
    pub random: Box<dyn Random>,
    wraps: Vec<Wrap>,
    stream_wraps: Vec<WrapStream>,
    tls: Vec<tls::Change>,
}

impl Parts {
    /// Those of the strict connection manager.
    pub fn new(policy: Policy, backend: Box<dyn Backend>, random: Box<dyn Random>) -> Self {
        let edge = Box::new(Strict::new(&policy));
        let (wraps, stream_wraps, tls) = (Vec::new(), Vec::new(), Vec::new());
        Self { policy, edge, backend, random, wraps, stream_wraps, tls }
    }

    /// Puts every session inside what `wrap` makes around it.
    pub fn wrap_sessions(
        &mut self,
        wrap: impl Fn(Box<dyn Conduct>) -> Box<dyn Conduct> + Send + 'static,
    ) {
        self.wraps.push(Box::new(wrap));
    }

    /// Puts every stream without BOSH inside what `wrap` makes around it.
    pub fn wrap_streams(
        &mut self,
        wrap: impl Fn(Box<dyn stream::Conduct>) -> Box<dyn stream::Conduct> + Send + 'static,
    ) {
        self.stream_wraps.push(Box::new(wrap));
    }

    /// Has `change` say how TLS is spoken on each connection over TCP.
    pub fn change_tls(&mut self, change: impl FnMut(&mut tls::Terms) + Send + 'static) {
        self.tls.push(Box::new(change));
    }

    /// Puts the edge inside another one.
    pub fn wrap_edge(&mut self, wrap: impl FnOnce(Box<dyn Edge>) -> Box<dyn Edge>) {
        let strict = Box::new(Strict::new(&self.policy));
        let inner = std::mem::replace(&mut self.edge, strict);
        self.edge = wrap(inner);
    }

    /// Puts the server behind another one.
    pub fn wrap_backend(&mut self, wrap: impl FnOnce(Box<dyn Backend>) -> Box<dyn Backend>) {
        struct Nobody;
        impl Backend for Nobody {
            fn command(
                &mut self,
                _: super::backend::Link,
                _: super::backend::Command,
                _: std::time::Duration,
            ) {
            }
            fn next(&mut self) -> Option<(super::backend::Link, super::backend::Event)> {
                None
            }
        }
        let inner = std::mem::replace(&mut self.backend, Box::new(Nobody));
        self.backend = wrap(inner);
    }

    /// Puts it together.
    pub fn assemble(self) -> (Machine, Box<dyn Edge>) {
        let Self { policy, edge, backend, random, wraps, stream_wraps, tls } = self;
        let mut machine = Machine::new(policy, backend, random);
        machine.change_tls(tls);
        if !wraps.is_empty() {
            machine.conduct(Box::new(move |session| {
                let strict: Box<dyn Conduct> = Box::new(session);
                wraps.iter().fold(strict, |inner, wrap| wrap(inner))
            }));
        }
        if !stream_wraps.is_empty() {
            machine.conduct_streams(Box::new(move |session| {
                let strict: Box<dyn stream::Conduct> = Box::new(session);
                stream_wraps.iter().fold(strict, |inner, wrap| wrap(inner))
            }));
        }
        (machine, edge)
    }
}
