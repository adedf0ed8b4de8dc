//! What a client asked for when it opened a session, and what it was granted (XEP-0124 §7).

use super::body::Body;

/// An attribute that should be a number: what stands there, and the number if it is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// The text as sent.
    pub text: Box<str>,
    /// Its value, unless it is no whole number.
    pub value: Option<u64>,
}

/// The terms in a creation request. Absent attributes are `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs)] // each field is the attribute of that name
pub struct RequestedTerms {
    pub to: Option<Box<str>>,
    pub from: Option<Box<str>>,
    pub route: Option<Box<str>>,
    /// Seconds.
    pub wait: Option<Number>,
    pub hold: Option<Number>,
    /// Not a client's to ask for, but some do.
    pub requests: Option<Number>,
    /// Seconds; not a client's to ask for.
    pub polling: Option<Number>,
    /// Seconds; not a client's to ask for.
    pub inactivity: Option<Number>,
    pub ver: Option<Box<str>>,
    /// `xml:lang`
    pub lang: Option<Box<str>>,
    pub content: Option<Box<str>>,
    pub ack: Option<Number>,
    /// Historic, still sent.
    pub secure: Option<Box<str>>,
    /// `xmpp:version`
    pub version: Option<Box<str>>,
    /// Whether a key sequence begins. The key itself is not kept.
    pub newkey: bool,
}

/// The terms in a creation response. Absent attributes are `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs)] // each field is the attribute of that name
pub struct GrantedTerms {
    pub sid: Option<Box<str>>,
    /// Seconds.
    pub wait: Option<Number>,
    pub hold: Option<Number>,
    pub requests: Option<Number>,
    /// Seconds.
    pub polling: Option<Number>,
    /// Seconds.
    pub inactivity: Option<Number>,
    pub ver: Option<Box<str>>,
    /// Seconds.
    pub maxpause: Option<Number>,
    pub ack: Option<Number>,
    pub accept: Option<Box<str>>,
    pub charsets: Option<Box<str>>,
    pub from: Option<Box<str>>,
    /// Obsolete: the id of the stream behind.
    pub authid: Option<Box<str>>,
    /// Historic, still sent.
    pub secure: Option<Box<str>>,
    /// `xmpp:version`
    pub version: Option<Box<str>>,
    /// `xmpp:restartlogic`
    pub restartlogic: Option<Box<str>>,
    pub stream: Option<Box<str>>,
}

/// One term of a session, side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// The attribute.
    pub name: &'static str,
    /// What the request said.
    pub asked: Option<String>,
    /// What the response said.
    pub granted: Option<String>,
    /// The unit of the numbers, if they have one.
    pub unit: Option<&'static str>,
}

fn owned(text: Option<&str>) -> Option<Box<str>> {
    text.map(Box::from)
}

fn number(body: &Body, attribute: &str) -> Option<Number> {
    let text = body.text(attribute)?.into();
    let value = body.number(attribute).and_then(Result::ok);
    Some(Number { text, value })
}

impl RequestedTerms {
    /// Read a creation request.
    pub fn of(body: &Body) -> Self {
        let text = |name: &str| owned(body.text(name));
        Self {
            to: text("to"),
            from: text("from"),
            route: text("route"),
            wait: number(body, "wait"),
            hold: number(body, "hold"),
            requests: number(body, "requests"),
            polling: number(body, "polling"),
            inactivity: number(body, "inactivity"),
            ver: text("ver"),
            lang: owned(body.lang()),
            content: text("content"),
            ack: number(body, "ack"),
            secure: text("secure"),
            version: owned(body.xbosh("version")),
            newkey: body.newkey().is_some(),
        }
    }
}

impl GrantedTerms {
    /// Read a creation response.
    pub fn of(body: &Body) -> Self {
        let text = |name: &str| owned(body.text(name));
        Self {
            sid: text("sid"),
            wait: number(body, "wait"),
            hold: number(body, "hold"),
            requests: number(body, "requests"),
            polling: number(body, "polling"),
            inactivity: number(body, "inactivity"),
            ver: text("ver"),
            maxpause: number(body, "maxpause"),
            ack: number(body, "ack"),
            accept: text("accept"),
            charsets: text("charsets"),
            from: text("from"),
            authid: text("authid"),
            secure: text("secure"),
            version: owned(body.xbosh("version")),
            restartlogic: owned(body.xbosh("restartlogic")),
            stream: text("stream"),
        }
    }
}

/// The terms side by side: the eight that govern a session always, in this order, even where neither
/// side names them; then the others that appear. `sid` is no term.
pub fn compared_terms(asked: &RequestedTerms, granted: &GrantedTerms) -> Vec<Term> {
    let digits = |number: &Option<Number>| number.as_ref().map(|number| number.text.to_string());
    let term = |name, asked, granted, unit| Term { name, asked, granted, unit };
    let text = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
    let plain = |name, asked, granted| term(name, text(asked), text(granted), None);
    let seconds = Some("s");
    let (a, g) = (asked, granted);
    let mut terms = vec![
        term("wait", digits(&a.wait), digits(&g.wait), seconds),
        term("hold", digits(&a.hold), digits(&g.hold), None),
        term("requests", digits(&a.requests), digits(&g.requests), None),
        term("polling", digits(&a.polling), digits(&g.polling), seconds),
        term("inactivity", digits(&a.inactivity), digits(&g.inactivity), seconds),
        plain("ver", &a.ver, &g.ver),
        term("maxpause", None, digits(&g.maxpause), seconds),
        term("ack", digits(&a.ack), digits(&g.ack), None),
    ];
    let newkey = a.newkey.then(|| "present".into());
    let others = [
        plain("to", &a.to, &None),
        plain("from", &a.from, &g.from),
        plain("route", &a.route, &None),
        plain("xml:lang", &a.lang, &None),
        plain("content", &a.content, &None),
        plain("secure", &a.secure, &g.secure),
        plain("xmpp:version", &a.version, &g.version),
        plain("xmpp:restartlogic", &None, &g.restartlogic),
        plain("accept", &None, &g.accept),
        plain("charsets", &None, &g.charsets),
        plain("authid", &None, &g.authid),
        plain("stream", &None, &g.stream),
        plain("newkey", &newkey, &None),
    ];
    terms.extend(others.into_iter().filter(|t| t.asked.is_some() || t.granted.is_some()));
    terms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bosh::body::{NS, XBOSH};
    use crate::xml::{Limits, parse};

    fn body(attributes: &str) -> Body {
        let source = format!("<body xmlns='{NS}' xmlns:xmpp='{XBOSH}' {attributes}/>");
        let element = parse(source.as_bytes(), &Limits::default()).expect("a well-formed body");
        Body::new(element).expect("a body")
    }

    fn lines(asked: &str, granted: &str) -> Vec<String> {
        compared_terms(&RequestedTerms::of(&body(asked)), &GrantedTerms::of(&body(granted)))
            .iter()
            .map(|term| {
                let show = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".into());
                let unit = term.unit.unwrap_or_default();
                format!("{} {} {} {unit}", term.name, show(&term.asked), show(&term.granted))
            })
            .map(|line| line.trim_end().to_owned())
            .collect()
    }

    #[test]
    fn a_usual_session_is_laid_side_by_side() {
        let lines = lines(
            "rid='7' to='chat.example' hold='4' wait='80' ver='1.6' ack='1' newkey='ca393b51' \
             xmpp:version='1.0'",
            "sid='s' hold='1' wait='60' requests='2' polling='5' inactivity='60' ver='1.6' \
             from='chat.example' xmpp:version='1.0' secure='true'",
        );
        assert_eq!(
            lines,
            [
                "wait 80 60 s",
                "hold 4 1",
                "requests - 2",
                "polling - 5 s",
                "inactivity - 60 s",
                "ver 1.6 1.6",
                "maxpause - - s",
                "ack 1 -",
                "to chat.example -",
                "from - chat.example",
                "secure - true",
                "xmpp:version 1.0 1.0",
                "newkey present -",
            ]
        );
    }

    #[test]
    fn nonsense_keeps_its_text_and_has_no_value() {
        let asked = RequestedTerms::of(&body("wait='soon' hold='01'"));
        assert_eq!(asked.wait, Some(Number { text: "soon".into(), value: None }));
        assert_eq!(asked.hold, Some(Number { text: "01".into(), value: Some(1) }));
    }
}
