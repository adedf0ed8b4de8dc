//! 400, 403, 404 and 413: what a connection manager means by them (XEP-0124 §17.1, the legacy form of conditions), and
//! what tells that it was none.

use super::status::{PATHS, Refusal, Verdict};
use crate::rules::finding::{Level, Party};
use crate::rules::page::Meaning;
use crate::rules::words::{counted, short};
use crate::trace::Reading;

impl Refusal<'_> {
    /// Whether what answered can be no connection manager: a page of something else.
    fn is_no_connection_manager(&self) -> bool {
        let is_page = (self.page.is_html() || self.page.is_json())
            && !matches!(self.reading, Reading::Body(_));
        self.page.is_of_proxy() || (is_page && !self.page.is_of_server())
    }

    /// 404
    pub(super) fn not_found(&self) -> Verdict {
        if self.is_no_connection_manager() {
            return self.no_route();
        }
        if self.begins() && self.session.is_none_or(|session| session.granted().is_none()) {
            let module = if self.page.is_of_server() {
                " at the XMPP server, or not for this host: enable its module for BOSH, and check the path"
            } else {
                ", or not for this host: check the path and the route of the reverse proxy"
            };
            return Verdict::new(
                self.page.party(),
                format!(
                    "Nothing is served at {}{module}. {}; {PATHS}.",
                    short(&self.whence.target),
                    self.whence.words()
                ),
            );
        }
        self.legacy(404)
    }

    /// Nothing leads from this path to a connection manager.
    pub(super) fn no_route(&self) -> Verdict {
        let (party, who) = match self.page.by() {
            Some(by) => (Party::Between, format!("{by} has no route for it")),
            None => (Party::Nobody, "a page is not what a connection manager answers".to_owned()),
        };
        let sid = if self.begins() { "" } else { ", whatever sid the request has" };
        Verdict::new(
            party,
            format!(
                "No connection manager answers at {}{sid}: {who}. Check the path; {PATHS}.",
                short(&self.whence.target)
            ),
        )
    }

    /// Whether the request belongs to no session.
    fn begins(&self) -> bool {
        self.exchange.creates() || !self.exchange.is_bosh()
    }

    /// 400, 403 and 404 represent conditions if one side is older than version 1.6.
    pub(super) fn legacy(&self, status: u16) -> Verdict {
        if status != 404 && self.is_no_connection_manager() {
            return self.refused_before(status);
        }
        let asked = self.session.and_then(|session| session.asked());
        let has_ver = asked.is_some_and(|asked| asked.ver.is_some());
        let begun = self.session.is_some_and(|session| session.granted().is_some());
        let mut words = match status {
            404 if self.page.meaning() == Some(Meaning::UnknownSession) || !begun => {
                let is_new = self.session.is_some_and(|session| session.granted().is_none());
                let before =
                    if is_new { " The trace does not contain its creation either." } else { "" };
                format!(
                    "The connection manager does not know this session (any more): this is the legacy form of \
                     item-not-found.{before}"
                )
            }
            404 => "The connection manager does not know this session (any more), or the rid is outside its window: this is \
                the legacy form of item-not-found."
                .to_owned(),
            403 => "This is the legacy form of policy-violation (too many requests, too often, or too large), or a web \
                server forbids this path."
                .to_owned(),
            _ => "This is the legacy form of bad-request: the request could not be parsed, or an attribute is missing."
                .to_owned(),
        };
        if status == 403 {
            words += &self.size();
        }
        let id = if has_ver {
            "bosh-error-is-binding-not-http"
        } else {
            match status {
                400 => "bosh-http-400-legacy",
                403 => "bosh-http-403-legacy",
                _ => "bosh-http-404-legacy",
            }
        };
        let mut party = Party::Nobody;
        if has_ver && begun {
            party = Party::Server;
            words += " A client that sent `ver` should get HTTP 200 with a condition.";
        }
        Verdict { party, level: Level::Warning, requirement: Some(id), words }
    }

    /// Something in front of the connection manager has refused the request.
    fn refused_before(&self, status: u16) -> Verdict {
        let who = self.page.by().map_or("what answered".to_owned(), str::to_owned);
        let why = match status {
            403 => format!("a rule of {who} refuses this path or client{}", self.size()),
            _ => format!(
                "{who} could not accept the request: check Host, the header lines and the path"
            ),
        };
        let (party, whose) = match self.page.by() {
            Some(_) => (self.page.party(), "The XMPP server did not send this"),
            None => (Party::Nobody, "A page is not what a connection manager answers"),
        };
        Verdict::new(party, format!("{whose}: {why}. {}.", self.whence.words()))
    }

    /// 413
    pub(super) fn too_large(&self) -> Verdict {
        let size = self.size();
        let (party, words) = if self.page.is_of_server() {
            let limit = "The request is larger than the server allows: let the client send less at once, or raise the limit for \
                the size of stanzas there.";
            (Party::Client, format!("{limit}{size}"))
        } else {
            let limit = "The request is larger than a reverse proxy or the server allows (client_max_body_size in \
                nginx, or the server's stanza size limit).";
            // A status that only connection managers use for it does not come from something in between.
            let of_bosh = self.response.status == 403 && !self.page.is_of_proxy();
            (if of_bosh { Party::Client } else { Party::Between }, format!("{limit}{size}"))
        };
        Verdict { requirement: Some("bosh-large-request-limit"), ..Verdict::new(party, words) }
    }

    fn size(&self) -> String {
        match self.asked {
            Some(asked) if asked.size > 1000 => format!(
                " This request has {} B ({}); the largest accepted so far had {} B.",
                asked.size,
                counted(asked.stanzas as u64, "stanza"),
                self.largest
            ),
            _ => String::new(),
        }
    }
}
