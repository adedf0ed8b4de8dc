//! What real clients and servers do, and nothing is wrong with: no rule of this folder may say more than a note.

use super::scripts::{after, assert_quiet, bound, brief, enabled, found, full, login};
use crate::rules::mixtures::{assert_survived, mixtures};

/// Notes that are expected, by name; nothing else is said.
#[track_caller]
fn assert_notes(script: &str, notes: &[&str]) {
    assert_quiet(script);
    let lines = found(script);
    let names: Vec<_> =
        brief(&lines).iter().map(|line| line.split(' ').nth(2).unwrap_or("")).collect();
    assert_eq!(names, notes, "{lines:#?}");
}

#[test]
fn converse_and_prosody_with_a_reload() {
    // Prosody asks behind <resumed/>, sends again with a delay, and ends the former connection hard. It gives a last <a/>
    // before its <close/>.
    let script = enabled()
        + &full(
            "50 1 C= <presence CLIENT/>
             51 1 C= <iq CLIENT type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>
             52 1 C= <r SM/>
             60 1 S= <presence CLIENT from='alice@a/w'/>
             61 1 S= <iq CLIENT type='result' id='r'/>
             62 1 S= <r SM/>
             63 1 S= <a SM h='2'/>
             70 1 C= <a SM h='2'/>
             80 1 S= <message CLIENT id='s1' from='bob@a/p'/>
             81 1 S= <r SM/>
             90 1 C= close 1001
             91 1 C. fin\n",
        )
        + &login(1500, 2)
        + &full(
            "1510 2 C= <resume SM previd='x' h='2'/>
             1520 2 S= <resumed SM previd='x' h='2'/>
             1521 2 S= <message CLIENT id='s1' from='bob@a/p'><delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/></message>
             1522 2 S= <message CLIENT id='s2' from='bob@a/p'/>
             1523 2 S= <r SM/>
             1530 2 C= <a SM h='4'/>
             1540 2 C= <message CLIENT id='m1' to='bob@a'/>
             1541 2 C= <r SM/>
             1550 2 S= <a SM h='3'/>
             9000 2 C= <presence CLIENT type='unavailable'/>
             9001 2 C= <close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>
             9002 2 C= close 1000
             9010 2 S= <a SM h='4'/>
             9011 2 S= <close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>
             9012 2 S= close 1000
             9013 2 S. fin
             99000 tick",
        );
    assert_notes(&script, &["sm-unacked"]);
}

#[test]
fn strophe_sends_again_after_a_failed_resumption() {
    let script = enabled()
        + &full(
            "50 1 C= <message CLIENT id='m1' from='alice@a/w' to='bob@a'/>
             51 1 C= <message CLIENT id='m2' from='alice@a/w' to='bob@a'/>
             60 1 S. reset\n",
        )
        + &login(700_000, 2)
        + &full(
            "700010 2 C= <resume SM previd='x' h='0'/>
             700020 2 S= <failed SM h='1'><item-not-found STANZAS/></failed>
             700030 2 C= <iq CLIENT type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>
             700040 2 S= <iq CLIENT type='result' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>alice@a/w2</jid></bind></iq>
             700050 2 C= <enable SM resume='true'/>
             700060 2 S= <enabled SM id='z' resume='true' max='600'/>
             700070 2 C= <presence CLIENT/>
             700071 2 C= <message CLIENT id='m2' to='bob@a'><delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/></message>
             700072 2 C= <r SM/>
             700080 2 S= <a SM h='2'/>
             799000 tick",
        );
    assert_notes(&script, &["sm-unacked", "sm-resume-failed"]);
}

#[test]
fn conversations_with_sasl2_and_bind_2() {
    let features = "S= <features xmlns='http://etherx.jabber.org/streams'><authentication SASL2><mechanism>SCRAM-SHA-1</mechanism><inline><bind BIND2/><sm SM/></inline></authentication></features>";
    let header =
        "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'";
    let agent = "<user-agent id='D4565FA7-4D72-4749-B3D3-740EDBF87770'><software>Conversations</software></user-agent>";
    let begin = |at: u64, conn: u64, inline: &str| {
        full(&format!(
            "{at} {conn} C~ {header} to='a' version='1.0'>
             {at} {conn} S~ {header} from='a' id='i' version='1.0'>
             {at} {conn} S~ {}
             {at} {conn} C~ <authenticate SASL2 mechanism='SCRAM-SHA-1'>{agent}{inline}</authenticate>
             {at} {conn} S~ <challenge SASL2/>
             {at} {conn} C~ <response SASL2/>",
            features.trim_start_matches("S= ")
        ))
    };
    let script = begin(0, 1, "<bind BIND2><enable SM resume='true'/></bind>")
        + &full(
            "20 1 S~ <success SASL2><authorization-identifier>alice@a/Conversations.x</authorization-identifier><bound BIND2><enabled SM id='x' resume='1' max='300'/></bound></success>
             21 1 S~ <features xmlns='http://etherx.jabber.org/streams'/>
             30 1 C~ <iq CLIENT type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>
             31 1 C~ <presence CLIENT/>
             40 1 S~ <iq CLIENT type='result' id='r'/>
             41 1 C~ <r SM/>
             42 1 S~ <a SM h='2'/>
             50 1 C. reset\n",
        )
        + &begin(9000, 2, "<bind BIND2><enable SM resume='true'/></bind><resume SM previd='x' h='1'/>")
        + &full(
            "9010 2 S~ <success SASL2><authorization-identifier>alice@a/Conversations.x</authorization-identifier><resumed SM previd='x' h='2'/></success>
             9020 2 C~ <r SM/>
             9021 2 S~ <a SM h='2'/>
             9022 2 S~ <message CLIENT id='s1'/>
             9023 2 S~ <r SM/>
             9030 2 C~ <a SM h='2'/>
             9900 2 C~ </stream:stream>
             9901 2 S~ <a SM h='2'/>
             9902 2 S~ </stream:stream>
             9903 2 S. fin
             99000 tick",
        );
    assert_notes(&script, &[]);
}

#[test]
fn smack_and_ejabberd_that_ask_all_the_time() {
    // <enable/> while stanzas are under way; each side asks after each stanza, also while an answer is under way.
    let mut script = bound(0, 1)
        + &full(
            "10 1 C= <enable SM resume='true'/>
             11 1 C= <iq CLIENT type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>
             12 1 S= <presence CLIENT/>
             13 1 S= <enabled SM id='x' resume='true' max='300' location='[::1]:5222'/>
             14 1 S= <iq CLIENT type='result' id='r'/>
             15 1 S= <r SM/>
             16 1 C= <a SM h='1'/>\n",
        );
    let mut client = 1;
    for n in 2..30_u32 {
        let at = 100 * n;
        client += 2;
        script += &full(&format!(
            "{at} 1 S= <message CLIENT id='s{n}'/>
             {} 1 S= <r SM/>
             {} 1 C= <message CLIENT id='m{n}'/>
             {} 1 C= <r SM/>
             {} 1 C= <presence CLIENT/>
             {} 1 C= <r SM/>
             {} 1 C= <a SM h='{n}'/>
             {} 1 S= <a SM h='{}'/>
             {} 1 S= <a SM h='{client}'/>\n",
            at + 1,
            at + 2,
            at + 3,
            at + 4,
            at + 5,
            at + 6,
            at + 7,
            client - 1,
            at + 8
        ));
    }
    assert_notes(&(script + "99000 tick"), &[]);
}

#[test]
fn a_server_shuts_down_and_a_second_cut_follows_the_first() {
    let script = enabled()
        + &full("50 1 C= <presence CLIENT/>\n60 1 S. reset\n")
        + &login(1000, 2)
        + &full(
            "1010 2 C= <resume SM previd='x' h='0'/>
             1020 2 S= <resumed SM previd='x' h='0'/>
             1021 2 C= <presence CLIENT/>
             1022 2 C= <r SM/>
             1030 2 S. reset\n",
        )
        + &login(2000, 3)
        + &full(
            "2010 3 C= <resume SM previd='x' h='0'/>
             2020 3 S= <resumed SM previd='x' h='1'/>
             2030 3 S= <stream:error xmlns:stream='http://etherx.jabber.org/streams'><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>
             2031 3 S= <a SM h='1'/>
             2032 3 S= <close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>
             2040 3 S. fin
             99000 tick",
        );
    assert_notes(&script, &[]);
}

#[test]
fn a_session_that_began_elsewhere_goes_on_here_and_is_resumed_again() {
    let script = login(0, 1)
        + &full(
            "10 1 C= <resume SM previd='x' h='71'/>
             20 1 S= <resumed SM previd='x' h='33'/>
             30 1 S= <message CLIENT id='s1'/>
             31 1 S= <message CLIENT id='s2'/>
             32 1 S= <r SM/>
             40 1 C= <a SM h='73'/>
             50 1 C= <message CLIENT id='m1'/>
             51 1 C= <r SM/>
             60 1 S= <a SM h='34'/>
             70 1 C. reset\n",
        )
        + &login(1000, 2)
        + &full(
            "1010 2 C= <resume SM previd='x' h='73'/>
             1020 2 S= <resumed SM previd='x' h='34'/>
             99000 tick",
        );
    assert_notes(&script, &[]);
}

#[test]
fn prefixes_and_the_earlier_version_are_read() {
    let script = bound(0, 1)
        + "10 1 C= <sm:enable xmlns:sm='urn:xmpp:sm:2' resume='1'/>
           11 1 S= <sm:enabled xmlns:sm='urn:xmpp:sm:2' id='x' resume='1'/>
           12 1 S= <sm:r xmlns:sm='urn:xmpp:sm:2'/>
           13 1 C= <a xmlns='urn:xmpp:sm:2' h='0'/>
           99000 tick";
    assert_notes(&script, &[]);
    // Its numbers are read as well.
    let too_high = found(&script.replace("h='0'", "h='7'"));
    assert_eq!(brief(&too_high), ["13 Error sm-count-parts Client"]);
}

#[test]
fn errors_of_stanzas_and_what_is_no_stanza_are_not_counted() {
    assert_eq!(
        after(
            "10 1 C= <active xmlns='urn:xmpp:csi:0'/>
             11 1 C= <message CLIENT id='m1'/>
             12 1 C= <r SM/>
             13 1 S= <message CLIENT type='error' id='m1'/>
             14 1 S= <a SM h='1'/>
             15 1 S= <r SM/>
             16 1 C= <a SM h='1'/>
             99000 tick"
        ),
        [""; 0]
    );
}

#[test]
fn what_could_not_be_read_may_have_been_anything() {
    // A stanza that is too large to be recorded, or compressed in a way that cannot be undone; or nothing was recorded.
    for unread in ["S= text | cut: yes | <message", "S= text | undecoded: deflate | x", "!lost 1"] {
        let start = format!("10 1 {unread}\n20 1 S= <message CLIENT id='s1'/>\n30 1 S= <r SM/>\n");
        let counts = enabled() + &full(&format!("{start}40 1 C= <a SM h='2'/>\n99000 tick"));
        assert_eq!(found(&counts), [""; 0], "{unread}");
        let bind = login(0, 1)
            + &full(&format!("10 1 {unread}\n20 1 C= <enable SM/>\n30 1 S= <enabled SM/>"));
        assert_eq!(found(&bind), [""; 0], "{unread}");
    }
}

#[test]
fn resume_bind_and_enable_at_once() {
    let script = login(0, 1)
        + &full(
            "10 1 C= <resume SM previd='y' h='1'/>
             11 1 C= <iq CLIENT type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>
             12 1 C= <enable SM/>
             20 1 S= <failed SM><item-not-found STANZAS/></failed>
             21 1 S= <iq CLIENT type='result' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>alice@a/w</jid></bind></iq>
             22 1 S= <enabled SM id='x'/>
             30 1 C= <presence CLIENT/>
             99000 tick",
        );
    assert_notes(&script, &["sm-enable-early", "sm-resume-failed"]);
}

/// Lines that may make no sense together; the rules have to survive every mixture.
const PIECES: [&str; 30] = [
    "C= <enable SM resume='true'/>",
    "S= <enabled SM id='x' resume='true' max='18446744073709551615'/>",
    "S= <enabled SM/>",
    "S= <failed SM h='4294967295'><item-not-found STANZAS/></failed>",
    "S= <failed SM/>",
    "C= <resume SM previd='x' h='0'/>",
    "C= <resume SM previd='\u{202e}' h='4294967295'/>",
    "S= <resumed SM previd='x' h='0'/>",
    "S= <resumed SM previd='x' h='4294967295'/>",
    "C= <r SM/>",
    "S= <r SM/>",
    "C= <a SM h='0'/>",
    "S= <a SM h='0'/>",
    "C= <a SM h='4294967295'/>",
    "S= <a SM h='2147483648'/>",
    "S= <a SM h='\u{202e}'/>",
    "C= <message CLIENT id='m1' to='\u{202e}' from='\u{202e}'/>",
    "S= <message CLIENT id='\u{202e}'/>",
    "C= <presence CLIENT/>",
    "C= <iq CLIENT type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
    "S= <iq CLIENT type='result' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>alice@a/w</jid></bind></iq>",
    "C= <authenticate SASL2><user-agent id='\u{202e}'/><bind BIND2><enable SM/></bind><resume SM previd='x' h='1'/></authenticate>",
    "S= <success SASL2><resumed SM previd='x' h='1'/><bound BIND2/></success>",
    "S= <success SASL2><failed SM/></success>",
    "S= <features xmlns='http://etherx.jabber.org/streams'><authentication SASL2/></features>",
    "S= <error xmlns='http://etherx.jabber.org/streams'><handled-count-too-high SM h='\u{202e}' send-count='1'/></error>",
    "C= <open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='a'/>",
    "C. reset",
    "S. fin",
    "!lost 3",
];

proptest::proptest! {
    #[test]
    fn every_mixture_of_elements_is_survived(script in mixtures(Some("websocket"), &PIECES)) {
        assert_survived(&full(&script));
    }
}
