//! Constant folding with CPython's limits, so that folded programs stay small.
//!
//! A result that would raise, or that would be large, is not folded.

use crate::codegen::literal;
use crate::source::Source;
use dashu_int::IBig;
use dashu_int::ops::{BitTest, DivEuclid};
use ferropy_bytecode::Const;
use ruff_python_ast::{Expr, Operator, UnaryOp};

const MAX_INT_BITS: usize = 128;
const MAX_COLLECTION: usize = 256;
const MAX_STR: usize = 4096;

/// The expression's value, if it is a constant.
pub fn constant(e: &Expr, source: &Source<'_>, optimize: u8) -> Option<Const> {
    match e {
        Expr::NoneLiteral(_) => Some(Const::None),
        Expr::EllipsisLiteral(_) => Some(Const::Ellipsis),
        Expr::BooleanLiteral(b) => Some(boolean(b.value)),
        Expr::NumberLiteral(n) => literal::number(&n.value).ok(),
        Expr::StringLiteral(s) => Some(Const::Str(literal::string(s, source))),
        Expr::BytesLiteral(b) => Some(Const::Bytes(b.value.bytes().collect())),
        Expr::Name(n) if n.id == "__debug__" && n.ctx.is_load() => Some(boolean(optimize == 0)),
        Expr::UnaryOp(u) => unary(u.op, &constant(&u.operand, source, optimize)?),
        Expr::BinOp(b) => {
            let left = constant(&b.left, source, optimize)?;
            binary(b.op, &left, &constant(&b.right, source, optimize)?)
        }
        Expr::Tuple(t) if t.ctx.is_load() => {
            t.elts.iter().map(|e| constant(e, source, optimize)).collect::<Option<_>>().map(Const::Tuple)
        }
        Expr::Subscript(s) if s.ctx.is_load() => {
            index(&constant(&s.value, source, optimize)?, &constant(&s.slice, source, optimize)?)
        }
        _ => None,
    }
}

fn boolean(b: bool) -> Const {
    if b { Const::True } else { Const::False }
}

/// Truth of a constant.
pub fn truth(c: &Const) -> bool {
    match c {
        Const::None | Const::False => false,
        Const::True | Const::Ellipsis | Const::BigInt(..) | Const::Slice(_) | Const::Code(_) => true,
        Const::Int(n) => *n != 0,
        Const::Float(bits) => f64::from_bits(*bits) != 0.0,
        Const::Complex(re, im) => f64::from_bits(*re) != 0.0 || f64::from_bits(*im) != 0.0,
        Const::Str(s) | Const::Bytes(s) => !s.is_empty(),
        Const::Tuple(t) | Const::FrozenSet(t) => !t.is_empty(),
    }
}

pub fn big(c: &Const) -> Option<IBig> {
    match c {
        Const::Int(n) => Some(IBig::from(*n)),
        Const::True => Some(IBig::ONE),
        Const::False => Some(IBig::ZERO),
        Const::BigInt(negative, bytes) => {
            let n = IBig::from(dashu_int::UBig::from_le_bytes(bytes));
            Some(if *negative { -n } else { n })
        }
        _ => None,
    }
}

pub fn from_big(n: IBig) -> Const {
    match i64::try_from(&n) {
        Ok(small) => Const::Int(small),
        Err(_) => {
            let (sign, magnitude) = n.into_parts();
            Const::BigInt(sign == dashu_int::Sign::Negative, magnitude.to_le_bytes().to_vec())
        }
    }
}

fn float(c: &Const) -> Option<f64> {
    match c {
        Const::Float(bits) => Some(f64::from_bits(*bits)),
        Const::Int(n) if n.unsigned_abs() < 1 << 53 => Some(*n as f64),
        Const::True => Some(1.0),
        Const::False => Some(0.0),
        _ => None,
    }
}

fn complex(c: &Const) -> Option<(f64, f64)> {
    match c {
        Const::Complex(re, im) => Some((f64::from_bits(*re), f64::from_bits(*im))),
        _ => Some((float(c)?, 0.0)),
    }
}

fn unary(op: UnaryOp, c: &Const) -> Option<Const> {
    match op {
        UnaryOp::Not => Some(boolean(!truth(c))),
        UnaryOp::Invert if matches!(c, Const::True | Const::False) => None,
        UnaryOp::Invert => Some(from_big(-big(c)? - IBig::ONE)),
        UnaryOp::UAdd | UnaryOp::USub => {
            let negative = op == UnaryOp::USub;
            match c {
                Const::Float(bits) => {
                    let x = f64::from_bits(*bits);
                    Some(Const::Float(if negative { -x } else { x }.to_bits()))
                }
                Const::Complex(re, im) => {
                    let sign = |b: &u64| if negative { (-f64::from_bits(*b)).to_bits() } else { *b };
                    Some(Const::Complex(sign(re), sign(im)))
                }
                _ => big(c).map(|n| from_big(if negative { -n } else { n })),
            }
        }
    }
}

pub fn binary(op: Operator, left: &Const, right: &Const) -> Option<Const> {
    if let (Some(a), Some(b)) = (big(left), big(right)) {
        return integers(op, a, b, left, right);
    }
    match (op, left, right) {
        (Operator::Add, Const::Str(a), Const::Str(b)) if a.len() + b.len() <= MAX_STR => {
            Some(Const::Str([a.as_slice(), b].concat()))
        }
        (Operator::Add, Const::Bytes(a), Const::Bytes(b)) if a.len() + b.len() <= MAX_STR => {
            Some(Const::Bytes([a.as_slice(), b].concat()))
        }
        (Operator::Add, Const::Tuple(a), Const::Tuple(b)) if a.len() + b.len() <= MAX_COLLECTION => {
            Some(Const::Tuple([a.as_slice(), b].concat()))
        }
        (Operator::Mult, _, Const::Int(n)) | (Operator::Mult, Const::Int(n), _) if !is_number(left, right) => {
            repeat(if matches!(left, Const::Int(_)) { right } else { left }, *n)
        }
        _ => match (float(left), float(right)) {
            (Some(a), Some(b)) => floats(op, a, b),
            // A real operand has no imaginary part, not even a zero: `0.0-0j` is `(0, -0)`.
            (Some(a), None) => {
                let (re, im) = complex(right)?;
                match op {
                    Operator::Add => Some(complex_of(a + re, im)),
                    Operator::Sub => Some(complex_of(a - re, -im)),
                    _ => None,
                }
            }
            (None, Some(b)) => {
                let (re, im) = complex(left)?;
                match op {
                    Operator::Add => Some(complex_of(re + b, im)),
                    Operator::Sub => Some(complex_of(re - b, im)),
                    _ => None,
                }
            }
            _ => complexes(op, complex(left)?, complex(right)?),
        },
    }
}

fn is_number(left: &Const, right: &Const) -> bool {
    complex(left).is_some() && complex(right).is_some()
}

fn repeat(c: &Const, n: i64) -> Option<Const> {
    let n = usize::try_from(n.max(0)).ok()?;
    match c {
        Const::Str(s) if s.len().checked_mul(n)? <= MAX_STR => Some(Const::Str(s.repeat(n))),
        Const::Bytes(s) if s.len().checked_mul(n)? <= MAX_STR => Some(Const::Bytes(s.repeat(n))),
        Const::Tuple(t) if t.len().checked_mul(n)? <= MAX_COLLECTION => {
            Some(Const::Tuple((0..n).flat_map(|_| t.clone()).collect()))
        }
        _ => None,
    }
}

fn integers(op: Operator, a: IBig, b: IBig, left: &Const, right: &Const) -> Option<Const> {
    let small = |n: &IBig| usize::try_from(n).ok();
    let both_bool = [left, right].iter().all(|c| matches!(c, Const::True | Const::False));
    let result = match op {
        Operator::Add => a + b,
        Operator::Sub => a - b,
        Operator::Mult if a.bit_len() + b.bit_len() <= MAX_INT_BITS => a * b,
        Operator::FloorDiv if b != IBig::ZERO => floor_div(a, b).0,
        Operator::Mod if b != IBig::ZERO => floor_div(a, b).1,
        Operator::Div if b != IBig::ZERO => {
            let (x, y) = (float(left)?, float(right)?);
            return Some(Const::Float((x / y).to_bits()));
        }
        Operator::Pow if b < IBig::ZERO => return None,
        Operator::Pow => {
            let n = small(&b)?;
            if a.bit_len().checked_mul(n.max(1))? > MAX_INT_BITS {
                return None;
            }
            a.pow(n)
        }
        Operator::LShift => {
            let n = small(&b)?;
            if n > MAX_INT_BITS || a.bit_len() + n > MAX_INT_BITS {
                return None;
            }
            a << n
        }
        Operator::RShift => a >> small(&b)?,
        Operator::BitAnd | Operator::BitOr | Operator::BitXor => {
            let bits = match op {
                Operator::BitAnd => a & b,
                Operator::BitOr => a | b,
                _ => a ^ b,
            };
            if both_bool {
                return Some(boolean(bits != IBig::ZERO));
            }
            bits
        }
        _ => return None,
    };
    Some(from_big(result))
}

/// Quotient towards minus infinity, and the remainder with the divisor's sign.
fn floor_div(a: IBig, b: IBig) -> (IBig, IBig) {
    let q = a.clone().div_euclid(b.clone());
    let r = &a - &q * &b;
    if b < IBig::ZERO && r != IBig::ZERO { (q - IBig::ONE, r + b) } else { (q, r) }
}

fn floats(op: Operator, a: f64, b: f64) -> Option<Const> {
    let result = match op {
        Operator::Add => a + b,
        Operator::Sub => a - b,
        Operator::Mult => a * b,
        Operator::Div if b != 0.0 => a / b,
        _ => return None,
    };
    Some(Const::Float(result.to_bits()))
}

fn complexes(op: Operator, a: (f64, f64), b: (f64, f64)) -> Option<Const> {
    let (re, im) = match op {
        Operator::Add => (a.0 + b.0, a.1 + b.1),
        Operator::Sub => (a.0 - b.0, a.1 - b.1),
        _ => return None,
    };
    Some(complex_of(re, im))
}

fn complex_of(re: f64, im: f64) -> Const {
    Const::Complex(re.to_bits(), im.to_bits())
}

fn index(c: &Const, i: &Const) -> Option<Const> {
    let Const::Int(i) = i else { return None };
    let at = |len: usize| usize::try_from(if *i < 0 { *i + len as i64 } else { *i }).ok().filter(|&i| i < len);
    match c {
        Const::Tuple(t) => Some(t[at(t.len())?].clone()),
        Const::Bytes(b) => Some(Const::Int(b[at(b.len())?] as i64)),
        Const::Str(s) if s.is_ascii() => Some(Const::Str(vec![s[at(s.len())?]])),
        _ => None,
    }
}

/// Are the constants equal as Python compares them?
pub fn equal(a: &Const, b: &Const) -> bool {
    a == b || number(a).is_some_and(|x| number(b).is_some_and(|y| x == y))
}

/// The value of a constant that equals other kinds of numbers.
fn number(c: &Const) -> Option<(f64, f64)> {
    let whole = |n: i64| (n as f64 as i128 == i128::from(n)).then_some((n as f64, 0.0));
    match c {
        Const::False => Some((0.0, 0.0)),
        Const::True => Some((1.0, 0.0)),
        Const::Int(n) => whole(*n),
        Const::Float(bits) => Some((f64::from_bits(*bits), 0.0)),
        Const::Complex(re, im) => Some((f64::from_bits(*re), f64::from_bits(*im))),
        _ => None,
    }
}

/// `repr` of a constant that may be a mapping's key; None for big numbers.
pub fn repr(c: &Const) -> Option<String> {
    Some(match c {
        Const::None => "None".into(),
        Const::True => "True".into(),
        Const::False => "False".into(),
        Const::Int(n) => n.to_string(),
        Const::Float(bits) => ferropy_text::float::repr(f64::from_bits(*bits)),
        Const::Complex(re, im) => ferropy_text::float::complex_repr(f64::from_bits(*re), f64::from_bits(*im)),
        Const::Str(s) => ferropy_text::repr::repr_str(s),
        Const::Bytes(s) => ferropy_text::repr::repr_bytes(s),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic() {
        let int = Const::Int;
        assert_eq!(binary(Operator::FloorDiv, &int(-7), &int(2)), Some(int(-4)));
        assert_eq!(binary(Operator::Mod, &int(7), &int(-2)), Some(int(-1)));
        assert_eq!(binary(Operator::Mod, &int(-7), &int(-2)), Some(int(-1)));
        assert_eq!(binary(Operator::FloorDiv, &int(7), &int(-2)), Some(int(-4)));
        assert_eq!(binary(Operator::Pow, &int(2), &int(200)), None);
        assert_eq!(binary(Operator::BitAnd, &Const::True, &Const::False), Some(Const::False));
        assert_eq!(binary(Operator::Div, &int(1), &int(0)), None);
        let big = binary(Operator::Mult, &int(i64::MAX), &int(4)).unwrap();
        assert_eq!(big, Const::BigInt(false, vec![252, 255, 255, 255, 255, 255, 255, 255, 1]));
        assert_eq!(unary(UnaryOp::Invert, &int(5)), Some(int(-6)));
    }
}
