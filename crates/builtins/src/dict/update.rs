//! Filling a dict from mappings, from iterables of pairs, from keyword arguments.

use ferropy_vm::types::{Dict, List, Tuple};
use ferropy_vm::{Args, Builtin as B, Exc, Gc, N, R, RootedVec, Thread, Value};

/// `__init__` and `update`: parameters (self, *args, **kwargs).
pub fn update_args(cx: &mut Thread, d: Gc<Dict>, a: Args<'_>, name: &str) -> R<()> {
    if let Some(args) = a[1].cast::<Tuple>() {
        match args.items() {
            [] => {}
            [v] => update_from(cx, d, *v)?,
            more => return Err(cx.type_error(format!("{name} expected at most 1 argument, got {}", more.len()))),
        }
    }
    if let Some(kw) = a[2].cast::<Dict>()
        && !kw.is_empty()
    {
        match d.is_empty() {
            // The dict of the keywords was made for this call.
            true => cx.dict_take(d, kw),
            false => cx.dict_merge(d, kw)?,
        }
    }
    Ok(())
}

/// `d.update(v)`.
pub fn update_from(cx: &mut Thread, d: Gc<Dict>, v: Value) -> R<()> {
    if let Some(from) = v.cast::<Dict>()
        && (v.shape() == B::Dict as u32 || has_plain_iter(cx, v))
    {
        return merge(cx, d, from);
    }
    let keys = cx.name(N::keys);
    if cx.getattr_opt(v, keys)?.is_none() {
        return update_from_pairs(cx, d, v);
    }
    let keys = cx.call_attr(v, keys, &[])?;
    let it = cx.iter(keys)?;
    while let Some(k) = cx.next_inline(it)? {
        let x = cx.getitem(v, k)?;
        cx.dict_set(d, k, x)?;
    }
    Ok(())
}

/// Does the subclass of dict iterate as dict does? Only then its items can be taken directly.
fn has_plain_iter(cx: &mut Thread, v: Value) -> bool {
    let (class, name) = (cx.builtin(B::Dict), cx.name(N::__iter__));
    let plain = cx.lookup(class, name);
    cx.lookup_special(v, N::__iter__) == plain
}

fn merge(cx: &mut Thread, d: Gc<Dict>, from: Gc<Dict>) -> R<()> {
    if d == from || from.is_empty() {
        return Ok(());
    }
    if d.is_empty() {
        return cx.dict_copy_into(d, from);
    }
    let (mut i, len) = (0, from.len());
    while let Some((next, hash, k, v)) = from.next_entry(i) {
        cx.dict_set_hashed(d, k, hash, v)?;
        if from.len() != len {
            return Err(cx.runtime_error("dict mutated during update"));
        }
        i = next;
    }
    Ok(())
}

fn update_from_pairs(cx: &mut Thread, d: Gc<Dict>, v: Value) -> R<()> {
    let it = cx.iter(v)?;
    let mut n = 0;
    while let Some(pair) = cx.next_inline(it)? {
        let (k, x) = unpack_pair(cx, pair, n)?;
        cx.dict_set(d, k, x)?;
        n += 1;
    }
    Ok(())
}

fn unpack_pair(cx: &mut Thread, pair: Value, n: usize) -> R<(Value, Value)> {
    if let Some(t) = pair.cast::<Tuple>()
        && t.len == 2
    {
        return Ok((t.at(0), t.at(1)));
    }
    if let Some(l) = pair.cast::<List>()
        && let (2, Some(k), Some(x)) = (l.len(), l.get(0), l.get(1))
    {
        return Ok((k, x));
    }
    let items = match pair_items(cx, pair) {
        Ok(items) => items,
        Err(r) if !cx.pending_is(Exc::TypeError) => return Err(r),
        Err(_) => return Err(cx.note(&format!("Cannot convert dictionary update sequence element #{n} to a sequence"))),
    };
    if items.len() != 2 {
        let text = format!("dictionary update sequence element #{n} has length {}; 2 is required", items.len());
        return Err(cx.value_error(text));
    }
    Ok((items[0], items[1]))
}

fn pair_items(cx: &mut Thread, pair: Value) -> R<RootedVec> {
    let it = cx.iter(pair);
    match cx.catch(Exc::TypeError, it)? {
        Some(it) => cx.collect(it),
        None => Err(cx.type_error("object is not iterable")),
    }
}
