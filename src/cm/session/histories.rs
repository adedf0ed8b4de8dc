//! What clients and networks do, in random histories: requests sent early, sent again, connections cut while they are
//! held, responses that never arrive. Whatever happens, each payload arrives once and in order, both ways.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::cm::bed::{Bed, RID, texts};
use crate::cm::policy::Policy;
use crate::cm::session::Token;
use crate::random::{Random, Seeded};

const HISTORIES: u64 = 100_000;

struct Client {
    bed: Bed,
    seed: u64,
    chance: Seeded,
    /// Requests without a response that arrived: their open copies, and what they carry.
    pending: BTreeMap<u64, (Vec<Token>, String)>,
    next: u64,
    /// Texts received, by request.
    received: BTreeMap<u64, Vec<String>>,
    sent: u64,
    pushed: u64,
}

impl Client {
    fn chance(&mut self, of: u8) -> u8 {
        let mut byte = [0];
        self.chance.fill(&mut byte);
        byte[0] % of
    }

    fn send(&mut self, n: u64) {
        let content = match self.pending.get(&n) {
            Some((_, content)) => content.clone(),
            None => String::new(),
        };
        let token = self.bed.send(n, "", &content);
        self.pending.entry(n).or_insert_with(|| (Vec::new(), content)).0.push(token);
    }

    fn begin(&mut self, n: u64) {
        let content = if self.chance(2) == 0 {
            String::new()
        } else {
            self.sent += 1;
            format!("<message xmlns='jabber:client' id='{}'/>", self.sent)
        };
        self.pending.insert(n, (Vec::new(), content));
    }

    /// Reads what has arrived; some of it is lost on the way.
    fn read(&mut self, lossy: bool) {
        let open: Vec<(u64, Token)> = self
            .pending
            .iter()
            .flat_map(|(n, (tokens, _))| tokens.iter().map(|token| (*n, *token)))
            .collect();
        for (n, token) in open {
            let Some(reply) = self.bed.answer(token) else { continue };
            let (seed, now) = (self.seed, self.bed.now);
            assert!(
                !reply.is_terminal(),
                "seed {seed}, request {n} at {now:?}: {}",
                reply.to_xml()
            );
            if let Some((tokens, _)) = self.pending.get_mut(&n) {
                tokens.retain(|other| *other != token);
            }
            let told_elsewhere = reply.get("type") == Some("error");
            let lost = lossy && self.chance(5) == 0;
            if !told_elsewhere && !lost {
                self.received.insert(n, texts(&reply));
                for (_, (tokens, _)) in self.pending.iter().filter(|(other, _)| **other == n) {
                    for token in tokens {
                        self.bed.cut(*token);
                    }
                }
                self.pending.remove(&n);
            }
        }
    }

    /// Whatever has no open copy is sent again, as clients do.
    fn mend(&mut self) {
        let lost = self.pending.iter().filter(|(_, (tokens, _))| tokens.is_empty());
        let lost: Vec<u64> = lost.map(|(n, _)| *n).collect();
        for n in lost {
            self.send(n);
        }
    }

    fn step(&mut self) {
        match self.chance(8) {
            0 | 1 => {
                self.mend();
                self.read(true);
                // A response that is kept may be asked for again: a client goes no further ahead than that.
                let oldest = self.pending.keys().next().copied().unwrap_or(self.next);
                let sent = self.pending.values().all(|(tokens, _)| !tokens.is_empty());
                if sent && self.next < oldest + 2 {
                    let n = self.next;
                    self.next += 1;
                    self.begin(n);
                    self.send(n);
                }
            }
            2 | 3 => {
                self.pushed += 1;
                let text = self.pushed.to_string();
                self.bed.message(&text);
            }
            4 => {
                // A connection is cut.
                let open: Vec<(u64, Token)> = self
                    .pending
                    .iter()
                    .filter_map(|(n, (tokens, _))| Some((*n, *tokens.first()?)))
                    .collect();
                if !open.is_empty() {
                    let (n, token) = open[usize::from(self.chance(open.len() as u8))];
                    self.bed.cut(token);
                    if let Some((tokens, _)) = self.pending.get_mut(&n) {
                        tokens.retain(|other| *other != token);
                    }
                }
            }
            5 => {
                // The same again, though the first copy may be alive.
                if let Some(n) = self.pending.keys().next_back().copied() {
                    self.send(n);
                }
            }
            6 if self.pending.is_empty() => {
                // Two at once, on two connections: the later one is faster.
                let n = self.next;
                self.next += 2;
                self.begin(n);
                self.begin(n + 1);
                self.send(n + 1);
                self.send(n);
            }
            _ => {
                self.mend();
                if self.pending.is_empty() {
                    let n = self.next;
                    self.next += 1;
                    self.begin(n);
                    self.send(n);
                }
                let seconds = u64::from(self.chance(40));
                self.bed.pass(Duration::from_secs(seconds));
            }
        }
        self.read(true);
    }
}

fn live(seed: u64, policy: &Policy) {
    let mut bed = Bed::new(policy.clone());
    bed.create("to='example.org' ver='1.11' wait='30' hold='1' xmpp:version='1.0'");
    let mut client = Client {
        bed,
        seed,
        chance: Seeded::new(seed),
        pending: BTreeMap::new(),
        next: 1,
        received: BTreeMap::new(),
        sent: 0,
        pushed: 0,
    };
    for _ in 0..12 {
        client.step();
    }
    // At last the network heals.
    for _ in 0..8 {
        client.mend();
        client.read(false);
        if client.pending.is_empty() {
            let n = client.next;
            client.next += 1;
            client.send(n);
        } else {
            client.bed.pass(Duration::from_secs(31));
        }
        client.read(false);
    }
    let received: Vec<String> = client.received.values().flatten().cloned().collect();
    let pushed: Vec<String> = (1..=client.pushed).map(|n| n.to_string()).collect();
    assert_eq!(received, pushed, "what the server said, seed {seed}");
    let heard = client.bed.heard();
    let sent: Vec<String> = (1..=client.sent).map(|n| format!("<message id='{n}'/>")).collect();
    assert_eq!(heard, sent, "what the client said, seed {seed}");
    assert!(client.next > 1 && RID > 0);
}

#[test]
fn each_payload_arrives_once_and_in_order() {
    let policy = Policy { repeats: 1000, ..Policy::default() };
    let halves = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    std::thread::scope(|scope| {
        for half in 0..halves {
            let policy = &policy;
            scope.spawn(move || {
                (half..HISTORIES).step_by(halves as usize).for_each(|seed| live(seed, policy));
            });
        }
    });
}
