use crate::rules::playbook::{at_least, names, words};
use crate::rules::{Level, kinds};

const FRAMING: &str = "xmlns='urn:ietf:params:xml:ns:xmpp-framing'";
const CLIENT: &str = "xmlns='jabber:client'";

/// The usual beginning: opened, logged in.
fn login() -> String {
    format!(
        "0 1 websocket
         1 1 C= <open {FRAMING} to='a' version='1.0'/>
         2 1 S= <open {FRAMING} from='a' id='x' xml:lang='en' version='1.0'/>
         3 1 C= <auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'/>
         4 1 S= <success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>
         5 1 C= <open {FRAMING} to='a' version='1.0'/>
         6 1 S= <open {FRAMING} from='a' id='y' xml:lang='en' version='1.0'/>\n"
    )
}

fn after(script: &str) -> Vec<String> {
    let script = script.replace("CLOSE", &format!("<close {FRAMING}/>")).replace("NS", CLIENT);
    at_least(Level::Note, &(login() + &script))
}

#[test]
fn explore() {
    for script in [
        "1000 1 S= close 1006",
        "1000 1 C= text | cut: yes | <message\n1001 1 C. reset",
        "1000 1 S= <stream:error xmlns:stream='http://etherx.jabber.org/streams'><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>\n1001 1 S= CLOSE\n1002 1 S= close 1001\n1003 1 S. fin",
        "1000 1 S= <close xmlns='urn:ietf:params:xml:ns:xmpp-framing' see-other-uri='wss://b/ws'/>",
        "1000 1 S= <close xmlns='urn:ietf:params:xml:ns:xmpp-framing' see-other-uri='/ws'/>",
        "1000 1 C= <message NS/>\n61001 1 S. stopped",
        "1000 1 C= <message NS/>\n2000 1 !lost 3\n61001 1 S. fin",
        "1000 1 C= <message NS/>\n13000 1 S. fin\n20000 2 websocket\n20001 2 C= <open xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>\n20001 2 S= <open xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>\n32002 2 S. fin",
    ] {
        println!("--- {script}");
        for line in after(script) {
            println!("    {line}");
        }
    }
    let _ = (names(""), words("", ""), kinds::WS_CUT);
}
