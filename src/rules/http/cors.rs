//! Whether a browser lets the page see a response: CORS (Fetch standard; practice, not in XEP-0124).
//!
//! Not every request with `Origin` crosses origins. A missing header is reported if there was a preflight, if the browser
//! says so in `Sec-Fetch-Site`, or if `Host`, as the browser has sent it, is not that of the page.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::view::HttpPart;
use super::words::rid;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::moment::Moment;
use crate::rules::page::{Page, Whence};
use crate::rules::rule::Rule;
use crate::rules::words::short;
use crate::trace::{Exchange, Headers, Reading, Request, Response};

/// Origins and preflights remembered.
const REMEMBERED: usize = 64;

/// Judges the CORS headers of responses.
#[derive(Debug, Default)]
pub struct Cors {
    origins: FxHashMap<String, Origin>,
    /// Exchange of a preflight, and the headers it requests.
    preflights: VecDeque<(u64, String)>,
}

/// What is known of an origin.
#[derive(Debug, Default)]
struct Origin {
    /// Whether its requests cross origins, as far as is known.
    foreign: Option<bool>,
    /// They go to another host than that of the page.
    elsewhere: bool,
    /// Responses in a row that it may see.
    good: u64,
    /// What was wrong with the last one.
    last: Option<&'static str>,
}

impl Rule for Cors {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        let Some(view) = moment.http() else { return };
        let exchange = view.exchange;
        let Some(name) = &exchange.origin else { return };
        match view.part {
            HttpPart::Request(request) if exchange.preflight.is_some() => {
                let headers = request.headers.get("access-control-request-headers");
                if self.preflights.len() >= REMEMBERED {
                    self.preflights.pop_front();
                }
                let headers = headers.unwrap_or_default().to_ascii_lowercase();
                self.preflights.push_back((exchange.number, headers));
            }
            HttpPart::Request(request) => match request.headers.get("sec-fetch-site") {
                Some("same-origin") => self.origin(name).foreign = Some(false),
                Some("same-site" | "cross-site") => self.origin(name).foreign = Some(true),
                _ if is_elsewhere(request, name) => self.origin(name).elsewhere = true,
                _ => {}
            },
            HttpPart::Response(response, _) if !response.own => {
                if let Some(wanted) = &exchange.preflight {
                    let place = self.preflights.iter().position(|(n, _)| *n == exchange.number);
                    let headers = place.and_then(|place| self.preflights.remove(place));
                    let headers = headers.map(|(_, headers)| headers).unwrap_or_default();
                    self.origin(name).foreign = Some(true);
                    preflight(response, exchange, name, wanted, &headers, found);
                } else if view.expects_bosh {
                    // Of what is not even requested by a page, no page sees anything.
                    if exchange.method != "OPTIONS" {
                        self.origin(name).answer(response, exchange, name, view.reading, found);
                    }
                }
            }
            HttpPart::Response(..) => {}
        }
    }
}

impl Cors {
    fn origin(&mut self, name: &str) -> &mut Origin {
        if !self.origins.contains_key(name) {
            if self.origins.len() >= REMEMBERED {
                self.origins.clear();
            }
            self.origins.insert(name.to_owned(), Origin::default());
        }
        self.origins.entry(name.to_owned()).or_default()
    }
}

/// Whether a request goes to another host than that of its page. `Host` says so only where nobody has passed the
/// request on, and where it is a name that a browser would have been given.
fn is_elsewhere(request: &Request, origin: &str) -> bool {
    let whence = Whence::of(&request.target, &request.headers);
    let closes =
        request.headers.get("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
    let Some(host) =
        whence.bare_host().filter(|_| !whence.passed_on && !closes && request.version > 0)
    else {
        return false;
    };
    let page = origin.split_once("://").map_or(origin, |(_, rest)| rest);
    let page = page.rsplit_once(':').map_or(page, |(name, _)| name);
    let is_name =
        |host: &str| host.contains('.') && !host.ends_with(|char: char| char.is_ascii_digit());
    is_name(host) && is_name(page) && !host.eq_ignore_ascii_case(page)
}

/// What keeps a browser from showing a response to a page of this origin.
fn hidden(headers: &Headers, origin: &str) -> Option<(&'static str, String)> {
    let allowed: Vec<&str> = headers.all("access-control-allow-origin").collect();
    match allowed[..] {
        [] => Some(("missing", "no Access-Control-Allow-Origin".to_owned())),
        [one] if one == "*" || one == origin => None,
        [one] if one.contains(',') => Some((
            "doubled",
            format!(
                "two values in Access-Control-Allow-Origin ({}), which browsers reject",
                short(one)
            ),
        )),
        [one] => Some((
            "other",
            format!(
                "Access-Control-Allow-Origin is {}, but the page is from {}",
                short(one),
                short(origin)
            ),
        )),
        [first, second, ..] => Some((
            "doubled",
            format!(
                "Access-Control-Allow-Origin occurs {} times ({} and {}), which browsers reject; \
                 probably a reverse proxy and the connection manager both add it",
                allowed.len(),
                short(first),
                short(second)
            ),
        )),
    }
}

impl Origin {
    fn answer(
        &mut self,
        response: &Response,
        exchange: &Exchange,
        name: &str,
        reading: &Reading,
        found: &mut Findings,
    ) {
        let Some((kind, why)) = hidden(&response.headers, name) else {
            self.good += 1;
            self.last = None;
            return;
        };
        let good = std::mem::take(&mut self.good);
        // A page of the same origin does not need the header.
        let crosses = self.foreign.unwrap_or(self.elsewhere);
        if !crosses || self.last == Some(kind) {
            return;
        }
        self.last = Some(kind);
        let before = match good {
            0 => String::new(),
            1 => " The previous response was not hidden.".to_owned(),
            n => format!(" The {n} previous responses were not hidden."),
        };
        let truth = match (response.status, reading) {
            (200, Reading::Empty) => "the response was empty".to_owned(),
            (200, Reading::Other | Reading::OtherXml(_) | Reading::Malformed(_)) => {
                "the response was not BOSH".to_owned()
            }
            (200, _) => String::new(),
            (status, _) => format!("the response was HTTP {status}"),
        };
        let truth = match &*truth {
            "" => truth,
            truth => format!(" CORS is not the cause: {truth}."),
        };
        let words = format!(
            "The browser hides the response to {} from the page: {why}. The client sees status 0, \
             and the console reports CORS.{before}{truth}",
            rid(exchange)
        );
        let page = (!truth.is_empty()).then(|| Page::of(response));
        let party = match page {
            _ if kind == "doubled" => Party::Between,
            Some(page) => page.party(),
            None => Party::Server,
        };
        let level = match (truth.is_empty(), self.foreign) {
            // Nothing else is wrong, and the page gets none of it.
            (true, _) => Level::Error,
            (false, Some(true)) => Level::Warning,
            (false, _) => Level::Note,
        };
        found.add(&kinds::CORS_HIDDEN, "bosh-cors-on-response", level, party, words);
    }
}

/// Reports whether a preflight was granted, from a browser's point of view.
fn preflight(
    response: &Response,
    exchange: &Exchange,
    origin: &str,
    method: &str,
    headers: &str,
    found: &mut Findings,
) {
    let (origin_shown, target) = (short(origin), short(&exchange.target));
    let method_shown = short(method);
    if let Some(why) = refused(response, origin, method, headers) {
        let words = format!(
            "CORS preflight refused: {why}. {origin_shown} may not send {method_shown} to \
             {target}; the browser will not send the request itself."
        );
        let id = "bosh-cors-preflight";
        // What passes a granted status on may have been anybody.
        let party = match response.status {
            200..300 => Party::Server,
            _ => Page::of(response).party(),
        };
        return found.add(&kinds::CORS_PREFLIGHT, id, Level::Warning, party, words);
    }
    let age = response.headers.get("access-control-max-age").and_then(|age| age.parse().ok());
    let age = age
        .map(|age| format!(", for {}", crate::clock::words(std::time::Duration::from_secs(age))))
        .unwrap_or_default();
    let words =
        format!("CORS preflight granted: {origin_shown} may send {method_shown} to {target}{age}.");
    found.add(&kinds::CORS_PREFLIGHT, None, Level::Note, Party::Nobody, words);
}

fn refused(response: &Response, origin: &str, method: &str, headers: &str) -> Option<String> {
    if !(200..300).contains(&response.status) {
        return Some(format!("HTTP {} instead of 200 or 204", response.status));
    }
    if let Some((_, why)) = hidden(&response.headers, origin) {
        return Some(why);
    }
    let listed = |header: &str| -> Vec<String> {
        let values = response.headers.all(header).flat_map(|value| value.split(','));
        values.map(|value| value.trim().to_ascii_lowercase()).collect()
    };
    // GET, HEAD and POST need not be listed.
    let methods = listed("access-control-allow-methods");
    if !matches!(method, "GET" | "HEAD" | "POST")
        && !methods.iter().any(|one| one == "*" || one.eq_ignore_ascii_case(method))
    {
        return Some(format!("Access-Control-Allow-Methods lacks {}", short(method)));
    }
    let allowed = listed("access-control-allow-headers");
    let lacking: Vec<String> = headers
        .split(',')
        .map(str::trim)
        .filter(|header| !header.is_empty())
        .filter(|header| {
            !allowed.iter().any(|one| one == header || (one == "*" && *header != "authorization"))
        })
        .map(short)
        .collect();
    if lacking.is_empty() {
        return None;
    }
    Some(format!("Access-Control-Allow-Headers lacks {}", lacking.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::playbook::{at_least, words};

    const ASK: &str = "0 1 C> OPTIONS /http-bind | Origin: http://a | \
        Access-Control-Request-Method: POST | Access-Control-Request-Headers: content-type";
    const CREATE: &str = "10 1 C> POST /http-bind | Origin: http://a | \
        <body rid='100000' to='a' wait='60' hold='1' ver='1.6' xml:lang='en' xmpp:version='1.0'/>";

    const GRANTED: &str =
        "204 | Access-Control-Allow-Origin: * | Access-Control-Allow-Headers: content-type";

    fn answered(answer: &str) -> String {
        words("cors-preflight", &format!("{ASK}\n2 1 S> {answer}")).remove(0)
    }

    #[test]
    fn a_preflight_is_explained() {
        assert_eq!(
            answered(
                "204 | Access-Control-Allow-Origin: * | Access-Control-Allow-Headers: \
                      Content-Type, X-Y | Access-Control-Max-Age: 60"
            ),
            "CORS preflight granted: http://a may send POST to /http-bind, for 60.0 s."
        );
        assert_eq!(
            answered("200 | Access-Control-Allow-Origin: http://a"),
            "CORS preflight refused: Access-Control-Allow-Headers lacks content-type. http://a may \
             not send POST to /http-bind; the browser will not send the request itself."
        );
        assert!(answered("404 Not Found").contains("HTTP 404 instead of 200 or 204"));
        assert!(answered("200").contains("no Access-Control-Allow-Origin"));
        assert!(answered("200 | Access-Control-Allow-Origin: http://b").contains("is http://b"));
    }

    #[test]
    fn a_response_without_the_header_is_hidden_and_the_real_cause_is_named() {
        let found = at_least(
            Level::Warning,
            &format!(
                "{ASK}\n2 1 S> {GRANTED}\n{CREATE}
                 20 1 S> 200 | Access-Control-Allow-Origin: http://a | <body sid='s' wait='60' requests='2'/>
                 30 1 C> POST /http-bind | Origin: http://a | <body rid='100001' sid='s'/>
                 60030 1 S> 504 Gateway Time-out | Server: nginx"
            ),
        );
        assert_eq!(
            found[1],
            "60030 Warning cors-hidden Between: The browser hides the response to rid 100001 from \
             the page: no Access-Control-Allow-Origin. The client sees status 0, and the console \
             reports CORS. The previous response was not hidden. CORS is not the cause: the \
             response was HTTP 504."
        );
    }

    #[test]
    fn what_is_not_bosh_is_no_matter_of_cors_and_its_author_is_the_side() {
        let app =
            "<html><div id=\"root\"></div>You need to enable JavaScript to run this app.</html>";
        for (answer, start, piece) in [
            (format!("200 | Content-Type: text/html | {app}"), "Note", "was not BOSH."),
            (
                "404 | Content-Type: text/html | <html>Not Found</html>".to_owned(),
                "Note cors-hidden Nobody",
                "HTTP 404",
            ),
            ("404 | Server: nginx".to_owned(), "Note cors-hidden Between", "HTTP 404"),
        ] {
            let create = CREATE.replace(
                "Origin: http://a",
                "Host: chat.example.org | Origin: https://www.example.org",
            );
            let found = at_least(Level::Note, &format!("{create}\n20 1 S> {answer}"));
            let found = found.iter().find(|found| found.contains("cors-hidden")).unwrap();
            assert!(found.starts_with(&format!("20 {start}")) && found.contains(piece), "{found}");
        }
    }

    #[test]
    fn a_preflight_is_refused_by_whoever_wrote_the_page() {
        for (answer, party) in [
            ("404 | Content-Type: text/html | <html>Not Found</html>", "Nobody"),
            ("405 | Server: nginx", "Between"),
            ("200", "Server"),
        ] {
            let found = at_least(Level::Warning, &format!("{ASK}\n2 1 S> {answer}"));
            assert!(
                found[0].starts_with(&format!("2 Warning cors-preflight {party}: ")),
                "{found:?}"
            );
        }
    }

    #[test]
    fn a_doubled_header_is_reported_once() {
        let doubled = "200 | Access-Control-Allow-Origin: http://a | Access-Control-Allow-Origin: * \
            | <body sid='s' wait='60' requests='2'/>";
        let found = at_least(
            Level::Warning,
            &format!(
                "{ASK}\n2 1 S> {GRANTED}\n{CREATE}\n20 1 S> {doubled}
                 30 1 C> POST /http-bind | Origin: http://a | <body rid='100001' sid='s'/>
                 60030 1 S> {doubled}"
            ),
        );
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("occurs 2 times (http://a and *), which browsers reject"));
    }

    #[test]
    fn a_page_of_the_same_origin_needs_no_header() {
        let found = at_least(
            Level::Warning,
            &format!("{CREATE}\n20 1 S> <body sid='s' wait='60' requests='2'/>"),
        );
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn a_response_with_200_that_the_page_does_not_see_is_an_error() {
        for (request, found) in [
            ("Host: chat.example.org | Origin: https://www.example.org", 1),
            ("Host: chat.example.org:5281 | Origin: https://chat.example.org:8443", 0),
            ("Host: 192.0.2.7 | Origin: https://www.example.org", 0),
            ("Host: prosody | Origin: https://www.example.org", 0),
            (
                "Host: chat.example.org | X-Forwarded-For: 192.0.2.1 | Origin: https://www.example.org",
                0,
            ),
            ("Host: chat.example.org | Connection: close | Origin: https://www.example.org", 0),
            (
                "Host: chat.example.org | Sec-Fetch-Site: same-origin | Origin: https://www.example.org",
                0,
            ),
        ] {
            let create = CREATE.replace("Origin: http://a", request);
            let script = format!("{create}\n20 1 S> <body sid='s1' wait='60' requests='2'/>");
            let all = at_least(Level::Warning, &script);
            assert_eq!(all.len(), found, "{request}: {all:?}");
            for one in all {
                assert!(one.starts_with("20 Error cors-hidden Server: The browser hides"), "{one}");
            }
        }
    }

    #[test]
    fn the_browser_itself_says_whether_origins_are_crossed() {
        let answer = "20 1 S> 200 | <body sid='s' wait='60' requests='2'/>";
        for (site, hidden) in [("same-origin", 0), ("same-site", 1), ("cross-site", 1)] {
            let create = CREATE.replace(" | <body", &format!(" | Sec-Fetch-Site: {site} | <body"));
            let found = words("cors-hidden", &format!("{create}\n{answer}"));
            assert_eq!(found.len(), hidden, "{site}: {found:?}");
        }
    }
}
