//! Opens a file of packets.

use std::io::BufRead;
use std::time::Duration;

use super::flows::{Counts, Flows};
use super::packets::{Others, read};
use crate::diag::counted;
use crate::trace::capture::{CaptureError, Events, Preface};
use crate::trace::import::instant::date;
use crate::trace::intake::Intake;
use crate::trace::source::{Source, Unknown};

/// Whether a file that begins so is of this format.
pub(in crate::trace::import) fn is(start: &[u8]) -> bool {
    const PCAP: [[u8; 4]; 4] = [
        [0xa1, 0xb2, 0xc3, 0xd4],
        [0xd4, 0xc3, 0xb2, 0xa1],
        [0xa1, 0xb2, 0x3c, 0x4d],
        [0x4d, 0x3c, 0xb2, 0xa1],
    ];
    let is_pcap = PCAP.iter().any(|magic| start.starts_with(magic));
    is_pcap || start.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a])
}

/// Reads it.
pub(in crate::trace::import) fn open(
    from: Box<dyn BufRead + Send>,
    intake: Intake,
) -> Result<(Preface, Events), CaptureError> {
    let mut flows = Flows::new(intake);
    let mut others = Others::default();
    let (mut last, mut segments) = (Duration::ZERO, 0_u64);
    let damage = read(from, &mut others, |segment| {
        last = last.max(segment.at);
        segments += 1;
        flows.take(segment)
    })?;
    flows.finish(last)?;
    let Flows { mut sorter, conns, xmpp, counts, .. } = flows;
    let has_xmpp = |conn: u64| xmpp.get(conn as usize - 1).copied().unwrap_or(false);
    sorter.retain(|index| conns.get(index).is_some_and(|conn| has_xmpp(*conn)));
    let cut = damage.map(|why| CaptureError::Cut {
        place: format!("after {segments} segments of TCP"),
        why: why.to_owned(),
    });
    let Some(first) = sorter.first() else {
        return Err(CaptureError::Foreign(empty(&counts, &others, segments)));
    };
    let unread = xmpp.iter().filter(|xmpp| !**xmpp).count() as u64;
    let source = source(&counts, &others, unread, damage);
    let preface = Preface::read(date(first, None), String::new(), source);
    Ok((preface, sorter.trace(first, cut)))
}

/// How to read what is encrypted.
const DECRYPT: &str = "to read TLS, let the client log its keys (SSLKEYLOGFILE=keys.log), and put them into the file with \
`editcap --inject-secrets tls,keys.log FILE WITH-KEYS`; \
`tshark -r WITH-KEYS -q -z follow,tls,ascii,0` prints its first connection, or use `xmppscope proxy`, which needs no keys";

/// What a file without XMPP holds.
fn empty(counts: &Counts, others: &Others, segments: u64) -> String {
    if counts.encrypted > 0 {
        let encrypted = counted(counts.encrypted, "connection");
        return format!(
            "these packets hold no XMPP in the clear: {encrypted} encrypted with TLS; {DECRYPT}"
        );
    }
    if others.links > 0 && segments == 0 {
        return "these packets are of a kind of link that is not read here; capture with `tcpdump -i any`".to_owned();
    }
    "these packets hold no XMPP: capture at the port of the server, such as with `tcpdump -i any -s 0 -w FILE port 5280`".to_owned()
}

fn source(counts: &Counts, others: &Others, unread: u64, damage: Option<&str>) -> Source {
    let mut source = Source::new("packets (pcap)", []);
    let Counts { encrypted, others: other, gaps, middle } = *counts;
    if encrypted > 0 {
        source.unknown.insert(Unknown::Tls);
    }
    if gaps > 0 || middle > 0 || others.short > 0 || damage.is_some() {
        source.unknown.insert(Unknown::Missing);
    }
    if others.untimed > 0 {
        source.unknown.insert(Unknown::Times);
    }
    let notes = [
        (encrypted > 0).then(|| {
            format!("{} encrypted with TLS left out; {DECRYPT}", counted(encrypted, "connection"))
        }),
        (other + unread > 0)
            .then(|| format!("{} without XMPP left out", counted(other + unread, "connection"))),
        (middle > 0)
            .then(|| format!("{} began before the first packet", counted(middle, "connection"))),
        (gaps > 0).then(|| format!("{gaps} B were not captured")),
        (others.short > 0)
            .then(|| format!("{} packets are cut; capture with `tcpdump -s 0`", others.short)),
        (others.untimed > 0).then(|| {
            format!(
                "without a time, and shown at that of the one before: {}",
                counted(others.untimed, "packet")
            )
        }),
        (others.links > 0).then(|| {
            format!("{} packets of a kind of link that is not read here are left out", others.links)
        }),
    ];
    source.notes = notes.into_iter().flatten().collect();
    source
}
