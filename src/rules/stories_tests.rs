//! Whole sessions as they happen between real clients and servers, with every finding that they should yield, in order: no
//! less, and no second one for the same cause.

use super::Level;
use super::playbook::{at_least, websocket, websocket_login};

/// Names for what scripts repeat.
const NAMES: [(&str, &str); 14] = [
    ("CLOSE", "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>"),
    (
        "OPEN",
        "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='a' version='1.0' xml:lang='en'/>",
    ),
    (
        "GRANTED",
        "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='a' id='8d0fa1' version='1.0' xml:lang='en'/>",
    ),
    ("SM", "xmlns='urn:xmpp:sm:3'"),
    ("STANZAS", "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'"),
    ("STREAMS", "xmlns='urn:ietf:params:xml:ns:xmpp-streams'"),
    ("BIND", "xmlns='urn:ietf:params:xml:ns:xmpp-bind'"),
    ("SASL", "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"),
    ("XT", "xmlns='urn:ietf:params:xml:ns:xmpp-tls'"),
    ("XC", "xmlns='jabber:client'"),
    ("XS", "xmlns:stream='http://etherx.jabber.org/streams'"),
    (
        "UPGRADE",
        "GET /xmpp-websocket | Host: a | Origin: https://a | Connection: Upgrade | Upgrade: websocket \
        | Sec-WebSocket-Version: 13 | Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ== | Sec-WebSocket-Protocol: xmpp",
    ),
    (
        "SWITCH",
        "101 | Connection: Upgrade | Upgrade: websocket \
        | Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo= | Sec-WebSocket-Protocol: xmpp",
    ),
    (
        "MECHANISMS",
        "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-1</mechanism>\
        <mechanism>PLAIN</mechanism></mechanisms>",
    ),
];

fn full(script: &str) -> String {
    let mut text = script.to_owned();
    for (name, value) in NAMES {
        // Whole words only.
        let mut out = String::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find(name) {
            let (before, after) = rest.split_at(at);
            let after = &after[name.len()..];
            let is_word = |char: Option<char>| {
                char.is_some_and(|char| char.is_ascii_alphanumeric() || char == '-')
            };
            let whole = !is_word(before.chars().next_back()) && !is_word(after.chars().next());
            out += before;
            out += if whole { value } else { name };
            rest = after;
        }
        text = out + rest;
    }
    text
}

/// `<level> <name> <party>` of every finding are these.
#[track_caller]
fn tells(script: &str, expected: &[&str]) {
    let lines = at_least(Level::Note, &full(script));
    let brief = |line: &String| {
        let head = line.split(": ").next().unwrap_or(line);
        head.split_once(' ').map_or_else(String::new, |(_, rest)| rest.to_owned())
    };
    let found: Vec<_> = lines.iter().map(brief).collect();
    assert_eq!(found, expected, "{lines:#?}");
}

/// Both sides open a stream over TCP; the server's features follow.
fn header(at: u64, conn: u64, id: &str, features: &str) -> String {
    format!(
        "{at} {conn} C~ <?xml version='1.0'?><stream:stream XC XS to='a' version='1.0' xml:lang='en'>
         {at} {conn} S~ <?xml version='1.0'?><stream:stream XC XS from='a' id='{id}' version='1.0' xml:lang='en'>
         {at} {conn} S~ <stream:features>{features}</stream:features>\n"
    )
}

/// A login over TCP, with STARTTLS.
fn tcp_login(at: u64, conn: u64) -> String {
    let begun = header(at, conn, "c5f2a9", "<starttls XT><required/></starttls>");
    let inside = header(at, conn, "07bd31", "MECHANISMS");
    let after = header(at, conn, "e94c58", "<bind BIND/><sm SM/>");
    format!(
        "{begun}{at} {conn} C~ <starttls XT/>
         {at} {conn} S~ <proceed XT/>
         {at} {conn} !tls starttls | sni: a
         {inside}{at} {conn} C~ <auth SASL mechanism='PLAIN'>eA==</auth>
         {at} {conn} S~ <success SASL/>
         {after}{at} {conn} C~ <iq type='set' id='bind'><bind BIND/></iq>
         {at} {conn} S~ <iq type='result' id='bind'><bind BIND><jid>alice@a/w</jid></bind></iq>\n"
    )
}

/// Stream management that can be resumed by `x`.
const ENABLE: &str = "100 1 C= <enable SM resume='true'/>
    105 1 S= <enabled SM id='x' resume='true' max='600'/>
    110 1 C= <presence XC/>
    111 1 C= <r SM/>
    115 1 S= <a SM h='1'/>\n";

fn enabled() -> String {
    websocket_login(0, 1) + ENABLE
}

/// A login on another connection, up to the features that offer to bind.
fn again(at: u64, conn: u64) -> String {
    let login = websocket_login(at, conn);
    let lines: Vec<_> = login.lines().filter(|line| !line.contains("id='bind'")).collect();
    lines.join("\n") + "\n"
}

#[test]
fn one_side_speaks_the_old_framing() {
    let stream = "<stream:stream XC XS to='a' version='1.0'>";
    // ejabberd answers in the framing of RFC 7395 with an error.
    tells(
        &format!(
            "0 1 websocket\n10 1 C= {stream}\n20 1 S= GRANTED
             21 1 S= <stream:error XS><invalid-xml STREAMS/></stream:error>
             22 1 S= CLOSE\n23 1 S= close 1000\n24 1 C= close 1000\n25 1 S. fin"
        ),
        &["Error ws-old-framing Client", "Note stream-error Client"],
    );
    // Prosody.
    tells(
        &format!(
            "0 1 websocket\n10 1 C= {stream}
             20 1 S= <stream:error XS><not-well-formed STREAMS/></stream:error>
             22 1 S= CLOSE\n23 1 S= close 1000\n24 1 C= close 1000\n25 1 S. fin"
        ),
        &["Error ws-old-framing Client"],
    );
    tells(
        &format!("0 1 websocket\n10 1 C= {stream}\n20 1 S= close 1002\n21 1 S. fin"),
        &["Error ws-old-framing Client"],
    );
}

#[test]
fn nginx_cuts_after_60_s_and_the_session_is_resumed() {
    let script = enabled()
        + "1000 1 C= <message XC to='bob@a' id='m1'><body>hi</body></message>
           1001 1 C= <r SM/>\n1005 1 S= <a SM h='2'/>
           61010 1 S. fin\n"
        + &again(62_000, 2)
        + "62100 2 C= <resume SM previd='x' h='0'/>
           62110 2 S= <resumed SM previd='x' h='2'/>
           62200 2 C= <message XC to='bob@a' id='m2'><body>again</body></message>
           62210 2 C= <r SM/>\n62220 2 S= <a SM h='3'/>
           70000 2 C= CLOSE\n70001 2 C= close 1000\n70005 2 S= CLOSE\n70006 2 S= close 1000\n70007 2 S. fin";
    tells(&script, &["Error ws-idle-cut Between"]);
}

#[test]
fn a_resumption_fails_and_the_client_binds_and_joins_again() {
    let script = enabled()
        + "1000 1 C= <message XC to='room@muc.a' type='groupchat' id='m1'><body>hi</body></message>
           1200 1 C. reset\n"
        + &again(700_000, 2)
        + "700100 2 C= <resume SM previd='x' h='0'/>
           700110 2 S= <failed SM h='1'><item-not-found STANZAS/></failed>
           700120 2 C= <iq XC type='set' id='b'><bind BIND/></iq>
           700130 2 S= <iq XC type='result' id='b'><bind BIND><jid>alice@a/w2</jid></bind></iq>
           700140 2 C= <enable SM resume='true'/>
           700145 2 S= <enabled SM id='y' resume='true' max='600'/>
           700150 2 C= <presence XC/>
           700160 2 C= <presence XC to='room@muc.a/alice'><x xmlns='http://jabber.org/protocol/muc'/></presence>
           700170 2 S= <presence XC from='room@muc.a/alice'/>
           700180 2 C= <message XC to='room@muc.a' type='groupchat' id='m1'><body>hi</body></message>
           700190 2 S= <message XC from='room@muc.a/alice' type='groupchat' id='m1'><body>hi</body></message>
           700200 2 S= <r SM/>\n700201 2 C= <a SM h='2'/>
           710000 2 C= CLOSE\n710000 2 C= close\n710005 2 S= CLOSE\n710006 2 S= close 1000\n710007 2 S. fin";
    tells(
        &script,
        &["Warning ws-cut Client", "Note sm-unacked Nobody", "Note sm-resume-failed Nobody"],
    );
}

#[test]
fn clients_that_leave_in_their_own_way() {
    // strophe.js does not wait.
    let strophe =
        "1000 1 C= <presence XC type='unavailable'/>\n1000 1 C= CLOSE\n1001 1 C= close 1000
        1005 1 S= CLOSE\n1006 1 S= close 1000\n1007 1 S. fin";
    tells(&(websocket_login(0, 1) + strophe), &[]);
    // converse.js, when its page is reloaded.
    let reload = "1000 1 C= close 1001\n1001 1 S= close 1001\n1002 1 S. fin";
    tells(&(enabled() + reload), &["Note ws-left-without-close Nobody"]);
    // xmpp.js waits for the answer.
    let xmpp_js = "1000 1 C= CLOSE\n1005 1 S= CLOSE\n1010 1 C= close 1000\n1011 1 S= close 1000\n1012 1 S. fin";
    tells(&(enabled() + xmpp_js), &[]);
    // A laptop goes to sleep: the server pings in vain, and gives up.
    let sleep = "1000 1 S= ping\n1005 1 C= pong\n31000 1 S= ping\n61000 1 S= ping
        91000 1 S. reset";
    tells(
        &(websocket_login(0, 1) + sleep),
        &["Warning ws-ping-unanswered Nobody", "Note ws-cut Nobody"],
    );
}

#[test]
fn prosody_shuts_down() {
    let script = enabled()
        + "5000 1 S= <stream:error XS><system-shutdown STREAMS/><text STREAMS xml:lang='en'>Received SIGTERM</text></stream:error>
           5001 1 S= <a SM h='1'/>
           5001 1 S= CLOSE
           5002 1 S= close 1000 | Stream closed
           5003 1 C= close 1000\n5004 1 S. fin";
    tells(&script, &["Warning stream-error Server"]);
}

#[test]
fn ejabberd_replaces_a_session_twice() {
    let login = |at: u64, conn: u64| websocket_login(at, conn);
    let kick = |at: u64, conn: u64| {
        format!(
            "{at} {conn} S= <stream:error XS><conflict STREAMS/><text STREAMS xml:lang='en'>Replaced by new connection</text></stream:error>
             {at} {conn} S= CLOSE\n{at} {conn} S= close 1000\n{0} {conn} C= close 1000\n{0} {conn} S. fin\n",
            at + 1
        )
    };
    let script = login(0, 1) + &login(5000, 2) + &kick(5001, 1) + &login(8000, 3) + &kick(8001, 2);
    tells(&script, &["Warning stream-error Client", "Warning stream-error Client"]);
}

#[test]
fn haproxy_answers_502_and_the_client_goes_over_to_bosh() {
    let script = "0 1 C> UPGRADE
        5 1 S> 502 Bad Gateway | Content-Type: text/html | <html><body><h1>502 Bad Gateway</h1> The server returned an invalid or incomplete response. </body></html>
        6 1 S. fin
        100 2 C> POST /http-bind | Host: a | <body rid='573741820' to='a' wait='60' hold='1' ver='1.6' xml:lang='en' xmpp:version='1.0'/>
           105 2 S> 200 | <body sid='s1' wait='60' requests='2' hold='1' inactivity='60' ver='1.6'><stream:features XS>MECHANISMS</stream:features></body>
           200 2 C> POST /http-bind | Host: a | <body rid='573741821' sid='s1' type='terminate'/>
           205 2 S> 200 | <body type='terminate'/>\n206 2 C. fin";
    tells(script, &["Error ws-refused Between", "Note client-terminates Nobody"]);
}

#[test]
fn a_wrong_host_is_answered_with_404() {
    let script = "0 1 C> UPGRADE
        5 1 S> 404 Not Found | Content-Type: text/html | <html><head><title>404</title></head><body><p>Unknown host: 192.0.2.70</p></body></html>
        6 1 S. fin";
    tells(script, &["Error ws-refused Between"]);
}

#[test]
fn a_server_that_does_not_take_the_stream() {
    tells(
        "0 1 websocket\n10 1 C= OPEN\n20 1 S= close 1000\n21 1 C= close 1000\n22 1 S. fin",
        &["Error ws-left-without-close Server"],
    );
    tells("0 1 websocket\n10 1 C= OPEN\n20 1 S. fin", &["Error stream-unanswered Server"]);
    tells(
        "0 1 websocket\n10 1 C= OPEN\n20 1 S= GRANTED
         21 1 S= <stream:error XS><host-unknown STREAMS/></stream:error>
         22 1 S= CLOSE\n23 1 C= CLOSE\n24 1 C= close\n25 1 S= close\n26 1 S. fin",
        &["Error stream-error Client"],
    );
}

#[test]
fn openfire_counts_what_is_no_stanza() {
    let script = enabled()
        + "1000 1 C= <message XC to='bob@a' id='m1'/>
           1001 1 C= <r SM/>\n1005 1 S= <a SM h='4'/>
           1010 1 C= <message XC to='bob@a' id='m2'/>
           1011 1 C= <r SM/>\n1015 1 S= <a SM h='6'/>
           2000 1 C= CLOSE\n2005 1 S= CLOSE\n2010 1 C= close\n2011 1 S= close\n2012 1 S. fin";
    tells(&script, &["Error sm-count-parts Server"]);
    // A client that counts wrongly is thrown out.
    let script = enabled()
        + "1000 1 S= <message XC from='bob@a' id='m1'/>
           1001 1 S= <r SM/>\n1005 1 C= <a SM h='2'/>
           1010 1 S= <stream:error XS><undefined-condition STREAMS/><handled-count-too-high SM h='2' send-count='1'/></stream:error>
           1011 1 S= CLOSE\n1012 1 C= CLOSE\n1013 1 C= close\n1014 1 S= close\n1015 1 S. fin";
    tells(&script, &["Error sm-count-parts Client", "Note sm-handled-too-high Client"]);
}

#[test]
fn a_restart_is_missing_and_the_server_ends_the_stream() {
    let script = websocket(0, 1)
        + "30 1 C= <auth SASL mechanism='PLAIN'>eA==</auth>\n40 1 S= <success SASL/>
           50 1 C= <iq XC type='set' id='b'><bind BIND/></iq>
           60 1 S= <stream:error XS><not-authorized STREAMS/></stream:error>
           61 1 S= CLOSE\n62 1 S= close 1000\n63 1 C= close 1000\n64 1 S. fin";
    tells(&script, &["Error restart-missing Client", "Note stream-error Client"]);
}

#[test]
fn a_stanza_before_the_login_ends_the_stream() {
    let script = websocket(0, 1)
        + "30 1 C= <presence XC/>
           60 1 S= <stream:error XS><not-authorized STREAMS/></stream:error>
           61 1 S= CLOSE\n62 1 S= close 1000\n63 1 C= close 1000\n64 1 S. fin";
    tells(&script, &["Error stanza-too-early Client", "Note stream-error Client"]);
}

#[test]
fn sessions_over_tcp_in_order() {
    // xmpp.js.
    let xmpp_js = tcp_login(0, 1)
        + "100 1 C~ <enable SM resume='true'/>\n105 1 S~ <enabled SM id='x' resume='true' max='600'/>
           110 1 C~ <presence/>\n120 1 S~ <presence from='alice@a/w'/>\n130 1 S~ <r SM/>\n131 1 C~ <a SM h='1'/>
           200 1 C~ </stream:stream>\n205 1 S~ </stream:stream>\n206 1 S. fin";
    tells(&xmpp_js, &[]);
    // gloox leaves at once.
    let gloox = tcp_login(0, 1) + "100 1 C~ <presence/>\n200 1 C~ </stream:stream>\n200 1 C. fin";
    tells(&gloox, &[]);
    // slixmpp waits, says farewell, and white space has kept the connection alive.
    let slixmpp = tcp_login(0, 1)
        + "100 1 C~ <presence/>\n60000 1 C~ ␠\n120000 1 C~ ␠\n120100 1 C~ <presence type='unavailable'/>
           120101 1 C~ </stream:stream>\n120105 1 S~ </stream:stream>\n120106 1 C. fin"
            .replace('␠', " ")
            .as_str();
    tells(&slixmpp, &[]);
}

#[test]
fn connections_over_tcp_that_end_otherwise() {
    let bound = tcp_login(0, 1) + "100 1 C~ <presence/>\n110 1 S~ <presence from='alice@a/w'/>\n";
    tells(&(bound.clone() + "905000 1 S. reset"), &["Note tcp-idle-cut Nobody"]);
    tells(&(bound.clone() + "5000 1 S. fin"), &["Warning tcp-cut Server"]);
    tells(
        &(bound.clone()
            + "5000 1 S~ <stream:error><see-other-host STREAMS>b.example:5222</see-other-host></stream:error>
               5001 1 S~ </stream:stream>\n5002 1 C~ </stream:stream>\n5003 1 S. fin"),
        &["Note stream-error Nobody"],
    );
    tells(
        &(bound
            + "1000 1 C~ <enable SM resume='true'/>\n1005 1 S~ <enabled SM id='x' resume='true' max='600'/>
               1010 1 C~ <message to='bob@a' id='m1'/>\n1200 1 C. reset"),
        &["Warning tcp-cut Client", "Note sm-unacked Nobody"],
    );
}

#[test]
fn other_protocols_on_a_port() {
    tells(
        "0 1 !raw C a TLS handshake where an XML stream was expected\n5000 1 C. fin",
        &["Error not-xmpp Client"],
    );
    tells(
        "0 1 !raw C an HTTP/1 request where an XML stream was expected | GET / HTTP/1.1
         5 1 S~ <stream:stream XC XS id='8d0fa1' version='1.0'>
         5 1 S~ <stream:error><not-well-formed STREAMS/></stream:error>
         5 1 S~ </stream:stream>\n6 1 S. fin",
        &["Error not-xmpp Client"],
    );
}

#[test]
fn a_connection_that_is_half_open() {
    // The client notices by stream management, goes, and resumes.
    let script = enabled()
        + "1000 1 C= <message XC to='bob@a' id='m1'/>\n1001 1 C= <r SM/>
           40000 1 C= close 3000\n40001 1 C. fin\n"
        + &again(41_000, 2)
        + "41100 2 C= <resume SM previd='x' h='0'/>\n41110 2 S= <resumed SM previd='x' h='1'/>
           41120 2 C= <message XC to='bob@a' id='m1'/>\n41130 2 C= <r SM/>\n41140 2 S= <a SM h='2'/>
           41500 2 C= CLOSE\n41501 2 C= close\n41505 2 S= CLOSE\n41506 2 S= close\n41507 2 S. fin";
    tells(
        &script,
        &[
            "Warning sm-request-unanswered Nobody",
            "Note ws-left-without-close Nobody",
            "Note sm-unacked Nobody",
        ],
    );
    // The server has not noticed, and learns it from the resumption.
    let script = enabled()
        + "1000 1 C= <message XC to='bob@a' id='m1'/>\n"
        + &again(41_000, 2)
        + "41100 2 C= <resume SM previd='x' h='0'/>
           41105 1 S= <stream:error XS><conflict STREAMS/><text STREAMS xml:lang='en'>Replaced by new connection</text></stream:error>
           41106 1 S= CLOSE\n41107 1 S= close 1000
           41110 2 S= <resumed SM previd='x' h='2'/>\n42000 1 S. reset
           42500 2 C= CLOSE\n42501 2 C= close\n42505 2 S= CLOSE\n42506 2 S= close\n42507 2 S. fin";
    tells(&script, &["Note stream-error Nobody"]);
}

#[test]
fn an_error_ends_a_stream_without_ceremony() {
    let error = "1000 1 S= <stream:error XS><policy-violation STREAMS/></stream:error>\n";
    let begun = websocket_login(0, 1) + error;
    tells(
        &(begun.clone() + "1001 1 S= close 1000\n1002 1 C= close 1000\n1003 1 S. fin"),
        &["Error stream-error Client", "Warning stream-error-unclosed Server"],
    );
    tells(
        &(begun + "1001 1 S. fin"),
        &["Error stream-error Client", "Warning stream-error-unclosed Server"],
    );
}

#[test]
fn what_was_wrong_is_an_error_and_what_follows_a_note() {
    let begun = websocket_login(0, 1);
    tells(
        &(begun.clone()
            + "1000 1 C= binary | <presence XC/>\n1005 1 S= close 1003 | text only\n1006 1 C= close\n1007 1 S. fin"),
        &["Error ws-binary-message Client", "Note ws-complaint Client"],
    );
    let refused = "S= <failure SASL><not-authorized/></failure>";
    let login = "C= <auth SASL mechanism='PLAIN'>eA==</auth>";
    let end = "CLOSE\n201 1 C= CLOSE\n202 1 C= close\n203 1 S= close\n204 1 S. fin";
    tells(
        &(websocket(0, 1)
            + &format!(
                "100 1 {login}\n110 1 {refused}\n120 1 {login}\n130 1 {refused}
                 131 1 S= <stream:error XS><policy-violation STREAMS/></stream:error>\n200 1 S= {end}"
            )),
        &["Warning login-failed Client", "Warning login-failed Client", "Note stream-error Client"],
    );
    tells(
        &(tcp_login(0, 1)
            + "100 1 C~ <message><!-- hi --></message>
               110 1 S~ <stream:error><restricted-xml STREAMS/></stream:error>
               111 1 S~ </stream:stream>\n112 1 S. fin"),
        &["Error xml-malformed Client", "Note stream-error Client"],
    );
}

#[test]
fn a_proxy_that_joined_late_says_nothing() {
    tells(
        "0 1 S= <message XC from='bob@a' to='alice@a/w'><body>hi</body></message>
         5 1 C= <message XC to='bob@a' id='m1'/>
         10 1 S= <r SM/>\n12 1 C= <a SM h='77'/>\n20 1 C= <r SM/>\n25 1 S= <a SM h='12'/>
         30 1 S= ping\n31 1 C= pong
         100 1 C= CLOSE\n101 1 C= close\n105 1 S= CLOSE\n106 1 S= close 1000\n107 1 S. fin",
        &[],
    );
}

#[test]
fn starttls_that_fails_or_is_passed_over() {
    let offered = header(0, 1, "c5f2a9", "<starttls XT><required/></starttls>");
    tells(
        &(offered.clone()
            + "10 1 C~ <starttls XT/>\n15 1 S~ <failure XT/>\n16 1 S~ </stream:stream>\n17 1 S. fin"),
        &["Error starttls-failed Server"],
    );
    tells(
        &(offered
            + "10 1 C~ <auth SASL mechanism='PLAIN'>eA==</auth>
               15 1 S~ <stream:error><policy-violation STREAMS/></stream:error>
               16 1 S~ </stream:stream>\n17 1 S. fin"),
        &["Error starttls-skipped Client", "Note stream-error Client"],
    );
}

#[test]
fn a_client_that_does_not_wait_for_the_101() {
    tells(
        "0 1 C> UPGRADE\n1 1 !raw C frames of a WebSocket that the server did not open
         5 1 S> 403 Forbidden | Server: nginx | <html><head><title>403</title></head></html>\n6 1 S. fin",
        &["Warning ws-frames-early Client", "Error ws-refused Nobody"],
    );
}

#[test]
fn a_login_that_cannot_succeed_through_the_proxy() {
    let login = tcp_login(0, 1);
    let begun: String = login
        .lines()
        .take_while(|line| !line.contains("<auth "))
        .flat_map(|line| [line, "\n"])
        .collect();
    tells(
        &(begun
            + "10 1 C~ <auth SASL mechanism='SCRAM-SHA-256-PLUS'>eA==</auth>
               20 1 S~ <failure SASL><not-authorized/></failure>
               30 1 C~ </stream:stream>\n31 1 S~ </stream:stream>\n32 1 S. fin"),
        &["Warning channel-binding Nobody", "Note login-failed Nobody"],
    );
    tells(
        &(header(0, 1, "c5f2a9", "<starttls XT><required/></starttls>")
            + "10 1 C~ <auth SASL mechanism='PLAIN'>eA==</auth>
               15 1 S~ <failure SASL><encryption-required/></failure>
               16 1 C~ </stream:stream>\n17 1 S~ </stream:stream>\n18 1 S. fin"),
        &["Error starttls-skipped Client", "Note login-failed Nobody"],
    );
}

#[test]
fn one_dead_connection_is_one_warning() {
    let script = enabled()
        + "1000 1 S= <message XC from='bob@a' id='m1'/>\n1001 1 S= <r SM/>\n2000 1 S= ping\n62000 1 S. reset";
    tells(
        &script,
        &[
            "Warning ws-ping-unanswered Nobody",
            "Note sm-request-unanswered Nobody",
            "Note ws-cut Nobody",
            "Note sm-unacked Nobody",
        ],
    );
    // Nobody answers at all.
    tells("0 1 websocket\n10 1 C= OPEN\n20000 1 C. fin", &["Error stream-unanswered Server"]);
}

#[test]
fn a_mistake_over_websocket_and_the_error_for_it() {
    let end = "20 1 S= <stream:error XS><CONDITION STREAMS/></stream:error>
        21 1 S= CLOSE\n22 1 C= CLOSE\n23 1 C= close\n24 1 S= close\n25 1 S. fin";
    let after = |message: &str, condition: &str| {
        websocket_login(0, 1) + &format!("10 1 {message}\n") + &end.replace("CONDITION", condition)
    };
    for (message, condition, kind) in [
        ("C= <message XC><body>hi</message>", "not-well-formed", "ws-message-malformed"),
        ("C= <presence XC/><presence XC/>", "not-well-formed", "ws-several-elements"),
        ("C= text | ␠", "invalid-xml", "ws-white-space-keepalive"),
        ("C= <starttls XT/>", "unsupported-stanza-type", "ws-starttls"),
        ("C= <presence/>", "invalid-namespace", "ws-namespace"),
    ] {
        let error = format!("Error {kind} Client");
        tells(&after(message, condition), &[&error, "Note stream-error Client"]);
    }
    // The first message lacks its namespace.
    let first = end.replace("CONDITION", "invalid-namespace");
    tells(
        &format!("0 1 websocket\n10 1 C= <open to='a' version='1.0'/>\n15 1 S= GRANTED\n{first}"),
        &["Error ws-namespace Client", "Note stream-error Client"],
    );
}
