//! A DNS server for tests, on loopback.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::thread;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::SRV;
use hickory_resolver::proto::rr::{Name, RData, Record};

use super::resolve;

/// An SRV record: priority, weight, port and target.
pub(crate) type Srv = (u16, u16, u16, &'static str);

/// What the server answers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    Records(&'static [Srv]),
    /// The records do not fit into a datagram: they come over TCP.
    Truncated(&'static [Srv]),
    Code(ResponseCode),
    Silence,
}

/// A resolver that asks a server which answers every question alike.
pub(crate) fn resolver(answer: Answer) -> TokioResolver {
    let address = start(answer);
    let mut server = NameServerConfig::udp_and_tcp(address.ip());
    for connection in &mut server.connections {
        connection.port = address.port();
    }
    let config = ResolverConfig::from_parts(None, vec![], vec![server]);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    resolve::be_quick(builder.options_mut());
    builder.build().unwrap()
}

fn start(answer: Answer) -> SocketAddr {
    let (udp, tcp) = loop {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        // Another process may have this port for TCP.
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()) {
            break (udp, tcp);
        }
    };
    let address = udp.local_addr().unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok((len, from)) = udp.recv_from(&mut buffer) {
            if let Some(bytes) = respond(&buffer[..len], answer, false) {
                udp.send_to(&bytes, from).unwrap();
            }
        }
    });
    thread::spawn(move || {
        for stream in tcp.incoming() {
            let mut stream = stream.unwrap();
            let mut len = [0; 2];
            while stream.read_exact(&mut len).is_ok() {
                let mut question = vec![0; usize::from(u16::from_be_bytes(len))];
                stream.read_exact(&mut question).unwrap();
                let bytes = respond(&question, answer, true).unwrap();
                let len = u16::try_from(bytes.len()).unwrap().to_be_bytes();
                stream.write_all(&[&len, &bytes[..]].concat()).unwrap();
            }
        }
    });
    address
}

fn respond(question: &[u8], answer: Answer, tcp: bool) -> Option<Vec<u8>> {
    let question = Message::from_vec(question).unwrap();
    let mut message = Message::response(question.metadata.id, question.metadata.op_code);
    message.queries.clone_from(&question.queries);
    message.metadata.recursion_desired = true;
    message.metadata.recursion_available = true;
    let name = question.queries[0].name().clone();
    let records = match answer {
        Answer::Records(records) => records,
        Answer::Truncated(records) if tcp => records,
        Answer::Truncated(_) => {
            message.metadata.truncation = true;
            &[]
        }
        Answer::Code(code) => {
            message.metadata.response_code = code;
            &[]
        }
        Answer::Silence => return None,
    };
    for &(priority, weight, port, target) in records {
        let srv = SRV::new(priority, weight, port, Name::from_ascii(target).unwrap());
        message.answers.push(Record::from_rdata(name.clone(), 60, RData::SRV(srv)));
    }
    Some(message.to_vec().unwrap())
}
