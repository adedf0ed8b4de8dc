use super::table::Cell;
use super::*;
use crate::report::requirements::Checked;
use crate::scenario::{Scenario, load_texts};
use crate::spec::catalogue;

const IDS: [&str; 6] = [
    "bosh-resp-wait",         // MUST
    "bosh-wait-not-exceeded", // SHOULD NOT
    "bosh-rid-window",
    "bosh-no-chunked",
    "bosh-sid-unique",
    "bosh-caching-headers", // not covered
];

/// Scenarios `scenarios/a.yaml`, … that cover these.
fn pack() -> Vec<Scenario> {
    let text = |id: &str| format!("name: x\ncovers: {id}\nsession: none\nsteps:\n  - note: x\n");
    let files = IDS[..5]
        .iter()
        .zip('a'..)
        .map(|(id, name)| (format!("scenarios/{name}.yaml").into(), text(id)));
    load_texts(files, &|_| Err(std::io::Error::other("no other"))).scenarios
}

fn run(name: char, covers: &str, verdict: &str, more: &str) -> String {
    format!(
        "{{\"event\":\"scenario\",\"file\":\"/x/scenarios/{name}.yaml\",\"covers\":[{covers}],\"verdict\":\"{verdict}\",{more}}}\n"
    )
}

fn failure(id: &str, level: &str, known: &str) -> String {
    format!(
        "{{\"requirements\":[{{\"id\":\"{id}\"}}],\"level\":\"{level}\",\"expected\":\"a <b/>\",\"seen\":\"c\"{known}}}"
    )
}

fn outcomes() -> String {
    let quoted = |id: &str| format!("\"{id}\"");
    let known = r#","known":"XEP-0124 §8. It waits. Send <body/>: nothing.""#;
    let mut text = r#"{"xmppscope":"outcomes","version":1,"target":"at 1","name":"Some","software":{"name":"Some","version":"1.2"}}"#.to_owned() + "\n";
    let both = [failure(IDS[0], "must", ""), failure(IDS[1], "should", known)].join(",");
    text += &run(
        'a',
        &format!("{},{}", quoted(IDS[0]), quoted(IDS[1])),
        "failed",
        &format!("\"failures\":[{both}]"),
    );
    text += &run(
        'b',
        &quoted(IDS[1]),
        "known",
        &format!("\"failures\":[{}]", failure(IDS[1], "should", known)),
    );
    let elsewhere = failure(IDS[1], "should", known);
    text += &run(
        'c',
        &format!("{},{}", quoted(IDS[1]), quoted(IDS[2])),
        "known",
        &format!("\"failures\":[{elsewhere}]"),
    );
    text += &run('d', &quoted(IDS[3]), "skipped", "\"reason\":\"not offered\",\"failures\":[]");
    text += &run(
        'e',
        &quoted(IDS[4]),
        "passed",
        // What this machine may have caused is no deviation either.
        &format!(
            "\"failures\":[{},{}]",
            failure(IDS[4], "may", ""),
            failure(IDS[4], "must", r#","lag_ms":3.0"#)
        ),
    );
    text + &run('f', &quoted(IDS[3]), "passed", "\"failures\":[]")
}

fn checked() -> Vec<Checked<'static>> {
    IDS.iter()
        .map(|id| {
            let requirement = catalogue().get(id).unwrap();
            let keeps = crate::cm::keeps::keeps(requirement);
            let (rules, scenarios, defects) = (Vec::new(), Vec::new(), Vec::new());
            let (unwatched, uncovered) = (None, Some("no way"));
            Checked { requirement, keeps, rules, unwatched, scenarios, uncovered, defects }
        })
        .collect()
}

#[test]
fn deviations_are_numbered_by_column() {
    let other = outcomes().replace("\"Some\"", "\"Other\"");
    let slow = other.replace("\"verdict\":\"skipped\"", "\"verdict\":\"inconclusive\"");
    let columns = [&outcomes(), &slow].map(|text| Column::read(text, &pack()).unwrap());
    let checked = checked();
    let table = Table::of(&checked, &columns);
    let broken: Vec<_> = table.cells[..2].iter().flatten().collect();
    let numbers = [0, 2, 1, 3].map(|number| Cell::Broken(vec![number]));
    assert_eq!(broken, numbers.iter().collect::<Vec<_>>());
    assert_eq!(table.cells[3], [Cell::Skipped(vec![0]), Cell::Inconclusive]);
}

#[test]
fn each_cell_says_what_all_scenarios_saw() {
    let columns = [Column::read(&outcomes(), &pack()).unwrap()];
    assert_eq!(columns[0].name(), "Some 1.2");
    let checked = checked();
    let table = Table::of(&checked, &columns);
    let cells: Vec<&Cell> = table.cells.iter().map(|cells| &cells[0]).collect();
    // What is beside the pack is left out: f.
    assert_eq!(
        cells,
        [
            &Cell::Broken(vec![0]),
            &Cell::Broken(vec![1]),
            &Cell::Open(vec![1]),
            &Cell::Skipped(vec![0]),
            &Cell::Kept,
            &Cell::Unchecked
        ]
    );
    let text = write(&table, catalogue());
    for piece in [
        "| requirement | Some 1.2 |",
        "| MUST `bosh-resp-wait`<br>",
        " | **no** [1](#d1) |",
        " | no [2](#d2) |",
        " | open [2](#d2) |",
        " | skip [a](#ra) |",
        "<br>*Not checked: no way.* | – |",
        "**1** Expected a `<b/>`; actual: c (This is not in the target's file.)<br>`bosh-resp-wait`<br>[a](../scenarios/a.yaml)",
        "**2** XEP-0124 §8. It waits. Send `<body/>`: nothing.<br>`bosh-wait-not-exceeded`<br>[a](../scenarios/a.yaml), [b](../scenarios/b.yaml), [c]",
        "**a** not offered",
    ] {
        assert!(text.contains(piece), "{piece}\n{text}");
    }
}

#[test]
fn what_is_a_race_looks_the_same_whoever_won_it() {
    let [won, lost] = ["\"verdict\":\"passed\",\"failures\":[]", "\"verdict\":\"known\",\"failures\":[FAILURE]"]
        .map(|end| {
            let failure = failure(IDS[0], "must", r#","known":"It forgets""#);
            let end = end.replace("FAILURE", &failure);
            let run = |more: &str| {
                format!(
                    "{{\"event\":\"scenario\",\"file\":\"scenarios/a.yaml\",\"covers\":[\"{}\"],{more}}}\n",
                    IDS[0]
                )
            };
            let first = outcomes().lines().next().unwrap().to_owned() + "\n";
            let text = first + &run(&format!("\"sometimes\":[\"It forgets\"],{end}"));
            let columns = [Column::read(&text, &pack()).unwrap()];
            let checked = checked();
            let table = Table::of(&checked, &columns);
            assert_eq!(table.cells[0], [Cell::Sometimes(vec![0])]);
            write(&table, catalogue())
        });
    assert_eq!(won, lost);
    assert!(won.contains(" | sometimes [1](#d1) |"), "{won}");
    assert!(
        won.contains("**1** It forgets<br>`bosh-resp-wait`<br>[a](../scenarios/a.yaml)"),
        "{won}"
    );
}

#[test]
fn what_is_not_whole_or_something_else_is_refused() {
    let told = |text: &str| Column::read(text, &pack()).unwrap_err().to_string();
    assert!(told("").starts_with("not the output of `xmppscope run --format json`: line 1: "));
    assert!(
        told("{\"xmppscope\":\"events\",\"version\":1,\"target\":\"\"}").contains("unknown kind")
    );
    let without: String = outcomes()
        .lines()
        .filter(|line| !line.contains("d.yaml"))
        .map(|line| line.to_owned() + "\n")
        .collect();
    let column = Column::read(&without, &pack()).unwrap();
    let missing = column.whole(&pack()).unwrap_err().to_string();
    assert!(missing.starts_with("scenario scenarios/d.yaml is missing"), "{missing}");
    let other = outcomes().replace("1.2", "1.3");
    let other = Column::read(&other, &pack()).unwrap();
    assert_eq!(Column::join(vec![column, other]).len(), 2);
    let untold = without.replace(r#","software":{"name":"Some","version":"1.2"}"#, "");
    let column = Column::read(&untold, &pack()).unwrap();
    assert_eq!(column.name(), "Some");
    let joined = Column::join(vec![column, Column::read(&outcomes(), &pack()).unwrap()]);
    assert!(joined.len() == 1 && joined[0].whole(&pack()).is_ok());
    assert_eq!(joined[0].name(), "Some 1.2");
    assert!(told(&outcomes().replace("\"failures\":[]", "\"x\":1")).contains("line 5"));
    let verdict = told(&outcomes().replace("\"known\",\"f", "\"knwon\",\"f"));
    assert!(verdict.contains("line 3: unknown verdict \"knwon\""), "{verdict}");
    // They came into the column of the connection manager without defects, as if they were its own.
    let defects = told(&outcomes().replace("at 1", "Some with a/b, c/d, in virtual time"));
    assert!(defects.contains("(a/b, c/d)"), "{defects}");
}

#[test]
fn each_specification_has_its_own_columns() {
    let ids = [IDS[0], "ws-header-namespace"];
    let files = ids.iter().zip('a'..).map(|(id, name)| {
        let text = format!("name: x\ncovers: {id}\nsession: none\nsteps:\n  - note: x\n");
        (format!("scenarios/{name}.yaml").into(), text)
    });
    let pack = load_texts(files, &|_| Err(std::io::Error::other("no other"))).scenarios;
    let column = |server: &str, ends: [&str; 2]| {
        let mut text = outcomes().lines().next().unwrap().replace("Some", server) + "\n";
        for ((id, name), verdict) in ids.iter().zip('a'..).zip(ends) {
            let more = format!("\"reason\":\"no {id}\",\"failures\":[]");
            text += &run(name, &format!("\"{id}\""), verdict, &more);
        }
        Column::read(&text, &pack).unwrap()
    };
    let columns = [column("Both", ["passed", "passed"]), column("Streams", ["skipped", "passed"])];
    let checked: Vec<Checked<'_>> = ids
        .iter()
        .map(|id| Checked {
            requirement: catalogue().get(id).unwrap(),
            keeps: None,
            rules: Vec::new(),
            unwatched: None,
            scenarios: Vec::new(),
            uncovered: None,
            defects: Vec::new(),
        })
        .collect();
    let text = write(&Table::of(&checked, &columns), catalogue());
    for piece in [
        "which requirements of XEP-0124 and RFC 7395 servers",
        ": 2 requirements, of which scenarios cover 2.\n",
        "| specification | requirements | all | – | Both 1.2 | Streams 1.2 |\n",
        "| XEP-0124 | MUST, MUST NOT | 1 | 0 | 1 yes | 1 skip |\n",
        "| RFC 7395 | MUST, MUST NOT | 1 | 0 | 1 yes | 1 yes |\n",
        "Streams 1.2 has no column here: all was skipped ([a](#ra)).\n",
        "| requirement | Both 1.2 |\n",
        "| requirement | Both 1.2 | Streams 1.2 |\n",
        "**a** no bosh-resp-wait\n",
    ] {
        assert!(text.contains(piece), "{piece}\n{text}");
    }
}
