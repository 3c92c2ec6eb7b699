//! Items of arrays: from Python values to bytes and back, by typecode; the machine formats of pickles.

use ferropy_text::int as tint;
use ferropy_vm::types::Str;
use ferropy_vm::{R, Thread, Value};

/// All typecodes.
pub const CODES: &str = "bBuwhHiIlLqQfd";

/// Bytes of an item; None: no such typecode.
pub fn size(code: u8) -> Option<usize> {
    Some(match code {
        b'b' | b'B' => 1,
        b'h' | b'H' => 2,
        b'i' | b'I' | b'f' | b'u' | b'w' => 4,
        b'l' | b'L' | b'q' | b'Q' | b'd' => 8,
        _ => return None,
    })
}

pub fn is_text(code: u8) -> bool {
    matches!(code, b'u' | b'w')
}

fn is_signed(code: u8) -> bool {
    matches!(code, b'b' | b'h' | b'i' | b'l' | b'q')
}

/// The message for an integer that does not fit.
fn misfit(code: u8, negative: bool) -> String {
    let name = match code {
        b'b' => "signed char",
        b'B' => "unsigned byte integer",
        b'h' => "signed short integer",
        b'H' => "unsigned short",
        b'i' => "signed integer",
        b'I' if !negative => "unsigned int",
        b'I' | b'L' if negative => return "can't convert negative value to unsigned int".into(),
        b'l' => return "Python int too large to convert to C long".into(),
        b'L' => return "Python int too large to convert to C unsigned long".into(),
        b'Q' if negative => return "can't convert negative int to unsigned".into(),
        _ => return "int too big to convert".into(),
    };
    format!(
        "{name} is {} than {}",
        if negative { "less" } else { "greater" },
        if negative { "minimum" } else { "maximum" }
    )
}

/// The bytes of an item.
pub type Item = smallvec::SmallVec<[u8; 8]>;

/// The bytes of a value as an item.
pub fn encode(cx: &mut Thread, code: u8, v: Value) -> R<Item> {
    match code {
        b'f' => Ok(Item::from_slice(&(cx.to_f64(v)? as f32).to_ne_bytes())),
        b'd' => Ok(Item::from_slice(&cx.to_f64(v)?.to_ne_bytes())),
        b'u' | b'w' => character(cx, v).map(|c| Item::from_slice(&c.to_ne_bytes())),
        _ => {
            // Non-negative and below half of the item's range fits whether signed or not.
            let bits = 8 * size(code).unwrap_or(1) as u32;
            if let Some(n) = v.as_int()
                && n >= 0
                && n >> (bits - 1) == 0
            {
                return Ok(Item::from_slice(&n.to_le_bytes()[..bits as usize / 8]));
            }
            let n = cx.index_value(v)?.to_ibig().unwrap_or_default();
            let (size, order) = (size(code).unwrap_or(1), tint::Endian::Little);
            match tint::to_bytes(&n, size, order, is_signed(code)) {
                Ok(b) => Ok(Item::from_slice(&b)),
                Err(_) => Err(cx.overflow_error(misfit(code, tint::is_negative(&n)))),
            }
        }
    }
}

fn character(cx: &mut Thread, v: Value) -> R<u32> {
    let Some(s) = v.cast::<Str>() else {
        let class = cx.class_name(v);
        return Err(cx.type_error(format!("array item must be a unicode character, not {class}")));
    };
    if s.len() != 1 {
        let n = s.len();
        return Err(cx.type_error(format!("array item must be a unicode character, not a string of length {n}")));
    }
    Ok(ferropy_text::wtf8::decode_at(s.bytes(), 0).0)
}

/// The value of an item's bytes.
pub fn decode(cx: &mut Thread, code: u8, b: &[u8]) -> R {
    let mut word = [0u8; 8];
    word[..b.len()].copy_from_slice(b);
    let n = u64::from_le_bytes(word);
    match code {
        b'f' => cx.float(f32::from_bits(n as u32) as f64),
        b'd' => cx.float(f64::from_bits(n)),
        b'u' | b'w' => {
            if n > 0x10_ffff {
                return Err(cx.value_error(format!("character U+{n:x} is not in range [U+0000; U+10ffff]")));
            }
            Ok(cx.char_str(n as u32)?.value())
        }
        _ if is_signed(code) => {
            let shift = 64 - 8 * b.len() as u32;
            cx.int(((n << shift) as i64) >> shift)
        }
        _ => cx.uint(n),
    }
}

/// A machine format: size, signed, big-endian; floats and text by kind.
#[derive(Clone, Copy, PartialEq)]
pub enum Format {
    Int { size: usize, signed: bool, big: bool },
    Float { size: usize, big: bool },
    Text { size: usize, big: bool },
}

/// Format number `n` of pickles.
pub fn format(n: i64) -> Option<Format> {
    let big = n & 1 == 1;
    Some(match n {
        0 => Format::Int { size: 1, signed: false, big: false },
        1 => Format::Int { size: 1, signed: true, big: false },
        2..=13 => {
            let size = [2, 4, 8][(n as usize - 2) / 4];
            Format::Int { size, signed: (n - 2) / 2 % 2 == 1, big }
        }
        14 | 15 => Format::Float { size: 4, big },
        16 | 17 => Format::Float { size: 8, big },
        18 | 19 => Format::Text { size: 2, big },
        20 | 21 => Format::Text { size: 4, big },
        _ => return None,
    })
}

/// The number of a typecode's format on this machine.
pub fn format_number(code: u8) -> i64 {
    match code {
        b'B' => 0,
        b'b' => 1,
        b'f' => 14,
        b'd' => 16,
        b'u' | b'w' => 20,
        _ => {
            let base = match size(code) {
                Some(2) => 2,
                Some(4) => 6,
                _ => 10,
            };
            base + if is_signed(code) { 2 } else { 0 }
        }
    }
}
