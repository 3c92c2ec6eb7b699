//! The type list: its methods, and helpers that other sequences share.
//!
//! Invariant: items beyond a list's length may be stale words (they are traced, which only delays collection), so whatever
//! shortens a list clears them.

mod sort;

use ferropy_vm::gc::bits;
use ferropy_vm::ops::iter::{exact_items, list_next};
use ferropy_vm::ops::subscript::Indices;
use ferropy_vm::types::{Array, List, SeqIter, Slice};
use ferropy_vm::{Args, Builtin as B, CmpOp, Exc, Gc, N, NativeDef, R, RootedVec, Thread, Value, field};

pub use sort::sort_list;

/// Adds this part to a new interpreter.
pub fn install(cx: &mut Thread) -> R<()> {
    fill(
        cx,
        B::List,
        METHODS,
        "Built-in mutable sequence.\n\nIf no argument is given, the constructor creates a new empty list.\n\
         The argument must be an iterable if specified.",
    )
}

/// Fills a built-in class: methods and doc string.
pub fn fill(cx: &mut Thread, class: B, methods: &'static [NativeDef], doc: &str) -> R<()> {
    let class = cx.builtin(class);
    cx.add_methods(class, methods)?;
    if !doc.is_empty() {
        let doc = cx.new_str(doc)?;
        let key = cx.name(N::__doc__);
        cx.dict_set_str(class.dict(), key, doc.value())?;
    }
    Ok(())
}

static METHODS: &[NativeDef] = &[
    NativeDef::static_method(
        "__new__(cls, /, *args, **kwargs)",
        ferropy_vm::ops::construct::list_new,
        "Create and return a new object.  See help(type) for accurate signature.",
    ),
    NativeDef::method("__init__(self, iterable=(), /)", list_init, "Initialize self."),
    NativeDef::method("__repr__(self, /)", list_repr, "Return repr(self)."),
    NativeDef::method("__len__(self, /)", list_len, "Return len(self)."),
    NativeDef::method("__getitem__(self, index, /)", list_getitem, "Return self[index]."),
    NativeDef::method("__setitem__(self, key, value, /)", list_setitem, "Set self[key] to value."),
    NativeDef::method("__delitem__(self, key, /)", list_delitem, "Delete self[key]."),
    NativeDef::method("__contains__(self, key, /)", list_contains, "Return bool(key in self)."),
    NativeDef::method("__iter__(self, /)", list_iter, "Implement iter(self)."),
    NativeDef::method("__reversed__(self, /)", list_reversed, "Return a reverse iterator over the list."),
    NativeDef::method("__add__(self, value, /)", list_add, "Return self+value."),
    NativeDef::method("__iadd__(self, value, /)", list_iadd, "Implement self+=value."),
    NativeDef::method("__mul__(self, value, /)", list_mul, "Return self*value."),
    NativeDef::method("__rmul__(self, value, /)", list_mul, "Return value*self."),
    NativeDef::method("__imul__(self, value, /)", list_imul, "Implement self*=value."),
    NativeDef::method("__lt__(self, value, /)", list_compare::<0>, "Return self<value."),
    NativeDef::method("__le__(self, value, /)", list_compare::<1>, "Return self<=value."),
    NativeDef::method("__eq__(self, value, /)", list_compare::<2>, "Return self==value."),
    NativeDef::method("__ne__(self, value, /)", list_compare::<3>, "Return self!=value."),
    NativeDef::method("__gt__(self, value, /)", list_compare::<4>, "Return self>value."),
    NativeDef::method("__ge__(self, value, /)", list_compare::<5>, "Return self>=value."),
    NativeDef::method("__sizeof__(self, /)", list_sizeof, "Return the size of the list in memory, in bytes."),
    NativeDef::method("clear(self, /)", list_clear, "Remove all items from list."),
    NativeDef::method("copy(self, /)", list_copy, "Return a shallow copy of the list."),
    NativeDef::method("append(self, object, /)", list_append, "Append object to the end of the list."),
    NativeDef::method("insert(self, index, object, /)", list_insert, "Insert object before index."),
    NativeDef::method("extend(self, iterable, /)", list_extend, "Extend list by appending elements from the iterable."),
    NativeDef::method(
        "pop(self, index=-1, /)",
        list_pop,
        "Remove and return item at index (default last).\n\nRaises IndexError if list is empty or index is out of range.",
    ),
    NativeDef::method(
        "remove(self, value, /)",
        list_remove,
        "Remove first occurrence of value.\n\nRaises ValueError if the value is not present.",
    ),
    NativeDef::method(
        "index(self, value, start=0, stop=9223372036854775807, /)",
        list_index,
        "Return first index of value.\n\nRaises ValueError if the value is not present.",
    ),
    NativeDef::method("count(self, value, /)", list_count, "Return number of occurrences of value."),
    NativeDef::method("reverse(self, /)", list_reverse, "Reverse *IN PLACE*."),
    NativeDef::method(
        "sort(self, /, *, key=None, reverse=False)",
        list_sort,
        "Sort the list in ascending order and return None.\n\nThe sort is in-place (i.e. the list itself is modified) and \
         stable (i.e. the\norder of two equal elements is maintained).\n\nIf a key function is given, apply it once to each \
         list item and sort them,\nascending or descending, according to their function values.\n\nThe reverse flag can be \
         set to sort in descending order.",
    ),
    NativeDef::class_method("__class_getitem__(cls, item, /)", class_getitem, "See PEP 585"),
];

/// The receiver.
fn this(cx: &mut Thread, v: Value) -> R<Gc<List>> {
    match v.cast() {
        Some(l) => Ok(l),
        None => Err(wrong_receiver(cx, "list", v)),
    }
}

/// A method was called with something that is no instance of its class.
pub fn wrong_receiver(cx: &mut Thread, wanted: &str, v: Value) -> ferropy_vm::Raised {
    let got = cx.class_name(v);
    cx.type_error(format!("descriptor requires a '{wanted}' object but received a '{got}'"))
}

/// `__class_getitem__` of generic classes.
pub fn class_getitem(cx: &mut Thread, a: Args<'_>) -> R {
    match cx.registry("GenericAlias") {
        Some(f) => cx.call(f, &[a[0], a[1]]),
        None => Ok(a[0]),
    }
}

/// Appends the repr of a value.
pub fn push_repr(cx: &mut Thread, out: &mut Vec<u8>, v: Value) -> R<()> {
    let s = cx.repr(v)?;
    out.extend_from_slice(s.bytes());
    Ok(())
}

/// `open item, item close`, the items asked for one by one.
pub fn repr_items(
    cx: &mut Thread,
    open: &str,
    close: &str,
    mut item: impl FnMut(&mut Thread, usize) -> Option<Value>,
) -> R<Vec<u8>> {
    let mut out = open.as_bytes().to_vec();
    let mut i = 0;
    while let Some(v) = item(cx, i) {
        if i > 0 {
            out.extend_from_slice(b", ");
        }
        push_repr(cx, &mut out, v)?;
        i += 1;
    }
    out.extend_from_slice(close.as_bytes());
    Ok(out)
}

/// Runs `f` unless the repr of `v` is being computed already: `again` then.
pub fn guarded_repr(cx: &mut Thread, v: Value, again: &str, f: impl FnOnce(&mut Thread) -> R<Vec<u8>>) -> R {
    if !cx.repr_enter(v) {
        return Ok(cx.new_str(again)?.value());
    }
    let r = f(cx);
    cx.repr_leave();
    Ok(cx.new_wtf8(&r?)?.value())
}

/// A count for `*`: the length of the result is checked too.
pub fn repeat_count(cx: &mut Thread, n: Value, len: usize) -> R<usize> {
    if let Some(n @ 0..0x1_0000) = n.as_int()
        && len < 0x1_0000
    {
        return Ok(n as usize);
    }
    if !cx.has_index(n) {
        let class = cx.class_name(n);
        return Err(cx.type_error(format!("can't multiply sequence by non-int of type '{class}'")));
    }
    let n = cx.index(n)?.max(0) as usize;
    match n.checked_mul(len) {
        Some(total) if total < 1 << 40 => Ok(n),
        _ => Err(cx.memory_error()),
    }
}

/// Start and stop of `index(value, start, stop)`, cut to the length.
pub fn search_bounds(cx: &mut Thread, a: Args<'_>, len: usize) -> R<(usize, usize)> {
    let mut bound = |i: usize, default: i64| -> R<usize> {
        let Some(v) = a.opt(i) else { return Ok(default as usize) };
        if !cx.has_index(v) {
            return Err(cx.type_error("slice indices must be integers or have an __index__ method"));
        }
        let n = cx.index_clamped(v)?;
        Ok(if n < 0 { n.saturating_add(len as i64).max(0) } else { n } as usize)
    };
    Ok((bound(2, 0)?, bound(3, i64::MAX)?))
}

fn list_init(cx: &mut Thread, a: Args<'_>) -> R {
    let l = this(cx, a[0])?;
    if !l.is_empty() {
        clear(cx, l);
    }
    if let Some(v) = a.opt(1) {
        cx.list_extend(l, v)?;
    }
    Ok(Value::NONE)
}

fn list_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let l = this(cx, a[0])?;
    if l.is_empty() {
        return Ok(cx.new_str("[]")?.value());
    }
    guarded_repr(cx, l.value(), "[...]", |cx| repr_items(cx, "[", "]", |_, i| l.get(i)))
}

fn list_len(cx: &mut Thread, a: Args<'_>) -> R {
    let l = this(cx, a[0])?;
    cx.uint(l.len() as u64)
}

fn bad_index(cx: &mut Thread, k: Value) -> ferropy_vm::Raised {
    let class = cx.class_name(k);
    cx.type_error(format!("list indices must be integers or slices, not {class}"))
}

fn list_getitem(cx: &mut Thread, a: Args<'_>) -> R {
    let l = this(cx, a[0])?;
    if let Some(s) = a[1].cast::<Slice>() {
        if let Some((from, to)) = quick_range(s, l.len()) {
            return Ok(cx.list_with(to - from, |part| part.copy_from_slice(&l.items()[from..to]))?.value());
        }
        let ix = slice_of(cx, s, l)?;
        return Ok(slice_list(cx, l, ix)?.value());
    }
    if !cx.has_index(a[1]) {
        return Err(bad_index(cx, a[1]));
    }
    let i = item_index(cx, l, a[1], "list index out of range")?;
    Ok(l.get(i).unwrap_or(Value::NONE))
}

/// An index whose `__index__` may change the list: checked against the length afterwards.
fn item_index(cx: &mut Thread, l: Gc<List>, k: Value, message: &str) -> R<usize> {
    let i = cx.index_or(k, Exc::IndexError)?;
    let at = if i < 0 { i.saturating_add(l.len() as i64) } else { i };
    if at < 0 || at as usize >= l.len() {
        return Err(cx.index_error(message));
    }
    Ok(at as usize)
}

/// The range that a slice by small integers (or None) with step 1 chooses.
#[inline]
pub fn quick_range(slice: Gc<Slice>, len: usize) -> Option<(usize, usize)> {
    if !slice.step.get().is_none() {
        return None;
    }
    let clip = |v: Value, default: usize| match v {
        Value::NONE => Some(default),
        v => v.as_int().map(|i| if i < 0 { (i + len as i64).max(0) as usize } else { (i as usize).min(len) }),
    };
    let (from, to) = (clip(slice.start.get(), 0)?, clip(slice.stop.get(), len)?);
    Some((from, to.max(from)))
}

/// A slice resolved; `__index__` methods may have changed the list, so the length is taken last.
fn slice_of(cx: &mut Thread, s: Gc<Slice>, l: Gc<List>) -> R<Indices> {
    let before = l.len();
    let ix = cx.slice_indices(s, before)?;
    if l.len() == before { Ok(ix) } else { cx.slice_indices(s, l.len()) }
}

/// `l[slice]`.
pub fn slice_list(cx: &mut Thread, l: Gc<List>, ix: Indices) -> R<Gc<List>> {
    cx.list_with(ix.len, |to| {
        // Copied after the allocation, which may have moved the old array.
        let from = l.items();
        if ix.step == 1 {
            let first = ix.start as usize;
            to.copy_from_slice(&from[first..first + ix.len]);
            return;
        }
        for (to, i) in to.iter_mut().zip(ix.iter()) {
            *to = from[i];
        }
    })
}

fn list_setitem(cx: &mut Thread, a: Args<'_>) -> R {
    let l = this(cx, a[0])?;
    if let Some(s) = a[1].cast::<Slice>() {
        set_slice(cx, l, s, a[2])?;
        return Ok(Value::NONE);
    }
    if !cx.has_index(a[1]) {
        return Err(bad_index(cx, a[1]));
    }
    let i = item_index(cx, l, a[1], "list assignment index out of range")?;
    l.set(cx, i, a[2]);
    Ok(Value::NONE)
}

/// The case of an exact list or tuple, other than the list itself, put into a slice by small integers with step 1.
fn quick_set_slice(cx: &mut Thread, l: Gc<List>, s: Gc<Slice>, v: Value) -> R<bool> {
    let (Some(n), Some((start, stop))) = (exact_items(&v).map(<[Value]>::len), quick_range(s, l.len())) else {
        return Ok(false);
    };
    if l.value() == v {
        return Ok(false);
    }
    make_room(cx, l, start, stop, n)?;
    // Nothing allocates between this and the end.
    if let (Some(array), Some(items)) = (l.items.cast::<Array>(), exact_items(&v)) {
        for (i, v) in items.iter().enumerate() {
            array.field(start + i).set(cx, array, *v);
        }
    }
    Ok(true)
}

fn set_slice(cx: &mut Thread, l: Gc<List>, s: Gc<Slice>, v: Value) -> R<()> {
    if quick_set_slice(cx, l, s, v)? {
        return Ok(());
    }
    let iterable = cx.iter(v);
    let items = match cx.catch(Exc::TypeError, iterable)? {
        Some(it) if v.kind() != <List as ferropy_vm::HeapObject>::kind() => cx.collect(it)?,
        Some(_) => cx.collect(v)?,
        None => return Err(cx.type_error("must assign iterable to extended slice")),
    };
    let ix = slice_of(cx, s, l)?;
    if ix.step == 1 {
        let start = (ix.start.max(0) as usize).min(l.len());
        return splice(cx, l, start, start + ix.len, &items);
    }
    if items.len() != ix.len {
        return Err(cx.value_error(format!(
            "attempt to assign sequence of size {} to extended slice of size {}",
            items.len(),
            ix.len
        )));
    }
    for (from, at) in ix.iter().enumerate() {
        l.set(cx, at, items[from]);
    }
    Ok(())
}

/// Moves `n` items inside of an array.
fn shift(cx: &mut Thread, array: Gc<Array>, from: usize, to: usize, n: usize) {
    let r = array.as_ref();
    if r.has(bits::NEEDS_LOG) && r.has(bits::SLOT_LOG) {
        // Big and old: only slots that come to refer to young objects need the log.
        let one = |cx: &mut Thread, i: usize| {
            let v = array.field(from + i).get();
            match v.as_ref() {
                Some(r) if !r.has(bits::OLD) => array.field(to + i).set(cx, array, v),
                _ => array.field(to + i).init(v),
            }
        };
        if from > to {
            (0..n).for_each(|i| one(cx, i))
        } else {
            (0..n).rev().for_each(|i| one(cx, i))
        }
        return;
    }
    cx.mutator.barrier(r);
    // SAFETY: both ranges lie in the array; the whole object is in the log or needs none.
    unsafe {
        let first = (array.as_ptr() as *mut u64).add(1);
        std::ptr::copy(first.add(from), first.add(to), n);
    }
}

/// Replaces the items `start..stop` by others.
pub fn splice(cx: &mut Thread, l: Gc<List>, start: usize, stop: usize, items: &[Value]) -> R<()> {
    let start = start.min(l.len());
    make_room(cx, l, start, stop, items.len())?;
    let Some(array) = l.items.cast::<Array>() else { return Ok(()) };
    for (i, v) in items.iter().enumerate() {
        array.field(start + i).set(cx, array, *v);
    }
    Ok(())
}

/// Makes the items `start..stop` so many; the caller binds them before anything else looks at the list.
fn make_room(cx: &mut Thread, l: Gc<List>, start: usize, stop: usize, count: usize) -> R<()> {
    let len = l.len();
    let stop = stop.clamp(start, len);
    let new_len = len - (stop - start) + count;
    if new_len == 0 {
        clear(cx, l);
        return Ok(());
    }
    cx.list_reserve(l, new_len)?;
    let Some(array) = l.items.cast::<Array>() else { return Ok(()) };
    if start + count != stop && stop < len {
        shift(cx, array, stop, start + count, len - stop);
    }
    for i in new_len..len {
        array.field(i).init(Value::NULL);
    }
    l.len.set(new_len);
    Ok(())
}

fn clear(cx: &mut Thread, l: Gc<List>) {
    l.items.set(cx, l, Value::NULL);
    l.len.set(0);
}

fn list_delitem(cx: &mut Thread, a: Args<'_>) -> R {
    let l = this(cx, a[0])?;
    if let Some(s) = a[1].cast::<Slice>() {
        if let Some((from, to)) = quick_range(s, l.len()) {
            splice(cx, l, from, to, &[])?;
            return Ok(Value::NONE);
        }
        let ix = slice_of(cx, s, l)?;
        delete_slice(cx, l, ix)?;
        return Ok(Value::NONE);
    }
    if !cx.has_index(a[1]) {
        return Err(bad_index(cx, a[1]));
    }
    let i = item_index(cx, l, a[1], "list assignment index out of range")?;
    splice(cx, l, i, i + 1, &[])?;
    Ok(Value::NONE)
}

fn delete_slice(cx: &mut Thread, l: Gc<List>, ix: Indices) -> R<()> {
    if ix.len == 0 {
        return Ok(());
    }
    let (first, step) = if ix.step > 0 {
        (ix.start as usize, ix.step as usize)
    } else {
        ((ix.start + (ix.len as i64 - 1) * ix.step) as usize, ix.step.unsigned_abs() as usize)
    };
    if step == 1 {
        return splice(cx, l, first, first + ix.len, &[]);
    }
    let (mut to, len) = (first, l.len());
    for from in first..len {
        let deleted = (from - first) % step == 0 && (from - first) / step < ix.len;
        if !deleted {
            let v = l.get(from).unwrap_or(Value::NONE);
            l.set(cx, to, v);
            to += 1;
        }
    }
    splice(cx, l, to, len, &[])
}

fn list_contains(cx: &mut Thread, a: Args<'_>) -> R {
    let l = this(cx, a[0])?;
    let mut i = 0;
    while let Some(v) = l.get(i) {
        if cx.eq(v, a[1])? {
            return Ok(Value::TRUE);
        }
        i += 1;
    }
    Ok(Value::FALSE)
}

fn list_iter(cx: &mut Thread, a: Args<'_>) -> R {
    cx.seq_iter(B::ListIterator, a[0])
}

fn list_reversed(cx: &mut Thread, a: Args<'_>) -> R {
    let l = this(cx, a[0])?;
    let it = SeqIter { seq: field(l), at: l.len().into(), reverse: true };
    Ok(cx.alloc(B::ListReverseIterator, it)?.value())
}

fn list_add(cx: &mut Thread, a: Args<'_>) -> R {
    let l = this(cx, a[0])?;
    let Some(other) = a[1].cast::<List>() else {
        let class = cx.class_name(a[1]);
        return Err(cx.type_error(format!("can only concatenate list (not \"{class}\") to list")));
    };
    Ok(cx.list_joined(l, other)?.value())
}

fn list_iadd(cx: &mut Thread, a: Args<'_>) -> R {
    let l = this(cx, a[0])?;
    cx.list_extend(l, a[1])?;
    Ok(a[0])
}

fn list_mul(cx: &mut Thread, a: Args<'_>) -> R {
    let l = this(cx, a[0])?;
    let n = repeat_count(cx, a[1], l.len())?;
    Ok(cx.list_with(l.len() * n, |to| repeat(to, l.items()))?.value())
}

/// Fills `to` with copies of `unit`.
pub fn repeat(to: &mut [Value], unit: &[Value]) {
    match unit {
        [] => {}
        [v] => to.fill(*v),
        _ => to.chunks_exact_mut(unit.len()).for_each(|c| c.copy_from_slice(unit)),
    }
}

/// Makes `out` the items of `l`, n times over.
fn repeat_into(cx: &mut Thread, l: Gc<List>, out: Gc<List>, n: usize) -> R<()> {
    let len = l.len();
    if n * len == 0 {
        clear(cx, out);
        return Ok(());
    }
    let all = cx.list_with(n * len, |to| repeat(to, l.items()))?;
    out.items.set(cx, out, all.items.get());
    out.len.set(n * len);
    Ok(())
}

fn list_imul(cx: &mut Thread, a: Args<'_>) -> R {
    let l = this(cx, a[0])?;
    let n = repeat_count(cx, a[1], l.len())?;
    if n != 1 {
        repeat_into(cx, l, l, n)?;
    }
    Ok(a[0])
}

fn list_compare<const OP: u8>(cx: &mut Thread, a: Args<'_>) -> R {
    let l = this(cx, a[0])?;
    let Some(other) = a[1].cast::<List>() else { return Ok(Value::NOT_IMPLEMENTED) };
    let op = CmpOp::from_u8(OP);
    if l.len() != other.len() && matches!(op, CmpOp::Eq | CmpOp::Ne) {
        return Ok(Value::bool(op == CmpOp::Ne));
    }
    cx.check_recursion(" in comparison")?;
    let mut i = 0;
    while let (Some(x), Some(y)) = (l.get(i), other.get(i)) {
        if !cx.eq(x, y)? {
            // The comparison may have cut the lists: then their lengths decide.
            if i >= l.len() || i >= other.len() {
                break;
            }
            return match op {
                CmpOp::Eq => Ok(Value::FALSE),
                CmpOp::Ne => Ok(Value::TRUE),
                _ => cx.compare(op, x, y),
            };
        }
        i += 1;
    }
    Ok(Value::bool(op.of(l.len().cmp(&other.len()))))
}

fn list_sizeof(cx: &mut Thread, a: Args<'_>) -> R {
    let l = this(cx, a[0])?;
    let room = l.items.cast::<Array>().map_or(0, |a| a.capacity());
    cx.uint(40 + 8 * room as u64)
}

fn list_clear(cx: &mut Thread, a: Args<'_>) -> R {
    let l = this(cx, a[0])?;
    clear(cx, l);
    Ok(Value::NONE)
}

fn list_copy(cx: &mut Thread, a: Args<'_>) -> R {
    let l = this(cx, a[0])?;
    Ok(cx.list_with(l.len(), |to| to.copy_from_slice(l.items()))?.value())
}

fn list_append(cx: &mut Thread, a: Args<'_>) -> R {
    let l = this(cx, a[0])?;
    cx.list_append(l, a[1])?;
    Ok(Value::NONE)
}

fn list_insert(cx: &mut Thread, a: Args<'_>) -> R {
    let l = this(cx, a[0])?;
    let i = cx.index(a[1])?;
    let at = if i < 0 { i.saturating_add(l.len() as i64).max(0) } else { i };
    let at = (at as usize).min(l.len());
    splice(cx, l, at, at, &[a[2]])?;
    Ok(Value::NONE)
}

fn list_extend(cx: &mut Thread, a: Args<'_>) -> R {
    let l = this(cx, a[0])?;
    cx.list_extend(l, a[1])?;
    Ok(Value::NONE)
}

fn list_pop(cx: &mut Thread, a: Args<'_>) -> R {
    let l = this(cx, a[0])?;
    if a.opt(1).is_none()
        && let Some(last) = l.len().checked_sub(1)
        && let Some(array) = l.items.cast::<Array>()
    {
        let slot = array.field(last);
        let v = slot.get();
        slot.init(Value::NULL);
        l.len.set(last);
        return Ok(v);
    }
    let i = match a.opt(1) {
        Some(v) => cx.index(v)?,
        None => -1,
    };
    let len = l.len() as i64;
    if len == 0 {
        return Err(cx.index_error("pop from empty list"));
    }
    let at = if i < 0 { i.saturating_add(len) } else { i };
    if at < 0 || at >= len {
        return Err(cx.index_error("pop index out of range"));
    }
    let v = l.get(at as usize).unwrap_or(Value::NONE);
    if at == len - 1 {
        if let Some(array) = l.items.cast::<Array>() {
            array.field(at as usize).init(Value::NULL);
        }
        l.len.set(at as usize);
    } else {
        splice(cx, l, at as usize, at as usize + 1, &[])?;
    }
    Ok(v)
}

fn list_remove(cx: &mut Thread, a: Args<'_>) -> R {
    let l = this(cx, a[0])?;
    let mut i = 0;
    while let Some(v) = l.get(i) {
        if cx.eq(v, a[1])? {
            splice(cx, l, i, i + 1, &[])?;
            return Ok(Value::NONE);
        }
        i += 1;
    }
    Err(cx.value_error("list.remove(x): x not in list"))
}

fn list_index(cx: &mut Thread, a: Args<'_>) -> R {
    let l = this(cx, a[0])?;
    let (mut i, stop) = search_bounds(cx, a, l.len())?;
    while i < stop {
        let Some(v) = l.get(i) else { break };
        if cx.eq(v, a[1])? {
            return cx.uint(i as u64);
        }
        i += 1;
    }
    Err(cx.value_error("list.index(x): x not in list"))
}

fn list_count(cx: &mut Thread, a: Args<'_>) -> R {
    let l = this(cx, a[0])?;
    let (mut i, mut n) = (0, 0);
    while let Some(v) = l.get(i) {
        n += cx.eq(v, a[1])? as u64;
        i += 1;
    }
    cx.uint(n)
}

fn list_reverse(cx: &mut Thread, a: Args<'_>) -> R {
    let l = this(cx, a[0])?;
    let n = l.len();
    let Some(array) = l.items.cast::<Array>() else { return Ok(Value::NONE) };
    let r = array.as_ref();
    if !(r.has(bits::NEEDS_LOG) && r.has(bits::SLOT_LOG)) {
        cx.mutator.barrier(r);
        // SAFETY: the list's items; the whole array is in the log or needs none.
        unsafe { std::slice::from_raw_parts_mut((array.as_ptr() as *mut Value).add(1), n) }.reverse();
        return Ok(Value::NONE);
    }
    for i in 0..n / 2 {
        if let (Some(x), Some(y)) = (l.get(i), l.get(n - 1 - i)) {
            l.set(cx, i, y);
            l.set(cx, n - 1 - i, x);
        }
    }
    Ok(Value::NONE)
}

fn list_sort(cx: &mut Thread, a: Args<'_>) -> R {
    let l = this(cx, a[0])?;
    let reverse = match a.opt(2) {
        Some(v) => cx.truth(v)?,
        None => false,
    };
    sort_list(cx, l, a.some(1), reverse)?;
    Ok(Value::NONE)
}

/// What a list iterator has still to give, as (index, list), without advancing it.
pub fn remaining(cx: &mut Thread, it: Gc<SeqIter>) -> R<RootedVec> {
    let mut out = RootedVec::new(cx);
    let at = it.at.get();
    loop {
        let v = list_next(it);
        if v.is_null() {
            break;
        }
        out.push(v);
    }
    it.at.set(at);
    Ok(out)
}
