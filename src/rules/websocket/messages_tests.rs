use crate::rules::Level;
use crate::rules::playbook::{at_least, play, websocket_login};

const STREAMS: &str = "xmlns='http://etherx.jabber.org/streams'";
const CLIENT: &str = "xmlns='jabber:client'";

fn script(messages: &str) -> String {
    let messages = messages.replace("STREAMS", STREAMS).replace("CLIENT", CLIENT);
    websocket_login(0, 1) + &messages
}

fn after(messages: &str) -> Vec<String> {
    at_least(Level::Note, &script(messages))
}

#[test]
fn what_is_lawful_yields_nothing() {
    for messages in [
        // Prefixes, or none; line breaks; quotes.
        "10 1 S= <stream:features xmlns:stream='http://etherx.jabber.org/streams'/>",
        "10 1 S= <features STREAMS/>",
        "10 1 S= <f:features xmlns:f='http://etherx.jabber.org/streams' CLIENT/>",
        "10 1 C= <f:open xmlns:f='urn:ietf:params:xml:ns:xmpp-framing'/>",
        "10 1 C= <open xmlns=\"urn:ietf:params:xml:ns:xmpp-framing\"></open>",
        "10 1 C= text | <message CLIENT/>␤",
        "10 1 C= <c:message xmlns:c='jabber:client'/>",
        "10 1 C= <a xmlns='urn:xmpp:sm:3' h='0'/>\n11 1 S= <r xmlns='urn:xmpp:sm:3'/>",
        "10 1 C= <authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'/>\n11 1 S= <failure xmlns='urn:xmpp:sasl:2'/>",
        "10 1 C= text | frames: 2 | <message CLIENT/>",
        // A large message is kept in part.
        "10 1 S= text | cut: yes | <message CLIENT>",
        "10 1 S= text | undecoded: why | garbage",
        "10 1 S= <error STREAMS><x xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text \
         xmlns='urn:ietf:params:xml:ns:xmpp-streams' xml:lang='en'>a</text></error>",
    ] {
        let found = after(messages);
        let found: Vec<_> = found
            .iter()
            .filter(|line| line.contains(" ws-") && !line.contains("ws-undecodable"))
            .collect();
        assert!(found.is_empty(), "{messages}: {found:?}");
    }
}

/// A message, the name and the requirement of its finding, and words in it.
const FAULTS: &[(&str, &str, &str, &str)] = &[
    (
        "S= <a xmlns='b'/><a xmlns='b'/>",
        "ws-several-elements",
        "ws-one-element-per-message",
        "A message of the server has 2 elements: <a> and <a>.",
    ),
    (
        "S= <a xmlns='b'/><a xmlns='b'/><c/><d/><e/>",
        "ws-several-elements",
        "ws-one-element-per-message",
        "has 5 elements: <a>, <a>, <c> and 2 more.",
    ),
    (
        "S= <open xmlns='urn:ietf:params:xml:ns:xmpp-framing'/><features STREAMS/>",
        "ws-several-elements",
        "ws-features-own-message",
        "has 2 elements: <open> and <features>.",
    ),
    (
        "C= <message CLIENT><body>hel",
        "ws-message-malformed",
        "ws-one-element-per-message",
        "ends before <body> is closed. Each message has to be a whole element",
    ),
    (
        "C= <message CLIENT",
        "ws-message-malformed",
        "ws-one-element-per-message",
        "ends within a start tag",
    ),
    (
        "C= <a xmlns='b'></c>",
        "ws-message-malformed",
        "ws-one-element-per-message",
        "not well-formed at 1:",
    ),
    ("C= text | hello", "ws-message-start", "ws-first-char-lt", "begins with \"hello\""),
    (
        "C= text | ␠<message CLIENT/>",
        "ws-message-start",
        "ws-first-char-lt",
        "begins with white space",
    ),
    (
        "C= text | \u{feff}<message CLIENT/>",
        "ws-message-start",
        "ws-first-char-lt",
        "a byte order mark",
    ),
    ("C= text", "ws-message-start", "ws-first-char-lt", "A message of the client is empty."),
    (
        "C= <message CLIENT/>hello",
        "ws-text-around-element",
        "ws-no-text-around-root",
        "has text after its",
    ),
    (
        "S= <stream:features/>",
        "ws-namespace",
        "ws-namespaces-self-contained",
        "uses the prefix `stream`, which it does not declare",
    ),
    (
        "S= <message/>",
        "ws-namespace",
        "ws-namespaces-self-contained",
        "<message> of the server has no namespace, and has to be in jabber:client",
    ),
    (
        "C= <iq xmlns='jabber:server'/>",
        "ws-namespace",
        "ws-namespaces-self-contained",
        "is in the namespace jabber:server",
    ),
    (
        "S= <features/>",
        "ws-namespace",
        "ws-namespaces-self-contained",
        "has to be in http://etherx",
    ),
    ("C= <auth/>", "ws-namespace", "ws-namespaces-self-contained", "xmpp-sasl"),
    ("C= <close/>", "ws-namespace", "ws-header-namespace", "xmpp-framing"),
    (
        "C= <open CLIENT/>",
        "ws-namespace",
        "ws-header-namespace",
        "is in the namespace jabber:client",
    ),
    (
        "C= text | ␠␤",
        "ws-white-space-keepalive",
        "ws-no-whitespace-keepalive",
        "nothing but white space",
    ),
    (
        "C= <open xmlns='urn:ietf:params:xml:ns:xmpp-framing'><a/></open>",
        "ws-open-not-empty",
        "ws-open-empty",
        "<open/> of the client is not empty",
    ),
    (
        "S= <features STREAMS><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></features>",
        "ws-starttls",
        "ws-no-starttls",
        "offer STARTTLS",
    ),
    (
        "C= <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
        "ws-starttls",
        "ws-ignore-starttls",
        "asks for STARTTLS",
    ),
    (
        "S= <iq CLIENT type='error' id='1'><error><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>no</text></error></iq>",
        "ws-language",
        "ws-language-self-contained",
        "has no language",
    ),
];

#[test]
fn each_fault_is_one_finding_with_its_requirement() {
    for (message, name, id, words) in FAULTS {
        // Twice, which is reported once.
        let script = script(&format!("10 1 {message}\n20 1 {message}"));
        // Texts of errors have the language of the stream, if that has one.
        let script = script.replace(" xml:lang='en'", "");
        let seen = play(&script);
        let all = seen.iter().flat_map(|seen| &seen.findings);
        let found: Vec<_> = all.filter(|found| found.name().starts_with("ws-")).collect();
        assert_eq!(found.len(), 1, "{message}: {found:#?}");
        assert_eq!((found[0].name(), found[0].requirement), (*name, Some(*id)), "{message}");
        assert!(found[0].words.contains(*words), "{message}: {}", found[0].words);
    }
}

#[test]
fn the_rest_of_an_element_that_was_split_is_not_reported_again() {
    let split = "10 1 C= <message CLIENT><body>hel\n11 1 C= text | lo\n12 1 C= </body></message>\n13 1 C= <message CLIENT/>";
    assert_eq!(after(split).len(), 1, "{:?}", after(split));
    let lost =
        "10 1 !lost 2\n11 1 C= text | lo\n12 1 C= </body></message>\n13 1 C= <message CLIENT/>";
    assert_eq!(after(lost).len(), 1, "what was lost alone: {:?}", after(lost));
}

#[test]
fn without_the_beginning_nothing_is_judged_that_depends_on_the_framing() {
    let late = format!(
        "10 1 C= <message {CLIENT}/>\n11 1 S= <message/>\n12 1 S= <stream:features/>\n13 1 C= text | ␠"
    );
    assert_eq!(at_least(Level::Note, &late), [""; 0]);
}

#[test]
fn text_has_the_language_of_the_open() {
    let error = "10 1 S= <iq CLIENT type='error' id='1'><error><text \
        xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>no</text></error></iq>";
    assert_eq!(after(error), [""; 0]);
}
