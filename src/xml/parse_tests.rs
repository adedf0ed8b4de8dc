use proptest::prelude::*;

use super::*;

fn document(source: &str) -> Element {
    parse(source.as_bytes(), &Limits::default()).unwrap()
}

fn error(source: impl AsRef<[u8]>) -> Error {
    parse(source.as_ref(), &Limits::default()).unwrap_err()
}

/// `line:column: message`
fn refused(source: impl AsRef<[u8]>) -> String {
    let error = error(source);
    format!("{}: {error}", error.at)
}

#[test]
fn an_element_knows_its_names_attributes_and_children() {
    let root = document(
        "<body rid='1' xmpp:version='1.0' xmlns='b' xmlns:xmpp='x'><m xmlns='c'>hi</m><x:n xmlns:x='y'/></body>",
    );
    assert!(root.is("b", "body"));
    assert_eq!(root.attr("rid"), Some("1"));
    assert_eq!(root.attr("version"), None);
    assert_eq!(root.attr_ns("x", "version"), Some("1.0"));
    let attributes: Vec<_> = root.attributes().collect();
    assert_eq!(attributes, [("", "rid", "1"), ("x", "version", "1.0")]);
    assert_eq!(root.child("c", "m").unwrap().text(), "hi");
    assert!(root.child("y", "n").is_some() && root.child("b", "n").is_none());
    let names: Vec<_> = root.descendants().map(Element::name).collect();
    assert_eq!(names, ["m", "n"]);
}

#[test]
fn spans_are_the_bytes_as_sent() {
    let source = "<?xml version='1.0'?>\n<a é = '1'><b >t&amp;<![CDATA[<]]>u</b ><c/> </a> ";
    let root = document(source);
    assert_eq!(&source[root.span.clone()], "<a é = '1'><b >t&amp;<![CDATA[<]]>u</b ><c/> </a>");
    assert_eq!(&source[root.attr_span("", "é").unwrap()], "é = '1'");
    let children: Vec<_> = root.children().map(|child| &source[child.span.clone()]).collect();
    assert_eq!(children, ["<b >t&amp;<![CDATA[<]]>u</b >", "<c/>"]);
    let Node::Text { text, span } = &root.children().next().unwrap().nodes()[0] else { panic!() };
    assert_eq!((text.as_str(), &source[span.clone()]), ("t&<u", "t&amp;<![CDATA[<]]>u"));
    assert_eq!(root.nodes().len(), 3);
}

#[test]
fn an_empty_cdata_section_moves_no_span() {
    let source = "<a><![CDATA[]]><b/><c><![CDATA[]]></c></a>";
    let children: Vec<_> =
        document(source).children().map(|child| &source[child.span.clone()]).collect();
    assert_eq!(children, ["<b/>", "<c><![CDATA[]]></c>"]);
}

#[test]
fn white_space_may_surround_the_root() {
    assert_eq!(document(" \r\n<a/>\n ").span, 3..7);
    assert_eq!(document("<?xml version=\"1.0\" encoding='utf-8'?> <a/>").span, 39..43);
}

#[test]
fn namespaces_end_with_their_element() {
    let root = document("<a xmlns='1' xmlns:p='2'><p:b xmlns:p='3' xmlns=''><c/></p:b><p:d/></a>");
    let all: Vec<_> = root.descendants().map(|e| (e.name(), e.namespace())).collect();
    assert_eq!(all, [("b", "3"), ("c", ""), ("d", "2")]);
    assert_eq!(document("<a xml:lang='de'/>").attr_ns(rxml::XMLNS_XML, "lang"), Some("de"));
}

#[test]
fn long_texts_and_values_are_one() {
    let long = "x]&lt;".repeat(200_000);
    let root = document(&format!("<a b='{long}'>{long}</a>"));
    assert_eq!(root.attr("b").map(str::len), Some(600_000));
    assert_eq!((root.nodes().len(), root.text().len()), (1, 600_000));
}

#[test]
fn what_xml_forbids_is_told_with_its_place() {
    for (source, message) in [
        ("", "1:1: the input is empty"),
        (" \n", "1:1: the input is empty"),
        ("text", "1:1: text before the root element"),
        ("<![CDATA[x]]><a/>", "1:1: text before the root element"),
        ("</a>", "1:1: an end tag before the root element"),
        ("<a/><b/>", "1:5: another element after the end of the root element"),
        ("<a/>\nx", "2:1: text after the end of the root element"),
        ("<a/></a>", "1:5: an end tag after the end of the root element"),
        ("<a/><!-- -->", "1:5: a comment, which XMPP forbids"),
        ("<a>\n <b>", "2:2: element <b> is not closed"),
        ("<a><b></b>", "1:1: element <a> is not closed"),
        ("<a><b", "1:4: the input ends within a start tag"),
        ("<a></a", "1:4: the input ends within an end tag"),
        ("<a b='", "1:1: the input ends within an attribute value"),
        ("<a><![CDATA[x", "1:4: the input ends within a CDATA section"),
        ("<a>&am", "1:4: the input ends within a reference"),
        ("<x:a xmlns:x='x'><b></x:a>", "1:21: expected `</b>`, found `</x:a>`"),
        ("<a>é\u{1}</a>", "1:5: character U+0001, which XML forbids"),
        ("<a>é\u{fffe}</a>", "1:5: character U+FFFE, which XML forbids"),
        ("<a b='\0'/>", "1:7: character U+0000, which XML forbids"),
        ("<a>&#0;</a>", "1:4: character U+0000, which XML forbids"),
        ("<a>&#xFFFE;</a>", "1:4: character U+FFFE, which XML forbids"),
        ("<a>a]]>b</a>", "1:5: `]]>` in text; its last character is written `&gt;`"),
        ("<a>&nbsp;</a>", "1:4: entity `&nbsp;` is not declared"),
        ("<a b='&longer-than-that;'/>", "1:7: entity `&longer-than-that;` is not declared"),
        ("<a>fish & chips</a>", "1:9: `&` does not start a reference; write it as `&amp;`"),
        ("<a>a&b=c</a>", "1:5: `&` does not start a reference; write it as `&amp;`"),
        ("<a>&;</a>", "1:4: `&` does not start a reference; write it as `&amp;`"),
        ("<a>\n<p:b/></a>", "2:1: namespace prefix `p` is not declared"),
        ("<a  p:b=''/>", "1:5: namespace prefix `p` is not declared"),
        ("<!DOCTYPE a><a/>", "1:1: a document type declaration, which XMPP forbids"),
        (
            "<?xml version='1.0'?><!doctype a>",
            "1:22: a document type declaration, which XMPP forbids",
        ),
        ("<?x y?><a/>", "1:1: a processing instruction, which XMPP forbids"),
        (" <?xml version='1.0'?><a/>", "1:2: a processing instruction, which XMPP forbids"),
        ("<?xml-stylesheet?><a/>", "1:1: a processing instruction, which XMPP forbids"),
        ("<a><?x y?></a>", "1:4: a processing instruction, which XMPP forbids"),
        ("<a>x<!-- \u{1} --></a>", "1:5: a comment, which XMPP forbids"),
        ("<a><!ELEMENT b></a>", "1:4: `<!` starts neither a comment nor a CDATA section"),
        ("<a b='' c='' b=''/>", "1:14: attribute \"b\" occurs twice"),
        ("<a xmlns='x' xmlns='y'/>", "1:14: attribute \"xmlns\" occurs twice"),
        ("<a xmlns:p='x' xmlns:p='y'/>", "1:16: attribute \"xmlns:p\" occurs twice"),
        ("<a xmlns:p='x' xmlns:q='x' p:b='' q:b=''/>", "1:35: attribute \"q:b\" occurs twice"),
        (
            "<a b='<'/>",
            "1:7: `<` in an attribute value; a quote is missing, or it is written `&lt;`",
        ),
        ("<a b/>", "1:4: attribute \"b\" has no value"),
        ("<a b c=''/>", "1:4: attribute \"b\" has no value"),
        ("<a b=c/>", "1:4: the value of attribute \"b\" stands in no quotes"),
        ("<a b=''c=''/>", "1:8: no white space before attribute \"c\""),
        ("<a 'b'/>", "1:4: unexpected `'` in a tag"),
        ("<a / b=''/>", "1:4: unexpected `/` in a tag"),
        ("<a b='' 1c=''/>", "1:9: `1c` is not a name"),
        ("<a:b:c/>", "1:1: `a:b:c` is not a name"),
        ("<:a/>", "1:1: `:a` is not a name"),
        ("<a :b=''/>", "1:4: `:b` is not a name"),
        ("<a><1/></a>", "1:4: `1` is not a name"),
        ("<a>< b/></a>", "1:5: unexpected ` ` in a tag"),
        ("<a></a b=''>", "1:8: unexpected `b` in a tag"),
        ("<a xmlns:xmlns='x'/>", "1:4: `xmlns:xmlns` declares a reserved prefix"),
        ("<a xmlns:p=''/>", "1:4: `xmlns:p` declares an empty namespace"),
        ("<?xml version='1.1'?><a/>", "1:1: only XML version 1.0 is allowed"),
        ("<?xml version='1.0' encoding='latin1'?><a/>", "1:1: only utf-8 encoding is allowed"),
        ("<?xml version='1.0'", "1:1: the input ends within the XML declaration"),
        ("\u{feff}", "1:1: the input is empty"),
        ("\u{feff} <?xml version='1.0'?><a/>", "1:3: a processing instruction, which XMPP forbids"),
        (" \u{feff}<a/>", "1:2: text before the root element"),
    ] {
        assert_eq!(refused(source), message, "{source}");
    }
}

#[test]
fn bytes_that_are_no_utf8() {
    assert_eq!(refused(b"<a>\xc3\xa9\xff</a>"), "1:5: not UTF-8: byte 0xff");
    assert_eq!(refused(b"<a>\xc0\xaf</a>"), "1:4: not UTF-8: byte 0xc0");
    assert_eq!(refused(b"<a>\xed\xa0\x80</a>"), "1:4: not UTF-8: byte 0xed");
}

#[test]
fn limits_hold_before_anything_costs() {
    let limits = Limits { depth: 2, attributes: 2, nodes: 4, bytes: 40 };
    let refused =
        |source: &str| parse(source.as_bytes(), &limits).map_err(|error| error.kind).err();
    assert_eq!(refused("<a><b/><b/></a>"), None);
    assert_eq!(refused("<a><b><c/></b></a>"), Some(ErrorKind::TooDeep(2)));
    assert_eq!(refused("<a b='' xmlns=''/>"), None);
    assert_eq!(refused("<a b='' xmlns='' c=''/>"), Some(ErrorKind::TooManyAttributes(2)));
    assert_eq!(refused("<a b=''> <b/></a>"), None);
    for source in ["<a><b/><b/><b/><b/></a>", "<a b=''> <b c=''/></a>", "<a> <b/> <b/></a>"] {
        assert_eq!(refused(source), Some(ErrorKind::TooManyNodes(4)), "{source}");
    }
    assert_eq!(refused(&"a".repeat(41)), Some(ErrorKind::TooLarge(40)));
    let deep = Limits { depth: usize::MAX, ..Limits::default() };
    let source = "<a>".repeat(100_000);
    assert_eq!(parse(source.as_bytes(), &deep).unwrap_err().kind, ErrorKind::TooDeep(1024));
}

#[test]
fn many_attributes_are_compared_too() {
    let limits = Limits { attributes: 100_000, nodes: 100_000, ..Limits::default() };
    let source: Vec<_> = (0..50_000).map(|n| format!(" a{n}=''")).collect();
    let source = format!("<a{}", source.concat());
    assert!(parse(format!("{source}/>").as_bytes(), &limits).is_ok());
    let error = parse(format!("{source} a7=''/>").as_bytes(), &limits).unwrap_err();
    assert_eq!(error.kind, ErrorKind::DuplicateAttribute("a7".into()));
}

/// What rxml's own resolver says, which is right but for a second `xmlns`.
fn rxml_accepts(source: &[u8]) -> bool {
    let mut parser = rxml::Parser::new();
    parser.parse_all(&mut &source[..], true, |_| {}).is_ok()
}

const PIECES: &str = "(<a>|<a |<p:a |</a>|</p:a>|b='|b=''|c=\"|xmlns='n'|xmlns:p='|xmlns=''|p:b=''|'|\"|>|/>|<|&|;|amp|#6|<!\\[CDATA\\[|\\]\\]>|<!--|-->|<\\?xml version='1.0'\\?>|[ a-c\n\u{1}\u{e9}\u{fffe}]){0,14}";

proptest! {
    #[test]
    fn any_bytes_are_parsed_or_refused(source in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&source, &Limits::default());
    }

    #[test]
    fn the_verdict_is_rxmls(source in PIECES) {
        let ours = parse(source.as_bytes(), &Limits::default());
        let trimmed = source.trim_start_matches([' ', '\n']);
        let declared_late = trimmed.len() < source.len() && trimmed.starts_with("<?");
        let accepts = rxml_accepts(trimmed.as_bytes()) && !declared_late;
        match ours {
            Ok(_) => prop_assert!(accepts),
            Err(error) => {
                let stricter = error.kind == ErrorKind::DuplicateAttribute("xmlns".into());
                prop_assert!(!accepts || stricter, "{error:?}");
                prop_assert!(error.at.offset <= source.len());
                prop_assert!(source.is_char_boundary(error.at.offset));
            }
        }
    }
}
