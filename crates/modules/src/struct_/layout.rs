//! Formats of `_struct`, compiled: which code lies where.
//!
//! Terms: an *item* is one code with its repeat count, which for `s` and `p` is its length; *standard* sizes and byte order
//! belong to the prefixes `=<>!`, *native* ones to `@` or none.

use hashbrown::HashMap;
use std::sync::{Arc, Mutex};

#[derive(Clone, Copy, Debug)]
pub struct Item {
    pub code: u8,
    pub offset: usize,
    /// Bytes of one value.
    pub size: usize,
    pub repeat: usize,
}

#[derive(Debug)]
pub struct Layout {
    pub items: Vec<Item>,
    pub size: usize,
    /// Number of Python values.
    pub count: usize,
    pub big_endian: bool,
    pub native: bool,
}

/// Size and alignment of a code; None: no such code.
fn measure(code: u8, native: bool) -> Option<(usize, usize)> {
    let size = match code {
        b'x' | b'b' | b'B' | b'c' | b's' | b'p' | b'?' => 1,
        b'h' | b'H' | b'e' => 2,
        b'i' | b'I' | b'f' => 4,
        b'l' | b'L' => {
            if native {
                8
            } else {
                4
            }
        }
        b'q' | b'Q' | b'd' => 8,
        b'n' | b'N' | b'P' if native => 8,
        b'F' => return Some((8, if native { 4 } else { 1 })),
        b'D' => return Some((16, if native { 8 } else { 1 })),
        _ => return None,
    };
    Some((size, if native { size } else { 1 }))
}

impl Layout {
    /// Compiles a format; the error is the message of `struct.error`.
    pub fn parse(format: &[u8]) -> Result<Layout, &'static str> {
        let (native, big_endian, codes) = match format.first() {
            Some(b'@') => (true, false, &format[1..]),
            Some(b'=') => (false, false, &format[1..]),
            Some(b'<') => (false, false, &format[1..]),
            Some(b'>' | b'!') => (false, true, &format[1..]),
            _ => (true, false, format),
        };
        let big_endian = big_endian || cfg!(target_endian = "big") && native;
        let mut layout = Layout { items: Vec::new(), size: 0, count: 0, big_endian, native };
        let mut at = 0;
        while at < codes.len() {
            if codes[at].is_ascii_whitespace() || codes[at] == 0x0b {
                at += 1;
                continue;
            }
            let repeat = read_count(codes, &mut at)?;
            let code = *codes.get(at).ok_or("repeat count given without format specifier")?;
            at += 1;
            layout.add(code, repeat)?;
        }
        Ok(layout)
    }

    fn add(&mut self, code: u8, repeat: usize) -> Result<(), &'static str> {
        const TOO_LONG: &str = "total struct size too long";
        let (size, align) = measure(code, self.native).ok_or("bad char in struct format")?;
        let offset = self.size.checked_next_multiple_of(align).ok_or(TOO_LONG)?;
        let bytes = size.checked_mul(repeat).ok_or(TOO_LONG)?;
        let end = offset.checked_add(bytes).filter(|e| *e <= isize::MAX as usize).ok_or(TOO_LONG)?;
        self.size = end;
        match code {
            b'x' => return Ok(()),
            b's' | b'p' => self.count += 1,
            _ if repeat == 0 => return Ok(()),
            _ => self.count += repeat,
        }
        self.items.push(Item { code, offset, size, repeat });
        Ok(())
    }
}

fn read_count(codes: &[u8], at: &mut usize) -> Result<usize, &'static str> {
    let mut n: Option<usize> = None;
    while let Some(d) = codes.get(*at).filter(|c| c.is_ascii_digit()) {
        let next = n.unwrap_or(0).checked_mul(10).and_then(|n| n.checked_add((d - b'0') as usize));
        n = Some(next.filter(|n| *n <= isize::MAX as usize).ok_or("overflow in item count")?);
        *at += 1;
    }
    if n.is_some() && *at >= codes.len() {
        return Err("repeat count given without format specifier");
    }
    Ok(n.unwrap_or(1))
}

static CACHE: Mutex<Option<HashMap<Vec<u8>, Arc<Layout>>>> = Mutex::new(None);

/// The compiled format, from the cache if it was used before.
pub fn cached(format: &[u8]) -> Result<Arc<Layout>, &'static str> {
    let mut guard = CACHE.lock().unwrap_or_else(|e| e.into_inner());
    let map = guard.get_or_insert_default();
    if let Some(l) = map.get(format) {
        return Ok(l.clone());
    }
    let layout = Arc::new(Layout::parse(format)?);
    if map.len() >= 100 {
        map.clear();
    }
    map.insert(format.to_vec(), layout.clone());
    Ok(layout)
}

/// Forgets all compiled formats.
pub fn clear() {
    *CACHE.lock().unwrap_or_else(|e| e.into_inner()) = None;
}

/// Bits of the half float nearest to x, ties to even; None if x is too large.
pub fn half_from_f64(x: f64) -> Option<u16> {
    let sign = ((x.to_bits() >> 48) & 0x8000) as u16;
    if x.is_nan() {
        let payload = (x.to_bits() >> 42) as u16 & 0x3ff;
        return Some(sign | 0x7c00 | if payload == 0 { 0x200 } else { payload });
    }
    let m = x.abs();
    if m.is_infinite() {
        return Some(sign | 0x7c00);
    }
    if m >= 65520.0 {
        return None;
    }
    if m < 2f64.powi(-14) {
        // Subnormal: a multiple of 2**-24. A carry makes it the least normal number, as it should.
        return Some(sign | (m * 2f64.powi(24)).round_ties_even() as u16);
    }
    let exponent = (m.to_bits() >> 52) as i32 - 1023;
    let fraction = (m / 2f64.powi(exponent) * 1024.0).round_ties_even() as u16;
    Some(sign | (((exponent + 15) as u16) << 10).wrapping_add(fraction - 1024))
}

/// The value of a half float.
pub fn half_to_f64(bits: u16) -> f64 {
    let sign = if bits & 0x8000 != 0 { -1.0 } else { 1.0 };
    let (exponent, fraction) = ((bits >> 10 & 31) as i32, (bits & 0x3ff) as u64);
    match exponent {
        0 => sign * fraction as f64 * 2f64.powi(-24),
        31 if fraction == 0 => sign * f64::INFINITY,
        31 => f64::from_bits((bits as u64 & 0x8000) << 48 | 0x7ff << 52 | fraction << 42),
        _ => sign * (1.0 + fraction as f64 / 1024.0) * 2f64.powi(exponent - 15),
    }
}
