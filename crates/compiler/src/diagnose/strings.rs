//! String literals and the fields of formatted strings.

use super::lexer::{Kind, Token};
use super::node::{Node, Shape};
use super::parser::{Miss, P, Parser, Rule, alt};
use crate::parse::escapes;

/// A piece of a literal: plain (bytes or not) or formatted.
#[derive(Clone, Copy, PartialEq)]
enum Piece {
    Text,
    Bytes,
    Formatted,
}

impl Parser<'_> {
    pub fn strings(&mut self) -> P<Node> {
        self.memo(Rule::Strings, |p| {
            if p.invalid {
                p.opt(Self::mixed_with_template)?;
            }
            alt!(
                p,
                |p: &mut Self| {
                    let all = p.many1(Self::string_piece)?;
                    p.joined(&all)
                },
                |p: &mut Self| {
                    let all = p.many1(Self::tstring)?;
                    let start = all.first().map_or(0, Node::start);
                    Ok(Node::new(Shape::TString, start, p.end()))
                }
            )
        })
    }

    /// Pieces without a template, as one literal.
    fn joined(&mut self, all: &[(Piece, Node)]) -> P<Node> {
        let (Some((_, first)), Some((_, last))) = (all.first(), all.last()) else { return Err(Miss::No) };
        let bytes = all.iter().filter(|p| p.0 == Piece::Bytes).count();
        if bytes > 0 && bytes < all.len() {
            return Err(self.raise_last("cannot mix bytes and nonbytes literals"));
        }
        let formatted = all.iter().any(|p| p.0 == Piece::Formatted);
        let shape = if formatted { Shape::FString } else { Shape::Constant("literal") };
        Ok(Node::new(shape, first.start(), last.end()))
    }

    fn string_piece(&mut self) -> P<(Piece, Node)> {
        if let Some(f) = self.opt(|p| p.formatted(Kind::FStart, Kind::FMiddle, Kind::FEnd))? {
            return Ok((Piece::Formatted, f));
        }
        let t = self.kind(Kind::Str)?;
        let bytes = self.check_literal(t)?;
        let node = Node::new(Shape::Constant("literal"), t.start, t.end);
        Ok((if bytes { Piece::Bytes } else { Piece::Text }, node))
    }

    /// Escape sequences of a literal; is it one of bytes?
    fn check_literal(&mut self, t: Token) -> P<bool> {
        let text = self.slice(t);
        let quote = text.find(['\'', '"']).unwrap_or(0);
        let prefix = text[..quote].to_ascii_lowercase();
        let bytes = prefix.contains('b');
        let quotes = if text[quote..].starts_with("\"\"\"") || text[quote..].starts_with("'''") { 3 } else { 1 };
        let body = text.get(quote + quotes..text.len() - quotes).unwrap_or("");
        if bytes && !body.is_ascii() {
            return Err(self.raise_token(t, "bytes can only contain ASCII literal characters"));
        }
        if !prefix.contains('r')
            && let Some(message) = escapes::problem(body, bytes)
        {
            return Err(self.raise_last(message));
        }
        Ok(bytes)
    }

    fn tstring(&mut self) -> P<Node> {
        self.formatted(Kind::TStart, Kind::TMiddle, Kind::TEnd)
    }

    fn formatted(&mut self, start: Kind, middle: Kind, end: Kind) -> P<Node> {
        let first = self.kind(start)?;
        let raw = self.slice(first).to_ascii_lowercase().contains('r');
        let texts = self
            .many(|p| alt!(p, |p: &mut Self| p.field(middle).map(|_| None), |p: &mut Self| p.kind(middle).map(Some)))?;
        let last = self.kind(end)?;
        for t in texts.into_iter().flatten().filter(|_| !raw) {
            self.format_text(t)?;
        }
        let shape = if start == Kind::FStart { Shape::FString } else { Shape::TString };
        Ok(Node::new(shape, first.start, last.end))
    }

    fn format_text(&mut self, t: Token) -> P<()> {
        match escapes::problem(self.slice(t), false) {
            Some(message) => Err(self.raise_last(message)),
            None => Ok(()),
        }
    }

    fn field(&mut self, middle: Kind) -> P<()> {
        let at = self.pos;
        let plain = self.opt(|p| {
            p.word("{")?;
            p.annotated_rhs()?;
            p.opt(|p| p.word("="))?;
            p.opt(|p| p.conversion(middle))?;
            p.opt(|p| p.format_spec(middle))?;
            p.word("}")
        })?;
        match plain {
            Some(_) => Ok(()),
            None if self.invalid => {
                self.pos = at;
                self.invalid_field(middle)
            }
            None => Err(Miss::No),
        }
    }

    fn conversion(&mut self, middle: Kind) -> P<()> {
        let mark = self.word("!")?;
        let name = self.kind(Kind::Name)?;
        let letter = letter(middle);
        if mark.end != name.start {
            let message = format!("{letter}-string: conversion type must come right after the exclamation mark");
            return Err(self.raise(mark.start, name.end, message));
        }
        let text = self.slice(name);
        if !matches!(text, "s" | "r" | "a") {
            let message = format!("{letter}-string: invalid conversion character '{text}': expected 's', 'r', or 'a'");
            return Err(self.raise_token(name, message));
        }
        Ok(())
    }

    fn format_spec(&mut self, middle: Kind) -> P<()> {
        self.word(":")?;
        self.spec_parts(middle)
    }

    fn spec_parts(&mut self, middle: Kind) -> P<()> {
        self.many(|p| alt!(p, |p: &mut Self| p.kind(middle).map(|_| ()), |p: &mut Self| p.field(middle)))?;
        Ok(())
    }

    fn mixed_with_template(&mut self) -> P<Node> {
        const MESSAGE: &str = "cannot mix t-string literals with string or bytes literals";
        let at = self.pos;
        let template_last = self.opt(|p| {
            let all = p.many1(Self::string_piece)?;
            Ok((all.last().map_or(0, |a| a.1.start()), p.tstring()?))
        })?;
        if let Some((start, b)) = template_last {
            return Err(self.raise(start, b.end(), MESSAGE));
        }
        self.pos = at;
        let all = self.many1(Self::tstring)?;
        let b = self.string_piece()?.1;
        Err(self.raise(all.last().map_or(0, Node::start), b.end(), MESSAGE))
    }

    fn invalid_field(&mut self, middle: Kind) -> P<()> {
        let letter = letter(middle);
        self.word("{")?;
        if let Some(t) = self.opt(|p| p.any(&["=", "!", ":", "}"]))? {
            let message = format!("{letter}-string: valid expression required before '{}'", self.slice(t));
            return Err(self.raise_token(t, message));
        }
        if self.opt(Self::annotated_rhs)?.is_none() {
            return Err(self.raise_next(format!("{letter}-string: expecting a valid expression after '{{'")));
        }
        if self.opt(|p| p.ahead(|p| p.any(&["=", "!", ":", "}"])))?.is_none() {
            return Err(self.raise_next(format!("{letter}-string: expecting '=', or '!', or ':', or '}}'")));
        }
        let debug = self.opt(|p| p.word("="))?.is_some();
        if debug && self.opt(|p| p.ahead(|p| p.any(&["!", ":", "}"])))?.is_none() {
            return Err(self.raise_next(format!("{letter}-string: expecting '!', or ':', or '}}'")));
        }
        if self.opt(|p| p.word("!"))?.is_some() {
            if self.opt(|p| p.ahead(|p| p.any(&[":", "}"])))?.is_some() {
                return Err(self.raise_next(format!("{letter}-string: missing conversion character")));
            }
            if self.opt(|p| p.kind(Kind::Name))?.is_none() {
                return Err(self.raise_next(format!("{letter}-string: invalid conversion character")));
            }
        }
        if self.opt(|p| p.ahead(|p| p.any(&[":", "}"])))?.is_none() {
            return Err(self.raise_next(format!("{letter}-string: expecting ':' or '}}'")));
        }
        if self.opt(|p| p.word(":"))?.is_some() {
            // Sic: CPython looks for what a specifier in an f-string is made of.
            self.spec_parts(Kind::FMiddle)?;
            if self.opt(|p| p.ahead(|p| p.word("}")))?.is_none() {
                return Err(self.raise_next(format!("{letter}-string: expecting '}}', or format specs")));
            }
            return Err(Miss::No);
        }
        if self.opt(|p| p.word("}"))?.is_none() {
            return Err(self.raise_next(format!("{letter}-string: expecting '}}'")));
        }
        Err(Miss::No)
    }
}

fn letter(middle: Kind) -> char {
    if middle == Kind::FMiddle { 'f' } else { 't' }
}
