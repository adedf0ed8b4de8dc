use super::*;
use crate::cm::stream::{Entry, Ids, Outbound, message};
use crate::random::Seeded;
use crate::xml::Limits;

const OPEN: &str = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='a' version='1.0'/>";
const CLOSE: &str = "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>";
const START: Duration = Duration::from_secs(100);

/// A stream with what it did: commands by name, and what it sent as text.
struct Bed {
    entry: Entry,
    policy: Policy,
    now: Duration,
    link: Link,
}

impl Bed {
    fn new(framing: Framing, security: Security) -> Self {
        Self::serving(Some("here".to_owned()), framing, security)
    }

    fn serving(domain: Option<String>, framing: Framing, security: Security) -> Self {
        let policy = Policy::default();
        let ids = Ids::new(&mut Seeded::new(1));
        let how = (256, framing, security);
        let served = Served { domain, pings: true };
        let session = Session::new(how, served, Arc::new(policy.clone()), ids, START);
        let peer = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
        Self { entry: Entry::new(Box::new(session), peer), policy, now: START, link: 256 }
    }

    fn framed() -> Self {
        Self::new(Framing::Framed, Security::Settled)
    }

    /// With an open stream, of which nothing waits any more.
    fn open(framing: Framing) -> Self {
        let mut bed = Self::new(framing, Security::Settled);
        bed.does(Input::Header(header()));
        bed.opened();
        bed
    }

    fn does(&mut self, input: Input) -> Vec<String> {
        let mut commands = Vec::new();
        self.entry.handle(input, &self.policy.bounds, self.now, &mut commands);
        self.what(commands)
    }

    fn what(&mut self, commands: Vec<(Link, Command)>) -> Vec<String> {
        let name =
            |command: Command| format!("{command:?}").split(['(', ' ']).next().unwrap().to_owned();
        let mut all: Vec<String> = commands
            .into_iter()
            .map(|(link, command)| {
                self.link = link;
                name(command)
            })
            .collect();
        while let Some(outbound) = self.entry.output() {
            all.push(match outbound {
                Outbound::Text(text) => text,
                other => format!("{other:?}"),
            });
        }
        all
    }

    fn says(&mut self, text: &str) -> Vec<String> {
        self.does(message(text, &Limits::default()))
    }

    fn server(&mut self, event: Event) -> Vec<String> {
        let link = self.link;
        self.does(Input::Server(link, event))
    }

    fn opened(&mut self) -> Vec<String> {
        let event = Event::Opened { from: Some("a".to_owned()), version: Some("1.0".to_owned()) };
        self.server(event)
    }

    fn after(&mut self, seconds: u64) -> Vec<String> {
        self.now += Duration::from_secs(seconds);
        self.does(Input::Wake)
    }
}

fn header() -> Header {
    Header { to: Some("a".into()), version: Some("1.0".into()), ..Header::default() }
}

fn element(namespace: &str, name: &str) -> Event {
    Event::Element(Element::new(namespace, name))
}

#[test]
fn a_stream_is_opened_restarted_and_closed() {
    let mut bed = Bed::framed();
    assert_eq!(bed.says(OPEN), ["Open"]);
    let first = bed.opened();
    let begin = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='a' id='";
    assert!(first[0].starts_with(begin) && first[0].ends_with(" version='1.0' xml:lang='en'/>"));
    let features = bed.server(element(ns::STREAMS, "features"));
    assert_eq!(features, ["<features xmlns='http://etherx.jabber.org/streams'/>"]);
    assert_eq!(bed.says("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"), ["Send"]);
    bed.server(element(ns::SASL, "success"));
    assert_eq!(bed.says(OPEN), ["Restart"]);
    assert_ne!(bed.opened(), first, "another id");
    assert_eq!(bed.says("<presence xmlns='jabber:client'/>"), ["Send"]);
    assert_eq!(bed.says(CLOSE), ["Close", CLOSE]);
    assert!(bed.says(OPEN).is_empty());
    // The client does not close its WebSocket.
    assert!(bed.after(1).is_empty());
    assert_eq!(bed.after(1), ["Close(1000)"]);
    assert_eq!(bed.entry.deadline(), None);
}

#[test]
fn over_tcp_a_stream_is_a_document() {
    let mut bed = Bed::new(Framing::Raw, Security::Settled);
    let said = Header { from: Some("u@a".into()), lang: Some("de".into()), ..header() };
    assert_eq!(bed.does(Input::Header(said)), ["Open"]);
    let shown = bed.opened();
    let begin = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
        xmlns:stream='http://etherx.jabber.org/streams' from='a' to='u@a' id='";
    assert!(shown[0].starts_with(begin) && shown[0].ends_with("' version='1.0' xml:lang='de'>"));
    assert_eq!(bed.server(element(ns::STREAMS, "features")), ["<stream:features/>"]);
    assert_eq!(bed.server(element(ns::CLIENT, "iq")), ["<iq/>"]);
    assert_eq!(bed.does(Input::End), ["Close", "</stream:stream>", "Close(1000)"]);
}

#[test]
fn what_is_refused_is_told_within_a_stream() {
    for (said, condition) in [
        ("<presence xmlns='jabber:client'/>", "invalid-xml"),
        ("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>", "improper-addressing"),
        (
            "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='a' version='x'/>",
            "unsupported-version",
        ),
        ("<open xmlns='jabber:client' to='a'/>", "invalid-namespace"),
        ("<open", "not-well-formed"),
    ] {
        let mut bed = Bed::framed();
        let shown = bed.says(said);
        assert!(shown[0].starts_with("<open ") && shown[0].contains(" from='here'"), "{shown:?}");
        assert!(shown[1].contains(condition), "{shown:?}");
        assert_eq!(shown[2..], [CLOSE]);
        assert_eq!(bed.says(CLOSE), ["Close(1000)"], "the client has ended too");
    }
    let mut bed = Bed::framed();
    bed.says(OPEN);
    let shown = bed.server(Event::Failed(Condition::HostUnknown));
    assert!(shown[0].contains(" from='here'") && shown[1].contains("host-unknown"), "{shown:?}");
}

#[test]
fn before_an_error_stands_a_header_also_if_no_domain_is_known() {
    for framing in [Framing::Framed, Framing::Raw] {
        for (event, condition) in [
            (Event::Failed(Condition::HostUnknown), "host-unknown"),
            (Event::Failed(Condition::RemoteConnectionFailed), "remote-connection-failed"),
            (Event::Error(stream_error("system-shutdown")), "system-shutdown"),
        ] {
            let mut bed = Bed::serving(None, framing, Security::Settled);
            bed.does(Input::Header(header()));
            let shown = bed.server(event);
            assert!(shown[0].contains(" from=''") && shown[0].contains(" id='"), "{shown:?}");
            assert!(shown[1].contains(condition), "{shown:?}");
        }
    }
}

#[test]
fn what_is_wrong_in_a_stream_ends_it() {
    for (said, condition) in [
        (OPEN, "policy-violation"),
        ("<iq xmlns='jabber:server'/>", "invalid-namespace"),
        ("<message/>", "invalid-namespace"),
        ("<close/>", "invalid-namespace"),
        ("<a xmlns='http://etherx.jabber.org/streams'/>", "unsupported-stanza-type"),
        ("<!-- -->", "restricted-xml"),
    ] {
        let shown = Bed::open(Framing::Framed).says(said);
        assert_eq!((shown[0].as_str(), shown[2].as_str()), ("Close", CLOSE), "{said}: {shown:?}");
        assert!(shown[1].contains(condition), "{said}: {shown:?}");
    }
    let error = "<error xmlns='http://etherx.jabber.org/streams'/>";
    assert_eq!(Bed::open(Framing::Framed).says(error), ["Close", CLOSE]);
}

#[test]
fn tls_is_all_that_is_offered_where_it_is_required() {
    let mut bed = Bed::new(Framing::Raw, Security::Required);
    bed.does(Input::Header(header()));
    bed.opened();
    let offered = "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>";
    assert_eq!(bed.server(element(ns::STREAMS, "features")), [offered]);
    let refused = bed.does(Input::Element(Element::new(ns::SASL, "auth")));
    assert!(refused[0].contains("<encryption-required/>"), "{refused:?}");
    let proceed = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
    let starttls = || Input::Element(Element::new(ns::TLS, "starttls"));
    assert_eq!(bed.does(starttls()), ["Close", proceed, "StartTls"]);
    // What came in the clear behind it is not heard.
    assert!(bed.does(Input::Header(header())).is_empty());
    bed.does(Input::Secured);
    assert_eq!(bed.does(Input::Header(header())), ["Open"]);
    assert_eq!(bed.link, 257);
    bed.opened();
    assert_eq!(bed.server(element(ns::STREAMS, "features")), ["<stream:features/>"]);
    let shown = bed.does(starttls());
    let failure = "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
    assert_eq!(shown, ["Close", failure, "</stream:stream>"]);
}

#[test]
fn tls_that_is_offered_can_be_left_out_but_not_put_off() {
    let starttls = || Input::Element(Element::new(ns::TLS, "starttls"));
    let offered =
        "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>";
    let mut bed = Bed::new(Framing::Raw, Security::Offered);
    bed.does(Input::Header(header()));
    bed.opened();
    assert_eq!(bed.server(element(ns::STREAMS, "features")), [offered]);
    assert_eq!(bed.does(starttls())[2], "StartTls");
    bed.does(Input::Secured);
    bed.does(Input::Header(header()));
    bed.opened();
    assert_eq!(bed.server(element(ns::STREAMS, "features")), ["<stream:features/>"]);

    let mut bed = Bed::new(Framing::Raw, Security::Offered);
    bed.does(Input::Header(header()));
    bed.opened();
    bed.server(element(ns::STREAMS, "features"));
    assert_eq!(bed.does(Input::Element(Element::new(ns::SASL, "auth"))), ["Send"]);
    bed.server(element(ns::SASL, "success"));
    bed.does(Input::Header(header()));
    bed.opened();
    assert_eq!(bed.server(element(ns::STREAMS, "features")), ["<stream:features/>"]);
    assert!(bed.does(starttls())[1].starts_with("<failure "));
}

#[test]
fn stanzas_have_to_wait_for_tls() {
    let mut bed = Bed::new(Framing::Raw, Security::Required);
    bed.does(Input::Header(header()));
    bed.opened();
    let shown = bed.does(Input::Element(Element::new(ns::CLIENT, "message")));
    assert!(shown[1].contains("not-authorized"), "{shown:?}");
}

#[test]
fn a_client_that_does_not_read_is_bounded() {
    // Cause: what was to be sent had no bound.
    let mut bed = Bed::open(Framing::Framed);
    let most = bed.policy.bounds.waiting;
    let message = |n: usize| {
        let message = Element::new(ns::CLIENT, "message").with_attr("from", "b@a/b");
        Event::Element(message.with_attr("id", &n.to_string()))
    };
    let mut commands = Vec::new();
    for n in 0..=most {
        assert!(commands.is_empty());
        let input = Input::Server(256, message(n));
        bed.entry.handle(input, &bed.policy.bounds, START, &mut commands);
    }
    let Command::Undelivered(back) = &commands[0].1 else { panic!("{commands:?}") };
    assert_eq!((back.len(), back[0].attr("id")), (most + 1, Some("0")));
    assert_eq!(commands[1..], [(256, Command::Close)]);
    let shown = bed.what(Vec::new());
    assert!(shown[0].contains("<policy-violation"), "{shown:?}");
    assert_eq!((&shown[1..], bed.entry.queued()), (&[CLOSE.to_owned()][..], 0));
}

#[test]
fn what_a_client_that_vanished_did_not_read_goes_back() {
    for framing in [Framing::Framed, Framing::Raw] {
        let mut bed = Bed::open(framing);
        let (bounds, mut commands) = (Policy::default().bounds, Vec::new());
        let message = Element::new(ns::CLIENT, "message").with_attr("from", "b@a/b");
        let event = Event::Element(message.clone());
        bed.entry.handle(Input::Server(256, event), &bounds, START, &mut commands);
        bed.entry.gone(START, &mut commands);
        assert_eq!(commands[1..], [(256, Command::Lost)]);
        let Command::Undelivered(back) = &commands[0].1 else { panic!("{commands:?}") };
        assert_eq!(back.iter().map(Element::detached).collect::<Vec<_>>(), [message]);
    }
}

#[test]
fn who_does_not_log_in_or_answer_is_not_waited_for() {
    let shown = Bed::framed().after(60);
    assert!(shown[0].starts_with("<open ") && shown[1].contains("connection-timeout"), "{shown:?}");
    let mut bed = Bed::open(Framing::Framed);
    bed.server(element(ns::SASL, "success"));
    assert_eq!(bed.after(45), ["Ping"]);
    assert_eq!(bed.after(45), ["Ping"]);
    bed.does(Input::Alive);
    assert_eq!(bed.after(45), ["Ping"]);
    assert!(bed.after(44).is_empty());
    let shown = bed.after(61);
    assert_eq!(shown[0], "Lost", "it may come back");
    assert!(shown[1].contains("connection-timeout"), "{shown:?}");
    let mut bed = Bed::open(Framing::Raw);
    bed.server(element(ns::SASL, "success"));
    assert_eq!(bed.after(45), ["Ping", "Ping"], "the server asks, and white space is sent");
}
