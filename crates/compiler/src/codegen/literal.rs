//! Values of literals.

use crate::errors::{Failure, Res};
use crate::fold;
use crate::source::{Source, wtf8};
use dashu_int::IBig;
use ferropy_bytecode::Const;
use ruff_python_ast::{self as ast, Number};

pub fn number(n: &Number) -> Res<Const> {
    match n {
        Number::Float(x) => Ok(Const::Float(x.to_bits())),
        Number::Complex { real, imag } => Ok(Const::Complex(real.to_bits(), imag.to_bits())),
        Number::Int(i) => match i.as_i64() {
            Some(n) => Ok(Const::Int(n)),
            None => big(&i.to_string()).ok_or_else(|| Failure::internal("invalid integer literal")),
        },
    }
}

fn big(text: &str) -> Option<Const> {
    let text: String = text.chars().filter(|c| *c != '_').collect();
    let (radix, digits) = match text.get(..2).map(|p| p.to_ascii_lowercase()).as_deref() {
        Some("0x") => (16, &text[2..]),
        Some("0o") => (8, &text[2..]),
        Some("0b") => (2, &text[2..]),
        _ => (10, text.as_str()),
    };
    IBig::from_str_radix(digits, radix).ok().map(fold::from_big)
}

pub fn string(s: &ast::ExprStringLiteral, source: &Source<'_>) -> Vec<u8> {
    s.value.iter().flat_map(|part| string_part(part, source)).collect()
}

pub fn string_part(part: &ast::StringLiteral, source: &Source<'_>) -> Vec<u8> {
    if !part.value.contains('\u{fffd}') {
        return part.value.as_bytes().to_vec();
    }
    wtf8(&part.value, source.slice(part.content_range()), part.flags.prefix().is_raw())
}

/// Removes a docstring's common indentation, as the compiler does since 3.13.
pub fn clean_doc(doc: &[u8]) -> Vec<u8> {
    let mut expanded = Vec::with_capacity(doc.len());
    let mut col = 0;
    for &b in doc {
        match b {
            b'\t' => {
                let n = 8 - col % 8;
                expanded.resize(expanded.len() + n, b' ');
                col += n;
            }
            b'\n' => {
                expanded.push(b);
                col = 0;
            }
            _ => {
                expanded.push(b);
                col += 1;
            }
        }
    }
    let mut lines = expanded.split(|b| *b == b'\n');
    let first = lines.next().unwrap_or(&[]);
    let rest: Vec<&[u8]> = lines.collect();
    let indent = |l: &&[u8]| l.iter().position(|b| *b != b' ');
    let margin = rest.iter().filter_map(indent).min().unwrap_or(0);
    let mut out = first[first.iter().position(|b| *b != b' ').unwrap_or(first.len())..].to_vec();
    for line in rest {
        out.push(b'\n');
        out.extend_from_slice(if line.len() >= margin { &line[margin..] } else { &[] });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docstrings() {
        assert_eq!(clean_doc(b"  One\n    two\n      three\n    "), b"One\ntwo\n  three\n");
    }

    #[test]
    fn integers() {
        assert_eq!(big("0xffff_ffff_ffff_ffff"), Some(Const::BigInt(false, vec![255; 8])));
        assert_eq!(big("1_0"), Some(Const::Int(10)));
    }
}
