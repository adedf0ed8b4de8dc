//! Mixtures of lines that may make no sense together: the rules survive them, and what they say of them is whole.

use proptest::strategy::Strategy;

use super::kinds;
use super::playbook::play;

/// Scripts of these pieces, on three connections, most of them close together. `first` begins each connection.
pub(super) fn mixtures(
    first: Option<&'static str>,
    pieces: &'static [&'static str],
) -> impl Strategy<Value = String> {
    let picks = proptest::collection::vec((0..90_000_u64, 1..4_u64, 0..pieces.len()), 0..60);
    picks.prop_map(move |picks| {
        let (mut at, mut begun, mut lines) = (0, Vec::new(), Vec::new());
        for (pause, conn, piece) in picks {
            at += if pause % 3 == 0 { pause } else { pause % 200 };
            if !begun.contains(&conn) {
                begun.push(conn);
                lines.extend(first.map(|first| format!("{at} {conn} {first}")));
            }
            lines.push(format!("{at} {conn} {}", pieces[piece]));
        }
        lines.push(format!("{} tick", at + 1_000_000));
        lines.join("\n")
    })
}

/// Every finding is a whole sentence, without what a terminal would obey.
#[track_caller]
pub(super) fn assert_survived(script: &str) {
    for finding in play(script).iter().flat_map(|seen| &seen.findings) {
        let ends =
            finding.words.ends_with(['.', '?', '"']) || *finding.kind == kinds::XML_MALFORMED;
        assert!(ends, "{finding:?}");
        assert!(!finding.words.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{finding:?}");
    }
}

/// What may pass by BOSH.
const PIECES: [&str; 30] = [
    "C> <body rid='100000' to='a' wait='60' hold='1' ver='1.6' xml:lang='en' xmpp:version='1.0'/>",
    "S> <body sid='s1' wait='60' requests='2' hold='1' inactivity='60' maxpause='120' ver='1.6'/>",
    "S> <body sid='s1' wait='0' requests='1' hold='0' inactivity='1' polling='5'/>",
    "C> <body rid='100001' sid='s1'/>",
    "C> <body rid='100002' sid='s1'><iq xmlns='jabber:client'/></body>",
    "C> <body rid='100003' sid='s1'/>",
    "C> <body rid='9007199254740991' sid='s1'/>",
    "C> <body sid='s1'/>",
    "C> <body rid='100004' sid='s1' pause='18446744073709551615'/>",
    "C> <body rid='100004' sid='s1' type='terminate'/>",
    "C> <body rid='1' sid='other' xmpp:restart='true'/>",
    "C> <body rid='100001' sid='s1'><iq",
    "C> \u{1b}[2J",
    "S> <body/>",
    "S> <body type='terminate' condition='item-not-found'/>",
    "S> <body type='error'/>",
    "S> <body><success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></body>",
    "S> <body><iq></body>",
    "S> 504 \u{1b}[31m | Server: \u{202e}nginx | <html><title>\u{7}</title>",
    "S> 200",
    "own> 502 Bad Gateway | xmppscope: no",
    "C. fin",
    "C. reset",
    "S. fin",
    "C- fin",
    "S> 200 | cut: yes | <body sid='s1'",
    "unasked> 200 | <body/>",
    "C> <body rid='100002' sid='s1' wait='18446744073709551615' hold='18446744073709551615'/>",
    "!lost 3",
    "!raw C a TLS handshake where HTTP/1 was expected",
];

proptest::proptest! {
    #[test]
    fn every_mixture_of_events_is_survived(script in mixtures(None, &PIECES)) {
        assert_survived(&script);
    }
}
