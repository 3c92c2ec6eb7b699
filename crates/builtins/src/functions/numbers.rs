//! Numbers: `abs`, `divmod`, `pow`, `round`, `hex`, `oct`, `bin`.

use ferropy_text::int as tint;
use ferropy_vm::types::NativeFn;
use ferropy_vm::{Args, BinOp, N, NativeDef, R, Thread, Value};

pub static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "abs(number, /)",
        abs,
        "Return the absolute value of the argument.\n\n>>> abs(-7)\n7\n>>> abs(7)\n7",
    ),
    NativeDef::function("divmod(x, y, /)", divmod, "Return the tuple (x//y, x%y).  Invariant: div*y + mod == x."),
    NativeDef::function(
        "pow(base, exp, mod=None)",
        pow,
        "Equivalent to base**exp with 2 arguments or base**exp % mod with 3 arguments.\n\nSome types, such as ints, \
         are able to use a more efficient algorithm when\ninvoked using the three argument form.",
    ),
    NativeDef::function(
        "round(number, ndigits=None)",
        round,
        "Round a number to a given precision in decimal digits.\n\nThe return value is an integer if ndigits is \
         omitted or None.  Otherwise\nthe return value has the same type as the number.  ndigits may be negative.",
    ),
    NativeDef::function(
        "hex(integer, /)",
        hex,
        "Return the hexadecimal representation of an integer.\n\n   >>> hex(12648430)\n   '0xc0ffee'",
    ),
    NativeDef::function(
        "oct(integer, /)",
        oct,
        "Return the octal representation of an integer.\n\n   >>> oct(342391)\n   '0o1234567'",
    ),
    NativeDef::function(
        "bin(integer, /)",
        bin,
        "Return the binary representation of an integer.\n\n   >>> bin(2796202)\n   '0b1010101010101010101010'",
    ),
];

fn abs(cx: &mut Thread, a: Args<'_>) -> R {
    if let Some(n) = a[0].as_int() {
        return cx.int(n.abs());
    }
    if a[0].is_flonum() {
        return cx.float(a[0].flonum().abs());
    }
    match cx.call_special(a[0], N::__abs__, &[])? {
        Some(v) => Ok(v),
        None => {
            let class = cx.class_name(a[0]);
            Err(cx.type_error(format!("bad operand type for abs(): '{class}'")))
        }
    }
}

fn divmod(cx: &mut Thread, a: Args<'_>) -> R {
    if let (Some(x), Some(y)) = (a[0].as_int(), a[1].as_int())
        && y != 0
        && let (Some(q), Some(r)) = (tint::floor_div_i64(x, y), tint::modulo_i64(x, y))
    {
        let q = cx.int(q)?;
        return Ok(cx.new_tuple(&[q, Value::small_int(r)])?.value());
    }
    cx.binary(BinOp::DivMod, a[0], a[1])
}

fn pow(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(modulus) = a.some(2) else { return cx.binary(BinOp::Pow, a[0], a[1]) };
    let (base, exponent) = (cx.class_of(a[0]), cx.class_of(a[1]));
    let reflected_first = base != exponent && exponent.is_subclass(base);
    for reflected in [reflected_first, !reflected_first] {
        let r = match reflected {
            false => cx.call_special(a[0], N::__pow__, &[a[1], modulus])?,
            true => cx.call_special(a[1], N::__rpow__, &[a[0], modulus])?,
        };
        if let Some(v) = r.filter(|v| *v != Value::NOT_IMPLEMENTED) {
            return Ok(v);
        }
    }
    if let Some(v) = pow_of_modulus(cx, &[a[0], a[1], modulus])? {
        return Ok(v);
    }
    let names = (cx.class_name(a[0]), cx.class_name(a[1]), cx.class_name(modulus));
    let text = format!("unsupported operand type(s) for ** or pow(): '{}', '{}', '{}'", names.0, names.1, names.2);
    Err(cx.type_error(text))
}

/// A modulus of a native type is asked at last: such a type's method takes operands of any type, as CPython's slots do.
fn pow_of_modulus(cx: &mut Thread, args: &[Value; 3]) -> R<Option<Value>> {
    let class = cx.class_of(args[2]);
    if args[2].is_any_int() || args[..2].iter().any(|v| cx.class_of(*v) == class) {
        return Ok(None);
    }
    let Some(f) = cx.lookup_special(args[2], N::__pow__).and_then(|f| f.cast::<NativeFn>()) else { return Ok(None) };
    let v = (f.def.func)(cx, Args::new(args))?;
    Ok((v != Value::NOT_IMPLEMENTED).then_some(v))
}

fn round(cx: &mut Thread, a: Args<'_>) -> R {
    if a[0].is_flonum() && a.some(1).is_none() {
        let f = a[0].flonum().round_ties_even();
        if f.abs() < 4e18 {
            return cx.int(f as i64);
        }
    }
    let r = match a.some(1) {
        None => cx.call_special(a[0], N::__round__, &[])?,
        Some(n) => cx.call_special(a[0], N::__round__, &[n])?,
    };
    match r {
        Some(v) => Ok(v),
        None => {
            let class = cx.class_name(a[0]);
            Err(cx.type_error(format!("type {class} doesn't define __round__ method")))
        }
    }
}

fn prefixed(cx: &mut Thread, v: Value, base: u8) -> R {
    let n = cx.index_value(v)?;
    if let Some(small) = n.as_int() {
        return small_prefixed(cx, small, base);
    }
    let text = ferropy_text::int::to_prefixed(&n.to_ibig().unwrap_or_default(), base);
    Ok(cx.new_str(&text)?.value())
}

/// `hex`, `oct`, `bin` of a machine integer.
fn small_prefixed(cx: &mut Thread, n: i64, base: u8) -> R {
    let prefix: &[u8] = match (base, n < 0) {
        (16, false) => b"0x",
        (16, true) => b"-0x",
        (8, false) => b"0o",
        (8, true) => b"-0o",
        (_, false) => b"0b",
        (_, true) => b"-0b",
    };
    let mut buf = [0; 64];
    let digits = tint::small_digits(n.unsigned_abs(), base.into(), false, &mut buf).as_bytes();
    let len = prefix.len() + digits.len();
    let text = cx.str_with(len, len, |to| {
        let (head, tail) = to.split_at_mut(prefix.len());
        head.copy_from_slice(prefix);
        tail.copy_from_slice(digits);
    })?;
    Ok(text.value())
}

fn hex(cx: &mut Thread, a: Args<'_>) -> R {
    prefixed(cx, a[0], 16)
}

fn oct(cx: &mut Thread, a: Args<'_>) -> R {
    prefixed(cx, a[0], 8)
}

fn bin(cx: &mut Thread, a: Args<'_>) -> R {
    prefixed(cx, a[0], 2)
}
