//! What is not a stanza: features, stream errors, SASL, stream management and the rest.

use super::ns;
use super::words::{Words, attr, child_text, count, error_words, text};
use crate::xml::Element;

/// `<stream:features/>`: what is offered, in the order offered.
pub(super) fn features(features: &Element) -> Words {
    let mut mechanisms = Vec::new();
    let mut offers = Vec::new();
    for feature in features.children() {
        let offer = match (feature.namespace(), feature.name()) {
            (ns::SASL, "mechanisms") => {
                let names = mechanism_names(feature);
                let offer = format!("SASL {}", list_or_none(&names));
                mechanisms.extend(names);
                offer
            }
            (ns::SASL2, "authentication") => {
                let names = mechanism_names(feature);
                let offer = format!("SASL2 {}", list_or_none(&names));
                mechanisms.extend(names);
                offer
            }
            (ns::BIND, "bind") => "bind".into(),
            (ns::SESSION, "session") => optional(feature, "session"),
            (ns::SM3, "sm") => "sm".into(),
            (ns::SM2, "sm") => "sm:2".into(),
            (ns::TLS, "starttls") => "starttls".into(),
            (ns::CSI, "csi") => "csi".into(),
            (ns::COMPRESS_FEATURE, "compression") => {
                let methods: Vec<_> = feature.children().filter_map(text).collect();
                format!("compression {}", list_or_none(&methods))
            }
            (ns::CAPS, "c") => "caps".into(),
            (ns::IQ_REGISTER_FEATURE, _) => "register".into(),
            (ns::IQ_AUTH_FEATURE, _) => "legacy login".into(),
            (ns::ROSTER_VERSIONS, _) => "roster versions".into(),
            (ns::PRE_APPROVAL, _) => "subscription pre-approval".into(),
            (ns::STREAM_LIMITS, _) => limits(feature),
            (ns::CHANNEL_BINDING, _) => {
                let types: Vec<_> = feature.children().filter_map(|c| attr(c, "type")).collect();
                format!("channel binding {}", list_or_none(&types))
            }
            (_, name) => name.to_owned(),
        };
        let required = feature.children().any(|child| child.name() == "required");
        offers.push(if required { format!("{offer} (required)") } else { offer });
    }
    let detail = if offers.is_empty() { "none".into() } else { offers.join("; ") };
    Words { subject: "features".into(), detail, mechanisms, ..Words::default() }
}

fn mechanism_names(element: &Element) -> Vec<String> {
    element.children().filter(|child| child.name() == "mechanism").filter_map(text).collect()
}

fn list_or_none<S: AsRef<str>>(items: &[S]) -> String {
    if items.is_empty() {
        return "none".into();
    }
    items.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}

fn optional(feature: &Element, name: &str) -> String {
    let optional = feature.children().any(|child| child.name() == "optional");
    if optional { format!("{name} (optional)") } else { name.to_owned() }
}

fn limits(feature: &Element) -> String {
    let mut words = vec!["limits".to_owned()];
    if let Some(bytes) = child_text(feature, ns::STREAM_LIMITS, "max-bytes") {
        words.push(format!("{bytes} bytes"));
    }
    if let Some(seconds) = child_text(feature, ns::STREAM_LIMITS, "idle-seconds") {
        words.push(format!("{seconds} s idle"));
    }
    words.join(" ")
}

/// Whether a condition of stream errors is inside.
pub(super) fn holds_stream_condition(element: &Element) -> bool {
    element.children().any(|child| child.namespace() == ns::STREAM_ERRORS)
}

/// The element that names the condition of a stream error.
pub fn stream_condition(error: &Element) -> Option<&Element> {
    error.children().find(|child| child.namespace() == ns::STREAM_ERRORS && child.name() != "text")
}

/// Whether a client begins to log in with it, by SASL or SASL2.
pub fn begins_login(element: &Element) -> bool {
    matches!(element.namespace(), ns::SASL | ns::SASL2)
        && matches!(element.name(), "auth" | "authenticate")
}

/// The mechanism of a login that is bound to its TLS (RFC 5802 §6).
pub fn bound_to_tls(login: &Element) -> Option<&str> {
    login.attr("mechanism").filter(|name| begins_login(login) && name.ends_with("-PLUS"))
}

/// `<stream:error/>`: condition, text and the application's own condition.
pub(super) fn error(error: &Element) -> Words {
    let condition = stream_condition(error);
    let subject = condition.map_or("no condition", Element::name).to_owned();
    let mut detail = subject.clone();
    // `see-other-host` holds the host.
    if let Some(host) = condition.and_then(text) {
        detail = format!("{detail} {host}");
    }
    // Before XMPP 1.0 the text stood in <stream:error/> itself.
    if let Some(text) = child_text(error, ns::STREAM_ERRORS, "text").or_else(|| text(error)) {
        detail = format!("{detail}: {text}");
    }
    let own: Vec<_> = error
        .children()
        .filter(|child| child.namespace() != ns::STREAM_ERRORS)
        .map(Element::name)
        .collect();
    if !own.is_empty() {
        detail = format!("{detail} [{}]", own.join(", "));
    }
    Words { subject, detail, ..Words::default() }
}

/// A step of SASL. The data itself is never repeated.
pub(super) fn sasl(step: &Element) -> Words {
    let mut words = Vec::new();
    words.extend(attr(step, "mechanism").map(str::to_owned));
    if matches!(step.name(), "failure" | "abort") {
        let mut conditions = step.children().filter(|child| child.name() != "text");
        let condition = conditions.find(|child| matches!(child.namespace(), ns::SASL | ns::SASL2));
        let name = condition.map_or("no condition", Element::name);
        let text = step.children().find(|child| child.name() == "text").and_then(text);
        if step.name() == "failure" || condition.is_some() {
            words.push(match text {
                Some(text) => format!("{name}: {text}"),
                None => name.to_owned(),
            });
        }
    }
    let inner = ["initial-response", "additional-data"];
    let mut data = step.children().filter(|c| inner.contains(&c.name())).chain([step]);
    words.extend(data.find_map(data_in));
    if let Some(jid) = child_text(step, ns::SASL2, "authorization-identifier") {
        words.push(format!("as {jid}"));
    }
    let words_of = [
        (ns::BIND2, "bind", "with bind"),
        (ns::SM3, "resume", "with resume"),
        (ns::BIND2, "bound", "bound"),
        (ns::SM3, "resumed", "resumed"),
        (ns::SM3, "failed", "not resumed"),
    ];
    // Deeper, `failed` would be that of an `enable` (XEP-0386 §4).
    let inline = |namespace, name| step.children().any(|child| child.is(namespace, name));
    words.extend(
        words_of.into_iter().filter(|(ns, name, _)| inline(ns, name)).map(|(.., said)| said.into()),
    );
    let subject = attr(step, "mechanism").unwrap_or("SASL").to_owned();
    Words { subject, detail: words.join(" "), ..Words::default() }
}

/// How much data there is: the placeholder of redaction, or the number of characters.
fn data_in(element: &Element) -> Option<String> {
    if matches!(element.name(), "failure" | "abort") {
        return None;
    }
    let data = text(element)?;
    if is_placeholder(&data) {
        return Some(data);
    }
    Some(format!("({} of data)", count(data.chars().count(), "character")))
}

/// Exactly `[hidden 42 bytes]`: nothing else is repeated.
fn is_placeholder(data: &str) -> bool {
    data.strip_prefix("[hidden ")
        .and_then(|rest| rest.strip_suffix(" bytes]").or_else(|| rest.strip_suffix(" byte]")))
        .is_some_and(|n| !n.is_empty() && n.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Stream management: counters, resumption, refusals.
pub(super) fn management(element: &Element) -> Words {
    let mut words = Vec::new();
    for (name, label) in
        [("h", "h="), ("previd", "previd="), ("id", "id="), ("max", "max="), ("location", "at ")]
    {
        words.extend(attr(element, name).map(|value| format!("{label}{value}")));
    }
    if let Some(resume) = attr(element, "resume") {
        let yes = matches!(resume, "true" | "1");
        words.push(if yes { "resumable".into() } else { format!("resume={resume}") });
    }
    if element.name() == "failed" {
        let conditions = element.children().filter(|child| child.name() != "text");
        words.extend(conditions.map(|child| child.name().to_owned()));
        words.extend(child_text(element, ns::STANZA_ERRORS, "text"));
    }
    let noise = matches!(element.name(), "r" | "a").then_some("sm");
    Words {
        subject: "stream management".into(),
        detail: words.join(" "),
        noise,
        ..Words::default()
    }
}

fn holds_stanza_condition(error: &Element) -> bool {
    error.children().any(|child| child.namespace() == ns::STANZA_ERRORS)
}

/// Everything else, by its name and namespace.
pub(super) fn other(element: &Element) -> Words {
    let name = element.name();
    let mut words = Words::default();
    match (element.namespace(), name) {
        (ns::FRAMING, "open" | "close") | (ns::STREAMS, "stream") => {
            words.subject = format!("stream {}", if name == "stream" { "open" } else { name });
            let parts = ["to", "from", "id", "version", "see-other-uri"];
            words.detail = parts
                .iter()
                .filter_map(|part| attr(element, part).map(|value| format!("{part} {value}")))
                .collect::<Vec<_>>()
                .join(", ");
        }
        (ns::CSI, "active" | "inactive") => {
            words.subject = format!("client state {name}");
            words.noise = Some("csi");
        }
        // Tigase puts the error of a stanza into the <body/> itself.
        (ns::HTTPBIND | "" | ns::CLIENT, "error") if holds_stanza_condition(element) => {
            words.subject = "error".into();
            words.detail = error_words(element);
        }
        (ns::COMPRESS, _) => words.subject = format!("stream compression: {name}"),
        (_, _) => words.subject = name_and_namespace(element),
    }
    words
}

/// `query jabber:iq:unheard-of`
pub(super) fn name_and_namespace(element: &Element) -> String {
    match element.namespace() {
        "" => format!("{} (no namespace)", element.name()),
        namespace => format!("{} {namespace}", element.name()),
    }
}
