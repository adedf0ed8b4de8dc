use proptest::prelude::*;

use super::*;

fn printed(source: &str) -> String {
    with(source, &Pretty::default())
}

fn with(source: &str, options: &Pretty) -> String {
    let mut out = String::new();
    pretty(source, options, &mut out);
    out
}

fn marked() -> Paint {
    let ink = |on: &str| Ink { on: on.into(), off: "}".into() };
    Paint {
        tag: ink("{t "),
        attribute: ink("{a "),
        value: ink("{v "),
        namespace: ink("{n "),
        text: ink("{x "),
        punctuation: ink("{p "),
        comment: ink("{c "),
    }
}

#[test]
fn an_element_per_line_as_sent() {
    assert_eq!(
        printed(
            "<?xml version='1.0'?><b  a='1'\tc=\"&quot;\"> <m><body>hi &amp; ho</body><x:y/></m>\n<e></e></b>"
        ),
        "<?xml version='1.0'?>
<b  a='1'\tc=\"&quot;\">
  <m>
    <body>hi &amp; ho</body>
    <x:y/>
  </m>
  <e></e>
</b>
"
    );
}

#[test]
fn mixed_content_is_left_alone() {
    for source in ["<p>a<b><c/> </b>  <d/></p>", "<p><b><c/></b>a</p>", "<p><b/><![CDATA[a]]></p>"]
    {
        assert_eq!(printed(source), format!("{source}\n"));
    }
    assert_eq!(printed("<p> </p>"), "<p> </p>\n");
}

#[test]
fn no_text_can_look_like_a_line_of_ours() {
    assert_eq!(
        with("<a><b>1\nC> GET\n</b></a>", &Pretty { indent: 3, ..Pretty::default() }),
        "   <a>\n     <b>1\n         C> GET\n         </b>\n   </a>\n"
    );
    assert_eq!(printed("<a b='\nC>'/>"), "<a b='\n    C>'/>\n");
    assert_eq!(printed("<!--\nC>-->"), "<!--\n    C>-->\n");
    assert_eq!(printed("x\nC>\n"), "x\n    C>\n");
}

#[test]
fn what_is_not_well_formed_follows_as_it_is() {
    assert_eq!(printed("<a><b>t</b><c/></x><d/> "), "<a>\n  <b>t</b>\n  <c/>\n  </x><d/>\n");
    assert_eq!(printed("<a><b><c d='\n<e/>"), "<a>\n  <b>\n    <c d='\n        <e/>\n");
    assert_eq!(printed("<a>t<b"), "<a>t<b\n");
    assert_eq!(printed("<a><b>t"), "<a>\n  <b>t\n");
    assert_eq!(printed("<a><b>"), "<a>\n  <b>\n");
    assert_eq!(printed("{\"no\": \"xml\"}\n"), "{\"no\": \"xml\"}\n");
    assert_eq!(printed(" "), "");
}

#[test]
fn pieces_of_a_stream() {
    assert_eq!(printed("<a/><b><c/></b>"), "<a/>\n<b>\n  <c/>\n</b>\n");
    assert_eq!(printed("<a/></stream:stream>"), "<a/>\n</stream:stream>\n");
}

#[test]
fn long_tags_are_wrapped_at_attributes() {
    let options = Pretty { indent: 2, width: Some(30), ..Pretty::default() };
    assert_eq!(
        with(
            "<iq type='get' to='example.org' id='1'><p xmlns='urn:xmpp:ping' a='b'>t</p></iq>",
            &options
        ),
        "  <iq type='get'
      to='example.org' id='1'>
    <p xmlns='urn:xmpp:ping'
        a='b'>t</p>
  </iq>
"
    );
    assert_eq!(with("<iq type='get' to='abc'/>", &options), "  <iq type='get' to='abc'/>\n");
}

#[test]
fn every_part_has_its_ink() {
    let options = Pretty { paint: marked(), ..Pretty::default() };
    assert_eq!(
        with("<a xmlns='n' b = 'c'/>", &options),
        "{p <}{t a} {n xmlns}{p =}{n 'n'} {a b}{p  = }{v 'c'}{p />}\n"
    );
    assert_eq!(
        with("<a>t\nu<!-- c --></a>", &options),
        "{p <}{t a}{p >}{x t}\n    {x u}{c <!-- c -->}{p </}{t a}{p >}\n"
    );
}

#[test]
fn depth_does_not_square_the_output() {
    let source = "<a>".repeat(20_000) + &"</a>".repeat(20_000);
    let out = printed(&source);
    assert!(out.len() < 40_000 * (2 * DEEPEST + 6), "{}", out.len());
}

proptest! {
    #[test]
    fn nothing_but_white_space_is_lost(
        source in "(<a>|<b c='d' e=\"f\">|</a>|</b>|<c/>|<d e = 'f\n'/>|<!--|-->|<!\\[CDATA\\[|\\]\\]>|[<>&'\"/= \n]|\\PC){0,20}",
        width in proptest::option::of(0_usize..60),
        indent in 0_usize..5,
    ) {
        let dense = |text: &str| text.split_whitespace().collect::<String>();
        let out = with(&source, &Pretty { indent, width, ..Pretty::default() });
        prop_assert_eq!(dense(&out), dense(&source));
        prop_assert!(out.is_empty() || out.ends_with('\n'));
        let margin = " ".repeat(indent);
        prop_assert!(out.split_terminator('\n').all(|line| line.starts_with(&margin)), "{}", out);

        let ink = Ink { on: "\u{1}".into(), off: "\u{2}".into() };
        let mut paint = marked();
        for part in [
            &mut paint.tag, &mut paint.attribute, &mut paint.value, &mut paint.namespace,
            &mut paint.text, &mut paint.punctuation, &mut paint.comment,
        ] {
            *part = ink.clone();
        }
        let painted = with(&source, &Pretty { indent, width, paint });
        for line in painted.lines() {
            let balance = |open: bool, character| match character {
                '\u{1}' if !open => Ok(true),
                '\u{2}' if open => Ok(false),
                '\u{1}' | '\u{2}' => Err(()),
                _ => Ok(open),
            };
            prop_assert_eq!(line.chars().try_fold(false, balance), Ok(false), "{:?}", line);
        }
        prop_assert_eq!(painted.replace(['\u{1}', '\u{2}'], ""), out);
    }
}

/// A lone `>` or `/>` stood on a line of its own.
#[test]
fn the_bracket_of_a_tag_stands_with_its_last_attribute() {
    let tags = [
        "<message type='chat' id='reply'/>",
        "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>",
        "<iq xmlns='jabber:client' type='get' id='a' />",
        "<a b='c' d='e'/>",
    ];
    for source in tags {
        for width in 20..90 {
            let mut out = String::new();
            pretty(source, &Pretty { width: Some(width), ..Pretty::default() }, &mut out);
            for line in out.lines() {
                // What is a single attribute does not get shorter.
                let one = line.trim_start().matches('=').count() <= 1;
                assert!(one || line.chars().count() <= width, "{width}: {out}");
                let lone = matches!(line.trim(), ">" | "/>" | "?>");
                assert!(!lone, "{width}: {out}");
            }
        }
    }
}
