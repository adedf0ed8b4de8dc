use super::super::scripts::{after, assert_quiet, brief, enabled, found, full, login};

#[test]
fn an_acknowledgement_beyond_what_was_sent_is_said_once_with_both_numbers() {
    let lines = after(
        "10 1 C= <message CLIENT id='m1'/>
         20 1 C= <r SM/>
         30 1 S= <a SM h='2'/>
         40 1 C= <message CLIENT id='m2'/>
         50 1 S= <a SM h='3'/>
         60 1 S= <a SM h='3'/>",
    );
    assert_eq!(brief(&lines), ["30 Error sm-count-parts Server"]);
    assert!(lines[0].contains("2 stanzas of the client (h='2'), but only 1 was sent"), "{lines:?}");
    assert!(lines[0].contains("has also sent 1 <r/> or <a/>, which is not counted"), "{lines:?}");
}

#[test]
fn the_client_is_named_when_it_counts_wrongly() {
    let lines = after(
        "10 1 S= <message CLIENT id='s1'/>
         20 1 S= <r SM/>
         30 1 C= <a SM h='9'/>
         40 1 S= <stream:error xmlns:stream='http://etherx.jabber.org/streams'><undefined-condition xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><handled-count-too-high SM h='9' send-count='1'/></stream:error>",
    );
    assert_eq!(
        brief(&lines),
        ["30 Error sm-count-parts Client", "40 Note sm-handled-too-high Client"]
    );
}

#[test]
fn a_server_that_does_not_know_what_it_sent_is_named() {
    // Openfire#927.
    let lines = after(
        "10 1 S= <message CLIENT id='s1'/>
         11 1 S= <presence CLIENT/>
         20 1 S= <r SM/>
         30 1 C= <a SM h='2'/>
         40 1 S= <stream:error xmlns:stream='http://etherx.jabber.org/streams'><undefined-condition xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>You acknowledged stanzas that we didn't send. Your Ack h: 2, our last stanza: 1</text></stream:error>",
    );
    assert_eq!(brief(&lines), ["40 Error sm-handled-too-high Server"]);
    assert!(lines[0].contains("2 stanzas passed here"), "{lines:?}");
}

#[test]
fn a_count_that_goes_back_is_an_error() {
    let lines = after(
        "10 1 S= <message CLIENT id='s1'/>
         11 1 S= <message CLIENT id='s2'/>
         20 1 C= <a SM h='2'/>
         30 1 C= <a SM h='1'/>
         40 1 C= <a SM h='1'/>",
    );
    assert_eq!(brief(&lines), ["30 Error sm-count-parts Client"]);
    assert!(lines[0].contains("h='1', but had acknowledged 2 before"), "{lines:?}");
}

#[test]
fn an_answer_that_leaves_stanzas_out_is_said_when_no_other_comes() {
    let start = "10 1 C= <message CLIENT id='m1'/>
         11 1 C= <message CLIENT id='m2'/>
         20 1 C= <r SM/>
         30 1 S= <a SM h='1'/>\n";
    let lines = after(&format!("{start} 9000 tick"));
    assert_eq!(brief(&lines), ["2030 Warning sm-count-parts Server"]);
    assert!(lines[0].contains("acknowledged 1 of 2 stanzas"), "{lines:?}");
    let again = format!("{start} 100 1 C= <r SM/>\n 120 1 S= <a SM h='1'/>\n 9000 tick");
    assert_eq!(brief(&after(&again)), ["120 Warning sm-count-parts Server"]);
    // It was sent before the request came, and the answer follows.
    let crossed = format!("{start} 40 1 S= <a SM h='2'/>\n 9000 tick");
    assert_eq!(after(&crossed), [""; 0]);
}

#[test]
fn a_count_that_never_moves_is_said_once() {
    let mut script = String::new();
    for n in 1..6 {
        script += &format!(
            "{n}00 1 C= <message CLIENT id='m{n}'/>\n{n}10 1 C= <r SM/>\n{n}20 1 S= <a SM h='0'/>\n"
        );
    }
    assert_eq!(brief(&after(&script)), ["220 Warning sm-count-parts Server"]);
}

#[test]
fn acknowledgements_that_nobody_asked_for_may_cross_with_requests() {
    let mut script = String::new();
    for n in 1..20 {
        // The one for the stanza before passes after the next request.
        script += &format!(
            "{} 1 S= <message CLIENT id='s{n}'/>\n{} 1 S= <r SM/>\n{} 1 C= <a SM h='{}'/>\n{} 1 C= <a SM h='{n}'/>\n",
            n * 100,
            n * 100 + 1,
            n * 100 + 2,
            n - 1,
            n * 100 + 60
        );
    }
    assert_eq!(after(&(script + "99000 tick")), [""; 0]);
}

#[test]
fn what_began_unseen_is_judged_by_differences_alone() {
    let late = "0 1 websocket\n10 1 S= <message CLIENT id='s1'/>\n20 1 S= <r SM/>\n30 1 C= <a SM h='71'/>\n";
    assert_eq!(
        found(&full(&format!("{late}40 1 S= <message CLIENT/>\n50 1 C= <a SM h='72'/>"))),
        [""; 0]
    );
    let lines = found(&full(&format!("{late}50 1 C= <a SM h='80'/>")));
    assert_eq!(brief(&lines), ["50 Error sm-count-parts Client"]);
    let back = found(&full(&format!("{late}50 1 C= <a SM h='70'/>")));
    assert_eq!(brief(&back), ["50 Error sm-count-parts Client"]);
    // Without a request, what was in flight before the beginning may be acknowledged later.
    let flight = "0 1 websocket\n10 1 C= <a SM h='71'/>\n20 1 C= <a SM h='75'/>";
    assert_eq!(found(&full(flight)), [""; 0]);
    let lost = "5 1 !lost 3\n10 1 C= <a SM h='71'/>\n20 1 C= <a SM h='75'/>";
    assert_eq!(after(lost), [""; 0]);
}

#[test]
fn counts_go_on_after_a_resumption() {
    let resume = |server: u32, client: u32| {
        enabled()
            + &full(
                "10 1 S= <message CLIENT id='s1'/>
                 11 1 C= <message CLIENT id='m1'/>
                 20 1 S. reset",
            )
            + &login(1000, 2)
            + &full(&format!(
                "1010 2 C= <resume SM previd='x' h='{client}'/>
                 1020 2 S= <resumed SM previd='x' h='{server}'/>"
            ))
    };
    assert_quiet(
        &(resume(1, 1) + &full("1030 2 C= <message CLIENT id='m2'/>\n1040 2 S= <a SM h='2'/>")),
    );
    // It has begun anew.
    let lines = found(
        &(resume(1, 1)
            + &full(
                "1030 2 C= <message CLIENT id='m2'/>\n1035 2 C= <message CLIENT id='m3'/>\n1036 2 C= <message CLIENT id='m3'/>\n1040 2 S= <a SM h='4'/>\n1041 2 C= <message CLIENT id='m4'/>\n1050 2 S= <a SM h='1'/>",
            )),
    );
    assert_eq!(brief(&lines[1..]), ["1050 Error sm-count-parts Server"]);
    let lines = found(&resume(3, 1));
    assert_eq!(brief(&lines[1..]), ["1020 Error sm-count-parts Server"]);
    assert!(lines[1].contains("when the session is resumed"), "{lines:?}");
    // Both have run ahead: the session went on where it was not seen.
    assert_quiet(&resume(9, 9));
}

#[test]
fn a_count_that_goes_back_is_the_clients_though_the_connection_was_cut_on_purpose() {
    let script = enabled()
        + &full(
            "10 1 S= <message CLIENT id='s1'/>
             11 1 S= <message CLIENT id='s2'/>
             12 1 C= <a SM h='2'/>
             15 1 !fault C - kind:message: cut rst | reset the connection
             20 1 S. reset",
        )
        + &login(1000, 2)
        + &full(
            "1010 2 C= <resume SM previd='x' h='0'/>\n1020 2 S= <resumed SM previd='x' h='0'/>",
        );
    let lines = found(&script);
    assert!(
        lines
            .iter()
            .any(|line| line.contains("Client")
                && line.contains("h='0' when the session was resumed")),
        "{lines:?}"
    );
}

#[test]
fn a_difference_is_said_again_when_it_has_grown_a_lot() {
    let mut script = String::new();
    for n in 1..=6 {
        let (m, r, a) = (n * 100, n * 100 + 1, n * 100 + 2);
        // Each <r/> is counted.
        script += &format!(
            "{m} 1 C= <message CLIENT/>\n{r} 1 C= <r SM/>\n{a} 1 S= <a SM h='{}'/>\n",
            2 * n
        );
    }
    let lines = after(&script);
    assert_eq!(
        brief(&lines),
        ["102 Error sm-count-parts Server", "402 Error sm-count-parts Server"]
    );
    assert!(lines[1].contains("grown to 4. The client has also sent 4 <r/> and <a/>"), "{lines:?}");
}

#[test]
fn counts_wrap_at_two_to_the_32() {
    let start = enabled()
        + &full("20 1 S. reset")
        + &login(1000, 2)
        + &full(
            "1010 2 C= <resume SM previd='y' h='4294967295'/>
             1020 2 S= <resumed SM previd='y' h='4294967295'/>
             1030 2 S= <message CLIENT id='s'/>
             1031 2 S= <r SM/>
             1040 2 C= <a SM h='0'/>",
        );
    assert_quiet(&start);
    assert_eq!(found(&(start + &full("1050 2 C= <a SM h='3'/>"))).len(), 1);
}

#[test]
fn who_counts_on_after_a_failed_resumption_is_told_so() {
    let lines = found(
        &(login(0, 1)
            + &full(
                "1 1 C= <resume SM previd='y' h='41'/>
                 2 1 S= <failed SM h='7'><item-not-found STANZAS/></failed>
                 3 1 C= <iq CLIENT type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>
                 4 1 S= <iq CLIENT type='result' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>alice@a/w</jid></bind></iq>
                 5 1 C= <enable SM/>
                 6 1 S= <enabled SM/>
                 7 1 S= <message CLIENT id='s1'/>
                 8 1 S= <r SM/>
                 9 1 C= <a SM h='42'/>",
            )),
    );
    assert_eq!(brief(&lines[1..]), ["9 Error sm-count-parts Client"]);
    assert!(
        lines[1].contains("goes on from h='41' of the session that was not resumed"),
        "{lines:?}"
    );
}

#[test]
fn minus_one_is_beyond_everything() {
    let lines = after("10 1 S= <message CLIENT/>\n20 1 C= <a SM h='4294967295'/>");
    assert!(lines[0].contains("but only 1 was sent"), "{lines:?}");
}
