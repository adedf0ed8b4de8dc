//! BOSH, the facts of XEP-0124 and XEP-0206: no I/O, no clock, no judgement.

mod body;
mod condition;
mod grant;
mod rid;

pub use body::{
    BadNumber, Body, BodyType, MAX_RID, NS, NotBody, SCHEMA_ATTRIBUTES, XBOSH, parse_boolean,
};
pub use condition::{Condition, Party, UnknownCondition};
pub use grant::{GrantedTerms, Number, RequestedTerms, Term, compared_terms};
pub use rid::{Answer, Arrival, REMEMBERED, RidWindow, fingerprint};
