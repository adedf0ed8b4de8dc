use super::*;

const HEADER: &str = "<?xml version='1.0'?>\n<stream:stream to='a>b' xmlns='jabber:client' \
    xmlns:stream=\"http://etherx.jabber.org/streams\">";

/// What bytes that come in chunks of this size are: kind and text of each part.
fn items(text: &str, chunk: usize) -> Vec<(String, String)> {
    items_of(text, text.as_bytes().chunks(chunk))
}

fn items_of<'a>(text: &str, chunks: impl Iterator<Item = &'a [u8]>) -> Vec<(String, String)> {
    let mut splitter = Splitter::default();
    let mut all: Vec<(String, String)> = Vec::new();
    let (mut pending, mut fed) = (Vec::new(), Vec::new());
    let mut sink = |piece: Piece<'_>| match piece {
        Piece::Part(span) => {
            pending.extend_from_slice(span);
            fed.extend_from_slice(span);
        }
        Piece::Item(kind, span) => {
            pending.extend_from_slice(span);
            fed.extend_from_slice(span);
            let text = String::from_utf8(std::mem::take(&mut pending)).unwrap();
            // Spaces are complete wherever they are cut.
            match all.last_mut() {
                Some((last, before)) if kind == Kind::Space && last == "space" => *before += &text,
                _ => all.push((kind.name().to_owned(), text)),
            }
        }
        Piece::Cut => {
            let text = String::from_utf8(std::mem::take(&mut pending)).unwrap();
            all.push(("cut".to_owned(), text));
        }
        Piece::Fault(fault) => all.push(("fault".to_owned(), fault.to_string())),
        Piece::Raw(span) => {
            pending.clear();
            fed.extend_from_slice(span);
        }
    };
    for bytes in chunks {
        splitter.feed(bytes, &mut sink);
    }
    splitter.finish(&mut sink);
    assert_eq!(String::from_utf8(fed).unwrap(), text, "the spans are all that was fed");
    all
}

fn check(text: &str, want: &[(&str, &str)]) {
    for chunk in (1..=text.len()).step_by(1.max(text.len() / 97)) {
        let items = items(text, chunk);
        let items: Vec<_> = items.iter().map(|(kind, text)| (&**kind, &**text)).collect();
        assert_eq!(items, want, "in chunks of {chunk}");
    }
}

#[test]
fn a_stream_is_split_wherever_its_bytes_are_cut() {
    let stanza =
        "<message to='x'><body>1 &lt; 2 <![CDATA[</message>]]]>]]></body><a b='/'/></message>";
    let text = format!("{HEADER}<a/>{stanza}\n <b >x</b ></stream:stream>\n");
    check(
        &text,
        &[
            ("header", HEADER),
            ("element", "<a/>"),
            ("element", stanza),
            ("space", "\n "),
            ("element", "<b >x</b >"),
            ("end", "</stream:stream>"),
            ("space", "\n"),
        ],
    );
}

#[test]
fn a_restart_is_another_header_within_the_stream() {
    let text = format!("{HEADER}<success/>{HEADER}<stream:features/>");
    check(
        &text,
        &[
            ("header", HEADER),
            ("element", "<success/>"),
            ("header", HEADER),
            ("element", "<stream:features/>"),
        ],
    );
    // A prefix is no part of the name, and a longer name is another.
    check(
        "<stream><streams/><x:stream>",
        &[("header", "<stream>"), ("element", "<streams/>"), ("header", "<x:stream>")],
    );
}

#[test]
fn what_must_not_stand_in_a_stream_is_a_part_of_its_own() {
    check(
        "<stream>text<!-- <a> --><?x <b> ?><!DOCTYPE a [<!ENTITY b 'c'>]><a/>",
        &[
            ("header", "<stream>"),
            ("other", "text"),
            ("other", "<!-- <a> -->"),
            ("other", "<?x <b> ?>"),
            ("other", "<!DOCTYPE a [<!ENTITY b 'c'>]>"),
            ("element", "<a/>"),
        ],
    );
    check(
        "<stream><a><!-- </a> --><?b </a>?></a>",
        &[("header", "<stream>"), ("element", "<a><!-- </a> --><?b </a>?></a>")],
    );
}

#[test]
fn what_is_no_stream_is_named() {
    check("GET / HTTP/1.1\r\n", &[("fault", "an HTTP/1 request where an XML stream was expected")]);
    check("what is this?", &[("fault", "not an XML stream")]);
    check("and all of this, what is it?", &[("fault", "not an XML stream")]);
    check("\u{16}\u{3}\u{1}", &[("fault", "a TLS handshake where an XML stream was expected")]);
    check("<a><b/></a><stream>", &[("element", "<a><b/></a>"), ("header", "<stream>")]);
    check("</a>", &[("fault", "an end tag without a start tag")]);
    check(
        "<stream></stream></a>",
        &[
            ("header", "<stream>"),
            ("end", "</stream>"),
            ("fault", "an end tag without a start tag"),
        ],
    );
}

#[test]
fn a_declaration_belongs_to_what_follows_and_no_further() {
    let declaration = "<?xml version='1.0'?>";
    check(
        &format!("<stream>{declaration}text<!-- --> {declaration}\n<a/> {declaration}</stream> "),
        &[
            ("header", "<stream>"),
            ("other", &format!("{declaration}text")),
            ("other", "<!-- -->"),
            ("space", " "),
            ("element", &format!("{declaration}\n<a/>")),
            ("space", " "),
            ("end", &format!("{declaration}</stream>")),
            ("space", " "),
        ],
    );
}

#[test]
fn what_never_comes_to_its_end_is_cut() {
    check("<stream><a><b", &[("header", "<stream>"), ("cut", "<a><b")]);
    check("<stream", &[("cut", "<stream")]);
    check("<stream><a/> ", &[("header", "<stream>"), ("element", "<a/>"), ("space", " ")]);
    let mut splitter = Splitter::default();
    assert!(splitter.is_between());
    splitter.feed(b"<stream><a", &mut |_| {});
    assert!(!splitter.is_between());
}

const OPENING: &str = "<?xml version='1.0' encoding='UTF-8'?>\r\n<stream:stream to=\"a.example\" from='>\"/>' \
    version='1.0' xml:lang='de' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' >";

/// What one side sends from the first byte to the last, with everything that makes it hard to see where a part ends. The
/// stream begins anew after the login, in the same bytes.
const SESSION: [(&str, &str); 15] = [
    ("header", OPENING),
    (
        "element",
        "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><mechanisms \
        xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></stream:features>",
    ),
    ("space", "\n"),
    ("element", "<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>cj0xLHM9Mg==</challenge>"),
    ("element", "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"),
    ("header", OPENING),
    ("element", "<stream:features/>"),
    ("element", "<iq\tid='1'\n><bind a = '/' b=\"<>\"/><c d='/'></c\r></iq>"),
    ("space", " \t\r\n "),
    (
        "element",
        "<message to='romeo@a.example' id=\"it's > 1\"><body>1 &lt; 2 &amp;&#x3e; \u{2192} \u{1d11e}</body>\
        <x xmlns='a'><![CDATA[</x></message>]] >]]]]><![CDATA[>]]></x><stream xmlns='b'><a></a ></stream\n></message>",
    ),
    ("other", "<!-- a -- > <b/> ->-->"),
    ("element", "<r xmlns='urn:xmpp:sm:3' />"),
    ("element", "<a h='1'/>"),
    ("end", "</stream:stream >"),
    ("space", "\r\n"),
];

#[test]
fn a_whole_session_is_split_alike_wherever_it_is_cut() {
    let text: String = SESSION.iter().map(|(_, text)| *text).collect();
    let whole = |items: &[(String, String)]| {
        let items: Vec<_> = items.iter().map(|(kind, text)| (&**kind, &**text)).collect();
        assert_eq!(items, SESSION);
    };
    let bytes = text.as_bytes();
    for cut in 0..=bytes.len() {
        let (before, after) = bytes.split_at(cut);
        whole(&items_of(&text, [before, after].into_iter()));
        // And in three, the middle one short.
        let (middle, rest) = after.split_at(after.len().min(3));
        whole(&items_of(&text, [before, middle, rest].into_iter()));
    }
    whole(&items(&text, 1));
}
