//! Signs by which the nodes behind a load balancer are told apart: a session lives on one of them.

use super::view::{RequestView, ResponseView};
use crate::rules::words::short;

/// Headers that name a node, or the software on it.
const HEADERS: [&str; 10] = [
    "Server",
    "Via",
    "X-Served-By",
    "X-Backend",
    "X-Backend-Server",
    "X-Server",
    "X-Node",
    "X-Instance",
    "X-Upstream",
    "X-Powered-By",
];
/// Attributes of `<body/>` that are the same as long as the session stays where it is.
const ATTRIBUTES: [&str; 3] = ["host", "from", "authid"];

/// What is known of the node that a session lives on.
#[derive(Debug, Default)]
pub(super) struct Node {
    signs: Vec<Sign>,
    /// The name of the cookie that the server set when it granted the session.
    cookie: Option<String>,
    /// The last request did not have that cookie.
    unsent: bool,
}

/// What a sign has said last, and how often that has changed.
#[derive(Debug)]
struct Sign {
    name: &'static str,
    value: String,
    changes: u32,
}

impl Node {
    /// Learns from a good response.
    pub(super) fn learn(&mut self, view: &ResponseView<'_>) {
        for (name, value) in signs(view) {
            match self.signs.iter_mut().find(|sign| sign.name == name) {
                Some(sign) if sign.value == value => {}
                Some(sign) => {
                    value.clone_into(&mut sign.value);
                    sign.changes = sign.changes.saturating_add(1);
                }
                None => {
                    // Most servers have one.
                    self.signs.reserve_exact(usize::from(self.signs.is_empty()));
                    self.signs.push(Sign { name, value: value.to_owned(), changes: 0 });
                }
            }
        }
        if self.unsent {
            // The session was found without it.
            self.cookie = None;
        }
        if view.asked.creates
            && let Some(cookie) = view.http.headers.get("set-cookie")
        {
            let name = cookie.split('=').next().unwrap_or_default().trim();
            self.cookie = Some(name.to_owned()).filter(|name| !name.is_empty());
        }
    }

    /// Sees whether a request sends the cookie back.
    pub(super) fn request(&mut self, view: &RequestView<'_>) {
        let Some(cookie) = &self.cookie else { return };
        let mut cookies = view.http.headers.all("cookie").flat_map(|all| all.split(';'));
        self.unsent = !cookies.any(|one| one.split('=').next().map(str::trim) == Some(cookie));
    }

    /// How a response shows that it comes from another node.
    pub(super) fn moved(&self, view: &ResponseView<'_>) -> Option<String> {
        for (name, now) in signs(view) {
            // What changes again and again between good responses names no node.
            let mut steady = self.signs.iter().filter(|sign| sign.changes < 2);
            let differs = |sign: &&Sign| sign.name == name && sign.value != now;
            if let Some(usual) = steady.find(differs).map(|sign| &sign.value) {
                let sign = if name == "Server" { String::new() } else { format!(" ({name})") };
                return Some(format!(
                    "Earlier responses came from \"{}\", this one from \"{}\"{sign}: another back \
                     end, which does not know the session.",
                    short(usual),
                    short(now)
                ));
            }
        }
        let cookie = self.cookie.as_ref().filter(|_| self.unsent)?;
        Some(format!(
            "The response that granted the session set the cookie {}, and the request does not send \
             it back. If a load balancer finds the node by it, the request has reached another one, \
             which does not know the session (withCredentials, SameSite).",
            short(cookie)
        ))
    }
}

fn signs<'a>(view: &ResponseView<'a>) -> impl Iterator<Item = (&'static str, &'a str)> {
    let ResponseView { http, .. } = *view;
    let body = view.body();
    let header = |name: &'static str| Some((name, http.headers.get(name)?));
    let attribute = move |name: &'static str| Some((name, body?.text(name)?));
    HEADERS.into_iter().filter_map(header).chain(ATTRIBUTES.into_iter().filter_map(attribute))
}
