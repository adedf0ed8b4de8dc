//! Logs of programs that speak XMPP: what clients write to a console, and what servers write while they debug. One tolerant
//! reader knows how XML stands in lines of text; how each program marks it is said by a short description, a
//! [`Dialect`](dialects::Dialect).

mod dialects;
mod direction;
mod exchanges;
mod lines;
mod open;
mod piece;
mod reader;
mod replies;
mod roots;
mod stamp;
mod status;
mod streams;
mod times;

pub(super) use lines::Lines;
pub(super) use open::{is, open};

#[cfg(test)]
mod servers_tests;
#[cfg(test)]
mod tests;
