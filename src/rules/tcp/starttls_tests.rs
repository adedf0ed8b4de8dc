use crate::rules::Level;
use crate::rules::playbook::{at_least, names};

const SPACE: &str =
    "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'";
const TLS: &str = "xmlns='urn:ietf:params:xml:ns:xmpp-tls'";
const MECHANISMS: &str = "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
    <mechanism>PLAIN</mechanism></mechanisms>";

fn begun(features: &str) -> String {
    format!(
        "0 1 C~ <stream:stream {SPACE} to='a'>
         1 1 S~ <stream:stream {SPACE} from='a' id='one' xml:lang='en'>
         2 1 S~ <stream:features>{features}</stream:features>\n"
    )
}

#[test]
fn tls_that_is_offered_asked_for_and_granted_is_in_order() {
    let offers = [
        format!("<starttls {TLS}/>{MECHANISMS}"),
        format!("<starttls {TLS}><required/></starttls>"),
    ];
    for offer in offers {
        let begun = begun(&offer);
        let asked = format!("{begun}10 1 C~ <starttls {TLS}/>\n20 1 S~ <proceed {TLS}/>\n");
        assert_eq!(names(&asked), [""; 0]);
        // What comes then cannot be read, or is what is inside of TLS.
        assert_eq!(
            names(&format!("{asked}30 1 !raw C TLS\n99000 1 S. fin"))
                .iter()
                .filter(|name| name.starts_with("starttls"))
                .count(),
            0
        );
        let inside = format!(
            "{asked}30 1 C~ <stream:stream {SPACE} to='a'>
             31 1 S~ <stream:stream {SPACE} from='a' id='two' xml:lang='en'>
             32 1 S~ <stream:features>{MECHANISMS}</stream:features>
             40 1 C~ <auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"
        );
        assert_eq!(names(&inside), [""; 0]);
        let again = inside
            .replace(&format!("features>{MECHANISMS}"), &format!("features><starttls {TLS}/>"));
        let again = at_least(Level::Warning, &again);
        assert!(again.iter().any(|line| line.contains("starttls-order Server")), "{again:?}");
    }
}

#[test]
fn nothing_comes_between() {
    let begun = begun(&format!("<starttls {TLS}/>"));
    let asked = format!("{begun}10 1 C~ <starttls {TLS}/>\n");
    let found = |rest: &str| at_least(Level::Warning, &format!("{asked}{rest}"));
    let client = found(&format!(
        "11 1 C~ <auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>\n20 1 S~ <proceed {TLS}/>"
    ));
    assert!(client[0].contains("starttls-order Client") && client.len() == 1, "{client:?}");
    assert!(found("11 1 S~ <message/>")[0].contains("starttls-order Server"));
    assert!(found(&format!("11 1 S~ <failure {TLS}/>"))[0].contains("starttls-failed Server"));
    let late = found(&format!("11 1 S~ <proceed {TLS}/>\n20 1 C~ <presence/>"));
    assert!(late[0].contains("in the clear 9.0 ms after"), "{late:?}");
}

#[test]
fn an_offer_is_needed_and_what_is_required_is_done() {
    let plain = begun(MECHANISMS);
    assert_eq!(names(&plain), ["starttls-offer"]);
    let asked = names(&format!("{plain}10 1 C~ <starttls {TLS}/>"));
    assert_eq!(asked, ["starttls-offer", "starttls-order"]);
    let required = begun(&format!("<starttls {TLS}><required/></starttls>"));
    let login = "10 1 C~ <auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";
    assert_eq!(names(&format!("{required}{login}")), ["starttls-skipped"]);
    let offered = begun(&format!("<starttls {TLS}/>{MECHANISMS}"));
    assert_eq!(names(&format!("{offered}{login}")), ["starttls-skipped"]);
    assert!(at_least(Level::Warning, &format!("{offered}{login}")).is_empty());
    let begins = format!("10 1 C~ <starttls {TLS}/>\n11 1 S~ <proceed {TLS}/>");
    assert!(names(&format!("{offered}{begins}")).is_empty());
    // After a login without TLS, features without TLS are no news.
    let login = format!(
        "{plain}{login}\n20 1 S~ <success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>
        30 1 C~ <stream:stream {SPACE} to='a'>
        31 1 S~ <stream:stream {SPACE} from='a' id='two' xml:lang='en'>
        32 1 S~ <stream:features/>"
    );
    assert_eq!(names(&login), ["starttls-offer"]);
}
