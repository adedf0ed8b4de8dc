//! For programs and browsers: one file per format, all over the same input.

pub mod carriers;
pub mod clients;
pub mod conformance;
pub mod difference;
pub mod doctor;
pub mod har;
pub mod html;
pub mod json;
pub(crate) mod markdown;
pub mod requirements;
pub mod words;
