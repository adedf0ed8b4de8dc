//! The way through the JSON of an archive, from its first entry to its last. Where something else stands than the specification
//! wants, such as null, nothing is taken, and reading goes on behind it.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::archive::Archive;
use super::concern::is_xmpp;
use super::entry::{Entry, Message};
use super::exchange::{Messages, Spoken};
use super::fields::Object;
use crate::trace::event::Fact;

/// A place in the file, from which it is read into an archive.
pub(super) struct Walk<T>(T);

/// The object that is the file.
pub(super) struct Root<'a>(&'a mut Archive);
/// The object `log`.
struct Log<'a>(&'a mut Archive);
/// The list of entries.
struct Entries<'a>(&'a mut Archive);
/// An entry.
struct One<'a>(&'a mut Archive);
/// The messages of an entry.
struct Frames<'a>(&'a mut Archive, &'a mut Spoken);

impl<'a> Walk<Root<'a>> {
    /// All of a file.
    pub(super) fn over(archive: &'a mut Archive) -> Self {
        Self(Root(archive))
    }
}

/// What stands at a place.
trait Place<'de>: Sized {
    fn object<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

impl<'de, T: Place<'de>> DeserializeSeed<'de> for Walk<T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de, T: Place<'de>> Visitor<'de> for Walk<T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<(), A::Error> {
        self.0.object(object)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        self.0.list(list)
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}

impl<'de> Place<'de> for Root<'_> {
    fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "log" => map.next_value_seed(Walk(Log(&mut *self.0)))?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

impl<'de> Place<'de> for Log<'_> {
    fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "creator" => self.0.creator = map.next_value::<Object<_>>()?.0,
                "browser" => self.0.browser = map.next_value::<Object<_>>()?.0,
                "entries" => map.next_value_seed(Walk(Entries(&mut *self.0)))?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

impl<'de> Place<'de> for Entries<'_> {
    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Walk(One(&mut *self.0)))?.is_some() {
            if let Some(error) = &self.0.failed {
                return Err(A::Error::custom(error));
            }
        }
        Ok(())
    }
}

impl<'de> Place<'de> for One<'_> {
    fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let archive = self.0;
        archive.count += 1;
        let (mut entry, mut spoken) = (Entry::default(), Spoken::default());
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "connection" | "_connectionId" => entry.connection = map.next_value()?,
                "_resourceType" => entry.kind = map.next_value()?,
                "_error" => entry.error = map.next_value()?,
                "startedDateTime" => entry.started = map.next_value()?,
                "time" => entry.time = map.next_value()?,
                "request" => entry.request = map.next_value::<Object<_>>()?.0,
                "response" => entry.response = map.next_value::<Object<_>>()?.0,
                "timings" => entry.timings = map.next_value::<Object<_>>()?.0,
                "_webSocketMessages" => {
                    map.next_value_seed(Walk(Frames(&mut *archive, &mut spoken)))?;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        archive.entry(entry, &spoken);
        Ok(())
    }
}

impl<'de> Place<'de> for Frames<'_> {
    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Self(archive, spoken) = self;
        let mut messages = Messages::default();
        while let Some(Object(message)) = list.next_element::<Object<Message>>()? {
            let Some(event) = messages.event(message, archive.count, &mut archive.intake) else {
                continue;
            };
            if let Fact::Frame(frame) = &event.fact
                && frame.opcode < 8
            {
                let bytes = frame.content.bytes.trim_ascii_start();
                // A stanza of an old dialect may have no namespace.
                let xmpp = is_xmpp(bytes) || bytes.starts_with(b"<stream:stream");
                spoken.xmpp = Some(spoken.xmpp.unwrap_or_default() || xmpp);
            }
            spoken.first = Some(spoken.first.map_or(event.at, |first| first.min(event.at)));
            archive.keep(&event);
        }
        Ok(())
    }
}
