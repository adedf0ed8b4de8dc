use super::super::scripts::{brief, enabled, found, full, login};

/// Three messages of each side, a cut, and a resumption by these counts at 1000 ms; what is said of sending again.
fn resumed(server: u32, client: u32, after: &str) -> Vec<String> {
    let mut script = enabled();
    for n in 1..=3 {
        script += &full(&format!(
            "{n} 1 C= <message CLIENT id='m{n}'/>\n{n} 1 S= <message CLIENT id='s{n}'/>"
        ));
    }
    script += "20 1 C. reset\n";
    script += &login(1000, 2);
    script += &full(&format!(
        "1000 2 C= <resume SM previd='x' h='{client}'/>
         1000 2 S= <resumed SM previd='x' h='{server}'/>\n{after}\n60000 tick"
    ));
    let mut lines = found(&script);
    lines.retain(|line| !line.contains("sm-unacked"));
    lines
}

#[test]
fn what_was_not_handled_comes_again() {
    let lines = resumed(1, 3, "1010 2 C= <message CLIENT id='m3'/>");
    assert_eq!(brief(&lines), ["11000 Error sm-not-resent Client"]);
    assert!(lines[0].contains("message m2"), "{lines:?}");
    let lines = resumed(3, 1, "");
    assert_eq!(brief(&lines), ["11000 Error sm-not-resent Server"]);
    assert!(lines[0].contains("message s2, message s3"), "{lines:?}");
    let both = "1010 2 C= <message CLIENT id='m2'><delay xmlns='urn:xmpp:delay'/></message>
        1011 2 C= <message CLIENT id='m3'/>
        1012 2 S= <message CLIENT id='s3'/>
        1013 2 S= <r SM/>";
    assert_eq!(resumed(1, 2, &format!("{both}\n1020 2 C= <a SM h='3'/>")), [""; 0]);
    // The connection ends again.
    assert_eq!(resumed(1, 3, "1010 2 C. reset"), [""; 0]);
    // With other ids.
    assert_eq!(resumed(2, 3, "1010 2 C= <message CLIENT id='n3'/>"), [""; 0]);
}

#[test]
fn what_was_handled_does_not_come_again() {
    let lines =
        resumed(2, 3, "1010 2 C= <message CLIENT id='m2'/>\n1011 2 C= <message CLIENT id='m3'/>");
    assert_eq!(brief(&lines), ["1010 Error sm-resent-handled Client"]);
    assert!(
        lines[0].contains("message m2 again") && lines[0].contains("stanza 2, h='2'"),
        "{lines:?}"
    );
    let lines = resumed(3, 3, "1010 2 S= <message CLIENT id='s1'/>");
    assert_eq!(brief(&lines), ["1010 Error sm-resent-handled Server"]);
    // Much later, it is a new message with an old id.
    assert_eq!(resumed(3, 3, "30000 2 C= <message CLIENT id='m2'/>"), [""; 0]);
}
