//! Packets, as tcpdump and Wireshark write them (pcap and pcapng): the TCP connections in them are put together, and what goes over
//! them in the clear is read by the same code as live traffic.

mod flow;
mod flows;
mod open;
mod packets;
mod speech;
mod tcp;

pub(super) use open::{is, open};

#[cfg(test)]
mod tests;
