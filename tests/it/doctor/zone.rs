//! DNS of a set-up, on loopback.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::thread;

use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, SRV};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

/// Starts a name server that knows these records, one a line (`NAME [TTL IN] TYPE DATA`), and nothing else.
pub fn serve(zone: &str) -> SocketAddr {
    let records: Vec<(Name, RData)> = zone.lines().filter_map(record).collect();
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok((len, from)) = socket.recv_from(&mut buffer) {
            let _ = socket.send_to(&respond(&buffer[..len], &records), from); // whoever asked may be gone
        }
    });
    address
}

fn respond(question: &[u8], records: &[(Name, RData)]) -> Vec<u8> {
    let question = Message::from_vec(question).unwrap();
    let mut message = Message::response(question.metadata.id, question.metadata.op_code);
    message.queries.clone_from(&question.queries);
    message.metadata.recursion_desired = true;
    message.metadata.recursion_available = true;
    let query = &question.queries[0];
    // names are equal whatever their case
    let mut known = records.iter().filter(|(name, _)| name == query.name()).peekable();
    if known.peek().is_none() {
        message.metadata.response_code = ResponseCode::NXDomain;
    }
    for (name, data) in known.filter(|(_, data)| data.record_type() == query.query_type()) {
        message.answers.push(Record::from_rdata(name.clone(), 60, data.clone()));
    }
    message.to_vec().unwrap()
}

fn record(line: &str) -> Option<(Name, RData)> {
    let line = line.split(';').next().unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    let (name, kind, data) = match &words[..] {
        [] => return None,
        [name, _, "IN", kind, data @ ..] | [name, kind, data @ ..] => (name, kind, data),
        _ => panic!("{line:?} is not a record"),
    };
    let absolute =
        |name: &str| Name::from_ascii(format!("{}.", name.trim_end_matches('.'))).unwrap();
    let number = |at: usize| data[at].parse().unwrap();
    let data = match kind.parse().unwrap() {
        RecordType::A => RData::A(A(data[0].parse().unwrap())),
        RecordType::AAAA => RData::AAAA(AAAA(data[0].parse().unwrap())),
        RecordType::SRV => RData::SRV(SRV::new(number(0), number(1), number(2), absolute(data[3]))),
        other => panic!("records of type {other} are not served"),
    };
    Some((absolute(name), data))
}
