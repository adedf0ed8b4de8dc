//! Rooms (XEP-0045): to create and configure one, to enter, talk and leave, to moderate and to destroy it. A room is
//! there while somebody is in it. Its creator owns it; there are no other affiliations, and so no bans.

mod asking;
mod config;
mod entering;
mod history;
mod moderating;
mod owning;
mod room;
mod service;
mod talking;

pub(super) use room::Muc;
