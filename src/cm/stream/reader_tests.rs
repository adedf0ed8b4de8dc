use proptest::prelude::*;

use super::*;
use crate::xml::{Scope, write};

const HEADER_TEXT: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams' xmlns:x=\"urn:x\" from='a.example' id='&gt;' version='1.0'>";

fn limits() -> Limits {
    Limits { depth: 5, attributes: 8, nodes: 100, bytes: 300 }
}

/// What is read of a text that comes in pieces of this length, in words.
fn read(text: &str, step: usize) -> Result<Vec<String>, Fault> {
    let mut reader = Reader::new(limits());
    let mut items = Vec::new();
    for mut piece in text.as_bytes().chunks(step) {
        while let Some(item) = reader.read(&mut piece)? {
            items.push(words(&item));
            if item == Item::End {
                return Ok(items);
            }
        }
    }
    Ok(items)
}

fn words(item: &Item) -> String {
    match item {
        Item::Header(header) | Item::Misnamed(header) => format!(
            "header {} {}",
            header.from.as_deref().unwrap_or("-"),
            header.version.as_deref().unwrap_or("-")
        ),
        Item::Element(element) => {
            let mut out = String::new();
            write(element, &Scope { default: ns::CLIENT, prefixes: &[] }, &mut out);
            out
        }
        Item::End => "end".to_owned(),
    }
}

fn fault(text: &str) -> Fault {
    let whole = read(text, text.len()).expect_err(text);
    for step in 1..text.len() {
        assert_eq!(read(text, step), Err(whole.clone()), "in pieces of {step}: {text}");
    }
    whole
}

#[test]
fn a_stream_is_read_the_same_wherever_it_is_cut() {
    let text = HEADER_TEXT.to_owned()
        + "<stream:features/> \n\t<message a='/>' b=\"'>\"><body>&lt;é 🎉]]</body><x:y x:z='1'/></message\n>\
           <a xmlns='urn:a'><![CDATA[<b></a>]]]]><![CDATA[>]]></a><iq/></stream:stream >";
    let want = [
        "header a.example 1.0",
        "<features xmlns='http://etherx.jabber.org/streams'/>",
        "<message a='/&gt;' b='&apos;&gt;'><body>&lt;é 🎉]]</body><y xmlns='urn:x' xmlns:n1='urn:x' n1:z='1'/></message>",
        "<a xmlns='urn:a'>&lt;b&gt;&lt;/a&gt;]]&gt;</a>",
        "<iq/>",
        "end",
    ];
    for step in 1..text.len() {
        assert_eq!(read(&text, step).unwrap(), want, "in pieces of {step}");
    }
}

#[test]
fn a_new_header_follows_a_restart_and_the_old_scope_holds_until_then() {
    let mut reader = Reader::new(limits());
    let mut text = HEADER_TEXT.as_bytes();
    assert!(matches!(reader.read(&mut text), Ok(Some(Item::Header(_)))));
    reader.renew();
    let mut text: &[u8] =
        b"<x:late/><?xml version='1.0'?>\n<s:stream xmlns:s='http://etherx.jabber.org/streams' \
        xmlns='jabber:client'><iq/><s:error/></s:stream>";
    let mut items = Vec::new();
    while let Some(item) = reader.read(&mut text).unwrap() {
        items.push(words(&item));
    }
    assert_eq!(
        items,
        [
            "<late xmlns='urn:x'/>",
            "header - -",
            "<iq/>",
            "<error xmlns='http://etherx.jabber.org/streams'/>",
            "end"
        ]
    );
    let mut second: &[u8] = b"<x:gone/>";
    let mut reader = Reader::new(limits());
    assert!(matches!(reader.read(&mut HEADER_TEXT.as_bytes()), Ok(Some(Item::Header(_)))));
    reader.renew();
    let mut header: &[u8] =
        b"<stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:client'>";
    assert!(matches!(reader.read(&mut header), Ok(Some(Item::Header(_)))));
    let undeclared = reader.read(&mut second).unwrap_err();
    assert_eq!(undeclared, ErrorKind::UndeclaredPrefix("x".into()).into());
}

#[test]
fn what_is_no_stream_is_refused() {
    for text in [
        "HTTP/1.1 400 Bad Request\r\n",
        "\u{feff}<stream:stream",
        "\u{16}\u{3}\u{1}",
        "<html><body/></html>",
        "<stream xmlns='http://etherx.jabber.org/streams'>",
        "<stream:stream xmlns:stream='urn:other' xmlns='jabber:client'>",
        "<stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:server'>",
        "<stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:client'/>",
        "<a/>",
    ] {
        assert_eq!(fault(text), Fault::NoStream, "{text}");
    }
    for (text, kind) in [
        (
            "</stream:stream>",
            ErrorKind::MismatchedTag { expected: String::new(), found: "stream:stream".into() },
        ),
        ("<!DOCTYPE a>", ErrorKind::DocumentType),
        ("<?php ?><a", ErrorKind::ProcessingInstruction),
        ("<stream:stream>", ErrorKind::UndeclaredPrefix("stream".into())),
    ] {
        assert_eq!(fault(text), Fault::Xml(kind), "{text}");
    }
    let long = format!("<stream:stream a='{}'>", "x".repeat(HEADER));
    assert_eq!(read(&long, 1000), Err(ErrorKind::TooLarge(HEADER).into()));
}

#[test]
fn hostile_content_is_refused() {
    let deep = "<a>".repeat(6);
    let long = format!("<a>{}", "x".repeat(300));
    let wide: Vec<String> = (0..9).map(|n| format!(" a{n}=''")).collect();
    let wide = wide.concat();
    for (text, condition) in [
        (deep.as_str(), "policy-violation"),
        (&long, "policy-violation"),
        (&format!("<a{wide}/>"), "policy-violation"),
        ("<!-- -->", "restricted-xml"),
        ("<a><!-- --></a>", "restricted-xml"),
        ("<a><?b ?></a>", "restricted-xml"),
        ("<?xml version='1.0'?>", "restricted-xml"),
        ("<a><!DOCTYPE b></a>", "restricted-xml"),
        ("<a><!ENTITY b 'c'></a>", "restricted-xml"),
        ("<a>&b;</a>", "not-well-formed"),
        ("<a>\u{1}</a>", "not-well-formed"),
        ("<a></b>", "not-well-formed"),
        ("<a b='1' b='2'/>", "not-well-formed"),
        ("<a b='<'/>", "not-well-formed"),
        ("<u:a/>", "not-well-formed"),
        ("<a/ ></a>", "not-well-formed"),
        ("<>", "not-well-formed"),
        ("< a/>", "not-well-formed"),
        ("text", "not-well-formed"),
        ("<![CDATA[x]]>", "not-well-formed"),
        ("<a><![IGNORE[]]></a>", "not-well-formed"),
        ("</a>", "not-well-formed"),
        ("</stream:stream a='1'>", "not-well-formed"),
        ("</stream :stream>", "not-well-formed"),
        ("</>", "not-well-formed"),
    ] {
        let fault = fault(&format!("{HEADER_TEXT}{text}"));
        assert_eq!(fault.condition(), condition, "{text}: {fault}");
    }
    let mut reader = Reader::new(limits());
    assert!(matches!(reader.read(&mut HEADER_TEXT.as_bytes()), Ok(Some(Item::Header(_)))));
    assert_eq!(reader.read(&mut &b"<a>\xff</a>"[..]), Err(ErrorKind::NotUtf8(0xff).into()));
}

#[test]
fn a_large_element_leaves_no_large_buffer() {
    let mut reader = Reader::new(Limits { bytes: 1 << 20, ..limits() });
    let text = format!("{HEADER_TEXT}<a>{}</a>", "x".repeat(1 << 19));
    let mut bytes = text.as_bytes();
    while reader.read(&mut bytes).unwrap().is_some() {}
    assert!(reader.text.capacity() < 2 * HEADER, "{}", reader.text.capacity());
}

/// What the strict parser sees in a document of which everything is at hand.
fn whole(text: &str) -> Option<Vec<String>> {
    let unlimited = Limits { depth: 100, attributes: 100, nodes: usize::MAX, bytes: usize::MAX };
    let root = parse(text.as_bytes(), &unlimited).ok()?;
    let blank = root.text().chars().all(|c| c.is_ascii_whitespace());
    blank.then(|| root.children().map(|child| words(&Item::Element(child.clone()))).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    /// Whatever a server sends: cutting it elsewhere changes nothing, and what is read is what the strict parser reads.
    #[test]
    fn any_content_is_read_as_the_strict_parser_reads_it(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "<a>", "</a>", "<a>", "</a>", "<a/>", "<x:b c='/'>", "</x:b>", "<", ">", "/", "'", "\"", " ", "t", "&lt;", "&",
                "<![CDATA[", "]]>", "<!--", "<?xml version='1.0'?>", "<stream:stream>", "</stream:stream >", "d='>'", "=", "é",
            ]),
            0..11, // so that none is too deep
        ),
        step in 1..9_usize,
    ) {
        let content = parts.concat();
        let closed = format!("{HEADER_TEXT}{content}</stream:stream>");
        let read_whole = read(&closed, closed.len());
        prop_assert_eq!(&read_whole, &read(&closed, step));
        match (whole(&closed), read_whole) {
            // A section between the elements may be empty, which is no reason to accept it.
            (Some(_), Err(Fault::Xml(ErrorKind::Syntax(words))))
                if words.starts_with("text between") && content.contains("<![CDATA[") => {}
            (Some(children), read) => {
                let read = read.map_err(|fault| TestCaseError::fail(format!("{fault}: {closed}")));
                prop_assert_eq!(&read?[1..], &[&children[..], &["end".to_owned()]].concat()[..]);
            }
            // Something is wrong with it: it is refused or goes on for ever, unless the stream ended before that.
            (None, Ok(items)) if items.last().is_some_and(|item| item == "end") => {
                let children = &items[1..items.len() - 1];
                let ends = closed.match_indices('>').map(|(at, _)| &closed[..=at]);
                let mut sound = ends.filter_map(whole);
                prop_assert!(sound.any(|sound| sound == children), "{closed}: {items:?}");
            }
            (None, _) => {}
        }
    }
}
