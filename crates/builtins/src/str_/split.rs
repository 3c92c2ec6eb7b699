//! Splitting and joining.

use super::{exact, keep, part, this};
use ferropy_text::search::{self, Unit};
use ferropy_vm::types::{List, Str, Tuple};
use ferropy_vm::{Args, Builtin as B, Gc, R, Thread, Value};

/// A list of parts of `s`.
fn list_of(cx: &mut Thread, s: Gc<Str>, parts: &[&[u8]]) -> R {
    let list = cx.new_list(&[])?;
    cx.list_reserve(list, parts.len())?;
    for p in parts {
        let v = part(cx, s, p)?;
        cx.list_append(list, v)?;
    }
    keep(s);
    Ok(list.value())
}

/// `sep` and `maxsplit`; None: split at white space.
fn split_args(cx: &mut Thread, a: Args<'_>) -> R<(Option<Gc<Str>>, usize)> {
    let max = match a.opt(2) {
        Some(v) => usize::try_from(cx.index(v)?).unwrap_or(usize::MAX),
        None => usize::MAX,
    };
    let Some(v) = a.some(1) else { return Ok((None, max)) };
    let Some(sep) = v.as_str() else {
        let got = cx.class_name(v);
        return Err(cx.type_error(format!("must be str or None, not {got}")));
    };
    if sep.is_empty() {
        return Err(cx.value_error("empty separator"));
    }
    Ok((Some(sep), max))
}

pub fn split(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a)?;
    let (sep, max) = split_args(cx, a)?;
    let parts = match sep {
        Some(sep) => search::split(s.bytes(), sep.bytes(), max),
        None => search::split_whitespace(s.bytes(), max, Unit::Char),
    };
    list_of(cx, s, &parts)
}

pub fn rsplit(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a)?;
    let (sep, max) = split_args(cx, a)?;
    let parts = match sep {
        Some(sep) => search::rsplit(s.bytes(), sep.bytes(), max),
        None => search::rsplit_whitespace(s.bytes(), max, Unit::Char),
    };
    list_of(cx, s, &parts)
}

pub fn splitlines(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a)?;
    let keep_ends = match a.opt(1) {
        Some(v) => cx.truth(v)?,
        None => false,
    };
    let parts = search::split_lines(s.bytes(), keep_ends, Unit::Char);
    list_of(cx, s, &parts)
}

fn separator(cx: &mut Thread, v: Value) -> R<Gc<Str>> {
    let Some(sep) = v.as_str() else {
        let got = cx.class_name(v);
        return Err(cx.type_error(format!("must be str, not {got}")));
    };
    if sep.is_empty() {
        return Err(cx.value_error("empty separator"));
    }
    Ok(sep)
}

pub fn partition(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a)?;
    let sep = separator(cx, a[1])?;
    let empty = cx.vm().empty_str;
    let items = match search::partition(s.bytes(), sep.bytes()) {
        Some((before, after)) => [part(cx, s, before)?, exact(cx, sep)?, part(cx, s, after)?],
        None => [exact(cx, s)?, empty, empty],
    };
    Ok(cx.new_tuple(&items)?.value())
}

pub fn rpartition(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a)?;
    let sep = separator(cx, a[1])?;
    let empty = cx.vm().empty_str;
    let items = match search::rpartition(s.bytes(), sep.bytes()) {
        Some((before, after)) => [part(cx, s, before)?, exact(cx, sep)?, part(cx, s, after)?],
        None => [empty, empty, exact(cx, s)?],
    };
    Ok(cx.new_tuple(&items)?.value())
}

/// Items of a list or tuple, by index.
#[derive(Clone, Copy)]
pub(crate) enum Items {
    List(Gc<List>),
    Tuple(Gc<Tuple>),
}

impl Items {
    /// The exact lists and tuples as they are, any other iterable as a new list; `refusal` replaces the error for what
    /// is no iterable.
    pub(crate) fn of(cx: &mut Thread, v: Value, refusal: &str) -> R<Items> {
        if v.shape() == B::List as u32
            && let Some(l) = v.cast::<List>()
        {
            return Ok(Items::List(l));
        }
        if v.shape() == B::Tuple as u32
            && let Some(t) = v.cast::<Tuple>()
        {
            return Ok(Items::Tuple(t));
        }
        let n = ferropy_vm::N::__iter__;
        if cx.lookup_special(v, n).is_none() && cx.lookup_special(v, ferropy_vm::N::__getitem__).is_none() {
            return Err(cx.type_error(refusal));
        }
        Ok(Items::List(cx.list_from(v)?))
    }
    pub(crate) fn len(self) -> usize {
        match self {
            Items::List(l) => l.len(),
            Items::Tuple(t) => t.len,
        }
    }
    pub(crate) fn get(self, i: usize) -> Option<Value> {
        match self {
            Items::List(l) => l.get(i),
            Items::Tuple(t) => t.items().get(i).copied(),
        }
    }
}

pub fn join(cx: &mut Thread, a: Args<'_>) -> R {
    let sep = this(cx, a)?;
    let items = Items::of(cx, a[1], "can only join an iterable")?;
    let n = items.len();
    if n == 0 {
        return Ok(cx.vm().empty_str);
    }
    let (mut bytes, mut chars) = (sep.bytes().len().saturating_mul(n - 1), sep.len().saturating_mul(n - 1));
    for i in 0..n {
        let v = items.get(i).unwrap_or(Value::NONE);
        let Some(s) = v.as_str() else {
            let got = cx.class_name(v);
            return Err(cx.type_error(format!("sequence item {i}: expected str instance, {got} found")));
        };
        if n == 1 {
            return exact(cx, s);
        }
        bytes = bytes.saturating_add(s.bytes().len());
        chars = chars.saturating_add(s.len());
    }
    if bytes == 0 {
        return Ok(cx.vm().empty_str);
    }
    let joined = cx.str_with(bytes, chars, |mut to| {
        for i in 0..n {
            if i > 0 {
                to = copy_to(to, sep.bytes());
            }
            if let Some(s) = items.get(i).and_then(Value::as_str) {
                to = copy_to(to, s.bytes());
            }
        }
    })?;
    Ok(joined.value())
}

/// Copies to the front of `to` and returns the rest.
pub(crate) fn copy_to<'a>(to: &'a mut [u8], from: &[u8]) -> &'a mut [u8] {
    let (head, rest) = to.split_at_mut(from.len());
    head.copy_from_slice(from);
    rest
}
