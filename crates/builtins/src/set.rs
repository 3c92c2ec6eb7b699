//! The types set and frozenset.

use crate::list::{class_getitem, guarded_repr, repr_items, wrong_receiver};
use ferropy_vm::types::{Class, Dict, Set, Tuple};
use ferropy_vm::{Args, Builtin as B, CmpOp, Exc, Gc, HeapObject, N, NativeDef, R, Thread, Value};

/// Adds this part to a new interpreter.
pub fn install(cx: &mut Thread) -> R<()> {
    let doc = "Build an unordered collection of unique elements.";
    for (class, own, doc) in
        [(B::Set, MUTABLE, doc), (B::FrozenSet, FROZEN, "Build an immutable unordered collection of unique elements.")]
    {
        crate::list::fill(cx, class, own, "")?;
        crate::list::fill(cx, class, COMMON, doc)?;
    }
    Ok(())
}

static COMMON: &[NativeDef] = &[
    NativeDef::method("__repr__(self, /)", set_repr, "Return repr(self)."),
    NativeDef::method("__len__(self, /)", set_len, "Return len(self)."),
    NativeDef::method("__iter__(self, /)", set_iter, "Implement iter(self)."),
    NativeDef::method("__contains__(self, object, /)", set_contains, "x.__contains__(y) <==> y in x."),
    NativeDef::method("__lt__(self, value, /)", compare::<0>, "Return self<value."),
    NativeDef::method("__le__(self, value, /)", compare::<1>, "Return self<=value."),
    NativeDef::method("__eq__(self, value, /)", compare::<2>, "Return self==value."),
    NativeDef::method("__ne__(self, value, /)", compare::<3>, "Return self!=value."),
    NativeDef::method("__gt__(self, value, /)", compare::<4>, "Return self>value."),
    NativeDef::method("__ge__(self, value, /)", compare::<5>, "Return self>=value."),
    NativeDef::method("__and__(self, value, /)", operator::<AND>, "Return self&value."),
    NativeDef::method("__rand__(self, value, /)", reflected::<AND>, "Return value&self."),
    NativeDef::method("__or__(self, value, /)", operator::<OR>, "Return self|value."),
    NativeDef::method("__ror__(self, value, /)", reflected::<OR>, "Return value|self."),
    NativeDef::method("__sub__(self, value, /)", operator::<SUB>, "Return self-value."),
    NativeDef::method("__rsub__(self, value, /)", reflected::<SUB>, "Return value-self."),
    NativeDef::method("__xor__(self, value, /)", operator::<XOR>, "Return self^value."),
    NativeDef::method("__rxor__(self, value, /)", reflected::<XOR>, "Return value^self."),
    NativeDef::method("__reduce__(self, /)", set_reduce, "Return state information for pickling."),
    NativeDef::method("__sizeof__(self, /)", set_sizeof, "S.__sizeof__() -> size of S in memory, in bytes."),
    NativeDef::method("copy(self, /)", set_copy, "Return a shallow copy of a set."),
    NativeDef::method(
        "union(self, /, *others)",
        many::<OR>,
        "Return a new set with elements from the set and all others.",
    ),
    NativeDef::method(
        "intersection(self, /, *others)",
        many::<AND>,
        "Return a new set with elements common to the set and all others.",
    ),
    NativeDef::method(
        "difference(self, /, *others)",
        many::<SUB>,
        "Return a new set with elements in the set that are not in the others.",
    ),
    NativeDef::method(
        "symmetric_difference(self, other, /)",
        symmetric_difference,
        "Return a new set with elements in either the set or other but not both.",
    ),
    NativeDef::method("issubset(self, other, /)", issubset, "Report whether another set contains this set."),
    NativeDef::method("issuperset(self, other, /)", issuperset, "Report whether this set contains another set."),
    NativeDef::method("isdisjoint(self, other, /)", isdisjoint, "Return True if two sets have a null intersection."),
    NativeDef::class_method("__class_getitem__(cls, object, /)", class_getitem, "See PEP 585"),
];

static FROZEN: &[NativeDef] = &[
    NativeDef::static_method("__new__(cls, iterable=(), /)", frozenset_new, "Create and return a new object."),
    NativeDef::method("__hash__(self, /)", frozenset_hash, "Return hash(self)."),
];

static MUTABLE: &[NativeDef] = &[
    NativeDef::static_method(
        "__new__(cls, /, *args, **kwargs)",
        ferropy_vm::ops::construct::set_new,
        "Create and return a new object.  See help(type) for accurate signature.",
    ),
    NativeDef::method("__init__(self, iterable=(), /)", set_init, "Initialize self."),
    NativeDef::method("__iand__(self, value, /)", in_place::<AND>, "Return self&=value."),
    NativeDef::method("__ior__(self, value, /)", in_place::<OR>, "Return self|=value."),
    NativeDef::method("__isub__(self, value, /)", in_place::<SUB>, "Return self-=value."),
    NativeDef::method("__ixor__(self, value, /)", in_place::<XOR>, "Return self^=value."),
    NativeDef::method(
        "add(self, object, /)",
        set_add,
        "Add an element to a set.\n\nThis has no effect if the element is already present.",
    ),
    NativeDef::method("clear(self, /)", set_clear, "Remove all elements from this set."),
    NativeDef::method(
        "discard(self, object, /)",
        set_discard,
        "Remove an element from a set if it is a member.\n\nUnlike set.remove(), the discard() method does not raise\nan \
         exception when an element is missing from the set.",
    ),
    NativeDef::method(
        "remove(self, object, /)",
        set_remove,
        "Remove an element from a set; it must be a member.\n\nIf the element is not a member, raise a KeyError.",
    ),
    NativeDef::method(
        "pop(self, /)",
        set_pop,
        "Remove and return an arbitrary set element.\n\nRaises KeyError if the set is empty.",
    ),
    NativeDef::method(
        "update(self, /, *others)",
        many_in_place::<OR>,
        "Update the set, adding elements from all others.",
    ),
    NativeDef::method(
        "intersection_update(self, /, *others)",
        many_in_place::<AND>,
        "Update the set, keeping only elements found in it and all others.",
    ),
    NativeDef::method(
        "difference_update(self, /, *others)",
        many_in_place::<SUB>,
        "Update the set, removing elements found in others.",
    ),
    NativeDef::method(
        "symmetric_difference_update(self, other, /)",
        symmetric_difference_update,
        "Update the set, keeping only elements found in either set, but not in both.",
    ),
];

const AND: u8 = 0;
const OR: u8 = 1;
const SUB: u8 = 2;
const XOR: u8 = 3;

fn this(cx: &mut Thread, v: Value) -> R<Gc<Set>> {
    match v.cast() {
        Some(s) => Ok(s),
        None => Err(wrong_receiver(cx, "set", v)),
    }
}

fn is_set(v: Value) -> bool {
    v.kind() == Set::kind()
}

/// An empty set of the plain type that `like` is or is derived from.
fn empty_like(cx: &mut Thread, like: Value) -> R<Gc<Set>> {
    if like.shape() == B::Set as u32 {
        return cx.new_set();
    }
    let frozen = cx.builtin(B::FrozenSet);
    let class = if cx.is_instance(like, frozen) { frozen } else { cx.builtin(B::Set) };
    empty_of(cx, class)
}

fn empty_of(cx: &mut Thread, class: Gc<Class>) -> R<Gc<Set>> {
    let v = cx.alloc_instance(class)?;
    this(cx, v)
}

fn copy_like(cx: &mut Thread, s: Gc<Set>) -> R<Gc<Set>> {
    let out = empty_like(cx, s.value())?;
    cx.set_copy_into(out, s)?;
    Ok(out)
}

/// Adds all of an iterable; a dict's hashes are taken over.
fn update(cx: &mut Thread, s: Gc<Set>, v: Value) -> R<()> {
    if is_set(v) && s.is_empty() {
        let from = this(cx, v)?;
        return cx.set_copy_into(s, from);
    }
    if v.shape() == B::Dict as u32 {
        return each(cx, v, &mut |cx, k, hash| {
            cx.set_add_hashed(s, k, hash)?;
            Ok(true)
        });
    }
    cx.set_update(s, v)
}

fn set_init(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    if !s.is_empty() {
        cx.set_clear(s);
    }
    if let Some(v) = a.opt(1) {
        update(cx, s, v)?;
    }
    Ok(Value::NONE)
}

fn frozenset_new(cx: &mut Thread, a: Args<'_>) -> R {
    let base = cx.builtin(B::FrozenSet);
    let Some(class) = a[0].cast::<Class>() else {
        let name = cx.class_name(a[0]);
        return Err(cx.type_error(format!("frozenset.__new__(X): X is not a type object ({name})")));
    };
    if !class.is_subclass(base) {
        let name = class.name();
        return Err(cx.type_error(format!("frozenset.__new__({name}): {name} is not a subtype of frozenset")));
    }
    if class == base {
        match a.opt(1) {
            Some(v) if v.shape() == B::FrozenSet as u32 => return Ok(v),
            None => return empty_frozenset(cx),
            _ => {}
        }
    }
    let s = empty_of(cx, class)?;
    if let Some(v) = a.opt(1) {
        update(cx, s, v)?;
        if class == base && s.is_empty() {
            return empty_frozenset(cx);
        }
    }
    Ok(s.value())
}

/// The one empty frozenset.
fn empty_frozenset(cx: &mut Thread) -> R {
    if let Some(v) = cx.registry("empty frozenset") {
        return Ok(v);
    }
    let s = empty_of(cx, cx.builtin(B::FrozenSet))?.value();
    cx.set_registry("empty frozenset", s);
    Ok(s)
}

fn set_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    let name = cx.class_name(a[0]);
    if s.is_empty() {
        return Ok(cx.new_str(&format!("{name}()"))?.value());
    }
    guarded_repr(cx, a[0], &format!("{name}(...)"), |cx| {
        let mut items = ferropy_vm::RootedVec::new(cx);
        let mut i = 0;
        while let Some((next, _, x)) = s.next_entry(i) {
            items.push(x);
            i = next;
        }
        let plain = a[0].shape() == B::Set as u32;
        let (open, close) = if plain { ("{".to_owned(), "}") } else { (format!("{name}({{"), "})") };
        repr_items(cx, &open, close, |_, i| items.get(i).copied())
    })
}

fn set_len(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    cx.uint(s.len() as u64)
}

fn set_iter(cx: &mut Thread, a: Args<'_>) -> R {
    this(cx, a[0])?;
    cx.set_iter(a[0])
}

/// Key and hash to look up: a set stands for the frozenset with its elements.
#[inline]
fn lookup_key(cx: &mut Thread, key: Value) -> R<(Value, u64)> {
    let r = cx.hash_element(key);
    if !is_set(key) {
        return Ok((key, r?));
    }
    match cx.catch(Exc::TypeError, r)? {
        Some(h) => Ok((key, h)),
        None => {
            let from = this(cx, key)?;
            let frozen = empty_of(cx, cx.builtin(B::FrozenSet))?;
            cx.set_copy_into(frozen, from)?;
            let h = cx.hash(frozen.value())?;
            Ok((frozen.value(), h))
        }
    }
}

fn set_contains(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    let (key, hash) = lookup_key(cx, a[1])?;
    Ok(Value::bool(cx.set_contains_hashed(s, key, hash)?))
}

fn subset(cx: &mut Thread, a: Gc<Set>, b: Gc<Set>) -> R<bool> {
    if a.len() > b.len() {
        return Ok(false);
    }
    let mut i = 0;
    while let Some((next, hash, x)) = a.next_entry(i) {
        if !cx.set_contains_hashed(b, x, hash)? {
            return Ok(false);
        }
        i = next;
    }
    Ok(true)
}

fn compare<const OP: u8>(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    let Some(other) = a[1].cast::<Set>() else { return Ok(Value::NOT_IMPLEMENTED) };
    let (n, m) = (s.len(), other.len());
    let r = match CmpOp::from_u8(OP) {
        CmpOp::Eq => n == m && subset(cx, s, other)?,
        CmpOp::Ne => !(n == m && subset(cx, s, other)?),
        CmpOp::Lt => n < m && subset(cx, s, other)?,
        CmpOp::Le => subset(cx, s, other)?,
        CmpOp::Gt => n > m && subset(cx, other, s)?,
        CmpOp::Ge => subset(cx, other, s)?,
    };
    Ok(Value::bool(r))
}

/// Calls `f` with elements and hashes of a set, a dict (whose hashes are known) or any iterable until it says false.
pub fn each(cx: &mut Thread, v: Value, f: &mut dyn FnMut(&mut Thread, Value, u64) -> R<bool>) -> R<()> {
    if is_set(v) {
        let s = this(cx, v)?;
        let mut i = 0;
        while let Some((next, hash, x)) = s.next_entry(i) {
            if !f(cx, x, hash)? {
                return Ok(());
            }
            i = next;
        }
        return Ok(());
    }
    if v.shape() == B::Dict as u32
        && let Some(d) = v.cast::<Dict>()
    {
        let (mut i, len) = (0, d.len());
        while let Some((next, hash, k, _)) = d.next_entry(i) {
            if !f(cx, k, hash)? {
                return Ok(());
            }
            if d.len() != len {
                return Err(cx.runtime_error("dictionary changed size during iteration"));
            }
            i = next;
        }
        return Ok(());
    }
    let it = cx.iter(v)?;
    while let Some(x) = cx.next(it)? {
        let hash = cx.hash_element(x)?;
        if !f(cx, x, hash)? {
            return Ok(());
        }
    }
    Ok(())
}

fn remove_all(cx: &mut Thread, s: Gc<Set>, v: Value) -> R<()> {
    if v == s.value() {
        cx.set_clear(s);
        return Ok(());
    }
    each(cx, v, &mut |cx, x, hash| {
        cx.set_remove_hashed(s, x, hash)?;
        Ok(true)
    })
}

/// A new set of the elements of `v` that are in `s`, too.
fn common(cx: &mut Thread, s: Gc<Set>, v: Value) -> R<Gc<Set>> {
    let out = empty_like(cx, s.value())?;
    if let Some(other) = v.cast::<Set>() {
        let (few, many) = if other.len() > s.len() { (s, other) } else { (other, s) };
        let mut i = 0;
        while let Some((next, hash, x)) = few.next_entry(i) {
            if cx.set_contains_hashed(many, x, hash)? {
                cx.set_add_hashed(out, x, hash)?;
            }
            i = next;
        }
        return Ok(out);
    }
    each(cx, v, &mut |cx, x, hash| {
        if cx.set_contains_hashed(s, x, hash)? {
            cx.set_add_hashed(out, x, hash)?;
        }
        Ok(true)
    })?;
    Ok(out)
}

fn toggle(cx: &mut Thread, s: Gc<Set>, v: Value) -> R<()> {
    if v == s.value() {
        cx.set_clear(s);
        return Ok(());
    }
    let other = if is_set(v) {
        v
    } else {
        let t = cx.new_set()?;
        update(cx, t, v)?;
        t.value()
    };
    each(cx, other, &mut |cx, x, hash| {
        if !cx.set_remove_hashed(s, x, hash)? {
            cx.set_add_hashed(s, x, hash)?;
        }
        Ok(true)
    })
}

/// A new set of the elements of `s` that are not in the other.
fn without(cx: &mut Thread, s: Gc<Set>, other: Gc<Set>) -> R<Gc<Set>> {
    let out = empty_like(cx, s.value())?;
    let mut i = 0;
    while let Some((next, hash, x)) = s.next_entry(i) {
        if !cx.set_contains_hashed(other, x, hash)? {
            cx.set_add_hashed(out, x, hash)?;
        }
        i = next;
    }
    Ok(out)
}

/// `s op v` as a new set.
fn combined(cx: &mut Thread, op: u8, s: Gc<Set>, v: Value) -> R<Gc<Set>> {
    if op == AND {
        return common(cx, s, v);
    }
    if op == SUB
        && let Some(other) = v.cast::<Set>()
    {
        return without(cx, s, other);
    }
    let out = copy_like(cx, s)?;
    match op {
        OR => update(cx, out, v)?,
        SUB => remove_all(cx, out, v)?,
        _ => toggle(cx, out, v)?,
    }
    Ok(out)
}

/// Makes `s` what `from` is.
fn take(cx: &mut Thread, s: Gc<Set>, from: Gc<Set>) -> R<()> {
    cx.set_clear(s);
    cx.set_copy_into(s, from)
}

/// `s op= v`.
fn combine_into(cx: &mut Thread, op: u8, s: Gc<Set>, v: Value) -> R<()> {
    match op {
        AND => {
            let out = common(cx, s, v)?;
            take(cx, s, out)
        }
        OR => update(cx, s, v),
        SUB => remove_all(cx, s, v),
        _ => toggle(cx, s, v),
    }
}

fn operator<const OP: u8>(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    if !is_set(a[1]) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    Ok(combined(cx, OP, s, a[1])?.value())
}

fn reflected<const OP: u8>(cx: &mut Thread, a: Args<'_>) -> R {
    match a[1].cast::<Set>() {
        Some(left) => Ok(combined(cx, OP, left, a[0])?.value()),
        None => Ok(Value::NOT_IMPLEMENTED),
    }
}

fn in_place<const OP: u8>(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    if !is_set(a[1]) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    combine_into(cx, OP, s, a[1])?;
    Ok(a[0])
}

fn many<const OP: u8>(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    let Some(others) = a[1].cast::<Tuple>() else { return Ok(a[0]) };
    if others.len == 0 {
        // A copy even of a frozenset, as CPython makes one.
        return Ok(copy_like(cx, s)?.value());
    }
    let mut out = combined(cx, OP, s, others.at(0))?;
    for i in 1..others.len {
        if OP == AND {
            out = common(cx, out, others.at(i))?;
        } else {
            combine_into(cx, OP, out, others.at(i))?;
        }
    }
    Ok(out.value())
}

fn many_in_place<const OP: u8>(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    let Some(others) = a[1].cast::<Tuple>() else { return Ok(Value::NONE) };
    if OP == AND {
        let mut out = s;
        for i in 0..others.len {
            out = common(cx, out, others.at(i))?;
        }
        if out != s {
            take(cx, s, out)?;
        }
        return Ok(Value::NONE);
    }
    for i in 0..others.len {
        combine_into(cx, OP, s, others.at(i))?;
    }
    Ok(Value::NONE)
}

fn symmetric_difference(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    Ok(combined(cx, XOR, s, a[1])?.value())
}

fn symmetric_difference_update(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    toggle(cx, s, a[1])?;
    Ok(Value::NONE)
}

/// The value itself if it is a set, else a set of its elements.
fn as_set(cx: &mut Thread, v: Value) -> R<Gc<Set>> {
    if is_set(v) {
        return this(cx, v);
    }
    let s = cx.new_set()?;
    update(cx, s, v)?;
    Ok(s)
}

fn issubset(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    let other = as_set(cx, a[1])?;
    Ok(Value::bool(subset(cx, s, other)?))
}

fn issuperset(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    if let Some(other) = a[1].cast::<Set>() {
        return Ok(Value::bool(subset(cx, other, s)?));
    }
    let mut all = true;
    each(cx, a[1], &mut |cx, x, hash| {
        all = cx.set_contains_hashed(s, x, hash)?;
        Ok(all)
    })?;
    Ok(Value::bool(all))
}

fn isdisjoint(cx: &mut Thread, a: Args<'_>) -> R {
    let (mut s, mut v) = (this(cx, a[0])?, a[1]);
    if let Some(other) = v.cast::<Set>()
        && other.len() > s.len()
    {
        (s, v) = (other, s.value());
    }
    let mut disjoint = true;
    each(cx, v, &mut |cx, x, hash| {
        disjoint = !cx.set_contains_hashed(s, x, hash)?;
        Ok(disjoint)
    })?;
    Ok(Value::bool(disjoint))
}

fn set_copy(cx: &mut Thread, a: Args<'_>) -> R {
    if a[0].shape() == B::FrozenSet as u32 {
        return Ok(a[0]);
    }
    let s = this(cx, a[0])?;
    Ok(copy_like(cx, s)?.value())
}

fn set_reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let class = cx.class_of(a[0]).value();
    let items = cx.list_from(a[0])?.value();
    let args = cx.new_tuple(&[items])?.value();
    let name = cx.name(N::__getstate__);
    let state = match cx.getattr_opt(a[0], name)? {
        Some(f) => cx.call(f, &[])?,
        None => Value::NONE,
    };
    Ok(cx.new_tuple(&[class, args, state])?.value())
}

fn set_sizeof(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    let table = s.table.get().as_ref().map_or(0, |r| r.cell_size());
    cx.uint(40 + table as u64)
}

/// Does the hash of this come without code of others?
fn hashes_plainly(x: Value) -> bool {
    match x.shape() {
        s if s == B::Str as u32 || s == B::Bytes as u32 || s == B::Float as u32 || s == B::FrozenSet as u32 => true,
        s if s == B::Tuple as u32 => x.cast::<Tuple>().is_some_and(|t| t.items().iter().all(|x| hashes_plainly(*x))),
        _ => x.as_ref().is_none(),
    }
}

fn frozenset_hash(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    if s.hash.get() != 0 {
        return cx.int(s.hash.get() as i64);
    }
    let mut h = 0u64;
    let mut i = 0;
    while let Some((next, hash, x)) = s.next_entry(i) {
        // Stored hashes lack the top bit. Where no code of others computes them they are had again; the rest are
        // taken as signed 63-bit numbers, which all hashes by identity are.
        let full = if hashes_plainly(x) { cx.hash(x)? } else { ((hash << 1) as i64 >> 1) as u64 };
        h ^= (full ^ 89869747 ^ (full << 16)).wrapping_mul(3644798167);
        i = next;
    }
    h ^= (s.len() as u64 + 1).wrapping_mul(1927868237);
    h ^= (h >> 11) ^ (h >> 25);
    h = h.wrapping_mul(69069).wrapping_add(907133923);
    if h == u64::MAX {
        h = 590923713;
    }
    s.hash.set(h);
    cx.int(h as i64)
}

fn set_add(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    cx.set_add(s, a[1])?;
    Ok(Value::NONE)
}

fn set_clear(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    cx.set_clear(s);
    Ok(Value::NONE)
}

fn set_discard(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    let (key, hash) = lookup_key(cx, a[1])?;
    cx.set_remove_hashed(s, key, hash)?;
    Ok(Value::NONE)
}

fn set_remove(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    let (key, hash) = lookup_key(cx, a[1])?;
    if !cx.set_remove_hashed(s, key, hash)? {
        return Err(cx.key_error(a[1]));
    }
    Ok(Value::NONE)
}

fn set_pop(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    match cx.set_pop(s) {
        Some(v) => Ok(v),
        None => {
            let text = cx.new_str("pop from an empty set")?;
            Err(cx.key_error(text.value()))
        }
    }
}
