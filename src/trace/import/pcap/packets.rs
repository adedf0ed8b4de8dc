//! From a file to segments of TCP.

use std::io::Read;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use etherparse::{EtherType, LaxNetSlice, LaxSlicedPacket, TransportSlice};
use pcap_parser::{Block, PcapBlockOwned, PcapError, create_reader};

use crate::trace::import::instant::instant;

/// A larger block is damaged.
const LARGEST: usize = 16 << 20;
const BUFFER: usize = 256 << 10;

/// A segment of TCP.
#[derive(Debug)]
pub(super) struct Segment<'a> {
    /// When it passed, since 1970.
    pub at: Duration,
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub sequence: u32,
    pub acknowledged: Option<u32>,
    pub syn: bool,
    pub fin: bool,
    pub reset: bool,
    pub data: &'a [u8],
}

/// What else was in a file.
#[derive(Debug, Default)]
pub(super) struct Others {
    /// Packets that are not TCP over IP.
    pub packets: u64,
    /// Packets of links that are not known here.
    pub links: u64,
    /// Packets of which only the beginning was captured.
    pub short: u64,
    /// Packets without a time.
    pub untimed: u64,
}

/// An interface of pcapng, or that of a pcap file.
#[derive(Debug, Clone, Copy)]
struct Interface {
    link: i32,
    /// Units of its times in a second, and seconds to add.
    resolution: u64,
    offset: i64,
}

/// Reads a file to its end, or to where it is damaged, which is said.
pub(super) fn read(
    from: impl Read + Send,
    others: &mut Others,
    mut sink: impl FnMut(&Segment<'_>) -> std::io::Result<()>,
) -> std::io::Result<Option<&'static str>> {
    let Ok(mut reader) = create_reader(BUFFER, from) else {
        return Ok(Some("its header is damaged"));
    };
    let mut interfaces = Vec::new();
    let mut last = Duration::ZERO;
    let mut room = BUFFER;
    loop {
        match reader.next() {
            Ok((size, block)) => {
                if let Some((at, link, data, whole)) = packet(&block, &mut interfaces) {
                    others.short += u64::from(!whole);
                    others.untimed += u64::from(at.is_none());
                    last = at.unwrap_or(last);
                    match segment(last, link, data) {
                        Ok(Some(segment)) => sink(&segment)?,
                        Ok(None) => others.packets += 1,
                        Err(UnknownLink) => others.links += 1,
                    }
                }
                reader.consume(size);
            }
            Err(PcapError::Eof) => return Ok(None),
            Err(PcapError::Incomplete(_) | PcapError::BufferTooSmall) => {
                if reader.reader_exhausted() {
                    return Ok(Some("its last packet is cut"));
                }
                let before = reader.data().len();
                let filled = reader.refill().is_ok() && reader.data().len() > before;
                if !filled && !reader.reader_exhausted() {
                    room *= 2;
                    if room > LARGEST || !reader.grow(room) {
                        return Ok(Some("a packet is too large"));
                    }
                }
            }
            Err(PcapError::UnexpectedEof) => return Ok(Some("its last packet is cut")),
            Err(PcapError::ReadError) => return Err(std::io::Error::other("cannot read on")),
            Err(_) => return Ok(Some("a packet is damaged")),
        }
    }
}

/// When a packet passed, if that is known, its link, its bytes, and whether these are all of it.
fn packet<'a>(
    block: &'a PcapBlockOwned<'_>,
    interfaces: &mut Vec<Interface>,
) -> Option<(Option<Duration>, i32, &'a [u8], bool)> {
    let whole = |captured: u32, sent: u32| captured >= sent;
    let at = |seconds: u64, parts: u64, resolution: u64| {
        let micros = u128::from(parts) * 1_000_000 / u128::from(resolution);
        instant(u128::from(seconds) * 1_000_000 + micros)
    };
    match block {
        PcapBlockOwned::LegacyHeader(header) => {
            let resolution =
                if header.is_nanosecond_precision() { 1_000_000_000 } else { 1_000_000 };
            *interfaces = vec![Interface { link: header.network.0, resolution, offset: 0 }];
            None
        }
        PcapBlockOwned::Legacy(packet) => {
            let interface = interfaces.first()?;
            let at = at(packet.ts_sec.into(), packet.ts_usec.into(), interface.resolution);
            Some((at, interface.link, packet.data, whole(packet.caplen, packet.origlen)))
        }
        PcapBlockOwned::NG(Block::SectionHeader(_)) => {
            interfaces.clear();
            None
        }
        PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => {
            let resolution = interface.ts_resolution().filter(|it| *it > 0).unwrap_or(1_000_000);
            let (link, offset) = (interface.linktype.0, interface.ts_offset());
            interfaces.push(Interface { link, resolution, offset });
            None
        }
        PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
            let interface = interfaces.get(packet.if_id as usize)?;
            let units = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
            let seconds = (units / interface.resolution).saturating_add_signed(interface.offset);
            let at = at(seconds, units % interface.resolution, interface.resolution);
            let data = packet.data.get(..packet.caplen as usize).unwrap_or(packet.data);
            Some((at, interface.link, data, whole(packet.caplen, packet.origlen)))
        }
        // It has no time.
        PcapBlockOwned::NG(Block::SimplePacket(packet)) => {
            let interface = interfaces.first()?;
            Some((None, interface.link, packet.data, true))
        }
        PcapBlockOwned::NG(_) => None,
    }
}

/// A kind of link that is not read here.
#[derive(Debug)]
struct UnknownLink;

/// The segment of TCP in a packet.
fn segment(at: Duration, link: i32, data: &[u8]) -> Result<Option<Segment<'_>>, UnknownLink> {
    let behind = |size: usize| data.get(size..).unwrap_or_default();
    let kind = |at: usize| match data.get(at..at + 2) {
        Some(&[high, low]) => EtherType(u16::from_be_bytes([high, low])),
        _ => EtherType(0),
    };
    // https://www.tcpdump.org/linktypes.html
    let packet = match link {
        0 | 108 => LaxSlicedPacket::from_ip(behind(4)).ok(),
        1 => LaxSlicedPacket::from_ethernet(data).ok(),
        12 | 14 | 101 | 228 | 229 => LaxSlicedPacket::from_ip(data).ok(),
        113 => Some(LaxSlicedPacket::from_ether_type(kind(14), behind(16))),
        276 => Some(LaxSlicedPacket::from_ether_type(kind(0), behind(20))),
        _ => return Err(UnknownLink),
    };
    let Some(packet) = packet else { return Ok(None) };
    let (source, destination): (IpAddr, IpAddr) = match &packet.net {
        Some(LaxNetSlice::Ipv4(ip)) => {
            (ip.header().source_addr().into(), ip.header().destination_addr().into())
        }
        Some(LaxNetSlice::Ipv6(ip)) => {
            (ip.header().source_addr().into(), ip.header().destination_addr().into())
        }
        _ => return Ok(None),
    };
    let Some(TransportSlice::Tcp(tcp)) = &packet.transport else { return Ok(None) };
    Ok(Some(Segment {
        at,
        from: SocketAddr::new(source, tcp.source_port()),
        to: SocketAddr::new(destination, tcp.destination_port()),
        sequence: tcp.sequence_number(),
        acknowledged: tcp.ack().then(|| tcp.acknowledgment_number()),
        syn: tcp.syn(),
        fin: tcp.fin(),
        reset: tcp.rst(),
        data: tcp.payload(),
    }))
}
