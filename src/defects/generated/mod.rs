//! Defects made by program: wherever an answer goes out or a request comes in (`place`), everything that may go wrong there
//! (`deed`), each time, the first time or ever after (`grammar`). Nobody chose them, so they tell how sharp the scenarios
//! are for bugs that nobody thought of. What need not be noticed is declared with its reason (`judgement`).

mod answers;
mod apply;
mod deed;
mod frames;
mod grammar;
mod http;
mod judgement;
mod one;
mod place;
mod places;
mod requests;
mod shared;
mod streams;
mod wrong;

pub use grammar::all;
pub use judgement::{Reason, reason};
pub use one::Generated;
pub use place::Place;
pub use shared::Seen;
