//! Pieces of playbooks about stream management.

use crate::rules::Level;
use crate::rules::playbook::play;

pub(super) const SM: &str = "xmlns='urn:xmpp:sm:3'";

/// Replaces what would be repeated: `SM` is the namespace of stream management, `CLIENT` that of stanzas.
pub(super) fn full(script: &str) -> String {
    let mut text = String::new();
    for line in script.lines() {
        let line = line
            .replace(" SM", &format!(" {SM}"))
            .replace(" CLIENT", " xmlns='jabber:client'")
            .replace(" SASL2", " xmlns='urn:xmpp:sasl:2'")
            .replace(" BIND2", " xmlns='urn:xmpp:bind:0'")
            .replace(" STANZAS", " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'");
        text += &(line + "\n");
    }
    text
}

/// A login on a WebSocket, up to the features that offer to bind. `at`: when, in ms.
pub(super) fn login(at: u64, conn: u64) -> String {
    let open = "xmlns='urn:ietf:params:xml:ns:xmpp-framing' version='1.0'";
    let sasl = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'";
    let stream = "xmlns:stream='http://etherx.jabber.org/streams'";
    let client = format!("C= <open {open} to='a'/>");
    let server = format!("S= <open {open} from='a' id='i' xml:lang='en'/>");
    let lines = [
        "websocket".to_owned(),
        client.clone(),
        server.clone(),
        format!(
            "S= <stream:features {stream}><mechanisms {sasl}><mechanism>PLAIN</mechanism></mechanisms></stream:features>"
        ),
        format!("C= <auth {sasl} mechanism='PLAIN'>[hidden 20 bytes]</auth>"),
        format!("S= <success {sasl}/>"),
        client,
        server,
        format!(
            "S= <stream:features {stream}><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm {SM}/></stream:features>"
        ),
    ];
    lines.iter().fold(String::new(), |script, line| script + &format!("{at} {conn} {line}\n"))
}

/// A login, and a resource is bound.
pub(super) fn bound(at: u64, conn: u64) -> String {
    let bind = "xmlns='urn:ietf:params:xml:ns:xmpp-bind'";
    login(at, conn)
        + &full(&format!(
            "{at} {conn} C= <iq CLIENT type='set' id='b'><bind {bind}/></iq>
             {at} {conn} S= <iq CLIENT type='result' id='b'><bind {bind}><jid>alice@a/w</jid></bind></iq>"
        ))
}

/// A login at once on connection 1, with stream management that can be resumed by `x` within 600 s.
pub(super) fn enabled() -> String {
    bound(0, 1)
        + &full(
            "0 1 C= <enable SM resume='true'/>
             0 1 S= <enabled SM id='x' resume='true' max='600'/>",
        )
}

/// The findings of stream management and SASL2 in a script, as lines: `<ms> <level> <name> <party>: <words>`.
pub(super) fn found(script: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for seen in play(script) {
        for finding in &seen.findings {
            if ["sm-", "sasl2-", "bind2-"].iter().any(|start| finding.name().starts_with(start)) {
                let (at, level, name) = (seen.at.as_millis(), finding.level, finding.name());
                lines.push(format!("{at} {level:?} {name} {:?}: {}", finding.party, finding.words));
            }
        }
    }
    lines
}

/// The same of a script that follows [`enabled`].
pub(super) fn after(script: &str) -> Vec<String> {
    found(&(enabled() + &full(script)))
}

/// Names, levels and parties alone.
pub(super) fn brief(lines: &[String]) -> Vec<&str> {
    lines.iter().map(|line| line.split(':').next().unwrap_or(line)).collect()
}

/// Nothing above a note is found.
#[track_caller]
pub(super) fn assert_quiet(script: &str) {
    let loud: Vec<_> = crate::rules::playbook::at_least(Level::Warning, script);
    assert_eq!(loud, [""; 0]);
}

/// Scripts that make every rule of this folder report every requirement that it can.
pub(in crate::rules) fn every_kind() -> Vec<String> {
    let cut = "20 1 C. reset\n".to_owned();
    let resume = |h: u32, rest: &str| {
        login(1000, 2)
            + &full(&format!(
                "1000 2 C= <resume SM previd='x' h='0'/>\n1000 2 S= <resumed SM previd='x' h='{h}'/>\n{rest}"
            ))
    };
    let message = full("10 1 C= <message CLIENT id='m1'/>\n");
    let after = |script: &str| enabled() + &full(script);
    let features = "S= <features xmlns='http://etherx.jabber.org/streams'>";
    let sasl2 = |script: &str| full(&format!("0 1 websocket\n{script}"));
    vec![
        login(0, 1) + &full("10 1 C= <enable SM/>"),
        after("10 1 C= <enable SM/>"),
        bound(0, 1) + &full("10 1 C= <enable SM/>\n90000 tick"),
        bound(0, 1) + &full("10 1 C= <enable SM/>\n20 1 S= <failed SM/>"),
        bound(0, 1) + &full("10 1 C= <enable SM/>\n20 1 S= <enabled SM resume='true'/>"),
        after("10 1 C= <r SM/>\n5000 1 S= <message CLIENT/>\n90000 tick"),
        after("10 1 C= <r SM/>\n90000 tick"),
        after("10 1 C= <a SM/>"),
        after(
            "10 1 C= <a SM h='3'/>
             20 1 S= <error xmlns='http://etherx.jabber.org/streams'><handled-count-too-high SM/></error>",
        ),
        enabled() + &message + &cut,
        login(0, 1) + &full("10 1 C= <resume SM previd='y' h='1'/>\n20 1 S= <resumed SM previd='y'/>"),
        login(0, 1)
            + &full(
                "10 1 C= <resume SM previd='y' h='1'/>
                 20 1 S= <failed SM/>
                 30 1 C= <presence CLIENT/>",
            ),
        enabled() + &resume(0, "60000 tick"),
        enabled() + &cut + &resume(0, "1010 2 C= <presence CLIENT/>"),
        enabled() + &cut + &resume(0, "1010 2 C= <presence CLIENT from='bob@a/w'/>"),
        enabled() + &message + &cut + &resume(0, "60000 tick"),
        enabled() + &message + &cut + &resume(1, "1010 2 C= <message CLIENT id='m1'/>"),
        sasl2(&format!("1 1 {features}<authentication SASL2/></features>")),
        sasl2(
            "1 1 C= <authenticate SASL2><bind BIND2/></authenticate>
             2 1 C= <presence CLIENT/>
             3 1 S= <success SASL2/>
             4 1 S= <message CLIENT/>",
        ),
        sasl2(
            "1 1 C= <authenticate SASL2><resume SM previd='y' h='1'/></authenticate>
             3 1 S= <success SASL2/>",
        ),
    ]
}
