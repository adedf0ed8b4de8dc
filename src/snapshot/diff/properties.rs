//! What holds of every comparison.

use std::borrow::Cow;

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::snapshot::{Content, Exchange, Leaf, Transcript, Tree};

fn exchange(kind: u8, rid: usize, n: usize) -> String {
    let (request, response) = match kind {
        0 => (String::new(), format!("held until wait\n  <body ack='[rid+{}]'/>", rid + 1)),
        1 => (
            format!(
                "<iq id='[id-{n}]' type='get' xmlns='jabber:client'><ping xmlns='urn:xmpp:ping'/></iq>"
            ),
            format!(
                "at once\n  <body>\n    <iq id='[id-{n}]' type='result' xmlns='jabber:client'/>\n  </body>"
            ),
        ),
        2 => (
            format!(
                "<message to='b@localhost' xmlns='jabber:client'><body>Question {n}</body></message>"
            ),
            format!(
                "held\n  retry-after: {n}\n  <body>\n    <message from='b@localhost' xmlns='jabber:client'>\
                 <body>Answer {n}</body></message>\n    <presence from='c{n}@localhost' \
                 type='unavailable' xmlns='jabber:client'/>\n  </body>"
            ),
        ),
        3 => (String::new(), format!("404\n  | not found {n}")),
        _ => (String::new(), "nothing, the client left".to_owned()),
    };
    let request = match &*request {
        "" => format!("<body rid='[rid+{rid}]'/>"),
        request => format!("<body rid='[rid+{rid}]'>\n    {request}\n  </body>"),
    };
    format!("\nclient:\n  {request}\nserver: {response}\n")
}

prop_compose! {
    /// One or two sessions.
    fn transcripts()(sessions in prop::collection::vec(prop::collection::vec(0u8..5, 2..12), 1..3)) -> Transcript {
        let (mut text, mut n) = (String::new(), 0);
        for (number, kinds) in sessions.iter().enumerate() {
            text += &format!("== session {}\n", number + 1);
            for (rid, kind) in kinds.iter().enumerate() {
                n += 1;
                text += &exchange(*kind, rid, n);
            }
        }
        text.parse().unwrap()
    }
}

fn trees<'t>(tree: &'t mut Tree, visit: &mut dyn FnMut(&mut Tree)) {
    visit(tree);
    for node in &mut tree.nodes {
        if let Leaf::Element(child) = node {
            trees(child, visit);
        }
    }
}

/// Does something to one of all elements.
fn one_tree(exchange: &mut Exchange, which: Index, change: impl Fn(&mut Tree)) {
    let mut count = 0;
    let mut each = |visit: &mut dyn FnMut(&mut Tree)| {
        for message in [&mut exchange.client, &mut exchange.server] {
            if let Content::Xml(tree) = &mut message.content {
                trees(tree, visit);
            }
        }
    };
    each(&mut |_| count += 1);
    let chosen = which.index(count);
    let mut n = 0;
    each(&mut |tree| {
        if n == chosen {
            change(tree);
        }
        n += 1;
    });
}

/// Changes one thing.
fn mutate(transcript: &mut Transcript, what: u8, at: Index, which: Index, third: Index) {
    let strand = at.index(transcript.strands.len());
    if what > 12 {
        transcript.strands.remove(strand);
        return;
    }
    let place = &mut transcript.strands[strand].exchanges;
    let mut exchanges: Vec<Exchange> = place.iter().map(Cow::into_owned).collect();
    let n = at.index(exchanges.len());
    match what {
        0 => one_tree(&mut exchanges[n], which, |tree| {
            if !tree.attributes.is_empty() {
                let a = third.index(tree.attributes.len());
                tree.attributes[a].1.push('x');
            }
        }),
        1 => one_tree(&mut exchanges[n], which, |tree| {
            tree.attributes.push(("y".into(), "1".into()));
        }),
        2 => one_tree(&mut exchanges[n], which, |tree| {
            if !tree.attributes.is_empty() {
                tree.attributes.remove(third.index(tree.attributes.len()));
            }
        }),
        3 => one_tree(&mut exchanges[n], which, |tree| {
            if !tree.nodes.is_empty() {
                tree.nodes.remove(third.index(tree.nodes.len()));
            }
        }),
        4 => drop(exchanges.remove(n)),
        5 => exchanges[n].server.words.push_str(", cut"),
        6 => exchanges[n].client.words = "again".to_owned(),
        7 => one_tree(&mut exchanges[n], which, |tree| {
            for node in &mut tree.nodes {
                if let Leaf::Text(text) = node {
                    text.push('!');
                }
            }
        }),
        8 => {
            let other = which.index(exchanges.len());
            let server = exchanges[n].server.clone();
            exchanges[n].server = std::mem::replace(&mut exchanges[other].server, server);
        }
        9 => exchanges[n].server.headers.push(("allow".to_owned(), "POST".to_owned())),
        10 => exchanges[n].server.content = Content::Text(vec!["?".to_owned()]),
        11 => {
            let other = which.index(exchanges.len());
            exchanges.swap(n, other);
        }
        12 => {
            if let Content::Xml(tree) = &mut exchanges[n].client.content {
                tree.attributes[0].1 = "[rid+40]".to_owned();
            }
        }
        _ => unreachable!("no other change is made"),
    }
    *place = exchanges.into_iter().collect();
}

/// How much came, went and became something else.
fn signs(diff: &Diff) -> [usize; 3] {
    let mut signs = [0; 3];
    let mut count = |sign: Sign| signs[sign as usize] += 1;
    for strand in &diff.strands {
        if strand.sign() != Sign::Changed {
            count(strand.sign());
        }
        strand.changes.iter().for_each(|change| count(change.sign()));
        for exchange in &strand.exchanges {
            if exchange.sign() != Sign::Changed {
                count(exchange.sign());
            }
            exchange.changes.iter().for_each(|change| count(change.sign()));
        }
    }
    signs
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_transcript_is_equal_to_itself(transcript in transcripts()) {
        prop_assert!(diff(&transcript, &transcript).is_equal());
    }

    #[test]
    fn the_numbers_of_names_do_not_matter(transcript in transcripts(), by in 1usize..90) {
        let names = regex_lite::Regex::new(r"\[id-(\d+)\]").unwrap();
        let renumbered = names.replace_all(&transcript.to_string(), |found: &regex_lite::Captures<'_>| {
            let number: usize = found[1].parse().unwrap();
            format!("[id-{}]", 100 - number + by)
        }).parse().unwrap();
        prop_assert!(diff(&transcript, &renumbered).is_equal());
    }

    #[test]
    fn one_change_is_found(
        transcript in transcripts(),
        what in 0u8..14,
        at: Index,
        which: Index,
        third: Index,
    ) {
        let mut changed = transcript.clone();
        mutate(&mut changed, what, at, which, third);
        let (there, back) = (diff(&transcript, &changed), diff(&changed, &transcript));
        // Responses without anything of their own may be swapped without a difference.
        prop_assert_eq!(there.is_equal(), transcript == changed, "{}\n{}\n{:?}", transcript, changed, there);
        prop_assert_eq!(there.is_equal(), back.is_equal());
        if what == 11 {
            return Ok(()); // There may be several ways to say that exchanges changed places.
        }
        let ([added, removed, other], mirrored) = (signs(&there), signs(&back));
        prop_assert_eq!([removed, added, other], mirrored, "{}\n{}\n{:?}\n{:?}", transcript, changed, there, back);
    }

    #[test]
    fn what_is_equal_is_so_from_both_sides(one in transcripts(), other in transcripts()) {
        prop_assert_eq!(diff(&one, &other).is_equal(), diff(&other, &one).is_equal());
    }
}

/// A long session: polls, pings and messages.
fn long(length: usize, mut kind: impl FnMut(usize) -> (u8, usize)) -> Transcript {
    let mut text = "== session 1\n".to_owned();
    for rid in 0..length {
        let (kind, n) = kind(rid);
        text += &exchange(kind, rid, n);
    }
    text.parse().unwrap()
}

#[test]
#[allow(clippy::disallowed_methods)] // a test measures real time
fn long_transcripts_are_compared_in_time() {
    let length = 10_000;
    let mixed = |n: usize| ((n * 7919 % 1013 % 3) as u8, n + 1);
    let old = long(length, mixed);
    let more = long(length + 1, |n| match n {
        5000 => (0, 0),
        n => mixed(n - usize::from(n > 5000)),
    });
    let started = std::time::Instant::now();
    assert_eq!(diff(&old, &more).count(), 1);
    let unlike = long(length, |n| ((n * 6007 % 997 % 4) as u8, n + 20_000));
    assert!(!diff(&old, &unlike).is_equal());
    let reversed = long(length, |n| mixed(length - 1 - n));
    assert!(!diff(&old, &reversed).is_equal());
    let few = [3, 5].map(|by| long(length, |n| ((n * n / by % 2) as u8, 1)));
    assert!(!diff(&few[0], &few[1]).is_equal());
    // Without optimisation, and beside other tests: in a release build each is some 50 ms.
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}
