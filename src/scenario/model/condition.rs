//! Conditions, and values of variables.

use super::reference::Reference;
use super::response::{Expectation, ValueMatch};
use super::value::{Template, Xml};
use crate::scenario::source::Located;

/// `NAME: VALUE`
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// The variable.
    pub name: Located<String>,
    /// What it is to be.
    pub value: Located<Template>,
}

/// Something that holds or doesn't.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// The response that created the actor's session had this attribute.
    Advertised {
        /// The attribute, named as in [`Attribute::name`](super::Attribute::name).
        attribute: Located<String>,
        /// Whose session; the client's if nothing is said.
        by: Option<Reference>,
        /// Whether it is to hold that it had none.
        not: bool,
    },
    /// The features that the actor's stream was sent last have such an element.
    Offered {
        /// The element.
        feature: Located<Xml>,
        /// Whose stream; the client's if nothing is said.
        by: Option<Reference>,
    },
    /// Such a stanza has come for the actor, and no step has taken it.
    Received {
        /// The stanza.
        stanza: Located<Xml>,
        /// For whom; the client if nothing is said.
        by: Option<Reference>,
    },
    /// A value is as demanded.
    Value {
        /// The value.
        value: Located<Template>,
        /// What is demanded of it.
        expected: Box<ValueMatch>,
    },
    /// A response that was awaited is as demanded.
    Response {
        /// To which request.
        request: Reference,
        /// What is demanded.
        expected: Box<Expectation>,
    },
}
