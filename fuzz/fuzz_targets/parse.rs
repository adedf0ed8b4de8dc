//! Any bytes: parsing never panics, tokens cover the source, printing loses nothing but white space, and
//! what one says is well-formed the other prints to its end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use xmppscope::xml::{Limits, Pretty, TokenKind, parse, pretty, tokens};

fuzz_target!(|source: &[u8]| {
    let result = parse(source, &Limits::default());
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
