//! Any bytes: parsing never panics, tokens cover the source, printing loses nothing but white space, and
//! what one says is well-formed the other prints to its end. Behind an XML declaration, where the short way
//! is not taken, the same source has the same verdict and the same tree.
#![no_main]

use libfuzzer_sys::fuzz_target;
use xmppscope::xml::{Element, Limits, Node, Pretty, TokenKind, parse, pretty, tokens};

const DECLARATION: &str = "<?xml version='1.0'?>";
/// U+FEFF, which stands in front of everything else.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The same tree, but so many bytes further on.
fn same(one: &Element, other: &Element, by: usize) -> bool {
    let attribute = |(namespace, name, _): (&str, &str, &str)| {
        let spans = one.attr_span(namespace, name).zip(other.attr_span(namespace, name));
        spans.is_some_and(|(one, other)| one.start + by == other.start && one.end + by == other.end)
    };
    let node = |(one, other): (&Node, &Node)| match (one, other) {
        (Node::Element(one), Node::Element(other)) => same(one, other, by),
        (Node::Text { text: one, span }, Node::Text { text: other, span: moved }) => {
            one == other && span.start + by == moved.start && span.end + by == moved.end
        }
        _ => false,
    };
    one.is(other.namespace(), other.name())
        && one.attributes().eq(other.attributes())
        && one.attributes().all(attribute)
        && one.nodes().len() == other.nodes().len()
        && one.nodes().iter().zip(other.nodes()).all(node)
        && (one.span.start + by, one.span.end + by) == (other.span.start, other.span.end)
}

fuzz_target!(|source: &[u8]| {
    let result = parse(source, &Limits::default());
    if !source.trim_ascii_start().starts_with(b"<?") && !source.starts_with(BYTE_ORDER_MARK) {
        let declared = parse(&[DECLARATION.as_bytes(), source].concat(), &Limits::default());
        match (&result, &declared) {
            (Ok(one), Ok(other)) => assert!(same(one, other, DECLARATION.len())),
            (one, other) => assert_eq!(one.is_ok(), other.is_ok()),
        }
    }
    let mut end = 0;
    for token in tokens(source) {
        assert_eq!(token.span.start, end);
        assert!(token.span.end > end);
        end = token.span.end;
    }
    assert_eq!(end, source.len());

    match &result {
        Ok(root) => {
            assert!(tokens(source).all(|token| token.kind != TokenKind::Broken));
            for element in root.descendants() {
                assert!(root.span.start < element.span.start && element.span.end < root.span.end);
                assert_eq!(source[element.span.start], b'<');
                assert_eq!(source[element.span.end - 1], b'>');
            }
        }
        Err(error) => assert!(error.at.offset <= source.len() && !error.to_string().is_empty()),
    }

    let text = String::from_utf8_lossy(source);
    for width in [None, Some(40)] {
        let mut out = String::new();
        pretty(&text, &Pretty { indent: 2, width, ..Pretty::default() }, &mut out);
        assert!(out.lines().all(|line| line.starts_with("  ")) || text.contains('\r'));
        let dense = |text: &str| text.split_whitespace().collect::<String>();
        assert_eq!(dense(&out), dense(&text));
    }
});
