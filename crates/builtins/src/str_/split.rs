//! Splitting and joining.

use super::{exact, keep, part, this};
use ferropy_text::search::{self, Unit};
use ferropy_vm::types::{List, Str, Tuple};
use ferropy_vm::{Args, Builtin as B, Gc, R, Thread, Value};
use smallvec::SmallVec;

/// Where parts of a string begin and end, in bytes.
type Ranges = SmallVec<[(u32, u32); 32]>;

/// A list of parts of `s`.
fn list_of(cx: &mut Thread, s: Gc<Str>, parts: &[(u32, u32)]) -> R {
    let list = cx.list_with(parts.len(), |_| {})?;
    for (i, &(from, to)) in parts.iter().enumerate() {
        // The text may have been moved by what was allocated last.
        let v = part(cx, s, &s.bytes()[from as usize..to as usize])?;
        list.set(cx, i, v);
    }
    keep(s);
    Ok(list.value())
}

/// The ranges of slices of a text.
fn ranges(text: &[u8], parts: &[&[u8]]) -> Ranges {
    let start = text.as_ptr() as usize;
    let range = |p: &&[u8]| {
        let at = p.as_ptr() as usize - start;
        (at as u32, (at + p.len()) as u32)
    };
    parts.iter().map(range).collect()
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
    let mut parts = Ranges::new();
    match sep {
        Some(sep) => {
            let mut done = 0;
            search::each_match(s.bytes(), sep.bytes(), max, |at| {
                parts.push((done as u32, at as u32));
                done = at + sep.bytes().len();
            });
            parts.push((done as u32, s.bytes().len() as u32));
        }
        None => search::each_word(s.bytes(), max, Unit::Char, |from, to| parts.push((from as u32, to as u32))),
    }
    list_of(cx, s, &parts)
}

pub fn rsplit(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a)?;
    let (sep, max) = split_args(cx, a)?;
    let parts = match sep {
        Some(sep) => search::rsplit(s.bytes(), sep.bytes(), max),
        None => search::rsplit_whitespace(s.bytes(), max, Unit::Char),
    };
    let parts = ranges(s.bytes(), &parts);
    list_of(cx, s, &parts)
}

pub fn splitlines(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a)?;
    let keep_ends = match a.opt(1) {
        Some(v) => cx.truth(v)?,
        None => false,
    };
    let parts = ranges(s.bytes(), &search::split_lines(s.bytes(), keep_ends, Unit::Char));
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

/// The string in front of the separator at an offset, the separator, and what follows.
fn around(cx: &mut Thread, s: Gc<Str>, sep: Gc<Str>, at: usize) -> R<[Value; 3]> {
    let before = part(cx, s, &s.bytes()[..at])?;
    let sep = (exact(cx, sep)?, sep.bytes().len());
    Ok([before, sep.0, part(cx, s, &s.bytes()[at + sep.1..])?])
}

pub fn partition(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a)?;
    let sep = separator(cx, a[1])?;
    let empty = cx.vm().empty_str;
    let items = match search::find(s.bytes(), sep.bytes()) {
        Some(at) => around(cx, s, sep, at)?,
        None => [exact(cx, s)?, empty, empty],
    };
    Ok(cx.new_tuple(&items)?.value())
}

pub fn rpartition(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a)?;
    let sep = separator(cx, a[1])?;
    let empty = cx.vm().empty_str;
    let items = match search::rfind(s.bytes(), sep.bytes()) {
        Some(at) => around(cx, s, sep, at)?,
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
