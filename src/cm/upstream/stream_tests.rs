use super::*;

const PROLOG: &str = "<?xml version='1.0'?>";

fn opening() -> Opening {
    Opening {
        to: "a.example".into(),
        from: Some("me@a.example".into()),
        lang: Some("de".into()),
        management: false,
        version: Some("1.0".into()),
    }
}

/// The server's header.
fn header(version: &str) -> String {
    format!(
        "{PROLOG}<stream:stream xmlns='jabber:client' xmlns:stream='{}' from='a.example' id='1'{version}>",
        ns::STREAMS
    )
}

const V1: &str = " version='1.0'";
const STARTTLS: &str = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
const PROCEED: &str = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";

fn features(inside: &str) -> String {
    format!("<stream:features>{inside}</stream:features>")
}

/// A stream with a connection that may be used without TLS or not.
fn stream(opening: Opening, plain: bool) -> Stream {
    let xml = Limits { depth: 8, attributes: 8, nodes: 100, bytes: 2000 };
    let mut stream = Stream::new(opening, Bounds { unsent: 1000, xml });
    assert_eq!(sent(&mut stream), "");
    stream.connected(plain);
    stream
}

/// An open one, without TLS.
fn open() -> Stream {
    let mut stream = stream(opening(), true);
    sent(&mut stream);
    stream.received((header(V1) + &features("")).as_bytes());
    assert_eq!(told(&mut stream), ["opened a.example 1.0", "<stream:features/>"]);
    stream
}

fn sent(stream: &mut Stream) -> String {
    String::from_utf8(std::mem::take(stream.unsent())).unwrap()
}

/// What is to be done, in words.
fn told(stream: &mut Stream) -> Vec<String> {
    std::iter::from_fn(|| stream.step()).map(|step| words(&step)).collect()
}

fn words(step: &Step) -> String {
    let text = |element: &Element| {
        let mut out = String::new();
        write(element, &SCOPE, &mut out);
        out
    };
    match step {
        Step::Secure => "secure".to_owned(),
        Step::Tell(Event::Opened { from, version }) => {
            let [from, version] = [from, version].map(|text| text.as_deref().unwrap_or("-"));
            format!("opened {from} {version}")
        }
        Step::Tell(Event::Element(element)) => text(element),
        Step::Tell(Event::Error(element)) => format!("error {}", text(element)),
        Step::Tell(Event::Closed) => "closed".to_owned(),
        Step::Tell(Event::Failed(condition)) => format!("failed {condition}"),
    }
}

fn iq() -> Command {
    Command::Send(Element::new(ns::CLIENT, "iq").with_attr("id", "1"))
}

#[test]
fn a_header_says_who_is_meant_and_is_escaped() {
    let mut first = stream(Opening { to: "a'<b".into(), ..opening() }, true);
    assert_eq!(
        sent(&mut first),
        "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' \
         to='a&apos;&lt;b' version='1.0' xml:lang='de'>"
    );
    let mut second = stream(Opening { to: "a.example".into(), ..Opening::default() }, false);
    let bare = sent(&mut second);
    assert!(bare.ends_with(" to='a.example' version='1.0'>"), "{bare}");
}

#[test]
fn a_stream_without_tls_on_the_same_machine() {
    for step in 1..400 {
        let mut stream = stream(opening(), true);
        sent(&mut stream);
        stream.command(iq());
        assert_eq!(sent(&mut stream), "", "it waits for the features");
        let text =
            header(V1) + &features("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>") + " <iq/>";
        for piece in text.as_bytes().chunks(step) {
            stream.received(piece);
        }
        assert_eq!(
            told(&mut stream),
            [
                "opened a.example 1.0",
                "<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features>",
                "<iq/>"
            ]
        );
        assert!(!stream.is_meeting() && !stream.is_secure());
        assert_eq!(sent(&mut stream), "<iq id='1'/>");
        stream.command(iq());
        assert_eq!(sent(&mut stream), "<iq id='1'/>");
    }
}

#[test]
fn tls_comes_before_anything_of_the_client() {
    let mut stream = stream(opening(), false);
    let first = sent(&mut stream);
    assert!(!first.contains("from="), "nobody else learns who it is: {first}");
    stream.command(iq());
    stream.received((header(V1) + &features(STARTTLS)).as_bytes());
    assert_eq!(told(&mut stream), Vec::<String>::new());
    assert_eq!(sent(&mut stream), STARTTLS);
    stream.received(PROCEED.as_bytes());
    assert_eq!(told(&mut stream), ["secure"]);
    assert_eq!(sent(&mut stream), "");
    stream.secured();
    assert!(sent(&mut stream).contains(" from='me@a.example'"));
    assert!(stream.is_secure() && stream.is_meeting());
    stream.received((header(V1) + &features(STARTTLS)).as_bytes());
    assert_eq!(told(&mut stream), ["opened a.example 1.0", "<stream:features/>"]);
    assert_eq!(sent(&mut stream), "<iq id='1'/>");
}

#[test]
fn without_tls_nothing_is_said_to_another_machine() {
    for text in [header(V1) + &features(""), header("")] {
        let mut stream = stream(opening(), false);
        sent(&mut stream);
        stream.command(iq());
        stream.received(text.as_bytes());
        assert_eq!(told(&mut stream), ["failed remote-connection-failed"]);
        assert!(
            stream.reason().unwrap().contains("does not offer STARTTLS"),
            "{:?}",
            stream.reason()
        );
        assert!(!sent(&mut stream).contains("<iq"));
    }
}

#[test]
fn what_goes_wrong_on_the_way_to_tls() {
    let failure = "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>";
    let injected = format!("{PROCEED}<iq/>");
    for (answer, reason) in [
        (failure, "refused"),
        (&injected, "somebody tampering"),
        ("</stream:stream>", "ended"),
        ("<iq/>", "refused"),
    ] {
        let mut stream = stream(opening(), true);
        stream.received((header(V1) + &features(STARTTLS)).as_bytes());
        stream.received(answer.as_bytes());
        assert_eq!(told(&mut stream), ["failed remote-connection-failed"], "{answer}");
        assert!(stream.reason().unwrap().contains(reason), "{answer}: {:?}", stream.reason());
        assert!(stream.is_over());
    }
}

#[test]
fn a_client_from_before_versions_sees_no_features() {
    let old = Opening { version: None, ..opening() };
    let mut plain = stream(old.clone(), true);
    plain.received((header(V1) + &features("") + "<iq/>").as_bytes());
    assert_eq!(told(&mut plain), ["opened a.example -", "<iq/>"]);
    let mut secure = stream(old, false);
    assert!(sent(&mut secure).contains(V1), "TLS needs a version");
    secure.received((header(V1) + &features(STARTTLS)).as_bytes());
    secure.received(PROCEED.as_bytes());
    secure.secured();
    assert_eq!(told(&mut secure), ["secure"]);
    assert!(!sent(&mut secure).replace(PROLOG, "").contains("version"));
    secure.received(header("").as_bytes());
    assert_eq!(told(&mut secure), ["opened a.example -"]);
}

#[test]
fn a_restart_is_a_new_stream_on_the_same_connection() {
    let mut stream = open();
    let success = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";
    stream.received(success.as_bytes());
    assert_eq!(told(&mut stream), [success]);
    stream.command(Command::Restart);
    let again = sent(&mut stream);
    assert!(again.starts_with("<?xml version='1.0'?><stream:stream "), "{again}");
    assert!(again.contains(" to='a.example' from='me@a.example' version='1.0'"), "{again}");
    stream.received(
        (header(V1) + &features("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")).as_bytes(),
    );
    assert_eq!(told(&mut stream), ["opened a.example 1.0", "<stream:features/>"]);
}

#[test]
fn a_restart_before_the_stream_has_begun_changes_nothing() {
    let mut stream = stream(opening(), true);
    let first = sent(&mut stream);
    stream.command(Command::Restart);
    assert_eq!(sent(&mut stream), "");
    assert!(first.contains("to='a.example'"));
    stream.received((header(V1) + &features("")).as_bytes());
    assert_eq!(told(&mut stream).len(), 2);
}

#[test]
fn the_ends_of_a_stream() {
    let mut ours = open();
    ours.command(iq());
    ours.command(Command::Close);
    assert_eq!(sent(&mut ours), "<iq id='1'/></stream:stream>");
    ours.command(iq());
    ours.received(b"<iq/>");
    assert!(!ours.is_over());
    ours.received(b"</stream:stream>");
    assert!(ours.is_over());
    assert_eq!((sent(&mut ours), told(&mut ours)), (String::new(), Vec::new()));

    let mut theirs = open();
    theirs.received(b"<iq/></stream:stream><iq/>");
    assert_eq!(told(&mut theirs), ["<iq/>", "closed"]);
    assert_eq!(sent(&mut theirs), "</stream:stream>");

    let mut lost = open();
    lost.ended();
    assert_eq!(told(&mut lost), ["failed remote-connection-failed"]);
    assert!(lost.reason().unwrap().contains("without ending"));

    let mut early = stream(opening(), true);
    early.command(Command::Close);
    assert!(sent(&mut early).ends_with("></stream:stream>") && early.is_over());
    let mut nowhere = Stream::new(opening(), Bounds::default());
    nowhere.command(Command::Close);
    assert_eq!((nowhere.is_over(), sent(&mut nowhere)), (true, String::new()));
    nowhere.fail("late".into());
    assert_eq!((told(&mut nowhere), nowhere.reason()), (Vec::new(), None));
}

#[test]
fn stream_errors_are_told_with_their_element() {
    let error = |condition: &str| {
        format!(
            "<stream:error><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
        )
    };
    let mut late = open();
    late.received((error("conflict") + "</stream:stream>").as_bytes());
    assert_eq!(told(&mut late), [format!("error {}", error("conflict"))]);
    assert_eq!(sent(&mut late), "</stream:stream>");
    assert_eq!(late.reason(), None);
    // Once the stream has begun it is not the domain that is unknown.
    let mut late = open();
    late.received(error("host-unknown").as_bytes());
    assert_eq!(told(&mut late), [format!("error {}", error("host-unknown"))]);

    for (condition, want) in
        [("host-unknown", "failed host-unknown"), ("host-gone", "failed host-gone")]
    {
        let mut stream = stream(opening(), false);
        stream.received((header(V1) + &error(condition) + "</stream:stream>").as_bytes());
        assert_eq!(told(&mut stream), [want]);
        assert!(stream.is_over() && sent(&mut stream).ends_with("</stream:stream>"));
    }
    let mut early = stream(opening(), false);
    early.received((header(V1) + &error("system-shutdown")).as_bytes());
    assert_eq!(told(&mut early), [format!("error {}", error("system-shutdown"))]);
}

#[test]
fn the_layers_of_the_connection_are_not_for_the_client() {
    for namespace in [ns::TLS, ns::COMPRESS] {
        let mut stream = open();
        stream.command(Command::Send(Element::new(namespace, "starttls")));
        let told = told(&mut stream);
        assert!(told[0].contains("unsupported-stanza-type"), "{told:?}");
        assert_eq!(sent(&mut stream), "</stream:stream>");
    }
}

#[test]
fn a_server_that_breaks_xml_is_told() {
    let mut stream = open();
    stream.received(b"<message></iq><iq/>");
    assert_eq!(told(&mut stream), ["failed remote-connection-failed"]);
    assert_eq!(
        sent(&mut stream),
        "<stream:error><not-well-formed xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>"
    );
    assert!(stream.reason().unwrap().contains("</iq>"), "{:?}", stream.reason());
    let mut escaping = open();
    escaping.received("<message></\u{1b}[2J\u{202e}>".as_bytes());
    let reason = escaping.reason().unwrap();
    assert!(reason.is_ascii() && !reason.contains('\u{1b}'), "{reason}");
    let mut closing = open();
    closing.command(Command::Close);
    sent(&mut closing);
    closing.received(b"<a></b>");
    assert!(closing.is_over());
    assert_eq!((sent(&mut closing), told(&mut closing)), (String::new(), Vec::new()));
}

#[test]
fn what_comes_before_its_time_ends_the_attempt() {
    for text in
        ["<message/>".to_owned(), header(V1), "</stream:stream>".to_owned(), "text".to_owned()]
    {
        let mut stream = stream(opening(), true);
        stream.received((header(V1) + &text).as_bytes());
        assert_eq!(told(&mut stream), ["failed remote-connection-failed"], "{text}");
        assert!(stream.reason().is_some());
    }
}

#[test]
fn a_server_that_does_not_read_loses_the_stream() {
    let long = Element::new(ns::CLIENT, "message").with_attr("id", &"x".repeat(600));
    for mut stream in [open(), stream(opening(), true)] {
        stream.command(Command::Send(long.clone()));
        assert_eq!(told(&mut stream), Vec::<String>::new());
        stream.command(Command::Send(long.clone()));
        assert_eq!(told(&mut stream), ["failed remote-connection-failed"]);
        assert!(stream.reason().unwrap().contains("does not read"));
        assert_eq!(sent(&mut stream), "", "nothing is kept");
    }
}
