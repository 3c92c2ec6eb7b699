//! Looking into strings: subscripts, `find` and its kin, `startswith`.

use super::{keep, range_args, text_arg, this};
use crate::list::quick_range;
use ferropy_text::search::{self, Unit};
use ferropy_text::wtf8;
use ferropy_vm::types::{Slice, Str, Tuple};
use ferropy_vm::{Args, Gc, R, Thread, Value};

/// `s[key]`.
pub fn getitem(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a)?;
    if let Some(slice) = a[1].cast::<Slice>() {
        return get_slice(cx, s, slice);
    }
    if !cx.has_index(a[1]) {
        let got = cx.class_name(a[1]);
        return Err(cx.type_error(format!("string indices must be integers, not '{got}'")));
    }
    let i = cx.index_or(a[1], ferropy_vm::Exc::IndexError)?;
    cx.str_index(s, i)
}

fn get_slice(cx: &mut Thread, s: Gc<Str>, slice: Gc<Slice>) -> R {
    if s.is_ascii()
        && let Some((from, to)) = quick_range(slice, s.len())
    {
        if from == 0 && to == s.len() {
            return super::exact(cx, s);
        }
        let v = cx.new_str_counted(&s.bytes()[from..to], to - from)?;
        keep(s);
        return Ok(v.value());
    }
    let r = cx.slice_indices(slice, s.len())?;
    if r.len == 0 {
        return Ok(cx.vm().empty_str);
    }
    if r.step == 1 {
        return substring(cx, s, r.start as usize, r.start as usize + r.len);
    }
    if s.is_ascii() {
        return super::ascii_with(cx, r.len, |to| {
            let bytes = s.bytes();
            to.iter_mut().zip(r.iter()).for_each(|(to, i)| *to = bytes[i]);
        });
    }
    let mut out = Vec::with_capacity(r.len);
    {
        let points: Vec<u32> = wtf8::chars(s.bytes()).collect();
        r.iter().for_each(|i| wtf8::push(&mut out, points[i]));
    }
    Ok(cx.new_str_counted(&out, r.len)?.value())
}

/// The characters from index `start` to `end`, which lie in the string.
pub fn substring(cx: &mut Thread, s: Gc<Str>, start: usize, end: usize) -> R {
    if start == 0 && end == s.len() {
        return super::exact(cx, s);
    }
    let (from, to) = (cx.str_offset(s, start)?, cx.str_offset(s, end)?);
    let v = cx.new_str_counted(&s.bytes()[from..to], end - start)?;
    keep(s);
    Ok(v.value())
}

/// The part of the text that the `start` and `end` arguments choose: its bytes' range; None if it lies outside.
fn chosen(cx: &mut Thread, s: Gc<Str>, a: Args<'_>) -> R<Option<(usize, usize)>> {
    let (first, last) = (a.some(2), a.some(3));
    if first.is_none() && last.is_none() {
        return Ok(Some((0, s.bytes().len())));
    }
    if s.is_ascii()
        && let (Some(Some(from @ 0..)), None) = (first.map(Value::as_int), last)
    {
        let len = s.bytes().len();
        return Ok((from as usize <= len).then_some((from as usize, len)));
    }
    let (start, end) = range_args(cx, a, 2, s.len())?;
    if start > end {
        return Ok(None);
    }
    Ok(Some((cx.str_offset(s, start)?, cx.str_offset(s, end)?)))
}

/// Where the first argument is found.
fn locate(cx: &mut Thread, a: Args<'_>, name: &str, reverse: bool) -> R<Option<usize>> {
    let s = this(cx, a)?;
    let sub = match a[1].as_str() {
        Some(sub) => sub,
        None => text_arg(cx, a[1], &format!("{name}() argument 1"))?,
    };
    let Some((from, to)) = chosen(cx, s, a)? else { return Ok(None) };
    let text = &s.bytes()[from..to];
    let found = if reverse { search::rfind(text, sub.bytes()) } else { search::find(text, sub.bytes()) };
    Ok(found.map(|at| if s.is_ascii() { from + at } else { wtf8::index_of(s.bytes(), from + at) }))
}

fn found(cx: &mut Thread, at: Option<usize>) -> R {
    cx.int(at.map_or(-1, |n| n as i64))
}

fn must_find(cx: &mut Thread, at: Option<usize>) -> R {
    match at {
        Some(n) => cx.int(n as i64),
        None => Err(cx.value_error("substring not found")),
    }
}

pub fn find(cx: &mut Thread, a: Args<'_>) -> R {
    let at = locate(cx, a, "find", false)?;
    found(cx, at)
}
pub fn rfind(cx: &mut Thread, a: Args<'_>) -> R {
    let at = locate(cx, a, "rfind", true)?;
    found(cx, at)
}
pub fn index(cx: &mut Thread, a: Args<'_>) -> R {
    let at = locate(cx, a, "index", false)?;
    must_find(cx, at)
}
pub fn rindex(cx: &mut Thread, a: Args<'_>) -> R {
    let at = locate(cx, a, "rindex", true)?;
    must_find(cx, at)
}

pub fn count(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a)?;
    let sub = text_arg(cx, a[1], "count() argument 1")?;
    let n = match chosen(cx, s, a)? {
        Some((from, to)) => search::count(&s.bytes()[from..to], sub.bytes(), Unit::Char),
        None => 0,
    };
    cx.int(n as i64)
}

fn tail_match(cx: &mut Thread, a: Args<'_>, name: &str, at_end: bool) -> R {
    let s = this(cx, a)?;
    let test = |text: &[u8], t: Gc<Str>| if at_end { text.ends_with(t.bytes()) } else { text.starts_with(t.bytes()) };
    if let Some(t) = a[1].as_str() {
        let Some((from, to)) = chosen(cx, s, a)? else { return Ok(Value::FALSE) };
        return Ok(Value::bool(test(&s.bytes()[from..to], t)));
    }
    let Some(tuple) = a[1].cast::<Tuple>() else {
        let got = cx.class_name(a[1]);
        return Err(cx.type_error(format!("{name} first arg must be str or a tuple of str, not {got}")));
    };
    let range = chosen(cx, s, a)?;
    for v in tuple.items() {
        let Some(t) = v.as_str() else {
            let got = cx.class_name(*v);
            return Err(cx.type_error(format!("tuple for {name} must only contain str, not {got}")));
        };
        if range.is_some_and(|(from, to)| test(&s.bytes()[from..to], t)) {
            return Ok(Value::TRUE);
        }
    }
    Ok(Value::FALSE)
}

pub fn startswith(cx: &mut Thread, a: Args<'_>) -> R {
    tail_match(cx, a, "startswith", false)
}
pub fn endswith(cx: &mut Thread, a: Args<'_>) -> R {
    tail_match(cx, a, "endswith", true)
}
