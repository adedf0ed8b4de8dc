//! Steps that send: requests, resends, raw bytes.

use super::fields::Fields;
use super::reader::Reader;
use crate::scenario::limits;
use crate::scenario::model::{
    Cut, CutPoint, Encoding, End, On, Raw, Request, Resend, Rid, Sid, StepKind, Timespan,
};
use crate::scenario::source::Located;
use crate::scenario::template;
use crate::scenario::yaml::Yaml;

pub(in super::super) const END: [(&str, End); 2] = [("fin", End::Fin), ("reset", End::Reset)];
pub(in super::super) const ENCODING: [(&str, Encoding); 2] =
    [("gzip", Encoding::Gzip), ("deflate", Encoding::Deflate)];

impl Reader {
    pub(super) fn request(&mut self, name: &Yaml, fields: &mut Fields<'_>) -> Option<Request> {
        let name = self.name(name);
        let request = Request {
            by: fields.take("by").and_then(|by| self.reference(by)),
            rid: fields.take("rid").and_then(|rid| self.rid(rid)),
            sid: fields.take("sid").and_then(|sid| self.sid(sid)),
            attributes: fields.take("attributes").map_or(Vec::new(), |all| self.attributes(all)),
            payload: fields.take("payload").and_then(|payload| self.xml(payload)),
            body: fields.take("body").and_then(|body| self.bytes(body, false)),
            method: fields.take("method").and_then(|method| self.template(method)),
            path: fields.take("path").and_then(|path| self.template(path)),
            url: fields.take("url").and_then(|url| self.template(url)),
            http: self.http(fields),
            headers: fields.take("headers").map_or(Vec::new(), |all| self.headers(all)),
            encoding: fields
                .take("encoding")
                .and_then(|encoding| self.word(encoding, "content coding", &ENCODING)),
            chunks: fields.take("chunks").and_then(|chunks| self.count(chunks, limits::CHUNKS)),
            on: fields.take("on").and_then(|on| self.on(on)),
            via: self.via(fields),
            cut: fields.take("cut").and_then(|cut| self.cut(cut)),
            name: name?,
        };
        if let Some(body) = &request.body {
            let made: [(&str, bool); 4] = [
                ("payload", request.payload.is_some()),
                ("attributes", !request.attributes.is_empty()),
                ("sid", request.sid.is_some()),
                ("rid", matches!(&request.rid, Some(rid) if rid.value == Rid::Absent)),
            ];
            for (key, _) in made.iter().filter(|(_, given)| *given) {
                let message = format!("`{key}` has no effect, because `body` is the whole entity");
                let help = "with `body`, `rid` only declares the rid that the body contains";
                self.wrong_with_help(&body.place, message, "", help);
            }
        }
        if let Some(url) = &request.url {
            for (key, _) in [("on", request.on.is_some()), ("via", request.via.is_some())]
                .iter()
                .filter(|(_, given)| *given)
            {
                let message = format!("`url` cannot be combined with `{key}`");
                self.wrong_with_help(&url.place, message, "", "it opens a connection of its own");
            }
        }
        Some(request)
    }

    fn rid(&mut self, yaml: &Yaml) -> Option<Located<Rid>> {
        let template = self.template(yaml)?;
        let relative = template.as_plain().filter(|text| {
            text.strip_prefix(['+', '-']).is_some_and(|digits| {
                !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
            })
        });
        let rid = match (template.as_plain(), relative.map(str::parse)) {
            (Some("absent"), _) => Rid::Absent,
            (_, Some(Ok(by))) => Rid::Relative(by),
            _ => Rid::Text(template.value),
        };
        Some(Located::new(rid, template.place))
    }

    fn sid(&mut self, yaml: &Yaml) -> Option<Located<Sid>> {
        let template = self.template(yaml)?;
        Some(template.map(|template| match template.as_plain() {
            Some("absent") => Sid::Absent,
            _ => Sid::Text(template),
        }))
    }

    pub(super) fn on(&mut self, yaml: &Yaml) -> Option<Located<On>> {
        let name = self.name(yaml)?;
        Some(name.map(|name| if name == "fresh" { On::Fresh } else { On::Named(name) }))
    }

    fn cut(&mut self, yaml: &Yaml) -> Option<Cut> {
        let mut fields = self.fields(yaml, "a cut")?;
        let after = self.required(&mut fields, "after");
        let how =
            fields.take("how").and_then(|how| self.word(how, "way to end a connection", &END));
        self.finish(&fields);
        let point = self.cut_point(after?)?;
        let how = how.unwrap_or_else(|| Located::new(End::Reset, yaml.place.clone()));
        Some(Cut { point, how })
    }

    /// `half`, `120 bytes` or a time.
    fn cut_point(&mut self, yaml: &Yaml) -> Option<Located<CutPoint>> {
        let template = self.template(yaml)?;
        let point = match template.as_plain().map(str::trim) {
            Some("half") => Some(CutPoint::Half),
            Some(text) => match text.strip_suffix("bytes").map(str::trim_end) {
                Some(count) => count
                    .parse()
                    .ok()
                    .map(|n| CutPoint::Bytes(crate::scenario::model::Count::Fixed(n))),
                None => match template::duration(text) {
                    Ok(duration) => Some(CutPoint::Sent(Timespan::Fixed(duration))),
                    Err(why) if text.starts_with(|c: char| c.is_ascii_digit()) => {
                        self.wrong(&template.place, why, "");
                        return None;
                    }
                    Err(_) => None,
                },
            },
            None => Some(CutPoint::Sent(Timespan::Computed(template.value.clone()))),
        };
        if point.is_none() {
            let help = "write `half`, `120 bytes` or a time such as 500ms";
            self.wrong_with_help(&template.place, "not a valid place to cut", "", help);
        }
        point.map(|point| Located::new(point, template.place))
    }

    pub(super) fn resend(&mut self, request: &Yaml, fields: &mut Fields<'_>) -> Option<StepKind> {
        let request = self.reference(request);
        let name = self.required(fields, "as").and_then(|name| self.name(name));
        let on = fields.take("on").and_then(|on| self.on(on));
        let cut = fields.take("cut").and_then(|cut| self.cut(cut));
        Some(StepKind::Resend(Resend { request: request?, name: name?, on, cut }))
    }

    pub(super) fn raw(&mut self, name: &Yaml, fields: &mut Fields<'_>) -> Option<StepKind> {
        let name = self.name(name);
        let by = fields.take("by").and_then(|by| self.reference(by));
        let send = self.required(fields, "send").and_then(|send| self.bytes(send, true));
        let on = fields.take("on").and_then(|on| self.on(on));
        let via = self.via(fields);
        let cut = fields.take("cut").and_then(|cut| self.cut(cut));
        let name = name?;
        let nothing = || {
            Located::new(crate::scenario::model::Bytes { pieces: Vec::new() }, name.place.clone())
        };
        let send = send.unwrap_or_else(nothing);
        Some(StepKind::Raw(Raw { name, by, send, on, via, cut }))
    }
}
