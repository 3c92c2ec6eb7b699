//! Items of views: reading and writing one value in a native format.

use ferropy_vm::{R, Thread, Value};

/// The format's code if it is one that views can read: one native character, `@` before it allowed.
pub(crate) fn code(format: &str) -> Option<u8> {
    let f = format.strip_prefix('@').unwrap_or(format).as_bytes();
    match f {
        [c] if size(*c).is_some() => Some(*c),
        _ => None,
    }
}

/// The size of an item of a native format.
pub(crate) fn size(code: u8) -> Option<usize> {
    Some(match code {
        b'c' | b'b' | b'B' | b'?' => 1,
        b'h' | b'H' | b'e' => 2,
        b'i' | b'I' | b'f' => 4,
        b'l' | b'L' | b'q' | b'Q' | b'n' | b'N' | b'd' | b'P' => 8,
        _ => return None,
    })
}

fn signed(data: &[u8]) -> i64 {
    let mut all = [if data.last().is_some_and(|b| b & 0x80 != 0) { 0xFF } else { 0 }; 8];
    all[..data.len()].copy_from_slice(data);
    i64::from_le_bytes(all)
}

fn unsigned(data: &[u8]) -> u64 {
    let mut all = [0; 8];
    all[..data.len()].copy_from_slice(data);
    u64::from_le_bytes(all)
}

/// A half-precision number.
fn half(bits: u16) -> f64 {
    let (sign, exponent, fraction) = (bits >> 15, (bits >> 10 & 31) as i32, f64::from(bits & 1023));
    let x = match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        e => (1024.0 + fraction) * 2f64.powi(e - 25),
    };
    if sign == 1 { -x } else { x }
}

/// The value of an item.
pub(crate) fn read(cx: &mut Thread, format: &str, data: &[u8]) -> R {
    let Some(c) = code(format) else {
        return Err(
            cx.error(ferropy_vm::Exc::NotImplementedError, format!("memoryview: format {format} not supported"))
        );
    };
    match c {
        b'c' => Ok(cx.new_bytes(data)?.value()),
        b'?' => Ok(Value::bool(data[0] != 0)),
        b'B' | b'H' | b'I' | b'L' | b'Q' | b'N' | b'P' => cx.uint(unsigned(data)),
        b'e' => cx.float(half(unsigned(data) as u16)),
        b'f' => cx.float(f64::from(f32::from_bits(unsigned(data) as u32))),
        b'd' => cx.float(f64::from_bits(unsigned(data))),
        _ => cx.int(signed(data)),
    }
}

/// The bytes of a value as an item.
pub(crate) fn write(cx: &mut Thread, format: &str, v: Value) -> R<Vec<u8>> {
    let Some(c) = code(format) else {
        return Err(
            cx.error(ferropy_vm::Exc::NotImplementedError, format!("memoryview: format {format} not supported"))
        );
    };
    let n = size(c).unwrap_or(1);
    match c {
        b'c' => match v.cast::<ferropy_vm::types::Bytes>() {
            Some(b) if b.len == 1 => Ok(b.data().to_vec()),
            Some(_) => Err(invalid_value(cx, format)),
            None => Err(invalid_type(cx, format)),
        },
        b'?' => Ok(vec![cx.truth(v)? as u8]),
        b'e' | b'f' | b'd' => {
            let r = cx.to_f64(v);
            let Some(x) = cx.catch(ferropy_vm::Exc::TypeError, r)? else { return Err(invalid_type(cx, format)) };
            Ok(match c {
                b'd' => x.to_le_bytes().to_vec(),
                b'f' => (x as f32).to_le_bytes().to_vec(),
                _ => to_half(x).to_le_bytes().to_vec(),
            })
        }
        _ => {
            let r = cx.index_value(v);
            let Some(i) = cx.catch(ferropy_vm::Exc::TypeError, r)? else { return Err(invalid_type(cx, format)) };
            let positive = matches!(c, b'B' | b'H' | b'I' | b'L' | b'Q' | b'N' | b'P');
            let order = ferropy_text::int::Endian::Little;
            let Some(big) = i.to_ibig() else { return Err(invalid_type(cx, format)) };
            match ferropy_text::int::to_bytes(&big, n, order, !positive) {
                Ok(b) => Ok(b),
                Err(_) => Err(invalid_value(cx, format)),
            }
        }
    }
}

/// The nearest half-precision number, ties to even.
fn to_half(x: f64) -> u16 {
    let sign = if x.is_sign_negative() { 0x8000 } else { 0 };
    let a = x.abs();
    if a.is_nan() {
        return sign | 0x7E00;
    }
    if a >= 65520.0 {
        return sign | 0x7C00;
    }
    // Units of the last place are 2**-24 below 2**-14, and grow with the exponent above.
    let exponent = if a < 2f64.powi(-14) { -14 } else { a.log2().floor() as i32 };
    let units = (a / 2f64.powi(exponent - 10)).round_ties_even() as u16;
    let biased = (exponent + 14) as u16;
    sign | (biased * 1024 + units)
}

fn invalid_type(cx: &mut Thread, format: &str) -> ferropy_vm::Raised {
    cx.type_error(format!("memoryview: invalid type for format '{format}'"))
}
fn invalid_value(cx: &mut Thread, format: &str) -> ferropy_vm::Raised {
    cx.value_error(format!("memoryview: invalid value for format '{format}'"))
}
