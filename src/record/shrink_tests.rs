use std::time::Duration;

use super::*;
use crate::rules::Judge;
use crate::rules::playbook::events;

/// Whether a finding of this name is made.
fn finds(events: &[Event], name: &str) -> bool {
    let mut judge = Judge::default();
    let mut seen = Vec::new();
    for event in events {
        judge.take(event.clone(), &mut seen);
    }
    seen.iter().flat_map(|seen| &seen.findings).any(|finding| finding.name() == name)
}

fn long() -> Vec<Event> {
    let mut script = "0 1 C> <body rid='100000' to='a' wait='60' hold='1' ver='1.6'/>
        5 1 S> <body sid='s1' ver='1.6' wait='60' requests='2' hold='1' inactivity='60'/>\n"
        .to_owned();
    for n in 1..=20_u64 {
        let (at, rid) = (n * 1000, 100_000 + n);
        script += &format!(
            "{at} 1 C> <body rid='{rid}' sid='s1'><message xmlns='jabber:client' id='m{n}'/></body>
             {} 1 S> <body/>\n",
            at + 5
        );
    }
    script += "30000 1 C> <body rid='100021' sid='s1'><presence xmlns='jabber:client'/></body>
               30005 1 S> 502 | <html>Bad Gateway</html>\n";
    events(&script)
}

#[test]
fn what_does_not_matter_is_left_out_and_rids_close_up() {
    let all = long();
    let status = |events: &[Event]| {
        events.iter().any(|event| matches!(&event.fact, Fact::Response(it) if it.status == 502))
    };
    let shrunk = shrink(&all, &mut |events| status(events), &mut |_| true).unwrap();
    assert_eq!((shrunk.before, shrunk.left, shrunk.finished), (22, 2, true));
    let rids: Vec<String> = shrunk
        .events
        .iter()
        .filter_map(|event| match &event.fact {
            Fact::Request(request) => Some(String::from_utf8_lossy(&request.content.bytes)),
            _ => None,
        })
        .map(|text| text.split("rid='").nth(1).unwrap()[..6].to_owned())
        .collect();
    assert_eq!(rids, ["100000", "100001"], "the login stays, and there is no gap");
    assert!(!finds(&shrunk.events, "rid-gap") && !finds(&shrunk.events, "rid-jump"));
    // The response belongs to the second request of its connection now.
    let answers = shrunk.events.iter().rev().find_map(|event| match &event.fact {
        Fact::Response(response) => response.answers,
        _ => None,
    });
    assert_eq!(answers, Some(1));
}

#[test]
fn what_is_not_there_is_not_found_and_time_may_be_over() {
    let all = long();
    assert!(shrink(&all, &mut |_| false, &mut |_| true).is_none());
    let shrunk = shrink(&all, &mut |_| true, &mut |progress| progress.tries < 1).unwrap();
    assert!(!shrunk.finished);
    assert!(shrunk.events.iter().all(|event| event.at < Duration::from_secs(60)));
}
