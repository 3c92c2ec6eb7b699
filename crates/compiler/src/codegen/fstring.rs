//! Formatted and template strings.

use super::literal;
use super::{Gen, Reg};
use crate::errors::Res;
use crate::source::wtf8;
use ferropy_bytecode::{Const, Op};
use ruff_python_ast::{
    self as ast, ConversionFlag, FStringPart, InterpolatedElement, InterpolatedStringElement,
    InterpolatedStringLiteralElement,
};
use ruff_text_size::{Ranged, TextRange};

/// A piece of a formatted string; neighbouring literals are joined.
enum Piece<'a> {
    Literal(Vec<u8>),
    Value(&'a InterpolatedElement),
}

/// Pieces are joined in groups of this size.
const GROUP: usize = 30;

fn conversion(flag: ConversionFlag) -> u8 {
    match flag {
        ConversionFlag::None => 0,
        ConversionFlag::Str => 1,
        ConversionFlag::Repr => 2,
        ConversionFlag::Ascii => 3,
    }
}

/// What applies if `=` is given without conversion and format: repr.
fn effective(e: &InterpolatedElement) -> u8 {
    match conversion(e.conversion) {
        0 if e.debug_text.is_some() && e.format_spec.is_none() => 2,
        n => n,
    }
}

fn push_literal(pieces: &mut Vec<Piece<'_>>, text: Vec<u8>) {
    match pieces.last_mut() {
        Some(Piece::Literal(last)) => last.extend(text),
        _ if text.is_empty() => {}
        _ => pieces.push(Piece::Literal(text)),
    }
}

impl<'a> Gen<'a, '_> {
    fn element_literal(&self, l: &InterpolatedStringLiteralElement, raw: bool) -> Vec<u8> {
        wtf8(&l.value, self.source.slice(l.range), raw)
    }

    fn push_elements(&self, pieces: &mut Vec<Piece<'a>>, elements: &'a [InterpolatedStringElement], raw: bool) {
        for element in elements {
            match element {
                InterpolatedStringElement::Literal(l) => push_literal(pieces, self.element_literal(l, raw)),
                InterpolatedStringElement::Interpolation(i) => {
                    if let Some(debug) = &i.debug_text {
                        push_literal(pieces, without_comments(debug.as_str()).into_bytes());
                    }
                    pieces.push(Piece::Value(i));
                }
            }
        }
    }

    pub(super) fn fstring(&mut self, f: &'a ast::ExprFString, dst: Option<Reg>) -> Res<Reg> {
        let mut pieces = Vec::new();
        for part in &f.value {
            match part {
                FStringPart::Literal(s) => push_literal(&mut pieces, literal::string_part(s, self.source)),
                FStringPart::FString(s) => {
                    self.push_elements(&mut pieces, &s.elements, s.flags.prefix().is_raw());
                }
            }
        }
        self.pieces(&pieces, f.range, dst)
    }

    fn pieces(&mut self, pieces: &[Piece<'a>], range: TextRange, dst: Option<Reg>) -> Res<Reg> {
        match pieces {
            [] => {
                self.at(range);
                return self.load_const(Const::Str(Vec::new()), dst);
            }
            [single] => return self.piece(single, range, dst),
            _ => {}
        }
        if pieces.len() > GROUP {
            let groups: Vec<&[Piece<'a>]> = pieces.chunks(GROUP).collect();
            let mark = self.mark();
            let window = self.temp()?;
            self.pieces(groups[0], range, Some(window))?;
            for group in &groups[1..] {
                let next = self.temp()?;
                self.pieces(group, range, Some(next))?;
                self.at(range);
                self.emit(Op::BuildString, window, window, 2);
                self.release(next as usize);
            }
            return self.deliver(mark, window, dst);
        }
        let mark = self.mark();
        let window = self.temps(pieces.len())?;
        for (i, piece) in pieces.iter().enumerate() {
            self.piece(piece, range, Some(window + i as u8))?;
        }
        self.release(mark);
        let d = self.dst(dst)?;
        self.at(range);
        self.emit(Op::BuildString, d, window, pieces.len() as u8);
        Ok(d)
    }

    fn piece(&mut self, piece: &Piece<'a>, range: TextRange, dst: Option<Reg>) -> Res<Reg> {
        match piece {
            Piece::Literal(text) => {
                self.at(range);
                self.load_const(Const::Str(text.clone()), dst)
            }
            Piece::Value(e) => {
                let mark = self.mark();
                let mut value = self.expr(&e.expression, None)?;
                let kind = effective(e);
                if kind > 0 {
                    self.release(mark);
                    let t = self.temp()?;
                    self.at(e.range);
                    self.emit(Op::Convert, t, value, kind);
                    value = t;
                }
                let spec = match &e.format_spec {
                    Some(spec) => Some(self.format_spec(spec)?),
                    None => None,
                };
                self.release(mark);
                let d = self.dst(dst)?;
                self.at(e.range);
                match spec {
                    Some(spec) => self.emit(Op::FormatSpec, d, value, spec),
                    None => self.emit(Op::FormatValue, d, value, 0),
                }
                Ok(d)
            }
        }
    }

    fn format_spec(&mut self, spec: &'a ast::InterpolatedStringFormatSpec) -> Res<Reg> {
        let mut pieces = Vec::new();
        self.push_elements(&mut pieces, &spec.elements, false);
        self.pieces(&pieces, spec.range, None)
    }

    pub(super) fn tstring(&mut self, t: &'a ast::ExprTString, dst: Option<Reg>) -> Res<Reg> {
        let mut pieces = Vec::new();
        for part in t.value.iter() {
            self.push_elements(&mut pieces, &part.elements, part.flags.prefix().is_raw());
        }
        let mut strings = vec![Vec::new()];
        let mut values = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Literal(text) => strings.last_mut().unwrap_or(&mut Vec::new()).extend(text),
                Piece::Value(e) => {
                    values.push(e);
                    strings.push(Vec::new());
                }
            }
        }
        let mark = self.mark();
        let window = self.temps(2)?;
        self.at(t.range);
        self.load_const(Const::Tuple(strings.into_iter().map(Const::Str).collect()), Some(window))?;
        self.emit(Op::BuildList, window + 1, 0, 0);
        for e in values {
            let inner = self.mark();
            let r = self.interpolation(e)?;
            self.emit(Op::ListAppend, window + 1, r, 0);
            self.release(inner);
        }
        self.at(t.range);
        self.emit(Op::ListToTuple, window + 1, window + 1, 0);
        self.release(mark);
        let d = self.dst(dst)?;
        self.emit(Op::BuildTemplate, d, window, 0);
        Ok(d)
    }

    fn interpolation(&mut self, e: &'a InterpolatedElement) -> Res<Reg> {
        let mark = self.mark();
        let parts = self.temps(3)?;
        self.expr(&e.expression, Some(parts))?;
        self.at(e.range);
        let text = expression_text(self.source.text, e);
        self.load_const(Const::Str(text.into_bytes()), Some(parts + 1))?;
        match &e.format_spec {
            Some(spec) => {
                let r = self.format_spec(spec)?;
                self.move_to(parts + 2, r);
            }
            None => {
                self.load_const(Const::Str(Vec::new()), Some(parts + 2))?;
            }
        }
        self.release(mark);
        let d = self.temp()?;
        self.at(e.range);
        self.emit(Op::BuildInterpolation, d, parts, effective(e));
        Ok(d)
    }
}

/// The source of an interpolation's expression, with parentheses and blanks but without comments.
pub fn expression_text(source: &str, e: &InterpolatedElement) -> String {
    let start = e.range.start().to_usize() + 1;
    let from_end = e.expression.end().to_usize();
    let end = match (&e.debug_text, &e.format_spec) {
        (Some(d), _) => {
            let written = start + d.as_str().len();
            source.get(start..written).and_then(|s| s.rfind('=')).map_or(from_end, |i| start + i)
        }
        _ => {
            let rest = source.get(from_end..e.range.end().to_usize()).unwrap_or("");
            let closing = rest.find(['!', ':', '}']).unwrap_or(0);
            from_end + closing
        }
    };
    without_comments(source.get(start..end).unwrap_or(""))
}

/// Takes comments out of the text of an expression.
pub fn without_comments(text: &str) -> String {
    if !text.contains('#') {
        return text.to_string();
    }
    let mut out = String::with_capacity(text.len());
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('#', None) => {
                out.extend(chars.by_ref().find(|c| *c == '\n'));
                continue;
            }
            ('\\', Some(_)) => {
                out.push(c);
                out.extend(chars.next());
                continue;
            }
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(q)) if c == q => quote = None,
            _ => {}
        }
        out.push(c);
    }
    out
}
