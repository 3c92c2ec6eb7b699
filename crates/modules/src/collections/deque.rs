//! deque: a ring in an array whose size is a power of two.

use ferropy_builtins::iterators::stop_at_end;
use ferropy_builtins::list::{class_getitem, guarded_repr, push_repr, repeat_count, search_bounds, wrong_receiver};
use ferropy_vm::class::flags;
use ferropy_vm::types::{Array, Class};
use ferropy_vm::{Args, CmpOp, Exc, Field, Gc, NativeDef, R, Thread, TypeDef, Value, field, heap_kind};
use std::cell::Cell;

#[repr(C)]
pub struct Deque {
    /// An [`Array`], unbound while nothing was ever added.
    items: Field,
    head: Cell<usize>,
    len: Cell<usize>,
    /// -1: no limit.
    maxlen: Cell<i64>,
    /// Changes whenever items are added, removed or moved.
    changes: Cell<u64>,
}
heap_kind!(Deque, "deque", 1);

#[repr(C)]
struct DequeIter {
    deque: Field,
    /// Items to come.
    left: Cell<usize>,
    changes: Cell<u64>,
    reverse: Cell<bool>,
}
heap_kind!(DequeIter, "deque iterator", 1);

/// Iterators are advanced without a look-up.
pub fn register_iterators() {
    ferropy_vm::ops::iter::register_next::<DequeIter>(iter_step);
}

pub static DEQUE: TypeDef = TypeDef::new::<Deque>(
    "collections.deque",
    METHODS,
    "A list-like sequence optimized for data accesses near its endpoints.",
)
.flags(flags::BASE | flags::IMMUTABLE | flags::SEQUENCE | flags::WEAKREF);

pub static ITERATOR: TypeDef = TypeDef::new::<DequeIter>("_collections._deque_iterator", ITER_METHODS, "");
pub static REVERSE_ITERATOR: TypeDef =
    TypeDef::new::<DequeIter>("_collections._deque_reverse_iterator", REVERSE_METHODS, "");

static METHODS: &[NativeDef] = &[
    NativeDef::static_method("__new__(cls, /, *args, **kwargs)", deque_new, "Create and return a new object."),
    NativeDef::method("__init__(self, iterable=(), maxlen=None)", deque_init, "Initialize self."),
    NativeDef::method("__repr__(self, /)", deque_repr, "Return repr(self)."),
    NativeDef::method("__len__(self, /)", deque_len, "Return len(self)."),
    NativeDef::method("__getitem__(self, key, /)", deque_getitem, "Return self[key]."),
    NativeDef::method("__setitem__(self, key, value, /)", deque_setitem, "Set self[key] to value."),
    NativeDef::method("__delitem__(self, key, /)", deque_delitem, "Delete self[key]."),
    NativeDef::method("__contains__(self, key, /)", deque_contains, "Return bool(key in self)."),
    NativeDef::method("__iter__(self, /)", deque_iter, "Implement iter(self)."),
    NativeDef::method("__reversed__(self, /)", deque_reversed, "Return a reverse iterator over the deque."),
    NativeDef::method("__add__(self, value, /)", deque_add, "Return self+value."),
    NativeDef::method("__iadd__(self, value, /)", deque_iadd, "Implement self+=value."),
    NativeDef::method("__mul__(self, value, /)", deque_mul, "Return self*value."),
    NativeDef::method("__rmul__(self, value, /)", deque_mul, "Return value*self."),
    NativeDef::method("__imul__(self, value, /)", deque_imul, "Implement self*=value."),
    NativeDef::method("__lt__(self, value, /)", compare::<0>, "Return self<value."),
    NativeDef::method("__le__(self, value, /)", compare::<1>, "Return self<=value."),
    NativeDef::method("__eq__(self, value, /)", compare::<2>, "Return self==value."),
    NativeDef::method("__ne__(self, value, /)", compare::<3>, "Return self!=value."),
    NativeDef::method("__gt__(self, value, /)", compare::<4>, "Return self>value."),
    NativeDef::method("__ge__(self, value, /)", compare::<5>, "Return self>=value."),
    NativeDef::method("__sizeof__(self, /)", deque_sizeof, "Return the size of the deque in memory, in bytes."),
    NativeDef::method("__reduce__(self, /)", deque_reduce, "Return state information for pickling."),
    NativeDef::method("__copy__(self, /)", deque_copy, "Return a shallow copy of a deque."),
    NativeDef::method("copy(self, /)", deque_copy, "Return a shallow copy of a deque."),
    NativeDef::method("append(self, item, /)", deque_append, "Add an element to the right side of the deque."),
    NativeDef::method("appendleft(self, item, /)", deque_appendleft, "Add an element to the left side of the deque."),
    NativeDef::method(
        "extend(self, iterable, /)",
        deque_extend,
        "Extend the right side of the deque with elements from the iterable.",
    ),
    NativeDef::method(
        "extendleft(self, iterable, /)",
        deque_extendleft,
        "Extend the left side of the deque with elements from the iterable.",
    ),
    NativeDef::method("pop(self, /)", deque_pop, "Remove and return the rightmost element."),
    NativeDef::method("popleft(self, /)", deque_popleft, "Remove and return the leftmost element."),
    NativeDef::method("clear(self, /)", deque_clear, "Remove all elements from the deque."),
    NativeDef::method("count(self, value, /)", deque_count, "Return number of occurrences of value."),
    NativeDef::method(
        "index(self, value, start=0, stop=9223372036854775807, /)",
        deque_index,
        "Return first index of value.\n\nRaises ValueError if the value is not present.",
    ),
    NativeDef::method("insert(self, index, value, /)", deque_insert, "Insert value before index."),
    NativeDef::method("remove(self, value, /)", deque_remove, "Remove first occurrence of value."),
    NativeDef::method("reverse(self, /)", deque_reverse, "Reverse *IN PLACE*."),
    NativeDef::method(
        "rotate(self, n=1, /)",
        deque_rotate,
        "Rotate the deque n steps to the right.  If n is negative, rotates left.",
    ),
    NativeDef::getter("maxlen", deque_maxlen, "maximum size of a deque or None if unbounded"),
    NativeDef::class_method("__class_getitem__(cls, item, /)", class_getitem, "See PEP 585"),
];

static ITER_METHODS: &[NativeDef] = &[
    NativeDef::static_method("__new__(cls, deque, index=0, /)", iter_new, "Create and return a new object."),
    NativeDef::method("__iter__(self, /)", iter_self, "Implement iter(self)."),
    NativeDef::method("__next__(self, /)", iter_next, "Implement next(self)."),
    NativeDef::method("__length_hint__(self, /)", iter_hint, "Private method returning an estimate of len(list(it))."),
    NativeDef::method("__reduce__(self, /)", iter_reduce, "Return state information for pickling."),
];
static REVERSE_METHODS: &[NativeDef] = &[
    NativeDef::static_method("__new__(cls, deque, index=0, /)", reverse_new, "Create and return a new object."),
    NativeDef::method("__iter__(self, /)", iter_self, "Implement iter(self)."),
    NativeDef::method("__next__(self, /)", iter_next, "Implement next(self)."),
    NativeDef::method("__length_hint__(self, /)", iter_hint, "Private method returning an estimate of len(list(it))."),
    NativeDef::method("__reduce__(self, /)", iter_reduce, "Return state information for pickling."),
];

fn this(cx: &mut Thread, v: Value) -> R<Gc<Deque>> {
    match v.cast() {
        Some(d) => Ok(d),
        None => Err(wrong_receiver(cx, "collections.deque", v)),
    }
}

/// Word of the array for item `i`.
fn place(d: Gc<Deque>, array: Gc<Array>, i: usize) -> usize {
    d.head.get().wrapping_add(i) & (array.capacity() - 1)
}

fn get(d: Gc<Deque>, i: usize) -> Option<Value> {
    let array = d.items.cast::<Array>()?;
    (i < d.len.get()).then(|| array.field(place(d, array, i)).get())
}

fn put(cx: &mut Thread, d: Gc<Deque>, i: usize, v: Value) {
    if let Some(array) = d.items.cast::<Array>() {
        array.field(place(d, array, i)).set(cx, array, v);
    }
}

fn touch(d: Gc<Deque>) {
    d.changes.set(d.changes.get() + 1);
}

/// Room for one more item.
fn reserve(cx: &mut Thread, d: Gc<Deque>) -> R<Gc<Array>> {
    let old = d.items.cast::<Array>();
    let n = d.len.get();
    if let Some(a) = old
        && n < a.capacity()
    {
        return Ok(a);
    }
    let array = cx.new_array((n + 1).next_power_of_two().max(8))?;
    for i in 0..n {
        // The new array is young (or in the log), so its words are written without barriers.
        array.field(i).init(get(d, i).unwrap_or(Value::NONE));
    }
    d.items.set(cx, d, array);
    d.head.set(0);
    Ok(array)
}

fn push(cx: &mut Thread, d: Gc<Deque>, v: Value) -> R<()> {
    let limit = d.maxlen.get();
    if limit == 0 {
        return Ok(());
    }
    let array = reserve(cx, d)?;
    array.field(place(d, array, d.len.get())).set(cx, array, v);
    d.len.set(d.len.get() + 1);
    touch(d);
    if limit > 0 && d.len.get() > limit as usize {
        take_left(d);
    }
    Ok(())
}

fn push_left(cx: &mut Thread, d: Gc<Deque>, v: Value) -> R<()> {
    let limit = d.maxlen.get();
    if limit == 0 {
        return Ok(());
    }
    let array = reserve(cx, d)?;
    d.head.set(d.head.get().wrapping_sub(1) & (array.capacity() - 1));
    array.field(d.head.get()).set(cx, array, v);
    d.len.set(d.len.get() + 1);
    touch(d);
    if limit > 0 && d.len.get() > limit as usize {
        take_right(d);
    }
    Ok(())
}

fn take_left(d: Gc<Deque>) -> Option<Value> {
    let (v, array) = (get(d, 0)?, d.items.cast::<Array>()?);
    array.field(place(d, array, 0)).init(Value::NULL);
    d.head.set((d.head.get() + 1) & (array.capacity() - 1));
    d.len.set(d.len.get() - 1);
    touch(d);
    Some(v)
}

fn take_right(d: Gc<Deque>) -> Option<Value> {
    let last = d.len.get().checked_sub(1)?;
    let (v, array) = (get(d, last)?, d.items.cast::<Array>()?);
    array.field(place(d, array, last)).init(Value::NULL);
    d.len.set(last);
    touch(d);
    Some(v)
}

fn clear(cx: &mut Thread, d: Gc<Deque>) {
    d.items.set(cx, d, Value::NULL);
    d.len.set(0);
    d.head.set(0);
    touch(d);
}

fn deque_new(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(class) = a[0].cast::<Class>() else { return Err(wrong_receiver(cx, "type", a[0])) };
    let d = Deque {
        items: ferropy_vm::null_field(),
        head: 0.into(),
        len: 0.into(),
        maxlen: (-1).into(),
        changes: 0.into(),
    };
    Ok(cx.alloc_of(class, d)?.value())
}

fn deque_init(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    let limit = match a.some(2) {
        Some(v) if !v.is_any_int() => return Err(cx.type_error("an integer is required")),
        Some(v) => match cx.index(v)? {
            n if n < 0 => return Err(cx.value_error("maxlen must be non-negative")),
            n => n,
        },
        None => -1,
    };
    d.maxlen.set(limit);
    if d.len.get() > 0 {
        clear(cx, d);
    }
    if let Some(v) = a.opt(1) {
        extend(cx, d, v)?;
    }
    Ok(Value::NONE)
}

fn extend(cx: &mut Thread, d: Gc<Deque>, v: Value) -> R<()> {
    let v = if v == d.value() { cx.list_from(v)?.value() } else { v };
    let it = cx.iter(v)?;
    while let Some(x) = cx.next_inline(it)? {
        push(cx, d, x)?;
    }
    Ok(())
}

fn deque_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    let name = cx.class_of(a[0]).name();
    guarded_repr(cx, a[0], "[...]", |cx| {
        let items = cx.list_from(a[0])?;
        let mut out = format!("{name}(").into_bytes();
        push_repr(cx, &mut out, items.value())?;
        if d.maxlen.get() >= 0 {
            out.extend_from_slice(format!(", maxlen={}", d.maxlen.get()).as_bytes());
        }
        out.push(b')');
        Ok(out)
    })
}

fn deque_len(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    cx.uint(d.len.get() as u64)
}

#[inline]
fn position(cx: &mut Thread, d: Gc<Deque>, k: Value) -> R<usize> {
    if let Some(i @ 0..) = k.as_int()
        && (i as usize) < d.len.get()
    {
        return Ok(i as usize);
    }
    if !cx.has_index(k) {
        let class = cx.class_name(k);
        return Err(cx.type_error(format!("sequence index must be integer, not '{class}'")));
    }
    cx.sequence_index(k, d.len.get(), "deque index out of range")
}

fn deque_getitem(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    let i = position(cx, d, a[1])?;
    Ok(get(d, i).unwrap_or(Value::NONE))
}

fn deque_setitem(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    let i = position(cx, d, a[1])?;
    put(cx, d, i, a[2]);
    Ok(Value::NONE)
}

fn deque_delitem(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    let i = position(cx, d, a[1])?;
    delete(cx, d, i);
    Ok(Value::NONE)
}

/// Removes item `i`, moving the shorter side.
fn delete(cx: &mut Thread, d: Gc<Deque>, i: usize) {
    let n = d.len.get();
    if i < n / 2 {
        for k in (0..i).rev() {
            let v = get(d, k).unwrap_or(Value::NONE);
            put(cx, d, k + 1, v);
        }
        take_left(d);
    } else {
        for k in i + 1..n {
            let v = get(d, k).unwrap_or(Value::NONE);
            put(cx, d, k - 1, v);
        }
        take_right(d);
    }
}

/// Item `i`; an error if the deque changed since.
fn checked(cx: &mut Thread, d: Gc<Deque>, changes: u64, e: Exc) -> R<()> {
    if d.changes.get() != changes { Err(cx.error(e, "deque mutated during iteration")) } else { Ok(()) }
}

fn deque_contains(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    let changes = d.changes.get();
    for i in 0..d.len.get() {
        let v = get(d, i).unwrap_or(Value::NONE);
        let same = cx.eq(v, a[1])?;
        if same {
            return Ok(Value::TRUE);
        }
        checked(cx, d, changes, Exc::RuntimeError)?;
    }
    Ok(Value::FALSE)
}

fn make_iter(cx: &mut Thread, v: Value, reverse: bool) -> R<Gc<DequeIter>> {
    let d = this(cx, v)?;
    let class = cx.native_class(if reverse { &REVERSE_ITERATOR } else { &ITERATOR })?;
    let it = DequeIter {
        deque: field(d),
        left: d.len.get().into(),
        changes: d.changes.get().into(),
        reverse: reverse.into(),
    };
    cx.alloc_of(class, it)
}

fn deque_iter(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(make_iter(cx, a[0], false)?.value())
}

fn deque_reversed(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(make_iter(cx, a[0], true)?.value())
}

fn iter_at(cx: &mut Thread, a: Args<'_>, reverse: bool) -> R {
    let it = make_iter(cx, a[1], reverse)?;
    if let Some(v) = a.opt(2) {
        let n = cx.index(v)?.max(0) as usize;
        it.left.set(it.left.get().saturating_sub(n));
    }
    Ok(it.value())
}

fn iter_new(cx: &mut Thread, a: Args<'_>) -> R {
    iter_at(cx, a, false)
}

fn reverse_new(cx: &mut Thread, a: Args<'_>) -> R {
    iter_at(cx, a, true)
}

fn iterator(cx: &mut Thread, v: Value) -> R<(Gc<DequeIter>, Gc<Deque>)> {
    match v.cast::<DequeIter>() {
        Some(it) => Ok((it, this(cx, it.deque.get())?)),
        None => Err(wrong_receiver(cx, "_collections._deque_iterator", v)),
    }
}

fn iter_self(_cx: &mut Thread, a: Args<'_>) -> R {
    Ok(a[0])
}

fn iter_next(cx: &mut Thread, a: Args<'_>) -> R {
    iterator(cx, a[0])?;
    let r = iter_step(cx, a[0]);
    stop_at_end(cx, r)
}

/// The next item; unbound at the end.
fn iter_step(cx: &mut Thread, it: Value) -> R {
    let (it, d) = iterator(cx, it)?;
    if d.changes.get() != it.changes.get() {
        it.left.set(0);
        checked(cx, d, it.changes.get(), Exc::RuntimeError)?;
    }
    let left = it.left.get();
    if left == 0 {
        return Ok(Value::NULL);
    }
    it.left.set(left - 1);
    let i = if it.reverse.get() { left - 1 } else { d.len.get() - left };
    Ok(get(d, i).unwrap_or(Value::NONE))
}

fn iter_hint(cx: &mut Thread, a: Args<'_>) -> R {
    let (it, _) = iterator(cx, a[0])?;
    cx.uint(it.left.get() as u64)
}

fn iter_reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let (it, d) = iterator(cx, a[0])?;
    let class = cx.class_of(a[0]).value();
    let done = cx.uint(d.len.get().saturating_sub(it.left.get()) as u64)?;
    let args = cx.new_tuple(&[d.value(), done])?.value();
    Ok(cx.new_tuple(&[class, args])?.value())
}

/// A copy of the same class and limit.
fn copy(cx: &mut Thread, v: Value) -> R<Gc<Deque>> {
    let d = this(cx, v)?;
    let class = cx.class_of(v);
    let base = cx.native_class(&DEQUE)?;
    if class == base {
        let made = deque_new(cx, Args::new(&[class.value()]))?;
        let out = this(cx, made)?;
        out.maxlen.set(d.maxlen.get());
        extend(cx, out, v)?;
        return Ok(out);
    }
    let made = if d.maxlen.get() < 0 {
        cx.call(class.value(), &[v])?
    } else {
        cx.call(class.value(), &[v, Value::small_int(d.maxlen.get())])?
    };
    match made.cast() {
        Some(out) => Ok(out),
        None => {
            let (c, got) = (class.name(), cx.class_name(made));
            Err(cx.type_error(format!("{c}() must return a deque, not {got}")))
        }
    }
}

fn deque_copy(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(copy(cx, a[0])?.value())
}

fn deque_add(cx: &mut Thread, a: Args<'_>) -> R {
    if a[1].cast::<Deque>().is_none() {
        let class = cx.class_name(a[1]);
        return Err(cx.type_error(format!("can only concatenate deque (not \"{class}\") to deque")));
    }
    let out = copy(cx, a[0])?;
    extend(cx, out, a[1])?;
    Ok(out.value())
}

fn deque_iadd(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    extend(cx, d, a[1])?;
    Ok(a[0])
}

fn repeat(cx: &mut Thread, d: Gc<Deque>, n: usize) -> R<()> {
    if n == 0 {
        clear(cx, d);
        return Ok(());
    }
    let len = d.len.get();
    // With a limit only the last items matter.
    let total = match d.maxlen.get() {
        limit if limit >= 0 => (len * n).min(len + limit as usize + len),
        _ => len * n,
    };
    let items = cx.list_from(d.value())?;
    let skip = len * n - total;
    for i in len..total {
        let v = items.get((i + skip) % len.max(1)).unwrap_or(Value::NONE);
        push(cx, d, v)?;
    }
    Ok(())
}

fn deque_mul(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    let n = repeat_count(cx, a[1], d.len.get())?;
    let out = copy(cx, a[0])?;
    repeat(cx, out, n)?;
    Ok(out.value())
}

fn deque_imul(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    let n = repeat_count(cx, a[1], d.len.get())?;
    repeat(cx, d, n)?;
    Ok(a[0])
}

fn compare<const OP: u8>(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    let Some(other) = a[1].cast::<Deque>() else { return Ok(Value::NOT_IMPLEMENTED) };
    let op = CmpOp::from_u8(OP);
    if d.len.get() != other.len.get() && matches!(op, CmpOp::Eq | CmpOp::Ne) {
        return Ok(Value::bool(op == CmpOp::Ne));
    }
    cx.check_recursion(" in comparison")?;
    let (c1, c2) = (d.changes.get(), other.changes.get());
    let mut i = 0;
    while let (Some(x), Some(y)) = (get(d, i), get(other, i)) {
        if !cx.eq(x, y)? {
            return match op {
                CmpOp::Eq => Ok(Value::FALSE),
                CmpOp::Ne => Ok(Value::TRUE),
                _ => cx.compare(op, x, y),
            };
        }
        checked(cx, d, c1, Exc::RuntimeError)?;
        checked(cx, other, c2, Exc::RuntimeError)?;
        i += 1;
    }
    Ok(Value::bool(op.of(d.len.get().cmp(&other.len.get()))))
}

fn deque_sizeof(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    let room = d.items.cast::<Array>().map_or(0, |a| a.capacity());
    cx.uint(64 + 8 * room as u64)
}

fn deque_reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    let class = cx.class_of(a[0]).value();
    let state = cx.call_method(a[0], "__getstate__", &[])?;
    let it = cx.iter(a[0])?;
    let args = if d.maxlen.get() < 0 {
        cx.vm().empty_tuple
    } else {
        let empty = cx.vm().empty_tuple;
        cx.new_tuple(&[empty, Value::small_int(d.maxlen.get())])?.value()
    };
    Ok(cx.new_tuple(&[class, args, state, it])?.value())
}

fn deque_append(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    push(cx, d, a[1])?;
    Ok(Value::NONE)
}

fn deque_appendleft(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    push_left(cx, d, a[1])?;
    Ok(Value::NONE)
}

fn deque_extend(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    extend(cx, d, a[1])?;
    Ok(Value::NONE)
}

fn deque_extendleft(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    let v = if a[1] == a[0] { cx.list_from(a[1])?.value() } else { a[1] };
    let it = cx.iter(v)?;
    while let Some(x) = cx.next(it)? {
        push_left(cx, d, x)?;
    }
    Ok(Value::NONE)
}

fn or_empty(cx: &mut Thread, v: Option<Value>) -> R {
    match v {
        Some(v) => Ok(v),
        None => Err(cx.index_error("pop from an empty deque")),
    }
}

fn deque_pop(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    or_empty(cx, take_right(d))
}

fn deque_popleft(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    or_empty(cx, take_left(d))
}

fn deque_clear(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    clear(cx, d);
    Ok(Value::NONE)
}

fn deque_count(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    let (changes, mut n) = (d.changes.get(), 0);
    for i in 0..d.len.get() {
        let v = get(d, i).unwrap_or(Value::NONE);
        n += cx.eq(v, a[1])? as u64;
        checked(cx, d, changes, Exc::RuntimeError)?;
    }
    cx.uint(n)
}

fn deque_index(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    let (start, stop) = search_bounds(cx, a, d.len.get())?;
    let changes = d.changes.get();
    for i in start..stop.min(d.len.get()) {
        let v = get(d, i).unwrap_or(Value::NONE);
        if cx.eq(v, a[1])? {
            return cx.uint(i as u64);
        }
        checked(cx, d, changes, Exc::RuntimeError)?;
    }
    let text = cx.repr(a[1])?.to_lossy();
    Err(cx.value_error(format!("{text} is not in deque")))
}

fn deque_insert(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    let i = cx.index(a[1])?;
    let n = d.len.get();
    if d.maxlen.get() >= 0 && n as i64 >= d.maxlen.get() {
        return Err(cx.index_error("deque already at its maximum size"));
    }
    let at = if i < 0 { i.saturating_add(n as i64).max(0) } else { i.min(n as i64) } as usize;
    push(cx, d, a[2])?;
    for k in (at..n).rev() {
        let v = get(d, k).unwrap_or(Value::NONE);
        put(cx, d, k + 1, v);
    }
    put(cx, d, at, a[2]);
    Ok(Value::NONE)
}

fn deque_remove(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    let changes = d.changes.get();
    for i in 0..d.len.get() {
        let v = get(d, i).unwrap_or(Value::NONE);
        let same = cx.eq(v, a[1])?;
        if d.changes.get() != changes {
            return Err(cx.index_error("deque mutated during remove()."));
        }
        if same {
            delete(cx, d, i);
            return Ok(Value::NONE);
        }
    }
    let text = cx.repr(a[1])?.to_lossy();
    Err(cx.value_error(format!("{text} is not in deque")))
}

fn deque_reverse(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    let n = d.len.get();
    for i in 0..n / 2 {
        if let (Some(x), Some(y)) = (get(d, i), get(d, n - 1 - i)) {
            put(cx, d, i, y);
            put(cx, d, n - 1 - i, x);
        }
    }
    touch(d);
    Ok(Value::NONE)
}

fn deque_rotate(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    let by = match a.opt(1) {
        Some(v) => cx.index(v)?,
        None => 1,
    };
    let n = d.len.get() as i64;
    if n < 2 {
        return Ok(Value::NONE);
    }
    let right = by.rem_euclid(n);
    if right <= n / 2 {
        for _ in 0..right {
            if let Some(v) = take_right(d) {
                push_left(cx, d, v)?;
            }
        }
    } else {
        for _ in 0..n - right {
            if let Some(v) = take_left(d) {
                push(cx, d, v)?;
            }
        }
    }
    Ok(Value::NONE)
}

fn deque_maxlen(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    match d.maxlen.get() {
        -1 => Ok(Value::NONE),
        n => cx.int(n),
    }
}
