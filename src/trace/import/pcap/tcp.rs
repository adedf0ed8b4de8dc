//! One direction of a TCP connection: its segments in the order of their sequence numbers (RFC 9293 §3.4), each byte once.

use std::collections::BTreeMap;

/// So many bytes wait for a segment that is missing.
const WAITING: usize = 1 << 20;

/// What comes next in a direction.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// These bytes.
    Bytes(Vec<u8>),
    /// So many bytes that were not captured.
    Gap(u64),
}

/// Puts segments in order.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// The sequence number of the next byte, and which byte of the direction it is.
    next: Option<u32>,
    base: u64,
    /// Segments behind one that is missing, by their first byte.
    waiting: BTreeMap<u64, Vec<u8>>,
    size: usize,
}

impl Order {
    /// The direction begins with this sequence number, if it is not known yet.
    pub(super) fn begin(&mut self, sequence: u32) {
        self.next.get_or_insert(sequence);
    }

    /// Whether nothing waits.
    pub(super) fn is_complete(&self) -> bool {
        self.waiting.is_empty()
    }

    /// How many bytes wait.
    pub(super) fn waiting(&self) -> usize {
        self.size
    }

    /// Takes a segment.
    pub(super) fn take(&mut self, sequence: u32, data: &[u8], out: &mut Vec<Next>) {
        let next = *self.next.get_or_insert(sequence);
        let ahead = i64::from(sequence.wrapping_sub(next).cast_signed());
        if ahead <= 0 {
            let known = ahead.unsigned_abs() as usize;
            if let Some(new) = data.get(known..).filter(|new| !new.is_empty()) {
                self.pass(new.to_vec(), out);
                self.release(out);
            }
            return;
        }
        let at = self.base + ahead.unsigned_abs();
        let longest = self.waiting.get(&at).is_none_or(|old| old.len() < data.len());
        if longest && !data.is_empty() {
            self.size += data.len();
            let old = self.waiting.insert(at, data.to_vec());
            self.size -= old.map_or(0, |old| old.len());
        }
        while self.size > WAITING {
            self.skip(out);
        }
    }

    /// The other side has received all bytes before this number: what is missing of them was not captured.
    pub(super) fn acknowledge(&mut self, number: u32, out: &mut Vec<Next>) {
        while let (Some(next), Some((first, _))) = (self.next, self.waiting.first_key_value()) {
            let missing = (first - self.base).cast_signed();
            if i64::from(number.wrapping_sub(next).cast_signed()) <= missing {
                return;
            }
            self.skip(out);
        }
    }

    /// Gives what waits, whatever is missing.
    pub(super) fn finish(&mut self, out: &mut Vec<Next>) {
        while !self.waiting.is_empty() {
            self.skip(out);
        }
    }

    /// What is missing in front of the first that waits will not come.
    fn skip(&mut self, out: &mut Vec<Next>) {
        if let Some((first, _)) = self.waiting.first_key_value() {
            let missing = first - self.base;
            out.push(Next::Gap(missing));
            self.forward(missing);
            self.release(out);
        }
    }

    fn pass(&mut self, data: Vec<u8>, out: &mut Vec<Next>) {
        self.forward(data.len() as u64);
        out.push(Next::Bytes(data));
    }

    fn forward(&mut self, bytes: u64) {
        self.base += bytes;
        self.next = self.next.map(|next| next.wrapping_add(bytes as u32));
    }

    /// Gives what waits no more.
    fn release(&mut self, out: &mut Vec<Next>) {
        while let Some(entry) = self.waiting.first_entry().filter(|it| *it.key() <= self.base) {
            let known = (self.base - entry.key()) as usize;
            let mut data = entry.remove();
            self.size -= data.len();
            if known < data.len() {
                self.pass(data.split_off(known), out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text that comes out of segments; a gap is a number in brackets.
    fn read(segments: &[(u32, &str)], acknowledged: Option<u32>) -> String {
        let (mut order, mut out) = (Order::default(), Vec::new());
        for (sequence, text) in segments {
            order.take(*sequence, text.as_bytes(), &mut out);
        }
        if let Some(number) = acknowledged {
            order.acknowledge(number, &mut out);
        } else {
            order.finish(&mut out);
        }
        let text = |next| match next {
            Next::Bytes(bytes) => String::from_utf8(bytes).unwrap(),
            Next::Gap(bytes) => format!("[{bytes}]"),
        };
        out.into_iter().map(text).collect()
    }

    #[test]
    fn segments_come_in_any_order_twice_and_over_each_other() {
        assert_eq!(read(&[(10, "ab"), (12, "cd")], None), "abcd");
        assert_eq!(read(&[(10, "ab"), (14, "ef"), (12, "cd")], None), "abcdef");
        assert_eq!(read(&[(10, "ab"), (10, "ab"), (10, "abc"), (11, "bcd")], None), "abcd");
        assert_eq!(
            read(&[(10, "ab"), (14, "e"), (14, "ef"), (13, "de"), (12, "c")], None),
            "abcdef"
        );
        // Numbers begin anew behind the largest.
        assert_eq!(read(&[(u32::MAX, "ab"), (1, "cd")], None), "abcd");
        // Keep-alive probes repeat a byte.
        assert_eq!(read(&[(10, "ab"), (11, "b"), (12, "")], None), "ab");
    }

    #[test]
    fn what_was_not_captured_is_a_gap() {
        assert_eq!(read(&[(10, "ab"), (14, "ef"), (20, "k")], None), "ab[2]ef[4]k");
        assert_eq!(read(&[(10, "ab"), (14, "ef")], Some(14)), "ab");
        assert_eq!(read(&[(10, "ab"), (14, "ef")], Some(16)), "ab[2]ef");
    }

    #[test]
    fn what_waits_is_bounded() {
        let (mut order, mut out) = (Order::default(), Vec::new());
        order.begin(0);
        let data = vec![0; 1000];
        for index in 1..10_000_u32 {
            order.take(index * 1000 + 500, &data, &mut out);
            assert!(order.size <= WAITING + data.len());
        }
        assert_eq!(out[0], Next::Gap(1500));
    }
}
