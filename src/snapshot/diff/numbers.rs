//! What exchanges have in common, as numbers that can be compared.

use std::collections::HashMap;

use super::align::Keys;
use super::canon::Canon;
use super::strands::Keyed;
use super::words;
use crate::snapshot::{Content, Exchange, Strand, Transcript};

/// Numbers that are equal for texts that are equal.
#[derive(Default)]
pub(super) struct Numbers(HashMap<String, u32>);

impl Numbers {
    fn of(&mut self, text: String) -> u32 {
        let next = self.0.len() as u32;
        *self.0.entry(text).or_insert(next)
    }

    pub(super) fn keyed<'a>(&mut self, transcript: &'a Transcript) -> Vec<Keyed<'a>> {
        let strand = |strand: &'a Strand| {
            let keys = strand.exchanges.iter().map(|exchange| self.keys(exchange)).collect();
            Keyed { strand, keys }
        };
        transcript.strands.iter().map(strand).collect()
    }

    fn keys(&mut self, exchange: &Exchange) -> Keys {
        let canon = Canon::of(exchange);
        let request = canon.request(&exchange.client);
        let response = canon.response(&exchange.server);
        let poll = match &exchange.client.content {
            Content::None => true,
            Content::Xml(body) => body.nodes.is_empty() && body.attr("type").is_none(),
            Content::Text(_) => false,
        };
        Keys {
            whole: self.of(format!("{request}\0\0{response}")),
            request: self.of(request),
            response: self.of(response),
            request_kind: self.of(words::kind(&exchange.client)),
            response_kind: self.of(words::kind(&exchange.server)),
            poll,
        }
    }
}
