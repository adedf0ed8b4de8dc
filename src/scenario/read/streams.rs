//! Steps on streams that are carried without BOSH: handshake, tags, frames.

use super::fields::Fields;
use super::reader::Reader;
use super::values::whole;
use crate::scenario::model::{
    Ended, Frame, Handshake, Manage, Receive, Reference, Secured, StepKind, Tag,
};
use crate::scenario::source::Located;
use crate::scenario::yaml::Yaml;

/// The opcodes that have names (RFC 6455 §5.2).
pub(in super::super) const OPCODE: [(&str, u8); 6] =
    [("continuation", 0), ("text", 1), ("binary", 2), ("close", 8), ("ping", 9), ("pong", 10)];
/// In how many further bytes a length is written.
pub(in super::super) const EXTENDED: [(&str, u8); 3] = [("0", 0), ("2", 2), ("8", 8)];
/// The highest status of a Close frame.
pub(in super::super) const STATUS: u64 = 65_535;
/// All reserved bits.
pub(in super::super) const RESERVED: u64 = 7;

impl Reader {
    pub(super) fn handshake(&mut self, name: &Yaml, fields: &mut Fields<'_>) -> Option<StepKind> {
        let name = self.name(name);
        let handshake = Handshake {
            by: fields.take("by").and_then(|by| self.reference(by)),
            method: fields.take("method").and_then(|method| self.template(method)),
            path: fields.take("path").and_then(|path| self.template(path)),
            url: fields.take("url").and_then(|url| self.template(url)),
            http: self.http(fields),
            headers: fields.take("headers").map_or(Vec::new(), |all| self.headers(all)),
            name: name?,
        };
        Some(StepKind::Handshake(Box::new(handshake)))
    }

    pub(super) fn tag(&mut self, actor: Option<Reference>, fields: &mut Fields<'_>) -> Option<Tag> {
        let attributes = fields.take("attributes").map_or(Vec::new(), |all| self.attributes(all));
        let name = fields.take("as").and_then(|name| self.name(name));
        Some(Tag { actor: actor?, attributes, name })
    }

    pub(super) fn manage(
        &mut self,
        actor: Option<Reference>,
        fields: &mut Fields<'_>,
    ) -> Option<Manage> {
        let Tag { actor, attributes, name } = self.tag(actor, fields)?;
        Some(Manage { actor, attributes, name, capture: self.captures(fields) })
    }

    pub(super) fn frame(
        &mut self,
        actor: Option<Reference>,
        fields: &mut Fields<'_>,
    ) -> Option<StepKind> {
        let opcode = self.opcode(fields);
        let payload = fields.take("payload").and_then(|payload| self.bytes(payload, false));
        let status = fields.take("status").and_then(|status| self.count(status, STATUS));
        let last = fields.take("last").and_then(|last| self.boolean(last)).unwrap_or(true);
        let masked = fields.take("masked").and_then(|masked| self.boolean(masked)).unwrap_or(true);
        let reserved = fields.take("reserved").and_then(|bits| self.count(bits, RESERVED));
        let extended = fields.take("length-bytes");
        let extended =
            extended.and_then(|bytes| self.word(bytes, "number of bytes of a length", &EXTENDED));
        let length = fields.take("length").and_then(|length| self.count(length, u64::MAX));
        let name = fields.take("as").and_then(|name| self.name(name));
        Some(StepKind::Frame(Box::new(Frame {
            actor: actor?,
            opcode,
            payload,
            status,
            last,
            masked,
            reserved,
            extended,
            length,
            name,
        })))
    }

    pub(super) fn receive(
        &mut self,
        actor: Option<Reference>,
        fields: &mut Fields<'_>,
    ) -> Option<StepKind> {
        let receive = Receive {
            opcode: self.opcode(fields),
            text: fields.take("text").and_then(|text| self.value_match(text)),
            payload: fields.take("payload").and_then(|payload| self.bytes(payload, false)),
            status: fields.take("status").and_then(|status| self.value_match(status)),
            frames: fields.take("frames").and_then(|frames| self.value_match(frames)),
            compressed: fields
                .take("compressed")
                .and_then(|yaml| Some(Located::new(self.boolean(yaml)?, yaml.place.clone()))),
            since: fields.take("since").and_then(|name| self.reference(name)),
            within: self.time(fields, "within"),
            not_before: self.time(fields, "not-before"),
            none_for: self.time(fields, "none-for"),
            actor: actor?,
        };
        if let Some(none) = &receive.none_for {
            let Receive { within, not_before, .. } = &receive;
            for (key, _) in [("within", within), ("not-before", not_before)]
                .iter()
                .filter(|(_, time)| time.is_some())
            {
                self.wrong(&none.place, format!("`none-for` cannot be combined with `{key}`"), "");
            }
        }
        Some(StepKind::Receive(Box::new(receive)))
    }

    pub(super) fn ended(
        &mut self,
        actor: Option<Reference>,
        fields: &mut Fields<'_>,
    ) -> Option<StepKind> {
        let ended = Ended {
            since: fields.take("since").and_then(|name| self.reference(name)),
            within: self.time(fields, "within"),
            not_before: self.time(fields, "not-before"),
            how: self.end(fields),
            status: fields.take("status").and_then(|status| self.value_match(status)),
            close_notify: fields
                .take("close-notify")
                .and_then(|yaml| Some(Located::new(self.boolean(yaml)?, yaml.place.clone()))),
            actor: actor?,
        };
        Some(StepKind::Ended(Box::new(ended)))
    }

    pub(super) fn secured(
        &mut self,
        actor: Option<Reference>,
        fields: &mut Fields<'_>,
    ) -> Option<StepKind> {
        let mut of = |key| fields.take(key).and_then(|value| self.value_match(value));
        let (version, alpn, certificate) = (of("version"), of("alpn"), of("certificate"));
        Some(StepKind::Secured(Box::new(Secured { actor: actor?, version, alpn, certificate })))
    }

    /// A word, or a number from 0 to 15.
    fn opcode(&mut self, fields: &mut Fields<'_>) -> Option<Located<u8>> {
        let yaml = fields.take("opcode")?;
        let text = self.string(yaml)?;
        match whole(&text) {
            Ok(number) if number < 16 => Some(text.map(|_| number as u8)),
            Ok(_) => {
                self.wrong(&text.place, "an opcode is a number from 0 to 15", "");
                None
            }
            Err(_) => self.word(yaml, "opcode", &OPCODE),
        }
    }
}
