//! Splitting and joining bytes.

use super::{make, same, this};
use crate::str_::{copy_to, keep};
use ferropy_text::search::{self, Unit};
use ferropy_vm::ops::iter::exact_items;
use ferropy_vm::types::{ByteArray, Bytes, List, Tuple};
use ferropy_vm::{Args, Buffer, Builtin as B, R, RootedVec, Thread, Value};

fn list_of(cx: &mut Thread, like: Value, data: &[u8], parts: &[&[u8]]) -> R {
    let list = cx.new_list(&[])?;
    cx.list_reserve(list, parts.len())?;
    for p in parts {
        let v = if p.len() == data.len() { same(cx, like, data)? } else { make(cx, like, p)? };
        cx.list_append(list, v)?;
    }
    keep(data);
    Ok(list.value())
}

fn split_args(cx: &mut Thread, a: Args<'_>) -> R<(Option<Buffer>, usize)> {
    let _export = cx.export(a[0]);
    let max = match a.opt(2) {
        Some(v) => usize::try_from(cx.index(v)?).unwrap_or(usize::MAX),
        None => usize::MAX,
    };
    let Some(v) = a.some(1) else { return Ok((None, max)) };
    separator(cx, v).map(|s| (Some(s), max))
}

fn separator(cx: &mut Thread, v: Value) -> R<Buffer> {
    let sep = cx.buffer(v)?;
    if sep.len == 0 {
        return Err(cx.value_error("empty separator"));
    }
    Ok(sep)
}

pub fn split(cx: &mut Thread, a: Args<'_>) -> R {
    let (sep, max) = split_args(cx, a)?;
    let data = this(cx, a)?;
    let parts = match &sep {
        Some(sep) => search::split(data, sep.bytes(), max),
        None => search::split_whitespace(data, max, Unit::Byte),
    };
    list_of(cx, a[0], data, &parts)
}

pub fn rsplit(cx: &mut Thread, a: Args<'_>) -> R {
    let (sep, max) = split_args(cx, a)?;
    let data = this(cx, a)?;
    let parts = match &sep {
        Some(sep) => search::rsplit(data, sep.bytes(), max),
        None => search::rsplit_whitespace(data, max, Unit::Byte),
    };
    list_of(cx, a[0], data, &parts)
}

pub fn splitlines(cx: &mut Thread, a: Args<'_>) -> R {
    let keep_ends = match a.opt(1) {
        Some(v) => cx.truth(v)?,
        None => false,
    };
    let data = this(cx, a)?;
    let parts = search::split_lines(data, keep_ends, Unit::Byte);
    list_of(cx, a[0], data, &parts)
}

pub fn partition(cx: &mut Thread, a: Args<'_>) -> R {
    let sep = separator(cx, a[1])?;
    let data = this(cx, a)?;
    let items = match search::partition(data, sep.bytes()) {
        Some((x, y)) => [make(cx, a[0], x)?, sep_copy(cx, a, sep)?, make(cx, a[0], y)?],
        None => [same(cx, a[0], data)?, make(cx, a[0], b"")?, make(cx, a[0], b"")?],
    };
    keep(data);
    Ok(cx.new_tuple(&items)?.value())
}

pub fn rpartition(cx: &mut Thread, a: Args<'_>) -> R {
    let sep = separator(cx, a[1])?;
    let data = this(cx, a)?;
    let items = match search::rpartition(data, sep.bytes()) {
        Some((x, y)) => [make(cx, a[0], x)?, sep_copy(cx, a, sep)?, make(cx, a[0], y)?],
        None => [make(cx, a[0], b"")?, make(cx, a[0], b"")?, same(cx, a[0], data)?],
    };
    keep(data);
    Ok(cx.new_tuple(&items)?.value())
}

/// The separator as it stands in the result.
fn sep_copy(cx: &mut Thread, a: Args<'_>, sep: Buffer) -> R {
    if a[0].cast::<ByteArray>().is_none() && a[1].shape() == B::Bytes as u32 {
        return Ok(a[1]);
    }
    make(cx, a[0], sep.bytes())
}

/// Joins the items of an exact list or tuple by a bytes object, if they are bytes objects too.
fn quick_join(cx: &mut Thread, sep: Value, items: Value) -> R<Option<Value>> {
    let (Some(sep), Some(parts)) = (sep.cast::<Bytes>(), exact_items(&items)) else { return Ok(None) };
    let mut total = sep.len.saturating_mul(parts.len().saturating_sub(1));
    for v in parts {
        let Some(b) = v.cast::<Bytes>() else { return Ok(None) };
        total = total.saturating_add(b.len);
    }
    if parts.len() < 2 || total == 0 || total >= 1 << 40 {
        return Ok(None);
    }
    let joined = cx.bytes_with(total, |mut to| {
        for (i, v) in exact_items(&items).unwrap_or(&[]).iter().enumerate() {
            if i > 0 {
                to = copy_to(to, sep.data());
            }
            if let Some(b) = v.cast::<Bytes>() {
                to = copy_to(to, b.data());
            }
        }
    })?;
    Ok(Some(joined.value()))
}

pub fn join(cx: &mut Thread, a: Args<'_>) -> R {
    this(cx, a)?;
    if let Some(v) = quick_join(cx, a[0], a[1])? {
        return Ok(v);
    }
    let mut items = RootedVec::new(cx);
    if a[1].cast::<List>().is_none() && a[1].cast::<Tuple>().is_none() && !super::make::is_iterable(cx, a[1]) {
        return Err(cx.type_error("can only join an iterable"));
    }
    let _export = cx.export(a[0]);
    cx.collect_into(a[1], &mut items)?;
    if items.len() == 1 && items[0].shape() == B::Bytes as u32 && a[0].cast::<ByteArray>().is_none() {
        return Ok(items[0]);
    }
    let sep = this(cx, a)?.to_vec();
    let mut out = Vec::new();
    for i in 0..items.len() {
        if i > 0 {
            out.extend_from_slice(&sep);
        }
        let Some(b) = cx.buffer_opt(items[i])? else {
            let got = cx.class_name(items[i]);
            return Err(cx.type_error(format!("sequence item {i}: expected a bytes-like object, {got} found")));
        };
        out.extend_from_slice(b.bytes());
        if a[1].cast::<List>().is_some_and(|l| l.len() != items.len()) {
            return Err(cx.runtime_error("sequence changed size during iteration"));
        }
    }
    make(cx, a[0], &out)
}
