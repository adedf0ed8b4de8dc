//! Files of packets, made here: connections in every kind of link, and what happens to segments on the way.

use std::io::Cursor;

use etherparse::PacketBuilder;

use super::{is, open};
use crate::trace::capture::{CaptureError, Preface};
use crate::trace::event::{Event, Fact};
use crate::trace::intake::Intake;
use crate::trace::source::Unknown;
use crate::wire::Side;
use crate::wire::tap::How;

const RAW: u32 = 101;

/// A connection whose segments are made here.
struct Talk {
    ports: [u16; 2],
    sequences: [u32; 2],
    packets: Vec<(u32, Vec<u8>)>,
    /// Milliseconds.
    now: u32,
}

#[derive(Clone, Copy, PartialEq)]
enum Flag {
    None,
    Syn,
    Fin,
    Reset,
}

impl Talk {
    fn new(client: u16, server: u16) -> Self {
        Self {
            ports: [client, server],
            sequences: [u32::MAX - 3, 900],
            packets: Vec::new(),
            now: 0,
        }
    }

    fn packet(&self, from: Side, sequence: u32, flag: Flag, data: &[u8]) -> Vec<u8> {
        let (from, to) = (from as usize, from.other() as usize);
        let addresses = [[192, 0, 2, 1], [192, 0, 2, 2]];
        let builder = PacketBuilder::ipv4(addresses[from], addresses[to], 64);
        let builder = builder.tcp(self.ports[from], self.ports[to], sequence, 1000);
        let is_first = flag == Flag::Syn && from == 0;
        let builder = if is_first { builder } else { builder.ack(self.sequences[to]) };
        let builder = match flag {
            Flag::None => builder,
            Flag::Syn => builder.syn(),
            Flag::Fin => builder.fin(),
            Flag::Reset => builder.rst(),
        };
        let mut packet = Vec::new();
        builder.write(&mut packet, data).unwrap();
        packet
    }

    fn send(&mut self, from: Side, flag: Flag, data: &str) -> &mut Self {
        let sequence = self.sequences[from as usize];
        let packet = self.packet(from, sequence, flag, data.as_bytes());
        let more = data.len() as u32 + u32::from(flag == Flag::Syn || flag == Flag::Fin);
        self.sequences[from as usize] = sequence.wrapping_add(more);
        self.now += 10;
        self.packets.push((self.now, packet));
        self
    }

    fn open(client: u16, server: u16) -> Self {
        let mut talk = Self::new(client, server);
        talk.send(Side::Client, Flag::Syn, "").send(Side::Server, Flag::Syn, "");
        talk
    }

    fn client(&mut self, data: &str) -> &mut Self {
        self.send(Side::Client, Flag::None, data)
    }

    fn server(&mut self, data: &str) -> &mut Self {
        self.send(Side::Server, Flag::None, data)
    }
}

fn pcap(link: u32, packets: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let header = [0xa1b2_c3d4, 0x0002_0004, 0, 0, 0xffff, link];
    let mut file: Vec<u8> = header.iter().flat_map(|word: &u32| word.to_be_bytes()).collect();
    for (millis, packet) in packets {
        let size = packet.len() as u32;
        let words = [millis / 1000, millis % 1000 * 1000, size, size];
        file.extend(words.iter().flat_map(|word| word.to_be_bytes()));
        file.extend(packet);
    }
    file
}

/// The same packets as pcapng, with times in nanoseconds.
fn pcapng(link: u16, packets: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let block = |kind: u32, content: Vec<u8>| {
        let size = (content.len() as u32 + 12).to_le_bytes();
        [&kind.to_le_bytes()[..], &size, &content, &size].concat()
    };
    let section = [&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat();
    let link = link.to_le_bytes();
    let interface = [&link[..], &[0, 0], &[0; 4], &[9, 0, 1, 0, 9, 0, 0, 0], &[0; 4]].concat();
    let mut file = [block(0x0a0d_0d0a, section), block(1, interface)].concat();
    for (millis, packet) in packets {
        let nanos = u64::from(*millis) * 1_000_000;
        let words =
            [0, (nanos >> 32) as u32, nanos as u32, packet.len() as u32, packet.len() as u32];
        let mut content: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        content.extend(packet);
        content.resize(content.len().next_multiple_of(4), 0);
        file.extend(block(6, content));
    }
    file
}

fn read(file: &[u8]) -> Result<(Preface, Vec<Event>), CaptureError> {
    assert!(is(&file[..file.len().min(64)]));
    let from = Box::new(Cursor::new(file.to_vec()));
    let (preface, events) = open(from, Intake::new(false, 1 << 20))?;
    Ok((preface, events.filter_map(Result::ok).collect()))
}

/// Each event in a word, with its content.
fn words(events: &[Event]) -> Vec<String> {
    let word = |event: &Event| {
        let content = event.fact.content().map(|content| {
            format!(
                " {}{}",
                String::from_utf8_lossy(&content.bytes),
                if content.cut { " (cut)" } else { "" }
            )
        });
        let side =
            event.fact.from().map_or("", |side| if side == Side::Client { "C " } else { "S " });
        format!("{side}{}{}", event.fact.name(), content.unwrap_or_default()).trim_end().to_owned()
    };
    events.iter().map(word).collect()
}

const REQUEST: &str =
    "POST /http-bind HTTP/1.1\r\nHost: a\r\nContent-Length: 15\r\n\r\n<body rid='1'/>";
const RESPONSE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n<body sid='a'/>";

fn bosh() -> Vec<(u32, Vec<u8>)> {
    let mut talk = Talk::open(40_000, 5280);
    talk.client(&REQUEST[..30]).client(&REQUEST[30..]).server(RESPONSE);
    talk.send(Side::Client, Flag::Fin, "").send(Side::Server, Flag::Fin, "");
    talk.packets
}

const OF_BOSH: [&str; 7] = [
    "opened",
    "C request <body rid='1'/>",
    "S response <body sid='a'/>",
    "ended",
    "ended",
    "closed",
    "finished",
];

#[test]
fn bosh_in_every_kind_of_link() {
    let behind = |header: &[u8]| {
        let with = |(at, packet): (u32, Vec<u8>)| (at, [header, &packet].concat());
        bosh().into_iter().map(with).collect::<Vec<_>>()
    };
    let ethernet = [&[0; 12][..], &[8, 0]].concat();
    let vlan = [&[0; 12][..], &[0x81, 0, 0, 1, 8, 0]].concat();
    let cooked = [&[0; 14][..], &[8, 0]].concat();
    let cooked2 = [&[8, 0][..], &[0; 18]].concat();
    for (link, header) in [
        (RAW, &[][..]),
        (0, &[2, 0, 0, 0]),
        (108, &[0, 0, 0, 2]),
        (1, &ethernet),
        (1, &vlan),
        (113, &cooked),
        (276, &cooked2),
    ] {
        for file in [pcap(link, &behind(header)), pcapng(link as u16, &behind(header))] {
            let (preface, events) = read(&file).unwrap();
            assert_eq!(words(&events), OF_BOSH, "link {link}");
            assert_eq!(events[2].at.as_millis() - events[1].at.as_millis(), 10, "link {link}");
            let Fact::Opened { client } = &events[0].fact else { panic!("{events:?}") };
            assert_eq!(client.to_string(), "192.0.2.1:40000");
            let source = preface.source.unwrap();
            assert_eq!((source.what.as_str(), source.unknown.len()), ("packets (pcap)", 0));
        }
    }
}

#[test]
fn what_has_no_time_is_shown_at_that_of_the_packet_before() {
    // Units of a second, and numbers that are far too large.
    let late = |(at, packet): (u32, Vec<u8>)| (at + 4_000_000_000, packet);
    let mut file = pcapng(RAW as u16, &bosh().into_iter().map(late).collect::<Vec<_>>());
    let resolution = file.windows(5).position(|window| window == [9, 0, 1, 0, 9]).unwrap() + 4;
    file[resolution] = 0;
    let (preface, events) = read(&file).unwrap();
    assert_eq!(words(&events), OF_BOSH);
    let source = preface.source.unwrap();
    assert!(source.unknown.contains(&Unknown::Times), "{source}");
    assert!(source.to_string().contains("without a time, and shown at that of the one before"));
    for value in [1, 30, 63, 127, 0x80, 0x80 | 63, 0xff] {
        file[resolution] = value;
        assert_eq!(words(&read(&file).unwrap().1), OF_BOSH, "{value}");
    }
}

#[test]
fn segments_that_are_lost_sent_again_and_out_of_order() {
    let mut packets = bosh();
    packets.insert(5, packets[3].clone());
    packets.swap(2, 3);
    let (_, events) = read(&pcap(RAW, &packets)).unwrap();
    assert_eq!(words(&events), OF_BOSH);
    // A reset.
    let mut talk = Talk::open(40_000, 80);
    talk.client(REQUEST).send(Side::Server, Flag::Reset, "");
    let (_, events) = read(&pcap(RAW, &talk.packets)).unwrap();
    assert_eq!(
        words(&events),
        ["opened", "C request <body rid='1'/>", "ended", "closed", "finished"]
    );
    let is_reset =
        |event: &Event| matches!(event.fact, Fact::Ended { by: Side::Server, how: How::Reset, .. });
    assert!(events.iter().any(is_reset), "{events:?}");
}

#[test]
fn what_comes_byte_by_byte_is_read() {
    let mut talk = Talk::open(40_000, 5280);
    for byte in REQUEST.chars() {
        talk.client(&byte.to_string());
    }
    for byte in RESPONSE.chars() {
        talk.server(&byte.to_string());
    }
    talk.send(Side::Client, Flag::Fin, "").send(Side::Server, Flag::Fin, "");
    let (_, events) = read(&pcap(RAW, &talk.packets)).unwrap();
    assert_eq!(words(&events), OF_BOSH);
    let Fact::Request(request) = &events[1].fact else { panic!("{events:?}") };
    // The first byte came behind SYN and its answer.
    assert_eq!(request.first.as_millis(), 20);
    for tls in
        ["\x15\x03\x01\x00\x02\x02\x28", "\x14\x03\x03\x00\x01\x01", "\x16\x03\x01\x02\x00\x01"]
    {
        let mut talk = Talk::open(40_000, 443);
        for byte in tls.chars() {
            talk.client(&byte.to_string());
        }
        let error = read(&pcap(RAW, &talk.packets)).err().unwrap().to_string();
        assert!(error.contains("1 connection encrypted with TLS"), "{tls:?}: {error}");
    }
}

#[test]
fn a_gap_is_said_and_reading_goes_on_behind_it() {
    let mut talk = Talk::open(40_000, 5280);
    talk.client(REQUEST)
        .server(RESPONSE)
        .client(REQUEST)
        .server(RESPONSE)
        .client(REQUEST)
        .server(RESPONSE);
    let mut packets = talk.packets;
    packets.remove(4);
    let (preface, events) = read(&pcap(RAW, &packets)).unwrap();
    assert_eq!(
        words(&events),
        [
            "opened",
            "C request <body rid='1'/>",
            "S response <body sid='a'/>",
            "S response <body sid='a'/>",
            "lost",
            "C request <body rid='1'/>",
            "S response <body sid='a'/>",
            "closed",
            "finished",
        ]
    );
    let source = preface.source.unwrap();
    assert!(source.unknown.contains(&Unknown::Missing));
    assert!(
        source.to_string().contains(&format!("{} B were not captured", REQUEST.len())),
        "{source}"
    );
}

#[test]
fn a_stream_and_a_connection_that_began_before() {
    let header = "<stream:stream to='b' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
    let mut talk = Talk::open(40_000, 5222);
    talk.client(header).client(" ").client("<presence/>").client("</stream:stream>");
    let (_, events) = read(&pcap(RAW, &talk.packets)).unwrap();
    let names = [
        "opened",
        &format!("C part {header}"),
        "C part",
        "C part <presence/>",
        "C part </stream:stream>",
        "closed",
        "finished",
    ];
    assert_eq!(words(&events), names);
    let (preface, events) = read(&pcap(RAW, &talk.packets[4..])).unwrap();
    assert_eq!(words(&events)[0], "C part <presence/>");
    assert!(
        preface.source.unwrap().to_string().contains("1 connection began before the first packet")
    );
    // The server is on the other port, as what it says shows.
    let mut talk = Talk::open(80, 40_000);
    talk.server(REQUEST).client(RESPONSE);
    let (_, events) = read(&pcap(RAW, &talk.packets[2..])).unwrap();
    assert_eq!(words(&events)[..2], ["C request <body rid='1'/>", "S response <body sid='a'/>"]);
}

#[test]
fn tls_is_named_with_a_way_to_read_it() {
    let mut talk = Talk::open(40_000, 443);
    talk.client("\x16\x03\x01\x02\x00\x01").server("\x16\x03\x03");
    let error = read(&pcap(RAW, &talk.packets)).err().unwrap().to_string();
    assert!(
        error.starts_with(
            "these packets hold no XMPP in the clear: 1 connection encrypted with TLS"
        ),
        "{error}"
    );
    assert!(error.contains("tshark -r"), "{error}");
    let mut talk = Talk::open(40_000, 5222);
    talk.client("<stream:stream to='b' xmlns:stream='http://etherx.jabber.org/streams'>");
    talk.client("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    talk.server("<stream:stream id='1' xmlns:stream='http://etherx.jabber.org/streams'><proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    talk.client("\x16\x03\x01secret");
    let (_, events) = read(&pcap(RAW, &talk.packets)).unwrap();
    let words = words(&events);
    assert!(words.contains(&"secured".to_owned()), "{words:?}");
    assert!(!format!("{words:?}").contains("secret"), "{words:?}");
}

#[test]
fn other_traffic_is_left_out() {
    let mut packets = bosh();
    let mut other = Talk::open(41_000, 80);
    other
        .client("GET /news HTTP/1.1\r\n\r\n")
        .server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    packets.extend(other.packets.clone());
    packets.sort_by_key(|(at, _)| *at);
    let (preface, events) = read(&pcap(RAW, &packets)).unwrap();
    assert_eq!(words(&events), OF_BOSH);
    assert_eq!(preface.source.unwrap().notes, ["1 connection without XMPP left out"]);
    // Connections are counted without them.
    let early =
        other.packets.iter().cloned().chain(bosh().into_iter().map(|(at, it)| (at + 100, it)));
    let (_, events) = read(&pcap(RAW, &early.collect::<Vec<_>>())).unwrap();
    assert_eq!((words(&events), events[0].conn), (OF_BOSH.map(str::to_owned).to_vec(), 1));
    let error = read(&pcap(RAW, &other.packets)).err().unwrap().to_string();
    assert!(error.starts_with("these packets hold no XMPP: capture at the port"), "{error}");
}

#[test]
fn secrets_are_hidden_in_packets_too() {
    let mut talk = Talk::open(40_000, 5222);
    talk.client("<stream:stream to='b' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>");
    talk.client("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGFsaWNl");
    talk.client("AHNlY3JldA==</auth>");
    let (_, events) = read(&pcap(RAW, &talk.packets)).unwrap();
    let text = format!("{:?}", words(&events));
    assert!(
        text.contains("<auth") && !text.contains("AGFsaWNl") && !text.contains("AHNlY3JldA"),
        "{text}"
    );
}

#[test]
fn damaged_files_do_no_harm() {
    let file = pcap(RAW, &bosh());
    for end in 24..file.len() {
        let _ = read(&file[..end]);
    }
    for at in 0..file.len() {
        for value in [0, 0xff] {
            let mut damaged = file.clone();
            damaged[at] = value;
            if is(&damaged) {
                let _ = read(&damaged);
            }
        }
    }
    let whole = pcapng(RAW as u16, &bosh());
    for end in 0..whole.len() {
        if is(&whole[..end]) {
            let _ = read(&whole[..end]);
        }
    }
    let (_, events) = read(&file[..file.len() - 5]).unwrap();
    assert!(words(&events).contains(&"S response <body sid='a'/>".to_owned()));
}
