//! Methods that return a changed copy.

use super::{changed, make, same, this};
use ferropy_text::search::{self, Unit};
use ferropy_vm::types::{ByteArray, Bytes};
use ferropy_vm::{Args, R, Thread, Value};

macro_rules! mapped {
    ($($name:ident $f:expr;)*) => {
        $(pub fn $name(cx: &mut Thread, a: Args<'_>) -> R {
            let out: Vec<u8> = $f(this(cx, a)?);
            make(cx, a[0], &out)
        })*
    };
}
mapped! {
    upper |d: &[u8]| d.to_ascii_uppercase();
    lower |d: &[u8]| d.to_ascii_lowercase();
    swapcase |d: &[u8]| d.iter().map(|b| if b.is_ascii_alphabetic() { b ^ 0x20 } else { *b }).collect();
    capitalize capitalized;
    title titled;
}

fn capitalized(d: &[u8]) -> Vec<u8> {
    let mut out = d.to_ascii_lowercase();
    if let Some(b) = out.first_mut() {
        b.make_ascii_uppercase();
    }
    out
}

fn titled(d: &[u8]) -> Vec<u8> {
    let mut inside = false;
    let mut each = |b: &u8| {
        let c = if inside { b.to_ascii_lowercase() } else { b.to_ascii_uppercase() };
        inside = b.is_ascii_alphabetic();
        c
    };
    d.iter().map(&mut each).collect()
}

pub fn replace(cx: &mut Thread, a: Args<'_>) -> R {
    let (old, new) = (cx.buffer(a[1])?, cx.buffer(a[2])?);
    let max = match a.opt(3) {
        Some(v) => usize::try_from(cx.index(v)?).unwrap_or(usize::MAX),
        None => usize::MAX,
    };
    let data = this(cx, a)?;
    if new.len > old.len {
        let n = search::count(data, old.bytes(), Unit::Byte).min(max);
        let total = (new.len - old.len).saturating_mul(n).saturating_add(data.len());
        if total > isize::MAX as usize {
            return Err(cx.overflow_error("replace bytes is too long"));
        }
        if total > 1 << 40 {
            return Err(cx.memory_error());
        }
    }
    let r = search::replace(data, old.bytes(), new.bytes(), max, Unit::Byte);
    changed(cx, a[0], data, r)
}

type Padder = fn(&[u8], usize, &[u8], Unit) -> Option<Vec<u8>>;

fn pad(cx: &mut Thread, a: Args<'_>, name: &str, how: Padder) -> R {
    let width = width_arg(cx, a)?;
    let fill = match a.opt(2) {
        None => b' ',
        Some(v) => fill_byte(cx, v, name)?,
    };
    let data = this(cx, a)?;
    let r = how(data, width, &[fill], Unit::Byte);
    changed(cx, a[0], data, r)
}

fn width_arg(cx: &mut Thread, a: Args<'_>) -> R<usize> {
    let width = cx.index(a[1])?.max(0) as usize;
    if width > 1 << 40 { Err(cx.memory_error()) } else { Ok(width) }
}

fn fill_byte(cx: &mut Thread, v: Value, name: &str) -> R<u8> {
    let got = cx.class_name(v);
    match super::data_of(v) {
        Some([b]) => Ok(*b),
        Some(d) => Err(cx.type_error(format!(
            "{name}(): argument 2 must be a byte string of length 1, not a {} object of length {}",
            if v.cast::<Bytes>().is_some() { "bytes" } else { "bytearray" },
            d.len()
        ))),
        None => Err(cx.type_error(format!("{name}() argument 2 must be a byte string of length 1, not {got}"))),
    }
}

pub fn ljust(cx: &mut Thread, a: Args<'_>) -> R {
    pad(cx, a, "ljust", search::left_justify)
}
pub fn rjust(cx: &mut Thread, a: Args<'_>) -> R {
    pad(cx, a, "rjust", search::right_justify)
}
pub fn center(cx: &mut Thread, a: Args<'_>) -> R {
    pad(cx, a, "center", search::center)
}

pub fn zfill(cx: &mut Thread, a: Args<'_>) -> R {
    let width = width_arg(cx, a)?;
    let data = this(cx, a)?;
    let r = search::zero_fill(data, width, Unit::Byte);
    changed(cx, a[0], data, r)
}

pub fn expandtabs(cx: &mut Thread, a: Args<'_>) -> R {
    let size = match a.opt(1) {
        Some(v) => crate::str_::tab_size(cx, v)?,
        None => 8,
    };
    let data = this(cx, a)?;
    if memchr::memchr_iter(b'\t', data).count().saturating_mul(size) > 1 << 40 {
        return Err(cx.overflow_error("result too long"));
    }
    let out = search::expand_tabs(data, size, Unit::Byte);
    make(cx, a[0], &out)
}

/// Which ends to strip.
#[derive(Clone, Copy)]
enum Ends {
    Left,
    Right,
    Both,
}

fn strip_ends(cx: &mut Thread, a: Args<'_>, ends: Ends) -> R {
    let set = match a.some(1) {
        Some(v) => Some(cx.buffer(v)?),
        None => None,
    };
    let data = this(cx, a)?;
    let rest = match (&set, ends) {
        (None, Ends::Left) => search::trim_start(data, Unit::Byte),
        (None, Ends::Right) => search::trim_end(data, Unit::Byte),
        (None, Ends::Both) => search::trim(data, Unit::Byte),
        (Some(s), Ends::Left) => search::trim_start_of(data, s.bytes(), Unit::Byte),
        (Some(s), Ends::Right) => search::trim_end_of(data, s.bytes(), Unit::Byte),
        (Some(s), Ends::Both) => search::trim_of(data, s.bytes(), Unit::Byte),
    };
    if rest.len() == data.len() { same(cx, a[0], data) } else { make(cx, a[0], rest) }
}

pub fn strip(cx: &mut Thread, a: Args<'_>) -> R {
    strip_ends(cx, a, Ends::Both)
}
pub fn lstrip(cx: &mut Thread, a: Args<'_>) -> R {
    strip_ends(cx, a, Ends::Left)
}
pub fn rstrip(cx: &mut Thread, a: Args<'_>) -> R {
    strip_ends(cx, a, Ends::Right)
}

pub fn removeprefix(cx: &mut Thread, a: Args<'_>) -> R {
    let prefix = cx.buffer(a[1])?;
    let data = this(cx, a)?;
    match data.strip_prefix(prefix.bytes()) {
        Some(rest) if prefix.len > 0 => make(cx, a[0], rest),
        _ => same(cx, a[0], data),
    }
}

pub fn removesuffix(cx: &mut Thread, a: Args<'_>) -> R {
    let suffix = cx.buffer(a[1])?;
    let data = this(cx, a)?;
    match data.strip_suffix(suffix.bytes()) {
        Some(rest) if suffix.len > 0 => make(cx, a[0], rest),
        _ => same(cx, a[0], data),
    }
}

pub fn translate(cx: &mut Thread, a: Args<'_>) -> R {
    let table = match a.some(1) {
        None => None,
        Some(v) => {
            let t = cx.buffer(v)?;
            match <[u8; 256]>::try_from(t.bytes()) {
                Ok(t) => Some(t),
                Err(_) => return Err(cx.value_error("translation table must be 256 characters long")),
            }
        }
    };
    let mut gone = [false; 256];
    if let Some(v) = a.opt(2) {
        cx.buffer(v)?.bytes().iter().for_each(|b| gone[*b as usize] = true);
    }
    let data = this(cx, a)?;
    let kept = data.iter().filter(|b| !gone[**b as usize]);
    let out: Vec<u8> = match table {
        Some(t) => kept.map(|b| t[*b as usize]).collect(),
        None => kept.copied().collect(),
    };
    if out == data && a[0].cast::<ByteArray>().is_none() {
        return same(cx, a[0], data);
    }
    make(cx, a[0], &out)
}

pub fn maketrans(cx: &mut Thread, a: Args<'_>) -> R {
    let (from, to) = (cx.buffer(a[0])?, cx.buffer(a[1])?);
    if from.len != to.len {
        return Err(cx.value_error("maketrans arguments must have same length"));
    }
    let mut table: [u8; 256] = std::array::from_fn(|i| i as u8);
    for (f, t) in from.bytes().iter().zip(to.bytes()) {
        table[*f as usize] = *t;
    }
    Ok(cx.new_bytes(&table)?.value())
}
