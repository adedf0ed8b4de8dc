//! Rules survive every mixture of what may pass on WebSocket and TCP.

use crate::rules::mixtures::{assert_survived, mixtures};

const PIECES: [&str; 44] = [
    "websocket",
    "C= <open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='a' version='1.0'/>",
    "C= <open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='\u{1b}[2J:1' id='\u{202e}' version='\u{7}'/>",
    "S= <open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='a' id='s1' version='1.0' xml:lang='en'/>",
    "S= <open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='\u{202e}' to='\u{202e}' id='s18446744073709551615999999999999999999999' version='99999999999999999999.9'/>",
    "S= <features xmlns='http://etherx.jabber.org/streams'><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></features>",
    "C= <auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
    "S= <success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
    "S= <failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
    "S= <success xmlns='urn:xmpp:sasl:2'/>",
    "C= <iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
    "S= <iq xmlns='jabber:client' type='result' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>u@a/\u{202e}</jid></bind></iq>",
    "C= <message xmlns='jabber:client'/>",
    "C= <a\u{202e}b/>",
    "C= <?xml version='1.0'?><a/>",
    "C= <stream:stream xmlns:stream='http://etherx.jabber.org/streams' to='a' version='1.0'>",
    "C= text | \u{1b}[2J",
    "C= <iq",
    "S= <error xmlns='http://etherx.jabber.org/streams'><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>\u{202e}</text></error>",
    "S= <error xmlns='http://etherx.jabber.org/streams'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></error>",
    "S= <error xmlns='http://etherx.jabber.org/streams'><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></error>",
    "S= <error xmlns='\u{202e}'><\u{e9}\u{202e} xmlns='x'/></error>",
    "C= <error xmlns='http://etherx.jabber.org/streams'/>",
    "C= <close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>",
    "S= <close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>",
    "S= close 1001 | \u{1b}[2J",
    "C= <resume xmlns='urn:xmpp:sm:3' previd='p' h='0'/>",
    "S= <enabled xmlns='urn:xmpp:sm:3' id='p' resume='true'/>",
    "S= <resumed xmlns='urn:xmpp:sm:3' previd='p' h='0'/>",
    "S= <failed xmlns='urn:xmpp:sm:3'/>",
    "C~ <stream:stream xmlns='\u{202e}' xmlns:stream='http://etherx.jabber.org/streams' to='a' version='1.0'>",
    "S~ <stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' from='a' id='s2' version='1.0'>",
    "S~ <stream:stream xmlns='jabber:client' xmlns:stream='\u{202e}'>",
    "S~ <stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>",
    "C~ <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
    "S~ <proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
    "C~ <c:iq xmlns:c='jabber:client'/>",
    "C~ <!-- \u{1b}[2J -->",
    "C~ <iq xmlns='\u{202e}'/>",
    "C~ </stream>",
    "S~ </stream>",
    "S. reset",
    "C. fin",
    "!lost 3",
];

proptest::proptest! {
    #[test]
    fn every_mixture_is_survived(script in mixtures(None, &PIECES)) {
        assert_survived(&script);
    }
}
