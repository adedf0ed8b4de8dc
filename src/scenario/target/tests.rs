use super::*;
use crate::scenario::read_target;

fn read(text: &str) -> Result<Target, String> {
    let environment = |name: &str| match name {
        "PORT" => Some("5280".to_owned()),
        "SECRET" => Some("se cret".to_owned()),
        _ => None,
    };
    read_target(Path::new("targets/a.yaml"), text.to_owned(), Tolerance::USUAL, &environment)
        .map_err(|all| all.iter().map(|one| one.render(false)).collect::<Vec<_>>().join("\n\n"))
}

const LEAST: &str = "url: http://localhost:5280/http-bind\ndomain: localhost\n";

fn wrong(text: &str) -> String {
    read(&format!("{LEAST}{text}")).unwrap_err()
}

#[test]
fn little_has_to_be_said() {
    let target = read(LEAST).unwrap();
    assert_eq!(target.name, "a");
    assert_eq!(target.address.path, "/http-bind");
    assert_eq!(target.provides, [Provision::Plain, Provision::Bosh]);
    assert_eq!(target.tolerance, Tolerance::USUAL);
    assert!(target.account_sets().is_empty());
}

#[test]
fn all_can_be_said() {
    let target = read(
        "name: Prosody 13
about: with its usual settings
url: http://localhost:${env.PORT}/http-bind
tls: https://localhost:5281/http-bind
websocket: ws://localhost:5280/xmpp-websocket
tcp: xmpp://localhost:5222
direct-tls: xmpps://localhost:5223
ca-file: certs/ca.pem
domain: localhost
anonymous: anon.localhost
rooms: rooms.localhost
accounts:
  - alice: { password: '${env.SECRET}' }
    bob: { user: robert, password: a }
  - alice: { user: alice2, password: '$${b}' }
    bob: { user: bob2, password: b }
provides: [slow, rooms, compression]
tolerance: { late: 80ms }
control:
  stop: [prosodyctl, stop]
  start: start-it
skip:
  - what: scenarios/xep-0124/08/slow.yaml
    why: |
      takes
      long
deviations:
  - what: [bosh-resp-wait, scenarios/xep-0124/07]
    seen: it is absent
    sometimes: true
    why: §7.2 demands it; it says nothing
",
    )
    .unwrap();
    assert_eq!(target.name, "Prosody 13");
    assert_eq!(target.address.to_string(), "http://localhost:5280");
    assert!(target.tls.is_some_and(|tls| tls.is_tls()));
    assert_eq!(target.websocket.unwrap().path, "/xmpp-websocket");
    assert_eq!(target.tcp.unwrap().to_string(), "xmpp://localhost:5222");
    assert!(target.direct_tls.is_some_and(|address| address.is_tls()));
    assert_eq!(target.ca_file.as_deref(), Some(Path::new("targets/certs/ca.pem")));
    assert_eq!(target.accounts["alice"].password, "se cret");
    assert_eq!(target.accounts["bob"].user, "robert");
    assert_eq!(target.more_accounts[0]["alice"].password, "${b}");
    let mut provides = target.provides;
    provides.sort();
    assert_eq!(
        provides,
        [
            Provision::Anonymous,
            Provision::Account,
            Provision::Accounts,
            Provision::Rooms,
            Provision::Tls,
            Provision::Plain,
            Provision::Bosh,
            Provision::WebSocket,
            Provision::Tcp,
            Provision::DirectTls,
            Provision::Compression,
            Provision::Control,
            Provision::Slow
        ]
    );
    let late = Duration::from_millis(80);
    assert_eq!(target.tolerance, Tolerance { late, ..Tolerance::USUAL });
    assert_eq!(target.control[&Action::Stop], ["prosodyctl", "stop"]);
    assert_eq!(target.control[&Action::Start], ["start-it"]);
    assert_eq!(target.skip[0].why, "takes long");
    let [deviation] = &target.deviations[..] else { panic!("{:?}", target.deviations) };
    assert_eq!(deviation.seen.as_deref(), Some("it is absent"));
    assert!(deviation.sometimes);
    assert_eq!(deviation.what[0], What::Requirement("bosh-resp-wait".to_owned()));
    assert_eq!(deviation.what[1], What::Path("scenarios/xep-0124/07".into()));
}

#[test]
fn hosts_are_names_or_addresses_and_nothing_else() {
    let target = read(&format!("{LEAST}hosts: [cdn.example, 10.0.0.1, '[::1]', '::2']\n")).unwrap();
    assert_eq!(target.hosts, ["cdn.example", "10.0.0.1", "::1", "::2"]);
    for host in ["https://a", "a:443", "a/b", "a b"] {
        let said = wrong(&format!("hosts: '{host}'\n"));
        assert!(said.contains("is not the name of a host"), "{said}");
    }
}

#[test]
fn what_stands_under_accounts_is_covered_in_mistakes() {
    for accounts in [
        "{ alice: SECRET }",
        "[SECRET]",
        "[[bob, SECRET]]",
        "{ alice: { pass: SECRET } }",
        "{ alice: { password: [SECRET] } }",
        "{ alice: { password: a, 1: 'SECRET' } }",
        "{ alice: { password: |\n SECRET\n } }",
    ] {
        let said = wrong(&format!("accounts: {accounts}\n"));
        assert!(!said.contains("SECRET"), "{said}");
    }
    let said = wrong("accounts: { alice: { user: visible, password: \"${env.NONE}\", x: y } }\n");
    assert!(said.contains("visible") && said.contains("${env.NONE}"), "{said}");
    let said = wrong("websocket: wss://u:SECRET@h/?token=SECRET\n");
    assert!(said.contains("wss://********@h/?token=******"), "{said}");
}

#[test]
fn all_mistakes_are_told_at_once() {
    insta::assert_snapshot!(
        read(
            "url: localhost:5280
tls: https://localhost
domain: ''
accounts:
  - alice: { password: \"${other}\" }
  - bob: { password: a }
    carol: a
  - alice: { user: carol, password: \"${env.NO_PORT}\" }
    bob: { user: alice, password: a }
provides: [rooms, slo]
tolerance: { late: 50 }
control: { restart: [a], stop: [] }
skip:
  - what: bosh-resp-wiat
deviations:
  - { why: it does otherwise }
"
        )
        .unwrap_err()
    );
}

#[test]
fn a_value_of_the_environment_is_in_no_mistake() {
    let text = wrong("accounts:\n  - alice: { password: ['${env.SECRET}'] }\n");
    assert!(text.contains("expected a string"), "{text}");
    assert!(!text.contains("se cret"), "{text}");
}

#[test]
fn addresses_are_what_they_are_for() {
    assert!(wrong("tls: http://localhost").contains("must begin with https://"));
    let both = "url: https://localhost/\ntls: https://localhost/\ndomain: a\n";
    assert!(read(both).unwrap_err().contains("already uses TLS"));
    assert!(read("").unwrap_err().contains("the file is empty"));
    assert!(read("[]").unwrap_err().contains("a target must be a mapping"));
}

#[test]
fn an_alias_is_one_mistake() {
    let text = wrong("about: &one words\nknown: *one\naccounts: [*one]\n");
    assert_eq!(text.matches("aliases").count(), 2, "{text}");
    assert!(!text.contains("empty"), "{text}");
}

#[test]
fn paths_are_found_wherever_they_are_named_from() {
    let through = |path: &str, part: &str| goes_through(Path::new(path), Path::new(part));
    assert!(through("scenarios/xep-0124/11/a.yaml", "scenarios/xep-0124"));
    assert!(through("/home/me/scenarios/xep-0124/11/a.yaml", "xep-0124/11/a.yaml"));
    assert!(through("../x/a.yaml", "./a.yaml"));
    assert!(!through("scenarios/xep-0124/11/a.yaml", "xep-0124/a.yaml"));
    assert!(!through("scenarios/ba.yaml", "a.yaml"));
    assert!(!through("a.yaml", "."));
}

#[test]
fn attributes_of_creation_are_set_or_left_out() {
    let target = read(&format!(
        "{LEAST}create:\n  attributes: {{ ver: 1.10, 'xmpp:version': '', ack: ~ }}\n"
    ));
    let create = target.unwrap().create;
    let create: Vec<_> =
        create.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
    assert_eq!(create, [("ver", Some("1.10")), ("xmpp:version", Some("")), ("ack", None)]);
}

#[test]
fn mistakes_in_attributes_of_creation_have_their_places() {
    insta::assert_snapshot!(wrong(
        "create:
  attributes: { to: other, rid: 1, 'x:y': 1, 'a b': 1, ver: [1] }
  header: { Origin: x }
"
    ));
    assert!(wrong("create: ack\n").contains("must be a mapping"));
    assert!(wrong("create: { }\n").contains("attributes"));
}

#[test]
fn one_address_of_any_carrier_is_enough() {
    let target = read("tcp: xmpp://localhost\ndomain: localhost\n").unwrap();
    assert_eq!(target.address.to_string(), "xmpp://localhost");
    assert_eq!(target.provides, [Provision::Plain, Provision::Tcp]);
    assert!(read("domain: localhost\n").unwrap_err().contains("a target needs `url`, `websocket`"));
    for (key, url, says) in [
        ("websocket", "http://a", "`websocket` must begin with ws:// or wss://"),
        ("tcp", "xmpps://a", "`tcp` must begin with xmpp://"),
        ("direct-tls", "xmpp://a", "`direct-tls` must begin with xmpps://"),
        ("tcp", "localhost", "`tcp` must begin with xmpp://"),
        ("tcp", "xmpp://localhost/a", "has no path"),
    ] {
        let told = wrong(&format!("{key}: {url}\n"));
        assert!(told.contains(says), "{key}: {url}: {told}");
    }
}
