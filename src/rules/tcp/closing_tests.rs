use crate::rules::Level;
use crate::rules::playbook::{at_least, names};

const SPACE: &str =
    "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'";

fn begun() -> String {
    format!(
        "0 1 C~ <stream:stream {SPACE} to='a'>
         1 1 S~ <stream:stream {SPACE} from='a' id='one' xml:lang='en'>
         2 1 S~ <stream:features/>\n"
    )
}

fn found(rest: &str) -> Vec<String> {
    let all = at_least(Level::Note, &(begun() + rest));
    all.into_iter().filter(|line| !line.contains("no-mechanisms")).collect()
}

#[test]
fn both_sides_close() {
    let both = "10 1 C~ </stream>\n20 1 S~ </stream>\n";
    for end in ["30 1 S. fin", "30 1 C. fin", "99000 tick", "30 1 C. reset"] {
        assert_eq!(found(&(both.to_owned() + end)), [""; 0]);
    }
    // Who leaves at once does not wait, which is usual.
    assert_eq!(found("10 1 C~ </stream>\n11 1 C. fin"), [""; 0]);
    let late = found("10 1 C~ </stream>\n99000 tick");
    assert!(late[0].starts_with("5010 Warning tcp-close Server"), "{late:?}");
    let after = found("10 1 C~ </stream>\n11 1 C~ <presence/>\n20 1 S~ </stream>");
    assert!(after[0].starts_with("11 Error tcp-close Client"), "{after:?}");
    // The other side may have something to say before it closes.
    assert_eq!(found("10 1 C~ </stream>\n11 1 S~ <message/>\n20 1 S~ </stream>"), [""; 0]);
}

#[test]
fn a_cut_is_told_with_the_silence_before() {
    let cut = found("20 1 S. fin");
    assert!(cut[0].starts_with("20 Warning tcp-cut Server"), "{cut:?}");
    assert!(found("20 1 C. fin")[0].starts_with("20 Note tcp-cut Client"));
    let idle = found("300000 1 S. reset");
    assert!(idle[0].contains("tcp-idle-cut") && idle[0].contains("for 300.0 s"), "{idle:?}");
    // White space is not silence.
    let kept = found("290000 1 C~ \n300000 1 S. reset");
    assert!(kept[0].contains("tcp-cut"), "{kept:?}");
}

#[test]
fn what_is_hidden_by_tls_or_not_seen_is_not_judged() {
    let tls = "10 1 S~ <proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>\n99000 1 C. reset";
    let all = names(&(begun() + tls));
    assert!(!all.iter().any(|name| name.starts_with("tcp-")), "{all:?}");
    assert_eq!(names("0 1 C~ <presence xmlns='jabber:client'/>\n99000 1 C. fin"), [""; 0]);
    let lost = names(&(begun() + "10 1 !lost 1\n99000 1 C. fin"));
    assert!(!lost.contains(&"tcp-idle-cut"), "{lost:?}");
}
