//! Logins as playbooks: what the server says, and what the client does then.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::bosh::content;
use super::login::{Login, Mechanism, Step, Who};
use crate::xml::{Limits, parse};
use crate::xmpp::scram::Hash;

const FEATURES: &str = "<stream:features xmlns:stream='http://etherx.jabber.org/streams'>\
    <mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>";
const BINDING: &str = "<stream:features xmlns:stream='http://etherx.jabber.org/streams'>\
    <bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>";
const SUCCESS: &str = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";
const BOUND: &str = "<iq xmlns='jabber:client' type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
    <jid>alice@localhost/web</jid></bind></iq>";

fn offering(mechanisms: &str) -> String {
    let list = mechanisms.split(' ').map(|name| format!("<mechanism>{name}</mechanism>"));
    format!("{FEATURES}{}</mechanisms></stream:features>", list.collect::<String>())
}

fn binding(more: &str) -> String {
    format!("{BINDING}{more}</stream:features>")
}

fn sasl(name: &str, text: &str) -> String {
    format!("<{name} xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{}</{name}>", STANDARD.encode(text))
}

fn alice() -> Login {
    let (user, password) = ("user".to_owned(), "pencil".to_owned());
    Login::new(Who::Account { user, password }, "fyko+d2lbbFgONRv9qkxdawL")
}

/// What is done when this comes: the element sent, or the step in words.
fn then(login: &mut Login, received: &str) -> String {
    match login.take(&parse(received.as_bytes(), &Limits::default()).unwrap()) {
        Step::Send(element) => content(&element),
        Step::Wait => "wait".to_owned(),
        Step::Restart => "restart".to_owned(),
        Step::Done(jid) => format!("done as {jid}"),
        Step::Failed(words) => {
            assert!(login.is_over());
            format!("failed: {words}")
        }
    }
}

/// The message in an element of SASL.
fn message(element: &str) -> String {
    let text = element.split(['>', '<']).nth(2).unwrap();
    String::from_utf8(STANDARD.decode(text).unwrap()).unwrap()
}

#[test]
fn anonymous_with_a_resource_and_a_legacy_session() {
    let mut login = Login::new(Who::Anonymous, "n").with_resource("a<b");
    assert_eq!(
        then(&mut login, &offering("PLAIN ANONYMOUS")),
        "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>"
    );
    assert_eq!(then(&mut login, SUCCESS), "restart");
    let session = "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>";
    assert_eq!(
        then(&mut login, &binding(session)),
        "<iq xmlns='jabber:client' type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
         <resource>a&lt;b</resource></bind></iq>"
    );
    assert_eq!(then(&mut login, "<message xmlns='jabber:client'/>"), "wait");
    assert_eq!(then(&mut login, "<iq xmlns='jabber:client' type='get' id='bind'/>"), "wait");
    assert_eq!(
        then(&mut login, BOUND),
        "<iq xmlns='jabber:client' type='set' id='session'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>"
    );
    let done = "<iq xmlns='jabber:client' type='result' id='session'/>";
    assert_eq!(then(&mut login, done), "done as alice@localhost/web");
    assert!(login.is_over());
    assert_eq!(then(&mut login, done), "wait");
}

#[test]
fn an_empty_challenge_asks_for_the_trace_of_anonymous() {
    let mut login = Login::new(Who::Anonymous, "n");
    then(&mut login, &offering("ANONYMOUS"));
    assert_eq!(
        then(&mut login, &sasl("challenge", "")),
        "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"
    );
    assert_eq!(then(&mut login, SUCCESS), "restart");
    let mut login = Login::new(Who::Anonymous, "n");
    then(&mut login, &offering("ANONYMOUS"));
    assert!(then(&mut login, &sasl("challenge", "who")).starts_with("failed: a challenge that"));
}

#[test]
fn the_best_mechanism_is_chosen_and_the_server_must_prove_itself() {
    let mut login = alice();
    let auth = then(&mut login, &offering("PLAIN SCRAM-SHA-1 EXTERNAL"));
    assert!(auth.contains("mechanism='SCRAM-SHA-1'"), "{auth}");
    assert_eq!(message(&auth), "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
    let challenge = "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096";
    let response = then(&mut login, &sasl("challenge", challenge));
    assert!(message(&response).ends_with(",p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="), "{response}");
    assert_eq!(then(&mut login, &sasl("success", "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=")), "restart");
    let session = "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'><optional/></session>";
    assert!(
        then(&mut login, &binding(session))
            .contains("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>")
    );
    assert_eq!(then(&mut login, BOUND), "done as alice@localhost/web");
}

#[test]
fn the_proof_of_the_server_may_come_in_a_challenge_and_may_not_lack() {
    let challenge =
        sasl("challenge", "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096");
    let proof = "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=";
    let proving = || {
        let mut login = alice().with_mechanism(Mechanism::Scram(Hash::Sha1));
        then(&mut login, &offering("SCRAM-SHA-256 SCRAM-SHA-1"));
        then(&mut login, &challenge);
        login
    };
    let mut login = proving();
    assert_eq!(
        then(&mut login, &sasl("challenge", proof)),
        "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"
    );
    assert_eq!(then(&mut login, SUCCESS), "restart");
    assert!(then(&mut proving(), SUCCESS).starts_with("failed: the server did not prove"));
    assert!(then(&mut proving(), &sasl("success", "v=AAAA")).contains("signature is wrong"));
    let mut login = alice();
    then(&mut login, &offering("SCRAM-SHA-1"));
    assert!(then(&mut login, SUCCESS).starts_with("failed: success without a proof"));
}

#[test]
fn plain_is_taken_when_nothing_better_is_there_or_when_it_is_wanted() {
    let mut login = alice();
    let auth = then(&mut login, &offering("ANONYMOUS PLAIN"));
    assert!(auth.contains("mechanism='PLAIN'"), "{auth}");
    assert_eq!(message(&auth), "\0user\0pencil");
    let mut login = alice().with_mechanism(Mechanism::Plain);
    assert!(then(&mut login, &offering("SCRAM-SHA-256 PLAIN")).contains("mechanism='PLAIN'"));
    assert!(!format!("{login:?}").contains("pencil"), "the password shows");
}

#[test]
fn what_goes_wrong_is_said_in_words() {
    let offered = offering("PLAIN");
    let fail = |mut login: Login, received: &[&str]| {
        let (last, before) = received.split_last().unwrap();
        for received in before {
            assert!(!then(&mut login, received).starts_with("failed"));
        }
        then(&mut login, last)
    };
    assert_eq!(
        fail(Login::new(Who::Anonymous, "n"), &[&offered]),
        "failed: of the SASL mechanisms wanted (ANONYMOUS) the server offers none; it offers PLAIN"
    );
    assert_eq!(
        fail(Login::new(Who::Anonymous, "n").with_mechanism(Mechanism::Plain), &[&offered]),
        "failed: PLAIN needs an account"
    );
    let refused = "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/><text>Nope</text></failure>";
    assert_eq!(
        fail(alice(), &[&offered, refused]),
        "failed: the server refuses PLAIN: not-authorized (Nope)"
    );
    assert_eq!(
        fail(alice(), &[&offered, SUCCESS, &offering("PLAIN")]),
        "failed: the server offers no resource binding"
    );
    let conflict = "<iq xmlns='jabber:client' type='error' id='bind'><error type='cancel'>\
        <conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>";
    assert_eq!(
        fail(alice(), &[&offered, SUCCESS, &binding(""), conflict]),
        "failed: the server refuses the resource: conflict"
    );
    let ended = "<stream:error xmlns:stream='http://etherx.jabber.org/streams'>\
        <policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>";
    assert_eq!(fail(alice(), &[ended]), "failed: the server ended the stream: policy-violation");
    let strange = "<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>%</challenge>";
    assert!(fail(alice(), &[&offering("SCRAM-SHA-1"), strange]).contains("not base64"));
    assert!(fail(alice(), &[&sasl("challenge", "x")]).contains("not expected"));
}
