//! Stream management (XEP-0198), as clients meet it.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

const ENABLE: &str = "<enable xmlns='urn:xmpp:sm:3' resume='true'/>";
const ASK: &str = "<r xmlns='urn:xmpp:sm:3'/>";

impl Bed {
    /// A user without a resource, whose stream may be managed.
    fn known(&mut self, link: Link, user: &str) {
        let to = "example.org".to_owned();
        let version = Some("1.0".to_owned());
        let opening = Opening { to, version, management: true, ..Opening::default() };
        self.command(link, Command::Open(opening));
        let secret = STANDARD.encode(format!("\0{user}\0{user}-secret"));
        self.send(link, &format!("<auth xmlns='{}' mechanism='PLAIN'>{secret}</auth>", ns::SASL));
        self.command(link, Command::Restart);
        has(&self.hear(link), &["<sm xmlns='urn:xmpp:sm:3'/>"]);
    }

    /// An available user with a stream that can be resumed: by which id.
    fn managed(&mut self, link: Link, user: &str, resource: &str) -> String {
        self.known(link, user);
        self.send(link, &BIND.replace(">R<", &format!(">{resource}<")));
        self.send(link, "<presence/>");
        self.hear(link);
        self.send(link, ENABLE);
        let enabled = self.hear(link).concat();
        assert!(enabled.contains(" resume='true' max='300'"), "{enabled}");
        enabled.split(" id='").nth(1).unwrap().split('\'').next().unwrap().to_owned()
    }

    fn resume(&mut self, link: Link, id: &str, handled: usize) {
        self.send(link, &format!("<resume xmlns='urn:xmpp:sm:3' previd='{id}' h='{handled}'/>"));
    }

    fn acknowledge(&mut self, link: Link, handled: &str) {
        self.send(link, &format!("<a xmlns='urn:xmpp:sm:3' h='{handled}'/>"));
    }

    fn write(&mut self, link: Link, to: &str, text: usize) {
        self.send(
            link,
            &format!("<message type='chat' to='{to}@example.org'><body>{text}</body></message>"),
        );
    }
}

/// The bodies of messages among what was heard.
fn bodies(heard: &[String]) -> Vec<usize> {
    let body = |text: &String| text.split("<body>").nth(1)?.split('<').next()?.parse().ok();
    heard.iter().filter_map(body).collect()
}

#[test]
fn it_is_enabled_once_behind_a_resource_and_never_over_bosh() {
    let mut bed = Bed::new();
    bed.known(1, "alice");
    bed.send(1, ENABLE);
    has(&bed.hear(1), &["<failed xmlns='urn:xmpp:sm:3'><unexpected-request"]);
    bed.managed(2, "bob", "R");
    bed.send(2, ENABLE);
    has(&bed.hear(2), &["<policy-violation"]);
    bed.login(3, "bob", "S");
    bed.send(3, ENABLE);
    has(&bed.hear(3), &["unexpected-request"]);
}

#[test]
fn stanzas_are_counted_and_nothing_else_is() {
    let mut bed = Bed::new();
    bed.managed(1, "alice", "R");
    bed.send(1, ASK);
    assert_eq!(bed.hear(1), ["<a xmlns='urn:xmpp:sm:3' h='0'/>"]);
    bed.send(1, "<presence/>");
    bed.send(1, "<message to='nobody@else.where'/>");
    bed.acknowledge(1, "0");
    bed.send(1, ASK);
    assert_eq!(bed.hear(1).last().unwrap(), "<a xmlns='urn:xmpp:sm:3' h='2'/>");
    for wrong in ["", "abc", "-1"] {
        let mut bed = Bed::new();
        bed.managed(1, "alice", "R");
        bed.acknowledge(1, wrong);
        has(&bed.hear(1), &["<bad-format"]);
    }
}

#[test]
fn more_than_was_sent_cannot_be_acknowledged() {
    let mut bed = Bed::new();
    bed.managed(1, "alice", "R");
    bed.managed(2, "bob", "R");
    bed.write(2, "alice", 1);
    assert_eq!(bodies(&bed.hear(1)), [1]);
    bed.acknowledge(1, "50");
    let error = "<undefined-condition xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
        <handled-count-too-high xmlns='urn:xmpp:sm:3' h='50' send-count='2'/>";
    has(&bed.hear(1), &[error]);
}

#[test]
fn a_stream_is_resumed_with_what_was_not_acknowledged() {
    let mut bed = Bed::new();
    let id = bed.managed(1, "alice", "R");
    bed.present(2, "bob", "R");
    bed.hear(1);
    for n in 1..=3 {
        bed.write(2, "alice", n);
    }
    assert_eq!(bodies(&bed.hear(1)), [1, 2, 3]);
    bed.write(1, "bob", 9);
    bed.command(1, Command::Lost);
    bed.write(2, "alice", 4);
    assert!(bodies(&bed.hear(1)).is_empty());
    assert!(!bed.hear(2).concat().contains("unavailable"), "alice is still there");
    bed.known(3, "alice");
    // Alice had seen bob's presence, and the first message.
    bed.resume(3, &id, 2);
    let heard = bed.hear(3);
    assert_eq!(heard[0], format!("<resumed xmlns='urn:xmpp:sm:3' h='1' previd='{id}'/>"));
    assert_eq!(bodies(&heard), [2, 3, 4]);
    assert!(!heard.concat().contains("delay"), "unchanged: {heard:?}");
    bed.write(3, "bob", 10);
    bed.write(2, "alice", 5);
    assert_eq!((bodies(&bed.hear(3)), bodies(&bed.hear(2))), (vec![5], vec![10]));
    // The link that it had is not its own any more.
    bed.write(1, "bob", 11);
    bed.command(1, Command::Close);
    assert!(bodies(&bed.hear(2)).is_empty());
    bed.command(3, Command::Lost);
    bed.known(4, "alice");
    bed.resume(4, &id, 5);
    assert_eq!(bodies(&bed.hear(4)), [5]);
}

#[test]
fn a_resumption_ends_the_connection_that_the_stream_had() {
    let mut bed = Bed::new();
    let id = bed.managed(1, "alice", "R");
    bed.known(2, "alice");
    bed.resume(2, &id, 0);
    has(&bed.hear(1), &["<conflict"]);
    has(&bed.hear(2), &["<resumed"]);
    bed.command(1, Command::Lost);
    bed.send(2, ASK);
    has(&bed.hear(2), &["<a "]);
}

#[test]
fn what_cannot_be_resumed_leaves_the_login_as_it_is() {
    let mut bed = Bed::new();
    let id = bed.managed(1, "alice", "R");
    bed.send(1, "<presence/>");
    bed.known(2, "bob");
    for known in [&id, "nosuch"] {
        bed.resume(2, known, 0);
        let failed = "<failed xmlns='urn:xmpp:sm:3'><item-not-found";
        has(&bed.hear(2), &[failed]);
    }
    bed.send(2, BIND);
    has(&bed.hear(2), &["<jid>bob@example.org/R</jid>"]);
    bed.resume(2, &id, 0);
    has(&bed.hear(2), &["unexpected-request"]);
    // After an orderly end, it is known how much had come.
    bed.command(1, Command::Close);
    bed.known(3, "alice");
    bed.resume(3, &id, 0);
    has(&bed.hear(3), &["<failed xmlns='urn:xmpp:sm:3' h='1'><item-not-found"]);
    let id = bed.managed(4, "alice", "S");
    bed.command(4, Command::Lost);
    bed.resume(3, &id, 7);
    has(&bed.hear(3), &["send-count='0'"]);
}

#[test]
fn a_stream_that_is_not_resumed_ends_and_its_stanzas_find_another_way() {
    let mut bed = Bed::new();
    bed.managed(1, "alice", "R");
    bed.present(2, "bob", "R");
    bed.command(1, Command::Lost);
    bed.write(2, "alice", 1);
    bed.send(
        2,
        "<iq type='get' id='q' to='alice@example.org/R'><ping xmlns='urn:xmpp:ping'/></iq>",
    );
    bed.hear(2);
    let due = bed.server.deadline().unwrap();
    assert_eq!(due, NOW + Duration::from_secs(300));
    bed.server.wake(due);
    let heard = bed.hear(2).concat();
    assert!(heard.contains("service-unavailable") && heard.contains("unavailable'"), "{heard}");
    bed.login(3, "alice", "R");
    bed.send(3, "<presence/>");
    let heard = bed.hear(3);
    assert_eq!(bodies(&heard), [1]);
    assert!(heard.concat().contains("<delay"), "it was kept: {heard:?}");
    assert_eq!(bed.server.deadline(), None);
}

#[test]
fn what_one_device_did_not_read_is_for_another() {
    let mut bed = Bed::new();
    bed.managed(1, "alice", "R");
    bed.present(2, "bob", "R");
    bed.present(3, "alice", "S");
    bed.send(2, "<message to='alice@example.org/R'><body>1</body></message>");
    assert_eq!(bodies(&bed.hear(1)), [1]);
    bed.command(1, Command::Close);
    assert_eq!(bodies(&bed.hear(3)), [1]);
}

#[test]
fn a_client_is_asked_now_and_then() {
    let mut bed = Bed::new();
    bed.managed(1, "alice", "R");
    bed.login(2, "bob", "R");
    bed.write(2, "alice", 0);
    assert!(!bed.hear(1).contains(&ASK.to_owned()));
    let due = bed.server.deadline().unwrap();
    assert_eq!(due, NOW + Duration::from_secs(5));
    bed.server.wake(due);
    assert_eq!(bed.hear(1), [ASK]);
    for n in 1..20 {
        bed.write(2, "alice", n);
    }
    assert!(!bed.hear(1).contains(&ASK.to_owned()), "it has not answered");
    bed.acknowledge(1, "1");
    bed.write(2, "alice", 20);
    let heard = bed.hear(1);
    assert!(heard[1] == ASK, "{heard:?}");
    bed.command(1, Command::Ping);
    assert_eq!(bed.hear(1), [ASK]);
    bed.command(2, Command::Ping);
    has(&bed.hear(2), &["<ping xmlns='urn:xmpp:ping'/>", "from='example.org'"]);
}

#[test]
fn what_is_not_acknowledged_is_bounded() {
    let mut bed = Bed::new();
    bed.managed(1, "alice", "R");
    bed.login(2, "bob", "R");
    for n in 0..=1000 {
        bed.write(2, "alice", n);
    }
    has(&bed.hear(1), &["<policy-violation"]);
    bed.login(3, "alice", "S");
    bed.send(3, "<presence/>");
    assert_eq!(bodies(&bed.hear(3)).len(), 100, "as many as are kept for her");
}

/// What happens next to a client with a managed stream and to one that writes to it.
#[derive(Debug, Clone, Copy)]
enum Deed {
    /// The client writes.
    Write,
    /// The other writes to the client.
    Hear,
    /// So many of the client's elements arrive.
    Arrive(u8),
    /// The client takes so many of the server's.
    Take(u8),
    /// The client acknowledges what it has taken.
    Acknowledge,
    /// The connection breaks; what is under way is lost.
    Cut,
    /// The client comes back, whether the server knows of the break or not.
    Resume,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => Just(Deed::Write),
        6 => Just(Deed::Hear),
        6 => (1u8..6).prop_map(Deed::Arrive),
        6 => (1u8..6).prop_map(Deed::Take),
        3 => Just(Deed::Acknowledge),
        1 => Just(Deed::Cut),
        2 => Just(Deed::Resume),
    ]
}

/// A client as the specification describes it.
struct Model {
    bed: Bed,
    id: String,
    link: Link,
    /// What it sent and is under way, and what was not acknowledged.
    under_way: VecDeque<String>,
    unacknowledged: VecDeque<usize>,
    acknowledged: usize,
    written: usize,
    /// What was sent to it and is under way.
    coming: VecDeque<String>,
    taken: usize,
    got: Vec<usize>,
    said: usize,
    /// What the other has got.
    other: Vec<usize>,
}

impl Model {
    fn new() -> Self {
        let mut bed = Bed::new();
        bed.present(1, "bob", "R");
        let id = bed.managed(2, "alice", "R");
        bed.hear(1);
        Self {
            bed,
            id,
            link: 2,
            under_way: VecDeque::new(),
            unacknowledged: VecDeque::new(),
            acknowledged: 0,
            written: 0,
            coming: VecDeque::new(),
            taken: 0,
            got: Vec::new(),
            said: 0,
            other: Vec::new(),
        }
    }

    fn sends(&mut self, number: usize) {
        self.under_way.push_back(format!(
            "<message type='chat' to='bob@example.org'><body>{number}</body></message>"
        ));
    }

    fn does(&mut self, deed: Deed) {
        match deed {
            Deed::Write => {
                self.written += 1;
                self.unacknowledged.push_back(self.written);
                self.sends(self.written);
            }
            Deed::Hear => {
                self.said += 1;
                self.bed.write(1, "alice", self.said);
            }
            Deed::Arrive(count) => {
                for _ in 0..count {
                    let Some(element) = self.under_way.pop_front() else { break };
                    self.bed.send(self.link, &element);
                }
            }
            Deed::Take(count) => {
                for _ in 0..count {
                    let Some(text) = self.coming.pop_front() else { break };
                    self.take(&text);
                }
            }
            Deed::Acknowledge => {
                self.under_way.push_back(format!("<a xmlns='urn:xmpp:sm:3' h='{}'/>", self.taken));
                self.under_way.push_back(ASK.to_owned());
            }
            Deed::Cut => {
                self.under_way.clear();
                self.coming.clear();
                self.bed.command(self.link, Command::Lost);
            }
            Deed::Resume => self.resumes(),
        }
        self.listens();
    }

    fn listens(&mut self) {
        self.coming.extend(self.bed.hear(self.link));
        self.other.extend(bodies(&self.bed.hear(1)));
    }

    fn take(&mut self, text: &str) {
        if let Some(handled) = text.split(" h='").nth(1) {
            let handled = handled.split('\'').next().unwrap().parse().unwrap();
            self.handles(handled);
        } else if text == ASK {
            self.under_way.push_back(format!("<a xmlns='urn:xmpp:sm:3' h='{}'/>", self.taken));
        } else {
            self.taken += 1;
            self.got.extend(bodies(&[text.to_owned()]));
        }
    }

    /// The server has received so many stanzas.
    fn handles(&mut self, handled: usize) {
        assert!((self.acknowledged..=self.written).contains(&handled), "{handled}");
        self.unacknowledged.drain(..handled - self.acknowledged);
        self.acknowledged = handled;
    }

    fn resumes(&mut self) {
        self.under_way.clear();
        self.coming.clear();
        self.link += 1;
        self.bed.known(self.link, "alice");
        self.bed.resume(self.link, &self.id.clone(), self.taken);
        self.listens();
        let resumed = self.coming.pop_front().expect("an answer");
        assert!(resumed.starts_with("<resumed "), "{resumed}");
        self.take(&resumed);
        assert_eq!(self.other.len(), self.acknowledged, "what was counted was delivered");
        for number in self.unacknowledged.clone() {
            self.sends(number);
        }
    }

    /// Everything arrives in the end.
    fn ends(&mut self) {
        self.does(Deed::Resume);
        self.does(Deed::Arrive(u8::MAX));
        while !self.coming.is_empty() {
            self.does(Deed::Take(u8::MAX));
        }
        self.does(Deed::Acknowledge);
        self.does(Deed::Arrive(u8::MAX));
        self.does(Deed::Take(u8::MAX));
        assert_eq!(self.got, (1..=self.said).collect::<Vec<_>>(), "to the client");
        assert_eq!(self.other, (1..=self.written).collect::<Vec<_>>(), "from the client");
        assert!(self.unacknowledged.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// However often the connection breaks and wherever: nothing is lost, nothing comes twice, all in order.
    #[test]
    fn nothing_is_lost_and_nothing_comes_twice(deeds in prop::collection::vec(deed(), 0..80)) {
        let mut model = Model::new();
        for deed in deeds {
            model.does(deed);
        }
        model.ends();
    }
}
