use super::*;
use crate::snapshot::Transcript;

const OLD: &str = "\
== session 1

client:
  <body hold='1' rid='[rid+0]' to='localhost' wait='60'/>
server: at once
  <body sid='[sid-1]' wait='60'>
    <stream:features/>
  </body>

client:
  <body rid='[rid+1]'>
    <iq id='[id-1]' type='get' xmlns='jabber:client'>
      <ping xmlns='urn:xmpp:ping'/>
    </iq>
  </body>
server: at once
  <body>
    <iq id='[id-1]' type='result' xmlns='jabber:client'/>
  </body>

client:
  <body rid='[rid+2]'/>
server: held until wait
  <body/>

client:
  <body rid='[rid+3]'>
    <message to='bob@localhost' xmlns='jabber:client'>
      <body>Are you there?</body>
    </message>
  </body>
server: held
  <body>
    <message from='bob@localhost' xmlns='jabber:client'>
      <body>Yes &amp; no</body>
    </message>
    <presence from='bob@localhost' type='unavailable' xmlns='jabber:client'/>
  </body>

client:
  <body rid='[rid+4]'>
    <iq id='[id-2]' type='get' xmlns='jabber:client'>
      <ping xmlns='urn:xmpp:ping'/>
    </iq>
  </body>
server: at once
  <body>
    <iq id='[id-2]' type='result' xmlns='jabber:client'/>
  </body>

client:
  <body rid='[rid+5]' type='terminate'/>
server: at once
  <body type='terminate'/>
";

fn transcript(text: &str) -> Transcript {
    text.parse().unwrap()
}

/// All that is said, a line each.
fn said(old: &str, new: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for strand in diff(&transcript(old), &transcript(new)).strands {
        let mut say = |sign: Sign, words: String| lines.push(format!("{} {words}", sign.mark()));
        match (&strand.old, &strand.new) {
            (Some(title), None) | (None, Some(title)) => say(strand.sign(), title.clone()),
            _ => {}
        }
        for change in &strand.changes {
            say(change.sign(), change.words());
        }
        for exchange in &strand.exchanges {
            let at = exchange.new.as_ref().or(exchange.old.as_ref()).unwrap().label();
            if exchange.sign() != Sign::Changed {
                say(exchange.sign(), format!("{at} {}", exchange.request));
            }
            for change in &exchange.changes {
                say(change.sign(), format!("{at} {}", change.words()));
            }
        }
    }
    lines
}

/// What is said if a text is replaced.
fn edited(edits: &[(&str, &str)]) -> Vec<String> {
    let mut new = OLD.to_owned();
    for (from, to) in edits {
        assert!(new.contains(from), "{from}");
        new = new.replacen(from, to, 1);
    }
    said(OLD, &new)
}

#[test]
fn one_attribute() {
    assert_eq!(said(OLD, OLD), [""; 0]);
    assert_eq!(
        edited(&[("held until wait\n  <body/>", "held until wait\n  <body ack='[rid+3]'/>")]),
        ["+ [rid+2] response gained attribute ack='[rid+3]'"]
    );
    assert_eq!(
        edited(&[("<body sid='[sid-1]' wait='60'>", "<body sid='[sid-1]' wait='30'>")]),
        ["~ [rid+0] response attribute wait '60' → '30'"]
    );
    assert_eq!(
        edited(&[("<message from='bob@localhost' ", "<message ")]),
        ["- [rid+3] response: message \"Yes & no\" lost attribute from='bob@localhost'"]
    );
}

#[test]
fn one_stanza() {
    let presence =
        "    <presence from='bob@localhost' type='unavailable' xmlns='jabber:client'/>\n";
    assert_eq!(
        edited(&[(presence, "")]),
        ["- [rid+3] response: presence unavailable from bob@localhost no longer sent"]
    );
    let result = "    <iq id='[id-2]' type='result' xmlns='jabber:client'/>\n";
    assert_eq!(
        edited(&[
            (&format!("<body>\n{result}  </body>"), "<body/>"),
            (
                "<body type='terminate'/>\n",
                &format!("<body type='terminate'>\n{result}  </body>\n")
            )
        ]),
        ["~ [rid+4] iq result moved from the response to [rid+4] to that to [rid+5]"]
    );
}

#[test]
fn one_answer_at_once() {
    assert_eq!(
        edited(&[("held until wait", "at once")]),
        ["~ [rid+2] response held until wait → at once"]
    );
    assert_eq!(
        edited(&[("held until wait", "404, at once")]),
        ["~ [rid+2] response status 200 → 404", "~ [rid+2] response held until wait → at once"]
    );
}

#[test]
fn a_text() {
    assert_eq!(
        edited(&[("Are you there?", "Are you here?")]),
        ["~ [rid+3] request: message › body text \"Are you there?\" → \"Are you here?\""]
    );
}

#[test]
fn order() {
    let presence =
        "    <presence from='bob@localhost' type='unavailable' xmlns='jabber:client'/>\n";
    let message = "    <message from='bob@localhost' xmlns='jabber:client'>\n      <body>Yes &amp; no</body>\n    </message>\n";
    assert_eq!(
        edited(&[(&format!("{message}{presence}"), &format!("{presence}{message}"))]),
        [
            "~ [rid+3] response order message \"Yes & no\", presence unavailable from bob@localhost → \
          presence unavailable from bob@localhost, message \"Yes & no\""
        ]
    );
    assert_eq!(
        edited(&[
            ("<iq id='[id-1]' type='result' xmlns='jabber:client'/>", "X"),
            (
                "<iq id='[id-2]' type='result' xmlns='jabber:client'/>",
                "<iq id='[id-1]' type='result' xmlns='jabber:client'/>"
            ),
            ("X", "<iq id='[id-2]' type='result' xmlns='jabber:client'/>"),
        ]),
        ["~ [rid+1] responses to [rid+1] and [rid+4] are swapped"]
    );
}

#[test]
fn one_more_empty_poll_is_one_line() {
    let poll = "client:\n  <body rid='[rid+3]'/>\nserver: held until wait\n  <body/>\n\n";
    let (before, after) = OLD.split_once("client:\n  <body rid='[rid+3]'>").unwrap();
    let after = format!("client:\n  <body rid='[rid+3]'>{after}")
        .replace("[rid+5]", "[rid+6]")
        .replace("[rid+4]", "[rid+5]")
        .replace("[rid+3]", "[rid+4]");
    let new = format!("{before}{poll}{after}");
    assert_eq!(said(OLD, &new), ["+ [rid+3] empty poll"]);
    assert_eq!(said(&new, OLD), ["- [rid+3] empty poll"]);
}

#[test]
fn names_may_have_other_numbers() {
    let new =
        OLD.replace("[id-1]", "[id-8]").replace("[id-2]", "[id-1]").replace("[sid-1]", "[sid-4]");
    assert_eq!(said(OLD, &new), [""; 0]);
}

#[test]
fn brackets_without_end_cost_nothing() {
    let text = "[".repeat(200_000);
    let old = transcript(OLD);
    let mut new = old.clone();
    let mut exchanges: Vec<_> =
        old.strands[0].exchanges.iter().map(std::borrow::Cow::into_owned).collect();
    exchanges[2].server.words.clone_from(&text);
    new.strands[0].exchanges = exchanges.into_iter().collect();
    assert!(!diff(&old, &new).is_equal());
}

/// Values were written side by side without escapes: these pairs were taken for equal.
#[test]
fn values_are_not_taken_for_xml() {
    for (old, new) in [
        ("<body a='1&#10;b=2'/>", "<body a='1' b='2'/>"),
        ("<body>\n    <a>x&lt;b&gt;/</a>\n  </body>", "<body>\n    <a>x<b/></a>\n  </body>"),
        ("<body>\n    <a>[rid+3]4</a>\n  </body>", "<body>\n    <a>[rid+34]</a>\n  </body>"),
        ("<body a='\\n'/>", "<body a='&#10;'/>"),
    ] {
        let with =
            |body: &str| OLD.replace("held until wait\n  <body/>", &format!("held\n  {body}"));
        let (old, new) = (with(old), with(new));
        assert!(!said(&old, &new).is_empty(), "{old}\n{new}");
    }
}

#[test]
fn a_session_that_was_set_up_before_may_begin_at_another_rid() {
    let session = |first: usize| {
        let exchange = |n: usize| {
            format!("\nclient:\n  <body rid='[rid+{}]'/>\nserver: {n} left\n  <body/>\n", first + n)
        };
        format!("== session 1\n{}", (0..4).map(exchange).collect::<String>())
    };
    assert_eq!(said(&session(0), &session(6)), [""; 0]);
    assert_eq!(said(&session(6), &session(0)), [""; 0]);
    let gap = session(0).replace("[rid+3]", "[rid+9]");
    assert_eq!(said(&session(0), &gap), ["~ [rid+9] request rid [rid+3] → [rid+9]"]);
    // What reads the same is not what differs.
    assert_eq!(said(&session(6), &gap), ["~ [rid+0] request rid [rid+6] → [rid+0]"]);
}

/// Their distances were computed with overflow.
#[test]
fn any_number_may_stand_in_a_text() {
    let least = format!("[rid{}]", i64::MIN);
    for (from, to) in [
        ("Are you there?", &*least),
        ("rid='[rid+4]'", &format!("rid='{least}'")),
        ("Are you there?", &format!("[id{}]", i64::MIN)),
    ] {
        assert!(!edited(&[(from, to)]).is_empty());
        let new = OLD.replace(from, to);
        assert!(!said(&new, OLD).is_empty());
    }
    let names =
        OLD.replace("id='[id-2]' type='result'", &format!("id='[id{}]' type='result'", i64::MIN));
    assert!(!said(OLD, &names).is_empty());
}

/// An element that moved was told to have become another.
#[test]
fn what_moved_among_siblings_is_the_same() {
    let offer = |names: &[&str]| {
        let one = |name: &&str| format!("<mechanism>{name}</mechanism>");
        let all: String = names.iter().map(one).collect();
        OLD.replace(
            "<stream:features/>",
            &format!(
                "<stream:features>\n      <mechanisms>{all}</mechanisms>\n    </stream:features>"
            ),
        )
    };
    let old = offer(&["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "ANONYMOUS"]);
    assert_eq!(
        said(&old, &offer(&["SCRAM-SHA-1", "PLAIN", "SCRAM-SHA-256"])),
        [
            "~ [rid+0] response: stream features › mechanisms order mechanism \"SCRAM-SHA-256\", mechanism \"SCRAM-SHA-1\", \
             mechanism \"PLAIN\", mechanism \"ANONYMOUS\" → mechanism \"SCRAM-SHA-1\", mechanism \"PLAIN\", \
             mechanism \"SCRAM-SHA-256\"",
            "- [rid+0] response: stream features › mechanisms lost <mechanism>ANONYMOUS</mechanism>",
        ]
    );
}

/// Elements of a stream have no root: they were called `<>`.
#[test]
fn what_passes_on_a_stream_is_called_by_what_it_is() {
    let stream = |carrier: &str, open: &str, rest: &str| {
        format!(
            "== session 1 over {carrier}\n\nclient:\n  {open}\nserver:\n  {open}\n  <stream:features/>\n{rest}"
        )
    };
    let [websocket, tcp] = [
        ("WebSocket", "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>"),
        ("TCP", "<stream:stream version='1.0'/>"),
    ]
    .map(|(carrier, open)| {
        let bind = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>";
        let iq = |kind: &str| format!("<iq id='[id-1]' type='{kind}' xmlns='jabber:client'>{bind}</iq>");
        let more = format!(
            "\nclient:\n  {}\nserver:\n  {}\n\nclient:\n  <resume xmlns='urn:xmpp:sm:3'/>\nserver:\n  \
             <failed xmlns='urn:xmpp:sm:3'><item-not-found/></failed>\n\nclient:\n  <presence \
             xmlns='jabber:client'/>\n\nclient:\n  <close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>\n",
            iq("set"),
            iq("result")
        );
        (stream(carrier, open, ""), stream(carrier, open, &more))
    });
    for (less, more) in [&websocket, &tcp] {
        assert_eq!(
            said(less, more),
            ["+ #2 iq set bind", "+ #3 SM resume", "+ #4 presence", "+ #5 stream close",]
        );
        let found = diff(&transcript(less), &transcript(more));
        let responses: Vec<_> =
            found.strands[0].exchanges.iter().map(|exchange| &*exchange.response).collect();
        assert_eq!(responses, ["iq result bind", "SM failed item-not-found", "", ""]);
    }
    let presence = "\nclient:\n  <presence xmlns='jabber:client'/>\n";
    let both = "\nclient:\n  <presence xmlns='jabber:client'/>\nserver:\n  <presence from='a' xmlns='jabber:client'/>\n";
    let open = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>";
    assert_eq!(
        said(&stream("WebSocket", open, presence), &stream("WebSocket", open, both)),
        ["+ #2 response: presence from a also sent"]
    );
    assert_eq!(
        said(&stream("WebSocket", open, both), &stream("WebSocket", open, presence)),
        ["- #2 response: presence from a no longer sent"]
    );
    // A session over another carrier.
    for line in [said(OLD, &websocket.1), said(&websocket.1, OLD)].concat() {
        assert!(!line.contains("<>"), "{line}");
    }
}
