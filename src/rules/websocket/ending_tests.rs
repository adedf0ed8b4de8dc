use crate::rules::Level;
use crate::rules::playbook::{at_least, websocket_login};

const FRAMING: &str = "xmlns='urn:ietf:params:xml:ns:xmpp-framing'";
const CLIENT: &str = "xmlns='jabber:client'";
const SM: &str = "xmlns='urn:xmpp:sm:3'";

/// The findings of a script, in which some names stand for what they name.
fn found(script: &str) -> Vec<String> {
    let script = script
        .replace("CLOSE", &format!("<close {FRAMING}/>"))
        .replace("CLIENT", CLIENT)
        .replace("SM", SM);
    at_least(Level::Note, &script)
}

fn after(script: &str) -> Vec<String> {
    found(&(websocket_login(0, 1) + script))
}

/// The only finding, which begins like this.
fn one(script: &str, begins: &str) -> String {
    let found = after(script);
    assert_eq!(found.len(), 1, "{script}: {found:#?}");
    assert!(found[0].starts_with(begins), "{script}: {found:#?}");
    found.into_iter().next().unwrap()
}

#[test]
fn endings_in_order_yield_nothing() {
    for script in [
        // strophe.js and converse.js do not wait.
        "1000 1 C= CLOSE\n1000 1 C= close\n1010 1 S= CLOSE\n1010 1 S= close 1000\n1011 1 S. fin",
        "1000 1 C= CLOSE\n1000 1 C= close\n1010 1 S= close 1000 | Goodbye\n1011 1 S. fin",
        // xmpp.js waits.
        "1000 1 C= CLOSE\n1010 1 S= CLOSE\n1020 1 C= close 1000\n1030 1 S= close 1000\n1031 1 S. fin",
        // Prosody closes at once, with and without waiting for the client.
        "1000 1 C= CLOSE\n1010 1 S= CLOSE\n1010 1 S= close 1000 | Stream closed\n1011 1 S. fin",
        "1000 1 S= CLOSE\n1010 1 C= CLOSE\n1011 1 C= close\n1012 1 S= close\n1013 1 S. fin",
        // A last acknowledgement.
        "1000 1 C= <a SM h='0'/>\n1000 1 C= CLOSE\n1001 1 S= <a SM h='0'/>\n1002 1 S= CLOSE\n\
         1003 1 C= close\n1004 1 S= close\n1005 1 S. fin",
        "1000 1 C= <f:close xmlns:f='urn:ietf:params:xml:ns:xmpp-framing'/>\n1001 1 S= CLOSE\n\
         1002 1 C= close\n1003 1 S= close\n1004 1 S. fin",
        // The proxy was told to stop, or did not see everything.
        "61000 1 S. stopped",
    ] {
        assert_eq!(after(script), [""; 0], "{script}");
    }
    let lost = after("1000 1 !lost 3\n61000 1 S. fin");
    assert_eq!(lost.len(), 1, "what was lost alone: {lost:?}");
    // No stream was opened: that its frames are not seen is said elsewhere.
    let unseen = found("0 1 websocket\n60000 1 S. fin");
    assert!(unseen.len() == 1 && unseen[0].contains("ws-ended-unseen"), "{unseen:?}");
}

#[test]
fn a_stream_error_explains_the_end() {
    let error = "<stream:error xmlns:stream='http://etherx.jabber.org/streams'><system-shutdown \
        xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>";
    for end in ["1001 1 S= CLOSE\n1002 1 S= close 1001", "1001 1 S= close 1001", "1001 1 S. fin"] {
        let found = after(&format!("1000 1 S= {error}\n{end}\n1003 1 S. fin"));
        let of_ours = found.iter().filter(|line| line.contains(" ws-"));
        assert_eq!(of_ours.count(), 0, "{end}: {found:?}");
    }
}

#[test]
fn a_silence_that_fits_a_time_out_is_something_in_between() {
    for (script, evidence) in [
        (
            "1000 1 C= <presence CLIENT/>\n61000 1 S. fin",
            "for 60.0 s, which fits a timeout of 60 s",
        ),
        (
            "1000 1 C= <presence CLIENT/>\n51003 1 S. reset",
            "for 50.0 s, which fits a timeout of 50 s",
        ),
        ("1000 1 C= <presence CLIENT/>\n61000 1 C. fin", "by the client's side"),
        ("1000 1 C= <presence CLIENT/>\n61000 1 &- fin\n61000 1 . gone", "it is not known which"),
        ("1000 1 C= <presence CLIENT/>\n61000 1 S. fin", "No ping was sent by either side."),
        (
            "1000 1 S= ping\n1000 1 C= pong\n71000 1 S= ping\n71000 1 C= pong\n131010 1 S. fin",
            "The server pings every 70.0 s, which is not often enough.",
        ),
        (
            "1000 1 C= ping\n1000 1 S= pong\n61000 1 S. fin",
            "The client sent one ping, 60.0 s before",
        ),
        (
            "1000 1 C= ping\n1000 1 S= pong\n21000 1 C= ping\n21000 1 S= pong\n81000 1 S. fin",
            "The client had sent pings every 20.0 s, but none in the last 60.0 s.",
        ),
        (
            "1000 1 C= <iq CLIENT type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>\n\
             1000 1 S= <iq CLIENT type='result' id='p'/>\n61000 1 S. fin",
            "The client sent one ping, 60.0 s before",
        ),
        // nginx counts what the server sends.
        (
            "1000 1 S= <presence CLIENT/>\n30000 1 C= <presence CLIENT/>\n61000 1 S. fin",
            "after the server had sent nothing for 60.0 s: that fits a timeout of 60 s",
        ),
    ] {
        let found = after(script);
        assert_eq!(found.len(), 1, "{script}: {found:#?}");
        assert!(found[0].contains("Error ws-idle-cut Between"), "{script}: {found:?}");
        assert!(found[0].contains(evidence), "{script}: {found:?}");
    }
    // The same silence twice is a timer, whatever it is set to.
    let twice =
        websocket_login(0, 1) + "37000 1 S. fin\n" + &websocket_login(40_000, 2) + "77000 2 S. fin";
    let found = found(&twice);
    assert!(found[0].contains("ws-cut Server"), "{found:?}");
    assert!(
        found[1].contains("ws-idle-cut Between") && found[1].contains("as before an earlier cut")
    );
}

#[test]
fn a_cut_without_a_time_out_names_the_side_and_what_may_be_lost() {
    let found = one(
        "8000 1 S. reset",
        "8000 Warning ws-cut Server: The connection was cut by the server's side (TCP reset)",
    );
    assert!(
        found.contains("last heard from the client 8.0 s and from the server 8.0 s before"),
        "{found}"
    );
    one("8000 1 C. fin", "8000 Warning ws-cut Client");
    // Short silences are ordinary, and so is that a person leaves after half a minute.
    one("10000 1 S. fin", "10000 Warning ws-cut Server");
    one("30000 1 C. fin", "30000 Warning ws-cut Client");
    let found = one("8000 1 C= <message CLIENT id='m1'/>\n8001 1 S. fin", "8001 Warning ws-cut");
    assert!(found.ends_with(
        "Message m1 was sent 1.0 ms before, and nothing acknowledged it: it may be lost."
    ));
    let found =
        one("8000 1 C= text | cut: yes | <message\n8001 1 C. reset", "8001 Warning ws-cut Client");
    assert!(found.contains("within a message of the client of which 8 B had come"), "{found}");
    let large = format!(
        "8000 1 C= <message CLIENT><body>{}</body></message>\n8001 1 S. fin",
        "x".repeat(70_000)
    );
    let found = one(&large, "8001 Warning ws-cut Server");
    assert!(found.contains("which may exceed a limit"), "{found}");
    let managed = "1000 1 C= <enable SM resume='true'/>\n1001 1 S= <enabled SM resume='true' id='q' max='300'/>\n\
        2000 1 C= <message CLIENT id='m1'/>\n2001 1 C= <message CLIENT id='m2'/>\n9000 1 S. fin";
    let found = after(managed);
    assert!(found[0].starts_with("9000 Warning ws-cut Server"), "{found:?}");
    assert!(found[0].ends_with("crashed or was restarted."), "the other says it: {found:?}");
    assert!(found[1].starts_with("9000 Note sm-unacked"), "{found:?}");
    assert_eq!(found.len(), 2);
}

#[test]
fn a_peer_that_was_dead_was_given_up() {
    let found = after("1000 1 S= ping\n61000 1 S. fin");
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[1].starts_with("61000 Note ws-cut Nobody"), "{found:?}");
    assert!(found[1].contains("the server's ping 60.0 s before was not answered"), "{found:?}");
    let found = one(
        "1000 1 C= <r SM/>\n21000 1 C= close 3000\n21000 1 C. fin",
        "21000 Warning ws-left-without-close Nobody",
    );
    assert!(found.contains("the client's <r/> 20.0 s before was not answered"), "{found}");
    let found = one(
        "1000 1 C= <iq CLIENT type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>\n11000 1 C. fin",
        "11000 Warning ws-cut Nobody",
    );
    assert!(found.contains("the iq p 10.0 s before was not answered"), "{found}");
    one(
        "1000 1 S= ping\n11000 1 S= close 1000\n11001 1 S. fin",
        "11000 Warning ws-left-without-close Nobody",
    );
}

#[test]
fn a_side_that_leaves_without_close() {
    let found = one(
        "1000 1 C= <message CLIENT id='m7'/>\n1200 1 S= close 1001 | Going away\n1201 1 S. fin",
        "1200 Error ws-left-without-close Server: The server leaves with Close 1001 (going away, \"Going away\")",
    );
    assert!(found.ends_with(
        "Message m7 was sent 200 ms before, and nothing acknowledged it: it may be lost."
    ));
    let answered = "1000 1 C= <message CLIENT id='m7'/>\n1100 1 S= <message CLIENT id='m7'/>\n1200 1 S= close 1001";
    assert!(!one(answered, "1200 Error").contains("lost"), "the room has sent it to everybody");
    let idle = one(
        "1000 1 S= <message CLIENT/>\n300000 1 S= close 1000\n300001 1 S. fin",
        "300000 Warning ws-left-without-close Server",
    );
    assert!(
        idle.contains("after the client had sent nothing for 300.0 s: a timeout of 300 s"),
        "{idle}"
    );
    let end = "1001 1 S= close 1000\n1002 1 S. fin";
    one(&format!("1000 1 C= close 1001\n{end}"), "1000 Note ws-left-without-close Nobody");
    one(&format!("1000 1 C= close 1000\n{end}"), "1000 Warning ws-left-without-close Client");
    one(&format!("1000 1 C= close\n{end}"), "1000 Warning ws-left-without-close Client");
}

#[test]
fn a_close_that_is_not_answered() {
    one("1000 1 C= CLOSE\n90000 1 S= CLOSE", "11000 Error ws-close-unanswered Server");
    one("1000 1 S= CLOSE\n90000 tick", "11000 Error ws-close-unanswered Client");
    one("1000 1 C= CLOSE\n1001 1 S. fin", "1001 Error ws-close-unanswered Server");
    one(
        "1000 1 C= CLOSE\n1001 1 S= close 1000\n1002 1 S. fin",
        "1001 Warning ws-close-unanswered Server",
    );
    // strophe.js answers in this way.
    one(
        "1000 1 S= CLOSE\n1001 1 C= close\n1002 1 S= close\n1003 1 S. fin",
        "1001 Note ws-close-unanswered Client",
    );
    one("1000 1 C= CLOSE\n1001 1 C. fin", "1001 Warning ws-cut Client");
    one("1000 1 C= CLOSE\n1001 1 S= CLOSE\n1002 1 S. fin", "1002 Warning ws-cut Server");
}

#[test]
fn a_status_that_complains_says_of_what() {
    let found = after("1000 1 C= binary | <a/>\n1010 1 S= close 1003 | text only");
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(
        found[1],
        "1010 Note ws-complaint Client: The server closes with 1003 (data that cannot be accepted, \"text only\"): \
         10 ms before, the client had sent a binary message. See #1."
    );
    one("1000 1 S= close 1002", "1000 Error ws-complaint Nobody");
    let large = format!(
        "1000 1 C= <message CLIENT><body>{}</body></message>\n1001 1 C= <r SM/>\n1010 1 S= close 1009",
        "x".repeat(70_000)
    );
    let found = one(&large, "1010 Error ws-complaint Client");
    assert!(found.contains("the client had sent one of 70054 B 10 ms before"), "{found}");
    one("1000 1 S= close 1011 | oops", "1000 Error ws-complaint Server");
    one("1000 1 S= close 1014", "1000 Error ws-complaint Between");
    one("1000 1 C= close 1008", "1000 Error ws-complaint Server");
    let declared = after("1000 1 C= <?xml version='1.0'?><a xmlns='b'/>\n1010 1 S= close 1007");
    assert!(
        declared[0].contains("had sent a message that begins with an XML declaration"),
        "{declared:?}"
    );
}

#[test]
fn another_endpoint() {
    let close = |uri: &str| format!("1000 1 S= <close {FRAMING} see-other-uri='{uri}'/>");
    one(&close("wss://b.example/ws"), "1000 Note ws-see-other-uri Nobody");
    one(&close("ws://b.example/ws"), "1000 Note ws-see-other-uri Nobody");
    one(&close("/ws"), "1000 Error ws-see-other-uri Server");
    one(&close(""), "1000 Error ws-see-other-uri Server");
}
