//! Reading a file of events ahead, on a thread of its own: to read it takes about as long as to show it.

use std::sync::mpsc::{Receiver, sync_channel};
use std::{thread, vec};

use super::event::Event;
use super::open::{OpenError, Recording};

/// Events are handed over by this number, or when they hold this many bytes.
const EVENTS: usize = 256;
const BYTES: usize = 256 * 1024;
/// So many batches wait to be taken.
const BATCHES: usize = 2;

type Batch = Vec<Result<Event, OpenError>>;

/// The events of a file, read ahead.
struct Ahead {
    batches: Receiver<Batch>,
    batch: vec::IntoIter<Result<Event, OpenError>>,
}

impl Recording {
    /// The same events, read ahead if they stand in a file. What another program is still writing is read as it comes.
    pub fn ahead(self) -> Box<dyn Iterator<Item = Result<Event, OpenError>>> {
        if !self.is_file {
            return Box::new(self);
        }
        let (sender, batches) = sync_channel(BATCHES);
        let mut recording = self;
        thread::spawn(move || {
            loop {
                let batch = batch(&mut recording);
                // Whoever takes them may have seen enough.
                if batch.is_empty() || sender.send(batch).is_err() {
                    return;
                }
            }
        });
        Box::new(Ahead { batches, batch: Batch::new().into_iter() })
    }
}

fn batch(recording: &mut Recording) -> Batch {
    let mut batch = Batch::new();
    let mut bytes = 0;
    for event in recording {
        let content = event.as_ref().ok().and_then(|event| event.fact.content());
        bytes += content.map_or(0, |content| content.bytes.len());
        batch.push(event);
        if batch.len() >= EVENTS || bytes >= BYTES {
            break;
        }
    }
    batch
}

impl Iterator for Ahead {
    type Item = Result<Event, OpenError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.batch.next() {
                return Some(event);
            }
            self.batch = self.batches.recv().ok()?.into_iter();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::open::open;

    #[test]
    fn what_is_read_ahead_is_what_there_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ndjson");
        let preface = r#"{"xmppscope":"capture","version":1,"tool":"t","started":"2026-01-02T03:04:05+01:00","target":"http://a","secrets":"hidden"}"#;
        let mut text = format!("{preface}\n");
        for n in 0..1000 {
            text += &format!("{{\"at\":{n},\"conn\":1,\"event\":\"failed\",\"cause\":\"c\"}}\n");
        }
        text += "{\n";
        fs::write(&path, text).unwrap();
        let all = |events: &mut dyn Iterator<Item = _>| {
            events.map(|event| format!("{event:?}")).collect::<Vec<String>>()
        };
        let ahead = all(&mut open(&path).unwrap().ahead().map(|it| it.map_err(|e| e.to_string())));
        let plain = all(&mut open(&path).unwrap().map(|it| it.map_err(|e| e.to_string())));
        assert_eq!((ahead.len(), &ahead), (1002, &plain));
        // Whoever stops early is not waited for.
        assert!(open(&path).unwrap().ahead().next().is_some());
    }
}
