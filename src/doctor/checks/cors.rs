//! Whether a page of another origin may use an endpoint of BOSH, as browsers decide it (Fetch Standard, CORS protocol;
//! XEP-0124 §19.1 leaves it to HTTP).

use crate::client::bosh::first_rid;
use crate::diag::sanitise::one_line;
use crate::doctor::check::{CORS, CORS_ERRORS, PREFLIGHT};
use crate::doctor::context::{Context, Doing};
use crate::doctor::endpoint::{Endpoint, about};
use crate::doctor::reach::Place;
use crate::doctor::refused::{is_limit, limited, why};
use crate::doctor::talk::{Request, once};
use crate::doctor::trouble::{self, Kind, Trouble, with_program};
use crate::rules::status_words;
use crate::trace::{Headers, Response};

/// The header that decides.
const ALLOWED: &str = "access-control-allow-origin";

/// What a browser says to it.
type Refusal = (&'static Kind, String);

/// Whether a page of this origin may read what has these header lines.
pub fn readable(headers: &Headers, origin: &str) -> Result<(), Refusal> {
    let values: Vec<&str> = headers.all(ALLOWED).collect();
    let shown = |value: &str| one_line(value).into_owned();
    match values[..] {
        [] => Err((&trouble::CORS_MISSING, "Access-Control-Allow-Origin is missing".to_owned())),
        ["*"] => Ok(()),
        [one] if one.eq_ignore_ascii_case(origin) => Ok(()),
        [one] if !one.contains(',') => Err((
            &trouble::CORS_ORIGIN,
            format!("Access-Control-Allow-Origin is {}, not {origin} or *", shown(one)),
        )),
        _ => Err((
            &trouble::CORS_DOUBLED,
            format!(
                "Access-Control-Allow-Origin comes {} ({}), where browsers accept one value: two programs set it",
                if values.len() > 1 {
                    format!("{} times", values.len())
                } else {
                    "with several values".to_owned()
                },
                shown(&values.join(" and "))
            ),
        )),
    }
}

/// The origin of the page, if it is another than that of the endpoint: only then browsers ask.
pub fn foreign_origin<'a>(context: &'a Context, endpoint: &Endpoint) -> Option<&'a str> {
    context.settings.origin.as_deref().filter(|origin| *origin != endpoint.origin())
}

/// Judges the response that opened a session.
pub fn judge(context: &Context, place: &Place, response: &Response) {
    let doing = context.begin(&CORS, &place.endpoint);
    let Some(origin) = foreign_origin(context, &place.endpoint) else {
        return match context.settings.origin {
            Some(_) => doing.well("the page has the same origin as the URL: CORS is not needed"),
            None => doing.skipped("not tested: use --origin"),
        };
    };
    if say(&doing, place, response, readable(&response.headers, origin), origin) {
        let credentials = response.headers.get("access-control-allow-credentials");
        let any = response.headers.get(ALLOWED) == Some("*");
        let cookies = match (any, credentials) {
            (false, Some("true")) => ", with cookies too",
            _ => "; not with cookies (withCredentials), which XMPP does not need",
        };
        doing.well(format!("pages of {origin} may read the answers{cookies}"));
    }
}

/// Says what is wrong; whether nothing is.
fn say(
    doing: &Doing<'_>,
    place: &Place,
    response: &Response,
    readable: Result<(), Refusal>,
    origin: &str,
) -> bool {
    let Err((kind, words)) = readable else { return true };
    let trouble = with_program(Trouble::new(kind), response).with("origin", origin);
    doing.broken(
        about(trouble, &place.endpoint),
        format!("{words}: the browser hides the answer from pages of {origin}"),
    );
    false
}

/// Asks as a browser does before it sends `text/xml`.
pub async fn preflight(context: &Context, place: &Place) {
    let Some(origin) = foreign_origin(context, &place.endpoint) else { return };
    let doing = context.begin(&PREFLIGHT, &place.endpoint);
    let request = Request::new("OPTIONS", &place.endpoint.address.path)
        .from(Some(origin))
        .with("Access-Control-Request-Method", "POST")
        .with("Access-Control-Request-Headers", "content-type");
    let (got, found) = once(context, &place.endpoint, place.alive[0], &request).await;
    let broken = |kind, words: &str| {
        let trouble = Trouble::new(kind).with("origin", origin);
        let trouble = match got.response() {
            Some(response) => with_program(trouble, response),
            None => trouble,
        };
        doing.broken(about(trouble, &place.endpoint), words);
    };
    let Some(response) = got.response() else {
        let (_, words) = why(&place.endpoint, &got, &found);
        return broken(&trouble::CORS_PREFLIGHT, &words);
    };
    if is_limit(response) {
        let (_, words) = limited(&got, why(&place.endpoint, &got, &found));
        return broken(&trouble::LIMITED, &words);
    }
    if !(200..300).contains(&response.status) {
        let words = format!(
            "OPTIONS, which browsers send first, gets HTTP {}, and has to get 200 or 204",
            status_words(response)
        );
        return broken(&trouble::CORS_PREFLIGHT, &words);
    }
    if let Err((kind, words)) = readable(&response.headers, origin) {
        return broken(kind, &format!("in the answer to OPTIONS, {words}"));
    }
    let allowed: Vec<&str> = response.headers.all("access-control-allow-headers").collect();
    let allowed = allowed.join(",").to_ascii_lowercase();
    let has = |name: &str| allowed.split(',').any(|one| one.trim() == name);
    if !has("content-type") && !has("*") {
        let words = "the answer to OPTIONS does not allow the header Content-Type (Access-Control-Allow-Headers), which \
            strophe.js and others set";
        return broken(&trouble::CORS_PREFLIGHT, words);
    }
    doing.well("browsers may send requests (OPTIONS)");
}

/// Whether a page may read what goes wrong, too: what is said to a lost session, and to something that is no XML.
pub async fn errors(context: &Context, place: &Place) {
    let Some(origin) = foreign_origin(context, &place.endpoint) else { return };
    let doing = context.begin(&CORS_ERRORS, &place.endpoint);
    let lost = format!(
        "<body xmlns='http://jabber.org/protocol/httpbind' rid='{}' sid='xmppscope-{}'/>",
        first_rid(context.number()),
        context.token()
    );
    let mut answered = false;
    for (what, content) in
        [("a request of an unknown session", &*lost), ("what is no XML", "<body")]
    {
        let request = Request::bosh(&place.endpoint.address.path, content).from(Some(origin));
        let (got, _) = once(context, &place.endpoint, place.alive[0], &request).await;
        let Some(response) = got.response().filter(|response| !is_limit(response)) else {
            continue;
        };
        let Err((kind, words)) = readable(&response.headers, origin) else {
            answered = true;
            continue;
        };
        let kind = if *kind == trouble::CORS_MISSING { &trouble::CORS_ON_ERRORS } else { kind };
        let trouble = with_program(Trouble::new(kind), response).with("origin", origin);
        let words = format!(
            "the answer to {what} (HTTP {}): {words}; a page sees \"error 0\" there, and cannot tell why",
            status_words(response)
        );
        return doing.broken(about(trouble, &place.endpoint), words);
    }
    if answered {
        doing.well("pages can read error responses too");
    } else {
        doing.skipped("requests that fail get no response");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_accept_one_value_that_fits() {
        for (values, kind) in [
            (&["*"][..], None),
            (&["https://page.example"], None),
            (&[], Some("cors-missing")),
            (&["https://other.example"], Some("cors-origin")),
            (&["*", "*"], Some("cors-doubled")),
            (&["*, https://page.example"], Some("cors-doubled")),
            (&["https://page.example", "*"], Some("cors-doubled")),
            (&["null"], Some("cors-origin")),
        ] {
            let mut headers = Headers::default();
            for value in values {
                headers.push("Access-Control-Allow-Origin", value);
            }
            let found = readable(&headers, "https://page.example");
            assert_eq!(found.err().map(|(kind, _)| kind.name), kind, "{values:?}");
        }
    }
}
