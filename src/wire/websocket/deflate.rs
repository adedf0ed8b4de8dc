//! permessage-deflate (RFC 7692): what was agreed, inflating within a bound, and deflating.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// What a sender leaves out at the end of each message (RFC 7692 §7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];
/// Room for output is made in steps of this size.
const STEP: usize = 4096;

/// What was agreed for both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deflate {
    /// The server forgets after each message what it has sent.
    pub server_no_context: bool,
    /// The client does.
    pub client_no_context: bool,
}

impl Deflate {
    /// Reads the values of `Sec-WebSocket-Extensions` in a response; none if permessage-deflate is not among them.
    pub fn agreed<'a>(extensions: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut all = extensions.flat_map(|value| value.split(','));
        let found = all.find(|extension| {
            let name = extension.split(';').next().unwrap_or_default();
            name.trim().eq_ignore_ascii_case("permessage-deflate")
        })?;
        let has = |parameter: &str| {
            found.split(';').skip(1).any(|part| part.trim().eq_ignore_ascii_case(parameter))
        };
        Some(Self {
            server_no_context: has("server_no_context_takeover"),
            client_no_context: has("client_no_context_takeover"),
        })
    }

    /// The first of the offers in `Sec-WebSocket-Extensions` of a request that a server here can agree to: its window has
    /// the full size (RFC 7692 §7.1).
    pub fn of_offers<'a>(extensions: impl Iterator<Item = &'a str>) -> Option<Self> {
        extensions.flat_map(|value| value.split(',')).find_map(|offer| {
            let mut parts = offer.split(';').map(|part| part.trim().to_ascii_lowercase());
            let mut agreed = Self { server_no_context: false, client_no_context: false };
            if parts.next()? != "permessage-deflate" {
                return None;
            }
            let mut seen = Vec::new();
            for part in parts {
                let (name, value) = part.split_once('=').unwrap_or((&part, ""));
                let value = value.trim().trim_matches('"');
                let bits = value.parse().is_ok_and(|bits: u8| (8..=15).contains(&bits));
                match name.trim() {
                    "server_no_context_takeover" if value.is_empty() => {
                        agreed.server_no_context = true;
                    }
                    "client_no_context_takeover" if value.is_empty() => {
                        agreed.client_no_context = true;
                    }
                    "client_max_window_bits" if value.is_empty() || bits => {}
                    _ => return None,
                }
                let name = name.trim().to_owned();
                if seen.contains(&name) {
                    return None;
                }
                seen.push(name);
            }
            Some(agreed)
        })
    }

    /// What a response says of it.
    pub fn response(self) -> String {
        let mut text = "permessage-deflate".to_owned();
        for (said, name) in [
            (self.server_no_context, "; server_no_context_takeover"),
            (self.client_no_context, "; client_no_context_takeover"),
        ] {
            if said {
                text.push_str(name);
            }
        }
        text
    }
}

/// A message that was inflated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inflated {
    /// What came out, at most as much as was asked for.
    pub bytes: Vec<u8>,
    /// There is more.
    pub clipped: bool,
    /// Why it could not be inflated to its end.
    pub error: Option<String>,
}

/// Inflates the messages of one direction.
#[derive(Debug)]
pub struct Inflater {
    stream: Decompress,
    no_context: bool,
    broken: bool,
}

impl Inflater {
    /// An inflater for a sender that keeps what it has sent for the next message, or forgets it.
    pub fn new(no_context: bool) -> Self {
        Self { stream: Decompress::new(false), no_context, broken: false }
    }

    /// A message was not seen. If the messages behind it refer to it, they cannot be inflated.
    pub fn skip(&mut self) {
        self.broken |= !self.no_context;
    }

    /// Inflates a message, of which at most `limit` bytes come out.
    pub fn inflate(&mut self, payload: &[u8], limit: usize) -> Inflated {
        self.inflate_all(&[payload, &TAIL], limit)
    }

    /// Inflates what has come of a message that never comes to its end.
    pub fn inflate_cut(&mut self, payload: &[u8], limit: usize) -> Inflated {
        let out = self.inflate_all(&[payload], limit);
        self.skip();
        out
    }

    fn inflate_all(&mut self, inputs: &[&[u8]], limit: usize) -> Inflated {
        if self.broken {
            let why = "it refers to earlier messages that could not be inflated";
            return Inflated { error: Some(why.to_owned()), ..Inflated::default() };
        }
        if self.no_context {
            self.stream.reset(false);
        }
        let mut out = Inflated::default();
        for input in inputs {
            if let Err(error) = self.run(input, limit, &mut out) {
                out.error = Some(error);
                self.broken = !self.no_context;
                break;
            }
        }
        out
    }

    fn run(&mut self, mut input: &[u8], limit: usize, out: &mut Inflated) -> Result<(), String> {
        // What is beyond the limit still becomes part of the window.
        let mut beyond = Vec::new();
        loop {
            let target = if out.clipped { &mut beyond } else { &mut out.bytes };
            let room = if out.clipped { STEP } else { limit - target.len() };
            if out.clipped {
                target.clear();
            }
            // It doubles, but never beyond the limit by more than a byte.
            target.reserve_exact(room.clamp(1, STEP.max(target.len())));
            let (read, written) = (self.stream.total_in(), target.len());
            let status = self.stream.decompress_vec(input, target, FlushDecompress::Sync);
            let progress = target.len() > written;
            // Something may have come out in front of an error too.
            if !out.clipped && out.bytes.len() > limit {
                out.bytes.truncate(limit);
                out.clipped = true;
            }
            let status = status.map_err(|error| error.to_string())?;
            input = &input[(self.stream.total_in() - read) as usize..];
            match status {
                // A final block is allowed; what follows begins anew.
                Status::StreamEnd => {
                    self.stream.reset(false);
                    if input.is_empty() || input == TAIL {
                        return Ok(());
                    }
                }
                Status::Ok | Status::BufError if input.is_empty() && !progress => return Ok(()),
                Status::Ok => {}
                Status::BufError if progress => {}
                Status::BufError => return Err("the compressed data does not go on".to_owned()),
            }
        }
    }
}

/// Deflates the messages of one direction.
#[derive(Debug)]
pub struct Deflater {
    stream: Compress,
    no_context: bool,
}

impl Deflater {
    /// A deflater that keeps what it has sent for the next message, or forgets it.
    pub fn new(no_context: bool) -> Self {
        Self { stream: Compress::new(Compression::default(), false), no_context }
    }

    /// Deflates a message.
    pub fn deflate(&mut self, message: &[u8]) -> Vec<u8> {
        if self.no_context {
            self.stream.reset();
        }
        let mut out = Vec::new();
        let mut input = message;
        loop {
            out.reserve(STEP.max(input.len()));
            let read = self.stream.total_in();
            let room = out.capacity() - out.len();
            let before = out.len();
            // Deflating fails only where it is told wrong sizes.
            let _ = self.stream.compress_vec(input, &mut out, FlushCompress::Sync);
            input = &input[(self.stream.total_in() - read) as usize..];
            if input.is_empty() && out.len() - before < room {
                break;
            }
        }
        if out.ends_with(&TAIL) {
            out.truncate(out.len() - TAIL.len());
        }
        if out.is_empty() {
            out.push(0); // an empty message is one empty block (RFC 7692 §7.2.3.6)
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inflated(text: &str) -> Inflated {
        Inflated { bytes: text.as_bytes().to_vec(), ..Inflated::default() }
    }

    #[test]
    fn messages_come_out_as_they_went_in() {
        for no_context in [false, true] {
            let mut deflater = Deflater::new(no_context);
            let mut inflater = Inflater::new(no_context);
            let long = "<presence from='juliet@example.org'/>".repeat(10_000);
            for text in ["Hello", "Hello", "", "<message/>", &long, "Hello"] {
                let sent = deflater.deflate(text.as_bytes());
                assert_eq!(inflater.inflate(&sent, 1 << 20), inflated(text));
            }
        }
    }

    #[test]
    fn the_examples_of_the_specification() {
        let mut inflater = Inflater::new(false);
        let first = b"\xf2\x48\xcd\xc9\xc9\x07\x00";
        assert_eq!(inflater.inflate(first, 99), inflated("Hello"));
        assert_eq!(inflater.inflate(b"\xf2\x00\x11\x00\x00", 99), inflated("Hello"));
        // A block without compression, and one with the final bit.
        let mut inflater = Inflater::new(false);
        let stored = b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00";
        assert_eq!(inflater.inflate(stored, 99), inflated("Hello"));
        let last = b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00";
        assert_eq!(inflater.inflate(last, 99), inflated("Hello"));
        assert_eq!(inflater.inflate(first, 99), inflated("Hello"));
        assert_eq!(inflater.inflate(b"\x00", 99), inflated(""));
    }

    #[test]
    fn a_bomb_is_clipped_and_what_follows_is_still_read() {
        let mut deflater = Deflater::new(false);
        let mut inflater = Inflater::new(false);
        let bomb = deflater.deflate(&vec![b' '; 10_000_000]);
        let out = inflater.inflate(&bomb, 1000);
        assert_eq!((out.bytes.len(), out.clipped, out.error), (1000, true, None));
        let exact = deflater.deflate(&[b'a'; 1000]);
        let out = inflater.inflate(&exact, 1000);
        assert_eq!((out.bytes.len(), out.clipped), (1000, false));
        let none = inflater.inflate(&deflater.deflate(b"x"), 0);
        assert_eq!((none.bytes.len(), none.clipped), (0, true));
    }

    #[test]
    fn what_is_broken_or_lost_is_reported_and_concerns_what_refers_to_it() {
        for no_context in [false, true] {
            let mut inflater = Inflater::new(no_context);
            assert!(inflater.inflate(b"\xff\xff\xff", 99).error.is_some());
            let next = inflater.inflate(b"\xf2\x48\xcd\xc9\xc9\x07\x00", 99);
            assert_eq!(next.error.is_none(), no_context, "{next:?}");
            let mut inflater = Inflater::new(no_context);
            inflater.skip();
            let next = inflater.inflate(b"\xf2\x48\xcd\xc9\xc9\x07\x00", 99);
            assert_eq!(next.error.is_none(), no_context);
        }
    }

    #[test]
    fn what_has_come_of_a_message_that_is_cut_is_inflated() {
        for no_context in [false, true] {
            let mut deflater = Deflater::new(no_context);
            let mut inflater = Inflater::new(no_context);
            let text = "<message/>".repeat(5);
            let sent = deflater.deflate(text.as_bytes());
            let out = inflater.inflate_cut(&sent[..sent.len() - 2], 99);
            assert!(text.as_bytes().starts_with(&out.bytes) && !out.bytes.is_empty());
            assert_eq!((out.error, out.clipped), (None, false));
            let next = inflater.inflate(&deflater.deflate(b"<a/>"), 99);
            assert_eq!(next.error.is_none(), no_context);
        }
    }

    #[test]
    fn what_comes_out_in_front_of_an_error_is_bounded_too() {
        // A block that is not compressed, and one of a type that does not exist.
        let broken = b"\x00\x05\x00\xfa\xffHello\x06";
        for limit in 0..10 {
            let out = Inflater::new(false).inflate(broken, limit);
            assert!(out.bytes.len() <= limit && out.error.is_some(), "{limit}: {out:?}");
        }
    }

    #[test]
    fn what_was_agreed_is_read_from_the_response() {
        let agreed = |value: &'static str| Deflate::agreed([value].into_iter());
        let with = |server_no_context, client_no_context| {
            Some(Deflate { server_no_context, client_no_context })
        };
        assert_eq!(agreed("permessage-deflate"), with(false, false));
        assert_eq!(
            agreed("x, Permessage-Deflate; server_no_context_takeover; server_max_window_bits=10"),
            with(true, false)
        );
        assert_eq!(agreed("permessage-deflate;client_no_context_takeover"), with(false, true));
        assert_eq!(agreed("x-webkit-deflate-frame"), None);
    }

    #[test]
    fn an_offer_is_taken_that_can_be_kept() {
        let said =
            |value: &'static str| Deflate::of_offers([value].into_iter()).map(Deflate::response);
        let plain = Some("permessage-deflate".to_owned());
        assert_eq!(said("permessage-deflate"), plain);
        assert_eq!(said("x, permessage-deflate; client_max_window_bits"), plain);
        assert_eq!(
            said(
                "permessage-deflate; server_max_window_bits=10, permessage-deflate; Client_No_Context_Takeover"
            ),
            Some("permessage-deflate; client_no_context_takeover".to_owned())
        );
        for wrong in ["", "permessage-deflate; x", "permessage-deflate; client_max_window_bits=7"] {
            assert_eq!(said(wrong), None, "{wrong}");
        }
        let twice = "permessage-deflate; client_max_window_bits; client_max_window_bits";
        assert_eq!(said(twice), None);
    }
}
