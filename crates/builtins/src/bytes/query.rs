//! Looking into bytes: subscripts, `find` and its kin, tests.

use super::{Needle, make, same, this};
use crate::str_::range_args;
use ferropy_text::search::{self, Unit};
use ferropy_vm::types::{ByteArray, Slice, Tuple};
use ferropy_vm::{Args, Exc, R, Thread, Value};

pub fn getitem(cx: &mut Thread, a: Args<'_>) -> R {
    if let Some(v) = quick_getitem(cx, a)? {
        return Ok(v);
    }
    let array = a[0].cast::<ByteArray>().is_some();
    if let Some(slice) = a[1].cast::<Slice>() {
        let n = this(cx, a)?.len();
        let r = cx.slice_indices(slice, n)?;
        let data = this(cx, a)?;
        let r = if data.len() == n { r } else { cx.slice_indices(slice, data.len())? };
        let data = this(cx, a)?;
        if r.step == 1 {
            if r.len == data.len() {
                return same(cx, a[0], data);
            }
            let start = r.start as usize;
            return match data.get(start..start + r.len) {
                Some(part) => make(cx, a[0], part),
                None => make(cx, a[0], b""),
            };
        }
        let part: Vec<u8> = r.iter().filter_map(|i| data.get(i).copied()).collect();
        return make(cx, a[0], &part);
    }
    if !cx.has_index(a[1]) {
        let (what, got) = (if array { "bytearray" } else { "byte" }, cx.class_name(a[1]));
        return Err(cx.type_error(format!("{what} indices must be integers or slices, not {got}")));
    }
    let i = cx.index_or(a[1], Exc::IndexError)?;
    let data = this(cx, a)?;
    let at = if i < 0 { i + data.len() as i64 } else { i };
    match usize::try_from(at).ok().and_then(|at| data.get(at)) {
        Some(b) => Ok(Value::small_int(*b as i64)),
        None => Err(cx.index_error(if array { "bytearray index out of range" } else { "index out of range" })),
    }
}

/// A subscript by a small integer that exists, or a slice by small integers with step 1.
#[inline]
fn quick_getitem(cx: &mut Thread, a: Args<'_>) -> R<Option<Value>> {
    let data = this(cx, a)?;
    if let Some(i) = a[1].as_int() {
        let at = if i < 0 { i + data.len() as i64 } else { i };
        return Ok(data.get(at as usize).map(|b| Value::small_int(*b as i64)));
    }
    let Some(slice) = a[1].cast::<Slice>() else { return Ok(None) };
    let Some((from, to)) = crate::list::quick_range(slice, data.len()) else { return Ok(None) };
    let part = &data[from..to];
    (if part.len() == data.len() { same(cx, a[0], data) } else { make(cx, a[0], part) }).map(Some)
}

pub fn contains(cx: &mut Thread, a: Args<'_>) -> R {
    if let Some(n @ 0..256) = a[1].as_int() {
        return Ok(Value::bool(memchr::memchr(n as u8, this(cx, a)?).is_some()));
    }
    let _export = cx.export(a[0]);
    if !a[1].is_any_int() && !cx.has_index(a[1]) {
        let b = cx.buffer(a[1])?;
        return Ok(Value::bool(search::contains(this(cx, a)?, b.bytes())));
    }
    let needle = Needle::of(cx, a[1])?;
    Ok(Value::bool(search::contains(this(cx, a)?, needle.bytes())))
}

/// The part that the `start` and `end` arguments choose, and where it begins; None: it lies outside.
fn chosen<'a>(cx: &mut Thread, a: Args<'a>) -> R<Option<(usize, &'a [u8])>> {
    let data = this(cx, a)?;
    if a.some(2).is_none() && a.some(3).is_none() {
        return Ok(Some((0, data)));
    }
    let (start, end) = range_args(cx, a, 2, data.len())?;
    let data = this(cx, a)?;
    Ok(data.get(start..end.min(data.len())).map(|part| (start, part)))
}

fn locate(cx: &mut Thread, a: Args<'_>, reverse: bool) -> R<Option<usize>> {
    let _export = cx.export(a[0]);
    let needle = Needle::of(cx, a[1])?;
    let Some((from, part)) = chosen(cx, a)? else { return Ok(None) };
    let found = if reverse { search::rfind(part, needle.bytes()) } else { search::find(part, needle.bytes()) };
    Ok(found.map(|at| from + at))
}

fn found(cx: &mut Thread, at: Option<usize>, must: bool, _a: Args<'_>) -> R {
    match at {
        Some(n) => cx.int(n as i64),
        None if must => Err(cx.value_error("subsection not found")),
        None => cx.int(-1),
    }
}

pub fn find(cx: &mut Thread, a: Args<'_>) -> R {
    let at = locate(cx, a, false)?;
    found(cx, at, false, a)
}
pub fn rfind(cx: &mut Thread, a: Args<'_>) -> R {
    let at = locate(cx, a, true)?;
    found(cx, at, false, a)
}
pub fn index(cx: &mut Thread, a: Args<'_>) -> R {
    let at = locate(cx, a, false)?;
    found(cx, at, true, a)
}
pub fn rindex(cx: &mut Thread, a: Args<'_>) -> R {
    let at = locate(cx, a, true)?;
    found(cx, at, true, a)
}

pub fn count(cx: &mut Thread, a: Args<'_>) -> R {
    let _export = cx.export(a[0]);
    let needle = Needle::of(cx, a[1])?;
    let n = match chosen(cx, a)? {
        Some((_, part)) => search::count(part, needle.bytes(), Unit::Byte),
        None => 0,
    };
    cx.int(n as i64)
}

fn tail_match(cx: &mut Thread, a: Args<'_>, name: &str, at_end: bool) -> R {
    let test = |part: &[u8], t: &[u8]| if at_end { part.ends_with(t) } else { part.starts_with(t) };
    if let Some(tuple) = a[1].cast::<Tuple>() {
        for i in 0..tuple.len {
            let t = cx.buffer(tuple.at(i))?;
            if let Some((_, part)) = chosen(cx, a)?
                && test(part, t.bytes())
            {
                return Ok(Value::TRUE);
            }
        }
        return Ok(Value::FALSE);
    }
    let Some(t) = cx.buffer_opt(a[1])? else {
        let got = cx.class_name(a[1]);
        return Err(cx.type_error(format!("{name} first arg must be bytes or a tuple of bytes, not {got}")));
    };
    let part = chosen(cx, a)?;
    Ok(Value::bool(part.is_some_and(|(_, part)| test(part, t.bytes()))))
}

pub fn startswith(cx: &mut Thread, a: Args<'_>) -> R {
    tail_match(cx, a, "startswith", false)
}
pub fn endswith(cx: &mut Thread, a: Args<'_>) -> R {
    tail_match(cx, a, "endswith", true)
}

/// A method that asks something of all bytes; false for none.
macro_rules! predicates {
    ($($name:ident $test:expr;)*) => {
        $(pub fn $name(cx: &mut Thread, a: Args<'_>) -> R {
            let data = this(cx, a)?;
            Ok(Value::bool(!data.is_empty() && data.iter().all($test)))
        })*
    };
}
predicates! {
    isalnum u8::is_ascii_alphanumeric;
    isalpha u8::is_ascii_alphabetic;
    isdigit u8::is_ascii_digit;
    isspace |b| matches!(b, b' ' | 9..=13);
}

pub fn isascii(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(this(cx, a)?.is_ascii()))
}
pub fn islower(cx: &mut Thread, a: Args<'_>) -> R {
    let data = this(cx, a)?;
    Ok(Value::bool(data.iter().any(u8::is_ascii_lowercase) && !data.iter().any(u8::is_ascii_uppercase)))
}
pub fn isupper(cx: &mut Thread, a: Args<'_>) -> R {
    let data = this(cx, a)?;
    Ok(Value::bool(data.iter().any(u8::is_ascii_uppercase) && !data.iter().any(u8::is_ascii_lowercase)))
}
pub fn istitle(cx: &mut Thread, a: Args<'_>) -> R {
    let (mut found, mut inside) = (false, false);
    for b in this(cx, a)? {
        if (b.is_ascii_uppercase() && inside) || (b.is_ascii_lowercase() && !inside) {
            return Ok(Value::FALSE);
        }
        inside = b.is_ascii_alphabetic();
        found |= inside;
    }
    Ok(Value::bool(found))
}
