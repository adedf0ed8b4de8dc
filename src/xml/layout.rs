//! Which elements stand on lines of their own, and where a source stops being well-formed: the first
//! pass of the pretty printer.

use super::tokens::{TokenKind, is_space, tokens};

/// A token as the printer needs it; it starts where the one before it ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) kind: Kind,
    /// For a start tag: the element is written as it was sent, because white space in it may matter.
    pub(super) inline: bool,
    pub(super) end: usize,
    /// For a start tag: the index of its end tag, or [`OPEN`].
    pub(super) close: usize,
}

/// An element whose end tag is not in the source.
pub(super) const OPEN: usize = usize::MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Start,
    Empty,
    End,
    Text,
    Space,
    CData,
    Comment,
    Other,
}

/// The pieces of a source up to where it stops being well-formed: its end, or broken markup, or an end
/// tag that is not due.
pub(super) fn layout(source: &[u8]) -> Vec<Piece> {
    struct Open<'a> {
        piece: usize,
        name: &'a [u8],
        children: bool,
        text: bool,
    }
    let mut pieces: Vec<Piece> = Vec::with_capacity(16 + source.len() / 32);
    let mut open: Vec<Open<'_>> = Vec::with_capacity(16);
    for token in tokens(source) {
        let index = pieces.len();
        let kind = match token.kind {
            TokenKind::Start { self_closing: true, .. } => Kind::Empty,
            TokenKind::Start { .. } => Kind::Start,
            TokenKind::End { .. } => Kind::End,
            TokenKind::Text if source[token.span.clone()].iter().all(|&byte| is_space(byte)) => {
                Kind::Space
            }
            TokenKind::Text => Kind::Text,
            TokenKind::CData => Kind::CData,
            TokenKind::Comment => Kind::Comment,
            TokenKind::Pi | TokenKind::Doctype => Kind::Other,
            TokenKind::Broken => break,
        };
        if let TokenKind::End { name } = token.kind {
            // an end tag with nothing open may close what an earlier piece of a stream opened
            if let Some(closed) = open.pop() {
                if closed.name != name {
                    open.push(closed);
                    break;
                }
                pieces[closed.piece].close = index;
                pieces[closed.piece].inline = closed.text || !closed.children;
            }
        } else if let Some(parent) = open.last_mut() {
            match kind {
                Kind::Text | Kind::CData => parent.text = true,
                Kind::Space => {}
                _ => parent.children = true,
            }
        }
        pieces.push(Piece { kind, inline: false, end: token.span.end, close: OPEN });
        if let TokenKind::Start { name, self_closing: false } = token.kind {
            open.push(Open { piece: index, name, children: false, text: false });
        }
    }
    for unclosed in open {
        pieces[unclosed.piece].inline = unclosed.text;
    }
    pieces
}
