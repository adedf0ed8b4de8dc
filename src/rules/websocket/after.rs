//! What follows a 101: a client that closes at once or goes on although there is no subprotocol, and the end of a
//! WebSocket whose frames were not seen. (The end of one whose frames are seen says more.)

use std::time::Duration;

use rustc_hash::FxHashMap;

use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::idle;
use crate::rules::kinds;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::short;
use crate::trace::{Fact, Raw, Response};
use crate::wire::Side;
use crate::wire::websocket::Opcode;

/// A client that closes within this time has had no use for the WebSocket.
const AT_ONCE: Duration = Duration::from_secs(2);

/// Judges what follows a 101.
#[derive(Debug, Default)]
pub struct AfterHandshake {
    open: FxHashMap<u64, Open>,
}

/// A WebSocket.
#[derive(Debug)]
struct Open {
    at: Duration,
    target: String,
    /// What the client offered.
    offers: Vec<String>,
    /// The 101 names `xmpp`.
    agreed: bool,
    /// Frames were seen, or may have passed unseen.
    seen: bool,
    /// XMPP without a subprotocol was reported.
    reported: bool,
    /// When bytes passed that are no frames, and whether the last of each side begin a Close frame.
    raw: Option<Duration>,
    close: [bool; 2],
}

impl Rule for AfterHandshake {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        let conn = moment.event.conn;
        match &moment.event.fact {
            Fact::Response(response) if response.status == 101 => {
                if let Some(open) = begin(response, moment) {
                    self.open.insert(conn, open);
                }
            }
            Fact::Frame(frame) => {
                let Some(open) = self.open.get_mut(&conn) else { return };
                open.seen = true;
                let is_data = !Opcode(frame.opcode).is_control();
                if is_data && moment.websocket().is_some() && !open.agreed && !open.reported {
                    open.reported = frame.from == Side::Client;
                    if open.reported {
                        goes_on(open, found);
                    }
                }
            }
            Fact::Raw(raw) => {
                if let Some(open) = self.open.get_mut(&conn) {
                    open.raw(raw, moment.event.at);
                }
            }
            Fact::Lost { .. } => {
                if let Some(open) = self.open.get_mut(&conn) {
                    open.seen = true;
                }
            }
            Fact::Closed { client, server, stopped } => {
                let Some(open) = self.open.remove(&conn) else { return };
                if *stopped || open.seen {
                    return;
                }
                // Its session remembers which side ended it first.
                let line = moment.carried().and_then(|session| session.link.line());
                let left = line.and_then(|line| line.left).or(moment.effect.left);
                open.ended(left, moment.event.at, [*client, *server], found);
            }
            _ => {}
        }
    }
}

/// The WebSocket that a 101 opens, if it is for XMPP.
fn begin(response: &Response, moment: &Moment<'_>) -> Option<Open> {
    let message = moment.message()?;
    let exchange = message.exchange.as_ref()?;
    let upgrade = exchange.upgrade.as_ref()?;
    let given = response.headers.get("sec-websocket-protocol").map(str::trim);
    // A list is reported by itself.
    let agreed = given.is_some_and(|given| given.split(',').any(|one| one.trim() == "xmpp"));
    let is_xmpp = message.session.is_some() || moment.is_websocket_path(&exchange.target);
    // A subprotocol that is neither XMPP's nor missing belongs to something else.
    let other = given.is_some_and(|given| !given.to_ascii_lowercase().contains("xmpp"));
    (is_xmpp && !other).then(|| Open {
        at: moment.event.at,
        target: exchange.target.clone(),
        offers: upgrade.subprotocols.clone(),
        agreed,
        seen: false,
        reported: false,
        raw: None,
        close: [false; 2],
    })
}

/// The client speaks XMPP although `xmpp` was not agreed upon.
fn goes_on(open: &Open, found: &mut Findings) {
    let target = short(&open.target);
    let offers_xmpp = open.offers.iter().any(|offer| offer == "xmpp");
    if offers_xmpp {
        let words = format!(
            "The client goes on at {target}, although the 101 does not name the subprotocol xmpp: it has \
             to close the WebSocket (RFC 7395 section 3.1). Browsers do so by themselves, so this works \
             with other clients only."
        );
        let id = "ws-client-closes-without-subprotocol";
        return found.add(&kinds::WS_SUBPROTOCOL_IGNORED, id, Level::Warning, Party::Client, words);
    }
    let offered = match &open.offers[..] {
        [] => "no subprotocol".to_owned(),
        offers => format!("only {}", short(&offers.join(", "))),
    };
    let words = format!(
        "The client speaks XMPP at {target}, but its handshake offered {offered}. It has to send \
         Sec-WebSocket-Protocol: xmpp (new WebSocket(url, 'xmpp')); many servers refuse it otherwise."
    );
    let id = "ws-client-offers-subprotocol";
    found.add(&kinds::WS_SUBPROTOCOL_NOT_OFFERED, id, Level::Error, Party::Client, words);
}

impl Open {
    fn raw(&mut self, raw: &Raw, at: Duration) {
        self.raw = Some(at);
        // FIN and the opcode of Close.
        self.close[raw.from as usize] = raw.bytes.first() == Some(&0x88);
    }

    /// It is gone, and no frame of it was seen.
    fn ended(
        &self,
        left: Option<(Side, Duration)>,
        closed: Duration,
        bytes: [u64; 2],
        found: &mut Findings,
    ) {
        let (by, at) = left.map_or((None, closed), |(side, at)| (Some(side), at));
        let after = at.saturating_sub(self.at);
        let target = short(&self.target);
        let offers_xmpp = self.offers.iter().any(|offer| offer == "xmpp");
        if by == Some(Side::Client) && after <= AT_ONCE && !self.agreed && offers_xmpp {
            let words = format!(
                "The client closed the WebSocket {} after the 101, as browsers do if that does not name \
                 the subprotocol xmpp. The page sees error and close, with code 1006.",
                words(after)
            );
            return found.add(&kinds::WS_CLOSED_AT_ONCE, None, Level::Note, Party::Nobody, words);
        }
        if by == Some(Side::Server) && after <= AT_ONCE && self.raw.is_none() {
            let words = format!(
                "The server's side closed the WebSocket at {target} {} after the 101, before anything was seen \
                 on it. A reverse proxy whose back end broke off does this, or a server that does not accept \
                 the client; its log says why.",
                words(after)
            );
            return found.add(
                &kinds::WS_CLOSED_AT_ONCE,
                None,
                Level::Warning,
                Party::Nobody,
                words,
            );
        }
        let silence = at.saturating_sub(self.raw.unwrap_or(self.at));
        let who = match by {
            Some(Side::Client) => "The client",
            Some(Side::Server) => "The server's side (the server, or something in between)",
            None => "One side (it is not known which)",
        };
        let closing = self.close.contains(&true);
        let how = if closing {
            "; its last bytes are a Close frame"
        } else {
            " without a Close frame, as far as the bytes tell"
        };
        let nothing = match self.raw {
            Some(_) => format!("Nothing had passed for {}", words(silence)),
            None => format!(
                "No frame of it is in the trace ({} B from the client and {} B to it in all), so nothing \
                 may have passed for up to {}",
                bytes[0],
                bytes[1],
                words(silence)
            ),
        };
        let fits = idle::fits(silence).filter(|_| !closing && by != Some(Side::Client));
        let (level, party, cause) = match fits {
            Some(usual) => (
                Level::Warning,
                Party::Between,
                format!(
                    ", which fits a timeout of {} s in between{}: set that longer, or let one side send \
                     something more often, such as a ping.",
                    usual.as_secs(),
                    known(usual)
                ),
            ),
            None => (Level::Note, Party::Nobody, ".".to_owned()),
        };
        let words = format!(
            "{who} ended the WebSocket at {target} {} after the handshake{how}. {nothing}{cause}",
            words(after)
        );
        found.add(&kinds::WS_ENDED_UNSEEN, None, level, party, words);
    }
}

/// Who usually has this timeout.
fn known(usual: Duration) -> &'static str {
    match usual.as_secs() {
        50 => " (many HAProxy files have 50 s)",
        60 => " (the default of nginx's proxy_read_timeout, and of others)",
        100 => " (Cloudflare's)",
        350 => " (the AWS network load balancer's)",
        _ => "",
    }
}

#[cfg(test)]
#[path = "after_tests.rs"]
mod tests;
